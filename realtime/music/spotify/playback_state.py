"""What is on, as far as is known: Spotify plays by itself, also when nobody looks."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from realtime.music.songs import NowPlaying
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.printable import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.music.spotify.client import Row, SpotifyClient


LOOK_S = 5.0
"""Between two questions for what is on at least."""
REST_S = 30.0
"""Between two questions while a song goes on: Spotify counts them, those of all users of an app together, and what somebody
does at the player itself may be seen a little late."""
SOON_S = 1.0
"""After a command Spotify needs about so long to say what came of it."""
GRACE_S = 10.0
"""So long after a list was begun Spotify may still say that nothing is on."""
LONGEST_LOOK_S = 60.0
"""Between two questions at most, where there is no answer."""
STALE_S = 300.0
"""After so long without an answer nobody can tell any more what is on."""
SPOTIFY = "Spotify"
"""What is on where nobody knows what it is called."""


class PlaybackState:
    """Asks what is on, at most once in `LOOK_S`, and only after somebody has pressed a key that is about it.

    Args:
        spotify: whose player it is.
        clock: seconds that do not fall.

    Attributes:
        now: for the screen; None if nothing is on, as far as is known.
        state: as Spotify described it, with what was commanded since; None likewise.
    """

    def __init__(self, spotify: SpotifyClient, clock: Callable[[], float]) -> None:
        self._spotify = spotify
        self._clock = clock
        self.now: NowPlaying | None = None
        self.state: Row | None = None
        # The list that we began last, and what we call it
        self._list, self._title = "", SPOTIFY
        self._begun_at = -GRACE_S
        self._looked_at = -LOOK_S
        # When the state was true; a list that we begin needs no question
        self._known_at = -LOOK_S
        # When to look next
        self._look_at: float | None = None
        self._pause_s = LOOK_S

    @property
    def now_playing(self) -> bool:
        """Whether it looks from time to time, since something was commanded or found to be on."""
        return self._look_at is not None

    def plays(self, uri: str) -> bool:
        """Whether a list is on, as far as is known, playing or paused."""
        return self.now is not None and self._context() == uri

    def note_started(self, uri: str, title: str, device: Row) -> None:
        """A list was begun on a device: what is on is called by our name for the list, until Spotify names a song."""
        self._list, self._title = uri, title
        self._begun_at = self._known_at = self._clock()
        self.state = {"is_playing": True, "device": device, "context": {"uri": uri}}
        self.now = parse_now_playing(self.state, title)

    def note_command(self) -> None:
        """Something else may be on soon."""
        self._pause_s = LOOK_S
        self._look_at = max(self._looked_at + LOOK_S, self._clock() + SOON_S)

    def note_change(self, **facts: object) -> None:
        """Spotify has done what was commanded: `paused`, `shuffled`, `volume` of `Playing`."""
        self.now = None if self.now is None else replace(self.now, **facts)

    def note_skip(self) -> None:
        """Another song is on, and Spotify has yet to say which."""
        self.note_change(title=self._name(), artist=None, paused=False)
        if self.state is not None:
            self.state["is_playing"] = True

    def known(self) -> Row | None:
        """The state as it was said last, or if that is long ago, as Spotify says now.

        Raises:
            SpotifyError: it does not say.
        """
        if self._clock() >= self._known_at + LOOK_S:
            self._look()
        return self.state

    def poll(self) -> None:
        """Look if it is time to.

        Raises:
            SpotifyError: the login is at its end. What passes is waited for.
        """
        now = self._clock()
        if self._look_at is None or now < self._look_at:
            return
        try:
            self._look()
        except SpotifyError as error:
            if error.kind in {ErrorKind.LOGGED_OUT, ErrorKind.ENDED}:
                self.release()
                raise
            self._pause_s = min(2 * self._pause_s, LONGEST_LOOK_S)
            self._look_at = now + max(self._pause_s, error.wait_s)
            # Until then what is on screen is still the best that is known
            if max(self._look_at, now) > self._known_at + STALE_S:
                self.release()

    def release(self) -> None:
        """Know nothing any more, and ask no more."""
        self.now, self.state, self._look_at = None, None, None

    def _context(self) -> object:
        context = (self.state or {}).get("context")
        return context.get("uri") if isinstance(context, dict) else None

    def _name(self) -> str:
        """What is on where Spotify names no song: while an advertisement is on, or right after a skip."""
        return self._title if self._list and self._context() == self._list else SPOTIFY

    def _look(self) -> None:
        now = self._clock()
        if now < self._looked_at + LOOK_S:
            return
        self._looked_at = now
        self._look_at = now + LOOK_S
        state = self._spotify.state()
        self._pause_s = LOOK_S
        if state is not None:
            self.state, self._known_at = state, now
            self.now = parse_now_playing(state, self._name())
            self._look_at = now + min(REST_S, max(LOOK_S, seconds_left(state) + SOON_S))
        elif now >= self._begun_at + GRACE_S:
            self.release()


_LARGEST = 10**9
"""Milliseconds: twelve days."""


def parse_now_playing(state: Row, title: str) -> NowPlaying:
    """A state of the player for the screen.

    Args:
        state: as Spotify describes it; nothing of it is sure to be there.
        title: where there is no song to name: while an advertisement is on, or a song of somebody's own files.
    """
    item, device = _object(state.get("item")), _object(state.get("device"))
    name = _text(item.get("name"))
    return NowPlaying(
        name or title,
        artist_names(item) if name else None,
        1,
        1,
        paused=not state.get("is_playing"),
        shuffled=bool(state.get("shuffle_state")),
        volume=None if (percent := parse_volume(device)) is None else percent / 100,
    )


def seconds_left(state: Row) -> float:
    """Seconds until the song that is on ends, and another is on; infinite while it stands still, and where nobody knows."""
    length, at = parse_whole_number(_object(state.get("item")).get("duration_ms")), parse_whole_number(state.get("progress_ms"))
    return max(0.0, (length - at) / 1000) if state.get("is_playing") and length is not None and at is not None else math.inf


def parse_volume(device: Row) -> int | None:
    """Of a device, 0..100; None if it cannot be set, or nobody knows it."""
    percent = parse_whole_number(device.get("volume_percent"))
    return min(100, percent) if percent is not None and device.get("supports_volume", True) else None


def parse_whole_number(value: object) -> int | None:
    """A number that can be one of ours: whole, not negative, of few digits."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST else None


def artist_names(item: Row) -> str | None:
    """Of a song its artists, of an episode its show; None if it names none."""
    listed = item.get("artists")
    rows = cast("list[object]", listed) if isinstance(listed, list) else []
    names = [name for name in (_text(_object(row).get("name")) for row in rows) if name]
    return clean_text(", ".join(names)) or _text(_object(item.get("show")).get("name"))


def account_name(me: Row) -> str:
    """What whoever is logged in is called."""
    return _text(me.get("display_name")) or _text(me.get("id")) or "somebody without a name"


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return clean_text(value) if isinstance(value, str) else None
