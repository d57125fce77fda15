"""Cut faces out of a frame and scale them to what the network reads; the same for training and for a live frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import CROP_SIDE, Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from realtime.domain import Batch, Image


def crop_faces(image: Image, boxes: Sequence[Box], side_ratio: float) -> Batch:
    """Cut the square about each box's centre and scale it to 48×48 grey.

    Args:
        image: (height, width, 3) uint8 BGR.
        boxes: in pixels of `image`.
        side_ratio: side of the square as a multiple of the longer side of the box.

    Returns:
        (n, 48, 48, 1) float32 in 0..1, one row a box. Where the square leaves the picture, its edge pixels go on.
    """
    crops = np.empty((len(boxes), CROP_SIDE, CROP_SIDE), np.uint8)
    for row, box in enumerate(boxes):
        crops[row] = _scaled(_pixels(image, crop_square(box, side_ratio)))
    return to_batch(crops)


def crop_square(box: Box, side_ratio: float) -> Box:
    """The square about a box's centre that `cut` cuts, in the same pixels; it may leave the picture."""
    side = max(1, round(max(box.width, box.height) * side_ratio))
    return Box(round(box.left + box.width / 2 - side / 2), round(box.top + box.height / 2 - side / 2), side, side)


def to_batch(crops: NDArray[np.uint8]) -> Batch:
    """Turn (n, 48, 48) uint8 grey into the network's (n, 48, 48, 1) float32 in 0..1."""
    return crops[..., None].astype(np.float32) / np.float32(255)


def _pixels(image: Image, area: Box) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    # Beyond an edge the nearest pixel stands for all, also where the whole square lies outside
    rows = np.clip(np.arange(area.top, area.bottom), 0, height - 1)
    columns = np.clip(np.arange(area.left, area.right), 0, width - 1)
    inside = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    grey = cv2.cvtColor(inside, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    whole = grey.shape == (area.height, area.width)
    return grey if whole else grey.take(rows - rows[0], axis=0).take(columns - columns[0], axis=1)


def _scaled(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # Area averaging is the one that does not alias when it shrinks
    shrinks = pixels.shape[0] > CROP_SIDE
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(pixels, (CROP_SIDE, CROP_SIDE), interpolation=method).astype(np.uint8, copy=False)
