"""The panel of an explanation: the crop that the network got, the map over it with its legend, and the answer.

Two of the colours of Okabe and Ito (see `session.colours`) show the map: orange where the expression gets less probable if the
part is covered, blue where it gets more probable. Readers with any common colour deficiency can tell them apart.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import Expression, Image
from realtime.overlay.panels import MIN_TEXT_SIZE, smaller_size
from realtime.overlay.text import text_width
from realtime.overlay.widgets import DIM, EXPRESSION_COLOURS, PLATE, PLATE_OPACITY, Card, Cell, Picture, Word
from realtime.session.explanation_text import BEFORE_CALIBRATION, second_heading, short_percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from realtime.classifier.occlusion import Explanation, Map

FALLS = np.array(EXPRESSION_COLOURS[Expression.SURPRISE], np.float32)
"""Orange: the expression gets less probable."""
RISES = np.array(EXPRESSION_COLOURS[Expression.SAD], np.float32)
"""Blue: it gets more probable."""
_MOST_INK = 0.75
"""Opacity of the largest drop: the crop stays visible below it."""
_CROP_WIDTH = 6
"""Width of a crop in text sizes, as near as whole pixels allow."""
_LEGEND_GREY = 128
_READ_OPACITY = max(PLATE_OPACITY, 235)


@lru_cache(maxsize=16)
def explanation_card(
    explanation: Explanation, size: int, *, zoom: int | None = None, mirrored: bool = False, number: int | None = None
) -> Card:
    """Panel of an explanation.

    Args:
        explanation: what is shown.
        size: text size in pixels.
        zoom: side of a pixel of the crop in pixels of the screen; None: by the text size.
        mirrored: whether crop and map are flipped left to right, as the face on the screen is.
        number: number of the face in a picture; None: it has none.
    """
    zoom = default_zoom(size) if zoom is None else zoom
    size = smaller_size(size)
    drops = explanation.map
    peak = float(np.abs(drops).max())
    crop = np.repeat(explanation.crop[:, :, np.newaxis], 3, axis=2)
    pictures = [crop, blend_map(crop, drops, peak)]
    pictures = [picture[:, ::-1] for picture in pictures] if mirrored else pictures
    name, (second, second_share) = explanation.face.expression.value, explanation.second
    tag = () if number is None else (Word(f"{number}", bold=True),)
    rows: list[tuple[Cell, ...]] = [
        tuple(Picture(picture, zoom) for picture in pictures),
        (*tag, Word(name, bold=True), Word(f"{explanation.probability:.0%}")),
        (Word(second_heading(explanation), DIM), Word(f"{second.value} {second_share:.0%}")),
    ]
    if explanation.face.calibrated and not explanation.calibrated:
        rows.append((Word(BEFORE_CALIBRATION, DIM),))
    if explanation.face.reason is not None:
        rows.append((Word("not sure:", DIM), Word(explanation.face.reason)))
    rows += [(Word(f"{name} if covered:", DIM),), _legend(peak, size, 2 * zoom * explanation.crop.shape[1])]
    return Card(tuple(rows), size, opacity=_READ_OPACITY)


def append_panels(picture: Image, explanations: Sequence[Explanation], size: int) -> Image:
    """Put the panels of explanations below a picture, in rows, and number panels and faces if there are several.

    Args:
        picture: (height, width, 3) uint8 BGR; the numbers are drawn into it.
        explanations: of faces of the picture, one or more; boxes in its pixels.
        size: text size in pixels.

    Returns:
        A new picture: higher, and wider if a panel is wider than the picture.
    """
    numbers = range(1, len(explanations) + 1) if len(explanations) > 1 else [None]
    for number, explanation in zip(numbers, explanations, strict=True):
        if number is not None:
            _paint_number(picture, explanation, number, size)
    cards = [explanation_card(each, size, number=number) for each, number in zip(explanations, numbers, strict=True)]
    gap, sizes = size // 2, [card.size_px() for card in cards]
    column = max(width for width, _ in sizes) + gap
    row = max(height for _, height in sizes) + gap
    height, width = picture.shape[:2]
    columns = max(1, (width - gap) // column)
    rows = -(-len(cards) // columns)
    canvas = np.empty((height + rows * row + gap, max(width, column + gap), 3), np.uint8)
    canvas[:] = PLATE
    canvas[:height, :width] = picture
    for place, card in enumerate(cards):
        card.paint(canvas, gap + place % columns * column, height + gap + place // columns * row)
    return canvas


def _paint_number(picture: Image, explanation: Explanation, number: int, size: int) -> None:
    """Paint the number of a face into the lower left corner of its box."""
    box = explanation.face.box
    card = Card(((Word(f"{number}", bold=True),),), min(size, max(MIN_TEXT_SIZE, round(0.15 * box.width))))
    card.paint(picture, max(0, box.left), min(picture.shape[0], box.bottom) - card.size_px()[1])


def default_zoom(size: int) -> int:
    """Side of a pixel of the crop in pixels of the screen, for a text size in pixels."""
    return max(1, round(_CROP_WIDTH * size / 48))


def blend_map(crop: Image, drops: Map, peak: float) -> Image:
    """Blend the colours of a map into a crop.

    Args:
        crop: (height, width, 3) uint8 BGR.
        drops: (height, width); a drop of `peak` or more gets the full colour.
        peak: 0 or more; 0 gives no colour.
    """
    shares = np.clip(drops / peak, -1, 1)[:, :, np.newaxis] if peak > 0 else np.zeros((*drops.shape, 1), np.float32)
    ink = np.abs(shares) * _MOST_INK
    return (crop * (1 - ink) + np.where(shares > 0, FALLS, RISES) * ink).astype(np.uint8)


def _legend(peak: float, size: int, width: int) -> tuple[Cell, ...]:
    """Row with the colours of all drops, from a rise to a drop of `peak`."""
    rise, fall = Word(f"+{short_percent(peak)}"), Word(f"–{short_percent(peak)}")
    room = width - sum(text_width(word.text, size) for word in (rise, fall)) - 2 * round(0.4 * size)
    columns = np.linspace(-1, 1, max(room, 2 * size), dtype=np.float32)
    scale: NDArray[np.float32] = np.repeat(columns[np.newaxis], max(2, round(0.6 * size)), axis=0)
    grey = np.full((*scale.shape, 3), _LEGEND_GREY, np.uint8)
    return rise, Picture(blend_map(grey, scale, 1)), fall
