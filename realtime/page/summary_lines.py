"""The summary of a session in lines for the page: what `emodj live` prints at its end.

A session is what the camera saw, and the mood by hand. Pictures that were opened meanwhile do not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.domain import ranked
from realtime.music.planner import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.session.documents import Document
    from realtime.session.state import Summary

MIN_SHARE = 0.05
"""Smallest share in the line of a mixed mood."""


def summary_lines(summary: Summary) -> Iterator[Document]:
    """Yield the lines, each with `name`, `text` and `url`.

    The name is empty in a line that belongs to the one before, and the url null in a line without a link.
    """
    if summary.shares is not None:
        yield _line("faces", ", ".join(f"{expression.value} {share:.0%}" for expression, share in ranked(summary.shares)))
    frames = "1 frame" if summary.frames == 1 else f"{summary.frames} frames"
    yield _line("length", f"{summary.seconds:.1f} s, {frames} analysed")
    yield _line("mood", _mood_text(summary))
    plan = summary.plan
    if summary.mood is not None and plan is not None:
        is_plain = plan.strategy is Strategy.MATCH and summary.mood.leader is not None
        yield _line("music", plan.best.title + ("" if is_plain else f", {plan.why}"), plan.best.url)
    if summary.movies is not None:
        chosen = summary.movies.plan
        if chosen.replaced is not None:
            yield _line("movies", chosen.why)
        for number, (movie, link) in enumerate(zip(chosen.movies, summary.movies.links, strict=True)):
            name = "" if number or chosen.replaced is not None else "movies"
            yield _line(name, ", ".join([f"{movie.title} ({movie.year})", *movie.genres]), link)
    if summary.fact is not None:
        yield _line("fact", summary.fact.text)
        yield _line("", summary.fact.source)


def _mood_text(summary: Summary) -> str:
    mood = summary.mood
    if mood is None and not summary.frames:
        return "none: the camera was not on; a picture by itself is no session"
    if mood is None:
        return "none: no face was seen clearly enough"
    if mood.leader is None:
        largest = [f"{expression.value} {share:.0%}" for expression, share in ranked(mood.shares)[:3] if share >= MIN_SHARE]
        return f"mixed, the faces disagree: {', '.join(largest)}"
    return f"{mood.leader.value}, {'chosen by hand' if mood.source == 'hand' else f'{mood.share:.0%}'}"


def _line(name: str, text: str, url: str | None = None) -> Document:
    return {"name": name, "text": text, "url": url}
