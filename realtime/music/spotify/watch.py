"""What is on, as far as is known: Spotify plays by itself, also when nobody looks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.music.spotify.refusals import Kind, SpotifyError
from realtime.music.spotify.states import left, playing

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.music.spotify.web import Row, Spotify
    from realtime.songs import Playing

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


class Watch:
    """Asks what is on, at most once in `LOOK_S`, and only after somebody has pressed a key that is about it.

    Args:
        spotify: whose player it is.
        clock: seconds that do not fall.

    Attributes:
        now: for the screen; None if nothing is on, as far as is known.
        state: as Spotify described it, with what was commanded since; None likewise.
    """

    def __init__(self, spotify: Spotify, clock: Callable[[], float]) -> None:
        self._spotify = spotify
        self._clock = clock
        self.now: Playing | None = None
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
    def on(self) -> bool:
        """Whether it looks from time to time, since something was commanded or found to be on."""
        return self._look_at is not None

    def plays(self, uri: str) -> bool:
        """Whether a list is on, as far as is known, playing or paused."""
        return self.now is not None and self._context() == uri

    def begun(self, uri: str, title: str, device: Row) -> None:
        """A list was begun on a device: what is on is called by our name for the list, until Spotify names a song."""
        self._list, self._title = uri, title
        self._begun_at = self._known_at = self._clock()
        self.state = {"is_playing": True, "device": device, "context": {"uri": uri}}
        self.now = playing(self.state, title)

    def commanded(self) -> None:
        """Something else may be on soon."""
        self._pause_s = LOOK_S
        self._look_at = max(self._looked_at + LOOK_S, self._clock() + SOON_S)

    def changed(self, **facts: object) -> None:
        """Spotify has done what was commanded: `paused`, `shuffled`, `volume` of `Playing`."""
        self.now = None if self.now is None else replace(self.now, **facts)

    def skipped(self) -> None:
        """Another song is on, and Spotify has yet to say which."""
        self.changed(title=self._name(), artist=None, paused=False)
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

    def tend(self) -> None:
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
            if error.kind in {Kind.LOGGED_OUT, Kind.ENDED}:
                self.let_go()
                raise
            self._pause_s = min(2 * self._pause_s, LONGEST_LOOK_S)
            self._look_at = now + max(self._pause_s, error.wait_s)
            # Until then what is on screen is still the best that is known
            if max(self._look_at, now) > self._known_at + STALE_S:
                self.let_go()

    def let_go(self) -> None:
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
            self.now = playing(state, self._name())
            self._look_at = now + min(REST_S, max(LOOK_S, left(state) + SOON_S))
        elif now >= self._begun_at + GRACE_S:
            self.let_go()
