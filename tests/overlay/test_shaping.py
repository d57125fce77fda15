import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from realtime.errors import AssetError
from realtime.overlay import shaping
from realtime.overlay.fonts import Typeface, fallback_font, read_typeface
from realtime.overlay.shaping import (
    MEDIUM,
    MISSING_GLYPH,
    SEMIBOLD,
    TextLine,
    TextRun,
    layout_line,
    read_font,
    render_line,
    shipped_font,
    split_runs,
    system_font,
)

SIZE = 24
HEBREW = "".join(map(chr, range(0x5D0, 0x5D4)))
"""The first letters of Hebrew in logical order."""


def require_font(character: str) -> Typeface:
    typeface = fallback_font(character)
    if typeface is None:
        pytest.skip(f"no font has {character!r} here")
    return typeface


def clear_caches() -> None:
    shaping.split_runs.cache_clear()
    shaping.system_font.cache_clear()
    shaping.has_ink.cache_clear()


@pytest.fixture
def without_shaping(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a system whose Pillow has no Raqm layout engine."""
    monkeypatch.setattr(shaping, "SHAPING", False)
    clear_caches()
    yield
    clear_caches()


def count_strokes(ink_columns: list[bool]) -> int:
    """Number of connected stretches of columns with ink."""
    return sum(inked and not before for before, inked in zip([False, *ink_columns], ink_columns, strict=False))


def ink_columns(line: TextLine, size: int = SIZE) -> list[bool]:
    return np.asarray(render_line(line, size)).max(axis=0).astype(bool).tolist()


def test_text_of_the_shipped_font_is_one_run() -> None:
    assert split_runs("Beyoncé – Halo") == (TextRun("Beyoncé – Halo"),)
    assert split_runs("") == (TextRun(""),)
    assert split_runs("❤\ufe0f") == (TextRun("❤"),)


def test_characters_of_a_fallback_font_are_a_run() -> None:
    typeface = require_font("あ")
    assert split_runs("Halo あい – x") == (TextRun("Halo "), TextRun("あい", typeface), TextRun(" – x"))


def test_a_cluster_without_a_font_is_one_box() -> None:
    assert split_runs("a\U0010fffd\u0301b") == (TextRun(f"a{MISSING_GLYPH}b"),)


def test_right_to_left_runs_are_in_visual_order() -> None:
    typeface = require_font(HEBREW[0])
    first, second, third = HEBREW[:3]
    can_shape = shaping.SHAPING
    assert split_runs(f"x {first}{second} {third} (y)") == (
        TextRun("x "),
        TextRun(third, typeface, can_shape),
        TextRun(" "),
        TextRun(first + second if can_shape else second + first, typeface, can_shape),
        TextRun(" (y)"),
    )
    # A bracket opens towards its content
    assert "".join(run.text for run in split_runs(f"{first} (y)") if run.typeface is None) == "(y) "


def test_arabic_letters_are_joined() -> None:
    typeface = require_font("ب")
    if not shaping.SHAPING:
        pytest.skip("Pillow shapes no letters here")
    joined, separate = (ink_columns(layout_line(text, 60, bold=False), 60) for text in ("ببب", "ب\u200cب\u200cب"))
    assert split_runs("ببب") == (TextRun("ببب", typeface, right_to_left=True),)
    assert count_strokes(joined) < count_strokes(separate)


@pytest.mark.usefixtures("without_shaping")
def test_without_shaping_letters_are_in_visual_order() -> None:
    typeface = require_font(HEBREW[0])
    assert split_runs(f"x {HEBREW}") == (TextRun("x "), TextRun(HEBREW[::-1], typeface))
    assert any(ink_columns(layout_line(HEBREW, SIZE, bold=False)))
    assert any(ink_columns(layout_line("می\u200cخواهم", SIZE, bold=False)))  # noqa: RUF001 letters of Persian


@given(
    st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20), st.integers(1, 60), st.booleans()
)
def test_a_line_has_the_size_of_its_ends_and_the_line_height(text: str, size: int, bold: bool) -> None:  # noqa: FBT001 drawn by hypothesis
    line = layout_line(text, size, bold=bold)
    page = render_line(line, size)
    assert page.size == (line.right - line.left, sum(shipped_font(size, bold=False).getmetrics()))
    assert line.left <= 0 < line.right


@pytest.mark.parametrize("text", ["あい", "Halo 初恋 x", "– שיר –", "نسّم علينا", "I ❤\ufe0f 😀 you"])
def test_no_ink_is_cut_off_at_the_sides(text: str) -> None:
    alone, amid = (
        np.asarray(render_line(layout_line(placed, 40, bold=False), 40), np.int64).sum() for placed in (text, f"  {text}  ")
    )
    assert alone == pytest.approx(amid, rel=0.01)


def test_a_tall_glyph_is_drawn_smaller() -> None:
    (run,) = split_runs("⎜")
    if run.typeface is None:
        pytest.skip("no font has this tall sign here")
    (placed,) = layout_line("⎜", SIZE, bold=False).runs
    assert shaping.MIN_SCALE * SIZE - 1 <= placed.font.size < SIZE


def test_a_missing_font_is_an_asset_error(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"gone\.otf"):
        read_font(tmp_path / "gone.otf", 16)


def test_a_damaged_font_is_an_asset_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.otf"
    path.write_bytes(MEDIUM.read_bytes()[:100])
    with pytest.raises(AssetError, match="cannot be read") as caught:
        read_font(path, 16)
    assert isinstance(caught.value.__cause__, OSError)


def test_the_licence_lies_beside_the_fonts() -> None:
    licence = (MEDIUM.parent / "LICENSE.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "The Inter Project Authors" in licence
    assert SEMIBOLD.is_file()


def make_bitmap(*, right_half: bool) -> bytes:
    """A PNG of 32 by 32 pixels: the left half white, the right half black or transparent."""
    page = Image.new("RGBA", (32, 32), (255, 255, 255, 255))
    page.paste((0, 0, 0, 255) if right_half else (0, 0, 0, 0), (16, 0, 32, 32))
    file = io.BytesIO()
    page.save(file, "PNG")
    return file.getvalue()


def make_colour_font(first: str, *bitmaps: bytes, strike: int = 32) -> bytes:
    """A bitmap font like Noto Color Emoji: OpenType tables CBLC and CBDT, one strike, no outlines."""
    count = len(bitmaps)
    images = [struct.pack(">BBbbBI", strike, strike, 0, strike, strike, len(png)) + png for png in bitmaps]
    offsets = [sum(map(len, images[:at])) for at in range(count + 1)]
    index = struct.pack(">HHI", 1, count, 8) + struct.pack(f">HHI{count + 1}I", 1, 17, 4, *offsets)
    metrics = struct.pack(">bbB9x", strike, 0, strike)
    sizes = struct.pack(">HHIIIII", 3, 0, 1, 56, len(index), 1, 0) + metrics * 2
    tables = {
        b"CBDT": struct.pack(">HH", 3, 0) + b"".join(images),
        b"CBLC": sizes + struct.pack(">HHBBBb", 1, count, strike, strike, 32, 1) + index,
        b"cmap": struct.pack(">HHHHI", 0, 1, 3, 10, 12)
        + struct.pack(">HHIIIIII", 12, 0, 28, 0, 1, ord(first), ord(first) + count - 1, 1),
        b"head": struct.pack(">IIIIHH16x4hHHhhh", 0x10000, 0, 0, 0x5F0F3CF5, 0, 1000, 0, 0, 1000, 1000, 0, 8, 2, 0, 0),
        b"hhea": struct.pack(">IhhhH22xH", 0x10000, 950, -250, 0, 1000, 1),
        b"hmtx": struct.pack(">Hh", 1000, 0) + b"\0\0" * count,
        b"maxp": struct.pack(">IH", 0x5000, count + 1),
    }
    at, records, body = 12 + 16 * len(tables), b"", b""
    for name, table in sorted(tables.items()):
        padded = table + b"\0" * (-len(table) % 4)
        records += struct.pack(">4sIII", name, 0, at + len(body), len(table))
        body += padded
    return struct.pack(">IHHHH", 0x10000, len(tables), 0, 0, 0) + records + body


def install_only_font(typeface: Typeface | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a font the only system font; None for no font."""

    def found(_letter: str, _language: str) -> Typeface | None:
        return typeface

    monkeypatch.setattr(shaping, "fallback_font", found)
    clear_caches()


@pytest.fixture
def colour_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typeface]:
    """A colour font of two glyphs, the only system font."""
    path = tmp_path / "pictures.ttf"
    path.write_bytes(make_colour_font("\U0001f600", make_bitmap(right_half=False), make_bitmap(right_half=True)))
    typeface = read_typeface(path)
    assert typeface is not None
    install_only_font(typeface, monkeypatch)
    yield typeface
    clear_caches()


