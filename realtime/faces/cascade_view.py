"""One cascade and how it looks at an image: upright, tilted or mirrored; whole images and regions of them.

Viola & Jones 2001; Lienhart & Maydt 2002.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.domain import Box
from realtime.errors import AssetError
from realtime.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Search near a known face: margin around its box, in sides of the box, and range of sizes, as multiples of its side. On
# annotated webcam clips this search finds faces that the scan of a whole frame misses, at a quarter of its cost. Run
# `python -m benchmarks.detection` before and after a change of any number here.
NEAR_MARGIN = 0.3
NEAR_SIZES = (0.75, 1.35)
NEAR_SCALE_FACTOR = 1.1
MAX_CASCADE_BYTES = 32_000_000
"""The largest cascade that is read; bytes. The largest one of OpenCV has 3.7 MB (`ls -l cv2/data`)."""

Grey = NDArray[np.uint8]
"""An image of shape (height, width), uint8 0..255."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A face that a cascade found.

    Attributes:
        box: the square of the upright frontal cascade, in pixels of the image; may extend beyond the image.
        count: number of overlapping hits that were merged into the box; more hits mean more certainty.
    """

    box: Box
    count: int


@dataclass(frozen=True, slots=True)
class SizeRange:
    """The face sizes that a search tries.

    Attributes:
        scale_factor: ratio between one size and the next, above 1.
        smallest: side of the smallest face, pixels.
        largest: side of the largest face, pixels; None for the longer side of the image.
    """

    scale_factor: float
    smallest: int
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class BoxCorrection:
    """Turns the square of a cascade into the square that the upright frontal cascade would draw around the same face.

    All values are in sides of the cascade's square.

    Attributes:
        right: shift of the centre to the right.
        down: shift of the centre downwards.
        ratio: side of the frontal square.
    """

    right: float = 0.0
    down: float = 0.0
    ratio: float = 1.0


PROFILE_CORRECTION = BoxCorrection(right=-0.11, down=0.02, ratio=0.87)
"""Correction for OpenCV's profile cascade and a face turned to the left of the image: medians over annotated photos."""


class CascadeView:
    """A cascade that searches the image upright, tilted or mirrored.

    Not for two threads at once: OpenCV then returns wrong boxes.

    Args:
        cascade: the cascade.
        tilt_deg: tilt of the heads that this view shows upright, in degrees; positive to the right of the image.
        mirrored: whether the image is mirrored before the search.
        correction: from the squares of this cascade to those of the upright frontal one; None for no correction.
    """

    def __init__(
        self,
        cascade: cv2.CascadeClassifier,
        *,
        tilt_deg: float = 0,
        mirrored: bool = False,
        correction: BoxCorrection | None = None,
    ) -> None:
        self._cascade = cascade
        self._tilt_deg = tilt_deg
        self._mirrored = mirrored
        self._correction = correction or BoxCorrection()

    def detect(self, grey: Grey, sizes: SizeRange, min_neighbors: int) -> list[Hit]:
        """Find faces, the largest first, where more than `min_neighbors` hits overlap."""
        height, width = grey.shape
        if min(height, width) < sizes.smallest:
            return []
        view: Grey = np.ascontiguousarray(grey[:, ::-1]) if self._mirrored else grey
        inverse: NDArray[np.float64] | None = None
        if self._tilt_deg:
            view, inverse = _rotate(view, self._tilt_deg)
        largest = sizes.largest or max(view.shape)
        squares, counts = self._cascade.detectMultiScale2(
            view,
            scaleFactor=sizes.scale_factor,
            minNeighbors=min_neighbors,
            minSize=(sizes.smallest, sizes.smallest),
            maxSize=(largest, largest),
        )
        hits = [
            Hit(self._to_frontal_box(square, inverse, width), int(count))
            for square, count in zip(squares, np.ravel(counts), strict=True)
        ]
        return sorted(hits, key=lambda hit: -hit.box.area)

    def _to_frontal_box(self, square: Sequence[int], inverse: NDArray[np.float64] | None, width: int) -> Box:
        left, top, wide, _ = map(int, square)
        side = wide * self._correction.ratio
        x, y = left + wide * (0.5 + self._correction.right), top + wide * (0.5 + self._correction.down)
        if inverse is not None:
            x, y = map(float, inverse @ (x, y, 1.0))
        if self._mirrored:
            x = width - x
        return Box(round(x - side / 2), round(y - side / 2), max(1, round(side)), max(1, round(side)))


def load_cascade(path: Path) -> cv2.CascadeClassifier:
    """Read a cascade file.

    Raises:
        AssetError: the file is missing or damaged, or this OpenCV cannot read cascades.
    """
    if not hasattr(cv2, "CascadeClassifier"):
        raise AssetError(f"OpenCV {cv2.__version__} cannot read Haar cascades: install opencv-python below 5")
    if not path.is_file():
        raise AssetError(f"no cascade at {path}: name a file of the folder cascades, or give a path that exists")
    refusal = f"cannot read the cascade {path}: is it an OpenCV cascade in XML?"
    try:
        # OpenCV gets the text and not the path: on Windows it finds no file whose path has a letter of another language
        text = read_file(path, MAX_CASCADE_BYTES).decode()
        # The nodes below belong to this object: it must live until the cascade has read them
        kept = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        cascade = cv2.CascadeClassifier()
        complete = cascade.read(kept.getFirstTopLevelNode()) and not cascade.empty()
    except OSError as error:
        raise AssetError(f"cannot read the cascade {path} ({error.strerror})") from error
    except (UnicodeDecodeError, cv2.error, SystemError) as error:
        raise AssetError(refusal) from error
    if not complete:
        raise AssetError(refusal)
    return cascade


def _rotate(grey: Grey, tilt_deg: float) -> tuple[Grey, NDArray[np.float64]]:
    """The image rotated on a larger black ground, which holds all of it, and the (2, 3) matrix of the inverse."""
    height, width = grey.shape
    cos, sin = abs(math.cos(math.radians(tilt_deg))), abs(math.sin(math.radians(tilt_deg)))
    size = (round(width * cos + height * sin), round(height * cos + width * sin))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), tilt_deg, 1)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    rotated = cv2.warpAffine(grey, matrix, size, flags=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    return rotated, cv2.invertAffineTransform(matrix).astype(np.float64, copy=False)


def shrink(grey: Grey, scale: float) -> Grey:
    """The image in `scale` of its size, 0..1; from 1 on as it is."""
    if scale >= 1:
        return grey
    height, width = grey.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)


def crop_region(image: NDArray[np.uint8], box: Box, margin: float) -> tuple[NDArray[np.uint8], int, int]:
    """The box with a margin in sides, as far as it lies in the image, and the left and top edge of this region."""
    reach = max(box.width, box.height) * margin
    left, top = max(0, int(box.left - reach)), max(0, int(box.top - reach))
    # A negative end of a slice would count from the other side
    right, bottom = max(0, int(box.right + reach) + 1), max(0, int(box.bottom + reach) + 1)
    return image[top:bottom, left:right], left, top


def sizes_near(box: Box, smallest: int, sizes: tuple[float, float] = NEAR_SIZES) -> SizeRange:
    """The sizes to try around a box: multiples of its side, and not below `smallest` pixels."""
    side = max(box.width, box.height)
    low = max(smallest, int(side * sizes[0]))
    return SizeRange(NEAR_SCALE_FACTOR, low, max(low + 1, int(side * sizes[1])))
