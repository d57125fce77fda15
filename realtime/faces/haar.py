"""Find faces with Haar cascades (Viola & Jones 2001; Lienhart & Maydt 2002)."""

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
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realtime.domain import Image


# Around a face of the last frame: how far to look, in sides of its box, and for which sizes. Measured on webcam clips:
# the small region finds faces that the scan of a whole frame misses, at a quarter of its cost.
NEAR_MARGIN = 0.3
NEAR_SIZES = (0.75, 1.35)
NEAR_SCALE_FACTOR = 1.1
# Near a known face the closer cascade needs so many hits more than a scan, and the one that scans still more: it would
# hold on to what was taken for a face once, as long as that looks a little like one
CLOSE_MORE = 2
SCAN_MORE = 4
SURE_HITS = 8
"""A face of the scan with so many overlapping hits needs no second opinion."""
TILT_DEG = 20
"""How far heads are tilted that are looked for with a tilted picture; a frontal cascade alone sees them up to about half."""
# The scans for tilted and turned heads see a smaller picture: what is small and tilted and far away is not worth their cost
EXTRA_SIDE = 480
TILTED_NEIGHBORS = 6
PROFILE_NEIGHBORS = 4
SAME_FACE_OVERLAP = 0.3
"""Two hits of one scan that overlap more (intersection over union) are one face."""


