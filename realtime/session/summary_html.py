"""The result of a session as one HTML page that needs no other file, no script and no network (pure)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, percentages
from realtime.session.colours import hex_colour
from realtime.session.html_page import draw_face, html_page
from realtime.session.summary_text import ABOUT, clock_text, describe_summary, name_phase
from realtime.session.timeline import join_phases, split_runs, stack_areas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from realtime.domain import Expression
    from realtime.session.summary import Summary
    from realtime.session.summary_text import LinkedText
    from realtime.session.timeline import MoodSpan

_WIDTH, _HEIGHT = 1000, 240
_STRIP_TOP, _STRIP_HEIGHT = 252, 16

_SEEN = 0.01
"""Smallest share that can be seen in the areas: it is two pixels high."""

_CAPTION = "The areas show what the faces looked like. The strip below them shows the mood."
_CAPTION_OF_GAPS = (
    " Where the areas are empty, no face voted: none was seen clearly, the session was paused, or its vote was restarted."
)


def summary_html(summary: Summary, when: datetime | None = None) -> str:
    """Write the result of a session as a page: mood over time, shares, music, movies and a fact.

    The page is in UTF-8. It forbids itself scripts, pictures and requests, and its links lead to https pages only.

    Args:
        summary: the result.
        when: day of the session in local time; None leaves it out.
    """
    text = describe_summary(summary, when)
    leader = None if summary.mood is None else summary.mood.leader
    parts = [
        f"<header>{draw_face(leader)}<div><h1>{escape(text.heading)}</h1>",
        "".join(f'<p class="dim">{escape(words)}</p>' for words in (text.detail, text.when) if words),
        "</div></header>",
        *draw_timeline(summary.timeline, text.phases, [expression for expression, _ in text.shares]),
        *draw_shares(text.shares),
        *_draw_lists(text.music, text.movies_heading, text.movies),
    ]
    if text.fact is not None:
        fact, source = map(escape, text.fact)
        parts.append(
            f"<section><h2>A fact</h2><figure><blockquote>{fact}</blockquote>"
            f'<figcaption class="source">{source}</figcaption></figure></section>'
        )
    return html_page(text.heading, parts, ABOUT)


def draw_timeline(spans: Sequence[MoodSpan], phases: Sequence[str], order: Sequence[Expression]) -> Iterator[str]:
    """Yield a section on the mood over time: areas of the shares, a strip of the mood, times, and the mood in words.

    Args:
        spans: in the order of time; nothing is drawn without one.
        phases: the mood in the course of the session, in words.
        order: expressions from the bottom of the areas to the top.
    """
    if not spans:
        return
    start_s, end_s = 0.0, spans[-1].end_s
    described = "; ".join(phases) or name_phase(join_phases(spans)[0])
    yield (
        f'<section><h2>Mood over time</h2><figure><svg class="chart" viewBox="0 0 {_WIDTH} {_STRIP_TOP + _STRIP_HEIGHT}" '
        f'preserveAspectRatio="none" role="img" aria-label="{escape(described)}">'
    )
    yield f'<rect class="floor" x="0" y="0" width="{_WIDTH}" height="{_HEIGHT}"/>'
    scale = _WIDTH / (end_s - start_s)
    for run in split_runs(spans):
        yield from _draw_run(run, scale, order)
    for phase in join_phases(spans):
        fill = "var(--dim)" if phase.leader is None else hex_colour(phase.leader)
        left, width = phase.start_s * scale, (phase.end_s - phase.start_s) * scale
        yield (
            f'<rect x="{left:.1f}" y="{_STRIP_TOP}" width="{width:.1f}" height="{_STRIP_HEIGHT}" fill="{fill}">'
            f"<title>{clock_text(phase.start_s)} {name_phase(phase)}</title></rect>"
        )
    yield "</svg>"
    times = [clock_text(start_s), clock_text((start_s + end_s) / 2), clock_text(end_s)]
    yield f'<p class="times">{"".join(f"<span>{time}</span>" for time in dict.fromkeys(times))}</p>'
    yield draw_legend(_drawn(spans, order), is_mixed=any(phase.leader is None for phase in join_phases(spans)))
    if phases:
        yield f'<ul class="phases">{"".join(f"<li>{escape(phase)}</li>" for phase in phases)}</ul>'
    voted_s = sum(span.end_s - span.start_s for span in spans if span.shares is not None)
    caption = _CAPTION + (_CAPTION_OF_GAPS if voted_s < 0.995 * (end_s - start_s) else "")
    yield f'<figcaption class="source">{caption}</figcaption></figure></section>'


def _draw_run(run: Sequence[MoodSpan], scale: float, order: Sequence[Expression]) -> Iterator[str]:
    """Areas of the expressions, one on the other, over a run of spans in which faces voted."""
    for expression, corners in stack_areas(run, order):
        points = " ".join(f"{time_s * scale:.1f},{_HEIGHT * (1 - share):.1f}" for time_s, share in corners)
        yield f'<polygon fill="{hex_colour(expression)}" points="{points}"><title>{expression.value}</title></polygon>'


def draw_legend(expressions: Iterable[Expression], *, is_mixed: bool = False) -> str:
    """A list that says which colour is which expression, in the given order; `is_mixed` adds the colour of a mixed mood."""
    colours = [(expression.value, hex_colour(expression)) for expression in expressions]
    colours += [("mixed", "var(--dim)")] if is_mixed else []
    items = "".join(f'<li><i style="background:{colour}"></i>{name}</li>' for name, colour in colours)
    return f'<ul class="legend" aria-label="Colours">{items}</ul>'


def _drawn(spans: Sequence[MoodSpan], order: Sequence[Expression]) -> Iterator[Expression]:
    """The expressions that a chart shows: those with a share that can be seen, or that lead the mood."""
    for expression in order or EXPRESSIONS:
        index = EXPRESSIONS.index(expression)
        if any(span.leader is expression or (span.shares is not None and span.shares[index] >= _SEEN) for span in spans):
            yield expression


def draw_shares(shares: Sequence[tuple[Expression, float]]) -> Iterator[str]:
    """Yield a section with a bar for each expression; nothing without shares."""
    if not shares:
        return
    yield '<section><h2>What the faces looked like</h2><ul class="bars">'
    for (expression, share), percent in zip(shares, percentages([share for _, share in shares]), strict=True):
        bar = f'<i style="width:{100 * share:.1f}%;background:{hex_colour(expression)}"></i>'
        yield f'<li><span>{expression.value}</span><span class="bar">{bar}</span><span>{percent}%</span></li>'
    yield "</ul></section>"


def _draw_lists(music: Sequence[LinkedText], movies_heading: str, movies: Sequence[LinkedText]) -> Iterator[str]:
    lists = [(heading, entries) for heading, entries in (("Music", music), (movies_heading, movies)) if entries]
    if not lists:
        return
    yield '<div class="pair">'
    for heading, entries in lists:
        items = "".join(f"<li>{_link(entry)}</li>" for entry in entries)
        yield f'<section><h2>{escape(heading)}</h2><ul class="list">{items}</ul></section>'
    yield "</div>"


def _link(entry: LinkedText) -> str:
    title, about = (
        f"<bdi>{escape(entry.title)}</bdi>",
        f"<small><bdi>{escape(entry.about)}</bdi></small>" if entry.about else "",
    )
    if entry.url is None or not entry.url.lower().startswith("https://"):
        return f"<b>{title}</b>{about}"
    return f'<a href="{escape(entry.url)}" rel="noopener noreferrer">{title}</a>{about}'
