"""A session of somebody who is logged in to Spotify: a real window, real keys, a server that answers as Spotify does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.live import watching
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Spotify

pytestmark = pytest.mark.window

LIST = "spotify:playlist:37i9dQZF1DXdPec7aLTmlC"

# Tells the process where Spotify is
PROGRAM = """
import sys
from realtime.cli import main
from realtime.music.spotify import transport
transport.SERVICE = transport.Service("{0}/v1/", "{0}/authorize", "{0}/api/token")
transport.TIMEOUT_S = 60
sys.exit(main())
"""


def commands(spotify: Spotify) -> list[str]:
    return [f"{one.method} {one.path.removeprefix('/v1/me/player')}" for one in spotify.asked if one.method != "GET"]


def test_the_music_is_controlled_without_leaving_the_window(
    display: str, clip: Path, tmp_path: Path, spotify: Spotify, tokens: CredentialStore
) -> None:
    spotify.device("Laptop", active=True)
    program = ("-c", PROGRAM.format(spotify.address))
    with watching(display, tmp_path, "--source", str(clip), "--jsonl", program=program) as person:
        person.choose_mood("4", "happy")
        assert spotify.asked == []
        person.press_until("p", lambda: spotify.is_playing)
        assert spotify.context == LIST
        until(lambda: any(one.path == "/v1/me/player" for one in spotify.asked))
        for key, done in (
            ("period", lambda: not spotify.is_playing),
            ("period", lambda: spotify.is_playing),
            ("n", lambda: spotify.index == 1),
            ("comma", lambda: spotify.index == 0),
            ("z", lambda: spotify.shuffle),
            ("minus", lambda: spotify.devices[0]["volume_percent"] == 40),
            ("plus", lambda: spotify.devices[0]["volume_percent"] == 50),
        ):
            person.press_until(key, done)
        person.press_until("q", lambda: person.process.poll() is not None)
    assert commands(spotify) == [
        "PUT /play",
        "PUT /pause",
        "PUT /play",
        "POST /next",
        "POST /previous",
        "PUT /shuffle",
        "PUT /volume",
        "PUT /volume",
    ]
    # It is Spotify's music, and no link was printed to open instead
    assert spotify.is_playing
    assert person.process.returncode == 0
    assert person.complaints == ""
    kept = tokens.load()
    assert kept is not None
    assert kept.premium is True


def test_who_logged_in_long_ago_gets_a_link_and_a_window_that_goes_on(
    display: str, clip: Path, tmp_path: Path, spotify: Spotify, tokens: CredentialStore
) -> None:
    spotify.revoke()
    spotify.expire_access()
    program = ("-c", PROGRAM.format(spotify.address))
    with watching(display, tmp_path, "--source", str(clip), "--jsonl", program=program) as person:
        person.choose_mood("4", "happy")
        person.press_until("p", lambda: tokens.version() is None)
        until(lambda: "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC" in person.complaints)
        before = person.picture()
        until(lambda: not np.array_equal(before, person.picture()))
        person.press_until("q", lambda: person.process.poll() is not None)
    assert person.process.returncode == 0
