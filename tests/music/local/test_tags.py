import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.local.tags import read_tags
from realtime.music.songs import Song
from realtime.printable import MAX_LENGTH, clean_text
from tests.support.sounds import SUFFIXES, sound


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tags_are_read_in_any_script(suffix: str, tmp_path: Path) -> None:
    # soundfile declares the UTF-8 in an mp3 as Latin-1, as many programs do
    song = sound(tmp_path / f"song.{suffix}", title="Für Elise – 月光", artist="Бетховен")
    assert read_tags(Song(path=song)) == ("Für Elise – 月光", "Бетховен")


def id3(path: Path, title: bytes, artist: bytes, encoding: int = 0) -> Path:
    """Write an mp3 with an ID3 2.3 tag of these bytes."""
    frames = b""
    for name, text in ((b"TIT2", title), (b"TPE1", artist)):
        frames += name + struct.pack(">IHB", len(text) + 1, 0, encoding) + text
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\3\0\0" + size + frames + sound(path.with_suffix(".wav")).read_bytes())
    return path


@pytest.mark.parametrize(
    ("title", "artist", "encoding"),
    [
        ("Группа крови", "Кино", "cp1251"),
        ("Кино", "ДДТ", "cp1251"),
        ("Звезда по имени Солнце (live)", "Viktor", "koi8-r"),
        ("Ζορμπάς", "Μίκης Θεοδωράκης", "cp1253"),
        ("本能", "椎名林檎", "cp932"),
        ("さくら", "First Love", "cp932"),
        ("青花瓷", "周杰伦", "gbk"),
        ("月亮代表我的心", "鄧麗君", "big5"),
        ("난 알아요", "서태지와 아이들", "euc-kr"),
        ("Für Elise", "Ænima", "latin-1"),
        ("Ágætis byrjun", "Sigur Rós", "latin-1"),
        ("“Café”", "Mary’s", "cp1252"),
        ("Title", "Artist", "ascii"),
    ],
)
def test_code_page_of_old_tags_is_guessed(title: str, artist: str, encoding: str, tmp_path: Path) -> None:
    song = id3(tmp_path / "song.mp3", title.encode(encoding), artist.encode(encoding))
    assert read_tags(Song(path=song)) == (title, artist)


def test_tags_in_unicode_are_not_guessed(tmp_path: Path) -> None:
    song = id3(tmp_path / "song.mp3", "ÄÖÜÄÖÜ".encode("utf-16"), "Кино".encode("utf-16"), 1)
    assert read_tags(Song(path=song)) == ("ÄÖÜÄÖÜ", "Кино")
    assert read_tags(Song(path=sound(tmp_path / "song.flac", title="ÄÖÜÄÖÜ"))) == ("ÄÖÜÄÖÜ", None)


def test_title_in_the_list_wins_over_the_tags(tmp_path: Path) -> None:
    song = sound(tmp_path / "song.flac", title="Title", artist="Artist")
    assert read_tags(Song("Mine", None, song)) == ("Mine", None)
    assert read_tags(Song(None, "Me", song)) == ("Title", "Me")
    assert read_tags(Song("Mine", "Me", song)) == ("Mine", "Me")


def test_file_name_is_the_last_resort(tmp_path: Path) -> None:
    assert read_tags(Song(path=sound(tmp_path / "07 Song.wav"))) == ("07 Song", None)
    assert read_tags(Song(path=tmp_path / "gone.mp3")) == ("gone", None)
    assert read_tags(Song("Link", "Me", url="https://example.org")) == ("Link", "Me")
    assert read_tags(Song(path=sound(tmp_path / "song.mp3", title="\x07\n \t"))) == ("song", None)
    assert read_tags(Song(path=Path("/music/\udcff\n.mp3"))) == ("untitled", None)
    assert read_tags(Song()) == ("untitled", None)


def test_tags_of_gigabytes_are_not_read(tmp_path: Path) -> None:
    size = 3 * 10**9
    huge = tmp_path / "huge.wav"
    with huge.open("wb") as file:
        file.write(b"RIFF\xff\xff\xff\xffWAVEid3 " + struct.pack("<I", size))
        # Sparse: it takes no space on the disk
        file.truncate(20 + size)
    tracemalloc.start()
    try:
        assert read_tags(Song(path=huge)) == ("huge", None)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


def test_many_large_tags_are_not_read(tmp_path: Path) -> None:
    song, size = tmp_path / "many.wav", 10**7
    for count, title in ((5, "Title"), (7, "many")):
        with song.open("wb") as file:
            file.write(b"RIFF\xff\xff\xff\xffWAVE")
            for _ in range(count):
                file.write(b"id3 " + struct.pack("<I", size))
                file.seek(size, os.SEEK_CUR)
            file.write(b"LIST" + struct.pack("<I4s4sI", 18, b"INFO", b"INAM", 6) + b"Title\0")
        assert read_tags(Song(path=song)) == (title, None)


def test_control_characters_are_removed() -> None:
    assert clean_text("a\u3000b\xa0c\r\nd") == "a b c d"
    assert clean_text("\x1b[31mred\x07") == "�[31mred�"
    assert clean_text("abc\u202edef\ufeff") == "abcdef"
    joined = "क\u094d\u200dष 👩\u200d👩\u200d👧"
    assert clean_text(joined) == joined
    assert clean_text("x" * 10**6) == "x" * (MAX_LENGTH - 1) + "…"
    assert clean_text(" ") is clean_text("") is clean_text(None) is None


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"ID3\x03\0\0\0\0\x02\0", b"fLaC", b"OggS", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x20ftypM4A "]),
)
def test_any_file_gets_a_title(tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.mp3"
    path.write_bytes(start + noise)
    title, _ = read_tags(Song(path=path))
    assert title
