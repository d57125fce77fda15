"""Cards of the overlay: layout and painting of rows of words, keys and bars on a dark plate (background), and the colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import Box, Expression, Image
from realtime.overlay.layers import LayerCache, Layers, Stamp, merge_stamps
from realtime.overlay.shapes import Colour, IconName, icon, rounded_rect
from realtime.overlay.text import Mask, line_height, text_mask, text_width
from realtime.session.colours import RGB

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPRESSION_COLOURS: dict[Expression, Colour] = {each: (blue, green, red) for each, (red, green, blue) in RGB.items()}
"""The colours of `session.colours` in the order of OpenCV."""
BRIGHT: Colour = (250, 250, 250)
DIM: Colour = (206, 202, 200)
UNSURE: Colour = (225, 225, 225)
PLATE: Colour = (26, 20, 16)
RED: Colour = (80, 80, 245)
KEY_COLOUR: Colour = (106, 97, 90)
BAR_BACKGROUND: Colour = (94, 84, 77)

PLATE_OPACITY = 212
"""Opacity of a plate, 0..255: over pure white the dimmest text still has the contrast of 4.5:1 of WCAG 2 AA."""


@dataclass(frozen=True, slots=True)
class Word:
    """Text; right-aligned in `min_width` if the text is narrower. `min_width` is in text sizes."""

    text: str
    colour: Colour = BRIGHT
    bold: bool = False
    min_width: float = 0


@dataclass(frozen=True, slots=True)
class KeyCap:
    """A key of the keyboard."""

    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """Bar of `length` text sizes, filled up to `share`, 0..1."""

    share: float
    colour: Colour
    length: float


@dataclass(frozen=True, slots=True)
class Dot:
    """Coloured dot beside a word."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class Icon:
    """Icon that fonts lack."""

    name: IconName
    colour: Colour = BRIGHT


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels, (height, width, 3) uint8 BGR, each painted as a square of `zoom` pixels: enlarged, but not smoothed."""

    pixels: Image
    zoom: int = 1

    @property
    def height_px(self) -> int:
        """Height in pixels as painted."""
        return self.pixels.shape[0] * self.zoom

    @property
    def width_px(self) -> int:
        """Width in pixels as painted."""
        return self.pixels.shape[1] * self.zoom


@dataclass(frozen=True, slots=True)
class Gap:
    """Empty space of `length` text sizes."""

    length: float


@dataclass(frozen=True, slots=True)
class TabStop:
    """Tab stop: the next cell of the row starts `at` text sizes from the left end of the row, or later."""

    at: float


Cell = Word | KeyCap | Bar | Dot | Icon | Picture | Gap | TabStop


Row = tuple[Cell, ...]
"""Cells from left to right."""


# No slots: a card keeps what it has measured
@dataclass(frozen=True)
class Card:
    """Rows of cells on one plate.

    Attributes:
        rows: from top to bottom, each from left to right.
        size: text size in pixels; every other length is relative to it.
        opacity: opacity of the plate, 0..255.
        padding: space between plate edge and rows in text sizes: left and right, then top and bottom.
    """

    rows: tuple[Row, ...]
    size: int
    opacity: int = PLATE_OPACITY
    padding: tuple[float, float] = (0.5, 0.2)

    def size_px(self) -> tuple[int, int]:
        """Width and height of the plate in pixels."""
        return self._measured.width, self._measured.height

    def paint(self, canvas: Image, left: int, top: int) -> Box:
        """Paint the card into `canvas` in place, and return the box of its plate. The canvas clips the card."""
        measured = self._measured
        for layer in _layers.get((tuple(measured.rows), self.size, self.opacity, self.padding), self._stamps):
            layer.blend(canvas, left, top)
        return Box(left, top, measured.width, measured.height)

    def _stamps(self) -> Layers:
        measured = self._measured
        plate = rounded_rect(measured.width, measured.height, round(0.35 * self.size), self.opacity)
        side_edge, top_edge = self.padding_px()
        stamps = [Stamp.of_mask(plate, 0, 0, PLATE)]
        for row, height in zip(measured.rows, measured.heights, strict=True):
            stamps += [layer.moved(side_edge, top_edge) for layer in _row_layers(row, self.size)]
            top_edge += height
        return merge_stamps(stamps)

    def padding_px(self) -> tuple[int, int]:
        """Space between plate edge and rows in pixels: left and right, then top and bottom."""
        return round(self.padding[0] * self.size), round(self.padding[1] * self.size)

    @cached_property
    def _measured(self) -> _MeasuredRows:
        # Kept: the search for a place of a card reads its size many times
        rows = [tuple([_settle(cell, self.size) for cell in row]) for row in self.rows]
        sizes = [_row_size(row, self.size) for row in rows]
        side_edge, top_edge = self.padding_px()
        heights = [height for _, height in sizes]
        width = max((width for width, _ in sizes), default=0)
        return _MeasuredRows(rows, heights, width + 2 * side_edge, sum(heights) + 2 * top_edge)


@dataclass(frozen=True, slots=True, eq=False)
class _MeasuredRows:
    """Rows as they are painted, the height of each, and the size of the plate around them; pixels."""

    rows: list[Row]
    heights: list[int]
    width: int
    height: int


_layers = LayerCache()
"""Of the cards that were painted last, and of their rows: often one row of a card changes."""


def forget_layers() -> None:
    """Forget what was painted, so that the next card is painted anew; the picture stays the same."""
    _layers.clear()


def _row_layers(row: Row, size: int) -> Layers:
    def make() -> Layers:
        height = _row_size(row, size)[1]
        placed = _layout_row(row, size)
        return merge_stamps([stamp for cell, left in placed for stamp in _cell_stamps(cell, left, height, size)])

    return _layers.get((row, size), make)


def _settle(cell: Cell, size: int) -> Cell:
    """The cell; of bars with equally many pixels filled the same one, so that a small change paints nothing anew."""
    if not isinstance(cell, Bar):
        return cell
    width = _cell_width(cell, size)
    return Bar(_filled_px(cell.share, width) / max(1, width), cell.colour, cell.length)


def _filled_px(share: float, width: int) -> int:
    return round(min(1.0, max(0.0, share)) * width)


def _cell_width(cell: Cell, size: int) -> int:
    match cell:
        case Word(text, _, bold, min_width):
            return max(text_width(text, size, bold=bold), round(min_width * size))
        case KeyCap(text):
            return max(text_width(text, _key_text_size(size), bold=True) + round(0.6 * size), round(1.3 * size))
        case Bar(_, _, length) | Gap(length):
            return round(length * size)
        case Dot() | Icon():
            return round(0.7 * size)
        case Picture():
            return cell.width_px
        case TabStop():
            return 0


def _key_text_size(size: int) -> int:
    return max(1, round(0.85 * size))


def _layout_row(row: Row, size: int) -> list[tuple[Cell, int]]:
    """Each cell with its distance from the left end of the row, in pixels."""
    x, placed = 0, list[tuple[Cell, int]]()
    for cell in row:
        if isinstance(cell, TabStop):
            x = max(x, round(cell.at * size))
            continue
        placed.append((cell, x))
        x += _cell_width(cell, size) + round(0.4 * size)
    return placed


@lru_cache(maxsize=512)
def _row_size(row: Row, size: int) -> tuple[int, int]:
    """Width and height of a row in pixels."""
    width = max((offset + _cell_width(cell, size) for cell, offset in _layout_row(row, size)), default=0)
    return width, _row_height(row, size)


def _row_height(row: Row, size: int) -> int:
    if all(isinstance(cell, Bar) for cell in row):
        return round(0.7 * size)
    if row and all(isinstance(cell, Picture) for cell in row):
        return max(cell.height_px for cell in row if isinstance(cell, Picture)) + round(0.4 * size)
    return line_height(size) + (round(0.4 * size) if any(isinstance(cell, KeyCap) for cell in row) else 0)


def _cell_stamps(cell: Cell, left: int, height: int, size: int) -> Iterator[Stamp]:
    """What a cell paints, `left` pixels from the left end of a row of `height` pixels, in the order of painting."""
    width = _cell_width(cell, size)
    match cell:
        case Word(text, colour, bold):
            mask = text_mask(text, size, bold=bold)
            yield _centred(mask, left + width - mask.shape[1], height, colour)
        case KeyCap(text):
            yield _centred(rounded_rect(width, round(1.3 * size), round(0.3 * size)), left, height, KEY_COLOUR)
            mask = text_mask(text, _key_text_size(size), bold=True)
            yield _centred(mask, left + (width - mask.shape[1]) // 2, height, BRIGHT)
        case Bar(share, colour, _):
            height_px = max(2, round(0.4 * size))
            for length, ink in ((width, BAR_BACKGROUND), (_filled_px(share, width), colour)):
                if length:
                    yield _centred(rounded_rect(length, height_px, height_px // 2), left, height, ink)
        case Dot(colour):
            yield _centred(rounded_rect(width, width, width // 2), left, height, colour)
        case Icon(name, colour):
            yield _centred(icon(name, width), left, height, colour)
        case Picture(pixels, zoom):
            enlarged = np.repeat(np.repeat(pixels, zoom, axis=0), zoom, axis=1)
            yield Stamp.of_picture(enlarged, left, (height - cell.height_px) // 2)
        case Gap() | TabStop():
            pass


def _centred(mask: Mask, left: int, height: int, colour: Colour) -> Stamp:
    return Stamp.of_mask(mask, left, (height - mask.shape[0]) // 2, colour)
