"""Text layout of one line: split it into runs of one font, place the runs, and render them.

The shipped font is Inter (Rasmus Andersson and others, SIL Open Font License 1.1, see `fonts/LICENSE.txt`). System fonts draw
the characters that Inter lacks. A box replaces a character that no font has.
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
"""Whether Pillow can shape text, as contextual forms of Arabic letters. Its wheels need FriBidi on the system for that."""

MIN_SCALE = 0.7
"""Smallest scale of a tall script, relative to the text size. Ink that is still higher than the line is cut off."""

MISSING_GLYPH = "□"
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")  # noqa: RUF001 French quotation marks
_STRIKE_SIZES = (109, 136, 160, 128, 96, 64, 32)
"""Sizes in pixels of the bitmaps in colour fonts: such a font loads in one of its sizes only."""

Font = ImageFont.FreeTypeFont


@dataclass(frozen=True, slots=True)
class TextRun:
    """Consecutive characters of a line that one font draws in one direction.

    Attributes:
        text: characters in logical order if `right_to_left`, else in visual order from the left.
        typeface: system font; None for the shipped font.
        right_to_left: whether the layout engine shapes the text from right to left.
    """

    text: str
    typeface: Typeface | None = None
    right_to_left: bool = False


@dataclass(frozen=True, slots=True)
class PlacedRun:
    """A run with its position.

    Attributes:
        run: text and typeface.
        font: the typeface, loaded in one size.
        x: pixels from the start of the line.
        scale: factor from the font's pixels to those of the line; 1 except for a colour font.
    """

    run: TextRun
    font: Font
    x: float
    scale: float = 1


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text with placed runs.

    Attributes:
        left: left end of the ink, pixels from the start of the line; 0 or less.
        right: right end of the ink or of the advance width, whichever is further, pixels.
        runs: from left to right.
    """

    left: int
    right: int
    runs: tuple[PlacedRun, ...]


def read_font(path: Path, size: int) -> Font:
    """Load the font file at `path` for text of `size` pixels.

    Raises:
        AssetError: the file is missing or is not a font.
    """
    try:
        # Latin text needs no Raqm, and some systems lack that layout engine
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError as cause:
        raise AssetError(f"the font {path} cannot be read; installing emodj again puts it back") from cause


@lru_cache(maxsize=32)
def shipped_font(size: int, *, bold: bool) -> Font:
    """Load the shipped font for text of `size` pixels."""
    return read_font(SEMIBOLD if bold else MEDIUM, size)


@lru_cache(maxsize=32)
def system_font(typeface: Typeface, size: int) -> Font | None:
    """Load a system font, a colour font in another size if it lacks this one; None if it cannot be loaded."""
    engine = ImageFont.Layout.RAQM if SHAPING else ImageFont.Layout.BASIC
    for pixels in (size, *(_STRIKE_SIZES if typeface.coloured else ())):
        try:
            return ImageFont.truetype(typeface.path, pixels, typeface.index, layout_engine=engine)
        except OSError:
            continue
    return None


@lru_cache(maxsize=1024)
def split_runs(text: str) -> tuple[TextRun, ...]:
    """Split one line into runs, from the left end to the right; slow once, for the first character without the shipped font."""
    shipped = read_typeface(MEDIUM)
    if text.isascii() or shipped is None:
        return (TextRun(text),)
    clusters = graphemes(text)
    cluster_levels = levels(clusters)
    if not any(cluster_levels) and all(character in shipped for character in text):
        return (TextRun(text),)
    wanted_language, pieces = language(text), list[tuple[int, Typeface | None, str]]()
    for cluster, level in zip(clusters, cluster_levels, strict=True):
        pieces.append((level, *_choose_font(cluster, shipped, wanted_language)))
    grouped = [
        (level, typeface, [piece[2] for piece in group])
        for (level, typeface), group in groupby(pieces, lambda piece: piece[:2])
    ]
    return tuple(_make_run(*grouped[index]) for index in visual_order([level for level, _, _ in grouped]))


def _choose_font(cluster: str, shipped: Typeface, wanted_language: str) -> tuple[Typeface | None, str]:
    """Choose the font of a grapheme cluster, None for the shipped font, and the characters that it draws."""
    characters = required_codepoints(cluster)
    if all(character in shipped for character in characters):
        return None, characters
    typeface = fallback_font(cluster, wanted_language)
    if typeface is None or not has_ink(typeface, characters[0]):
        return None, MISSING_GLYPH
    # Joiners and selectors control shaping, but few fonts have a glyph for them
    return typeface, "".join(
        character for character in cluster if character in typeface or (SHAPING and character not in characters)
    )


