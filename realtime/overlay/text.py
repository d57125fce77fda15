"""Text to mask, and text that is wrapped or shortened to a width, in any script; `cv2.putText` draws ASCII only."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from realtime.overlay.bidi import drawable_text, graphemes
from realtime.overlay.shaping import TextLine, layout_line, render_line, shipped_font, split_runs

Mask = NDArray[np.uint8]
"""Opacity of ink, shape (height, width), uint8: 0 is transparent, 255 is opaque."""

MAX_CHARACTERS = 400
"""Characters of a text that are read: no screen shows more, and a file name may be longer."""

MAX_CACHED_SIZE = 80
"""Largest text size in pixels with cached masks, above that of a 4K video. Larger pictures are stills, drawn once."""

_ELLIPSIS = "…"


def preload_fonts(text: str) -> None:
    """Search the fonts of a text now, so that the slow search of a fallback font delays no frame."""
    split_runs(_prepare(text))


def text_mask(text: str, size: int, *, bold: bool = False) -> Mask:
    """Render one line of text.

    Args:
        text: any text. An unprintable character becomes a space, a grapheme cluster without a font becomes a box.
        size: font size in pixels, above 0.
        bold: selects the semi-bold font.

    Returns:
        A read-only mask. Its height depends on `size` alone, so lines of one size share a baseline.
    """
    render = _cached_mask if size <= MAX_CACHED_SIZE else _render_mask
    return render(_prepare(text), size, bold=bold)


def text_width(text: str, size: int, *, bold: bool = False) -> int:
    """Width in pixels of `text_mask` with the same arguments."""
    line = _cached_line(_prepare(text), size, bold=bold)
    return line.right - line.left


def line_height(size: int) -> int:
    """Height in pixels of a text mask of this size."""
    ascent, descent = shipped_font(size, bold=False).getmetrics()
    return ascent + descent


@lru_cache(maxsize=64)
def wrap(text: str, size: int, width: int, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """Wrap a text into at most `lines` lines of at most `width` pixels; a longer text ends in an ellipsis.

    A line breaks between words, or inside a word that is wider than a line, such as a file path. It never breaks inside a
    grapheme cluster.
    """
    broken: list[str] = []
    rest = _prepare(text).strip()
    while rest:
        if len(broken) == lines - 1:
            broken.append(ellipsize(rest, size, width, bold=bold))
            break
        cut = _count_fitting(rest, size, width, bold=bold)
        if cut < len(rest):
            space = rest.rfind(" ", 0, cut + 1)
            cut = space if space > 0 else cut
        broken.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return tuple(broken)


@lru_cache(maxsize=256)
def ellipsize(text: str, size: int, width: int, *, bold: bool = False) -> str:
    """Shorten a text to `width` pixels with an ellipsis at its end; at least the first grapheme cluster stays."""
    text = _prepare(text)
    cut = _count_fitting(text, size, width, bold=bold)
    if cut == len(text):
        return text
    room = width - text_width(_ELLIPSIS, size, bold=bold)
    return text[: _count_fitting(text, size, room, bold=bold)].rstrip() + _ELLIPSIS


def _count_fitting(text: str, size: int, width: int, *, bold: bool) -> int:
    """Count the leading characters that fit: whole grapheme clusters, and at least one, so that `wrap` always ends."""
    ends = list(_cluster_ends(text))
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[: ends[middle]], size, bold=bold) <= width:
            low = middle
        else:
            high = middle - 1
    return ends[low] if ends else 0


def _cluster_ends(text: str) -> list[int]:
    ends, end = list[int](), 0
    for cluster in graphemes(text):
        end += len(cluster)
        ends.append(end)
    return ends


def _prepare(text: str) -> str:
    return drawable_text(text[:MAX_CHARACTERS])


@lru_cache(maxsize=1024)
def _cached_line(text: str, size: int, *, bold: bool) -> TextLine:
    return layout_line(text, size, bold=bold)


def _render_mask(text: str, size: int, *, bold: bool) -> Mask:
    mask = np.array(render_line(_cached_line(text, size, bold=bold), size), dtype=np.uint8)
    mask.flags.writeable = False
    return mask


_cached_mask = lru_cache(maxsize=256)(_render_mask)
