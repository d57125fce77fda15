"""Where things are drawn: boxes and labels of faces, the mood, hints and help, on a copy of a frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2

from realtime.cards import COLOURS, PLATE, UNSURE, Card
from realtime.domain import Box, Face, Image, Mood
from realtime.painting import outline
from realtime.panels import KEYS, SMALLEST, Key, help_card, hints_card, info_card, label, mood_card, sentence, top_three

__all__ = ["KEYS", "Key", "Screen", "annotate", "draw"]

Spot = tuple[int, int]
"""Left and top of where a card might lie, pixels."""

SMALLEST_LIVE = 14
"""Pixels of a label that is read from an arm's length while it moves."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What is on screen besides the frame itself.

    Attributes:
        faces: boxes in pixels of the frame as it came, also if `mirrored`.
        mood: of the session, None until somebody voted.
        mirrored: show the frame flipped left to right, as a mirror does; text stays as it is.
        bars: the three most probable expressions of each face.
        hints: one line of keys at the bottom.
        notice: a short sentence, such as what a key press did.
        info: frames a second and latency.
        help: every key, over the frame.
        frozen: the picture stands still.
    """

    faces: tuple[Face, ...] = ()
    mood: Mood | None = None
    mirrored: bool = False
    bars: bool = True
    hints: bool = True
    notice: str | None = None
    info: str | None = None
    help: bool = False
    frozen: bool = False


def draw(image: Image, screen: Screen) -> Image:
    """Draw the live screen.

    Args:
        image: the frame as it came; it stays as it is.
        screen: what to draw on it.

    Returns:
        A new picture of the same shape.
    """
    canvas = cast(Image, cv2.flip(image, 1)) if screen.mirrored else image.copy()
    size = _text_size(canvas)
    if screen.help:
        cv2.convertScaleAbs(canvas, canvas, alpha=0.5)
        _paint_help(canvas, size)
        _paint_bottom(canvas, screen.notice, size, hints=False)
        return canvas
    boxes = [face.box.mirrored(image.shape[1]) if screen.mirrored else face.box for face in screen.faces]
    taken = _paint_top(canvas, screen, size)
    taken += _paint_bottom(canvas, screen.notice, size, hints=screen.hints)
    _paint_faces(canvas, list(zip(screen.faces, boxes, strict=True)), taken, size, bars=screen.bars)
    return canvas


def annotate(image: Image, faces: Sequence[Face], mood: Mood | None) -> Image:
    """Draw faces and mood on a still picture of any size; bars and mood only where they hide no face.

    Args:
        image: upright; it stays as it is.
        faces: boxes in its pixels.
        mood: of all its faces together, left out if there is none.

    Returns:
        A new picture of the same shape.
    """
    canvas = image.copy()
    size = _text_size(canvas)
    frame, taken = _frame(canvas), list[Box]()
    card = sentence("no face", size, frame.width) if not faces else mood_card(mood, size) if mood else None
    if card:
        gap = size // 2
        width, height = card.extent()
        right, bottom = frame.width - width - gap, frame.height - height - gap
        corners = ((gap, gap), (right, gap), (gap, bottom), (right, bottom))
        if area := _place(card, corners, frame, [face.box for face in faces], free=True):
            taken.append(card.paint(canvas, area.left, area.top))
    _paint_faces(canvas, [(face, face.box) for face in faces], taken, size, still=True)
    return canvas


def _frame(canvas: Image) -> Box:
    return Box(0, 0, canvas.shape[1], canvas.shape[0])


def _text_size(canvas: Image) -> int:
    return max(SMALLEST, round(0.034 * min(canvas.shape[:2])))


def _face_text_size(box: Box, size: int, *, still: bool) -> int:
    """Small faces get smaller letters, lest they hide each other; in a still picture much smaller, for it can be enlarged."""
    floor = max(SMALLEST, round(0.3 * size)) if still else max(SMALLEST_LIVE, round(0.6 * size))
    return min(size, max(floor, round(0.15 * box.width)))


def _paint_faces(
    canvas: Image, faces: Sequence[tuple[Face, Box]], taken: list[Box], size: int, *, bars: bool = True, still: bool = False
) -> None:
    frame = _frame(canvas)
    seen = [(face, part, _face_text_size(box, size, still=still)) for face, box in faces if (part := _common(box, frame))]
    for face, box, text in seen:
        colour = UNSURE if face.unsure else COLOURS[face.expression]
        outline(canvas, box, colour, PLATE, max(1, round(text / (10 if face.unsure else 7))), dashed=face.unsure)
    for face, box, text in seen:
        card = label(face, text)
        others = taken + [other for _, other, _ in seen if other is not box]
        if area := _place(card, _label_spots(card, box), frame, others):
            taken.append(card.paint(canvas, area.left, area.top))
    for face, box, text in seen if bars else ():
        card = top_three(face, text)
        others = taken + [other for _, other, _ in seen if other is not box]
        area = _place(card, _spots_around(card, box), frame, [*others, box], free=True)
        width, height = card.extent()
        if area is None and not still and box.area > 6 * width * height:
            # Somebody close to the camera fills the frame; of a smaller face too much would be hidden
            area = _place(card, _low_spots(card, box), frame, others, free=True)
        if area:
            taken.append(card.paint(canvas, area.left, area.top))


def _label_spots(card: Card, box: Box) -> list[Spot]:
    """Above the face if that can be; else a big face has room within, a small one would be hidden."""
    width, height = card.extent()
    below, *_, above = _spots_around(card, box)
    outside, within = [above, (box.right - width, above[1])], _spots_within(card, box)
    return [*outside, *within, below] if box.height > 5 * height else [*outside, below, *within]


def _spots_around(card: Card, box: Box) -> list[Spot]:
    """Below, right, left, above."""
    (width, height), gap = card.extent(), _gap(card)
    return [
        (box.left, box.bottom + gap),
        (box.right + gap, box.top),
        (box.left - width - gap, box.top),
        (box.left, box.top - height - gap),
    ]


def _spots_within(card: Card, box: Box) -> list[Spot]:
    """In the corners: above left and right, below left and right."""
    (width, height), gap = card.extent(), _gap(card)
    left, right, top, bottom = box.left + gap, box.right - width - gap, box.top + gap, box.bottom - height - gap
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _low_spots(card: Card, box: Box) -> list[Spot]:
    """In the lower corners, or as far above them as hints and a notice need."""
    *_, right, left = _spots_within(card, box)
    return [(corner[0], corner[1] - lift) for lift in range(0, box.height // 2, card.size) for corner in (left, right)]


def _gap(card: Card) -> int:
    return max(3, card.size // 4)


def _place(card: Card, spots: Sequence[tuple[int, int]], frame: Box, taken: Sequence[Box], *, free: bool = False) -> Box | None:
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
    return sum(common.area for other in taken if (common := _common(area, other)))


def _common(one: Box, other: Box) -> Box | None:
    left, top = max(one.left, other.left), max(one.top, other.top)
    width, height = min(one.right, other.right) - left, min(one.bottom, other.bottom) - top
    return Box(left, top, width, height) if width > 0 and height > 0 else None


def _paint_top(canvas: Image, screen: Screen, size: int) -> list[Box]:
    """Stack cards below the two upper corners; where both do not fit side by side, the right ones lie lower."""
    width, height = canvas.shape[1], canvas.shape[0]
    cards = [(mood_card(screen.mood, size), False)]
    if not screen.faces:
        cards.append((sentence("no face", size, width), False))
    if screen.frozen:
        cards.append((sentence("frozen", size, width), True))
    if screen.info:
        cards.append((info_card(screen.info, size), True))
    taken, gap = list[Box](), size // 2
    for card, flush_right in cards:
        wide, tall = card.extent()
        left = width - wide - gap if flush_right else gap
        top = max((box.bottom for box in taken if box.left < left + wide and left < box.right), default=0) + gap
        if left >= 0 and left + wide <= width and top + tall <= height:
            taken.append(card.paint(canvas, left, top))
    return taken


def _paint_bottom(canvas: Image, notice: str | None, size: int, *, hints: bool) -> list[Box]:
    """Put the hints that fit at the bottom, and the notice above them."""
    height, width = canvas.shape[:2]
    gap = size // 2
    cards = [
        hints_card(size, width - 2 * gap) if hints else None,
        sentence(notice, size, width - 4 * gap) if notice else None,
    ]
    taken, bottom = list[Box](), height - gap
    for card in filter(None, cards):
        wide, tall = card.extent()
        if wide <= width and tall <= bottom:
            taken.append(card.paint(canvas, (width - wide) // 2, bottom - tall))
            bottom -= tall + gap
    return taken


def _paint_help(canvas: Image, size: int) -> None:
    height, width = canvas.shape[:2]
    for smaller in range(size, 4, -1):
        card = help_card(smaller)
        wide, tall = card.extent()
        if wide <= width and tall <= height:
            card.paint(canvas, (width - wide) // 2, (height - tall) // 2)
            return
