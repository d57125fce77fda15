"""What a session asks of Spotify's player: to begin a list on a device, and what keys wish."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.spotify.errors import ErrorKind, SpotifyError, no_device
from realtime.music.spotify.playback_state import PlaybackState, parse_volume
from realtime.printable import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.music.commands import PlayerCommand
    from realtime.music.songs import NowPlaying
    from realtime.music.spotify.client import Row, SpotifyClient


START_S = 20.0
"""How long an app that was started may take to be listed as a device."""
START_LOOK_S = 2.0
"""Between two looks at the list meanwhile."""
VOLUME_STEP = 10
"""Per cent of the volume for each press of a key, as for songs of this computer."""
MOST_SKIPS = 10
"""A key that was held down while Spotify took its time is no wish to leave out a hundred songs."""
NOTHING = "nothing is playing: press p for music"


@dataclass(frozen=True, slots=True)
class _Starting:
    """What is to be played once the app that was started is listed."""

    uri: str
    title: str
    until: float
    look_at: float


class SpotifyPlayer:
    """Spotify's player. All calls come from one thread, `tend` a few times a second; any may read `now`.

    Args:
        spotify: whose player it is; closed with it.
        device: a part of the name of the device that is preferred; empty for the one that is active.
        start_app: starts the app of this computer with a `spotify:` link; False if there is none.
        clock: seconds that do not fall.
    """

    def __init__(
        self, spotify: SpotifyClient, device: str, start_app: Callable[[str], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spotify = spotify
        self._device = device
        self._start_app = start_app
        self._clock = clock
        self._watch = PlaybackState(spotify, clock)
        self._used: str | None = None  # id of the device that was played on last
        self._starting: _Starting | None = None
        self._premium: bool | None = None
        self._unsure = False  # whether a list was asked for and no answer came: it may have begun

    @property
    def now_playing(self) -> NowPlaying | None:
        """What is on, paused or not; None if nothing is, as far as we know. For any thread."""
        return self._watch.now

    @property
    def starting(self) -> bool:
        """Whether the app was started for a list, which begins when the app is there."""
        return self._starting is not None

    def close(self) -> None:
        """Let go of the connection. What plays goes on playing: it is Spotify's."""
        self._spotify.close()

    def begin(self, uri: str, title: str) -> str:
        """Begin a list: on the active device, else on one that is listed, else on the app of this computer.

        One that is on already goes on where it is.

        Args:
            uri: `spotify:KIND:ID`.
            title: what we call it.

        Returns:
            What came of it, in words that go on.

        Raises:
            SpotifyError: it cannot be begun.
        """
        if self._starting is not None and self._starting.uri == uri:
            return f"waiting for the Spotify app with {title}"
        self._starting = None
        if self._watch.plays(uri) and self._watch.known() is not None and self._watch.plays(uri):
            # As with songs of this computer: the same list goes on where it is
            if self.now_playing is not None and self.now_playing.paused:
                self._toggle()
            return f"playing {title}"
        try:
            return self._begin(uri, title)
        except SpotifyError as error:
            if error.kind is not ErrorKind.NO_DEVICE or not self._start_app(uri):
                raise
        now = self._clock()
        self._starting = _Starting(uri, title, now + START_S, now + START_LOOK_S)
        return f"starting the Spotify app with {title}"

    def handle(self, wish: PlayerCommand) -> str | None:
        """Do what keys ask for; a plan is for the caller.

        Returns:
            A few words for the screen where there is an answer.

        Raises:
            SpotifyError: Spotify does not do it.
        """
        answers = list[str | None]()
        if wish.louder:
            answers.append(self._louder(wish.louder))
        if wish.shuffle:
            answers.append(self._shuffle())
        if wish.skip:
            answers.append(self._skip(wish.skip))
        elif wish.toggle:
            answers.append(self._toggle())
        return ", ".join(dict.fromkeys(filter(None, answers))) or None

    def poll(self) -> str | None:
        """Look whether an app that was started is there, and from time to time what is on; returns likewise.

        Raises:
            SpotifyError: what was to be begun cannot be, or the login has ended.
        """
        if self._starting is not None:
            return self._look_for_app(self._starting, self._clock())
        self._watch.poll()
        return None

    def release(self) -> None:
        """Know nothing any more of what is on, and ask no more for it."""
        # The next login may be of another account
        self._starting, self._premium, self._unsure = None, None, False
        self._watch.release()

    def silence(self, *, pause: bool = True) -> None:
        """Make room for other music, and if wanted pause what is on."""
        if pause and (self._unsure or (self.now_playing is not None and not self.now_playing.paused)):
            # Where it cannot be paused, the other music is what was asked for all the same
            with suppress(EmodjError):
                self._spotify.pause()
        self.release()

    def _begin(self, uri: str, title: str) -> str:
        device = best_device(self._spotify.devices(), self._device, self._used)
        if device is None:
            raise no_device()
        self._unsure = True
        self._command(lambda: self._spotify.play(uri, device["id"]))
        self._used, self._unsure = device["id"], False
        self._watch.note_started(uri, title, device)
        return f"playing {title} on {device_name(device)}"

    def _look_for_app(self, starting: _Starting, now: float) -> str | None:
        if now < starting.look_at:
            return None
        self._starting = None
        try:
            return self._begin(starting.uri, starting.title)
        except SpotifyError as error:
            if error.kind is not ErrorKind.NO_DEVICE or now >= starting.until:
                raise
        self._starting = replace(starting, look_at=now + START_LOOK_S)
        return None

    def _louder(self, steps: int) -> str:
        device = (self._watch.known() or {}).get("device")
        if not isinstance(device, dict):
            return NOTHING
        before = parse_volume(device)
        if before is None:
            return f"{device_name(device)} lets nobody else set its volume: turn it there"
        percent = min(100, max(0, before + VOLUME_STEP * steps))
        self._command(lambda: self._spotify.volume(percent))
        device["volume_percent"] = percent
        self._watch.note_change(volume=percent / 100)
        return f"volume {percent}%"

    def _shuffle(self) -> str:
        state = self._watch.known()
        if state is None:
            return NOTHING
        on = not state.get("shuffle_state")
        self._command(lambda: self._spotify.shuffle(on=on))
        state["shuffle_state"] = on
        self._watch.note_change(shuffled=on)
        return f"shuffle {'on' if on else 'off'}"

    def _skip(self, steps: int) -> str | None:
        if not self._watch.now_playing and self._watch.known() is None:
            return NOTHING
        for _ in range(min(abs(steps), MOST_SKIPS)):
            self._command(lambda: self._spotify.skip(back=steps < 0))
            self._watch.note_skip()
        return None

    def _toggle(self) -> str | None:
        state = self._watch.known()
        if state is None and self._used is None:
            return NOTHING
        pauses = state is not None and bool(state.get("is_playing"))
        # A player that stands still for long is active no more, and can be woken
        device = self._used if state is None else None
        try:
            self._command(self._spotify.pause if pauses else lambda: self._spotify.play(None, device))
        except SpotifyError as error:
            if error.kind is not ErrorKind.ALREADY:
                raise
            # Somebody was faster, at the player itself: what is on is looked at soon
            self._watch.note_command()
            return str(error)
        self._watch.note_change(paused=pauses)
        if state is not None:
            state["is_playing"] = not pauses
        return None

    def _command(self, send: Callable[[], None]) -> None:
        try:
            send()
        except SpotifyError as error:
            if error.kind is ErrorKind.NO_PREMIUM:
                self._learn(premium=False)
            self._unsure = self._unsure and error.kind is ErrorKind.AWAY
            raise
        self._learn(premium=True)
        self._watch.note_command()

    def _learn(self, *, premium: bool) -> None:
        if self._premium != premium:
            self._premium = premium
            self._spotify.learn(premium=premium)


_ID = re.compile(r"[\w-]{1,200}", re.ASCII)


def is_usable(device: Row) -> bool:
    """Whether other programs than Spotify's own may control it."""
    ident = device.get("id")
    # It becomes a part of an address
    return isinstance(ident, str) and _ID.fullmatch(ident) is not None and not device.get("is_restricted")


def device_name(device: Row) -> str:
    """What its owner calls it."""
    name = device.get("name")
    return (clean_text(name) if isinstance(name, str) else None) or "a device without a name"


def best_device(devices: Sequence[Row], wanted: str = "", used: str | None = None) -> Row | None:
    """The one to play on; None if there is none.

    Args:
        devices: as they are listed.
        wanted: a part of the name of the one that is preferred, also to the active one; empty for none.
        used: id of the one that was played on last.
    """

    def order(device: Row) -> tuple[bool, bool, bool, bool]:
        named = bool(wanted) and wanted.casefold() in device_name(device).casefold()
        return not named, not device.get("is_active"), device["id"] != used, device.get("type") != "Computer"

    return min(filter(is_usable, devices), key=order, default=None)
