"""The Spotify account of a session, if somebody is logged in: asked only when a key is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.music.spotify.refusals import Kind, SpotifyError
from realtime.music.spotify.tokens import TokenFile

if TYPE_CHECKING:
    from realtime.errors import EmodjError
    from realtime.music.spotify.remote import Remote

_HOPELESS = {Kind.LOGGED_OUT, Kind.ENDED, Kind.NO_PREMIUM}


class Account:
    """Who is logged in, and what controls their player. For the thread of the music.

    Args:
        device: a part of the name of the device that is preferred.
        tokens: where the login is kept; None for that of this person.
    """

    def __init__(self, device: str, tokens: TokenFile | None = None) -> None:
        self._device = device
        self._tokens = tokens or TokenFile()
        self._remote: Remote | None = None
        self._given_up: tuple[int, int] | None = None

    @property
    def current(self) -> Remote | None:
        """What controls the player, if it was needed yet."""
        return self._remote

    def remote(self) -> Remote | None:
        """What controls the player; None if nobody is logged in, or it was given up since the last login."""
        stamp = self._tokens.stamp()
        if stamp is None or stamp == self._given_up:
            return None
        if self._remote is None:
            from realtime.music.link import start_spotify
            from realtime.music.spotify.remote import Remote
            from realtime.music.spotify.web import Spotify

            self._remote = Remote(Spotify(self._tokens), self._device, start_spotify)
        return self._remote

    def refuse(self, error: EmodjError) -> None:
        """Where asking again would come to the same, the links of the session are opened without it, until a new login."""
        if isinstance(error, SpotifyError) and error.kind in _HOPELESS:
            self._given_up = self._tokens.stamp()
            if self._remote is not None:
                self._remote.let_go()

    def close(self) -> None:
        """Let go of the connection."""
        if self._remote is not None:
            self._remote.close()
