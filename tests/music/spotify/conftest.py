"""A person's requests, at a clock of the test's own."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from realtime.music.spotify.client import SpotifyClient
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.music.spotify.credentials import CredentialStore

# A loaded machine is no reason to give Spotify up


@pytest.fixture
def clock() -> list[float]:
    """The seconds that it shows: a test puts others in their place."""
    return [0.0]


@pytest.fixture
def web(tokens: CredentialStore, clock: list[float]) -> Iterator[SpotifyClient]:
    """The requests of the person who is logged in."""
    with closing(SpotifyClient(tokens, patience_s=PATIENCE_S, clock=lambda: clock[0])) as made:
        yield made
