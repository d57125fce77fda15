"""The result of a session as one HTML page that needs no other file, no script and no network (pure)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression
from realtime.session.colours import hex_colour
from realtime.session.summary_text import ABOUT, clock_text, describe_summary, name_phase
from realtime.session.timeline import join_phases, split_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from realtime.session.state import Summary
    from realtime.session.summary_text import LinkedText
    from realtime.session.timeline import MoodSpan

_WIDTH, _HEIGHT = 1000, 240
_STRIP_TOP, _STRIP_HEIGHT = 252, 16

_STYLE = """
:root{color-scheme:light dark;--back:#f6f4ef;--card:#fff;--ink:#1d1b19;--dim:#5d5852;--line:#ddd8cf;--edge:#0006;--link:#0b5c94}
@media(prefers-color-scheme:dark){
:root{--back:#151619;--card:#202226;--ink:#f1efec;--dim:#b3ada6;--line:#393c42;--edge:#0006;--link:#8ecbf5}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);
font:17px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
main{max-width:46rem;margin:0 auto;padding:2.5rem 1.25rem 3rem}
header{display:flex;gap:1.25rem;align-items:center;margin-bottom:1.75rem}
header svg{flex:none;width:5.5rem;height:5.5rem}
h1{font-size:clamp(1.7rem,6vw,2.6rem);line-height:1.15;margin:0;letter-spacing:-.02em;text-wrap:balance}
h2{font-size:1.15rem;line-height:1.3;margin:0 0 .9rem}
p,ul,ol,figure,blockquote{margin:0;padding:0}
ul,ol{list-style:none}
.dim{color:var(--dim)}
header .dim{margin-top:.35rem}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:1.25rem 1.35rem;margin-top:1rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem;margin-top:1rem}
.pair section{margin-top:0}
.chart{display:block;width:100%;height:13rem}
.chart polygon,.chart rect{stroke:var(--card);stroke-width:1;vector-effect:non-scaling-stroke}
.chart .floor{fill:none;stroke:var(--line)}
.times{display:flex;justify-content:space-between;color:var(--dim);font-size:.85rem;font-variant-numeric:tabular-nums;margin-top:.3rem}
.phases{display:flex;flex-wrap:wrap;gap:.15rem 1.2rem;color:var(--dim);font-size:.9rem;font-variant-numeric:tabular-nums;
margin-top:.7rem}
.bars li{display:grid;grid-template-columns:5.2rem 1fr 3rem;gap:.75rem;align-items:center;line-height:1.9}
.bars span:last-child{text-align:right;font-variant-numeric:tabular-nums}
.bar{display:block;height:.8rem;border-radius:.4rem;background:var(--line);overflow:hidden}
.bar i{display:block;height:100%;border-radius:.4rem;box-shadow:inset 0 0 0 1px var(--edge)}
.list li+li{margin-top:.8rem}
.list a,.list b{font-weight:600;overflow-wrap:anywhere}
.list small{display:block;font-size:.9rem;color:var(--dim);overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:.15em}
blockquote{font-size:1.15rem;line-height:1.5;overflow-wrap:anywhere}
.source{color:var(--dim);font-size:.9rem;margin-top:.6rem;overflow-wrap:anywhere}
footer{color:var(--dim);font-size:.9rem;margin-top:1.6rem}
@media(max-width:36rem){main{padding:1.5rem 1rem 2rem}.pair{grid-template-columns:1fr}
header svg{width:4.25rem;height:4.25rem}header{gap:1rem}section{padding:1.1rem 1rem}.chart{height:11rem}}
@media print{:root{color-scheme:light}section{break-inside:avoid}}
"""

_FACES: dict[Expression | None, str] = {
    Expression.ANGRY: '<path d="M13 15l8 4M35 15l-8 4M16 35q8-6 16 0"/>',
    Expression.DISGUST: '<path d="M13 17l8 2M35 14l-8 3M15 34q5-5 9-1t9-2"/>',
    Expression.FEAR: '<path d="M13 16q4-4 8-4M35 16q-4-4-8-4M15 35q3-4 6 0t6 0t6 0"/>',
    Expression.HAPPY: '<path d="M14 29q10 11 20 0"/>',
    Expression.NEUTRAL: '<path d="M16 33h16"/>',
    Expression.SAD: '<path d="M13 17l7-3M35 17l-7-3M16 36q8-8 16 0"/>',
    Expression.SURPRISE: '<path d="M13 14q4-4 8-1M35 14q-4-4-8-1"/><ellipse cx="24" cy="34" rx="4" ry="5"/>',
    None: '<path d="M14 32q5-4 10 0t10 0"/>',
}
"""Brows and mouth of a drawn face with each expression, in a square of 48 by 48; None for no leader."""


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
        f"<header>{_draw_face(leader)}<div><h1>{escape(text.heading)}</h1>",
        "".join(f'<p class="dim">{escape(words)}</p>' for words in (text.detail, text.when) if words),
        "</div></header>",
        *_draw_timeline(summary.timeline, text.phases, [expression for expression, _ in text.shares]),
        *_draw_shares(text.shares),
        *_draw_lists(text.music, text.movies_heading, text.movies),
    ]
    if text.fact is not None:
        fact, source = map(escape, text.fact)
        parts.append(
            f"<section><h2>A fact</h2><figure><blockquote>{fact}</blockquote>"
            f'<figcaption class="source">{source}</figcaption></figure></section>'
        )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        # Even if a text could break out of its place, it could start and load nothing
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(text.heading)} · emodj</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n{''.join(parts)}\n<footer>{escape(ABOUT)}</footer>\n</main>\n</body>\n</html>\n"
    )


def _draw_face(leader: Expression | None) -> str:
    fill = "var(--line)" if leader is None else hex_colour(leader)
    line = "var(--ink)" if leader is None else "#1d1b19"
    return (
        f'<svg viewBox="0 0 48 48" aria-hidden="true"><circle cx="24" cy="24" r="22.5" fill="{fill}"/>'
        f'<g fill="none" stroke="{line}" stroke-width="2.6" stroke-linecap="round">{_FACES[leader]}</g>'
        f'<g fill="{line}"><circle cx="17" cy="21" r="2.4"/><circle cx="31" cy="21" r="2.4"/></g></svg>'
    )


def _draw_timeline(spans: Sequence[MoodSpan], phases: Sequence[str], order: Sequence[Expression]) -> Iterator[str]:
    """Areas of the shares with the largest expression at the bottom, a strip of the mood, times, and the mood in words."""
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
    if phases:
        yield f'<ul class="phases">{"".join(f"<li>{escape(phase)}</li>" for phase in phases)}</ul>'
    voted_s = sum(span.end_s - span.start_s for span in spans if span.shares is not None)
    caption = _CAPTION + (_CAPTION_OF_GAPS if voted_s < 0.995 * (end_s - start_s) else "")
    yield f'<figcaption class="source">{caption}</figcaption></figure></section>'


def _draw_run(run: Sequence[MoodSpan], scale: float, order: Sequence[Expression]) -> Iterator[str]:
    """Areas of the expressions, one on the other, over a run of spans in which faces voted."""
    times = [run[0].start_s, *((span.start_s + span.end_s) / 2 for span in run), run[-1].end_s]
    columns = [span.shares or () for span in (run[0], *run, run[-1])]
    floors = [0.0] * len(columns)
    for expression in order:
        index = EXPRESSIONS.index(expression)
        tops = [floor + column[index] for floor, column in zip(floors, columns, strict=True)]
        if any(column[index] >= 0.005 for column in columns):  # noqa: PLR2004 - less is no pixel high
            upper = [f"{time * scale:.1f},{_HEIGHT * (1 - top):.1f}" for time, top in zip(times, tops, strict=True)]
            lower = [f"{time * scale:.1f},{_HEIGHT * (1 - floor):.1f}" for time, floor in zip(times, floors, strict=True)]
            yield (
                f'<polygon fill="{hex_colour(expression)}" points="{" ".join([*upper, *reversed(lower)])}">'
                f"<title>{expression.value}</title></polygon>"
            )
        floors = tops


def _draw_shares(shares: Sequence[tuple[Expression, float]]) -> Iterator[str]:
    if not shares:
        return
    yield '<section><h2>What the faces looked like</h2><ul class="bars">'
    for expression, share in shares:
        bar = f'<i style="width:{100 * share:.1f}%;background:{hex_colour(expression)}"></i>'
        yield f'<li><span>{expression.value}</span><span class="bar">{bar}</span><span>{share:.0%}</span></li>'
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
