"""A session with a login at Spotify: a real window, real keys and a local Spotify server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support.live import run_live
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Spotify

pytestmark = pytest.mark.window

LIST = "spotify:playlist:37i9dQZF1DXdPec7aLTmlC"

# Replaces the addresses of Spotify in the process
PROGRAM = """
import sys
from realtime.cli import main
from realtime.music.spotify import transport
transport.SERVICE = transport.Service("{0}/v1/", "{0}/authorize", "{0}/api/token")
transport.TIMEOUT_S = 60
sys.exit(main())
"""


def commands(spotify: Spotify) -> list[str]:
    """The requests that change the player, such as `PUT /play`."""
    changing = [request for request in spotify.requests if request.method != "GET"]
    return [f"{request.method} {request.path.removeprefix('/v1/me/player')}" for request in changing]


def test_keys_in_the_window_control_the_music(
    display: str, clip: Path, tmp_path: Path, spotify: Spotify, tokens: CredentialStore
) -> None:
    spotify.device("Laptop", active=True)
    program = ("-c", PROGRAM.format(spotify.address))
    with run_live(display, tmp_path, "--source", str(clip), "--jsonl", program=program) as driver:
        driver.choose_mood("4", "happy")
        assert spotify.requests == []
        driver.press_until("p", lambda: spotify.is_playing)
        assert spotify.context == LIST
        until(lambda: any(request.path == "/v1/me/player" for request in spotify.requests))
        for key, done in (
            ("period", lambda: not spotify.is_playing),
            ("period", lambda: spotify.is_playing),
            ("n", lambda: spotify.index == 1),
            ("comma", lambda: spotify.index == 0),
            ("z", lambda: spotify.shuffle),
            ("minus", lambda: spotify.devices[0]["volume_percent"] == 40),
            ("plus", lambda: spotify.devices[0]["volume_percent"] == 50),
        ):
            driver.press_until(key, done)
        driver.press_until("q", lambda: driver.process.poll() is not None)
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
    # The music plays at Spotify, and no link was printed instead
    assert spotify.is_playing
    assert driver.process.returncode == 0
    assert driver.stderr == ""
    kept = tokens.load()
    assert kept is not None
    assert kept.premium is True


def test_a_revoked_login_gives_a_link_and_the_session_continues(
    display: str, clip: Path, tmp_path: Path, spotify: Spotify, tokens: CredentialStore
) -> None:
    spotify.revoke()
    spotify.expire_access()
    program = ("-c", PROGRAM.format(spotify.address))
    with run_live(display, tmp_path, "--source", str(clip), "--jsonl", program=program) as driver:
        driver.choose_mood("4", "happy")
        driver.press_until("p", lambda: tokens.version() is None)
        until(lambda: "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC" in driver.stderr)
        before = driver.picture()
        until(lambda: not np.array_equal(before, driver.picture()))
        driver.press_until("q", lambda: driver.process.poll() is not None)
    assert driver.process.returncode == 0
