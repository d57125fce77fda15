"""Haar cascade detector: scan the image, verify doubtful hits, search near known faces, in upright and tilted views.

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
from realtime.faces.duplicates import remove_duplicates
from realtime.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realtime.domain import Image


# Search near a known face: margin around its box, in sides of the box, and range of sizes, as multiples of its side. On
# annotated webcam clips this search finds faces that the scan of a whole frame misses, at a quarter of its cost. Run
# `python -m benchmarks.detection` before and after a change of any number here.
NEAR_MARGIN = 0.3
NEAR_SIZES = (0.75, 1.35)
NEAR_SCALE_FACTOR = 1.1
# A face that is where the tracker expects it is found in a smaller region and range of sizes, at half the cost. On annotated
# clips its box fits better, too (mean intersection over union .88, with the search above alone .85)
CLOSE_MARGIN = 0.2
CLOSE_SIZES = (0.85, 1.25)
# Near a known face the verifying cascade needs so many more overlapping hits than in a scan, and the scanning cascade still
# more. Otherwise a false face would be kept as long as it looks a little like a face.
VERIFY_EXTRA_NEIGHBORS = 2
SCAN_EXTRA_NEIGHBORS = 4
CERTAIN_HITS = 8
"""A face of the scan with so many overlapping hits needs no verification."""
TILT_DEG = 20
"""Tilt of the heads that the tilted views search for. The upright view finds heads with up to about half of this tilt."""
# Scans for tilted and turned heads use a smaller image: small heads, which are far away, are not worth the cost of a full one
TILTED_SCAN_SIDE = 480
TILTED_NEIGHBORS = 6
PROFILE_NEIGHBORS = 4
MAX_CASCADE_BYTES = 32_000_000
"""The largest cascade that is read; bytes. The largest one of OpenCV has 3.7 MB (`ls -l cv2/data`)."""
FINE_RATIO = 2.5
"""The second scan of a large picture is so many times larger than the first one: 3200 pixels wide as shipped."""
FINE_FACE = 40
"""Side of the smallest face that the second scan looks for, pixels: smaller ones can hardly be read."""

Grey = NDArray[np.uint8]
"""An image of shape (height, width), uint8 0..255."""


class HaarDetector:
    """Finds faces with one to three cascades. Not for two threads at once: OpenCV then returns wrong boxes.

    Without `close_cascade`, the first cascade does every search. With it, a doubtful hit of the scan counts only if the
    close cascade confirms it in the region around the hit, upright or tilted. This check is cheap, so the scan may accept
    doubtful hits.

    Args:
        cascade: OpenCV cascade file that scans whole images.
        search_size: (width, height) in pixels; a larger image is shrunk to fit into this size before the search.
        scale_factor: ratio between one searched face size and the next, above 1.
        min_neighbors: a face needs more overlapping hits than this; with `close_cascade`, still more near a known face.
        min_face: side of the smallest face, in pixels of the shrunken image.
        close_cascade: a frontal cascade that verifies doubtful hits and searches near known faces, also for tilted heads.
        profile_cascade: a cascade for heads turned to the left; with it the scan also searches for tilted and turned heads.
        fine_ratio: above 1, large images are scanned once more, up to so many times larger, for the faces that are too small
            for the first scan.

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
        close_cascade: Path | None = None,
        profile_cascade: Path | None = None,
        fine_ratio: float = 1.0,
    ) -> None:
        self._search_size = search_size
        self._fine_ratio = fine_ratio
        self._scale_factor = scale_factor
        self._min_neighbors = min_neighbors
        self._min_face = min_face
        self._scan = CascadeView(load_cascade(cascade))
        frontal = load_cascade(close_cascade or cascade)
        tilted = [CascadeView(frontal, tilt_deg=tilt) for tilt in (TILT_DEG, -TILT_DEG)]
        self._verifiers = [CascadeView(frontal), *tilted] if close_cascade else []
        # A hit near a known face is not verified, so it needs more overlapping hits
        strict = [(view, min_neighbors + VERIFY_EXTRA_NEIGHBORS) for view in self._verifiers]
        self._near = (
            [strict[0], (self._scan, min_neighbors + SCAN_EXTRA_NEIGHBORS), *strict[1:]]
            if close_cascade
            else [(self._scan, min_neighbors)]
        )
        self._tilted_and_turned: list[tuple[CascadeView, int]] = []
        if profile_cascade:
            side = load_cascade(profile_cascade)
            turned = [CascadeView(side, correction=PROFILE_CORRECTION, mirrored=mirrored) for mirrored in (False, True)]
            self._tilted_and_turned = [
                *((view, TILTED_NEIGHBORS) for view in tilted),
                *((view, PROFILE_NEIGHBORS) for view in turned),
            ]

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Find faces, from left to right, in pixels of `image`.

        Args:
            image: (height, width, 3) uint8 BGR.
            near: boxes of known faces. If given, only the regions around them are searched.
        """
        height, width = image.shape[:2]
        scale = search_scale(width, height, self._search_size)
        if near:
            hits = [hit for box in near for hit in self._search_near(image, box, scale)]
            found = remove_duplicates(_clip_boxes(hits, width, height))
        else:
            found = self._scan_whole(image, scale)
        return sorted(found, key=lambda box: (box.left, box.top))

    def scan_area(self, image: Image, area: Box) -> list[Box]:
        """Scan a part of an image, in the same scale as the whole of it; faces in pixels of `image`.

        Args:
            image: (height, width, 3) uint8 BGR.
            area: the part, inside the image.
        """
        height, width = image.shape[:2]
        region = _Region.of(image, area, search_scale(width, height, self._search_size))
        hits = [*self._scan_upright(region.grey), *self._scan_tilted_and_turned(region.grey)]
        return _clip_boxes(remove_duplicates([region.to_image(hit) for hit in hits]), width, height)

    def _scan_whole(self, image: Image, scale: float) -> list[Box]:
        height, width = image.shape[:2]
        fine_scale = self._find_fine_scale(scale)
        # Grey first: one channel shrinks three times as fast as three
        full = _to_grey(image)
        grey, fine = _shrink(full, scale), _shrink(full, fine_scale) if fine_scale else None
        # Of a picture of 200 megapixels, this frees 200 MB for the scans
        del full
        hits = [*self._scan_upright(grey), *self._scan_tilted_and_turned(grey)]
        found = _to_image_boxes(remove_duplicates(hits), scale, width, height)
        if fine is None:
            return found
        # A hit inside a face of the first scan, such as an eye or a mouth, is removed
        small = self._scan_finely(fine, fine_scale / scale)
        return remove_duplicates([*found, *_to_image_boxes(small, fine_scale, width, height)])

    def _find_fine_scale(self, scale: float) -> float:
        """The scale of the second scan, 0..1; 0 where it would find hardly more than the first one at `scale`."""
        fine_scale = min(scale * self._fine_ratio, self._min_face / FINE_FACE)
        return fine_scale if fine_scale >= scale * self._scale_factor else 0.0

    def _scan_finely(self, grey: Grey, ratio: float) -> list[Box]:
        """Scan a `ratio` times larger image once more, for the faces below the smallest size of the first scan."""
        largest = math.ceil(self._min_face * self._scale_factor * ratio)
        hits = self._scan.detect(grey, SizeRange(self._scale_factor, self._min_face, largest), self._min_neighbors)
        return [hit.box for hit in hits if not self._verifiers or self._is_confirmed(grey, hit.box)]

    def _scan_upright(self, grey: Grey) -> list[Box]:
        hits = self._scan.detect(grey, SizeRange(self._scale_factor, self._min_face), self._min_neighbors)
        return [
            hit.box for hit in hits if not self._verifiers or hit.count >= CERTAIN_HITS or self._is_confirmed(grey, hit.box)
        ]

    def _is_confirmed(self, grey: Grey, box: Box) -> bool:
        region, _, _ = _crop_region(grey, box, NEAR_MARGIN)
        sizes = _sizes_near(box, 1)
        return any(view.detect(region, sizes, self._min_neighbors) for view in self._verifiers)

    def _search_near(self, image: Image, box: Box, scale: float) -> list[Box]:
        """The hits of the first search that has any, in pixels of `image`: for most faces the first one is enough."""
        region = _Region.around(image, box, scale)
        if region is None:
            return []
        expected = Box(box.left - region.left, box.top - region.top, box.width, box.height).scaled(scale)
        return [region.to_image(hit) for hit in self._search_region(region.grey, expected)]

    def _search_region(self, region: Grey, expected: Box) -> list[Box]:
        close, left, top = _crop_region(region, expected, CLOSE_MARGIN)
        view, neighbors = self._near[0]
        if hits := view.detect(close, _sizes_near(expected, self._min_face, CLOSE_SIZES), neighbors):
            return [Box(left + hit.box.left, top + hit.box.top, hit.box.width, hit.box.height) for hit in hits]
        sizes = _sizes_near(expected, self._min_face)
        for view, neighbors in self._near:
            if hits := view.detect(region, sizes, neighbors):
                return [hit.box for hit in hits]
        return []

    def _scan_tilted_and_turned(self, grey: Grey) -> Iterator[Box]:
        if not self._tilted_and_turned:
            return
        scale = min(1.0, TILTED_SCAN_SIDE / max(grey.shape))
        small = _shrink(grey, scale)
        for view, neighbors in self._tilted_and_turned:
            for hit in view.detect(small, SizeRange(self._scale_factor, self._min_face), neighbors):
                yield hit.box.scaled(1 / scale)


@dataclass(frozen=True, slots=True)
class _Region:
    """A part of an image, grey and shrunk.

    Attributes:
        grey: its pixels.
        left: its left edge in pixels of the image.
        top: its top edge in pixels of the image.
        across: width of one of its pixels in pixels of the image.
        down: height of one of its pixels in pixels of the image.
    """

    grey: Grey
    left: int
    top: int
    across: float
    down: float

    @classmethod
    def of(cls, image: Image, area: Box, scale: float) -> _Region:
        """The part `area`, which lies inside the image."""
        # Only this part becomes grey and small
        grey = _shrink(_to_grey(image[area.top : area.bottom, area.left : area.right]), scale)
        return cls(grey, area.left, area.top, area.width / grey.shape[1], area.height / grey.shape[0])

    @classmethod
    def around(cls, image: Image, box: Box, scale: float) -> _Region | None:
        """The box with the margin of a search near a known face; None if all of it lies outside the image."""
        pixels, left, top = _crop_region(image, box, NEAR_MARGIN)
        return cls.of(image, Box(left, top, pixels.shape[1], pixels.shape[0]), scale) if pixels.size else None

    def to_image(self, hit: Box) -> Box:
        """A box of the region in pixels of the image."""
        left, top = self.left + round(hit.left * self.across), self.top + round(hit.top * self.down)
        return Box(left, top, max(1, round(hit.width * self.across)), max(1, round(hit.height * self.down)))


def search_scale(width: int, height: int, search_size: tuple[int, int]) -> float:
    """By how much an image is shrunk to fit into the search size, 0..1."""
    return min(search_size[0] / width, search_size[1] / height, 1.0)


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


def _shrink(grey: Grey, scale: float) -> Grey:
    if scale >= 1:
        return grey
    height, width = grey.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)


def _to_grey(image: Image) -> Grey:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype("uint8", copy=False)


def _crop_region(image: NDArray[np.uint8], box: Box, margin: float) -> tuple[NDArray[np.uint8], int, int]:
    """The box with a margin in sides, as far as it lies in the image, and the left and top edge of this region."""
    reach = max(box.width, box.height) * margin
    left, top = max(0, int(box.left - reach)), max(0, int(box.top - reach))
    # A negative end of a slice would count from the other side
    right, bottom = max(0, int(box.right + reach) + 1), max(0, int(box.bottom + reach) + 1)
    return image[top:bottom, left:right], left, top


def _sizes_near(box: Box, smallest: int, sizes: tuple[float, float] = NEAR_SIZES) -> SizeRange:
    side = max(box.width, box.height)
    low = max(smallest, int(side * sizes[0]))
    return SizeRange(NEAR_SCALE_FACTOR, low, max(low + 1, int(side * sizes[1])))


def _to_image_boxes(hits: Sequence[Box], scale: float, width: int, height: int) -> list[Box]:
    boxes = (_to_image_box(hit, scale, width, height) for hit in hits)
    return [box for box in boxes if box]


def _clip_boxes(hits: Sequence[Box], width: int, height: int) -> list[Box]:
    return _to_image_boxes(hits, 1.0, width, height)


def _to_image_box(hit: Box, scale: float, width: int, height: int) -> Box | None:
    """The part of a hit that lies inside the image, in pixels of the image; None if no part does."""
    left, top = max(0, round(hit.left / scale)), max(0, round(hit.top / scale))
    right, bottom = min(width, round(hit.right / scale)), min(height, round(hit.bottom / scale))
    return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None
