"""The result of a session: what its screens, documents and files show at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.domain import Mood
    from realtime.facts import Fact
    from realtime.music.planner import Plan
    from realtime.session.dj import DjEvent
    from realtime.session.recommendations import RecommendedMovies
    from realtime.session.timeline import MoodSpan


@dataclass(frozen=True, slots=True)
class Summary:
    """Result of a session.

    Attributes:
        mood: mood of all votes, or the mood by hand; None if no face voted and the user chose none.
        shares: shares of the expressions in all votes, 0..1, in the order of `Expression`; None if no face voted.
        frames: number of analysed frames.
        seconds: time from the first analysed frame to the last.
        plan: music that fits the mood; None if there is none.
        movies: movies that fit the mood; None without a mood, or without a movie for it.
        fact: a true sentence about the mood; None without a mood.
        seed: seed of the draw of `movies` and `fact`; None if the session recommends none.
        timeline: what the faces looked like in the course of the session; at most `timeline.MOST_SPANS`.
        dj: what the DJ did, at most `MOST_DJ_EVENTS`; None if it was never on.
        calibrated: whether a face at rest has corrected some of the faces.
    """

    mood: Mood | None
    shares: tuple[float, ...] | None
    frames: int
    seconds: float
    plan: Plan | None
    movies: RecommendedMovies | None = None
    fact: Fact | None = None
    seed: int | None = None
    timeline: tuple[MoodSpan, ...] = ()
    dj: tuple[DjEvent, ...] | None = None
    calibrated: bool = False
