from __future__ import annotations

import os
import re
import tracemalloc
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from realtime.domain import Expression
from realtime.errors import EmodjError, UsageError
from realtime.music.local import song_lists
from realtime.music.local.path_guard import PathGuard
from realtime.music.local.song_lists import Entry, SongTable, Warnings, read_m3u8
from tests.support.rights import unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read_text_as_m3u8(path: Path, text: str | bytes, notices: Warnings | None = None) -> list[Entry]:
    """The songs of an M3U8 with this text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_m3u8(path, PathGuard(str(path.parent)), notices or Warnings())


def read_text_as_csv(
    path: Path, text: str, notices: Warnings | None = None, *, mood: Expression | None = Expression.HAPPY
) -> list[Entry]:
    """The songs of a CSV with this text, for happy by default."""
    path.write_text(text, encoding="utf-8", newline="")
    return SongTable(path, notices or Warnings(), with_moods=mood is not None).songs(mood, PathGuard(str(path.parent)))


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_m3u8(tmp_path: Path, start: str, end: str) -> None:
    text = """#EXTM3U
#EXTINF:215,Björk - It's Oh So Quiet - Live
sub/ö.mp3

#EXTINF:-1 tvg-id="a,b" group="x",Only a title
#EXTVLCOPT:network-caching=1000
https://example.org/stream?a=b
# a comment
b.FLAC
spotify:track:0123456789abcdefghijkl"""
    assert read_text_as_m3u8(tmp_path / "a.m3u8", start + text.replace("\n", end)) == [
        ("It's Oh So Quiet - Live", "Björk", f"{tmp_path}{os.sep}sub{os.sep}ö.mp3", None),
        ("Only a title", "", None, "https://example.org/stream?a=b"),
        ("", "", f"{tmp_path}{os.sep}b.FLAC", None),
        ("", "", None, "https://open.spotify.com/track/0123456789abcdefghijkl"),
    ]


@pytest.mark.parametrize("name", ["mood", "path", "url", "title", "artist"])
def test_a_table_with_a_column_twice_is_refused(tmp_path: Path, name: str) -> None:
    # A column that emodj does not know may come twice
    text = f"mood,path,note,url,title,artist,note,{name.upper()}\n"
    with pytest.raises(UsageError, match=f"has several columns {name}, and it is not clear which one counts"):
        read_text_as_csv(tmp_path / "a.csv", text)
    assert read_text_as_csv(tmp_path / "a.csv", text.replace(f",{name.upper()}", ",note")) == []


def test_a_song_whose_name_begins_with_a_hash_is_hinted_at(tmp_path: Path) -> None:
    notices = Warnings()
    (tmp_path / "#1.wav").touch()
    text = "#EXTM3U\n#1.wav\n#2.wav\n./#1.wav"
    assert read_text_as_m3u8(tmp_path / "a.m3u8", text, notices) == [("", "", f"{tmp_path}{os.sep}#1.wav", None)]
    # There is no #2.wav: that is a comment
    assert list(notices.all()) == [f"{tmp_path}{os.sep}a.m3u8, line 2: '#1.wav' is read as a comment: write './#1.wav'"]


def test_invalid_lines_give_warnings(tmp_path: Path) -> None:
    notices = Warnings()
    lines = ["http://example.org/a.mp3", "../b.mp3", "javascript:alert(1)", "file:///etc/d.mp3", "c.mp3"]
    for number, line in enumerate(lines[:4]):
        line_warnings = Warnings()
        assert read_text_as_m3u8(tmp_path / "a.m3u8", f"#EXTM3U\n{line}\n", line_warnings) == []
        reason = ("starts with https:// or spotify:", "leads out of", "is no song", "leads out of")[number]
        (sentence,) = line_warnings.all()
        assert sentence.startswith(f"{tmp_path}{os.sep}a.m3u8, line 2: {line!r} is left out, ")
        assert reason in sentence
    assert [path for _, _, path, _ in read_text_as_m3u8(tmp_path / "a.m3u8", "\n".join(lines * 5), notices)] == [
        f"{tmp_path}{os.sep}c.mp3"
    ] * 5
    assert len(notices.all()) == 4
    assert notices.all()[-1] == "and 17 more"


def test_title_of_a_rejected_line_is_dropped(tmp_path: Path) -> None:
    assert read_text_as_m3u8(tmp_path / "a.m3u8", "#EXTINF:1,A - B\n/x.mp3\nc.mp3\n") == [
        ("", "", f"{tmp_path}{os.sep}c.mp3", None)
    ]


def test_csv(tmp_path: Path) -> None:
    text = """\ufeffPath, MOOD,title,artist,url,year

