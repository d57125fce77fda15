"""Play on Spotify devices: choose a device, start a list, and apply commands."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.commands import NOTHING_PLAYING, VOLUME_STEP
from realtime.music.spotify.errors import ErrorKind, SpotifyError, no_device
from realtime.music.spotify.playback_state import PlaybackState, parse_volume
from realtime.printable import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.music.commands import PlayerCommand
    from realtime.music.songs import NowPlaying
    from realtime.music.spotify.client import JsonObject, SpotifyClient


APP_START_TIMEOUT_S = 20.0
"""Longest time from the start of the app until it is listed as a device, in seconds."""
APP_POLL_S = 2.0
"""Interval between two reads of the device list meanwhile, in seconds."""
MAX_SKIPS = 10
"""Maximum number of skips in one command: a key held down while Spotify is slow must not skip a hundred songs."""
_DEVICE_ID = re.compile(r"[\w-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _PendingList:
    """The list to play as soon as the started app is listed as a device; times in seconds of the clock."""

    uri: str
    title: str
    deadline: float
    next_poll_at: float


class SpotifyPlayer:
    """Controls Spotify's player.

    One thread makes all calls, `poll` a few times a second; any thread may read `now_playing`.

    Args:
        spotify: client of the logged-in user; closed together with this object.
        device: part of the name of the preferred device; empty for the active one.
        start_app: starts the Spotify app of this computer with a `spotify:` link; returns False without an app.
        clock: monotonic time in seconds.
    """

    def __init__(
        self, spotify: SpotifyClient, device: str, start_app: Callable[[str], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spotify = spotify
        self._device = device
        self._start_app = start_app
        self._clock = clock
        self._state = PlaybackState(spotify, clock)
        # Id of the device that played last
        self._last_device: str | None = None
        # The list that waits for the app
        self._pending: _PendingList | None = None
        self._premium: bool | None = None
        # Whether the start of a list got no answer, so that the list may play
        self._start_unconfirmed = False

    @property
    def now_playing(self) -> NowPlaying | None:
        """The current song, playing or paused; None if nothing plays or it is unknown. Any thread may read it."""
        return self._state.now_playing

    @property
    def device(self) -> str | None:
        """The name of the device of the current song; None if it is unknown."""
        device = None if self.now_playing is None else (self._state.state or {}).get("device")
        return device_name(device) if isinstance(device, dict) else None

    @property
    def plays_own_list(self) -> bool:
        """Whether the list that `play` has started is the one that Spotify plays; False for music of the Spotify app."""
        return self._state.plays_own_list

    @property
    def songs_started(self) -> int:
        """Number of songs that the state has shown so far."""
        return self._state.songs_started

    @property
    def end_known(self) -> bool:
        """Whether the state says where the song ends."""
        return self._state.end_known

    def take_song_start(self) -> bool:
        """Whether `poll` has found that one song has ended and the next one has just begun, once."""
        return self._state.take_song_start()

    @property
    def is_starting_app(self) -> bool:
        """Whether a list waits for the started app."""
        return self._pending is not None

    def close(self) -> None:
        """Close the connection. The music goes on, since Spotify plays it."""
        self._spotify.close()

    def play(self, uri: str, title: str) -> str:
        """Play a list on the active device, else on a listed one, else in the app of this computer, which is started.

        If the list is the current one, only end a pause.

        Args:
            uri: `spotify:KIND:ID`.
            title: title of the list.

        Returns:
            The result in words, as the beginning of a sentence.

        Raises:
            SpotifyError: Spotify cannot play the list.
        """
        if self._pending is not None and self._pending.uri == uri:
            return f"waiting for the Spotify app with {title}"
        self._pending = None
        if self._state.holds_list(uri) and self._state.recent_state() is not None and self._state.holds_list(uri):
            # The local player does the same: it continues the current list
            if self.now_playing is not None and self.now_playing.paused:
                self._toggle_pause()
            return f"playing {title}"
        try:
            return self._play_on_device(uri, title)
        except SpotifyError as error:
            if error.kind is not ErrorKind.NO_DEVICE or not self._start_app(uri):
                raise
        now = self._clock()
        self._pending = _PendingList(uri, title, now + APP_START_TIMEOUT_S, now + APP_POLL_S)
        return f"starting the Spotify app with {title}"

    def handle(self, command: PlayerCommand) -> str | None:
        """Apply a command, except its plan, which the caller handles.

        Returns:
            A few words for the screen; None if there is nothing to say.

        Raises:
            SpotifyError: Spotify refuses or cannot be reached.
        """
        answers = list[str | None]()
        if command.louder:
            answers.append(self._change_volume(command.louder))
        if command.shuffle:
            answers.append(self._toggle_shuffle())
        if command.skip:
            answers.append(self._skip(command.skip))
        elif command.toggle:
            answers.append(self._toggle_pause())
        return ", ".join(dict.fromkeys(filter(None, answers))) or None

    def set_paused(self, *, paused: bool) -> str | None:
        """Pause the list that `play` has started, or end its pause; does nothing if it is so already, or if other music plays.

        Unlike the toggle of `handle` it never does the opposite where the last known state is out of date.

        Returns:
            A few words for the screen; None if there is nothing to say.

        Raises:
            SpotifyError: Spotify refuses or cannot be reached.
        """
        state = self._state.recent_state()
        if state is None or not self.plays_own_list or bool(state.get("is_playing")) is not paused:
            # After a long pause no device is active any more
            is_forgotten = state is None and self._last_device is not None
            return self._send_pause(state, paused=False) if is_forgotten and not paused else None
        return self._send_pause(state, paused=paused)

    def poll(self) -> str | None:
        """Check whether the started app is listed, or poll the state of the player.

        Returns:
            A sentence once the pending list plays; None otherwise.

        Raises:
            SpotifyError: the pending list cannot be played, or the login has expired.
        """
        if self._pending is not None:
            return self._poll_for_app(self._pending, self._clock())
        self._state.poll()
        return None

    def reset(self) -> None:
        """Forget the state of the player and stop polling."""
        # The next login may be to another account
        self._pending, self._premium, self._start_unconfirmed = None, None, False
        self._state.reset()

    def silence(self, *, pause: bool = True) -> None:
        """Stop tracking the player, since other music starts.

        Args:
            pause: whether to pause Spotify first.
        """
        if pause and (self._start_unconfirmed or (self.now_playing is not None and not self.now_playing.paused)):
            # If Spotify cannot be paused, the other music starts all the same
            with suppress(EmodjError):
                self._spotify.pause()
        self.reset()

    def _play_on_device(self, uri: str, title: str) -> str:
        device = best_device(self._spotify.devices(), self._device, self._last_device)
        if device is None:
            raise no_device()
        self._start_unconfirmed = True
        self._send_command(lambda: self._spotify.play(uri, device["id"]))
        self._last_device, self._start_unconfirmed = device["id"], False
        self._state.note_started(uri, title, device)
        return f"playing {title} on {device_name(device)}"

    def _poll_for_app(self, pending: _PendingList, now: float) -> str | None:
        if now < pending.next_poll_at:
            return None
        self._pending = None
        try:
            return self._play_on_device(pending.uri, pending.title)
        except SpotifyError as error:
            if error.kind is not ErrorKind.NO_DEVICE or now >= pending.deadline:
                raise
        self._pending = replace(pending, next_poll_at=now + APP_POLL_S)
        return None

    def _change_volume(self, steps: int) -> str:
        device = (self._state.recent_state() or {}).get("device")
        if not isinstance(device, dict):
            return NOTHING_PLAYING
        before = parse_volume(device)
        if before is None:
            return f"{device_name(device)} does not let other programs set its volume: set it on the device"
        percent = min(100, max(0, before + VOLUME_STEP * steps))
        self._send_command(lambda: self._spotify.set_volume(percent))
        device["volume_percent"] = percent
        self._state.note_change(volume=percent / 100)
        return f"volume {percent}%"

    def _toggle_shuffle(self) -> str:
        state = self._state.recent_state()
        if state is None:
            return NOTHING_PLAYING
        on = not state.get("shuffle_state")
        self._send_command(lambda: self._spotify.set_shuffle(on=on))
        state["shuffle_state"] = on
        self._state.note_change(shuffled=on)
        return f"shuffle {'on' if on else 'off'}"

    def _skip(self, steps: int) -> str | None:
        if not self._state.is_polling and self._state.recent_state() is None:
            return NOTHING_PLAYING
        for _ in range(min(abs(steps), MAX_SKIPS)):
            self._send_command(lambda: self._spotify.skip(back=steps < 0))
            self._state.note_skip()
        return None

    def _toggle_pause(self) -> str | None:
        state = self._state.recent_state()
        if state is None and self._last_device is None:
            return NOTHING_PLAYING
        return self._send_pause(state, paused=state is not None and bool(state.get("is_playing")))

    def _send_pause(self, state: JsonObject | None, *, paused: bool) -> str | None:
        # After a long pause no device is active any more: name the device to wake it
        device = self._last_device if state is None else None
        try:
            self._send_command(self._spotify.pause if paused else lambda: self._spotify.play(None, device))
        except SpotifyError as error:
            if error.kind is not ErrorKind.INVALID_STATE:
                raise
            # The user has paused or resumed in the Spotify app: poll soon
            self._state.note_command()
            return str(error)
        self._state.note_change(paused=paused)
        if state is not None:
            state["is_playing"] = not paused
        return None

    def _send_command(self, send: Callable[[], None]) -> None:
        try:
            send()
        except SpotifyError as error:
            if error.kind is ErrorKind.NO_PREMIUM:
                self._note_premium(premium=False)
            self._start_unconfirmed = self._start_unconfirmed and error.kind is ErrorKind.UNAVAILABLE
            raise
        self._note_premium(premium=True)
        self._state.note_command()

    def _note_premium(self, *, premium: bool) -> None:
        if self._premium != premium:
            self._premium = premium
            self._spotify.save_premium(premium=premium)


def is_usable(device: JsonObject) -> bool:
    """Whether other programs may control a device."""
    ident = device.get("id")
    # The id becomes part of a URL, so it must match the pattern
    return isinstance(ident, str) and _DEVICE_ID.fullmatch(ident) is not None and not device.get("is_restricted")


def device_name(device: JsonObject) -> str:
    """The name that the user gave the device, as one line."""
    name = device.get("name")
    return (clean_text(name) if isinstance(name, str) else None) or "a device without a name"


def best_device(devices: Sequence[JsonObject], preferred: str = "", last_used: str | None = None) -> JsonObject | None:
    """Choose the device to play on: the preferred one, else the active one, the last one, a computer, any other.

    Args:
        devices: devices as Spotify lists them.
        preferred: part of the name of the preferred device; empty for none.
        last_used: id of the device that played last.

    Returns:
        The device, or None if no device is usable.
    """

    def order(device: JsonObject) -> tuple[bool, bool, bool, bool]:
        named = bool(preferred) and preferred.casefold() in device_name(device).casefold()
        return not named, not device.get("is_active"), device["id"] != last_used, device.get("type") != "Computer"

    return min(filter(is_usable, devices), key=order, default=None)
