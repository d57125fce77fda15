"""Damaged lists of songs: M3U8 and CSV."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS
from realtime.errors import EmodjError
from realtime.music.local.library import moods_with_songs, read_library, read_songs
from tests.fuzz.rounds import check_sentence, fuzz

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realtime.music.local.library import FoundSongs

M3U = """#EXTM3U
#EXTINF:215,Björk - It's Oh So Quiet
sub/ö.mp3
#EXTINF:-1 tvg-id="a,b" group="x",Only a title
https://example.org/stream?a=b
file://localhost/music/My%20Song%23.wav
..\\x.mp3
spotify:track:0123456789abcdefghijkl
"""
CSV = """mood,path,url,title,artist
happy,"a ""b"", c.mp3",,"Two
lines",Earth
sad,,https://example.org/a,,
Angry,%41.ogg,spotify:album:0123456789abcdefghijkl,x,y
"""
TOKENS = (
    *(
        b"#EXTINF:",
        b" - ",
        b",",
        b"../",
        b"//",
        b"file://",
        b"file:////",
        b"https://[",
        b"https://a@b",
        b"spotify:",
        b"%2e%2e%2f",
        b"%00",
    ),
    *(b"C:\\", b"\\\\server\\", b".mp3", b"happy", b"path", b'","', "é".encode(), "e\u0301".encode(), "日".encode("utf-16")),
)


def check_songs(found: FoundSongs, root: Path) -> None:
    """Check that each song is inside the folder or a link, and has titles of one line."""
    songs: Sequence[object] = found.songs
    assert songs
    for song in found.songs:
        assert song.path is None or song.path.is_relative_to(root)
        assert song.url is None or song.url.lower().startswith("https://")
        for text in (song.title, song.artist):
            assert text is None or len(text.splitlines()) == 1
    for notice in found.notices:
        check_sentence(notice)


def test_m3u(tmp_path: Path) -> None:
    def check(data: bytes) -> None:
        for name in ("list.m3u8", "list.m3u"):
            path = tmp_path / name
            path.write_bytes(data)
            with suppress(EmodjError):
                check_songs(read_songs(path, None), tmp_path)
        read_songs(tmp_path / "list.m3u8", None)

    fuzz(check, [M3U.encode(), M3U.encode("utf-16"), M3U.replace("\n", "\r").encode("cp1252")], TOKENS)


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        for mood in (None, EXPRESSIONS[0]):
            with suppress(EmodjError):
                check_songs(read_songs(path, mood), tmp_path)
        check_songs(read_library(path, EXPRESSIONS[0]), tmp_path)
        assert moods_with_songs(path)

    fuzz(check, [CSV.encode(), CSV.encode("utf-16"), CSV.replace("\n", "\r").encode()], TOKENS)