"a ""b"", c.mp3",HAPPY,"Two
lines",Earth\u2028Wind & Fire,,1978
x.mp3,sad,X,Y,,
,happy,,,https://example.org/a
d.mp3,happy
e.mp3, Happy ,E,,spotify:album:0123456789abcdefghijkl,,,,too,many
"""
    assert read_text_as_csv(tmp_path / "a.csv", text) == [
        ("Two\nlines", "Earth\u2028Wind & Fire", f'{tmp_path}{os.sep}a "b", c.mp3', None),
        ("", "", None, "https://example.org/a"),
        ("", "", f"{tmp_path}{os.sep}d.mp3", None),
        ("E", "", f"{tmp_path}{os.sep}e.mp3", "https://open.spotify.com/album/0123456789abcdefghijkl"),
    ]


def test_csv_without_moods_needs_no_mood_column_and_gives_all_rows(tmp_path: Path) -> None:
    assert len(read_text_as_csv(tmp_path / "a.csv", "path\na.mp3\nb.mp3\n", mood=None)) == 2
    assert len(read_text_as_csv(tmp_path / "a.csv", "mood,path\nsad,a.mp3\nnobody,b.mp3\n", mood=None)) == 2


def test_invalid_rows_give_warnings_with_their_line(tmp_path: Path) -> None:
    notices = Warnings()
    text = 'mood,path,url,title\nhappy,a.mp3,,"1\n2"\nhapy,b.mp3,,\nhappy,,,\nhappy,,ftp://x,\nhappy,/etc/c.mp3,,\n'
    assert len(read_text_as_csv(tmp_path / "a.csv", text, notices)) == 1
    start = f"{tmp_path}{os.sep}a.csv, line"
    known = ", ".join(each.value for each in Expression)
    assert notices.all() == (
        f"{start} 4 is left out: unknown mood 'hapy': did you mean happy? known are {known}",
        f"{start} 5 is left out, it names neither a path nor a url",
        f"{start} 6: 'ftp://x' is left out, a link starts with https:// or spotify:",
        "and 1 more",
    )


@pytest.mark.parametrize(
    ("text", "missing", "reads"),
    [
        ("", "no column mood and no column path or url", "''"),
        ("title,artist\n", "no column mood and no column path or url", "'title,artist'"),
        ("mood;path\n", "no column mood and no column path or url", "'mood;path'"),
        ("path,title\n", "no column mood:", "'path,title'"),
        ("mood,file\n", "no column path or url:", "'mood,file'"),
    ],
)
def test_csv_without_required_columns_raises(tmp_path: Path, text: str, missing: str, reads: str) -> None:
    with pytest.raises(UsageError, match=f"{missing}.* as in mood,path,url,title,artist, and reads {reads}"):
        read_text_as_csv(tmp_path / "a.csv", text)


@pytest.mark.parametrize("row", ['happy,"a.mp3\nhappy,b.mp3\n', 'happy,"a"b.mp3\n', f'happy,"{"x" * 200_000}.mp3"\n'])
def test_csv_with_unclosed_quotes_raises(tmp_path: Path, row: str) -> None:
    with pytest.raises(UsageError, match=r"a\.csv is no CSV from line 2 on \(.*\): look for a missing quote"):
        read_text_as_csv(tmp_path / "a.csv", f"mood,path\n{row}")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("suffix", ["m3u", "m3u8"])
def test_each_encoding_of_unicode_is_read(tmp_path: Path, encoding: str, suffix: str) -> None:
    data = "#EXTM3U\r#EXTINF:9,Ä - Ö\rö/日本.mp3\r".encode(encoding)
    assert read_text_as_m3u8(tmp_path / f"a.{suffix}", data) == [("Ö", "Ä", f"{tmp_path}{os.sep}ö{os.sep}日本.mp3", None)]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Für Elise", "cp1252"), ("Группа крови", "cp1251"), ("さくら", "cp932"), ("月亮代表我的心", "gb18030")],
)
def test_m3u_in_an_old_code_page_is_guessed(tmp_path: Path, text: str, encoding: str) -> None:
    data = f"#EXTM3U\n#EXTINF:9,Somebody - {text}\n{text}.mp3\n".encode(encoding)
    assert read_text_as_m3u8(tmp_path / "a.m3u", data) == [(text, "Somebody", f"{tmp_path}{os.sep}{text}.mp3", None)]


@pytest.mark.parametrize("name", ["a.m3u8", "a.csv"])
@pytest.mark.parametrize(
    ("data", "line"),
    [("#EXTM3U\nö.mp3\n".encode("latin-1"), "UTF-8 text (at line 2)"), (b"\xff\xfea\0\n\0\0\xdc", "UTF-16 text (at line 2)")],
)
def test_text_that_is_no_unicode_raises_with_its_line(tmp_path: Path, name: str, data: bytes, line: str) -> None:
    (tmp_path / name).write_bytes(data)
    read = SongTable if name.endswith("csv") else partial(read_m3u8, guard=PathGuard(str(tmp_path)))
    with pytest.raises(UsageError, match=re.escape(f"{name} is no {line}: save it as UTF-8")):
        read(tmp_path / name, notices=Warnings())


def percent_codes(path: Path) -> str:
    return quote(path.name)


def address(path: Path) -> str:
    return path.as_uri()


def address_with_host(path: Path) -> str:
    return f"FILE://localhost/{quote(path.as_posix().removeprefix('/'))}"


@pytest.mark.parametrize("write", [percent_codes, address, address_with_host])
@pytest.mark.parametrize(
    "name",
    ["My Song.wav", "A#1 (live)?.wav" if os.name == "posix" else "A#1 (live).wav", "100% Pure.wav", "Café.wav", "a%20b.wav"],
)
def test_names_as_players_write_them(tmp_path: Path, write: Callable[[Path], str], name: str) -> None:
    song = tmp_path / name
    song.touch()
    assert read_text_as_m3u8(tmp_path / "a.m3u8", write(song)) == [("", "", str(song), None)]
    assert read_text_as_csv(tmp_path / "a.csv", f'mood,path,url\nhappy,,"{write(song)}"\nhappy,"{write(song)}",') == [
        ("", "", str(song), None)
    ] * (2 if write(song)[:5].lower() == "file:" else 1)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("#EXTINF:215,A - B", ("B", "A")),
        ("#extinf:,B", ("B", "")),
        ('#EXTINF:-1 x="a,b" y="c",A, B - C', ("C", "A, B")),
        ('#EXTINF:5 x="never closed,B', ("B", "")),
        ('#EXTINF:5,She said "no, A"', ('She said "no, A"', "")),
        ("#EXTINF:215", ("", "")),
        ("#EXTINF:215" + " " * 60_000, ("", "")),
        ("#EXTINF:" + " " * 60_000 + "A", ("", "")),
        ("#EXTINF:1," + "A" * 10_000, ("", "")),
        ("#EXTINF:1," + "A" * 9_000, ("A" * 9_000, "")),
        ("#EXTINF:1 " + 'a="b" ' * 1_600 + ",A", ("A", "")),
    ],
)
def test_titles_of_m3u8(tmp_path: Path, line: str, named: tuple[str, str]) -> None:
    assert read_text_as_m3u8(tmp_path / "a.m3u8", f"{line}\na.mp3") == [(*named, f"{tmp_path}{os.sep}a.mp3", None)]


def test_long_lines_are_left_out(tmp_path: Path) -> None:
    notices = Warnings()
    text = f"{'a' * 10_000}.mp3\nhttps://example.org/{'a' * 10_000}\na.mp3"
    assert read_text_as_m3u8(tmp_path / "a.m3u8", text, notices) == [("", "", f"{tmp_path}{os.sep}a.mp3", None)]
    assert all("is left out, it is longer than 10000 characters" in sentence for sentence in notices.all())


def test_long_lists_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(song_lists, "MAX_SONGS", 10)
    monkeypatch.setattr(song_lists, "MAX_LINES", 30)
    for text, count, number in (("a.mp3\n" * 12, 10, 11), ("#\n" * 29 + "a.mp3\n" * 2, 1, 31)):
        notices = Warnings()
        assert len(read_text_as_m3u8(tmp_path / "a.m3u8", text, notices)) == count
        assert notices.all() == (f"{tmp_path}{os.sep}a.m3u8 is too long: all from line {number} on is left out",)
    notices = Warnings()
    assert len(read_text_as_csv(tmp_path / "a.csv", "mood,path\n" + "happy,a.mp3\n" * 12, notices)) == 10
    assert notices.all() == (f"{tmp_path}{os.sep}a.csv is too long: all from line 12 on is left out",)


def test_csv_with_many_columns_or_long_rows_raises(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.csv has 1000 columns, too many for a list of songs"):
        read_text_as_csv(tmp_path / "a.csv", "mood,path" + "," * 998)
    for row in ("," * 200_000, '"x\n",' * 50_000):
        with pytest.raises(UsageError, match=r"a\.csv is no CSV from line 2 on \(it is longer than 100000 characters\)"):
            read_text_as_csv(tmp_path / "a.csv", f"mood,path\n{row}")


def test_cells_of_unknown_columns_take_no_memory(tmp_path: Path) -> None:
    text = "mood,path,title\n" + ("happy,a.mp3," + "," * 90_000 + "\n") * 30
    tracemalloc.start()
    try:
        read_text_as_csv(tmp_path / "a.csv", text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * len(text)


@pytest.mark.posix("needs links, and pipes with a name")
def test_invalid_list_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard, notices = PathGuard(str(tmp_path)), Warnings()
    (tmp_path / "folder.m3u8").mkdir()
    os.mkfifo(tmp_path / "pipe.m3u8")
    (tmp_path / "round.m3u8").symlink_to("round.m3u8")
    (tmp_path / "long.m3u8").write_text("a.mp3\n" * 2**20)
    monkeypatch.setattr(song_lists, "MAX_BYTES", 10**6)
    for name, error, sentence in [
        ("gone", UsageError, "there is no folder or list of songs at"),
        ("folder", UsageError, "is a folder, but its name is that of a list"),
        ("pipe", UsageError, "is neither a file nor a folder"),
        ("round", EmodjError, "cannot be read|cannot read .*round"),
        ("long", EmodjError, r"cannot read .*long\.m3u8 \(it is larger than 1 MB\)"),
    ]:
        with pytest.raises(error, match=sentence):
            read_m3u8(tmp_path / f"{name}.m3u8", guard, notices)


@unprivileged
def test_unreadable_list_raises(tmp_path: Path) -> None:
    (tmp_path / "a.m3u8").touch(0)
    with pytest.raises(EmodjError, match=r"cannot read .*a\.m3u8 \(Permission denied\)"):
        read_m3u8(tmp_path / "a.m3u8", PathGuard(str(tmp_path)), Warnings())


@pytest.mark.parametrize("name", ["a\0b.m3u8", "\ud800.m3u8", "x" * 300 + ".m3u8"])
def test_impossible_file_name_raises(tmp_path: Path, name: str) -> None:
    with pytest.raises(EmodjError, match=r"there is no folder or list of songs at|cannot read .*x \(|cannot read .*too long"):
        read_m3u8(tmp_path / name, PathGuard(str(tmp_path)), Warnings())


@pytest.mark.parametrize("mark", ["\n", "\r", "\x85", "\u2028", "\x1b", "\0"])
def test_warnings_have_no_line_end_or_control_character(mark: str) -> None:
    notices = Warnings()
    notices.add(f"/music/a{mark}emodj: done.mp3 is left out")
    assert notices.all() == ("/music/a�emodj: done.mp3 is left out",)


def test_only_the_first_warnings_are_kept() -> None:
    notices = Warnings()
    assert (notices.all(), notices.count) == ((), 0)
    for number in range(100):
        notices.add(f"no {number}")
    assert notices.all() == ("no 0", "no 1", "no 2", "and 97 more")
    assert notices.count == 100
