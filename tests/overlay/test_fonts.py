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
def forgetful() -> Iterator[None]:
    """What was found before is forgotten, and so is what a test finds."""
    kept = (fonts.font_files, fonts.fallback_font, fonts.read_typeface)
    for each in kept:
        each.cache_clear()
    yield
    for each in kept:
        each.cache_clear()


def groups(*ranges: tuple[int, int]) -> bytes:
    """A table of characters in format 12."""
    inside = b"".join(struct.pack(">III", first, last, 1) for first, last in ranges)
    return struct.pack(">HHIII", 12, 0, 16 + len(inside), 0, len(ranges)) + inside


def segments(*parts: tuple[int, int, int, tuple[int, ...]]) -> bytes:
    """A table in format 4: first, last, delta, and the numbers of the glyphs where a list says them."""
    parts = (*parts, (0xFFFF, 0xFFFF, 1, ()))
    count, listed, offsets = len(parts), b"", list[int]()
    for at, (_, _, _, glyphs) in enumerate(parts):
        offsets.append(2 * (count - at) + len(listed) if glyphs else 0)
        listed += struct.pack(f">{len(glyphs)}H", *glyphs)
    ends, starts = ([part[which] for part in parts] for which in (1, 0))
    deltas = [part[2] & 0xFFFF for part in parts]
    body = struct.pack(f">{count}HH{3 * count}H", *ends, 0, *starts, *deltas, *offsets) + listed
    return struct.pack(">HHHHHHH", 4, 14 + len(body), 0, 2 * count, 0, 0, 0) + body


def font(table: bytes, platform: int = 3, encoding: int = 10, extra: bytes = b"") -> bytes:
    """A file that is a font as far as its table of characters."""
    names = [b"cmap", *([extra] if extra else [])]
    cmap = struct.pack(">HHHHI", 0, 1, platform, encoding, 12) + table
    head = b"\x00\x01\x00\x00" + struct.pack(">HHHH", len(names), 0, 0, 0)
    start = len(head) + 16 * len(names)
    return head + b"".join(struct.pack(">4sIII", name, 0, start, len(cmap)) for name in names) + cmap


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(path: Path, index: int = 0) -> Typeface:
    face = read_typeface(path, index)
    assert face is not None
    return face


def test_a_font_has_what_its_groups_say(tmp_path: Path) -> None:
    face = read(written(tmp_path / "a.ttf", font(groups((0x41, 0x43), (0x3042, 0x3042), (0x1F600, 0x1F602)))))
    assert [mark for mark in "@ABCDあぃ😀😂😃\U0010ffff" if mark in face] == [*"ABCあ😀😂"]


def test_a_font_has_what_its_segments_say(tmp_path: Path) -> None:
    table = segments((0x41, 0x43, 5, ()), (0x61, 0x63, 0, (7, 0, 9)), (0x3042, 0x3042, -0x3042, ()))
    face = read(written(tmp_path / "a.ttf", font(table, encoding=1)))
    # No glyph: 0 in the list, and 0 by the sum
    assert [mark for mark in "@ABCD`abcdあ\uffff😀" if mark in face] == [*"ABCac"]


@pytest.mark.parametrize("path", [MEDIUM, SEMIBOLD])
def test_the_own_font_has_what_its_letters_need(path: Path) -> None:
    face = read(path)
    assert all(mark in face for mark in "aéßøłŠΩЖ€…–’□▶")
    assert not any(mark in face for mark in "あ한שن😀\U0010fffd")
    assert not face.coloured


def test_both_weights_of_the_own_font_have_the_same_letters() -> None:
    one, other = read(MEDIUM), read(SEMIBOLD)
    assert all((chr(code) in one) == (chr(code) in other) for code in range(0x3000))


def test_what_fonts_have_is_what_fontconfig_says() -> None:
    if shutil.which("fc-match") is None:
        pytest.skip("no fontconfig")
    command = ["fc-match", "--format", "%{file}\t%{charset}", "DejaVu Sans"]
    name, _, said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\t")
    face = read_typeface(Path(name))
    if face is None:
        pytest.skip(f"{name} has no table of characters")
    known = [tuple(int(end, 16) for end in part.split("-")) for part in said.split()]
    assert known
    # It leaves out what is blank but for some blanks: nothing is said of what lies between
    assert [code for ends in known for code in range(ends[0], ends[-1] + 1) if chr(code) not in face] == []


def test_a_file_of_several_fonts(tmp_path: Path) -> None:
    first, second = font(groups((0x41, 0x41))), font(groups((0x42, 0x42)))
    head = b"ttcf" + struct.pack(">IIII", 0x10000, 2, 20, 20 + len(first))

    def moved(content: bytes, by: int) -> bytes:
        return content[:20] + struct.pack(">I", struct.unpack(">I", content[20:24])[0] + by) + content[24:]

    path = written(tmp_path / "a.ttc", head + moved(first, 20) + moved(second, 20 + len(first)))
    assert "A" in read(path)
    assert "B" not in read(path)
    assert "B" in read(path, 1)
    assert read_typeface(path, 2) is None


def test_a_font_of_pictures_is_known_by_its_tables(tmp_path: Path) -> None:
    for name, coloured in ((b"CBDT", True), (b"sbix", True), (b"COLR", True), (b"glyf", False)):
        path = written(tmp_path / f"{name.decode()}.ttf", font(groups((0x41, 0x41)), extra=name))
        assert read(path).coloured is coloured


