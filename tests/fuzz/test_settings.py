"""Damaged settings files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.config.files import load_settings
from realtime.errors import UsageError
from tests.fuzz.rounds import check_sentence, fuzz
from tests.support.places import SHIPPED_CONFIG

if TYPE_CHECKING:
    from pathlib import Path

SEED = b"""
[music]
library = "~/Music/moods"
volume = 0.5
shuffle = true

[[playlists.happy]]
title = "Sunday morning"
path = "~/Music/sunday.m3u8"

[[playlists.happy]]
url = "https://example.org/radio"
valence = 0.8
arousal = 0.6

[playlists]
sad = [{ url = "spotify:album:0123456789abcdefghijkl", title = 'x' }]
"""
TOKENS = (
    b"[[",
    b"]]",
    b"{}",
    b"=",
    b" = nan",
    b" = 0x10",
    b"1979-05-27T07:32:00Z",
    b'"""',
    b"'''",
    b"a.b.c.",
    b"[window]",
    b"[faces]\n",
)


def test_settings(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"

    def check(data: bytes) -> None:
        path.write_bytes(data)
        try:
            load_settings([SHIPPED_CONFIG, path])
        except UsageError as error:
            # A line for each fault
            for line in str(error).split("\n  "):
                check_sentence(line)

    fuzz(check, [SEED, SHIPPED_CONFIG.read_bytes()], TOKENS)
