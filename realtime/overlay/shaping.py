"""Set a line of text: which font draws which part of it, and where.

The font is Inter (Rasmus Andersson and others, SIL Open Font License 1.1, see `fonts/LICENSE.txt`). Letters that it lacks are
drawn in fonts of the machine, and what no font has is a box.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageFont, features

from realtime.errors import AssetError
from realtime.overlay.bidi import graphemes, language, levels, required_codepoints, visual_order
from realtime.overlay.fonts import Typeface, fallback_font, read_typeface

FONTS = Path(__file__).parent.parent / "fonts"
MEDIUM = FONTS / "Inter-Medium.otf"
SEMIBOLD = FONTS / "Inter-SemiBold.otf"

SHAPING = bool(features.check("raqm"))
"""Whether letters that change their form beside others can be drawn so; Pillow's wheels need FriBidi on the machine for it."""

SMALLEST_SHARE = 0.7
"""Of the text size: letters of a tall script are drawn no smaller than this, and what then is above the line is cut off."""

BOX = "□"
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")  # noqa: RUF001 quotation marks of French
_STRIKES = (109, 136, 160, 128, 96, 64, 32)
"""Pixels of the pictures in fonts of pictures: one of them has to be asked for."""

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class TextRun:
    """Neighbours on a line that one font draws.

    Attributes:
        text: in the order in which its font wants it.
        face: of the machine; None for the one that comes with emodj.
        backward: whether it is read, and is to be shaped, from right to left.
    """

    text: str
    face: Typeface | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class PlacedRun:
    """A run at its place.

    Attributes:
        run: what is drawn.
        font: at the size in which it is drawn.
        pen: pixels from the beginning of the line.
        scale: of what the font draws; other than 1 for a font of pictures.
    """

    run: TextRun
    font: Font
    pen: float
    scale: float = 1


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text: `left` and `right` are the ends of its ink or of the pen's way, whichever reaches further."""

    left: int
    right: int
    parts: tuple[PlacedRun, ...]


def read_font(path: Path, size: int) -> Font:
    """Read the font file at `path` for letters of `size` pixels.

    Raises:
        AssetError: the file is missing or is no font.
    """
    try:
        # Pillow's other layout engine is not there on every machine; Latin text needs none of it
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as cause:
        raise AssetError(f"the font {path} cannot be read; installing emodj again puts it back") from cause


@lru_cache(maxsize=32)
def shipped_font(size: int, *, bold: bool) -> Font:
    """Return the font that comes with emodj."""
    return read_font(SEMIBOLD if bold else MEDIUM, size)


@lru_cache(maxsize=32)
def machine_font(face: Typeface, size: int) -> Font | None:
    """Return a font of the machine, in another size if it has not this one; None if it cannot be read after all."""
    engine = ImageFont.Layout.RAQM if SHAPING else ImageFont.Layout.BASIC
    for pixels in (size, *(_STRIKES if face.coloured else ())):
        try:
            return ImageFont.truetype(face.path, pixels, face.index, layout_engine=engine)
        except OSError:
            continue
    return None


@lru_cache(maxsize=1024)
def split_runs(text: str) -> tuple[TextRun, ...]:
    """Split one line into runs, from its left end to its right; slow once, for the first letter that the own font lacks."""
    shipped = read_typeface(MEDIUM)
    if text.isascii() or shipped is None:
        return (TextRun(text),)
    written = graphemes(text)
    depths = levels(written)
    if not any(depths) and all(mark in shipped for mark in text):
        return (TextRun(text),)
    wanted, parts = language(text), list[tuple[int, Typeface | None, str]]()
    for letter, depth in zip(written, depths, strict=True):
        parts.append((depth, *_drawable(letter, shipped, wanted)))
    grouped = [(depth, face, [part[2] for part in group]) for (depth, face), group in groupby(parts, lambda part: part[:2])]
    return tuple(_run(*grouped[at]) for at in visual_order([depth for depth, _, _ in grouped]))


def _drawable(letter: str, shipped: Typeface, wanted: str) -> tuple[Typeface | None, str]:
    """Return what draws a letter, and what of it."""
    marks = required_codepoints(letter)
    if all(mark in shipped for mark in marks):
        return None, marks
    face = fallback_font(letter, wanted)
    if face is None or not has_ink(face, marks[0]):
        return None, BOX
    # The joiners of a letter shape it, though few fonts have them
    return face, "".join(mark for mark in letter if mark in face or (SHAPING and mark not in marks))


