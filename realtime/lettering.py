"""Turn text into masks of ink with a real font, so that accents come out right; `cv2.putText` knows ASCII only.

The font is Inter (Rasmus Andersson and others, SIL Open Font License 1.1, see `fonts/LICENSE.txt`).
"""

import unicodedata
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from realtime.errors import AssetError

Mask = NDArray[np.uint8]
"""Shape (height, width), 0 leaves a pixel alone and 255 covers it."""

FONTS = Path(__file__).parent / "fonts"
MEDIUM = FONTS / "Inter-Medium.otf"
SEMIBOLD = FONTS / "Inter-SemiBold.otf"

LONGEST = 400
"""Characters of a text that are looked at: no screen holds more, and a name of a file may have any length."""

LARGEST_KEPT = 64
"""Pixels of the largest text that is kept for the next frame: big pictures come one at a time and would fill the memory."""

_ELLIPSIS = "…"


def read_font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """Read the font file at `path` for letters of `size` pixels.

    Raises:
        AssetError: the file is missing or is no font.
    """
    try:
        # Pillow's other layout engine fails on some strings and is not there on every machine; Latin text needs none of it
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as cause:
        raise AssetError(f"the font {path} cannot be read; installing emodj again puts it back") from cause


def text_mask(text: str, size: int, *, bold: bool = False) -> Mask:
    """Draw one line of text.

    Args:
        text: anything; what cannot be printed becomes a space, a letter that the font lacks becomes a box.
        size: pixels of the font, above zero.
        bold: the heavier of the two fonts.

    Returns:
        A read-only mask; its height depends on `size` alone, so that lines of one size share a baseline.
    """
    keep = _kept_mask if size <= LARGEST_KEPT else _new_mask
    return keep(_printable(text), size, bold=bold)


def text_width(text: str, size: int, *, bold: bool = False) -> int:
    """Width in pixels of `text_mask` with the same arguments."""
    return _width(text[:LONGEST], size, bold=bold)


@lru_cache(maxsize=1024)
def _width(text: str, size: int, *, bold: bool) -> int:
    left, right = _extent(_font(size, bold=bold), _printable(text))
    return right - left


def line_height(size: int) -> int:
    """Height in pixels of every mask of this size."""
    ascent, descent = _font(size, bold=False).getmetrics()
    return ascent + descent


@lru_cache(maxsize=64)
def wrapped(text: str, size: int, width: int, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """Break a text into lines of at most `width` pixels; what does not fit into `lines` of them ends in an ellipsis.

    Breaks between words, and inside a word that is wider than a line, such as the path of a file.
    """
    broken: list[str] = []
    rest = _printable(text).strip()
    while rest:
        if len(broken) == lines - 1:
            broken.append(_shortened(rest, size, width, bold=bold))
            break
        cut = _fitting(rest, size, width, bold=bold)
        if cut < len(rest):
            space = rest.rfind(" ", 0, cut + 1)
            cut = space if space > 0 else cut
        broken.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return tuple(broken)


def _shortened(text: str, size: int, width: int, *, bold: bool) -> str:
    cut = _fitting(text, size, width, bold=bold)
    if cut == len(text):
        return text
    room = width - text_width(_ELLIPSIS, size, bold=bold)
    return text[: _fitting(text, size, room, bold=bold)].rstrip() + _ELLIPSIS


def _fitting(text: str, size: int, width: int, *, bold: bool) -> int:
    """Return how many leading characters fit; at least one, so that breaking a text always ends."""
    few, many = 1, len(text)
    while few < many:
        middle = (few + many + 1) // 2
        if text_width(text[:middle], size, bold=bold) <= width:
            few = middle
        else:
            many = middle - 1
    return few


def _printable(text: str) -> str:
    # Composed, because the font has é but no rule that puts an accent onto an e
    composed = unicodedata.normalize("NFC", text[:LONGEST])
    return "".join(letter if letter.isprintable() else " " for letter in composed)


@lru_cache(maxsize=32)
def _font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    return read_font(SEMIBOLD if bold else MEDIUM, size)


def _extent(font: ImageFont.FreeTypeFont, text: str) -> tuple[int, int]:
    """Return the first and last column of the ink or of the pen's way, whichever reaches further; relative to the pen."""
    left, _, right, _ = font.getbbox(text, anchor="ls")
    return min(0, int(left)), max(1, int(np.ceil(max(right, font.getlength(text)))))


def _new_mask(text: str, size: int, *, bold: bool) -> Mask:
    font = _font(size, bold=bold)
    left, right = _extent(font, text)
    ascent, descent = font.getmetrics()
    page = Image.new("L", (right - left, ascent + descent))
    ImageDraw.Draw(page).text((-left, ascent), text, fill=255, font=font, anchor="ls")
    mask = np.array(page, dtype=np.uint8)
    mask.flags.writeable = False
    return mask


_kept_mask = lru_cache(maxsize=256)(_new_mask)
