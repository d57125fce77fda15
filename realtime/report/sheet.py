"""A sheet of paper that plots and lines of text are drawn on from top to bottom, in pixels of a picture.

It is drawn with OpenCV and the overlay's text, which every installation has and which knows all scripts: a picture of a
report needs no browser and no plotting library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.overlay.shapes import blend_mask
from realtime.overlay.text import ellipsize, line_height, text_mask, text_width, wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from realtime.domain import Image
    from realtime.overlay.shapes import Colour

WIDTH = 1200
"""Width of a sheet in pixels."""
MARGIN = 60
PAPER: Colour = (255, 255, 255)
INK: Colour = (25, 27, 29)
DIM: Colour = (82, 88, 93)
LINE: Colour = (207, 216, 221)

_SHIFT = 4
"""Binary digits behind the point of a corner: a corner between two pixels makes a smooth line."""
_GROWTH = 2000


class Sheet:
    """A picture that grows downwards.

    Attributes:
        top: where the next thing is drawn, pixels from the top.
    """

    def __init__(self) -> None:
        self.top = MARGIN
        self._canvas: Image = np.full((_GROWTH, WIDTH, 3), 255, np.uint8)

    def picture(self) -> Image:
        """The sheet up to its last line, (height, `WIDTH`, 3) uint8 BGR."""
        return self._canvas[: self.top + MARGIN].copy()

    def skip(self, height: int) -> None:
        """Leave room, pixels."""
        self.reserve(height)
        self.top += height

    def reserve(self, height: int) -> None:
        """Make the paper long enough for so many more pixels."""
        missing = self.top + height + 2 * MARGIN - len(self._canvas)
        if missing > 0:
            more = np.full((max(missing, _GROWTH), WIDTH, 3), 255, np.uint8)
            self._canvas = np.concatenate([self._canvas, more])

    def paragraph(self, words: str, size: int, *, colour: Colour = INK, bold: bool = False, lines: int = 4) -> None:
        """Write a text over the whole width, in at most so many lines."""
        for line in wrap(words, size, WIDTH - 2 * MARGIN, lines, bold=bold):
            self.reserve(line_height(size))
            self.write(line, MARGIN, size, colour=colour, bold=bold)
            self.top += line_height(size)

    def write(
        self, words: str, left: int, size: int, *, width: int = WIDTH, colour: Colour = INK, bold: bool = False, down: int = 0
    ) -> None:
        """Write one line at a place, `down` pixels below `top`, shortened to a width; `top` stays."""
        fitting = ellipsize(words, size, min(width, WIDTH - MARGIN - left), bold=bold)
        blend_mask(self._canvas, text_mask(fitting, size, bold=bold), left, self.top + down, colour)

    def write_right(self, words: str, right: int, size: int, *, colour: Colour = INK, down: int = 0) -> None:
        """Write one line that ends at a place; `top` stays."""
        self.write(words, right - text_width(words, size), size, colour=colour, down=down)

    def rectangle(self, left: float, right: float, height: int, colour: Colour, *, down: int = 0) -> None:
        """Fill a rectangle, `down` pixels below `top`; one that is narrower than a pixel is one pixel wide."""
        first, last = round(left), max(round(left) + 1, round(right))
        self._canvas[self.top + down : self.top + down + height, first:last] = colour

    def polygon(self, corners: Iterable[tuple[float, float]], colour: Colour, edge: Colour | None = None) -> None:
        """Fill a polygon with smooth edges; corners in pixels from the left, and below `top`."""
        points = np.array([(x, y + self.top) for x, y in corners])
        fixed = [np.round(points * 2**_SHIFT).astype(np.int32)]
        cv2.fillPoly(self._canvas, fixed, colour, cv2.LINE_AA, _SHIFT)
        if edge is not None:
            cv2.polylines(self._canvas, fixed, isClosed=True, color=edge, thickness=1, lineType=cv2.LINE_AA, shift=_SHIFT)

    def curve(self, corners: Sequence[tuple[float, float]], colour: Colour, thickness: int) -> None:
        """Draw an open line; corners as for `polygon`."""
        points = np.array([(x, y + self.top) for x, y in corners])
        fixed = [np.round(points * 2**_SHIFT).astype(np.int32)]
        cv2.polylines(
            self._canvas, fixed, isClosed=False, color=colour, thickness=thickness, lineType=cv2.LINE_AA, shift=_SHIFT
        )


def mix(colour: Colour, amount: float, paper: Colour = PAPER) -> Colour:
    """A colour on paper, with an opacity of 0..1."""
    blue, green, red = (round(amount * ink + (1 - amount) * below) for ink, below in zip(colour, paper, strict=True))
    return blue, green, red
