import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.local.tags import with_tags
from realtime.music.songs import Song
from realtime.printable import MAX_LENGTH, clean_text
from tests.support.sounds import SUFFIXES, sound


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_tells_what_it_is_called_in_any_script(suffix: str, tmp_path: Path) -> None:
    # soundfile declares its UTF-8 to be Latin-1 in an mp3, as many programs do
    song = sound(tmp_path / f"song.{suffix}", title="Für Elise – 月光", artist="Бетховен")
    assert with_tags(Song(path=song)) == ("Für Elise – 月光", "Бетховен")


def test_the_list_knows_better_than_the_file(tmp_path: Path) -> None:
    song = sound(tmp_path / "song.flac", title="Title", artist="Artist")
    assert with_tags(Song("Mine", None, song)) == ("Mine", None)
    assert with_tags(Song(None, "Me", song)) == ("Title", "Me")
    assert with_tags(Song("Mine", "Me", song)) == ("Mine", "Me")


def test_else_it_is_called_like_its_file(tmp_path: Path) -> None:
    assert with_tags(Song(path=sound(tmp_path / "07 Song.wav"))) == ("07 Song", None)
    assert with_tags(Song(path=tmp_path / "gone.mp3")) == ("gone", None)
    assert with_tags(Song("Link", "Me", url="https://example.org")) == ("Link", "Me")
    assert with_tags(Song(path=sound(tmp_path / "song.mp3", title="\x07\n \t"))) == ("song", None)
    assert with_tags(Song(path=Path(os.fsdecode(b"/music/\xff\n.mp3")))) == ("untitled", None)
    assert with_tags(Song()) == ("untitled", None)


def test_what_would_upset_a_screen_is_taken_out() -> None:
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
def test_any_file_has_a_name(tmp_path_factory: pytest.TempPathFactory, noise: bytes, start: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.mp3"
    path.write_bytes(start + noise)
    title, _ = with_tags(Song(path=path))
    assert title
