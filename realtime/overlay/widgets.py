"""The small cards that the overlay consists of: rows of words, keys and bars on a dark plate.

Colours are those of Okabe and Ito, "Color Universal Design" (2008, https://jfly.uni-koeln.de/color/), chosen so that eyes
with any of the common colour deficiencies tell them apart. No card says anything by colour alone.
"""

from dataclasses import dataclass
from functools import lru_cache

from realtime.domain import Box, Expression, Image
from realtime.overlay.shapes import Colour, IconName, blend_mask, icon, rounded_rect
from realtime.overlay.text import line_height, text_mask, text_width

EXPRESSION_COLOURS: dict[Expression, Colour] = {
    Expression.ANGRY: (0, 94, 213),  # vermilion
    Expression.DISGUST: (115, 158, 0),  # bluish green
    Expression.FEAR: (167, 121, 204),  # reddish purple
    Expression.HAPPY: (66, 228, 240),  # yellow
    Expression.NEUTRAL: (233, 180, 86),  # sky blue
    Expression.SAD: (178, 114, 0),  # blue
    Expression.SURPRISE: (0, 159, 230),  # orange
}
BRIGHT: Colour = (250, 250, 250)
DIM: Colour = (206, 202, 200)
UNSURE: Colour = (225, 225, 225)
PLATE: Colour = (26, 20, 16)
RED: Colour = (80, 80, 245)
CAP: Colour = (106, 97, 90)
TRACK: Colour = (94, 84, 77)

PLATE_COVER = 212
"""How much of the picture a plate covers, of 255: over pure white the dimmest text still has the 4.5:1 of WCAG 2 AA."""


@dataclass(frozen=True, slots=True)
class Word:
    """Text; flush right if it is given `room`, in text sizes."""

    text: str
    colour: Colour = BRIGHT
    bold: bool = False
    room: float = 0


@dataclass(frozen=True, slots=True)
class KeyCap:
    """A key of the keyboard."""

    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A share 0..1 as a bar, `length` text sizes long."""

    share: float
    colour: Colour
    length: float


@dataclass(frozen=True, slots=True)
class Dot:
    """A spot of colour beside the word that it belongs to."""

    colour: Colour


@dataclass(frozen=True, slots=True)
class Icon:
    """A sign that fonts lack."""

    sign: IconName
    colour: Colour = BRIGHT


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing, `length` text sizes long."""

    length: float


@dataclass(frozen=True, slots=True)
class TabStop:
    """The next cell of the row begins `at` text sizes or later."""

    at: float


Cell = Word | KeyCap | Bar | Dot | Icon | Gap | TabStop


@dataclass(frozen=True, slots=True)
class Card:
    """Rows of cells on one plate.

    Attributes:
        rows: from top to bottom, each from left to right.
        size: pixels of the text; everything else follows it.
        cover: how much of the picture the plate covers, 0..255.
        padding: text sizes between the edge of the plate and its rows: at the sides, above and below.
    """

    rows: tuple[tuple[Cell, ...], ...]
    size: int
    cover: int = PLATE_COVER
    padding: tuple[float, float] = (0.5, 0.2)

    def size_px(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return _extent(self)

    def paint(self, canvas: Image, left: int, top: int) -> Box:
        """Paint onto `canvas`, in place; what lies outside is cut off. Returns where the plate lies."""
        width, height = self.size_px()
        plate = Box(left, top, width, height)
        blend_mask(canvas, rounded_rect(width, height, round(0.35 * self.size), self.cover), left, top, PLATE)
        beside, above = self.edges()
        row_top = top + above
        for row in self.rows:
            row_height = _row_height(row, self.size)
            for cell, offset in _laid_out(row, self.size):
                _paint_cell(canvas, cell, left + beside + offset, row_top, row_height, self.size)
            row_top += row_height
        return plate

    def edges(self) -> tuple[int, int]:
        """Pixels between the edge of the plate and its rows: at the sides, above and below."""
        return round(self.padding[0] * self.size), round(self.padding[1] * self.size)


@lru_cache(maxsize=512)
def _extent(card: Card) -> tuple[int, int]:
    # Asked again and again while a place for the card is looked for
    width = max((_row_width(row, card.size) for row in card.rows), default=0)
    heights = sum(_row_height(row, card.size) for row in card.rows)
    beside, above = card.edges()
    return width + 2 * beside, heights + 2 * above


def _cell_width(cell: Cell, size: int) -> int:
    match cell:
        case Word(text, _, bold, room):
            return max(text_width(text, size, bold=bold), round(room * size))
        case KeyCap(text):
            return max(text_width(text, _cap_size(size), bold=True) + round(0.6 * size), round(1.3 * size))
        case Bar(_, _, length) | Gap(length):
            return round(length * size)
        case Dot() | Icon():
            return round(0.7 * size)
        case TabStop():
            return 0


def _cap_size(size: int) -> int:
    return max(1, round(0.85 * size))


def _laid_out(row: tuple[Cell, ...], size: int) -> list[tuple[Cell, int]]:
    """Each cell with its distance from the left end of the row."""
    pen, places = 0, list[tuple[Cell, int]]()
    for cell in row:
        if isinstance(cell, TabStop):
            pen = max(pen, round(cell.at * size))
            continue
        places.append((cell, pen))
        pen += _cell_width(cell, size) + round(0.4 * size)
    return places


def _row_width(row: tuple[Cell, ...], size: int) -> int:
    return max((offset + _cell_width(cell, size) for cell, offset in _laid_out(row, size)), default=0)


def _row_height(row: tuple[Cell, ...], size: int) -> int:
    if all(isinstance(cell, Bar) for cell in row):
        return round(0.7 * size)
    return line_height(size) + (round(0.4 * size) if any(isinstance(cell, KeyCap) for cell in row) else 0)


def _paint_cell(canvas: Image, cell: Cell, left: int, top: int, height: int, size: int) -> None:
    width = _cell_width(cell, size)
    match cell:
        case Word(text, colour, bold):
            mask = text_mask(text, size, bold=bold)
            flush = width - mask.shape[1]
            blend_mask(canvas, mask, left + flush, top + (height - mask.shape[0]) // 2, colour)
        case KeyCap(text):
            tall = round(1.3 * size)
            blend_mask(canvas, rounded_rect(width, tall, round(0.3 * size)), left, top + (height - tall) // 2, CAP)
            mask = text_mask(text, _cap_size(size), bold=True)
            blend_mask(canvas, mask, left + (width - mask.shape[1]) // 2, top + (height - mask.shape[0]) // 2, BRIGHT)
        case Bar(share, colour, _):
            tall = max(2, round(0.4 * size))
            blend_mask(canvas, rounded_rect(width, tall, tall // 2), left, top + (height - tall) // 2, TRACK)
            filled = round(min(1.0, max(0.0, share)) * width)
            if filled:
                blend_mask(canvas, rounded_rect(filled, tall, tall // 2), left, top + (height - tall) // 2, colour)
        case Dot(colour):
            blend_mask(canvas, rounded_rect(width, width, width // 2), left, top + (height - width) // 2, colour)
        case Icon(name, colour):
            blend_mask(canvas, icon(name, width), left, top + (height - width) // 2, colour)
        case Gap() | TabStop():
            pass
