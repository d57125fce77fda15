"""The result of a session, and of pictures, in named lines: what a terminal prints and a page shows (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.domain import ranked_percentages
from realtime.music.planner import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.domain import Mood
    from realtime.music.catalog import MusicChoice
    from realtime.music.planner import Plan
    from realtime.session.summary import Summary

MIN_SHARE = 0.05
"""Smallest share of a mixed mood that is named: a smaller one comes from doubt about a face, not from a face that looks so."""


CALIBRATED = "calibrated with a face at rest"
"""Line of a session in which some faces were corrected."""


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """A line.

    Attributes:
        name: one word; empty in a line that belongs to the one before.
        text: may hold text from outside, such as titles.
        url: https link; None without one.
        choice: the music that the line names; None in other lines.
    """

    name: str
    text: str
    url: str | None = None
    choice: MusicChoice | None = None


def summary_lines(summary: Summary) -> Iterator[SummaryLine]:
    """Yield the lines about a session."""
    if summary.shares is not None:
        text = ", ".join(f"{name.value} {percent}%" for name, _, percent in ranked_percentages(summary.shares))
        yield SummaryLine("faces", text)
    if summary.calibrated:
        yield SummaryLine("", CALIBRATED)
    frames = "1 frame" if summary.frames == 1 else f"{summary.frames} frames"
    yield SummaryLine("length", f"{summary.seconds:.1f} s, {frames} analysed")
    yield from mood_lines(summary.mood, summary.plan)
    if summary.movies is not None:
        plan = summary.movies.plan
        if plan.replaced is not None:
            yield SummaryLine("movies", plan.why)
        for number, (movie, link) in enumerate(zip(plan.movies, summary.movies.links, strict=True)):
            name = "" if number or plan.replaced is not None else "movies"
            yield SummaryLine(name, ", ".join([f"{movie.title} ({movie.year})", *movie.genres]), link)
    if summary.fact is not None:
        yield SummaryLine("fact", summary.fact.text)
        yield SummaryLine("", summary.fact.source)


def mood_lines(mood: Mood | None, plan: Plan | None) -> Iterator[SummaryLine]:
    """Yield the lines about a mood and the music that fits it."""
    yield SummaryLine("mood", _describe_mood(mood))
    if mood is not None and plan is not None:
        is_plain = plan.strategy is Strategy.MATCH and mood.leader is not None
        yield SummaryLine("music", plan.best.title + ("" if is_plain else f", {plan.why}"), plan.best.url, plan.best)


def name_largest(mood: Mood) -> str:
    """Name the largest shares of a mixed mood, at most three: "happy 52%, sad 40%"."""
    return ", ".join(
        f"{name.value} {percent}%" for name, share, percent in ranked_percentages(mood.shares)[:3] if share >= MIN_SHARE
    )


def name_share(mood: Mood) -> str:
    """The share of the leader of a mood, as it stands beside the other shares: "52%"; empty without a leader."""
    return next((f"{percent}%" for name, _, percent in ranked_percentages(mood.shares) if name is mood.leader), "")


def _describe_mood(mood: Mood | None) -> str:
    if mood is None:
        return "none: no face was seen clearly enough"
    if mood.leader is None:
        return f"mixed, the faces disagree: {name_largest(mood)}"
    return f"{mood.leader.value}, {'chosen by hand' if mood.source == 'hand' else name_share(mood)}"
