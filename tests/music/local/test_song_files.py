from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.music.local import song_files as module
from realtime.music.local.song_files import SongCount, count_playable, find_fault
from realtime.music.songs import Song
from tests.support.places import ASTRONAUT
from tests.support.sounds import SUFFIXES, sound

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("title", [None, "Title"])
def test_each_format_is_a_song_whatever_its_name(suffix: str, title: str | None, tmp_path: Path) -> None:
    song = sound(tmp_path / f"song.{suffix}", title=title)
    assert find_fault(song) is None
    assert find_fault(song.rename(tmp_path / "song.mp3")) is None


def test_mp3_after_other_data_is_a_song(tmp_path: Path) -> None:
    song = sound(tmp_path / "song.mp3")
    song.write_bytes(bytes(1000) + song.read_bytes())
    assert find_fault(song) is None


def test_mp3_after_a_tag_with_a_large_picture_is_a_song(tmp_path: Path) -> None:
    song = sound(tmp_path / "song.mp3")
    # 100,000 bytes, 7 bits of the number in each byte
    song.write_bytes(b"ID3\4\0\0" + bytes([0, 6, 13, 32]) + bytes(100_000) + song.read_bytes())
    assert find_fault(song) is None


def test_a_file_of_another_kind_is_no_song(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    for data in (
        ASTRONAUT.read_bytes(),
        np.random.default_rng(3).integers(0, 256, 2**17, np.uint8).tobytes(),
        b"ID3 text",
        b"ID3\4\0\0\0\0\0\0" + b"text " * 100,
        b"RIFF\4\0\0\0WEBPVP8 ",
    ):
        path.write_bytes(data)
        assert find_fault(path) == f"cannot play {path}: it is damaged, or none of wav, mp3, ogg, opus and flac"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_what_is_no_song_has_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no music " * 20_000)
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "ended.mp3").write_bytes(b"\xff")
    (tmp_path / "folder.mp3").mkdir()
    (tmp_path / "link.mp3").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.mp3")
    for name, sentence in (
        ("text.mp3", "it is damaged, or none of wav, mp3, ogg, opus and flac"),
        ("empty.mp3", "it is damaged, or none of wav, mp3, ogg, opus and flac"),
        ("ended.mp3", "it is damaged, or none of wav, mp3, ogg, opus and flac"),
        ("folder.mp3", "it is no file"),
        ("pipe.mp3", "it is no file"),
        ("link.mp3", "there is no such file"),
        ("gone.mp3", "there is no such file"),
    ):
        assert find_fault(tmp_path / name) == f"cannot play {tmp_path / name}: {sentence}"


@pytest.mark.posix("needs links")
def test_songs_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, good = Song(path=tmp_path / "text.mp3"), Song(path=sound(tmp_path / "good.wav"))
    (tmp_path / "text.mp3").write_text("no music")
    gone, link = Song(path=tmp_path / "gone.mp3"), Song(url="https://example.org")
    first = f"cannot play {tmp_path}/gone.mp3: there is no such file"
    assert count_playable([]) == SongCount(0, 0, 0)
    assert count_playable([gone, good, text, link, good]) == SongCount(2, 1, 2, first)
    # Later files only need to exist, once a song has been found
    monkeypatch.setattr(module, "MAX_OPENED", 1)
    assert count_playable([gone, text, text]) == SongCount(0, 0, 3, first)
    assert count_playable([good, gone, text]) == SongCount(2, 0, 1, first)
