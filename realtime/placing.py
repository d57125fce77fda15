"""Where a card may lie: near the face that it is about, within the frame, hiding as little as can be; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.domain import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.cards import Card

Spot = tuple[int, int]
"""Left and top of where a card might lie, pixels."""


def label_spots(card: Card, box: Box) -> list[Spot]:
    """Above the face if that can be; else a big face has room within, a small one would be hidden."""
    width, height = card.extent()
    below, *_, above = spots_around(card, box)
    outside, within = [above, (box.right - width, above[1])], spots_within(card, box)
    # A face that fills the frame has its corners full of other cards
    return [*outside, *within, *low_spots(card, box), below] if box.height > 5 * height else [*outside, below, *within]


def spots_around(card: Card, box: Box) -> list[Spot]:
    """Below, right, left, above."""
    (width, height), gap = card.extent(), _gap(card)
    return [
        (box.left, box.bottom + gap),
        (box.right + gap, box.top),
        (box.left - width - gap, box.top),
        (box.left, box.top - height - gap),
    ]


def spots_within(card: Card, box: Box) -> list[Spot]:
    """In the corners: above left and right, below left and right."""
    (width, height), gap = card.extent(), _gap(card)
    left, right, top, bottom = box.left + gap, box.right - width - gap, box.top + gap, box.bottom - height - gap
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def low_spots(card: Card, box: Box) -> list[Spot]:
    """In the lower corners, or as far above them as hints and a notice need."""
    *_, right, left = spots_within(card, box)
    return [(corner[0], corner[1] - lift) for lift in range(0, box.height // 2, card.size) for corner in (left, right)]


def _gap(card: Card) -> int:
    return max(3, card.size // 4)


def place(card: Card, spots: Sequence[tuple[int, int]], frame: Box, taken: Sequence[Box], *, free: bool = False) -> Box | None:
    """Choose the first of the spots, each pushed into the frame, where a card hides the least of what is there already.

    Returns:
        None if the card is larger than the frame or, with `free`, if it hides something everywhere.
    """
    width, height = card.extent()
    if width > frame.width or height > frame.height:
        return None
    areas = [
        Box(min(max(left, 0), frame.width - width), min(max(top, 0), frame.height - height), width, height)
        for left, top in spots
    ]
    best = min(areas, key=lambda area: _hidden(area, taken))
    return None if free and _hidden(best, taken) else best


def _hidden(area: Box, taken: Sequence[Box]) -> int:
    return sum(shared.area for other in taken if (shared := common(area, other)))


def common(one: Box, other: Box) -> Box | None:
    """What lies in both; None if nothing does."""
    left, top = max(one.left, other.left), max(one.top, other.top)
    width, height = min(one.right, other.right) - left, min(one.bottom, other.bottom) - top
    return Box(left, top, width, height) if width > 0 and height > 0 else None
