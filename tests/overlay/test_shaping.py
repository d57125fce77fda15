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
    BOX,
    MEDIUM,
    SEMIBOLD,
    TextLine,
    TextRun,
    layout_line,
    machine_font,
    read_font,
    render_line,
    shipped_font,
    split_runs,
)

SIZE = 24
CAPS = "".join(map(chr, range(0x5D0, 0x5D4)))
"""The first letters of Hebrew, in the order in which they are read."""


def machine(letter: str) -> Typeface:
    face = fallback_font(letter)
    if face is None:
        pytest.skip(f"no font has {letter!r} here")
    return face


def forget() -> None:
    shaping.split_runs.cache_clear()
    shaping.machine_font.cache_clear()
    shaping.has_ink.cache_clear()


@pytest.fixture
def unshaped(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine whose Pillow has no layout engine for joined letters."""
    monkeypatch.setattr(shaping, "SHAPING", False)
    forget()
    yield
    forget()


def chunks(columns: list[bool]) -> int:
    """How many stretches of ink there are."""
    return sum(inked and not before for before, inked in zip([False, *columns], columns, strict=False))


def columns(set_line: TextLine, size: int = SIZE) -> list[bool]:
    return np.asarray(render_line(set_line, size)).max(axis=0).astype(bool).tolist()


def test_text_that_the_own_font_has_is_one_run() -> None:
    assert split_runs("Beyoncé – Halo") == (TextRun("Beyoncé – Halo"),)
    assert split_runs("") == (TextRun(""),)
    assert split_runs("❤\ufe0f") == (TextRun("❤"),)


def test_each_stretch_of_strange_letters_is_a_run_in_its_font() -> None:
    face = machine("あ")
    assert split_runs("Halo あい – x") == (TextRun("Halo "), TextRun("あい", face), TextRun(" – x"))


def test_what_no_font_has_is_one_box_a_letter() -> None:
    assert split_runs("a\U0010fffd\u0301b") == (TextRun(f"a{BOX}b"),)


def test_words_that_are_read_from_the_right_stand_in_that_order() -> None:
    face = machine(CAPS[0])
    first, second, third = CAPS[:3]
    there = shaping.SHAPING
    assert split_runs(f"x {first}{second} {third} (y)") == (
        TextRun("x "),
        TextRun(third, face, there),
        TextRun(" "),
        TextRun(first + second if there else second + first, face, there),
        TextRun(" (y)"),
    )
    # A bracket opens towards what it encloses
    assert "".join(run.text for run in split_runs(f"{first} (y)") if run.face is None) == "(y) "


def test_letters_of_arabic_are_joined() -> None:
    face = machine("ب")
    if not shaping.SHAPING:
        pytest.skip("Pillow shapes no letters here")
    joined, apart = (columns(layout_line(text, 60, bold=False), 60) for text in ("ببب", "ب\u200cب\u200cب"))
    assert split_runs("ببب") == (TextRun("ببب", face, backward=True),)
    assert chunks(joined) < chunks(apart)


@pytest.mark.usefixtures("unshaped")
def test_without_shaping_letters_still_stand_in_their_order() -> None:
    face = machine(CAPS[0])
    assert split_runs(f"x {CAPS}") == (TextRun("x "), TextRun(CAPS[::-1], face))
    assert any(columns(layout_line(CAPS, SIZE, bold=False)))
    assert any(columns(layout_line("می\u200cخواهم", SIZE, bold=False)))  # noqa: RUF001 letters of Persian


@given(
    st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20), st.integers(1, 60), st.booleans()
)
def test_a_line_is_as_wide_as_its_ink_at_least(text: str, size: int, bold: bool) -> None:  # noqa: FBT001 drawn by hypothesis
    set_line = layout_line(text, size, bold=bold)
    page = render_line(set_line, size)
    assert page.size == (set_line.right - set_line.left, sum(shipped_font(size, bold=False).getmetrics()))
    assert set_line.left <= 0 < set_line.right


@pytest.mark.parametrize("text", ["あい", "Halo 初恋 x", "– שיר –", "نسّم علينا", "I ❤\ufe0f 😀 you"])
def test_no_ink_is_cut_off_at_the_sides(text: str) -> None:
    alone, amid = (
        np.asarray(render_line(layout_line(part, 40, bold=False), 40), np.int64).sum() for part in (text, f"  {text}  ")
    )
    assert alone == pytest.approx(amid, rel=0.01)


def test_what_is_higher_than_a_line_is_drawn_smaller() -> None:
    (run,) = split_runs("⎜")
    if run.face is None:
        pytest.skip("no tall sign that the own font lacks here")
    (part,) = layout_line("⎜", SIZE, bold=False).parts
    assert shaping.SMALLEST_SHARE * SIZE - 1 <= part.font.size < SIZE


def test_a_missing_font_is_an_asset_error(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"gone\.otf"):
        read_font(tmp_path / "gone.otf", 16)


def test_a_file_that_is_no_font_is_an_asset_error(tmp_path: Path) -> None:
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


def picture(*, right_half: bool) -> bytes:
    """A PNG of 32 by 32: white, and black in its right half or nothing there."""
    page = Image.new("RGBA", (32, 32), (255, 255, 255, 255))
    page.paste((0, 0, 0, 255) if right_half else (0, 0, 0, 0), (16, 0, 32, 32))
    file = io.BytesIO()
    page.save(file, "PNG")
    return file.getvalue()


def font_of_pictures(first: str, *pictures: bytes, strike: int = 32) -> bytes:
    """A font of the kind of Noto Color Emoji: OpenType tables CBLC and CBDT, one size, no outlines."""
    count = len(pictures)
    images = [struct.pack(">BBbbBI", strike, strike, 0, strike, strike, len(png)) + png for png in pictures]
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


def only(face: Typeface | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a font the only one of the machine."""

    def found(_letter: str, _language: str) -> Typeface | None:
        return face

    monkeypatch.setattr(shaping, "fallback_font", found)
    forget()


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typeface]:
    """A font of two pictures, the only one of the machine."""
    path = tmp_path / "pictures.ttf"
    path.write_bytes(font_of_pictures("\U0001f600", picture(right_half=False), picture(right_half=True)))
    face = read_typeface(path)
    assert face is not None
    only(face, monkeypatch)
    yield face
    forget()