@pytest.mark.parametrize("size", [11, 32, 73])
def test_colour_glyphs_are_grey_and_of_the_text_size(colour_font: Typeface, size: int) -> None:
    assert colour_font.coloured
    half, whole = (
        np.asarray(render_line(layout_line(character, size, bold=False), size)) for character in "\U0001f600\U0001f601"
    )
    assert half.shape[1] == pytest.approx(size, abs=2)
    left, right = (np.asarray(placed) for placed in (whole[:, : size // 2 - 1], whole[:, size // 2 + 2 : size - 1]))
    assert left.max() == 255
    # Black has some ink, a transparent pixel none
    assert 50 < right.max() < 90
    assert half[:, size // 2 + 2 :].max() == 0


def test_colour_glyphs_and_letters_share_a_line(colour_font: Typeface) -> None:
    line = layout_line("a\U0001f600b", SIZE, bold=False)
    assert [placed.run for placed in line.runs] == [TextRun("a"), TextRun("\U0001f600", colour_font), TextRun("b")]
    assert line.right == pytest.approx(layout_line("ab", SIZE, bold=False).right + SIZE, abs=2)


def test_a_font_that_is_missing_or_draws_nothing_gives_a_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "empty.ttf"
    clear = io.BytesIO()
    Image.new("RGBA", (32, 32)).save(clear, "PNG")
    path.write_bytes(make_colour_font("\U0001f600", clear.getvalue()))
    empty, gone = read_typeface(path), Typeface(tmp_path / "gone.ttf", 0)
    for typeface in (empty, gone):
        install_only_font(typeface, monkeypatch)
        assert split_runs("x\U0001f600") == (TextRun(f"x{MISSING_GLYPH}"),)
    assert system_font(gone, SIZE) is None
    clear_caches()


def test_a_font_that_is_deleted_later_gives_boxes(colour_font: Typeface) -> None:
    (run,) = split_runs("\U0001f600")
    assert run.typeface == colour_font
    colour_font.path.unlink()
    shaping.system_font.cache_clear()
    (placed,) = layout_line("\U0001f600", SIZE, bold=False).runs
    assert placed.run == TextRun(MISSING_GLYPH)
