"""Web API calls that emodj makes; token renewal. Only calls that Spotify allows for an app registered in 2026."""

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

PAGE_SIZE = 50
"""Maximum number of playlists, or of items of a playlist, in one answer."""

SEARCH_PAGE_SIZE = 10
"""Maximum number of results of a search in one answer, since February 2026; spotipy's documentation still says 50."""

MAX_ITEMS = 100
"""Maximum number of songs that one request can put into a playlist."""

JsonObject = dict[str, Any]
"""An object in an answer of Spotify. Any field may be missing."""


class SpotifyClient:
    """Sends requests of the logged-in user. Each call blocks for one answer, or for one answer a page. Not thread-safe.

    Every method except `save_premium` raises a `SpotifyError` if there is no login, or if Spotify refuses or cannot be reached.
    After a refusal with a waiting time, the client sends no request until that time is over, and raises the same error.

    Args:
        tokens: store of the login; the client saves new tokens there, and deletes an expired login.
        timeout_s: longest time for an answer of Spotify, in seconds.
        clock: monotonic time in seconds.
    """

    def __init__(
        self, tokens: CredentialStore, *, timeout_s: float = transport.TIMEOUT_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = tokens
        self._timeout_s = timeout_s
        self._clock = clock
        self._client = transport.make_client(timeout_s)
        # Until when no request may be sent, and why
        self._blocked: tuple[float, SpotifyError] | None = None
        # A new token that could not be saved, and the refresh token in the file that it replaces
        self._unsaved: tuple[str, Token] | None = None

    def close(self) -> None:
        """Close the connections."""
        transport.close(self._client)

    def current_user(self) -> JsonObject:
        """The profile of the logged-in user."""
        return transport.parse_object(self._request(self._client.current_user))

    def devices(self) -> list[JsonObject]:
        """The available devices."""
        return transport.parse_objects(self._request(self._client.devices), "devices")

    def playback(self) -> JsonObject | None:
        """The current song, device and state of the player; None if no device is active."""
        answer = self._request(lambda: self._client.current_playback(additional_types="episode"))
        return None if answer is None else transport.parse_object(answer)

    def play(self, uri: str | None, device: str | None) -> None:
        """Play on a device.

        Args:
            uri: `spotify:KIND:ID` of a list or a song; None to continue after a pause.
            device: id of the device; None for the active one.
        """
        song = uri is not None and uri.split(":")[1] in {"track", "episode"}
        context, uris = (None, [uri]) if song else (uri, None)
        self._request(lambda: self._client.start_playback(device, context, uris))

    def pause(self) -> None:
        """Pause the player."""
        self._request(self._client.pause_playback)

    def skip(self, *, back: bool = False) -> None:
        """Go to the next song, or to the previous one. The request is never repeated: a second one could skip a song."""
        self._request(self._client.previous_track if back else self._client.next_track)

    def set_shuffle(self, *, on: bool) -> None:
        """Switch shuffle on or off."""
        self._request(lambda: self._client.shuffle(on))

    def set_volume(self, percent: int) -> None:
        """Set the volume of the active device, 0..100."""
        self._request(lambda: self._client.volume(percent))

    def search(self, query: str, offset: int = 0) -> list[JsonObject]:
        """Search for songs; returns at most `SEARCH_PAGE_SIZE`, from an offset on."""
        found = self._request(lambda: self._client.search(query, SEARCH_PAGE_SIZE, offset, "track"))
        return transport.parse_objects(transport.parse_object(found).get("tracks"), "items")

    def playlists(self, limit: int) -> list[JsonObject]:
        """The user's playlists, both their own and those that they follow; at most `limit`."""
        return self._read_pages(self._client.current_user_playlists, limit)

    def playlist_items(self, playlist: str, limit: int) -> list[JsonObject]:
        """The items of a playlist that the user owns, at most `limit`; removed items are left out."""
        rows = self._read_pages(lambda size, offset: self._client.playlist_items(playlist, None, size, offset), limit)
        # For older apps Spotify still calls the field `track`
        found = (row.get("item") or row.get("track") for row in rows)
        return [cast("JsonObject", item) for item in found if isinstance(item, dict)]

    def create_playlist(self, name: str, description: str) -> JsonObject:
        """Create an empty private playlist."""
        make = self._client.current_user_playlist_create
        return transport.parse_object(self._request(lambda: make(name, public=False, description=description)))

    def replace_items(self, playlist: str, uris: Sequence[str]) -> None:
        """Replace all items of a playlist with up to `MAX_ITEMS` songs."""
        self._request(lambda: self._client.playlist_replace_items(playlist, list(uris)))

    def save_premium(self, *, premium: bool) -> None:
        """Save with the login whether the account has Premium, which only the answer to a command shows. Never raises."""
        try:
            with self._tokens.locked():
                token = self._tokens.load()
                if token is not None and token.premium != premium:
                    self._tokens.save(replace(token, premium=premium))
        except EmodjError as error:
            # The next session will find it out again
            log.info("%s", error)

    def _read_pages(self, page: Callable[[int, int], Any], limit: int) -> list[JsonObject]:
        found = list[JsonObject]()
        for offset in range(0, limit, PAGE_SIZE):
            answer = transport.parse_object(self._request(lambda offset=offset: page(PAGE_SIZE, offset)))
            found += transport.parse_objects(answer, "items")
            if not answer.get("next"):
                break
        return found[:limit]

    def _request(self, request: Callable[[], Any]) -> Any:
        """Send a request, unless Spotify has asked to wait."""
        if self._blocked is not None:
            until, error = self._blocked
            if self._clock() < until:
                raise try_later(error, until - self._clock())
            self._blocked = None
        try:
            return self._send(request)
        except SpotifyError as error:
            if error.wait_s:
                self._blocked = self._clock() + error.wait_s, error
            raise

    def _send(self, request: Callable[[], Any]) -> Any:
        token = self._load_token()
        # Wall-clock time, since the expiry date of a token is wall-clock time
        valid = token.is_valid_at(time.time())
        token = token if valid else self._renew(token)
        try:
            return self._send_with(token, request)
        except SpotifyError as error:
            if error.kind is not ErrorKind.EXPIRED or not valid:
                raise
        # The token was revoked, or this computer's clock is slow. Spotify has refused the request, so it is safe to repeat it.
        return self._send_with(self._renew(token), request)

    def _send_with(self, token: Token, request: Callable[[], Any]) -> Any:
        self._client.set_auth(token.access)
        return transport.send(request, token.secrets, self._timeout_s)

    def _load_token(self) -> Token:
        token = self._tokens.load()
        if token is None:
            raise not_logged_in()
        old, fresh = self._unsaved or ("", token)
        return fresh if old == token.refresh else token

    def _renew(self, token: Token) -> Token:
        with self._tokens.locked():
            current = self._load_token()
            if current.refresh != token.refresh:
                # Another emodj process has renewed it meanwhile: each token can be exchanged once
                return current
            try:
                fresh = renew_token(current, self._timeout_s)
            except SpotifyError as error:
                if error.kind is ErrorKind.EXPIRED:
                    self._tokens.delete()
                raise
            try:
                self._tokens.save(fresh)
            except EmodjError as error:
                # The old token is invalid now: without the new one the login would be lost
                log.info("%s", error)
                in_file = self._tokens.load()
                self._unsaved = None if in_file is None else (in_file.refresh, fresh)
            return fresh
