"""YuNet detector (Wu, Peng & Yu 2023, doi:10.1007/s11633-023-1423-y). Its file is fetched by `emodj model pull yunet`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import Box
from realtime.errors import AssetError
from realtime.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realtime.domain import Image

PUBLISHER = "OpenCV Zoo on GitHub, opencv/opencv_zoo, models/face_detection_yunet"
"""Publisher of the file, which has the MIT licence."""

FILE_NAME = "face_detection_yunet_2023mar.onnx"

SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
"""Digest of `face_detection_yunet_2023mar.onnx`, the network that all constants here were measured with."""

MAX_FILE_BYTES = 10**7
"""The file has 0.2 MB; a larger one is not read to its end."""

MIN_SCORE = 0.7
"""On annotated clips and photos, recall falls by a quarter between 0.8 and 0.9, and false faces begin below 0.7."""

NMS_OVERLAP = 0.3
"""Two boxes that overlap more (intersection over union) are one face."""

MAX_CANDIDATES = 5000

MIN_INPUT_SIDE = 64
"""OpenCV pads an image to multiples of 32. With a side of 32 pixels the coarsest feature map of the network is one number wide,
and OpenCV (4.14, its own convolutions) reads beyond its memory: the same grey strip gave no face, a face, or infinite boxes."""

# YuNet draws tight, upright boxes. Side and upward shift of the frontal cascade's square, in heights of the YuNet box: medians
# over the faces that both detectors find
SIDE_PER_HEIGHT = 0.955
UP_PER_HEIGHT = 0.013


class YuNetDetector:
    """Finds faces with YuNet. Not for two threads at once.

    Args:
        model: path of the file.
        search_side: an image whose longer side has more pixels is shrunk to this side before the search.

    Raises:
        AssetError: the file is missing, unreadable or another one, or this OpenCV cannot run it.
    """

    def __init__(self, model: Path, *, search_side: int) -> None:
        self._search_side = search_side
        self._network = _open_network(_read_verified(model), model)

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Find faces, from left to right, as the squares that the frontal cascade would draw, in pixels of `image`.

        Args:
            image: (height, width, 3) uint8 BGR.
            near: has no effect: a search of the whole image costs as little as a cascade's search near known faces.
        """
        del near
        height, width = image.shape[:2]
        scale = min(self._search_side / max(height, width), 1.0)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else np.ascontiguousarray(image)
        right, below = max(0, MIN_INPUT_SIDE - size[0]), max(0, MIN_INPUT_SIDE - size[1])
        if right or below:
            small = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_CONSTANT)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._network.detect(small)
        # Without a face OpenCV returns None, which its type stubs do not say
        if rows is None:  # pyright: ignore[reportUnnecessaryComparison]
            return []
        # Columns of a row: left, top, width, height, five landmarks, score
        boxes = (_to_frontal_square(row[:4] / scale, width, height) for row in np.asarray(rows, np.float64))
        return sorted((box for box in boxes if box), key=lambda box: (box.left, box.top))


def _to_frontal_square(tight: np.ndarray[tuple[int], np.dtype[np.float64]], width: int, height: int) -> Box | None:
    x, y, wide, high = map(float, tight)
    half = high * SIDE_PER_HEIGHT / 2
    x_centre, y_centre = x + wide / 2, y + high / 2 - high * UP_PER_HEIGHT
    left, top = max(0, round(x_centre - half)), max(0, round(y_centre - half))
    right, bottom = min(width, round(x_centre + half)), min(height, round(y_centre + half))
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _read_verified(model: Path) -> bytes:
    """Read the file and verify its digest: with another network the constants here may give no faces, or false ones."""
    try:
        data = read_file(model, MAX_FILE_BYTES)
    except FileNotFoundError as error:
        raise AssetError(f"there is no YuNet file {model}: `emodj model pull yunet` fetches it") from error
    except OSError as error:
        why = error.strerror or error
        raise AssetError(f"cannot read the YuNet file {model}: {why} (`emodj model pull yunet` fetches one)") from error
    check_digest(data, str(model), "`emodj model pull yunet` fetches the right one")
    return data


def check_digest(data: bytes, name: str, remedy: str) -> None:
    """Check that the content of a file is YuNet's.

    Args:
        data: the content.
        name: of the file, for the sentence.
        remedy: what to try if it is another one; the end of the sentence.

    Raises:
        AssetError: it is another file.
    """
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise AssetError(f"{name} is not {FILE_NAME} as published by {PUBLISHER}: {remedy}")


def _open_network(data: bytes, model: Path) -> cv2.FaceDetectorYN:
    try:
        buffer = np.frombuffer(data, np.uint8)
        return cv2.FaceDetectorYN.create(
            "onnx", buffer, np.empty(0, np.uint8), (320, 320), MIN_SCORE, NMS_OVERLAP, MAX_CANDIDATES
        )
    except (cv2.error, AttributeError) as error:
        raise AssetError(
            f"OpenCV {cv2.__version__} cannot run the YuNet file {model}: install opencv-python 4.8 or later"
        ) from error
