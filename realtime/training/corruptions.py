"""Twelve ways in which a camera or a messenger may deliver a face, the first of them unspoilt; pure.

Each takes a crop (48, 48) uint8 grey and returns another one; the same crop always gives the same.
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
TENTH = CROP_SIDE / 10
"""Pixels: a tenth of a crop's side."""

LIGHT = 2.0
GAMMA = 2.5
BLUR = 1.5
"""Standard deviation of the blur in pixels."""

NOISE = 25.0
"""Standard deviation of the noise in grey levels of 255."""

ANGLE = 15.0
"""Degrees, against the clock."""

BAR = 12
"""Height of a bar in pixels."""

EYES, MOUTH = 12, 32
"""First row of the bar over the eyes and over the mouth."""

QUALITY = 10
"""Of a JPEG, 0..100."""


def unspoilt(image: Picture) -> Picture:
    """The crop itself."""
    return image


def over_exposed(image: Picture) -> Picture:
    """Twice the light: what was above mid-grey is white."""
    return np.minimum(255, image * LIGHT).astype(np.uint8)


def darkened(image: Picture) -> Picture:
    """Gamma 2.5: black and white stay, all between gets darker."""
    return (255 * (image / 255) ** GAMMA).astype(np.uint8)


def blurred(image: Picture) -> Picture:
    """A Gaussian blur of sigma 1.5 pixels."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), BLUR), np.uint8)


def noisy(image: Picture) -> Picture:
    """Gaussian noise of sigma 25 of 255. Its seed is the sum of the pixels, so that a crop always gets the same."""
    noise = np.random.default_rng(int(image.sum())).normal(0, NOISE, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def turned(image: Picture) -> Picture:
    """Turned by 15° about its centre; its edge pixels go on."""
    return _moved(image, cv2.getRotationMatrix2D(CENTRE, ANGLE, 1))


def shifted(image: Picture) -> Picture:
    """Shifted right and down by a tenth of its side; its edge pixels go on."""
    return _moved(image, np.array([[1, 0, TENTH], [0, 1, TENTH]]))


def scaled(image: Picture, factor: float) -> Picture:
    """Larger or smaller by a factor about its centre; its edge pixels go on."""
    return _moved(image, cv2.getRotationMatrix2D(CENTRE, 0, factor))


def covered(image: Picture, top: int) -> Picture:
    """A grey bar of 12 rows across it, from row `top` on."""
    copy = image.copy()
    copy[top : top + BAR] = 128
    return copy


def packed(image: Picture) -> Picture:
    """A JPEG of quality 10."""
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def _moved(image: Picture, matrix: MatLike) -> Picture:
    size = (CROP_SIDE, CROP_SIDE)
    return np.asarray(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


CORRUPTIONS: Mapping[str, Callable[[Picture], Picture]] = {
    "none": unspoilt,
    "over-exposed, twice the light": over_exposed,
    "gamma 2.5": darkened,
    "blurred, sigma 1.5 pixels": blurred,
    "noise, sigma 25 of 255": noisy,
    "turned by 15°": turned,
    "shifted by a tenth": shifted,
    "larger by a tenth": partial(scaled, factor=1.1),
    "smaller by a tenth": partial(scaled, factor=0.9),
    "a bar over the eyes": partial(covered, top=EYES),
    "a bar over the mouth": partial(covered, top=MOUTH),
    "JPEG of quality 10": packed,
}
"""Every way by its name; "none" is the first, the measure of the others."""
