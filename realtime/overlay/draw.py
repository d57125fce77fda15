"""Compose the live screen and annotated pictures: face boxes, labels and panels, drawn into a copy of the image."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, cast

import cv2

from realtime.domain import LOW_CONFIDENCE, Box, Face, Image, Mood
from realtime.overlay.explanation import default_zoom, explanation_card
from realtime.overlay.panels import (
    MIN_TEXT_SIZE,
    at_rest_card,
    fact_card,
    help_card,
    hints_card,
    info_card,
    label_card,
    mood_card,
    movies_card,
    playing_card,
    recording_card,
    sentence_card,
    top_three_card,
)
from realtime.overlay.shapes import draw_face_box
from realtime.overlay.text import line_height, wrap
from realtime.overlay.widgets import EXPRESSION_COLOURS, PLATE, UNSURE, Card, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.session.view import ViewState


MIN_LIVE_TEXT_SIZE = 14
"""Smallest text size of a label on a live screen in pixels: it moves, and the user reads it at arm's length."""

_READING_WIDTH = 38
"""Width of cards with lines that are read, in text sizes: about 75 characters."""

_CENTRE_RIGHT = 0.55
"""Share of the width from which on the centre of a face is called right of the middle."""

Position = tuple[int, int]
"""Left and top of a candidate place for a card, pixels."""

_VisibleFace = tuple[Face, Box, int]
"""A face, the part of its box inside the frame, and the text size of its label."""