@lru_cache(maxsize=1024)
def has_ink(typeface: Typeface, character: str) -> bool:
    """Whether a font draws a character of its table. A colour font in a format that Pillow cannot read draws nothing."""
    font = system_font(typeface, 32)
    if font is None:
        return False
    if not typeface.coloured:
        return True
    try:
        return _render_colour(character, font).getbbox() is not None
    except OSError:
        return False


def _make_run(level: int, typeface: Typeface | None, clusters: list[str]) -> TextRun:
    right_to_left = level % 2 == 1
    if right_to_left and (typeface is None or not SHAPING):
        return TextRun("".join(reversed(clusters)).translate(_MIRRORED), typeface)
    return TextRun("".join(clusters), typeface, right_to_left)


def layout_line(text: str, size: int, *, bold: bool) -> TextLine:
    """Lay out one line of text, as `bidi.drawable_text` returns it, in `size` pixels."""
    shipped, runs = shipped_font(size, bold=bold), split_runs(text)
    try:
        return _place_runs(runs, shipped, size)
    except (OSError, RuntimeError):
        # A system font is gone or damaged, or the layout engine refuses the text
        return _place_runs([run if run.typeface is None else TextRun(MISSING_GLYPH) for run in runs], shipped, size)


def _place_runs(runs: Sequence[TextRun], shipped: Font, size: int) -> TextLine:
    fonts = {typeface: _fit_font(typeface, runs, size, shipped.getmetrics()) for run in runs if (typeface := run.typeface)}
    placed, left, right, x = list[PlacedRun](), 0.0, 1.0, 0.0
    for run in runs:
        font, direction = fonts.get(run.typeface, shipped) if run.typeface else shipped, _direction(run)
        scale = size / font.size if run.typeface and run.typeface.coloured else 1.0
        ink_left, _, ink_right, _ = font.getbbox(run.text, anchor="ls", direction=direction)
        placed.append(PlacedRun(run, font, x, scale))
        left, right = min(left, x + scale * ink_left), max(right, x + scale * ink_right)
        x += scale * font.getlength(run.text, direction=direction)
    return TextLine(math.floor(left), math.ceil(max(right, x)), tuple(placed))


def _fit_font(typeface: Typeface, runs: Sequence[TextRun], size: int, metrics: tuple[int, int]) -> Font:
    """Load a typeface in a size in which its ink fits the line: some scripts are taller than Latin.

    `metrics` are ascent and descent of the line in pixels.

    Raises:
        OSError: the font cannot be loaded.
    """
    if (font := system_font(typeface, size)) is None:
        raise OSError(f"{typeface.path} cannot be loaded")
    if typeface.coloured:
        return font
    boxes = [font.getbbox(run.text, anchor="ls", direction=_direction(run)) for run in runs if run.typeface == typeface]
    scale = min(1, *(min(metrics[0] / max(1, -top), metrics[1] / max(1, bottom)) for _, top, _, bottom in boxes))
    return system_font(typeface, max(1, int(max(MIN_SCALE, scale) * size))) or font


def _direction(run: TextRun) -> Literal["ltr", "rtl"] | None:
    if run.typeface is None or not SHAPING:
        return None
    return "rtl" if run.right_to_left else "ltr"


def render_line(line: TextLine, size: int) -> Image.Image:
    """Render a line as a grey image: 0 without ink, 255 full ink. Its height is the line height of the shipped font."""
    ascent, descent = shipped_font(size, bold=False).getmetrics()
    page = Image.new("L", (line.right - line.left, ascent + descent))
    pen = ImageDraw.Draw(page)
    for placed in line.runs:
        x = round(placed.x) - line.left
        if placed.run.typeface is not None and placed.run.typeface.coloured:
            _paste_colour(page, placed, x, ascent)
        else:
            pen.text((x, ascent), placed.run.text, fill=255, font=placed.font, anchor="ls", direction=_direction(placed.run))
    return page


def _paste_colour(page: Image.Image, placed: PlacedRun, x: int, ascent: int) -> None:
    left, top, _, _ = placed.font.getbbox(placed.run.text, anchor="ls")
    bitmap = _render_colour(placed.run.text, placed.font)
    width, height = (max(1, round(placed.scale * side)) for side in bitmap.size)
    corner = (x + round(placed.scale * left), ascent + round(placed.scale * top))
    page.paste(255, corner, bitmap.resize((width, height), Image.Resampling.BOX))


def _render_colour(text: str, font: Font) -> Image.Image:
    """Render glyphs of a colour font as grey ink: a brighter colour gives more ink."""
    left, top, right, bottom = (int(edge) for edge in font.getbbox(text, anchor="ls"))
    page = Image.new("RGBA", (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(page).text((-left, -top), text, font=font, anchor="ls", embedded_color=True)
    # Black keeps some ink, so that a black heart stays visible
    shade = page.convert("L").point([70 + value * 185 // 255 for value in range(256)])
    return ImageChops.multiply(shade, page.getchannel("A"))