class HaarDetector:
    """Cascades and how to search with them. Not for two threads at once: OpenCV then returns wrong boxes.

    Alone, the first cascade does all. With a closer one its doubtful hits count only where the other agrees in a close
    look, upright or tilted. Such a look costs little, so the scan may be generous.

    Args:
        cascade: OpenCV cascade file that scans whole pictures.
        search_size: (width, height) in pixels; a larger picture is shrunk to fit into it before the search.
        scale_factor: ratio between one searched size and the next, above 1.
        min_neighbors: a face needs more than so many overlapping hits; near a known face more where there is `closer`.
        min_face: side of the smallest face, in pixels of the shrunken picture.
        closer: a frontal cascade that looks closely at doubtful hits and around known faces, also for tilted heads.
        profile: a cascade of heads turned to the left; with it whole pictures are scanned for tilted and turned heads, too.

    Raises:
        AssetError: a cascade is missing, damaged, or this OpenCV cannot read cascades.
    """

    def __init__(
        self,
        cascade: Path,
        *,
        search_size: tuple[int, int],
        scale_factor: float,
        min_neighbors: int,
        min_face: int,
        closer: Path | None = None,
        profile: Path | None = None,
    ) -> None:
        self._search_size = search_size
        self._scale_factor = scale_factor
        self._min_neighbors = min_neighbors
        self._min_face = min_face
        self._scan = CascadeView(load_cascade(cascade))
        frontal = load_cascade(closer or cascade)
        tilted = [CascadeView(frontal, tilt_deg=tilt) for tilt in (TILT_DEG, -TILT_DEG)]
        self._second = [CascadeView(frontal), *tilted] if closer else []
        # What is near a known face is not asked for a second opinion, so it has to be surer
        closely = [(view, min_neighbors + CLOSE_MORE) for view in self._second]
        self._near = (
            [closely[0], (self._scan, min_neighbors + SCAN_MORE), *closely[1:]] if closer else [(self._scan, min_neighbors)]
        )
        self._extra: list[tuple[CascadeView, int]] = []
        if profile:
            side = load_cascade(profile)
            turned = [CascadeView(side, framing=PROFILE_CORRECTION, mirrored=mirrored) for mirrored in (False, True)]
            self._extra = [(view, TILTED_NEIGHBORS) for view in tilted] + [(view, PROFILE_NEIGHBORS) for view in turned]

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Find faces, from left to right, in pixels of `image`.

        Args:
            image: (height, width, 3) uint8 BGR.
            near: where faces were a moment ago. If given, only their surroundings are searched.
        """
        grey, scale = self._shrunken(image)
        if near:
            hits = self._close_looks(grey, [_scaled(box, scale) for box in near])
        else:
            hits = [*self._scanned(grey), *self._extra_hits(grey)]
        boxes = (_in_picture(box, scale, image.shape[1], image.shape[0]) for box in _without_doubles(hits))
        return sorted((box for box in boxes if box), key=lambda box: (box.left, box.top))

    def _shrunken(self, image: Image) -> tuple[Grey, float]:
        height, width = image.shape[:2]
        scale = min(self._search_size[0] / width, self._search_size[1] / height, 1.0)
        # Grey first: one channel shrinks three times as fast as three
        return _shrunk(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype("uint8", copy=False), scale), scale

    def _scanned(self, grey: Grey) -> list[Box]:
        hits = self._scan.detect(grey, SizeRange(self._scale_factor, self._min_face), self._min_neighbors)
        return [hit.box for hit in hits if not self._second or hit.count >= SURE_HITS or self._is_confirmed(grey, hit.box)]

    def _is_confirmed(self, grey: Grey, box: Box) -> bool:
        region, _, _ = _surroundings(grey, box)
        sizes = _sizes_about(box, 1)
        return any(view.detect(region, sizes, self._min_neighbors) for view in self._second)

    def _close_looks(self, grey: Grey, near: Sequence[Box]) -> list[Box]:
        return [hit for box in near for hit in self._close_look(grey, box)]

    def _close_look(self, grey: Grey, box: Box) -> list[Box]:
        """What the first view sees that sees anything: most faces cost one look."""
        region, left, top = _surroundings(grey, box)
        sizes = _sizes_about(box, self._min_face)
        for view, neighbors in self._near:
            if hits := view.detect(region, sizes, neighbors):
                return [Box(left + hit.box.left, top + hit.box.top, hit.box.width, hit.box.height) for hit in hits]
        return []

    def _extra_hits(self, grey: Grey) -> Iterator[Box]:
        if not self._extra:
            return
        scale = min(1.0, EXTRA_SIDE / max(grey.shape))
        small = _shrunk(grey, scale)
        for view, neighbors in self._extra:
            for hit in view.detect(small, SizeRange(self._scale_factor, self._min_face), neighbors):
                yield _scaled(hit.box, 1 / scale)


def _shrunk(image: Image | Grey, scale: float) -> Image | Grey:
    if scale >= 1:
        return image
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)


def _scaled(box: Box, scale: float) -> Box:
    left, top = round(box.left * scale), round(box.top * scale)
    return Box(left, top, max(1, round(box.width * scale)), max(1, round(box.height * scale)))


def _surroundings(grey: Grey, box: Box) -> tuple[Grey, int, int]:
    """The box with a margin in its sides, as far as there is picture, and where that begins."""
    reach = max(box.width, box.height) * NEAR_MARGIN
    left, top = max(0, int(box.left - reach)), max(0, int(box.top - reach))
    # A negative end would count from the other side
    right, bottom = max(0, int(box.right + reach) + 1), max(0, int(box.bottom + reach) + 1)
    return grey[top:bottom, left:right], left, top


def _sizes_about(box: Box, smallest: int) -> SizeRange:
    side = max(box.width, box.height)
    low = max(smallest, int(side * NEAR_SIZES[0]))
    return SizeRange(NEAR_SCALE_FACTOR, low, max(low + 1, int(side * NEAR_SIZES[1])))


def _in_picture(hit: Box, scale: float, width: int, height: int) -> Box | None:
    left, top = max(0, round(hit.left / scale)), max(0, round(hit.top / scale))
    right, bottom = min(width, round(hit.right / scale)), min(height, round(hit.bottom / scale))
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None


def _without_doubles(hits: Sequence[Box]) -> list[Box]:
    """One box a face, the first of its hits: views overlap, and regions around two faces may each hold both."""
    kept: list[Box] = []
    for hit in hits:
        if not any(_same_face(hit, other) for other in kept):
            kept.append(hit)
    return kept


def _same_face(one: Box, other: Box) -> bool:
    return one.overlap(other) >= SAME_FACE_OVERLAP or _holds_centre(one, other) or _holds_centre(other, one)


def _holds_centre(outer: Box, inner: Box) -> bool:
    x, y = inner.left + inner.width / 2, inner.top + inner.height / 2
    return outer.left < x < outer.right and outer.top < y < outer.bottom


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
class SizeRange:
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
class BoxCorrection:
    """How a cascade frames a face: from its square to that of the upright frontal cascade, in sides of its square.

    Attributes:
        right: how far the centre has to go to the right.
        down: how far the centre has to go down.
        ratio: side of the frontal square.
    """

    right: float = 0.0
    down: float = 0.0
    ratio: float = 1.0


PROFILE_CORRECTION = BoxCorrection(right=-0.11, down=0.02, ratio=0.87)
"""Of OpenCV's profile cascade, that of a face which looks to the left of the picture: medians over photos with known faces."""


class CascadeView:
    """One way to look. Not for two threads at once: OpenCV then returns wrong boxes.

    Args:
        cascade: what it looks with.
        tilt_deg: by how much heads are tilted that it sees upright; positive to the right of the picture.
        mirrored: whether it looks at the picture as in a mirror.
        framing: how the cascade frames a face.
    """

    def __init__(
        self,
        cascade: cv2.CascadeClassifier,
        *,
        tilt_deg: float = 0,
        mirrored: bool = False,
        framing: BoxCorrection | None = None,
    ) -> None:
        self._cascade = cascade
        self._tilt_deg = tilt_deg
        self._mirrored = mirrored
        self._framing = framing or BoxCorrection()

    def detect(self, grey: Grey, sizes: SizeRange, min_neighbors: int) -> list[Hit]:
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


def load_cascade(path: Path) -> cv2.CascadeClassifier:
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
