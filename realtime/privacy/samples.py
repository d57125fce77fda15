"""The commands that a proof runs: a picture, a session, and on request a window and a song, all of sample data."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, cast

import cv2

from realtime.errors import EmodjError
from realtime.privacy.proof import Command
from realtime.sources.images import read_image
from realtime.storage.film import Film
from realtime.storage.resources import shipped_picture

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

FRAMES, RATE = 10, 10.0
"""Frames of the film, and frames a second."""
_SIDE = 320
_SONG_HZ, _SONG_S = 44100, 0.5


def sample_commands(folder: Path, *, window: bool, song: bool) -> list[Command]:
    """The commands to watch.

    Args:
        folder: an empty folder, where their film and their song are made.
        window: whether a session opens a window.
        song: whether a silent song is played.

    Raises:
        AssetError: the sample picture is missing.
        EmodjError: the disk refuses.
    """
    picture = shipped_picture()
    film = folder / "sample.mkv"
    _make_film(picture, film)
    commands = [
        Command("picture", ("image", str(picture), "--json")),
        Command("session", ("live", "--no-window", "--source", str(film), "--json")),
    ]
    if window:
        commands.append(Command("window", ("live", "--source", str(film), "--json")))
    if song:
        library = folder / "songs"
        _make_song(library / "happy" / "silence.wav")
        commands.append(Command("song", ("play", "happy", "--library", str(library), "--volume", "0"), plays=True))
    return commands


def _make_film(picture: Path, film: Path) -> None:
    frame = cast("Image", cv2.resize(read_image(str(picture)), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA))
    with Film(film, fps=RATE) as writer:
        writer.write(frame, FRAMES)
        problem = writer.problem()
    if problem is not None:
        raise EmodjError(f"the sample film cannot be written: {problem}")


def _make_song(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with wave.open(str(path), "wb") as song:
        song.setnchannels(1)
        song.setsampwidth(2)
        song.setframerate(_SONG_HZ)
        song.writeframes(bytes(2 * round(_SONG_HZ * _SONG_S)))