def draw(image: Image, view: ViewState) -> Image:
    """Draw the live screen.

    Args:
        image: the frame in the orientation of the source; it is not modified.
        view: content of the screen.

    Returns:
        A new image of the same shape.
    """
    canvas = cast("Image", cv2.flip(image, 1)) if view.mirrored else image.copy()
    size = picture_text_size(canvas)
    if view.help:
        cv2.convertScaleAbs(canvas, canvas, alpha=0.5)
        song = _paint_bottom(canvas, [_song_card(view, canvas, size)], size, _paint_help(canvas, size))
        _paint_bottom(canvas, [_notice_card(view.notice or view.trouble, canvas, size)], size, [], below=song)
        _stack_top(canvas, _recording_cards(view, size), size, [])
        return canvas
    occupied = list[Box]()
    if view.trouble:
        # The last frame is out of date, so it is dark and without faces
        cv2.convertScaleAbs(canvas, canvas, alpha=0.4)
        occupied = _paint_middle(canvas, view.trouble, size, _recording_cards(view, size))
        view = replace(view, faces=(), explanation=None)
    boxes = [face.box.mirrored(image.shape[1]) if view.mirrored else face.box for face in view.faces]
    faces = _paint_boxes(canvas, list(zip(view.faces, boxes, strict=True)), size)
    hints = hints_card(size, canvas.shape[1] - 2 * (size // 2)) if view.hints else None
    bottom_cards = [
        hints,
        _song_card(view, canvas, size),
        _notice_card(view.notice, canvas, size),
        _rest_card(view, canvas, size),
    ]
    bottom = _paint_bottom(canvas, bottom_cards, size, occupied)
    occupied += _paint_top(canvas, view, size, occupied)
    occupied += bottom + _paint_recommendations(canvas, view, size, occupied, bottom)
    occupied += _paint_explanation(canvas, view, size, occupied)
    _paint_labels(canvas, faces, occupied, bars=view.bars)
    return canvas


def annotate(image: Image, faces: Sequence[Face], mood: Mood | None, *, in_place: bool = False) -> Image:
    """Draw faces and mood into a still picture of any size. Bars and mood appear only where they hide no face.

    Args:
        image: upright picture.
        faces: faces with boxes in pixels of `image`.
        mood: mood of all faces together; None draws no mood.
        in_place: whether `image` itself is drawn into: a copy of a large picture takes much memory.

    Returns:
        A new image of the same shape, or `image`.
    """
    canvas = image if in_place else image.copy()
    size = picture_text_size(canvas)
    frame, occupied = _frame_box(canvas), list[Box]()
    card = sentence_card("no face", size, frame.width) if not faces else mood_card(mood, size) if mood else None
    if card:
        gap = size // 2
        width, height = card.size_px()
        right, bottom = frame.width - width - gap, frame.height - height - gap
        corners = ((gap, gap), (right, gap), (gap, bottom), (right, bottom))
        if area := place_card(card, corners, frame, [face.box for face in faces], only_free=True):
            occupied.append(card.paint(canvas, area.left, area.top))
    _paint_labels(canvas, _paint_boxes(canvas, [(face, face.box) for face in faces], size, still=True), occupied, still=True)
    return canvas


def _frame_box(canvas: Image) -> Box:
    return Box(0, 0, canvas.shape[1], canvas.shape[0])


def picture_text_size(canvas: Image) -> int:
    """Text size for a picture or a frame of any size, pixels."""
    return max(MIN_TEXT_SIZE, round(0.034 * min(canvas.shape[:2])))


def _face_text_size(box: Box, size: int, *, still: bool) -> int:
    """Text size of a label: smaller for a small face, so that labels overlap less; smallest in a still: it can be enlarged."""
    floor = max(MIN_TEXT_SIZE, round(0.3 * size)) if still else max(MIN_LIVE_TEXT_SIZE, round(0.6 * size))
    return min(size, max(floor, round(0.15 * box.width)))


def _paint_boxes(canvas: Image, faces: Sequence[tuple[Face, Box]], size: int, *, still: bool = False) -> list[_VisibleFace]:
    """Draw the boxes of the faces inside the frame. The cards are painted later, over the boxes."""
    clipped = [(face, box, intersection(box, _frame_box(canvas))) for face, box in faces]
    visible = [
        (face, visible_part, _face_text_size(box, size, still=still)) for face, box, visible_part in clipped if visible_part
    ]
    for face, box, text_size in visible:
        colour = UNSURE if face.unsure else EXPRESSION_COLOURS[face.expression]
        draw_face_box(canvas, box, colour, PLATE, max(1, round(text_size / (10 if face.unsure else 7))), dashed=face.unsure)
    return visible


def _paint_labels(
    canvas: Image, visible: Sequence[_VisibleFace], occupied: list[Box], *, bars: bool = True, still: bool = False
) -> None:
    frame = _frame_box(canvas)
    for face, box, text_size in visible:
        card = label_card(face, text_size)
        others = occupied + [other for _, other, _ in visible if other is not box]
        if area := place_card(card, label_positions(card, box), frame, others):
            occupied.append(card.paint(canvas, area.left, area.top))
    readable = [entry for entry in visible if entry[0].reason in {None, LOW_CONFIDENCE}]
    for face, box, text_size in readable if bars else ():
        card = top_three_card(face, text_size)
        others = occupied + [other for _, other, _ in visible if other is not box]
        area = place_card(card, positions_around(card, box), frame, [*others, box], only_free=True)
        if area is None and not still and box.area > 6 * math.prod(card.size_px()):
            # A face close to the camera fills the frame, so its bars go over it; they would hide too much of a smaller face
            area = place_card(card, low_positions(card, box), frame, others, only_free=True)
        if area:
            occupied.append(card.paint(canvas, area.left, area.top))


def _paint_top(canvas: Image, view: ViewState, size: int, blocked: Sequence[Box]) -> list[Box]:
    width = canvas.shape[1]
    cards = _recording_cards(view, size)
    cards.append((mood_card(view.mood, size, view.strategy, view.calibrated, dj=view.dj), False))
    if not view.faces and not view.trouble:
        cards.append((sentence_card("no face", size, width), False))
    if view.frozen:
        cards.append((sentence_card("frozen", size, width), True))
    if view.info:
        cards.append((info_card(view.info, size), True))
    return _stack_top(canvas, cards, size, blocked)


def _recording_cards(view: ViewState, size: int) -> list[tuple[Card, bool]]:
    return [(recording_card(size), True)] if view.recording else []


def _stack_top(canvas: Image, cards: Sequence[tuple[Card, bool]], size: int, blocked: Sequence[Box]) -> list[Box]:
    """Stack cards down from the upper corners: the right one if the flag of a card is set, else the left one.

    Cards that do not fit side by side are placed below each other. `blocked` are areas that no card may overlap.
    """
    width, height = canvas.shape[1], canvas.shape[0]
    occupied, gap = list[Box](), size // 2
    for card, flush_right in cards:
        width_px, height_px = card.size_px()
        left = width - width_px - gap if flush_right else gap
        top = max((box.bottom for box in occupied if box.left < left + width_px and left < box.right), default=0) + gap
        area = Box(left, top, width_px, height_px)
        inside = left >= 0 and left + width_px <= width and top + height_px <= height
        if inside and not any(intersection(area, box) for box in blocked):
            occupied.append(card.paint(canvas, left, top))
    return occupied


def _song_card(view: ViewState, canvas: Image, size: int) -> Card | None:
    return playing_card(view.playing, size, canvas.shape[1] - 2 * (size // 2)) if view.playing else None


def _notice_card(notice: str | None, canvas: Image, size: int) -> Card | None:
    return sentence_card(notice, size, canvas.shape[1] - 4 * (size // 2)) if notice else None


def _rest_card(view: ViewState, canvas: Image, size: int) -> Card | None:
    if view.at_rest is None:
        return None
    return at_rest_card(view.at_rest, size, min(canvas.shape[1] - 4 * (size // 2), _READING_WIDTH * size))


def _paint_bottom(
    canvas: Image, cards: Sequence[Card | None], size: int, blocked: Sequence[Box], below: Sequence[Box] = ()
) -> list[Box]:
    """Stack cards up from the bottom edge, the first card lowest, above the boxes of `below`.

    `blocked` are areas that no card may overlap.
    """
    height, width = canvas.shape[:2]
    occupied, gap = list[Box](), size // 2
    bottom = min([height, *(box.top for box in below)]) - gap
    for card in filter(None, cards):
        width_px, height_px = card.size_px()
        left, top = (width - width_px) // 2, bottom - height_px
        area = Box(left, top, width_px, height_px)
        if width_px <= width and height_px <= bottom and not any(intersection(area, box) for box in blocked):
            occupied.append(card.paint(canvas, left, top))
            bottom -= height_px + gap
    return occupied


def _paint_recommendations(
    canvas: Image, view: ViewState, size: int, blocked: Sequence[Box], below: Sequence[Box]
) -> list[Box]:
    """Paint the fact and above it the movies, over the cards of `below`. In a small image there are fewer lines."""
    width, painted = min(canvas.shape[1] - 4 * (size // 2), _READING_WIDTH * size), list[Box]()
    if view.fact is not None:
        cards = [fact_card(view.fact, size, width), fact_card(view.fact, size, width, with_source=False)]
        painted += _paint_first_fit(canvas, cards, size, blocked, below)
    if view.movies is not None:
        counts = range(len(view.movies.plan.movies), 0, -1)
        cards = [movies_card(view.movies, size, width, count) for count in counts]
        painted += _paint_first_fit(canvas, cards, size, blocked, [*below, *painted])
    return painted


def _paint_explanation(canvas: Image, view: ViewState, size: int, blocked: Sequence[Box]) -> list[Box]:
    """Paint the panel of the explanation at the side that is farther from its face; smaller where it does not fit."""
    if view.explanation is None:
        return []
    frame, gap = _frame_box(canvas), size // 2
    box = view.explanation.face.box
    face = box.mirrored(frame.width) if view.mirrored else box
    # A face in the middle must not make the panel jump to and fro
    sides = (False, True) if face.centre[0] > _CENTRE_RIGHT * frame.width else (True, False)
    smallest = max(MIN_TEXT_SIZE, size * 2 // 3)
    zooms = range(default_zoom(size), 0, -1)
    for free, zoom, text_size, right in product(([*blocked, face], blocked), zooms, {size: 0, smallest: 0}, sides):
        card = explanation_card(view.explanation, text_size, zoom=zoom, mirrored=view.mirrored)
        width, height = card.size_px()
        left = frame.width - gap - width if right else gap
        tops = [gap, *sorted(other.bottom + gap for other in blocked)]
        for top in tops:
            area = Box(left, top, width, height)
            if left >= 0 and area.bottom + gap <= frame.height and not any(intersection(area, other) for other in free):
                return [card.paint(canvas, left, top)]
    return []


def _paint_first_fit(
    canvas: Image, cards: Sequence[Card], size: int, blocked: Sequence[Box], below: Sequence[Box]
) -> list[Box]:
    """Paint the first card that fits over the boxes of `below`."""
    for card in cards:
        if boxes := _paint_bottom(canvas, [card], size, blocked, below):
            return boxes
    return []


def _paint_middle(canvas: Image, sentence: str, size: int, top_cards: Sequence[tuple[Card, bool]]) -> list[Box]:
    """Draw a sentence in the middle of the canvas. In a small image it may use all rows except those of `top_cards`."""
    height, width = canvas.shape[:2]
    margin = max([size // 2, *(size + card.size_px()[1] for card, _ in top_cards)])
    lines = max(1, (height - 2 * margin) // line_height(size))
    card = Card(tuple((Word(line),) for line in wrap(sentence, size, width * 4 // 5, lines)), size)
    width_px, height_px = card.size_px()
    if width_px > width or height_px > height:
        return []
    return [card.paint(canvas, (width - width_px) // 2, (height - height_px) // 2)]


def _paint_help(canvas: Image, size: int) -> list[Box]:
    height, width = canvas.shape[:2]
    for text_size, tall in product(range(size, 4, -1), (False, True)):
        card = help_card(text_size, tall=tall)
        width_px, height_px = card.size_px()
        if width_px <= width and height_px <= height:
            return [card.paint(canvas, (width - width_px) // 2, (height - height_px) // 2)]
    return []


def label_positions(card: Card, box: Box) -> list[Position]:
    """Candidate positions of a label, best first: above the face, then inside a large face, but below a small one."""
    width, height = card.size_px()
    below, *_, above = positions_around(card, box)
    outside, inside = [above, (box.right - width, above[1])], positions_within(card, box)
    # A face that fills the frame has other cards in its corners, so a large face gets positions between them
    if box.height > 5 * height:
        return [*outside, *inside, *low_positions(card, box), below]
    return [*outside, below, *inside]


def positions_around(card: Card, box: Box) -> list[Position]:
    """Positions outside a face: below, right, left, above."""
    (width, height), gap = card.size_px(), _gap(card)
    return [
        (box.left, box.bottom + gap),
        (box.right + gap, box.top),
        (box.left - width - gap, box.top),
        (box.left, box.top - height - gap),
    ]


def positions_within(card: Card, box: Box) -> list[Position]:
    """Positions in the corners of a face: upper left, upper right, lower right, lower left."""
    (width, height), gap = card.size_px(), _gap(card)
    left, right, top, bottom = box.left + gap, box.right - width - gap, box.top + gap, box.bottom - height - gap
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def low_positions(card: Card, box: Box) -> list[Position]:
    """Positions in the lower corners of a face, then higher ones, above hints and a notice."""
    *_, right, left = positions_within(card, box)
    return [(corner[0], corner[1] - lift) for lift in range(0, box.height // 2, card.size) for corner in (left, right)]


def _gap(card: Card) -> int:
    return max(3, card.size // 4)


def place_card(
    card: Card, positions: Sequence[Position], frame: Box, occupied: Sequence[Box], *, only_free: bool = False
) -> Box | None:
    """Choose the position of a card that hides the least of the occupied boxes; of equal positions the first.

    Each position is moved into the frame before.

    Returns:
        The box of the card; None if the card is larger than the frame, or with `only_free` if each position hides something.
    """
    width, height = card.size_px()
    if width > frame.width or height > frame.height:
        return None
    best: tuple[int, int, int] | None = None
    for wanted_left, wanted_top in positions:
        left, top = min(max(wanted_left, 0), frame.width - width), min(max(wanted_top, 0), frame.height - height)
        hidden = _hidden_area(left, top, width, height, occupied)
        if best is None or hidden < best[0]:
            best = hidden, left, top
            if not hidden:
                break
    if best is None or (only_free and best[0]):
        return None
    return Box(best[1], best[2], width, height)


def _hidden_area(left: int, top: int, width: int, height: int, occupied: Sequence[Box]) -> int:
    """How many pixels of the boxes an area hides; a pixel of two boxes counts twice."""
    hidden, right, bottom = 0, left + width, top + height
    # Without `intersection`, which makes a box: a frame has hundreds of these pairs
    for box in occupied:
        common_width = min(right, box.left + box.width) - max(left, box.left)
        common_height = min(bottom, box.top + box.height) - max(top, box.top)
        if common_width > 0 and common_height > 0:
            hidden += common_width * common_height
    return hidden


def intersection(one: Box, other: Box) -> Box | None:
    """Intersection of two boxes; None if they share no pixel."""
    left, top = max(one.left, other.left), max(one.top, other.top)
    width, height = min(one.right, other.right) - left, min(one.bottom, other.bottom) - top
    return Box(left, top, width, height) if width > 0 and height > 0 else None
