"""Pixels of a frame as emodj reads them: BGR with eight bits, and square."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.sources.film_memory import MAX_PIXELS

if TYPE_CHECKING:
    from realtime.domain import Image
    from realtime.sources.ffmpeg import Capture

MAX_PIXEL_RATIO = 4.0
"""Width of a pixel as a multiple of its height, or the other way round. Formats have up to 2; more is not believed."""


def to_bgr(image: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Image:
    """Convert a picture to (height, width, 3) uint8 BGR.

    Some drivers give grey pictures or four channels, and can change that between two frames.

    Args:
        image: (height, width) or (height, width, 1) grey, or (height, width, 3 or 4) BGR or BGRA; the fourth is dropped.
    """
    pixels = image.astype(np.uint8, copy=False)
    if pixels.ndim == 2 or pixels.shape[2] == 1:  # noqa: PLR2004
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    if pixels.shape[2] == 4:  # noqa: PLR2004
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR).astype(np.uint8, copy=False)
    return pixels


def with_square_pixels(image: Image, ratio: float) -> Image:
    """Scale a picture so that its pixels are square: the longer side of a pixel sets the scale, and no pixel is lost.

    Args:
        image: (height, width, 3) BGR.
        ratio: width of a pixel as a multiple of its height.
    """
    if ratio == 1:
        return image
    height, width = image.shape[:2]
    width, height = (width * ratio, height) if ratio > 1 else (width, height / ratio)
    shrink = min(1.0, (MAX_PIXELS / (width * height)) ** 0.5)
    size = max(round(width * shrink), 1), max(round(height * shrink), 1)
    return cv2.resize(image, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def pixel_ratio(capture: Capture) -> float:
    """Width of a pixel as a multiple of its height; 1 where the source does not state it, or states what is not believed."""
    across, down = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    if not (across > 0 and down > 0 and 1 / MAX_PIXEL_RATIO <= across / down <= MAX_PIXEL_RATIO):
        return 1.0
    # OpenCV has turned the picture by now, and the shape is that of the picture as it is stored
    turned = capture.get(cv2.CAP_PROP_ORIENTATION_META) % 180 != 0 and capture.get(cv2.CAP_PROP_ORIENTATION_AUTO) != 0
    return down / across if turned else across / down
