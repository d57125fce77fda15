import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.overlay import fonts
from realtime.overlay.fonts import Typeface, fallback_font, font_files_by_folder, font_files_by_fontconfig, read_typeface
from realtime.overlay.shaping import MEDIUM, SEMIBOLD

SCRIPTS = {
    "Japanese": "初恋ヒカル",
    "Chinese": "青花瓷",
    "Korean": "봄날",
    "Arabic": "نسم",
    "Hebrew": "שיר",
    "Hindi": "तुझसे",
    "Thai": "น้ำ",
    "emoji": "😀",
}


@pytest.fixture
def clear_caches() -> Iterator[None]:
    """Clear the caches of the module before and after a test."""
    caches = (fonts.font_files, fonts.fallback_font, fonts.read_typeface)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def format_12(*ranges: tuple[int, int]) -> bytes:
    """A `cmap` subtable of format 12, from first and last code point of each group."""
    inside = b"".join(struct.pack(">III", first, last, 1) for first, last in ranges)
    return struct.pack(">HHIII", 12, 0, 16 + len(inside), 0, len(ranges)) + inside


def format_4(*parts: tuple[int, int, int, tuple[int, ...]]) -> bytes:
    """A `cmap` subtable of format 4: first and last code point, delta, and the glyph numbers or () without a list."""
    parts = (*parts, (0xFFFF, 0xFFFF, 1, ()))
    count, listed, offsets = len(parts), b"", list[int]()
    for at, (_, _, _, glyphs) in enumerate(parts):
        offsets.append(2 * (count - at) + len(listed) if glyphs else 0)
        listed += struct.pack(f">{len(glyphs)}H", *glyphs)
    ends, starts = ([part[which] for part in parts] for which in (1, 0))
    deltas = [part[2] & 0xFFFF for part in parts]
    body = struct.pack(f">{count}HH{3 * count}H", *ends, 0, *starts, *deltas, *offsets) + listed
    return struct.pack(">HHHHHHH", 4, 14 + len(body), 0, 2 * count, 0, 0, 0) + body


def make_font(table: bytes, platform: int = 3, encoding: int = 10, extra: bytes = b"") -> bytes:
    """Bytes of a font file with nothing but a `cmap` table."""
    names = [b"cmap", *([extra] if extra else [])]
    cmap = struct.pack(">HHHHI", 0, 1, platform, encoding, 12) + table
    head = b"\x00\x01\x00\x00" + struct.pack(">HHHH", len(names), 0, 0, 0)
    start = len(head) + 16 * len(names)
    return head + b"".join(struct.pack(">4sIII", name, 0, start, len(cmap)) for name in names) + cmap


def write_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(path: Path, index: int = 0) -> Typeface:
    typeface = read_typeface(path, index)
    assert typeface is not None
    return typeface


def test_a_font_has_the_characters_of_its_groups(tmp_path: Path) -> None:
    typeface = read(write_file(tmp_path / "a.ttf", make_font(format_12((0x41, 0x43), (0x3042, 0x3042), (0x1F600, 0x1F602)))))
    assert [character for character in "@ABCDあぃ😀😂😃\U0010ffff" if character in typeface] == [*"ABCあ😀😂"]


def test_a_font_has_the_characters_of_its_segments(tmp_path: Path) -> None:
    table = format_4((0x41, 0x43, 5, ()), (0x61, 0x63, 0, (7, 0, 9)), (0x3042, 0x3042, -0x3042, ()))
    typeface = read(write_file(tmp_path / "a.ttf", make_font(table, encoding=1)))
    # Glyph 0 is no glyph: in the list, and by the sum
    assert [character for character in "@ABCD`abcdあ\uffff😀" if character in typeface] == [*"ABCac"]


@pytest.mark.parametrize("path", [MEDIUM, SEMIBOLD])
def test_the_shipped_font_has_european_letters(path: Path) -> None:
    typeface = read(path)
    assert all(character in typeface for character in "aéßøłŠΩЖ€…–’□▶")
    assert not any(character in typeface for character in "あ한שن😀\U0010fffd")
    assert not typeface.coloured


