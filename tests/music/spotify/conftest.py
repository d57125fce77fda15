"""Fixtures: a client of the logged-in user with a clock that the test sets."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from realtime.music.spotify.client import SpotifyClient
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.music.spotify.credentials import CredentialStore

# A busy machine must not cause a timeout


@pytest.fixture
def clock() -> list[float]:
    """The time of the clock in seconds, as its only item; a test replaces it."""
    return [0.0]


@pytest.fixture
def client(tokens: CredentialStore, clock: list[float]) -> Iterator[SpotifyClient]:
    """The client of the logged-in user."""
    with closing(SpotifyClient(tokens, timeout_s=PATIENCE_S, clock=lambda: clock[0])) as made:
        yield made
