"""Spotify's player as buttons of the page: one account for all tabs, asked from the first press on and no earlier."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from realtime.errors import EmodjError
from realtime.music.commands import PlayerCommand
from realtime.music.links import spotify_uri
from realtime.music.spotify.errors import not_logged_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.music.catalog import Playlists
    from realtime.music.controller import SpotifyAccount
    from realtime.music.spotify.remote_player import SpotifyPlayer
    from realtime.session.documents import Document

SETTLE_S = 8.0
"""Seconds after a press in which Spotify is asked for its effect; Spotify is asked at most every 5 seconds."""

SILENCE = "silence"
"""The press of a tab that begins to play songs of its own: only one kind of music plays at a time."""
PRESSES = {
    "toggle": PlayerCommand(toggle=True),
    "next": PlayerCommand(skip=1),
    "previous": PlayerCommand(skip=-1),
    "shuffle": PlayerCommand(shuffle=True),
    "louder": PlayerCommand(louder=1),
    "quieter": PlayerCommand(louder=-1),
}
"""What each button sends; the keys of the window send the same."""


class SpotifyRemote:
    """Controls the Spotify account of the person who runs the server. The event loop makes all calls.

    Requests to Spotify go out in threads, one at a time; presses that wait meanwhile become one, as in the window.

    Args:
        account: of the logged-in user; closed together with this object.
        playlists: music of the settings: nothing else can be played.
        clock: monotonic time, seconds.
    """

    def __init__(self, account: SpotifyAccount, playlists: Playlists, clock: Callable[[], float] = time.monotonic) -> None:
        self._account = account
        self._playlists = playlists
        self._clock = clock
        self._turn = anyio.CapacityLimiter(1)
        # Presses come from the event loop, and a thread takes them
        self._lock = threading.Lock()
        self._waiting: PlayerCommand | None = None
        self._outcome: str | EmodjError | None = None
        self._pressed_s = -math.inf
        # Why Spotify has refused this login for good
        self._refusal: EmodjError | None = None
        self._shown: Document = {"playing": None, "active": False}

    @property
    def shown(self) -> Document:
        """What is known, without a question to Spotify.

        `playing` is null or has `title`, `artist`, `device`, `paused`, `shuffled` and `volume`; `active` says whether it may
        change by itself; `said` is null.
        """
        return {**self._shown, "said": None}

    @property
    def is_logged_in(self) -> bool:
        """Whether the user has a login; it looks at the disk."""
        return self._account.is_logged_in

    def close(self) -> None:
        """Close the connection. The music goes on, since Spotify plays it."""
        self._account.close()

    async def press(self, name: str) -> Document:
        """Do what a button does.

        Args:
            name: a key of `PRESSES`, or `SILENCE`.

        Returns:
            As `shown`, with what is to be said in `said`.

        Raises:
            KeyError: there is no such button.
            EmodjError: no login, or Spotify refuses or cannot be reached.
        """
        if name == SILENCE:
            return await self._run(self._silence)
        command = PRESSES[name]
        with self._lock:
            self._waiting = command if self._waiting is None else self._waiting.merged_with(command)
        return await self._run(self._send_waiting)

    async def play(self, url: str) -> Document:
        """Play a list of the settings by its link; returns and raises as `press`.

        Raises:
            EmodjError: also for a link that the settings do not name.
        """
        found = [choice for choice in self._playlists.all() if choice.url == url]
        uri = spotify_uri(url)
        if not found or uri is None:
            raise EmodjError("your settings name no such list of Spotify: reload the page")
        return await self._run(lambda: self._player().play(uri, found[0].title))

    async def poll(self) -> Document:
        """Ask Spotify what plays, if something was pressed and it does play; returns and raises as `press`."""
        return await self._run(self._poll)

    async def _run(self, work: Callable[[], str | None]) -> Document:
        said = await anyio.to_thread.run_sync(self._work, work, limiter=self._turn, abandon_on_cancel=True)
        return {**self._shown, "said": said}

    # Called in a thread, one at a time

    def _work(self, work: Callable[[], str | None]) -> str | None:
        try:
            return work()
        except EmodjError as error:
            self._account.note_error(error)
            if not self._account.is_usable:
                self._refusal = error
            raise
        finally:
            self._publish()

    def _send_waiting(self) -> str | None:
        with self._lock:
            command, self._waiting = self._waiting, None
        if command is not None:
            self._outcome = None
            try:
                self._outcome = self._player().handle(command)
            except EmodjError as error:
                self._outcome = error
        # Else an earlier press has taken this one along: both have the same outcome
        if isinstance(self._outcome, EmodjError):
            raise self._outcome
        return self._outcome

    def _silence(self) -> None:
        player = self._account.existing_player
        if player is not None:
            player.silence()
            self._pressed_s = -math.inf

    def _poll(self) -> str | None:
        player = self._account.existing_player
        return player.poll() if player is not None and self._is_active() else None

    def _player(self) -> SpotifyPlayer:
        player = self._account.get_player()
        if player is None:
            raise self._refusal or not_logged_in()
        self._pressed_s = self._clock()
        return player

    def _is_active(self) -> bool:
        player = self._account.existing_player
        if player is None:
            return False
        song = player.now_playing
        settles = self._clock() - self._pressed_s < SETTLE_S
        return player.is_starting_app or settles or (song is not None and not song.paused)

    def _publish(self) -> None:
        player = self._account.existing_player
        song = None if player is None else player.now_playing
        playing = None
        if player is not None and song is not None:
            playing = {
                "title": song.title,
                "artist": song.artist,
                "device": player.device,
                "paused": song.paused,
                "shuffled": song.shuffled,
                "volume": song.volume,
            }
        self._shown = {"playing": playing, "active": self._is_active()}
