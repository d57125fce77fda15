"""Ways to look at a grey picture with a Haar cascade: upright, tilted, and from the side."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.domain import Box
from realtime.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Grey = NDArray[np.uint8]
"""A picture of shape (height, width), uint8."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a cascade sees a face.

    Attributes:
        box: the square that the upright frontal cascade would draw, in pixels of the picture; may reach beyond it.
        count: how many overlapping hits were merged into it: a measure of how sure it is.
    """

    box: Box
    count: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """Which sizes are looked for, and how densely.

    Attributes:
        scale_factor: ratio between one size and the next, above 1.
        smallest: side of the smallest face, pixels.
        largest: side of the largest, None for as large as the picture.
    """

    scale_factor: float
    smallest: int
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class Framing:
    """How a cascade frames a face: from its square to that of the upright frontal cascade, in sides of its square.

    Attributes:
        right: how far the centre has to go to the right.
        down: how far the centre has to go down.
        ratio: side of the frontal square.
    """

    right: float = 0.0
    down: float = 0.0
    ratio: float = 1.0


PROFILE = Framing(right=-0.11, down=0.02, ratio=0.87)
"""Of OpenCV's profile cascade, that of a face which looks to the left of the picture: medians over photos with known faces."""


class View:
    """One way to look. Not for two threads at once: OpenCV then returns wrong boxes.

    Args:
        cascade: what it looks with.
        tilt_deg: by how much heads are tilted that it sees upright; positive to the right of the picture.
        mirrored: whether it looks at the picture as in a mirror.
        framing: how the cascade frames a face.
    """

    def __init__(
        self, cascade: cv2.CascadeClassifier, *, tilt_deg: float = 0, mirrored: bool = False, framing: Framing | None = None
    ) -> None:
        self._cascade = cascade
        self._tilt_deg = tilt_deg
        self._mirrored = mirrored
        self._framing = framing or Framing()

    def hits(self, grey: Grey, sizes: Sizes, min_neighbors: int) -> list[Hit]:
        """What it sees, the largest first, where more than `min_neighbors` hits overlap."""
        height, width = grey.shape
        if min(height, width) < sizes.smallest:
            return []
        seen: Grey = np.ascontiguousarray(grey[:, ::-1]) if self._mirrored else grey
        back: NDArray[np.float64] | None = None
        if self._tilt_deg:
            seen, back = _turned(seen, self._tilt_deg)
        largest = sizes.largest or max(seen.shape)
        squares, counts = self._cascade.detectMultiScale2(
            seen,
            scaleFactor=sizes.scale_factor,
            minNeighbors=min_neighbors,
            minSize=(sizes.smallest, sizes.smallest),
            maxSize=(largest, largest),
        )
        found = [
            Hit(self._mapped(square, back, width), int(count)) for square, count in zip(squares, np.ravel(counts), strict=True)
        ]
        return sorted(found, key=lambda hit: -hit.box.area)

    def _mapped(self, square: Sequence[int], back: NDArray[np.float64] | None, width: int) -> Box:
        left, top, wide, _ = map(int, square)
        side = wide * self._framing.ratio
        x, y = left + wide * (0.5 + self._framing.right), top + wide * (0.5 + self._framing.down)
        if back is not None:
            x, y = map(float, back @ (x, y, 1.0))
        if self._mirrored:
            x = width - x
        return Box(round(x - side / 2), round(y - side / 2), max(1, round(side)), max(1, round(side)))


def load(path: Path) -> cv2.CascadeClassifier:
    """Read a cascade.

    Raises:
        AssetError: it is missing, damaged, or this OpenCV cannot read cascades.
    """
    if not hasattr(cv2, "CascadeClassifier"):
        raise AssetError(f"OpenCV {cv2.__version__} cannot read Haar cascades: install opencv-python below 5")
    if not path.is_file():
        raise AssetError(f"no cascade at {path}: name a file of the folder cascades, or give a path that exists")
    try:
        # A path that is no text makes OpenCV crash
        str(path).encode()
        cascade = cv2.CascadeClassifier(str(path))
    except UnicodeEncodeError as error:
        raise AssetError(f"cannot read the cascade {path}: OpenCV needs a path in UTF-8, move or rename it") from error
    except (cv2.error, SystemError) as error:
        raise AssetError(f"cannot read the cascade {path}: is it an OpenCV cascade in XML?") from error
    if cascade.empty():
        raise AssetError(f"cannot read the cascade {path}: is it an OpenCV cascade in XML?")
    return cascade


def _turned(grey: Grey, tilt_deg: float) -> tuple[Grey, NDArray[np.float64]]:
    """The whole picture turned on a larger, black ground, and the (2, 3) matrix that leads back."""
    height, width = grey.shape
    cos, sin = abs(math.cos(math.radians(tilt_deg))), abs(math.sin(math.radians(tilt_deg)))
    size = (round(width * cos + height * sin), round(height * cos + width * sin))
    there = cv2.getRotationMatrix2D((width / 2, height / 2), tilt_deg, 1)
    there[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    turned = cv2.warpAffine(grey, there, size, flags=cv2.INTER_LINEAR).astype(np.uint8, copy=False)
    return turned, cv2.invertAffineTransform(there).astype(np.float64, copy=False)
