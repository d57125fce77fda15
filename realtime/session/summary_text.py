"""The result of a session in words, for pages and documents that people read (pure).

All text from outside (titles, links) is one line of printable characters here. A page still has to escape it for its format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.domain import ranked
from realtime.music.planner import Strategy
from realtime.printable import one_line
from realtime.session.summary_lines import name_largest, name_share
from realtime.session.timeline import join_phases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from realtime.domain import Expression, Mood
    from realtime.music.catalog import MusicChoice
    from realtime.music.planner import Plan
    from realtime.session.recommendations import RecommendedMovies
    from realtime.session.summary import Summary
    from realtime.session.timeline import MoodPhase

MOST_PHASES = 8
"""Phases of the mood that are told in words: the longest ones."""
MOST_MUSIC = 3
"""Music that is named; the strategies lift and journey rank all the music of the settings."""
ABOUT = (
    "Made by emodj on one computer. It says what an expression looks like, not what a person feels. "
    "No study shows that music or a movie cures a mood."
)
"""Closing sentence of a summary that people read."""

_CALIBRATED = "Faces were calibrated with a face at rest"

# strftime would take them from the locale of the computer, and the pages are in English
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True)
class LinkedText:
    """A line with a title, which may have a link.

    Attributes:
        title: one line.
        url: https link; None for music on this computer, whose path tells the name of a person.
        about: further words, such as the reason or the genres; may be empty.
    """

    title: str
    url: str | None
    about: str = ""


@dataclass(frozen=True, slots=True)
class SummaryText:
    """The result of a session in words.

    Attributes:
        heading: one sentence on the mood, without a full stop.
        detail: one more sentence on it; empty if there is nothing to add.
        when: day and length of the session; empty without both.
        shares: name and share, 0..1, of each expression, the largest first; empty if no face voted.
        phases: the mood in the course of the session, in words; empty if the session was too short for several.
        music: the music that fits, the best first and at most `MOST_MUSIC`; of a journey each step.
        movies_heading: words over the movies; empty without a movie.
        movies: the movies.
        fact: text and source of a fact; None without one.
    """

    heading: str
    detail: str
    when: str
    shares: tuple[tuple[Expression, float], ...]
    phases: tuple[str, ...]
    music: tuple[LinkedText, ...]
    movies_heading: str
    movies: tuple[LinkedText, ...]
    fact: tuple[str, str] | None


def describe_summary(summary: Summary, when: datetime | None = None) -> SummaryText:
    """Put the result of a session into words.

    Args:
        summary: the result; one without a frame is that of a mood chosen by hand without a session.
        when: day of the session in local time; None leaves it out.
    """
    mood = summary.mood
    phases = join_phases(summary.timeline)
    return SummaryText(
        _heading(mood),
        " ".join([_detail(mood, summary.shares), *([f"{_CALIBRATED}."] if summary.calibrated else [])]),
        ", ".join(filter(None, ["" if when is None else day_text(when), _length(summary)])),
        () if summary.shares is None else tuple(ranked(summary.shares)),
        tuple(_describe_phases(phases)) if len(phases) > 1 else (),
        tuple(_list_music(summary.plan)),
        "" if summary.movies is None else f"Movies {one_line(summary.movies.plan.why)}",
        () if summary.movies is None else tuple(_list_movies(summary.movies)),
        None if summary.fact is None else (one_line(summary.fact.text), one_line(summary.fact.source)),
    )


def name_phase(phase: MoodPhase) -> str:
    """Name the mood of a phase: "happy", "mixed", "happy, by hand"."""
    name = "mixed" if phase.leader is None else phase.leader.value
    return f"{name}, by hand" if phase.source == "hand" else name


def clock_text(seconds: float) -> str:
    """Write a time of a session as minutes and seconds, "12:05", or with hours, "1:02:05"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def day_text(when: date) -> str:
    """Write a day: "3 November 2026"."""
    return f"{when.day} {_MONTHS[when.month - 1]} {when.year}"


def length_text(seconds: float) -> str:
    """Write a length: "40 seconds", "2 minutes", "1 hour 5 minutes"."""
    seconds = max(0, round(seconds))
    if seconds < 60:  # noqa: PLR2004 - seconds of a minute
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    hours, minutes = divmod(round(seconds / 60), 60)
    parts = [(hours, "hour"), (minutes, "minute")]
    return " ".join(f"{number} {name}" if number == 1 else f"{number} {name}s" for number, name in parts if number)


def _heading(mood: Mood | None) -> str:
    if mood is None:
        return "No face was seen clearly enough"
    if mood.leader is None:
        return "The faces disagreed"
    return f"A {mood.leader.value} mood" if mood.source == "hand" else f"The faces looked {mood.leader.value}"


def _detail(mood: Mood | None, shares: tuple[float, ...] | None) -> str:
    if mood is None:
        return "So there is no mood to recommend something for."
    if mood.leader is None:
        return f"No expression had a clear majority: {name_largest(mood)}."
    if mood.source != "hand":
        return f"In all votes together, {mood.leader.value} had {name_share(mood)}."
    if shares is None:
        return "The mood was chosen by hand."
    return f"The mood was chosen by hand. To emodj the faces looked mostly {ranked(shares)[0][0].value}."


def _length(summary: Summary) -> str:
    return length_text(summary.seconds) if summary.frames else ""


def _describe_phases(phases: tuple[MoodPhase, ...]) -> Iterator[str]:
    longest = sorted(phases, key=lambda phase: phase.start_s - phase.end_s)[:MOST_PHASES]
    for phase in sorted(longest, key=lambda phase: phase.start_s):
        yield f"{clock_text(phase.start_s)} to {clock_text(phase.end_s)}: {name_phase(phase)}"
    if left := len(phases) - len(longest):
        yield f"and {left} shorter part{'s' if left > 1 else ''}"


def _list_music(plan: Plan | None) -> Iterator[LinkedText]:
    if plan is not None and plan.strategy is not Strategy.JOURNEY:
        for number, choice in enumerate(plan.choices[:MOST_MUSIC]):
            yield _describe_choice(choice, "" if number else plan.why)
        return
    while plan is not None:
        yield _describe_choice(plan.best, plan.why)
        plan = plan.next_step


def _describe_choice(choice: MusicChoice, why: str) -> LinkedText:
    about = [why, "on this computer"] if choice.url is None else [why]
    return LinkedText(one_line(choice.title), choice.url, one_line(", ".join(filter(None, about))))


def _list_movies(movies: RecommendedMovies) -> Iterator[LinkedText]:
    for movie, link in zip(movies.plan.movies, movies.links, strict=True):
        about = [*movie.genres, *([] if movie.country is None else [movie.country])]
        yield LinkedText(f"{one_line(movie.title)} ({movie.year})", link, one_line(", ".join(about)))
