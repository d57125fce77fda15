"""Turn text of any script into masks of ink with real fonts; `cv2.putText` knows ASCII only."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from realtime.overlay.bidi import drawable_text, graphemes
from realtime.overlay.shaping import TextLine, layout_line, render_line, shipped_font, split_runs

Mask = NDArray[np.uint8]
"""Shape (height, width), 0 leaves a pixel alone and 255 covers it."""

LONGEST = 400
"""Characters of a text that are looked at: no screen holds more, and a name of a file may have any length."""

LARGEST_KEPT = 80
"""Pixels of the largest text that is kept for the next frame, above that of 4K: bigger pictures come one at a time."""

_ELLIPSIS = "…"


def preload_fonts(text: str) -> None:
    """Look for the fonts of a text, so that drawing it later holds up no frame: the first strange letter takes a while."""
    split_runs(_clean(text))


def text_mask(text: str, size: int, *, bold: bool = False) -> Mask:
    """Draw one line of text.

    Args:
        text: anything; what cannot be printed becomes a space, a letter that no font has becomes a box.
        size: pixels of the font, above zero.
        bold: the heavier of the two fonts.

    Returns:
        A read-only mask; its height depends on `size` alone, so that lines of one size share a baseline.
    """
    keep = _kept_mask if size <= LARGEST_KEPT else _new_mask
    return keep(_clean(text), size, bold=bold)


def text_width(text: str, size: int, *, bold: bool = False) -> int:
    """Width in pixels of `text_mask` with the same arguments."""
    set_line = _kept_line(_clean(text), size, bold=bold)
    return set_line.right - set_line.left


def line_height(size: int) -> int:
    """Height in pixels of every mask of this size."""
    ascent, descent = shipped_font(size, bold=False).getmetrics()
    return ascent + descent


@lru_cache(maxsize=64)
def wrap(text: str, size: int, width: int, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """Break a text into lines of at most `width` pixels; what does not fit into `lines` of them ends in an ellipsis.

    Breaks between words, and inside a word that is wider than a line, such as the path of a file; never inside a letter.
    """
    broken: list[str] = []
    rest = _clean(text).strip()
    while rest:
        if len(broken) == lines - 1:
            broken.append(ellipsize(rest, size, width, bold=bold))
            break
        cut = _fitting(rest, size, width, bold=bold)
        if cut < len(rest):
            space = rest.rfind(" ", 0, cut + 1)
            cut = space if space > 0 else cut
        broken.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return tuple(broken)


@lru_cache(maxsize=256)
def ellipsize(text: str, size: int, width: int, *, bold: bool = False) -> str:
    """Return the text, or as much of it as fits into `width` pixels with an ellipsis; at least its first letter."""
    text = _clean(text)
    cut = _fitting(text, size, width, bold=bold)
    if cut == len(text):
        return text
    room = width - text_width(_ELLIPSIS, size, bold=bold)
    return text[: _fitting(text, size, room, bold=bold)].rstrip() + _ELLIPSIS


def _fitting(text: str, size: int, width: int, *, bold: bool) -> int:
    """Return how many leading characters fit: whole letters and at least one, so that breaking a text always ends."""
    ends = list(_ends(text))
    few, many = 0, len(ends) - 1
    while few < many:
        middle = (few + many + 1) // 2
        if text_width(text[: ends[middle]], size, bold=bold) <= width:
            few = middle
        else:
            many = middle - 1
    return ends[few] if ends else 0


def _ends(text: str) -> list[int]:
    found, end = list[int](), 0
    for letter in graphemes(text):
        end += len(letter)
        found.append(end)
    return found


def _clean(text: str) -> str:
    return drawable_text(text[:LONGEST])


@lru_cache(maxsize=1024)
def _kept_line(text: str, size: int, *, bold: bool) -> TextLine:
    return layout_line(text, size, bold=bold)


def _new_mask(text: str, size: int, *, bold: bool) -> Mask:
    mask = np.array(render_line(_kept_line(text, size, bold=bold), size), dtype=np.uint8)
    mask.flags.writeable = False
    return mask


_kept_mask = lru_cache(maxsize=256)(_new_mask)
