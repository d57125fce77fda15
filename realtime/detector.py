"""Find faces with a Haar cascade (Viola & Jones 2001; Lienhart & Maydt 2002)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2

from realtime.domain import Box
from realtime.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from realtime.domain import Image

# Around a face of the last frame: how far to look, in sides of its box, and for which sizes. Measured on webcam clips:
# the small region finds faces that the scan of a whole frame misses, at a quarter of its cost.
NEAR_MARGIN = 0.3
NEAR_SIZES = (0.75, 1.35)
NEAR_SCALE_FACTOR = 1.1

SAME_FACE_OVERLAP = 0.3
"""Two hits of one scan that overlap more (intersection over union) are one face."""


class HaarDetector:
    """A cascade and how to search with it. Not for two threads at once: OpenCV then returns wrong boxes.

    Args:
        cascade: OpenCV cascade file.
        search_size: (width, height) in pixels; a larger picture is shrunk to fit into it before the search.
        scale_factor: ratio between one searched size and the next, above 1.
        min_neighbors: a face needs more than so many overlapping hits.
        min_face: side of the smallest face, in pixels of the shrunken picture.

    Raises:
        AssetError: the cascade is missing, damaged, or this OpenCV cannot read cascades.
    """

    def __init__(
        self, cascade: Path, *, search_size: tuple[int, int], scale_factor: float, min_neighbors: int, min_face: int
    ) -> None:
        self._cascade = _load(cascade)
        self._search_size = search_size
        self._scale_factor = scale_factor
        self._min_neighbors = min_neighbors
        self._min_face = min_face

    def find(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Find faces, from left to right, in pixels of `image`.

        Args:
            image: (height, width, 3) uint8 BGR.
            near: where faces were a moment ago. If given, only their surroundings are searched.
        """
        grey, scale = self._shrunken(image)
        hits = self._search_near(grey, near, scale) if near else self._search(grey)
        boxes = (_in_picture(hit, scale, image.shape[1], image.shape[0]) for hit in _without_doubles(hits))
        return sorted((box for box in boxes if box), key=lambda box: (box.left, box.top))

    def _shrunken(self, image: Image) -> tuple[NDArray[np.uint8], float]:
        height, width = image.shape[:2]
        scale = min(self._search_size[0] / width, self._search_size[1] / height, 1.0)
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype("uint8", copy=False), scale

    def _search(self, grey: NDArray[np.uint8]) -> list[Box]:
        found = self._cascade.detectMultiScale(
            grey,
            scaleFactor=self._scale_factor,
            minNeighbors=self._min_neighbors,
            minSize=(self._min_face, self._min_face),
        )
        return [Box(int(x), int(y), int(w), int(h)) for x, y, w, h in found]

    def _search_near(self, grey: NDArray[np.uint8], near: Sequence[Box], scale: float) -> list[Box]:
        hits: list[Box] = []
        for box in near:
            side = max(box.width, box.height) * scale
            reach = side * NEAR_MARGIN
            left, top = max(0, int(box.left * scale - reach)), max(0, int(box.top * scale - reach))
            # A negative end would count from the other side
            right, bottom = max(0, int(box.right * scale + reach) + 1), max(0, int(box.bottom * scale + reach) + 1)
            region = grey[top:bottom, left:right]
            smallest = max(self._min_face, int(side * NEAR_SIZES[0]))
            largest = max(smallest + 1, int(side * NEAR_SIZES[1]))
            if min(region.shape) < smallest:
                continue
            found = self._cascade.detectMultiScale(
                region,
                scaleFactor=NEAR_SCALE_FACTOR,
                minNeighbors=self._min_neighbors,
                minSize=(smallest, smallest),
                maxSize=(largest, largest),
            )
            hits += [Box(left + int(x), top + int(y), int(w), int(h)) for x, y, w, h in found]
        return hits


def _load(path: Path) -> cv2.CascadeClassifier:
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


def _in_picture(hit: Box, scale: float, width: int, height: int) -> Box | None:
    left, top = max(0, round(hit.left / scale)), max(0, round(hit.top / scale))
    right, bottom = min(width, round(hit.right / scale)), min(height, round(hit.bottom / scale))
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _without_doubles(hits: Sequence[Box]) -> list[Box]:
    """Regions around two faces may overlap, and each then finds both: keep the first, largest one."""
    kept: list[Box] = []
    for hit in sorted(hits, key=lambda box: -box.area):
        if all(hit.overlap(other) < SAME_FACE_OVERLAP for other in kept):
            kept.append(hit)
    return kept
