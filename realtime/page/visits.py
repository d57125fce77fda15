"""Visits: what the server knows of each tab, in memory, for as long as the tab asks."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS
from realtime.page.songs import SongLists

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.domain import Expression, Face, Mood
    from realtime.faces.pipeline import FrameReader
    from realtime.music.planner import Plan, Strategy
    from realtime.session.state import Session

MAX_VISITS = 8
IDLE_S = 600.0
"""Seconds without a request after which a visit is forgotten."""
SILENT_S = 45.0
"""Seconds without a request after which a visit makes room for a new one: an open tab asks every 15 seconds."""
WATCHED_S = 3.0
"""The camera watches for so many seconds after a frame: a slow network needs them."""
_SEEDS = 2**32


class GoneError(Exception):
    """There is no such visit: it was silent for too long."""


class FullError(Exception):
    """There are as many visits as may be, and all of them are of tabs that ask."""


class Visit:
    """One tab: the session of its camera, the mood of its picture, its choices.

    Args:
        new_session: makes a session.

    Attributes:
        session: votes of the camera, the mood by hand and the strategy.
        reader: reads the frames of this session; None before the first one.
        frames: number of frames that were analysed.
        seconds: time from the first frame to the newest one.
        songs: lists of songs that the tab was offered.
        dj_plan: number of the latest order of the DJ, and its music; None before one.
        seed: draws songs, movies and facts.
    """

    def __init__(self, new_session: Callable[[], Session]) -> None:
        self._new_session = new_session
        self.songs = SongLists()
        self.seed = 0
        self.restart()
        self.draw_again()

    def restart(self) -> None:
        """Start anew: no votes, no picture, no mood by hand."""
        self.session = self._new_session()
        self.reader: FrameReader | None = None
        self.frames = 0
        self.seconds = 0.0
        self.dj_plan: tuple[int, Plan] | None = None
        self._first_s: float | None = None
        self._frame_s: float | None = None
        self._picture: tuple[Mood | None] | None = None

    def draw_again(self) -> None:
        """Draw other songs, movies and another fact from now on."""
        self.seed = secrets.randbelow(_SEEDS)

    def show_picture(self, mood: Mood | None) -> None:
        """From now on the mood is that of a picture, until the next frame of the camera; None for a picture without one."""
        self._picture = (mood,)

    def add_frame(self, faces: Sequence[Face], time_s: float, stretch: int) -> None:
        """Count the votes of a frame; arguments as of `Session.add_frame`."""
        self._picture, self._frame_s = None, time_s
        self._first_s = time_s if self._first_s is None else self._first_s
        self.seconds, self.frames = time_s - self._first_s, self.frames + 1
        self.session.add_frame(faces, time_s, stretch)

    def is_watched(self, now_s: float) -> bool:
        """Whether the camera is on: a frame came within the last `WATCHED_S`."""
        return self._picture is None and self._frame_s is not None and now_s - self._frame_s <= WATCHED_S

    def mood(self) -> Mood | None:
        """The mood by hand, else that of the picture or of the camera, whichever is shown; None without one."""
        mood = self.session.mood()
        by_hand = mood is not None and mood.source == "hand"
        return mood if by_hand or self._picture is None else self._picture[0]

    def choose_mood(self, expression: Expression | None, now_s: float) -> None:
        """Set the mood by hand; None returns to that of the faces. `now_s` is the time of a monotonic clock, seconds."""
        self.session.handle_key("0" if expression is None else str(EXPRESSIONS.index(expression) + 1), now_s)

    def choose_strategy(self, strategy: Strategy, now_s: float) -> None:
        """Choose how music is chosen, by presses of the key that takes the next strategy."""
        while self.session.strategy is not strategy:
            self.session.handle_key("l", now_s)


class Visits:
    """The visits, the one that asked last at the end.

    Args:
        new_session: makes the session of a visit.
        clock: monotonic time, seconds.
        most: number of visits at the same time.
    """

    def __init__(self, new_session: Callable[[], Session], clock: Callable[[], float], most: int = MAX_VISITS) -> None:
        self._most = most
        self._new_session = new_session
        self._clock = clock
        self._visits = OrderedDict[str, tuple[Visit, float]]()

    def __len__(self) -> int:
        return len(self._visits)

    def begin(self) -> tuple[str, Visit]:
        """Begin a visit; returns its name, too. If there are too many, one that was silent for more than `SILENT_S` goes.

        Raises:
            FullError: none was silent for so long.
        """
        self._forget_idle()
        if len(self._visits) >= self._most:
            oldest, (_, asked_s) = next(iter(self._visits.items()))
            if self._clock() - asked_s <= SILENT_S:
                raise FullError
            del self._visits[oldest]
        name, visit = secrets.token_urlsafe(16), Visit(self._new_session)
        self._visits[name] = visit, self._clock()
        return name, visit

    def get(self, name: str) -> Visit:
        """The visit of that name, which is active from now on.

        Raises:
            GoneError: there is no such visit.
        """
        self._forget_idle()
        if name not in self._visits:
            raise GoneError
        visit, _ = self._visits[name]
        self._visits[name] = visit, self._clock()
        self._visits.move_to_end(name)
        return visit

    def end(self, name: str) -> None:
        """Forget a visit, if there is one of that name: its tab was closed."""
        self._visits.pop(name, None)

    def with_list(self, name: str) -> Visit | None:
        """The visit that was offered a list of songs; None without one."""
        return next((visit for visit, _ in self._visits.values() if visit.songs.has(name)), None)

    def _forget_idle(self) -> None:
        now_s = self._clock()
        for name in [name for name, (_, asked_s) in self._visits.items() if now_s - asked_s > IDLE_S]:
            del self._visits[name]