@pytest.mark.parametrize("size", [11, 32, 73])
def test_pictures_are_drawn_in_shades_at_the_size_of_the_text(pictures: Typeface, size: int) -> None:
    assert pictures.coloured
    half, whole = (np.asarray(render_line(layout_line(letter, size, bold=False), size)) for letter in "\U0001f600\U0001f601")
    assert half.shape[1] == pytest.approx(size, abs=2)
    left, right = (np.asarray(part) for part in (whole[:, : size // 2 - 1], whole[:, size // 2 + 2 : size - 1]))
    assert left.max() == 255
    # Black has some ink, nothing has none
    assert 50 < right.max() < 90
    assert half[:, size // 2 + 2 :].max() == 0


def test_pictures_and_words_stand_side_by_side(pictures: Typeface) -> None:
    set_line = layout_line("a\U0001f600b", SIZE, bold=False)
    assert [part.run for part in set_line.parts] == [TextRun("a"), TextRun("\U0001f600", pictures), TextRun("b")]
    assert set_line.right == pytest.approx(layout_line("ab", SIZE, bold=False).right + SIZE, abs=2)


def test_a_font_that_is_gone_or_draws_nothing_is_a_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "empty.ttf"
    clear = io.BytesIO()
    Image.new("RGBA", (32, 32)).save(clear, "PNG")
    path.write_bytes(font_of_pictures("\U0001f600", clear.getvalue()))
    empty, gone = read_typeface(path), Typeface(tmp_path / "gone.ttf", 0)
    for face in (empty, gone):
        only(face, monkeypatch)
        assert split_runs("x\U0001f600") == (TextRun(f"x{BOX}"),)
    assert machine_font(gone, SIZE) is None
    forget()


def test_a_font_that_goes_away_later_leaves_boxes(pictures: Typeface) -> None:
    (run,) = split_runs("\U0001f600")
    assert run.face == pictures
    pictures.path.unlink()
    shaping.machine_font.cache_clear()
    (part,) = layout_line("\U0001f600", SIZE, bold=False).parts
    assert part.run == TextRun(BOX)
