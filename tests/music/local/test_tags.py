import os
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
    assert read_tags(Song(path=Path(os.fsdecode(b"/music/\xff\n.mp3")))) == ("untitled", None)
    assert read_tags(Song()) == ("untitled", None)


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
