"""Cards of the overlay: layout and painting of rows of words, keys and bars on a dark plate (background), and the colours."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from realtime.domain import Box, Expression, Image
from realtime.overlay.shapes import Colour, IconName, blend_mask, icon, paste, rounded_rect
from realtime.overlay.text import line_height, text_mask, text_width
from realtime.session.colours import RGB

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


@dataclass(frozen=True, slots=True)
class Card:
    """Rows of cells on one plate.

    Attributes:
        rows: from top to bottom, each from left to right.
        size: text size in pixels; every other length is relative to it.
        opacity: opacity of the plate, 0..255.
        padding: space between plate edge and rows in text sizes: left and right, then top and bottom.
    """

    rows: tuple[tuple[Cell, ...], ...]
    size: int
    opacity: int = PLATE_OPACITY
    padding: tuple[float, float] = (0.5, 0.2)

    def size_px(self) -> tuple[int, int]:
        """Width and height of the plate in pixels."""
        return _card_size(self)

    def paint(self, canvas: Image, left: int, top: int) -> Box:
        """Paint the card into `canvas` in place, and return the box of its plate. The canvas clips the card."""
        width, height = self.size_px()
        plate = Box(left, top, width, height)
        blend_mask(canvas, rounded_rect(width, height, round(0.35 * self.size), self.opacity), left, top, PLATE)
        side_edge, top_edge = self.padding_px()
        row_top = top + top_edge
        for row in self.rows:
            row_height = _row_height(row, self.size)
            for cell, offset in _layout_row(row, self.size):
                _paint_cell(canvas, cell, left + side_edge + offset, row_top, row_height, self.size)
            row_top += row_height
        return plate

    def padding_px(self) -> tuple[int, int]:
        """Space between plate edge and rows in pixels: left and right, then top and bottom."""
        return round(self.padding[0] * self.size), round(self.padding[1] * self.size)


@lru_cache(maxsize=512)
def _card_size(card: Card) -> tuple[int, int]:
    # Cached: the search for a place of a card reads its size many times
    width = max((_row_width(row, card.size) for row in card.rows), default=0)
    heights = sum(_row_height(row, card.size) for row in card.rows)
    side_edge, top_edge = card.padding_px()
    return width + 2 * side_edge, heights + 2 * top_edge


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


def _layout_row(row: tuple[Cell, ...], size: int) -> list[tuple[Cell, int]]:
    """Each cell with its distance from the left end of the row, in pixels."""
    x, placed = 0, list[tuple[Cell, int]]()
    for cell in row:
        if isinstance(cell, TabStop):
            x = max(x, round(cell.at * size))
            continue
        placed.append((cell, x))
        x += _cell_width(cell, size) + round(0.4 * size)
    return placed


def _row_width(row: tuple[Cell, ...], size: int) -> int:
    return max((offset + _cell_width(cell, size) for cell, offset in _layout_row(row, size)), default=0)


def _row_height(row: tuple[Cell, ...], size: int) -> int:
    if all(isinstance(cell, Bar) for cell in row):
        return round(0.7 * size)
    if row and all(isinstance(cell, Picture) for cell in row):
        return max(cell.height_px for cell in row if isinstance(cell, Picture)) + round(0.4 * size)
    return line_height(size) + (round(0.4 * size) if any(isinstance(cell, KeyCap) for cell in row) else 0)


def _paint_cell(canvas: Image, cell: Cell, left: int, top: int, height: int, size: int) -> None:
    width = _cell_width(cell, size)
    match cell:
        case Word(text, colour, bold):
            mask = text_mask(text, size, bold=bold)
            indent = width - mask.shape[1]
            blend_mask(canvas, mask, left + indent, top + (height - mask.shape[0]) // 2, colour)
        case KeyCap(text):
            height_px = round(1.3 * size)
            blend_mask(
                canvas, rounded_rect(width, height_px, round(0.3 * size)), left, top + (height - height_px) // 2, KEY_COLOUR
            )
            mask = text_mask(text, _key_text_size(size), bold=True)
            blend_mask(canvas, mask, left + (width - mask.shape[1]) // 2, top + (height - mask.shape[0]) // 2, BRIGHT)
        case Bar(share, colour, _):
            height_px = max(2, round(0.4 * size))
            blend_mask(
                canvas, rounded_rect(width, height_px, height_px // 2), left, top + (height - height_px) // 2, BAR_BACKGROUND
            )
            filled = round(min(1.0, max(0.0, share)) * width)
            if filled:
                blend_mask(
                    canvas, rounded_rect(filled, height_px, height_px // 2), left, top + (height - height_px) // 2, colour
                )
        case Dot(colour):
            blend_mask(canvas, rounded_rect(width, width, width // 2), left, top + (height - width) // 2, colour)
        case Icon(name, colour):
            blend_mask(canvas, icon(name, width), left, top + (height - width) // 2, colour)
        case Picture(pixels, zoom):
            enlarged = np.repeat(np.repeat(pixels, zoom, axis=0), zoom, axis=1)
            paste(canvas, enlarged, left, top + (height - cell.height_px) // 2)
        case Gap() | TabStop():
            pass