def test_both_weights_of_the_shipped_font_have_the_same_characters() -> None:
    one, other = read(MEDIUM), read(SEMIBOLD)
    assert all((chr(code) in one) == (chr(code) in other) for code in range(0x3000))


def test_a_font_has_the_characters_that_fontconfig_lists() -> None:
    if shutil.which("fc-match") is None:
        pytest.skip("no fontconfig")
    command = ["fc-match", "--format", "%{file}\t%{charset}", "DejaVu Sans"]
    name, _, listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\t")
    typeface = read_typeface(Path(name))
    if typeface is None:
        pytest.skip(f"{name} has no character table")
    known = [tuple(int(end, 16) for end in part.split("-")) for part in listed.split()]
    assert known
    # Fontconfig leaves out most blank characters, so only the characters that it lists are checked
    assert [code for ends in known for code in range(ends[0], ends[-1] + 1) if chr(code) not in typeface] == []


def test_a_file_of_several_fonts(tmp_path: Path) -> None:
    first, second = make_font(format_12((0x41, 0x41))), make_font(format_12((0x42, 0x42)))
    head = b"ttcf" + struct.pack(">IIII", 0x10000, 2, 20, 20 + len(first))

    def moved(content: bytes, by: int) -> bytes:
        return content[:20] + struct.pack(">I", struct.unpack(">I", content[20:24])[0] + by) + content[24:]

    path = write_file(tmp_path / "a.ttc", head + moved(first, 20) + moved(second, 20 + len(first)))
    assert "A" in read(path)
    assert "B" not in read(path)
    assert "B" in read(path, 1)
    assert read_typeface(path, 2) is None


def test_a_colour_font_is_recognised_by_its_tables(tmp_path: Path) -> None:
    for name, coloured in ((b"CBDT", True), (b"sbix", True), (b"COLR", True), (b"glyf", False)):
        path = write_file(tmp_path / f"{name.decode()}.ttf", make_font(format_12((0x41, 0x41)), extra=name))
        assert read(path).coloured is coloured


def test_a_file_that_is_not_a_unicode_font_is_none(tmp_path: Path) -> None:
    whole = make_font(format_12((0x41, 0x41)))
    for number, content in enumerate([b"", b"%!PS-AdobeFont", b"\x00\x01\x00\x00", whole[:30], whole[:40], b"ttcf\x00"]):
        assert read_typeface(write_file(tmp_path / f"{number}.ttf", content)) is None
    assert read_typeface(tmp_path / "missing.ttf") is None
    assert read_typeface(tmp_path) is None
    # A symbol font, such as Wingdings: its characters are not Unicode
    assert read_typeface(write_file(tmp_path / "signs.ttf", make_font(format_12((0x41, 0x41)), encoding=0))) is None


@settings(max_examples=200)
@given(content=st.binary(max_size=80), code=st.integers(0, 0x10FFFF), place=st.integers(0, 60))
def test_a_damaged_font_raises_nothing(tmp_path_factory: pytest.TempPathFactory, content: bytes, code: int, place: int) -> None:
    whole = make_font(format_4((0x41, 0x43, 5, ()), (0x61, 0x63, 0, (7, 0, 9))), encoding=1)
    path = write_file(tmp_path_factory.mktemp("fonts") / "a.ttf", whole[:place] + content + whole[place + len(content) :])
    typeface = read_typeface(path)
    assert typeface is None or isinstance(chr(code) in typeface, bool)


def write_program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


def test_fontconfig_gives_the_order_of_fonts(tmp_path: Path) -> None:
    fc_match = write_program(
        tmp_path / "fc-match",
        f"echo \"$@\" > '{tmp_path}/arguments'\nprintf '/a b.ttf\\t0\\n/c.ttc\\t65538\\nnonsense\\n\\t1\\n'",
    )
    assert font_files_by_fontconfig("", fc_match) == [(Path("/a b.ttf"), 0), (Path("/c.ttc"), 2)]
    assert "lang" not in (tmp_path / "arguments").read_text(encoding="utf-8")
    font_files_by_fontconfig("ja", fc_match)
    assert "sans-serif:lang=ja" in (tmp_path / "arguments").read_text(encoding="utf-8")