@lru_cache(maxsize=1024)
def has_ink(face: Typeface, mark: str) -> bool:
    """Whether a font draws what it has: one whose colours Pillow cannot read draws nothing."""
    font = machine_font(face, 32)
    if font is None:
        return False
    if not face.coloured:
        return True
    try:
        return _picture(mark, font).getbbox() is not None
    except OSError:
        return False


def _run(depth: int, face: Typeface | None, written: list[str]) -> TextRun:
    backward = depth % 2 == 1
    if backward and (face is None or not SHAPING):
        return TextRun("".join(reversed(written)).translate(_MIRRORED), face)
    return TextRun("".join(written), face, backward)


def layout_line(text: str, size: int, *, bold: bool) -> TextLine:
    """Set one line of what `writing.printable` returns."""
    own, found = shipped_font(size, bold=bold), split_runs(text)
    try:
        return _in_line(found, own, size)
    except (OSError, RuntimeError):
        # What a font or the layout engine does not take after all
        return _in_line([run if run.face is None else TextRun(BOX) for run in found], own, size)


def _in_line(found: Sequence[TextRun], own: Font, size: int) -> TextLine:
    fonts = {face: _fitting(face, found, size, own.getmetrics()) for run in found if (face := run.face)}
    parts, left, right, pen = list[PlacedRun](), 0.0, 1.0, 0.0
    for run in found:
        font, way = fonts.get(run.face, own) if run.face else own, _way(run)
        scale = size / font.size if run.face and run.face.coloured else 1.0
        start, _, end, _ = font.getbbox(run.text, anchor="ls", direction=way)
        parts.append(PlacedRun(run, font, pen, scale))
        left, right = min(left, pen + scale * start), max(right, pen + scale * end)
        pen += scale * font.getlength(run.text, direction=way)
    return TextLine(math.floor(left), math.ceil(max(right, pen)), tuple(parts))


def _fitting(face: Typeface, found: Sequence[TextRun], size: int, room: tuple[int, int]) -> Font:
    """Return a font in a size in which its ink stays on the line: other scripts reach higher and lower than ours."""
    if (font := machine_font(face, size)) is None:
        raise OSError(f"{face.path} is no font")
    if face.coloured:
        return font
    boxes = [font.getbbox(run.text, anchor="ls", direction=_way(run)) for run in found if run.face == face]
    share = min(1, *(min(room[0] / max(1, -top), room[1] / max(1, bottom)) for _, top, _, bottom in boxes))
    return machine_font(face, max(1, int(max(SMALLEST_SHARE, share) * size))) or font


def _way(run: TextRun) -> Literal["ltr", "rtl"] | None:
    if run.face is None or not SHAPING:
        return None
    return "rtl" if run.backward else "ltr"


def render_line(set_line: TextLine, size: int) -> Image.Image:
    """Draw a line in shades of grey, as high as the line of the own font."""
    ascent, descent = shipped_font(size, bold=False).getmetrics()
    page = Image.new("L", (set_line.right - set_line.left, ascent + descent))
    pencil = ImageDraw.Draw(page)
    for part in set_line.parts:
        x = round(part.pen) - set_line.left
        if part.run.face is not None and part.run.face.coloured:
            _paste_picture(page, part, x, ascent)
        else:
            pencil.text((x, ascent), part.run.text, fill=255, font=part.font, anchor="ls", direction=_way(part.run))
    return page


def _paste_picture(page: Image.Image, part: PlacedRun, x: int, ascent: int) -> None:
    left, top, _, _ = part.font.getbbox(part.run.text, anchor="ls")
    picture = _picture(part.run.text, part.font)
    wide, high = (max(1, round(part.scale * side)) for side in picture.size)
    place = (x + round(part.scale * left), ascent + round(part.scale * top))
    page.paste(255, place, picture.resize((wide, high), Image.Resampling.BOX))


def _picture(text: str, font: Font) -> Image.Image:
    """Draw letters that are pictures: the brighter a colour, the more ink."""
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text, anchor="ls"))
    page = Image.new("RGBA", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(page).text((-left, -top), text, font=font, anchor="ls", embedded_color=True)
    # Black is not quite without ink, or a black heart could not be seen
    shade = page.convert("L").point([70 + value * 185 // 255 for value in range(256)])
    return ImageChops.multiply(shade, page.getchannel("A"))
