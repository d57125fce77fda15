"""Twelve versions of a picture to measure robustness: the picture unchanged, and eleven corruptions; pure.

Cameras and messengers corrupt pictures in these ways. Each function takes a crop (48, 48) uint8 grey and returns another
one; the same crop always gives the same result.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import CROP_SIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cv2.typing import MatLike
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

CENTRE = ((CROP_SIDE - 1) / 2, (CROP_SIDE - 1) / 2)
SHIFT_PX = CROP_SIDE / 10
"""A tenth of the side of a crop, in pixels."""

EXPOSURE = 2.0
GAMMA = 2.5
BLUR_SIGMA_PX = 1.5
"""Standard deviation of the blur in pixels."""

NOISE_SIGMA = 25.0
"""Standard deviation of the noise in grey levels of 255."""

ANGLE_DEG = 15.0
"""Angle of the rotation in degrees, counter-clockwise."""

BAR_ROWS = 12
"""Height of a bar in pixels."""

EYES_TOP, MOUTH_TOP = 12, 32
"""First row of the bar over the eyes and over the mouth."""

JPEG_QUALITY = 10
"""Quality of the JPEG, 0..100."""


def keep(image: Picture) -> Picture:
    """Return the crop unchanged."""
    return image


def overexpose(image: Picture) -> Picture:
    """Double the light: pixels above mid-grey become white."""
    return np.minimum(255, image * EXPOSURE).astype(np.uint8)


def darken(image: Picture) -> Picture:
    """Apply gamma 2.5: black and white stay, the greys between get darker."""
    return (255 * (image / 255) ** GAMMA).astype(np.uint8)


def blur(image: Picture) -> Picture:
    """Blur with a Gaussian of sigma 1.5 pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), BLUR_SIGMA_PX), np.uint8)


def add_noise(image: Picture) -> Picture:
    """Add Gaussian noise of sigma 25 of 255. The sum of the pixels is its seed, so that a crop always gets the same noise."""
    noise = np.random.default_rng(int(image.sum())).normal(0, NOISE_SIGMA, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def rotate(image: Picture) -> Picture:
    """Rotate by 15° about the centre; edge pixels are repeated."""
    return _warp(image, cv2.getRotationMatrix2D(CENTRE, ANGLE_DEG, 1))


def shift(image: Picture) -> Picture:
    """Shift right and down by a tenth of the side; edge pixels are repeated."""
    return _warp(image, np.array([[1, 0, SHIFT_PX], [0, 1, SHIFT_PX]]))


def scale(image: Picture, factor: float) -> Picture:
    """Scale by a factor about the centre; edge pixels are repeated."""
    return _warp(image, cv2.getRotationMatrix2D(CENTRE, 0, factor))


def cover(image: Picture, top: int) -> Picture:
    """Cover 12 rows, from row `top` on, with a grey bar."""
    copy = image.copy()
    copy[top : top + BAR_ROWS] = 128
    return copy


def compress_jpeg(image: Picture) -> Picture:
    """Compress to a JPEG of quality 10, and decode it."""
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def _warp(image: Picture, matrix: MatLike) -> Picture:
    size = (CROP_SIDE, CROP_SIDE)
    return np.asarray(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


CORRUPTIONS: Mapping[str, Callable[[Picture], Picture]] = {
    "none": keep,
    "over-exposed, twice the light": overexpose,
    "gamma 2.5": darken,
    "blurred, sigma 1.5 pixels": blur,
    "noise, sigma 25 of 255": add_noise,
    "turned by 15°": rotate,
    "shifted by a tenth": shift,
    "larger by a tenth": partial(scale, factor=1.1),
    "smaller by a tenth": partial(scale, factor=0.9),
    "a bar over the eyes": partial(cover, top=EYES_TOP),
    "a bar over the mouth": partial(cover, top=MOUTH_TOP),
    "JPEG of quality 10": compress_jpeg,
}
"""Each corruption by its name; the first is "none", the baseline of the others."""
