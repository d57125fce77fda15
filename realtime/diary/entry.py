"""A line of the diary, and how the result of a session becomes one (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal, get_args

from realtime.domain import EXPRESSIONS, SUM_TOLERANCE, Expression
from realtime.printable import clean_text, one_line

if TYPE_CHECKING:
    from datetime import datetime

    from realtime.session.summary import Summary

SourceKind = Literal["camera", "file", "stream"]
"""Where the pictures of a session came from. The diary does not keep the name of a file or of a server."""

SHORTEST_S = 3.0
"""A shorter session is none: a window that was opened and closed again."""
MOST_NOTE = 2000
"""Characters of a note."""
_SOURCES = get_args(SourceKind)


@dataclass(frozen=True, slots=True)
class DiaryEntry:
    """One session.

    Attributes:
        started: local time of the start, with its offset from UTC.
        seconds: from the first frame to the last, 0 or more.
        source: where the pictures came from.
        mood: mood of the session; None for a mixed one.
        mood_source: "faces", or "hand" if the mood was chosen by hand.
        shares: shares of the expressions in the votes of the faces, 0..1, in the order of `Expression`; None if no face voted.
        music: title of the music that fits the mood; None without one.
        movies: titles and years of the movies that were recommended.
        note: in the words of the person; empty without one.

    Raises:
        ValueError: a value that no session has.
    """

    started: datetime
    seconds: float
    source: SourceKind
    mood: Expression | None
    mood_source: Literal["faces", "hand"]
    shares: tuple[float, ...] | None
    music: str | None = None
    movies: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.started.utcoffset() is None:
            raise ValueError("the start has no offset from UTC")
        if not (isfinite(self.seconds) and self.seconds >= 0):
            raise ValueError("no length of a session")
        if self.source not in _SOURCES or self.mood_source not in {"faces", "hand"}:
            raise ValueError("an unknown source")
        shares = self.shares
        if shares is not None and not (
            len(shares) == len(EXPRESSIONS)
            and all(0 <= share <= 1 + SUM_TOLERANCE for share in shares)
            and abs(sum(shares) - 1) <= SUM_TOLERANCE
        ):
            raise ValueError("shares that do not sum to 1")
        if len(self.note) > MOST_NOTE:
            raise ValueError(f"a note of more than {MOST_NOTE} characters")


def entry_of(summary: Summary, started: datetime, source: SourceKind) -> DiaryEntry | str:
    """The line of a session; or, in a few words, why it gets none.

    Args:
        summary: its result.
        started: local time of its start, with its offset.
        source: where the pictures came from.
    """
    mood = summary.mood
    if mood is None:
        return "no face was seen clearly enough"
    if summary.seconds < SHORTEST_S:
        return f"the session was shorter than {SHORTEST_S:g} seconds"
    movies = () if summary.movies is None else summary.movies.plan.movies
    return DiaryEntry(
        # Microseconds say nothing about an evening
        started.replace(microsecond=0),
        round(summary.seconds, 1),
        source,
        mood.leader,
        mood.source,
        summary.shares,
        None if summary.plan is None else clean_text(summary.plan.best.title),
        tuple(one_line(f"{movie.title} ({movie.year})") for movie in movies),
    )


def name_entry_mood(entry: DiaryEntry) -> str:
    """The mood in words: "happy", "mixed", "sad, by hand"."""
    name = "mixed" if entry.mood is None else entry.mood.value
    return f"{name}, by hand" if entry.mood_source == "hand" else name