def test_what_is_no_font_is_none(tmp_path: Path) -> None:
    whole = font(groups((0x41, 0x41)))
    for number, content in enumerate([b"", b"%!PS-AdobeFont", b"\x00\x01\x00\x00", whole[:30], whole[:40], b"ttcf\x00"]):
        assert read_typeface(written(tmp_path / f"{number}.ttf", content)) is None
    assert read_typeface(tmp_path / "missing.ttf") is None
    assert read_typeface(tmp_path) is None
    # Signs at characters of their own, as in Wingdings
    assert read_typeface(written(tmp_path / "signs.ttf", font(groups((0x41, 0x41)), encoding=0))) is None


@settings(max_examples=200)
@given(content=st.binary(max_size=80), code=st.integers(0, 0x10FFFF), place=st.integers(0, 60))
def test_a_damaged_font_is_no_accident(tmp_path_factory: pytest.TempPathFactory, content: bytes, code: int, place: int) -> None:
    whole = font(segments((0x41, 0x43, 5, ()), (0x61, 0x63, 0, (7, 0, 9))), encoding=1)
    path = written(tmp_path_factory.mktemp("fonts") / "a.ttf", whole[:place] + content + whole[place + len(content) :])
    face = read_typeface(path)
    assert face is None or isinstance(chr(code) in face, bool)


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)


def test_fontconfig_says_which_fonts_come_first(tmp_path: Path) -> None:
    asked = program(
        tmp_path / "ask", f"echo \"$@\" > '{tmp_path}/arguments'\nprintf '/a b.ttf\\t0\\n/c.ttc\\t65538\\nnonsense\\n\\t1\\n'"
    )
    assert font_files_by_fontconfig("", asked) == [(Path("/a b.ttf"), 0), (Path("/c.ttc"), 2)]
    assert "lang" not in (tmp_path / "arguments").read_text(encoding="utf-8")
    font_files_by_fontconfig("ja", asked)
    assert "sans-serif:lang=ja" in (tmp_path / "arguments").read_text(encoding="utf-8")


def test_without_fontconfig_there_is_nothing_it_says(tmp_path: Path) -> None:
    assert font_files_by_fontconfig("", str(tmp_path / "missing")) == []
    assert font_files_by_fontconfig("", program(tmp_path / "fails", "echo '/a.ttf'; exit 1")) == []


def test_a_fontconfig_that_takes_too_long_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "PATIENCE_S", 0.05)
    assert font_files_by_fontconfig("", program(tmp_path / "slow", "exec sleep 60")) == []


def test_of_the_files_in_folders_known_ones_come_first_and_the_one_of_boxes_last(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("LastResort.otf", "abc.ttf", "MALGUN.TTF", "deep/msgothic.ttc", "readme.txt", "segoeui.ttf"):
        written(tmp_path / name, b"")
    found = font_files_by_folder([tmp_path, tmp_path / "missing"])
    assert [path.name for path, _ in found] == ["segoeui.ttf", "msgothic.ttc", "MALGUN.TTF", "abc.ttf", "LastResort.otf"]


def test_a_folder_of_fonts_that_fails_has_none(tmp_path: Path) -> None:
    (tmp_path / "good").mkdir()
    path = written(tmp_path / "good" / "abc.ttf", b"")
    (tmp_path / "round").symlink_to("round")
    # As of a disk that was taken away: the system has an error of its own for it, here that of a name that is too long
    assert font_files_by_folder([tmp_path / ("x" * 300), tmp_path / "round", path, tmp_path / "good"]) == [(path, 0)]


@pytest.mark.usefixtures("forgetful")
def test_of_fonts_that_have_a_letter_the_first_whole_one_of_plain_ink_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = tuple(
        (written(tmp_path / f"{name}.ttf", font(table, extra=extra)), 0)
        for name, table, extra in (
            ("part", groups((0x915, 0x915)), b""),
            ("pictures", groups((0x915, 0x94D), (0x1F600, 0x1F600)), b"CBDT"),
            ("whole", groups((0x915, 0x94D)), b""),
            ("later", groups((0x915, 0x94D)), b""),
        )
    )

    def first(_language: str) -> tuple[tuple[Path, int], ...]:
        return places

    monkeypatch.setattr(fonts, "font_files", first)

    def name(letter: str) -> str | None:
        face = fallback_font.__wrapped__(letter)
        return face.path.stem if face else None

    assert name("क") == "part"
    assert name("क्") == "whole"
    assert name("😀\ufe0f") == "pictures"
    assert name("क\u0301") == "part"
    assert name("あ") is None
    assert name("\u200d") is None


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_font_that_is_found_for_a_script_has_its_letters(script: str) -> None:
    face = fallback_font(SCRIPTS[script][0])
    if face is None:
        pytest.skip(f"no font for {script} here")
    assert SCRIPTS[script][0] in face
    assert fallback_font(SCRIPTS[script][0]) is face


@pytest.mark.usefixtures("forgetful")
def test_a_machine_without_fontconfig_looks_into_its_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = tmp_path / "home" / ".local" / "share" / "fonts"
    folder.mkdir(parents=True)
    path = written(folder / "own.ttf", font(groups((0xE000, 0xE000))))
    monkeypatch.setattr(fonts, "font_folders", lambda: [folder])
    face = fallback_font("\ue000")
    assert face is not None
    assert face.path == path
    assert fallback_font("\ue001") is None


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_folders_of_a_system_include_the_persons_own(monkeypatch: pytest.MonkeyPatch, platform: str, home: Path) -> None:
    monkeypatch.setattr(fonts.sys, "platform", platform)
    folders = fonts.font_folders()
    assert len(folders) >= 2
    assert folders[-1].is_relative_to(home)
