"""Damaged songs: only their titles are read here; their sound is decoded in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.music.local.song_files import find_fault
from realtime.music.local.tags import read_tags
from realtime.music.songs import Song
from realtime.printable import MAX_LENGTH
from tests.fuzz.rounds import check_sentence, fuzz
from tests.support.sounds import SUFFIXES, damaged_ogg, sound

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = (
    b"ID3\3\0\0\0\0\2\0",
    b"ID3\4\0\x40\x7f\x7f\x7f\x7f",
    b"TIT2\0\0\0\x09\0\0\1\xff\xfe",
    b"TPE1\0\0\0\4\0\0\0\xca\xe8\xed",
    b"OggS",
    b"fLaC",
)


def test_tags(tmp_path: Path) -> None:
    seeds = [sound(tmp_path / f"song.{suffix}", 0.05, "Für Elise – 月光", "Бетховен").read_bytes() for suffix in SUFFIXES]
    seeds += [seed[:600] for seed in seeds] + [damaged_ogg(tmp_path / "damaged.ogg").read_bytes()]
    path = tmp_path / "song.mp3"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        for text in read_tags(Song(path=path)):
            assert text is None or (0 < len(text) <= MAX_LENGTH and len(text.splitlines()) == 1)
        if (fault := find_fault(path)) is not None:
            check_sentence(fault)

    fuzz(check, seeds, TOKENS)
