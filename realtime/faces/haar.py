"""Haar cascade detector: scan the image, verify doubtful hits, search near known faces, in upright and tilted views."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2

from realtime.domain import Box
from realtime.faces.cascade_view import (
    NEAR_MARGIN,
    PROFILE_CORRECTION,
    CascadeView,
    Grey,
    SizeRange,
    crop_region,
    load_cascade,
    shrink,
    sizes_near,
)
from realtime.faces.duplicates import remove_duplicates

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realtime.domain import Image


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
FINE_RATIO = 2.5
"""The second scan of a large picture is so many times larger than the first one: 3200 pixels wide as shipped."""
FINE_FACE = 40
"""Side of the smallest face that the second scan looks for, and the scans for tilted and turned heads, in pixels of the image:
smaller ones can hardly be read."""


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
        profile_cascade: a cascade for heads turned to the left; with it the scan also searches for tilted and turned heads,
            from `min_face` and from `FINE_FACE` pixels of the image on.
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
        scale = search_scale(width, height, self._search_size)
        region = _Region.of(image, area, scale)
        hits = [*self._scan_upright(region.grey), *self._scan_tilted_and_turned(region.grey, scale)]
        return _clip_boxes(remove_duplicates([region.to_image(hit) for hit in hits]), width, height)

    def _scan_whole(self, image: Image, scale: float) -> list[Box]:
        height, width = image.shape[:2]
        fine_scale = self._find_fine_scale(scale)
        # Grey first: one channel shrinks three times as fast as three
        full = _to_grey(image)
        grey, fine = shrink(full, scale), shrink(full, fine_scale) if fine_scale else None
        # Of a picture of 200 megapixels, this frees 200 MB for the scans
        del full
        hits = [*self._scan_upright(grey), *self._scan_tilted_and_turned(grey, scale)]
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
        region, _, _ = crop_region(grey, box, NEAR_MARGIN)
        sizes = sizes_near(box, 1)
        return any(view.detect(region, sizes, self._min_neighbors) for view in self._verifiers)

    def _search_near(self, image: Image, box: Box, scale: float) -> list[Box]:
        """The hits of the first search that has any, in pixels of `image`: for most faces the first one is enough."""
        region = _Region.around(image, box, scale)
        if region is None:
            return []
        expected = Box(box.left - region.left, box.top - region.top, box.width, box.height).scaled(scale)
        return [region.to_image(hit) for hit in self._search_region(region.grey, expected)]

    def _search_region(self, region: Grey, expected: Box) -> list[Box]:
        close, left, top = crop_region(region, expected, CLOSE_MARGIN)
        view, neighbors = self._near[0]
        if hits := view.detect(close, sizes_near(expected, self._min_face, CLOSE_SIZES), neighbors):
            return [hit.box.moved(left, top) for hit in hits]
        sizes = sizes_near(expected, self._min_face)
        for view, neighbors in self._near:
            if hits := view.detect(region, sizes, neighbors):
                return [hit.box for hit in hits]
        return []

    def _scan_tilted_and_turned(self, grey: Grey, scale: float) -> Iterator[Box]:
        """Scan an image that was shrunk by `scale`."""
        if not self._tilted_and_turned:
            return
        smaller = min(1.0, TILTED_SCAN_SIDE / max(grey.shape))
        small = shrink(grey, smaller)
        sizes = SizeRange(self._scale_factor, max(self._min_face, round(FINE_FACE * scale * smaller)))
        for view, neighbors in self._tilted_and_turned:
            for hit in view.detect(small, sizes, neighbors):
                yield hit.box.scaled(1 / smaller)


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
        grey = shrink(_to_grey(image[area.top : area.bottom, area.left : area.right]), scale)
        return cls(grey, area.left, area.top, area.width / grey.shape[1], area.height / grey.shape[0])

    @classmethod
    def around(cls, image: Image, box: Box, scale: float) -> _Region | None:
        """The box with the margin of a search near a known face; None if all of it lies outside the image."""
        pixels, left, top = crop_region(image, box, NEAR_MARGIN)
        return cls.of(image, Box(left, top, pixels.shape[1], pixels.shape[0]), scale) if pixels.size else None

    def to_image(self, hit: Box) -> Box:
        """A box of the region in pixels of the image."""
        left, top = self.left + round(hit.left * self.across), self.top + round(hit.top * self.down)
        return Box(left, top, max(1, round(hit.width * self.across)), max(1, round(hit.height * self.down)))


def search_scale(width: int, height: int, search_size: tuple[int, int]) -> float:
    """By how much an image is shrunk to fit into the search size, 0..1."""
    return min(search_size[0] / width, search_size[1] / height, 1.0)


def _to_grey(image: Image) -> Grey:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype("uint8", copy=False)


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