def test_without_fontconfig_the_list_is_empty(tmp_path: Path) -> None:
    assert font_files_by_fontconfig("", str(tmp_path / "missing")) == []
    assert font_files_by_fontconfig("", write_program(tmp_path / "fails", "echo '/a.ttf'; exit 1")) == []


def test_a_slow_fontconfig_times_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FONTCONFIG_TIMEOUT_S", 0.05)
    assert font_files_by_fontconfig("", write_program(tmp_path / "slow", "exec sleep 60")) == []


def test_preferred_files_are_first_and_last_resort_is_last(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("LastResort.otf", "abc.ttf", "MALGUN.TTF", "deep/msgothic.ttc", "readme.txt", "segoeui.ttf"):
        write_file(tmp_path / name, b"")
    found = font_files_by_folder([tmp_path, tmp_path / "missing"])
    assert [path.name for path, _ in found] == ["segoeui.ttf", "msgothic.ttc", "MALGUN.TTF", "abc.ttf", "LastResort.otf"]


def test_an_unreadable_folder_has_no_fonts(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    path = write_file(tmp_path / "good" / "abc.ttf", b"")
    (tmp_path / "round").symlink_to("round")
    # The system reports an error, as for a removed disk; here the name is too long
    assert font_files_by_folder([tmp_path / ("x" * 300), tmp_path / "round", path, tmp_path / "good"]) == [(path, 0)]


@pytest.mark.usefixtures("clear_caches")
def test_the_first_plain_font_that_covers_the_cluster_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = tuple(
        (write_file(tmp_path / f"{name}.ttf", make_font(table, extra=extra)), 0)
        for name, table, extra in (
            ("part", format_12((0x915, 0x915)), b""),
            ("pictures", format_12((0x915, 0x94D), (0x1F600, 0x1F600)), b"CBDT"),
            ("whole", format_12((0x915, 0x94D)), b""),
            ("later", format_12((0x915, 0x94D)), b""),
        )
    )

    def list_fonts(_language: str) -> tuple[tuple[Path, int], ...]:
        return places

    monkeypatch.setattr(fonts, "font_files", list_fonts)

    def name(letter: str) -> str | None:
        typeface = fallback_font.__wrapped__(letter)
        return typeface.path.stem if typeface else None

    assert name("क") == "part"
    assert name("क्") == "whole"
    assert name("😀\ufe0f") == "pictures"
    assert name("क\u0301") == "part"
    assert name("あ") is None
    assert name("\u200d") is None


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_fallback_font_of_a_script_has_its_characters(script: str) -> None:
    typeface = fallback_font(SCRIPTS[script][0])
    if typeface is None:
        pytest.skip(f"no font for {script} here")
    assert SCRIPTS[script][0] in typeface
    assert fallback_font(SCRIPTS[script][0]) is typeface


@pytest.mark.usefixtures("clear_caches")
def test_without_fontconfig_the_folders_are_searched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "home" / ".local" / "share" / "fonts"
    folder.mkdir(parents=True)
    path = write_file(folder / "own.ttf", make_font(format_12((0xE000, 0xE000))))
    monkeypatch.setattr(fonts, "font_folders", lambda: [folder])
    typeface = fallback_font("\ue000")
    assert typeface is not None
    assert typeface.path == path
    assert fallback_font("\ue001") is None


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_font_folders_end_with_that_of_the_user(monkeypatch: pytest.MonkeyPatch, platform: str, home: Path) -> None:
    monkeypatch.setattr(fonts.sys, "platform", platform)
    folders = fonts.font_folders()
    assert len(folders) >= 2
    assert folders[-1].is_relative_to(home)
