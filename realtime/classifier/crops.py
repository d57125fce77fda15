"""Crop faces and scale them to 48×48 grey, the input of the network, in training as in a live session."""

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
    """Crop the square around the centre of each box and scale it to 48×48 grey.

    Args:
        image: (height, width, 3) uint8 BGR.
        boxes: n boxes in pixels of `image`.
        side_ratio: side of the square as a multiple of the longer side of the box.

    Returns:
        (n, 48, 48, 1) float32 in 0..1, one crop for each box. Outside the image its edge pixels are repeated.
    """
    crops = np.empty((len(boxes), CROP_SIDE, CROP_SIDE), np.uint8)
    for row, box in enumerate(boxes):
        crops[row] = _resize(_cut_square(image, crop_square(box, side_ratio)))
    return to_batch(crops)


def crop_square(box: Box, side_ratio: float) -> Box:
    """The square that `crop_faces` cuts for a box, in the same pixels; it may extend beyond the image."""
    side = max(1, round(max(box.width, box.height) * side_ratio))
    x, y = box.centre
    return Box(round(x - side / 2), round(y - side / 2), side, side)


def to_batch(crops: NDArray[np.uint8]) -> Batch:
    """Convert (n, 48, 48) uint8 grey to the network's input, (n, 48, 48, 1) float32 in 0..1."""
    return crops[..., None].astype(np.float32) / np.float32(255)


def _cut_square(image: Image, square: Box) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    # Outside the image the nearest edge pixel is repeated, also if the is_complete square lies outside
    rows = np.clip(np.arange(square.top, square.bottom), 0, height - 1)
    columns = np.clip(np.arange(square.left, square.right), 0, width - 1)
    inside = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    grey = cv2.cvtColor(inside, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)
    is_complete = grey.shape == (square.height, square.width)
    return grey if is_complete else grey.take(rows - rows[0], axis=0).take(columns - columns[0], axis=1)


def _resize(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # Of OpenCV's methods only area averaging shrinks without aliasing
    shrinks = pixels.shape[0] > CROP_SIDE
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(pixels, (CROP_SIDE, CROP_SIDE), interpolation=method).astype(np.uint8, copy=False)
