import os
import sys
from pathlib import Path

import pytest

from realtime.domain import Expression
from realtime.errors import EmodjError, UsageError
from realtime.music.local import song_lists
from realtime.music.local.song_lists import Entry, PathGuard, SongTable, Warnings, read_m3u8


def read_text_as_m3u8(path: Path, text: str | bytes, notices: Warnings | None = None) -> list[Entry]:
    """The songs of an M3U8 with this text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_m3u8(path, PathGuard(str(path.parent)), notices or Warnings())


def read_text_as_csv(
    path: Path, text: str, notices: Warnings | None = None, *, mood: Expression | None = Expression.HAPPY
) -> list[Entry]:
    """The songs of a CSV with this text, for happy by default."""
    path.write_text(text, encoding="utf-8")
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
        ("It's Oh So Quiet - Live", "Björk", f"{tmp_path}/sub/ö.mp3", None),
        ("Only a title", "", None, "https://example.org/stream?a=b"),
        ("", "", f"{tmp_path}/b.FLAC", None),
        ("", "", None, "https://open.spotify.com/track/0123456789abcdefghijkl"),
    ]


def test_invalid_lines_give_warnings(tmp_path: Path) -> None:
    notices = Warnings()
    lines = ["http://example.org/a.mp3", "../b.mp3", "javascript:alert(1)", "file:///etc/passwd", "c.mp3"]
    for number, line in enumerate(lines[:4]):
        line_warnings = Warnings()
        assert read_text_as_m3u8(tmp_path / "a.m3u8", f"#EXTM3U\n{line}\n", line_warnings) == []
        reason = ("starts with https:// or spotify:", "leads out of", "is no song", "starts with https:// or spotify:")[number]
        (sentence,) = line_warnings.all()
        assert sentence.startswith(f"{tmp_path}/a.m3u8, line 2: {line!r} is left out, ")
        assert reason in sentence
    assert [path for _, _, path, _ in read_text_as_m3u8(tmp_path / "a.m3u8", "\n".join(lines * 5), notices)] == [
        f"{tmp_path}/c.mp3"
    ] * 5
    assert len(notices.all()) == 4
    assert notices.all()[-1] == "and 17 more"


def test_title_of_a_rejected_line_is_dropped(tmp_path: Path) -> None:
    assert read_text_as_m3u8(tmp_path / "a.m3u8", "#EXTINF:1,A - B\n/x.mp3\nc.mp3\n") == [("", "", f"{tmp_path}/c.mp3", None)]


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
        ("Two\nlines", "Earth\u2028Wind & Fire", f'{tmp_path}/a "b", c.mp3', None),
        ("", "", None, "https://example.org/a"),
        ("", "", f"{tmp_path}/d.mp3", None),
        ("E", "", f"{tmp_path}/e.mp3", "https://open.spotify.com/album/0123456789abcdefghijkl"),
    ]


def test_csv_without_moods_needs_no_mood_column_and_gives_all_rows(tmp_path: Path) -> None:
    assert len(read_text_as_csv(tmp_path / "a.csv", "path\na.mp3\nb.mp3\n", mood=None)) == 2
    assert len(read_text_as_csv(tmp_path / "a.csv", "mood,path\nsad,a.mp3\nnobody,b.mp3\n", mood=None)) == 2


def test_invalid_rows_give_warnings_with_their_line(tmp_path: Path) -> None:
    notices = Warnings()
    text = 'mood,path,url,title\nhappy,a.mp3,,"1\n2"\nhapy,b.mp3,,\nhappy,,,\nhappy,,ftp://x,\nhappy,/etc/c.mp3,,\n'
    assert len(read_text_as_csv(tmp_path / "a.csv", text, notices)) == 1
    start = f"{tmp_path}/a.csv, line"
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


@pytest.mark.parametrize("data", ["#EXTM3U\nö.mp3\n".encode("latin-1"), "\n\nö.mp3".encode("utf-16")])
def test_text_that_is_not_utf_8_raises_with_its_line(tmp_path: Path, data: bytes) -> None:
    line = 2 if data.startswith(b"#") else 1
    with pytest.raises(UsageError, match=rf"a\.m3u8 is no UTF-8 text \(at line {line}\): save it as UTF-8"):
        read_text_as_m3u8(tmp_path / "a.m3u8", data)


def test_invalid_list_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard, notices = PathGuard(str(tmp_path)), Warnings()
    (tmp_path / "folder.m3u8").mkdir()
    os.mkfifo(tmp_path / "pipe.m3u8")
    (tmp_path / "round.m3u8").symlink_to("round.m3u8")
    (tmp_path / "long.m3u8").write_text("a.mp3\n" * 2**20)
    monkeypatch.setattr(song_lists, "MAX_BYTES", 2**20)
    for name, error, sentence in [
        ("gone", UsageError, "there is no folder or list of songs at"),
        ("folder", UsageError, "is a folder, but its name is that of a list"),
        ("pipe", UsageError, "is neither a file nor a folder"),
        ("round", EmodjError, "cannot be read|cannot read .*round"),
        ("long", UsageError, "has 6 MiB, too many for a list of songs"),
    ]:
        with pytest.raises(error, match=sentence):
            read_m3u8(tmp_path / f"{name}.m3u8", guard, notices)


@pytest.mark.skipif(os.geteuid() == 0 or sys.platform == "win32", reason="root may read everything")
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
