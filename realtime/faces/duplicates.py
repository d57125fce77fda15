"""Boxes that show the same face: views of a detector overlap, and so do the regions around two faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Box

SAME_FACE_OVERLAP = 0.3
"""Two boxes of one image that overlap more (intersection over union) are one face."""


def remove_duplicates(hits: Sequence[Box]) -> list[Box]:
    """The first box of each face."""
    kept: list[Box] = []
    for hit in hits:
        if not any(_is_same_face(hit, other) for other in kept):
            kept.append(hit)
    return kept


def _is_same_face(one: Box, other: Box) -> bool:
    return one.overlap(other) >= SAME_FACE_OVERLAP or _contains_centre(one, other) or _contains_centre(other, one)


def _contains_centre(outer: Box, inner: Box) -> bool:
    x, y = inner.centre
    return outer.left < x < outer.right and outer.top < y < outer.bottom
