from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import cv2

from realtime.privacy.samples import FRAMES, sample_commands

if TYPE_CHECKING:
    from pathlib import Path


def test_the_samples_are_whole(tmp_path: Path) -> None:
    commands = {command.name: command for command in sample_commands(tmp_path, window=True, song=True)}
    assert list(commands) == ["picture", "session", "window", "song"]
    assert [command.plays for command in commands.values()] == [False, False, False, True]
    film = cv2.VideoCapture(str(tmp_path / "sample.mkv"))
    assert sum(film.read()[0] for _ in range(FRAMES + 5)) == FRAMES
    film.release()
    with wave.open(str(tmp_path / "songs" / "happy" / "silence.wav")) as song:
        assert song.getnframes() == song.getframerate() / 2
        assert not any(song.readframes(song.getnframes()))


def test_only_what_is_asked_for_is_made(tmp_path: Path) -> None:
    assert [command.name for command in sample_commands(tmp_path, window=False, song=False)] == ["picture", "session"]
    assert [path.name for path in tmp_path.iterdir()] == ["sample.mkv"]
