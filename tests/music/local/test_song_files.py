from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from realtime.music.local import song_files as module
from realtime.music.local.song_files import SongCount, count_playable, find_fault
from realtime.music.songs import Song
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
