"""Track what Spotify plays; poll it as rarely as possible."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from realtime.music.songs import NowPlaying
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.printable import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.music.spotify.client import JsonObject, SpotifyClient


MIN_POLL_S = 5.0
"""Shortest interval between two polls, in seconds."""
SONG_POLL_S = 30.0
"""Longest interval between two polls while a song plays, in seconds.

Spotify limits the requests of all users of an app together, so that a change made in the Spotify app may show a little late."""
COMMAND_DELAY_S = 1.0
"""Time after a command until Spotify reports its effect, in seconds."""
START_GRACE_S = 10.0
"""Time after the start of a list during which Spotify may still report that nothing plays, in seconds."""
MAX_POLL_S = 60.0
"""Longest interval between two polls after errors, in seconds."""
STALE_S = 300.0
"""Age at which a state without a new answer counts as unknown, in seconds."""
SONG_START_S = 6.0
"""A song that has played for less, in seconds, has just begun: polls after the end of a song may be `MIN_POLL_S` late."""
UNKNOWN_TITLE = "Spotify"
"""Title if neither the song nor the list is known."""
_MAX_NUMBER = 10**9
"""Milliseconds: twelve days."""


class PlaybackState:
    """The state of Spotify's player, which other programs change too.

    It polls at most once in `MIN_POLL_S`, and only after a command or a read of the state.

    Args:
        spotify: client of the logged-in user.
        clock: monotonic time in seconds.

    Attributes:
        now_playing: current song for the screen; None if nothing plays or the state is unknown.
        state: last state from Spotify, with the effects of later commands; None likewise.
        songs_started: number of songs that the state has shown so far.
    """

    def __init__(self, spotify: SpotifyClient, clock: Callable[[], float]) -> None:
        self._spotify = spotify
        self._clock = clock
        self.now_playing: NowPlaying | None = None
        self.state: JsonObject | None = None
        # The list that emodj started last, and its title
        self._list_uri, self._title = "", UNKNOWN_TITLE
        self._started_at = -START_GRACE_S
        self._polled_at = -MIN_POLL_S
        # Time of the state: of the last answer, or of the start of a list, which needs no poll
        self._known_at = -MIN_POLL_S
        # Time of the next poll; None while polling is off
        self._next_poll_at: float | None = None
        # Interval to the next poll after an error
        self._retry_s = MIN_POLL_S
        self.songs_started = 0
        # The song of the last answer, when it ends if nobody stops it, and whether a command has asked for another one
        self._song: object = None
        self._ends_at = math.inf
        self._asked_for_other = False
        self._song_starts = False

    @property
    def plays_own_list(self) -> bool:
        """Whether the list that emodj started last is the current one."""
        return bool(self._list_uri) and self.holds_list(self._list_uri)

    @property
    def end_known(self) -> bool:
        """Whether the last answer says where the song ends."""
        return math.isfinite(self._ends_at)

    def take_song_start(self) -> bool:
        """Whether an answer has shown that a song has just begun after another one, without a command; once."""
        starts, self._song_starts = self._song_starts, False
        return starts

    @property
    def is_polling(self) -> bool:
        """Whether polling is on, since a command was sent or music was found playing."""
        return self._next_poll_at is not None

    def holds_list(self, uri: str) -> bool:
        """Whether a list is the current one, playing or paused, in the last known state."""
        return self.now_playing is not None and self._context_uri() == uri

    def note_started(self, uri: str, title: str, device: JsonObject) -> None:
        """Note that a list was started on a device. Its title stands for the song until Spotify names one.

        Args:
            uri: `spotify:KIND:ID` of the list.
            title: title of the list.
            device: the device, as Spotify described it.
        """
        self._list_uri, self._title = uri, title
        self._asked_for_other = True
        self._started_at = self._known_at = self._clock()
        self.state = {"is_playing": True, "device": device, "context": {"uri": uri}}
        self.now_playing = parse_now_playing(self.state, title)

    def note_command(self) -> None:
        """Note that a command was sent: poll soon, since the state may change."""
        self._retry_s = MIN_POLL_S
        self._next_poll_at = max(self._polled_at + MIN_POLL_S, self._clock() + COMMAND_DELAY_S)

    def note_change(self, **facts: object) -> None:
        """Note the effect of a command.

        Args:
            facts: changed fields of `NowPlaying`.
        """
        self.now_playing = None if self.now_playing is None else replace(self.now_playing, **facts)

    def note_skip(self) -> None:
        """Note that another song plays; the next poll names it."""
        self._asked_for_other = True
        self.note_change(title=self._fallback_title(), artist=None, paused=False)
        if self.state is not None:
            self.state["is_playing"] = True

    def recent_state(self) -> JsonObject | None:
        """The state, polled now if it is older than `MIN_POLL_S`.

        Raises:
            SpotifyError: Spotify does not answer.
        """
        if self._clock() >= self._known_at + MIN_POLL_S:
            self._fetch()
        return self.state

    def poll(self) -> None:
        """Poll Spotify if the time of the next poll has come. After a temporary error, poll again later.

        Raises:
            SpotifyError: the login is missing or has expired.
        """
        now = self._clock()
        if self._next_poll_at is None or now < self._next_poll_at:
            return
        try:
            self._fetch()
        except SpotifyError as error:
            if error.kind in {ErrorKind.LOGGED_OUT, ErrorKind.EXPIRED}:
                self.reset()
                raise
            self._retry_s = min(2 * self._retry_s, MAX_POLL_S)
            self._next_poll_at = now + max(self._retry_s, error.wait_s)
            # Until then the old state is still the best guess
            if max(self._next_poll_at, now) > self._known_at + STALE_S:
                self.reset()

    def reset(self) -> None:
        """Forget the state and stop polling."""
        self.now_playing, self.state, self._next_poll_at = None, None, None
        self._song, self._ends_at, self._song_starts = None, math.inf, False

    def _context_uri(self) -> object:
        context = (self.state or {}).get("context")
        return context.get("uri") if isinstance(context, dict) else None

    def _fallback_title(self) -> str:
        """Title while Spotify names no song: during an advertisement, or right after a skip."""
        return self._title if self._list_uri and self._context_uri() == self._list_uri else UNKNOWN_TITLE

    def _fetch(self) -> None:
        now = self._clock()
        if now < self._polled_at + MIN_POLL_S:
            return
        self._polled_at = now
        self._next_poll_at = now + MIN_POLL_S
        state = self._spotify.playback()
        self._retry_s = MIN_POLL_S
        if state is not None:
            self.state, self._known_at = state, now
            self.now_playing = parse_now_playing(state, self._fallback_title())
            self._note_song(state, now)
            self._next_poll_at = now + _poll_interval(seconds_left(state) + COMMAND_DELAY_S)
        elif now >= self._started_at + START_GRACE_S:
            self.reset()

    def _note_song(self, state: JsonObject, now: float) -> None:
        """Compare the song with that of the answer before."""
        item, progress_ms = _as_object(state.get("item")), parse_whole_number(state.get("progress_ms"))
        song = item.get("uri") or item.get("id") or item.get("name")
        begins = progress_ms is not None and progress_ms <= SONG_START_S * 1000
        # A song on repeat begins again
        if song != self._song or (begins and now >= self._ends_at - COMMAND_DELAY_S):
            self.songs_started += 1
            self._song_starts = begins and self._song is not None and not self._asked_for_other
            self._asked_for_other = False
        self._song, self._ends_at = song, now + seconds_left(state)


def _poll_interval(to_end_s: float) -> float:
    """Seconds to the next poll: right after the end of the song, or earlier, so that the poll after it can be in time."""
    if to_end_s <= SONG_POLL_S:
        return max(MIN_POLL_S, to_end_s)
    return min(SONG_POLL_S, to_end_s - MIN_POLL_S)


def parse_now_playing(state: JsonObject, title: str) -> NowPlaying:
    """Parse a state of the player for the screen.

    Args:
        state: state from Spotify; any field may be missing.
        title: title if the state names no song, as during an advertisement or a local file of the user.
    """
    item, device = _as_object(state.get("item")), _as_object(state.get("device"))
    name = _as_text(item.get("name"))
    return NowPlaying(
        name or title,
        artist_names(item) if name else None,
        1,
        1,
        paused=not state.get("is_playing"),
        shuffled=bool(state.get("shuffle_state")),
        volume=None if (percent := parse_volume(device)) is None else percent / 100,
    )


def seconds_left(state: JsonObject) -> float:
    """Seconds until the current song ends; infinite while it is paused, or if its length or position is unknown."""
    length_ms = parse_whole_number(_as_object(state.get("item")).get("duration_ms"))
    position_ms = parse_whole_number(state.get("progress_ms"))
    if not state.get("is_playing") or length_ms is None or position_ms is None:
        return math.inf
    return max(0.0, (length_ms - position_ms) / 1000)


def parse_volume(device: JsonObject) -> int | None:
    """The volume of a device, 0..100; None if it is unknown or cannot be set."""
    percent = parse_whole_number(device.get("volume_percent"))
    return min(100, percent) if percent is not None and device.get("supports_volume", True) else None


def parse_whole_number(value: object) -> int | None:
    """A whole number from 0 to `_MAX_NUMBER`; None for any other value."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_NUMBER else None


def artist_names(item: JsonObject) -> str | None:
    """The artists of a song, or the show of an episode; None without a name."""
    listed = item.get("artists")
    rows = cast("list[object]", listed) if isinstance(listed, list) else []
    names = [name for name in (_as_text(_as_object(row).get("name")) for row in rows) if name]
    return clean_text(", ".join(names)) or _as_text(_as_object(item.get("show")).get("name"))


def account_name(me: JsonObject) -> str:
    """The name of the logged-in user."""
    return _as_text(me.get("display_name")) or _as_text(me.get("id")) or "a user without a name"


def _as_object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _as_text(value: object) -> str | None:
    return clean_text(value) if isinstance(value, str) else None
