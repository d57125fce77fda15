"""Find faces with YuNet (Wu, Peng & Yu 2023, doi:10.1007/s11633-023-1423-y), for whoever brings its file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import Box
from realtime.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realtime.domain import Image

PUBLISHED = "OpenCV Zoo on GitHub, opencv/opencv_zoo, models/face_detection_yunet"
"""Where the file is published, under the MIT licence."""

SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
"""Of `face_detection_yunet_2023mar.onnx`: the network that score and framing were measured with."""

SCORE = 0.7
"""On clips and photos with known faces recall falls by a quarter from 0.8 to 0.9, and false faces begin below 0.7."""

OVERLAP = 0.3
"""Two boxes that overlap more (intersection over union) are one face."""

CANDIDATES = 5000

SMALLEST_SIDE = 64
"""OpenCV pads a picture to multiples of 32. At 32 pixels the coarsest of the network's maps is one number wide, and there
OpenCV (4.14, its own convolutions) reads beyond its memory: the same grey strip gave no face, a face, or infinite boxes."""

# From its tight, upright box to the square of the frontal cascade: medians over faces that both find
SIDE_OF_HEIGHT = 0.955
UP_OF_HEIGHT = 0.013


class YuNetDetector:
    """YuNet behind the protocol of the cascades. Not for two threads at once.

    Args:
        model: the file.
        search_side: a picture whose longer side has more pixels is shrunk to that before the search.

    Raises:
        AssetError: the file is missing, cannot be read or is another one, or this OpenCV cannot run it.
    """

    def __init__(self, model: Path, *, search_side: int) -> None:
        self._search_side = search_side
        self._network = _load(_checked(model), model)

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Find faces, from left to right, in pixels of `image`, as the square that the frontal cascade would draw.

        Args:
            image: (height, width, 3) uint8 BGR.
            near: makes no difference: a search of the whole picture costs as little as the cascades' close looks.
        """
        del near
        height, width = image.shape[:2]
        scale = min(self._search_side / max(height, width), 1.0)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else np.ascontiguousarray(image)
        right, below = max(0, SMALLEST_SIDE - size[0]), max(0, SMALLEST_SIDE - size[1])
        if right or below:
            small = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_CONSTANT)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._network.detect(small)
        # Where there is no face, OpenCV gives None, whatever its types say
        if rows is None:  # pyright: ignore[reportUnnecessaryComparison]
            return []
        # A row: left, top, width, height, five landmarks, score
        boxes = (_square(row[:4] / scale, width, height) for row in np.asarray(rows, np.float64))
        return sorted((box for box in boxes if box), key=lambda box: (box.left, box.top))


def _square(tight: np.ndarray[tuple[int], np.dtype[np.float64]], width: int, height: int) -> Box | None:
    x, y, wide, high = map(float, tight)
    half = high * SIDE_OF_HEIGHT / 2
    middle, centre = x + wide / 2, y + high / 2 - high * UP_OF_HEIGHT
    left, top = max(0, round(middle - half)), max(0, round(centre - half))
    right, bottom = min(width, round(middle + half)), min(height, round(centre + half))
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _checked(model: Path) -> bytes:
    """The file's bytes, if they are those that were measured: another network may see nothing, or nonsense."""
    try:
        data = model.read_bytes()
    except FileNotFoundError as error:
        raise AssetError(f"there is no YuNet file {model}: it is published by {PUBLISHED}") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise AssetError(f"cannot read the YuNet file {model}: {why} (it is published by {PUBLISHED})") from error
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise AssetError(f"{model} is not face_detection_yunet_2023mar.onnx as published by {PUBLISHED}: download it again")
    return data


def _load(data: bytes, model: Path) -> cv2.FaceDetectorYN:
    try:
        buffer = np.frombuffer(data, np.uint8)
        return cv2.FaceDetectorYN.create("onnx", buffer, np.empty(0, np.uint8), (320, 320), SCORE, OVERLAP, CANDIDATES)
    except (cv2.error, AttributeError) as error:
        raise AssetError(
            f"OpenCV {cv2.__version__} cannot run the YuNet file {model}: install opencv-python 4.8 or later"
        ) from error
