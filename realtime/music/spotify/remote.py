"""What a session asks of Spotify's player: to begin a list on a device, what keys wish, and what is on.

Spotify plays by itself, also when nobody looks; what is on is asked for at most once in `LOOK_S`, and only after somebody
has pressed a key that is about it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.music.spotify.devices import best, name_of
from realtime.music.spotify.refusals import Kind, SpotifyError, no_device
from realtime.music.spotify.states import playing

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.music.spotify.web import Row, Spotify
    from realtime.songs import Playing
    from realtime.wishes import Wish

LOOK_S = 5.0
"""Between two questions for what is on: Spotify counts them, all users of an app together."""

SOON_S = 1.0
"""After a command Spotify needs about so long to say what came of it."""

START_S = 20.0
"""How long an app that was started may take to be listed as a device."""

START_LOOK_S = 2.0
"""Between two looks at the list meanwhile."""

LONGEST_LOOK_S = 60.0
"""The same as `LOOK_S` at most, where Spotify cannot be reached."""

VOLUME_STEP = 10
"""Per cent of the volume for each press of a key, as for songs of this computer."""

GRACE_S = 10.0
"""So long after a list was begun Spotify may still say that nothing is on."""

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


class Remote:
    """Spotify's player. All calls come from one thread, `tend` a few times a second; any may read `now`.

    Args:
        spotify: whose player it is; closed with it.
        device: a part of the name of the device that is preferred; empty for the one that is active.
        start_app: starts the app of this computer with a `spotify:` link; False if there is none.
        clock: seconds that do not fall.
    """

    def __init__(
        self, spotify: Spotify, device: str, start_app: Callable[[str], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spotify = spotify
        self._device = device
        self._start_app = start_app
        self._clock = clock
        self._now: Playing | None = None
        self._title: str | None = None
        self._used: str | None = None
        self._starting: _Starting | None = None
        self._state: Row | None = None
        self._looked_at = -LOOK_S
        # When the state was true; a list that we begin needs no question
        self._known_at = -LOOK_S
        # When to look next; None: nothing of ours is on
        self._look_at: float | None = None
        self._pause_s = LOOK_S
        self._begun_at = 0.0
        self._premium: bool | None = None

    @property
    def now(self) -> Playing | None:
        """What is on, paused or not; None if nothing is, as far as we know. For any thread."""
        return self._now

    @property
    def starting(self) -> bool:
        """Whether the app was started for a list, which begins when the app is there."""
        return self._starting is not None

    def close(self) -> None:
        """Let go of the connection. What plays goes on playing: it is Spotify's."""
        self._spotify.close()

    def begin(self, uri: str, title: str) -> str:
        """Begin a list: on the active device, else on one that is listed, else on the app of this computer.

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
        try:
            return self._begin(uri, title)
        except SpotifyError as error:
            if error.kind is not Kind.NO_DEVICE or not self._start_app(uri):
                raise
        now = self._clock()
        self._starting = _Starting(uri, title, now + START_S, now + START_LOOK_S)
        return f"starting the Spotify app with {title}"

    def obey(self, wish: Wish) -> str | None:
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

    def tend(self) -> str | None:
        """Look whether an app that was started is there, and from time to time what is on.

        Returns:
            A sentence where there is something to say.

        Raises:
            SpotifyError: what was to be begun cannot be, or the login has ended.
        """
        now = self._clock()
        if self._starting is not None:
            return self._look_for_app(self._starting, now)
        if self._look_at is None or now < self._look_at:
            return None
        try:
            self._look()
        except SpotifyError as error:
            if error.kind in {Kind.LOGGED_OUT, Kind.ENDED}:
                self._forget()
                raise
            # What is on screen is still the best that is known
            self._pause_s = min(2 * self._pause_s, LONGEST_LOOK_S)
            self._look_at = now + max(self._pause_s, error.wait_s)
        return None

    def hush(self, *, pause: bool = True) -> None:
        """Make room for other music, and if wanted pause what is on."""
        self._starting = None
        if pause and self._now is not None and not self._now.paused:
            # Where it cannot be paused, the other music is what was asked for all the same
            with suppress(SpotifyError):
                self._spotify.pause()
        self._forget()

    def _begin(self, uri: str, title: str) -> str:
        device = best(self._spotify.devices(), self._device, self._used)
        if device is None:
            raise no_device()
        self._command(lambda: self._spotify.play(uri, device["id"]))
        self._used, self._title, self._state = device["id"], title, {"is_playing": True, "device": device}
        self._now = playing(self._state, title)
        self._begun_at = self._known_at = self._clock()
        return f"playing {title} on {name_of(device)}"

    def _look_for_app(self, starting: _Starting, now: float) -> str | None:
        if now < starting.look_at:
            return None
        try:
            said = self._begin(starting.uri, starting.title)
        except SpotifyError as error:
            if error.kind is Kind.NO_DEVICE and now < starting.until:
                self._starting = replace(starting, look_at=now + START_LOOK_S)
                return None
            self._starting = None
            raise
        self._starting = None
        return said

    def _louder(self, steps: int) -> str:
        device = (self._known() or {}).get("device")
        if not isinstance(device, dict):
            return NOTHING
        volume = device.get("volume_percent")
        if not device.get("supports_volume", True) or not isinstance(volume, int):
            return f"{name_of(device)} lets nobody else set its volume: turn it there"
        percent = min(100, max(0, volume + VOLUME_STEP * steps))
        self._command(lambda: self._spotify.volume(percent))
        device["volume_percent"] = percent
        self._shown(volume=percent / 100)
        return f"volume {percent}%"

    def _shuffle(self) -> str:
        state = self._known()
        if state is None:
            return NOTHING
        on = not state.get("shuffle_state")
        self._command(lambda: self._spotify.shuffle(on=on))
        state["shuffle_state"] = on
        self._shown(shuffled=on)
        return f"shuffle {'on' if on else 'off'}"

    def _skip(self, steps: int) -> str | None:
        if self._look_at is None and self._known() is None:
            return NOTHING
        for _ in range(min(abs(steps), MOST_SKIPS)):
            self._command(lambda: self._spotify.skip(back=steps < 0))
        # Which song it is now Spotify has yet to say
        self._shown(title=self._title or "Spotify", artist=None, paused=False)
        self._playing(is_playing=True)
        return None

    def _toggle(self) -> str | None:
        state = self._known()
        if state is None and self._used is None:
            return NOTHING
        paused = state is None or not state.get("is_playing")
        try:
            if state is None:
                # A player that stands still for long is active no more, and can be woken
                self._command(lambda: self._spotify.play(None, self._used))
            else:
                self._command((lambda: self._spotify.play(None, None)) if paused else self._spotify.pause)
        except SpotifyError as error:
            if error.kind is not Kind.ALREADY:
                raise
            # Somebody was faster, at the player itself
        self._shown(paused=not paused)
        self._playing(is_playing=paused)
        return None

    def _command(self, send: Callable[[], None]) -> None:
        try:
            send()
        except SpotifyError as error:
            if error.kind is Kind.NO_PREMIUM:
                self._learn(premium=False)
            raise
        self._learn(premium=True)
        self._pause_s = LOOK_S
        self._look_at = max(self._looked_at + LOOK_S, self._clock() + SOON_S)

    def _learn(self, *, premium: bool) -> None:
        if self._premium != premium:
            self._premium = premium
            self._spotify.learn(premium=premium)

    def _known(self) -> Row | None:
        """What is on: as it was said last, or if that is long ago, as Spotify says now."""
        if self._clock() >= self._known_at + LOOK_S:
            self._look()
        return self._state

    def _look(self) -> None:
        now = self._clock()
        self._looked_at = now
        self._look_at = now + LOOK_S
        state = self._spotify.state()
        self._pause_s = LOOK_S
        if state is not None:
            self._state, self._known_at = state, now
            self._now = playing(state, self._title or "Spotify")
        elif now >= self._begun_at + GRACE_S:
            self._forget()

    def _forget(self) -> None:
        self._now, self._look_at, self._state = None, None, None

    def _shown(self, **changes: object) -> None:
        if self._now is not None:
            self._now = replace(self._now, **changes)

    def _playing(self, *, is_playing: bool) -> None:
        if self._state is not None:
            self._state["is_playing"] = is_playing
