"""Tell which songs of a list can be played, without playing them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.music.local.file_player import FORMATS, UnplayableError, check_readable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from realtime.music.songs import Song

MAX_OPENED = 1000
"""Songs whose files are opened; later ones only need to exist, since a slow disk opens a hundred files a second."""
# First bytes of wav, flac, ogg and opus, and of the tags before mp3
_MARKS = (b"RIFF", b"RIFX", b"RF64", b"riff", b"fLaC", b"OggS", b"ID3")
_SEARCH_BYTES = 2**16
_SYNC_BITS = 0xE0


@dataclass(frozen=True, slots=True)
class SongCount:
    """How many songs of a list can be played.

    Attributes:
        playable: number of song files that can be played.
        links: number of links. `emodj songs` prints them; nothing here plays them.
        missing: number of the others.
        first_fault: a sentence on the first of the others; empty without one.
    """

    playable: int
    links: int
    missing: int
    first_fault: str = ""


def count_playable(songs: Iterable[Song]) -> SongCount:
    """Count the songs that can be played, as far as the beginning of their files tells."""
    playable, links, missing, first_fault, opened = 0, 0, 0, "", 0
    for song in songs:
        if song.path is None or song.url is not None:
            links += 1
            continue
        fault = None
        if opened < MAX_OPENED or not playable or not os.path.isfile(song.path):  # noqa: PTH113 - never raises
            opened += 1
            fault = find_fault(song.path)
        playable += fault is None
        missing += fault is not None
        first_fault = first_fault or fault or ""
    return SongCount(playable, links, missing, first_fault)


def find_fault(path: Path) -> str | None:
    """A sentence on why a file cannot be played; None if it begins as a song does."""
    try:
        check_readable(path)
        with path.open("rb") as stream:
            start = stream.read(_SEARCH_BYTES)
    except UnplayableError as error:
        return str(error)
    except OSError as error:
        return str(UnplayableError(f"cannot play {path}: it cannot be read ({error.strerror})"))
    if start.startswith(_MARKS) or _has_mpeg_frame(start):
        return None
    return str(UnplayableError(f"cannot play {path}: it is damaged, or none of {FORMATS}"))


def _has_mpeg_frame(data: bytes) -> bool:
    """Whether the first bits of an mp3 frame are anywhere: some programs put other data before them."""
    at = data.find(b"\xff")
    while 0 <= at < len(data) - 1:
        if data[at + 1] & _SYNC_BITS == _SYNC_BITS:
            return True
        at = data.find(b"\xff", at + 1)
    return False
