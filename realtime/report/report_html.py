"""A report as one HTML page that needs no other file, no script and no network (pure)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from realtime.domain import ranked
from realtime.printable import one_line
from realtime.report import report_text as text
from realtime.report.table_report import TableReport, draw_table, table_heading
from realtime.session.colours import hex_colour
from realtime.session.html_page import draw_face, html_page
from realtime.session.summary_html import draw_legend, draw_shares, draw_timeline
from realtime.session.summary_text import clock_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from realtime.report.aggregate import Part, SessionReport
    from realtime.report.report_text import InputReport

_WIDTH, _HEIGHT = 1000, 14

_STYLE = """
.name{overflow-wrap:anywhere}
article+article{margin-top:3rem;padding-top:2rem;border-top:1px solid var(--line)}
.lanes li{display:grid;grid-template-columns:8.5rem 1fr 6.5rem;gap:.2rem .8rem;align-items:center;font-size:.92rem}
.lanes li+li{margin-top:.45rem}
.lanes span{overflow-wrap:anywhere}
.lanes span:last-child{color:var(--dim);font-variant-numeric:tabular-nums;text-align:right}
.lane{display:block;width:100%;height:1.1rem;background:var(--line);border-radius:4px;color:var(--ink)}
.axis{display:grid;grid-template-columns:8.5rem 1fr 6.5rem;gap:.8rem}
.axis .times{grid-column:2}
details{margin-top:.9rem}
summary{cursor:pointer;color:var(--dim);font-size:.9rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin-top:.5rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line);
overflow-wrap:break-word}
thead th{white-space:nowrap}
tbody th{font-weight:400;min-width:7rem}
@media(max-width:36rem){.lanes li{grid-template-columns:1fr auto}.lanes .lane{grid-column:1/-1;grid-row:2}
.axis{display:block}}
@media print{details{display:block}}
"""


def report_html(inputs: Sequence[InputReport | TableReport]) -> str:
    """Write reports as a page in UTF-8: mood over time, shares, persons, music and "not sure", each plot with a table.

    Args:
        inputs: one or more.
    """
    parts: list[str] = []
    for found in inputs:
        alone = len(inputs) == 1
        drawn = draw_table(found, alone=alone) if isinstance(found, TableReport) else _draw_input(found, alone=alone)
        parts += ["<article>", *drawn, "</article>"]
    first = inputs[0]
    title = table_heading(first) if isinstance(first, TableReport) else text.heading(first.report)
    if len(inputs) > 1:
        title = f"{len(inputs)} {'reports' if any(isinstance(found, TableReport) for found in inputs) else 'sessions'}"
    if len(inputs) > 1:
        parts.insert(0, f"<header><div><h1>{escape(title)}</h1></div></header>")
    return html_page(title, parts, text.ABOUT, _STYLE)


def _draw_input(found: InputReport, *, alone: bool) -> Iterator[str]:
    report, level = found.report, "h1" if alone else "h2"
    leader = None if report.mood is None else report.mood[0]
    yield f"<header>{draw_face(leader)}<div><{level}>{escape(text.heading(report))}</{level}>"
    yield f'<p class="dim name"><bdi>{escape(one_line(found.name))}</bdi>: {escape(text.length(report))}</p>'
    for words in (text.detail(report), *text.remarks(found)):
        if words:
            yield f'<p class="dim">{escape(words)}</p>'
    yield "</div></header>"
    order = [expression for expression, _ in ranked(report.shares)] if report.shares is not None else []
    timeline = "".join(draw_timeline(report.spans, text.describe_phases(report.spans), order))
    if timeline:
        # The table belongs to the section that the plot is in
        yield timeline.removesuffix("</section>")
        yield from _table("Mood over time", ("time", "mood", "what the faces looked like"), text.time_rows(report))
        yield "</section>"
    yield from draw_shares(() if report.shares is None else ranked(report.shares))
    yield from _draw_music(report)
    yield from _draw_persons(report)
    yield from _draw_reasons(report)


def _draw_persons(report: SessionReport) -> Iterator[str]:
    if not report.persons:
        return
    rows = text.person_rows(report)
    yield '<section><h2>Each person</h2><figure><ul class="lanes">'
    for (name, when, looked, _), person in zip(rows, report.persons, strict=False):
        drawn = _lane(person.parts, report.seconds, f"{name}: {looked}, {when}")
        yield f"<li><span>{escape(name)}</span>{drawn}<span>{escape(looked.split(',')[0])}</span></li>"
    yield "</ul>"
    yield _axis(report.seconds)
    yield draw_legend(text.shown_expressions(report.persons))
    caption = f"{text.more_persons(report)} {text.WHAT_IS_A_PERSON}".strip()
    yield f'<figcaption class="source">{escape(caption)}</figcaption></figure>'
    yield from _table("Each person", ("person", "seen", "looked", "not sure"), rows)
    yield "</section>"


def _draw_music(report: SessionReport) -> Iterator[str]:
    rows = text.music_rows(report)
    if not rows:
        return
    yield "<section><h2>Music</h2>"
    parts = text.music_parts(report)
    if parts:
        shapes = "".join(
            f'<rect x="{_at(start_s, report.seconds):.1f}" y="0" height="{_HEIGHT}" '
            f'width="{_at(end_s, report.seconds) - _at(start_s, report.seconds):.1f}" '
            f'fill="currentColor" fill-opacity="{0.55 if number % 2 else 0.3}">'
            f"<title>{clock_text(start_s)} {escape(one_line(title))}</title></rect>"
            for number, (start_s, end_s, title) in enumerate(parts)
        )
        yield f"<figure>{_strip(shapes, text.MUSIC_STRIP)}{_times(report.seconds)}"
        yield f'<figcaption class="source">{text.MUSIC_STRIP}.</figcaption></figure>'
    yield from _table_rows(("time", "music", "why"), rows)
    yield "</section>"


def _draw_reasons(report: SessionReport) -> Iterator[str]:
    if report.unsure is None:
        return
    yield f"<section><h2>Not sure: {report.unsure:.0%} of the time of all faces</h2>"
    rows = text.reason_rows(report)
    if rows:
        yield '<figure><ul class="lanes">'
        for (reason, seconds, share, when), found in zip(rows, report.reasons, strict=True):
            drawn = _lane(found.parts, report.seconds, f"{reason}: {share}, {seconds}, {when}")
            yield f"<li><span><bdi>{escape(reason)}</bdi></span>{drawn}<span>{escape(share)}</span></li>"
        yield "</ul>"
        yield _axis(report.seconds)
        yield '<figcaption class="source">The stronger the tone, the more of the faces were not sure.</figcaption></figure>'
        yield from _table("Not sure", ("reason", "time", "share", "when"), rows)
    else:
        yield '<p class="dim">Every face was sure all the time.</p>'
    yield "</section>"


def _lane(parts: Sequence[Part], seconds: float, label: str) -> str:
    shapes: list[str] = []
    for part in parts:
        left, right = _at(part.start_s, seconds), _at(part.end_s, seconds)
        fill = "currentColor" if part.expression is None else hex_colour(part.expression)
        opacity = "" if part.expression is not None else f' fill-opacity="{0.15 + 0.85 * part.amount:.2f}"'
        what = f"{part.amount:.0%}" if part.expression is None else part.expression.value
        shapes.append(
            f'<rect x="{left:.1f}" y="0" width="{right - left:.1f}" height="{_HEIGHT}" fill="{fill}"{opacity}>'
            f"<title>{clock_text(part.start_s)} {what}</title></rect>"
        )
    return _strip("".join(shapes), label)


def _strip(shapes: str, label: str) -> str:
    return (
        f'<svg class="lane" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{shapes}</svg>'
    )


def _axis(seconds: float) -> str:
    return f'<div class="axis">{_times(seconds)}</div>'


def _times(seconds: float) -> str:
    times = dict.fromkeys(clock_text(at) for at in (0.0, seconds / 2, seconds))
    return f'<p class="times">{"".join(f"<span>{time}</span>" for time in times)}</p>'


def _at(time_s: float, seconds: float) -> float:
    return _WIDTH * min(1.0, max(0.0, time_s / seconds)) if seconds > 0 else 0.0


def _table(caption: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table beside a plot, for readers who do not see it: folded, so that others are not held up."""
    yield f"<details><summary>{escape(caption)}, as a table</summary>"
    yield from _table_rows(names, rows)
    yield "</details>"


def _table_rows(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield '<div class="scroll"><table><thead><tr>'
    yield "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    yield "</tr></thead><tbody>"
    for first, *others in rows:
        cells = "".join(f"<td><bdi>{escape(cell)}</bdi></td>" for cell in others)
        yield f'<tr><th scope="row"><bdi>{escape(first)}</bdi></th>{cells}</tr>'
    yield "</tbody></table></div>"
