"""The requests that emodj makes of Spotify's Web API: those that an app of 2026 may make."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from realtime.errors import EmodjError
from realtime.music.spotify import transport
from realtime.music.spotify.auth import renew_token
from realtime.music.spotify.errors import ErrorKind, SpotifyError, not_logged_in, try_later

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.music.spotify.credentials import CredentialStore, Token

log = logging.getLogger(__name__)

PAGE = 50
"""Most playlists, or items of one, in one answer."""

SEARCH_PAGE = 10
"""The same of a search, since February 2026; spotipy's documentation still says 50."""

MOST_ITEMS = 100
"""Songs that one request can put into a playlist."""

Row = dict[str, Any]
"""An object as Spotify describes it. Nothing of it is sure to be there."""


class SpotifyClient:
    """What a person's login lets us ask. Each call waits for one answer, or for one a page; one thread at a time.

    Every method raises a `SpotifyError` if nobody is logged in, Spotify refuses, cannot be reached, or wants to be left alone:
    then nothing is asked until that time is over.

    Args:
        tokens: where the login is kept; new tokens are written there, and one that is dead is removed.
        patience_s: how long Spotify may be silent.
        clock: seconds that do not fall.
    """

    def __init__(
        self, tokens: CredentialStore, *, patience_s: float = transport.PATIENCE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = tokens
        self._patience_s = patience_s
        self._clock = clock
        self._client = transport.client(patience_s)
        self._busy: tuple[float, SpotifyError] | None = None
        # What a token was exchanged for that could not be written
        self._unsaved: tuple[str, Token] | None = None

    def close(self) -> None:
        """Let go of the connections."""
        transport.close(self._client)

    def me(self) -> Row:
        """Who is logged in."""
        return transport.document(self._ask(self._client.current_user))

    def devices(self) -> list[Row]:
        """The devices that could play."""
        return transport.rows(self._ask(self._client.devices), "devices")

    def state(self) -> Row | None:
        """What is playing where; None if nothing is."""
        answer = self._ask(lambda: self._client.current_playback(additional_types="episode"))
        return None if answer is None else transport.document(answer)

    def play(self, uri: str | None, device: str | None) -> None:
        """Play a list or a song, or with None go on with what was on; on a device, or with None on the active one."""
        song = uri is not None and uri.split(":")[1] in {"track", "episode"}
        context, uris = (None, [uri]) if song else (uri, None)
        self._ask(lambda: self._client.start_playback(device, context, uris))

    def pause(self) -> None:
        """Pause."""
        self._ask(self._client.pause_playback)

    def skip(self, *, back: bool = False) -> None:
        """Go to the next song, or to the one before. It is asked once: to ask again could leave out a song."""
        self._ask(self._client.previous_track if back else self._client.next_track)

    def shuffle(self, *, on: bool) -> None:
        """Shuffle or not."""
        self._ask(lambda: self._client.shuffle(on))

    def volume(self, percent: int) -> None:
        """Set the volume of the active device, 0..100."""
        self._ask(lambda: self._client.volume(percent))

    def search(self, query: str, offset: int = 0) -> list[Row]:
        """Songs that a search finds, at most `SEARCH_PAGE`."""
        found = self._ask(lambda: self._client.search(query, SEARCH_PAGE, offset, "track"))
        return transport.rows(transport.document(found).get("tracks"), "items")

    def playlists(self, most: int) -> list[Row]:
        """The person's playlists, their own and those that they follow."""
        return self._pages(self._client.current_user_playlists, most)

    def items(self, playlist: str, most: int) -> list[Row]:
        """What is in a playlist of the person's own; what is gone is left out."""
        rows = self._pages(lambda limit, offset: self._client.playlist_items(playlist, None, limit, offset), most)
        # Apps of old are still told `track`
        found = (row.get("item") or row.get("track") for row in rows)
        return [cast("Row", item) for item in found if isinstance(item, dict)]

    def make_playlist(self, name: str, description: str) -> Row:
        """Make a private playlist without songs."""
        make = self._client.current_user_playlist_create
        return transport.document(self._ask(lambda: make(name, public=False, description=description)))

    def fill(self, playlist: str, uris: Sequence[str]) -> None:
        """Put up to `MOST_ITEMS` songs in place of all that a playlist has."""
        self._ask(lambda: self._client.playlist_replace_items(playlist, list(uris)))

    def learn(self, *, premium: bool) -> None:
        """Keep whether the account can be controlled, which Spotify tells only by doing it or not; never raises."""
        try:
            with self._tokens.locked():
                token = self._tokens.load()
                if token is not None and token.premium != premium:
                    self._tokens.save(replace(token, premium=premium))
        except EmodjError as error:
            # It is asked again in the next session
            log.info("%s", error)

    def _pages(self, page: Callable[[int, int], Any], most: int) -> list[Row]:
        found = list[Row]()
        for offset in range(0, most, PAGE):
            answer = transport.document(self._ask(lambda offset=offset: page(PAGE, offset)))
            found += transport.rows(answer, "items")
            if not answer.get("next"):
                break
        return found[:most]

    def _ask(self, request: Callable[[], Any]) -> Any:
        if self._busy is not None:
            until, error = self._busy
            if self._clock() < until:
                raise try_later(error, until - self._clock())
            self._busy = None
        try:
            return self._sent(request)
        except SpotifyError as error:
            if error.wait_s:
                self._busy = self._clock() + error.wait_s, error
            raise

    def _sent(self, request: Callable[[], Any]) -> Any:
        token = self._kept()
        # The clock that it is dated by is the common one
        alive = token.lasts(time.time())
        token = token if alive else self._renewed(token)
        try:
            return self._sent_with(token, request)
        except SpotifyError as error:
            if error.kind is not ErrorKind.ENDED or not alive:
                raise
        # Withdrawn, or this computer's clock is slow. What was refused with it has not been done, so it may be asked again.
        return self._sent_with(self._renewed(token), request)

    def _sent_with(self, token: Token, request: Callable[[], Any]) -> Any:
        self._client.set_auth(token.access)
        return transport.send(request, token.secrets, self._patience_s)

    def _kept(self) -> Token:
        token = self._tokens.load()
        if token is None:
            raise not_logged_in()
        old, fresh = self._unsaved or ("", token)
        return fresh if old == token.refresh else token

    def _renewed(self, token: Token) -> Token:
        with self._tokens.locked():
            now = self._kept()
            if now.refresh != token.refresh:
                # Another emodj has exchanged it meanwhile: each token is taken once
                return now
            try:
                fresh = renew_token(now, self._patience_s)
            except SpotifyError as error:
                if error.kind is ErrorKind.ENDED:
                    self._tokens.delete()
                raise
            try:
                self._tokens.save(fresh)
            except EmodjError as error:
                # The old one is dead now: without this one the login would be lost
                log.info("%s", error)
                in_file = self._tokens.load()
                self._unsaved = None if in_file is None else (in_file.refresh, fresh)
            return fresh
