"""Where things are drawn: boxes and labels of faces, the mood, hints and help, on a copy of a frame."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import cast

import cv2

from realtime.cards import COLOURS, PLATE, UNSURE, Card, Word
from realtime.domain import LOW_CONFIDENCE, Box, Face, Image, Mood
from realtime.lettering import line_height, wrapped
from realtime.painting import outline
from realtime.panels import (
    KEYS,
    SMALLEST,
    Key,
    help_card,
    hints_card,
    info_card,
    label,
    mood_card,
    playing_card,
    recording_card,
    sentence,
    top_three,
)
from realtime.placing import common, label_spots, low_spots, place, spots_around
from realtime.songs import Playing

__all__ = ["KEYS", "Key", "Screen", "annotate", "draw"]

SMALLEST_LIVE = 14
"""Pixels of a label that is read from an arm's length while it moves."""

_Seen = tuple[Face, Box, int]
"""A face, what of it lies in the picture, and the size of its text."""


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
        trouble: what is wrong with the camera and what to try, over what it showed last.
        recording: what is shown is being written to a file.
        playing: the song that is being played here; None if there is none.
        strategy: what the mood asks of the music, in a word or two; None says nothing of it.
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
    trouble: str | None = None
    recording: bool = False
    playing: Playing | None = None
    strategy: str | None = None


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
    card = sentence("no face", size, frame.width) if not faces else mood_card(mood, size) if mood else None
    if card:
        gap = size // 2
        width, height = card.extent()
        right, bottom = frame.width - width - gap, frame.height - height - gap
        corners = ((gap, gap), (right, gap), (gap, bottom), (right, bottom))
        if area := place(card, corners, frame, [face.box for face in faces], free=True):
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
    parts = [(face, box, common(box, _frame(canvas))) for face, box in faces]
    seen = [(face, part, _face_text_size(box, size, still=still)) for face, box, part in parts if part]
    for face, box, text in seen:
        colour = UNSURE if face.unsure else COLOURS[face.expression]
        outline(canvas, box, colour, PLATE, max(1, round(text / (10 if face.unsure else 7))), dashed=face.unsure)
    return seen


def _paint_labels(canvas: Image, seen: Sequence[_Seen], taken: list[Box], *, bars: bool = True, still: bool = False) -> None:
    frame = _frame(canvas)
    for face, box, text in seen:
        card = label(face, text)
        others = taken + [other for _, other, _ in seen if other is not box]
        if area := place(card, label_spots(card, box), frame, others):
            taken.append(card.paint(canvas, area.left, area.top))
    readable = [each for each in seen if each[0].reason in {None, LOW_CONFIDENCE}]
    for face, box, text in readable if bars else ():
        card = top_three(face, text)
        others = taken + [other for _, other, _ in seen if other is not box]
        area = place(card, spots_around(card, box), frame, [*others, box], free=True)
        if area is None and not still and box.area > 6 * math.prod(card.extent()):
            # Somebody close to the camera fills the frame; of a smaller face too much would be hidden
            area = place(card, low_spots(card, box), frame, others, free=True)
        if area:
            taken.append(card.paint(canvas, area.left, area.top))


def _paint_top(canvas: Image, screen: Screen, size: int, full: Sequence[Box]) -> list[Box]:
    width = canvas.shape[1]
    cards = _recording(screen, size)
    cards.append((mood_card(screen.mood, size, screen.strategy), False))
    if not screen.faces and not screen.trouble:
        cards.append((sentence("no face", size, width), False))
    if screen.frozen:
        cards.append((sentence("frozen", size, width), True))
    if screen.info:
        cards.append((info_card(screen.info, size), True))
    return _stack(canvas, cards, size, full)


def _recording(screen: Screen, size: int) -> list[tuple[Card, bool]]:
    return [(recording_card(size), True)] if screen.recording else []


def _stack(canvas: Image, cards: Sequence[tuple[Card, bool]], size: int, full: Sequence[Box]) -> list[Box]:
    """Stack cards below the upper corners, the right one if so told; where both do not fit side by side, one lies lower."""
    width, height = canvas.shape[1], canvas.shape[0]
    taken, gap = list[Box](), size // 2
    for card, flush_right in cards:
        wide, tall = card.extent()
        left = width - wide - gap if flush_right else gap
        top = max((box.bottom for box in taken if box.left < left + wide and left < box.right), default=0) + gap
        area = Box(left, top, wide, tall)
        if left >= 0 and left + wide <= width and top + tall <= height and not any(common(area, box) for box in full):
            taken.append(card.paint(canvas, left, top))
    return taken


def _playing(screen: Screen, canvas: Image, size: int) -> Card | None:
    return playing_card(screen.playing, size, canvas.shape[1] - 2 * (size // 2)) if screen.playing else None


def _said(notice: str | None, canvas: Image, size: int) -> Card | None:
    return sentence(notice, size, canvas.shape[1] - 4 * (size // 2)) if notice else None


def _paint_bottom(
    canvas: Image, cards: Sequence[Card | None], size: int, full: Sequence[Box], beneath: Sequence[Box] = ()
) -> list[Box]:
    """Stack cards at the bottom, the first lowest, above what lies there already."""
    height, width = canvas.shape[:2]
    taken, gap = list[Box](), size // 2
    bottom = min([height, *(box.top for box in beneath)]) - gap
    for card in filter(None, cards):
        wide, tall = card.extent()
        left, top = (width - wide) // 2, bottom - tall
        if wide <= width and tall <= bottom and not any(common(Box(left, top, wide, tall), box) for box in full):
            taken.append(card.paint(canvas, left, top))
            bottom -= tall + gap
    return taken


def _paint_middle(canvas: Image, text: str, size: int, above: Sequence[tuple[Card, bool]]) -> list[Box]:
    """Put a sentence into the middle, whole if it can be: in a small picture it takes the room of all but what is `above`."""
    height, width = canvas.shape[:2]
    margin = max([size // 2, *(size + card.extent()[1] for card, _ in above)])
    lines = max(1, (height - 2 * margin) // line_height(size))
    card = Card(tuple((Word(line),) for line in wrapped(text, size, width * 4 // 5, lines)), size)
    wide, tall = card.extent()
    return [card.paint(canvas, (width - wide) // 2, (height - tall) // 2)] if wide <= width and tall <= height else []


def _paint_help(canvas: Image, size: int) -> list[Box]:
    height, width = canvas.shape[:2]
    for smaller, upright in product(range(size, 4, -1), (False, True)):
        card = help_card(smaller, tall=upright)
        wide, tall = card.extent()
        if wide <= width and tall <= height:
            return [card.paint(canvas, (width - wide) // 2, (height - tall) // 2)]
    return []
