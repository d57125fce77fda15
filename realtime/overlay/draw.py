"""Where things are drawn: boxes and labels of faces, the mood, hints and help, on a copy of a frame."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, cast

import cv2

from realtime.domain import LOW_CONFIDENCE, Box, Face, Image, Mood
from realtime.overlay.panels import (
    SMALLEST,
    help_card,
    hints_card,
    info_card,
    label_card,
    mood_card,
    playing_card,
    recording_card,
    sentence_card,
    top_three_card,
)
from realtime.overlay.shapes import draw_face_box
from realtime.overlay.text import line_height, wrap
from realtime.overlay.widgets import EXPRESSION_COLOURS, PLATE, UNSURE, Card, Word
from realtime.session.view import ViewState

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ViewState", "annotate", "draw"]
SMALLEST_LIVE = 14
"""Pixels of a label that is read from an arm's length while it moves."""
_Seen = tuple[Face, Box, int]
"""A face, what of it lies in the picture, and the size of its text."""


def draw(image: Image, screen: ViewState) -> Image:
    """Draw the live screen.

    Args:
        image: the frame as it came; it stays as it is.
        screen: what to draw on it.

    Returns:
        A new picture of the same shape.
    """
    canvas = cast("Image", cv2.flip(image, 1)) if screen.mirrored else image.copy()
    size = _text_size(canvas)
    if screen.help:
        cv2.convertScaleAbs(canvas, canvas, alpha=0.5)
        playing = _paint_bottom(canvas, [_playing(screen, canvas, size)], size, _paint_help(canvas, size))
        _paint_bottom(canvas, [_said(screen.notice or screen.trouble, canvas, size)], size, [], beneath=playing)
        _stack(canvas, _recording(screen, size), size, [])
        return canvas
    taken = list[Box]()
    if screen.trouble:
        # What it showed last is no longer true
        cv2.convertScaleAbs(canvas, canvas, alpha=0.4)
        taken = _paint_middle(canvas, screen.trouble, size, _recording(screen, size))
        screen = replace(screen, faces=())
    boxes = [face.box.mirrored(image.shape[1]) if screen.mirrored else face.box for face in screen.faces]
    faces = _paint_boxes(canvas, list(zip(screen.faces, boxes, strict=True)), size)
    hints = hints_card(size, canvas.shape[1] - 2 * (size // 2)) if screen.hints else None
    below = [hints, _playing(screen, canvas, size), _said(screen.notice, canvas, size)]
    taken += _paint_top(canvas, screen, size, taken) + _paint_bottom(canvas, below, size, taken)
    _paint_labels(canvas, faces, taken, bars=screen.bars)
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
    card = sentence_card("no face", size, frame.width) if not faces else mood_card(mood, size) if mood else None
    if card:
        gap = size // 2
        width, height = card.size_px()
        right, bottom = frame.width - width - gap, frame.height - height - gap
        corners = ((gap, gap), (right, gap), (gap, bottom), (right, bottom))
        if area := place_card(card, corners, frame, [face.box for face in faces], free=True):
            taken.append(card.paint(canvas, area.left, area.top))
    _paint_labels(canvas, _paint_boxes(canvas, [(face, face.box) for face in faces], size, still=True), taken, still=True)
    return canvas


def _frame(canvas: Image) -> Box:
    return Box(0, 0, canvas.shape[1], canvas.shape[0])


def _text_size(canvas: Image) -> int:
    return max(SMALLEST, round(0.034 * min(canvas.shape[:2])))


def _face_text_size(box: Box, size: int, *, still: bool) -> int:
    """Small faces get smaller letters, lest they hide each other; in a still picture much smaller, for it can be enlarged."""
    floor = max(SMALLEST, round(0.3 * size)) if still else max(SMALLEST_LIVE, round(0.6 * size))
    return min(size, max(floor, round(0.15 * box.width)))


def _paint_boxes(canvas: Image, faces: Sequence[tuple[Face, Box]], size: int, *, still: bool = False) -> list[_Seen]:
    """Frame the faces that are in the picture; every card lies above that."""
    parts = [(face, box, intersection(box, _frame(canvas))) for face, box in faces]
    seen = [(face, part, _face_text_size(box, size, still=still)) for face, box, part in parts if part]
    for face, box, text in seen:
        colour = UNSURE if face.unsure else EXPRESSION_COLOURS[face.expression]
        draw_face_box(canvas, box, colour, PLATE, max(1, round(text / (10 if face.unsure else 7))), dashed=face.unsure)
    return seen


def _paint_labels(canvas: Image, seen: Sequence[_Seen], taken: list[Box], *, bars: bool = True, still: bool = False) -> None:
    frame = _frame(canvas)
    for face, box, text in seen:
        card = label_card(face, text)
        others = taken + [other for _, other, _ in seen if other is not box]
        if area := place_card(card, label_spots(card, box), frame, others):
            taken.append(card.paint(canvas, area.left, area.top))
    readable = [each for each in seen if each[0].reason in {None, LOW_CONFIDENCE}]
    for face, box, text in readable if bars else ():
        card = top_three_card(face, text)
        others = taken + [other for _, other, _ in seen if other is not box]
        area = place_card(card, spots_around(card, box), frame, [*others, box], free=True)
        if area is None and not still and box.area > 6 * math.prod(card.size_px()):
            # Somebody close to the camera fills the frame; of a smaller face too much would be hidden
            area = place_card(card, low_spots(card, box), frame, others, free=True)
        if area:
            taken.append(card.paint(canvas, area.left, area.top))


def _paint_top(canvas: Image, screen: ViewState, size: int, full: Sequence[Box]) -> list[Box]:
    width = canvas.shape[1]
    cards = _recording(screen, size)
    cards.append((mood_card(screen.mood, size, screen.strategy), False))
    if not screen.faces and not screen.trouble:
        cards.append((sentence_card("no face", size, width), False))
    if screen.frozen:
        cards.append((sentence_card("frozen", size, width), True))
    if screen.info:
        cards.append((info_card(screen.info, size), True))
    return _stack(canvas, cards, size, full)


def _recording(screen: ViewState, size: int) -> list[tuple[Card, bool]]:
    return [(recording_card(size), True)] if screen.recording else []


def _stack(canvas: Image, cards: Sequence[tuple[Card, bool]], size: int, full: Sequence[Box]) -> list[Box]:
    """Stack cards below the upper corners, the right one if so told; where both do not fit side by side, one lies lower."""
    width, height = canvas.shape[1], canvas.shape[0]
    taken, gap = list[Box](), size // 2
    for card, flush_right in cards:
        wide, tall = card.size_px()
        left = width - wide - gap if flush_right else gap
        top = max((box.bottom for box in taken if box.left < left + wide and left < box.right), default=0) + gap
        area = Box(left, top, wide, tall)
        if left >= 0 and left + wide <= width and top + tall <= height and not any(intersection(area, box) for box in full):
            taken.append(card.paint(canvas, left, top))
    return taken


def _playing(screen: ViewState, canvas: Image, size: int) -> Card | None:
    return playing_card(screen.playing, size, canvas.shape[1] - 2 * (size // 2)) if screen.playing else None


def _said(notice: str | None, canvas: Image, size: int) -> Card | None:
    return sentence_card(notice, size, canvas.shape[1] - 4 * (size // 2)) if notice else None


def _paint_bottom(
    canvas: Image, cards: Sequence[Card | None], size: int, full: Sequence[Box], beneath: Sequence[Box] = ()
) -> list[Box]:
    """Stack cards at the bottom, the first lowest, above what lies there already."""
    height, width = canvas.shape[:2]
    taken, gap = list[Box](), size // 2
    bottom = min([height, *(box.top for box in beneath)]) - gap
    for card in filter(None, cards):
        wide, tall = card.size_px()
        left, top = (width - wide) // 2, bottom - tall
        if wide <= width and tall <= bottom and not any(intersection(Box(left, top, wide, tall), box) for box in full):
            taken.append(card.paint(canvas, left, top))
            bottom -= tall + gap
    return taken


def _paint_middle(canvas: Image, text: str, size: int, above: Sequence[tuple[Card, bool]]) -> list[Box]:
    """Put a sentence into the middle, whole if it can be: in a small picture it takes the room of all but what is `above`."""
    height, width = canvas.shape[:2]
    margin = max([size // 2, *(size + card.size_px()[1] for card, _ in above)])
    lines = max(1, (height - 2 * margin) // line_height(size))
    card = Card(tuple((Word(line),) for line in wrap(text, size, width * 4 // 5, lines)), size)
    wide, tall = card.size_px()
    return [card.paint(canvas, (width - wide) // 2, (height - tall) // 2)] if wide <= width and tall <= height else []


def _paint_help(canvas: Image, size: int) -> list[Box]:
    height, width = canvas.shape[:2]
    for smaller, upright in product(range(size, 4, -1), (False, True)):
        card = help_card(smaller, tall=upright)
        wide, tall = card.size_px()
        if wide <= width and tall <= height:
            return [card.paint(canvas, (width - wide) // 2, (height - tall) // 2)]
    return []


Spot = tuple[int, int]
"""Left and top of where a card might lie, pixels."""


def label_spots(card: Card, box: Box) -> list[Spot]:
    """Above the face if that can be; else a big face has room within, a small one would be hidden."""
    width, height = card.size_px()
    below, *_, above = spots_around(card, box)
    outside, within = [above, (box.right - width, above[1])], spots_within(card, box)
    # A face that fills the frame has its corners full of other cards
    return [*outside, *within, *low_spots(card, box), below] if box.height > 5 * height else [*outside, below, *within]


def spots_around(card: Card, box: Box) -> list[Spot]:
    """Below, right, left, above."""
    (width, height), gap = card.size_px(), _gap(card)
    return [
        (box.left, box.bottom + gap),
        (box.right + gap, box.top),
        (box.left - width - gap, box.top),
        (box.left, box.top - height - gap),
    ]


def spots_within(card: Card, box: Box) -> list[Spot]:
    """In the corners: above left and right, below left and right."""
    (width, height), gap = card.size_px(), _gap(card)
    left, right, top, bottom = box.left + gap, box.right - width - gap, box.top + gap, box.bottom - height - gap
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def low_spots(card: Card, box: Box) -> list[Spot]:
    """In the lower corners, or as far above them as hints and a notice need."""
    *_, right, left = spots_within(card, box)
    return [(corner[0], corner[1] - lift) for lift in range(0, box.height // 2, card.size) for corner in (left, right)]


def _gap(card: Card) -> int:
    return max(3, card.size // 4)


def place_card(
    card: Card, spots: Sequence[tuple[int, int]], frame: Box, taken: Sequence[Box], *, free: bool = False
) -> Box | None:
    """Choose the first of the spots, each pushed into the frame, where a card hides the least of what is there already.

    Returns:
        None if the card is larger than the frame or, with `free`, if it hides something everywhere.
    """
    width, height = card.size_px()
    if width > frame.width or height > frame.height:
        return None
    areas = [
        Box(min(max(left, 0), frame.width - width), min(max(top, 0), frame.height - height), width, height)
        for left, top in spots
    ]
    best = min(areas, key=lambda area: _hidden(area, taken))
    return None if free and _hidden(best, taken) else best


def _hidden(area: Box, taken: Sequence[Box]) -> int:
    return sum(shared.area for other in taken if (shared := intersection(area, other)))


def intersection(one: Box, other: Box) -> Box | None:
    """What lies in both; None if nothing does."""
    left, top = max(one.left, other.left), max(one.top, other.top)
    width, height = min(one.right, other.right) - left, min(one.bottom, other.bottom) - top
    return Box(left, top, width, height) if width > 0 and height > 0 else None
