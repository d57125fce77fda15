"""A year of squares and a week's curve as SVG, alone or on a page with tables (pure)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from realtime.diary.days import days_of_month, months_until, week_runs, week_until
from realtime.diary.text_plots import DAY_NAMES, MONTH_NAMES, is_light, square_code, square_rgb
from realtime.domain import EXPRESSIONS, Expression
from realtime.session.html_page import html_page
from realtime.session.summary_text import day_text, length_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from realtime.diary.days import Day

WIDTH = 400
"""Width of both plots; a phone shows them as large as they are."""
_LEFT, _TOP = 28, 24
_STEP_X, _STEP_Y = 31, 19
_YEAR_HEIGHT = _TOP + 31 * _STEP_Y + 64
_WEEK_HEIGHT = 210
_ZERO, _SCALE = 92, 68
"""Where the curve has zero, and pixels of a valence of 1."""

_COLOURS = """
.plot{--ink:#1d1b19;--dim:#5d5852;--line:#ddd8cf;--card:#fff;--curve:#0072b2;font:12px system-ui,sans-serif}
.plot text{fill:var(--dim)}.plot .value{fill:var(--ink)}
@media(prefers-color-scheme:dark){.plot{--ink:#f1efec;--dim:#b3ada6;--line:#393c42;--card:#202226;--curve:#56b4e9}}
"""
_STYLE = (
    _COLOURS
    + """
.plot{display:block;width:100%;max-width:34rem;height:auto;margin:0 auto}
details{margin-top:.9rem}
summary{cursor:pointer;color:var(--dim);font-size:.9rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin-top:.5rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line)}
tbody th{font-weight:400}
"""
)
ABOUT = "Made by emodj on one computer. It says what an expression looks like, not what a person feels."


def diary_svg(days: Mapping[date, Day], last: date) -> str:
    """Both plots as one SVG file, for light and dark screens."""
    height = 24 + _YEAR_HEIGHT + 36 + _WEEK_HEIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plot" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="{escape(_label(days, last))}"><style>{_COLOURS}</style>'
        f'<rect width="{WIDTH}" height="{height}" fill="var(--card)"/>'
        f'<text class="value" x="8" y="20" font-size="15" font-weight="600">Twelve months</text>'
        f'<g transform="translate(0 30)">{"".join(_year(days, last))}</g>'
        f'<text class="value" x="8" y="{_YEAR_HEIGHT + 46}" font-size="15" font-weight="600">Seven days</text>'
        f'<g transform="translate(0 {_YEAR_HEIGHT + 54})">{"".join(_week(days, last))}</g></svg>\n'
    )


def diary_html(days: Mapping[date, Day], last: date) -> str:
    """Both plots on a page that needs no other file, no script and no network, with a table beside each."""
    shown = [(each, days[each]) for first in months_until(last) for each in days_of_month(first) if each in days]
    rows = [(day_text(each), _name(day.mood), f"{length_text(day.seconds)}, {_count(day.sessions)}") for each, day in shown]
    week = [(f"{DAY_NAMES[each.weekday()]} {day_text(each)}", _valence_text(days.get(each))) for each in week_until(last)]
    number = "1 day" if len(shown) == 1 else f"{len(shown)} days"
    words = f"Twelve months up to {day_text(last)}: {number} with a session"
    parts = [
        f'<header><div><h1>Diary</h1><p class="dim">{escape(words)}</p></div></header>',
        f"<section><h2>Twelve months</h2><figure>{_plot(_YEAR_HEIGHT, _label(days, last), _year(days, last))}",
        '<figcaption class="source">Each square is a day, with the mood that held longest in its sessions.</figcaption>',
        "</figure>",
        *_table("Twelve months", ("day", "mood", "length"), rows),
        "</section>",
        f"<section><h2>Seven days</h2><figure>{_plot(_WEEK_HEIGHT, _week_label(days, last), _week(days, last))}",
        '<figcaption class="source">How pleasant the faces looked, from -1 to 1: the mean of each day.</figcaption>',
        "</figure>",
        *_table("Seven days", ("day", "valence"), week),
        "</section>",
    ]
    return html_page("Diary", parts, ABOUT, _STYLE)


def _count(sessions: int) -> str:
    return "1 session" if sessions == 1 else f"{sessions} sessions"


def _plot(height: int, label: str, shapes: Iterator[str]) -> str:
    return f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">{"".join(shapes)}</svg>'


def _year(days: Mapping[date, Day], last: date) -> Iterator[str]:
    for column, first in enumerate(months_until(last)):
        left = _LEFT + column * _STEP_X
        yield f'<text x="{left + 14}" y="{_TOP - 8}" text-anchor="middle">{MONTH_NAMES[first.month - 1]}</text>'
        for row, each in enumerate(days_of_month(first)):
            yield from _square(each, days.get(each), left, _TOP + row * _STEP_Y)
    for row in range(31):
        yield f'<text x="{_LEFT - 6}" y="{_TOP + row * _STEP_Y + 12}" text-anchor="end" font-size="10">{row + 1}</text>'
    top = _TOP + 31 * _STEP_Y + 12
    for number, mood in enumerate([*EXPRESSIONS, None]):
        left, down = _LEFT + number % 4 * 92, top + number // 4 * 24
        yield from _coloured_square(mood, left, down)
        yield f'<text x="{left + 33}" y="{down + 12}">{_name(mood)}</text>'


def _square(day: date, found: Day | None, left: int, top: int) -> Iterator[str]:
    if found is None:
        yield f'<rect x="{left}" y="{top}" width="28" height="16" rx="3" fill="none" stroke="var(--line)"/>'
        return
    yield f"<g><title>{day_text(day)}: {_name(found.mood)}, {length_text(found.seconds)}</title>"
    yield from _coloured_square(found.mood, left, top)
    yield "</g>"


def _coloured_square(mood: Expression | None, left: int, top: int) -> Iterator[str]:
    rgb = square_rgb(mood)
    red, green, blue = rgb
    ink = "#1d1b19" if is_light(rgb) else "#fff"
    yield f'<rect x="{left}" y="{top}" width="28" height="16" rx="3" fill="#{red:02x}{green:02x}{blue:02x}"/>'
    yield f'<text x="{left + 14}" y="{top + 12}" text-anchor="middle" style="fill:{ink}">{square_code(mood)}</text>'


def _week(days: Mapping[date, Day], last: date) -> Iterator[str]:
    week = week_until(last)
    for value, name in ((1, "+1"), (0, "0"), (-1, "-1")):
        y = _ZERO - value * _SCALE
        yield f'<path d="M{_LEFT} {y}H{WIDTH - 8}" stroke="var(--line)"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{name}</text>'
    yield f'<text x="{_LEFT + 2}" y="{_ZERO - _SCALE - 8}">pleasant</text>'
    yield f'<text x="{_LEFT + 2}" y="{_ZERO + _SCALE + 14}">unpleasant</text>'
    for run in week_runs(days, week):
        points = [(_week_x(place), _ZERO - value * _SCALE) for place, value in run]
        corners = " ".join(f"{x},{y:.1f}" for x, y in points)
        yield f'<polyline points="{corners}" fill="none" stroke="var(--curve)" stroke-width="2.5"/>'
        for (x, y), (_, value) in zip(points, run, strict=True):
            yield f'<circle cx="{x}" cy="{y:.1f}" r="4.5" fill="var(--curve)"/>'
            yield f'<text class="value" x="{x}" y="{y - 9:.1f}" text-anchor="middle">{value:+.2f}</text>'
    for place, each in enumerate(week):
        yield f'<text x="{_week_x(place)}" y="{_WEEK_HEIGHT - 20}" text-anchor="middle">{DAY_NAMES[each.weekday()]}</text>'
        yield f'<text x="{_week_x(place)}" y="{_WEEK_HEIGHT - 6}" text-anchor="middle" font-size="10">{each.day}</text>'


def _week_x(place: int) -> int:
    return _LEFT + 34 + place * 50


def _label(days: Mapping[date, Day], last: date) -> str:
    shown = [days[each] for first in months_until(last) for each in days_of_month(first) if each in days]
    counts = [(name, sum(_name(day.mood) == name for day in shown)) for name in dict.fromkeys(_name(day.mood) for day in shown)]
    words = ", ".join(f"{name} {count}" for name, count in sorted(counts, key=lambda pair: -pair[1]))
    return f"Squares of twelve months. Days by mood: {words or 'none'}"


def _week_label(days: Mapping[date, Day], last: date) -> str:
    values = [f"{DAY_NAMES[each.weekday()]} {_valence_text(days.get(each))}" for each in week_until(last)]
    return f"Valence of seven days: {', '.join(values)}"


def _valence_text(day: Day | None) -> str:
    if day is None:
        return "no session"
    return "no face voted" if day.valence is None else f"{day.valence:+.2f}"


def _name(mood: Expression | None) -> str:
    return "mixed" if mood is None else mood.value


def _table(caption: str, names: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f'<details><summary>{caption}, as a table</summary><div class="scroll"><table><thead><tr>'
    yield "".join(f'<th scope="col">{name}</th>' for name in names)
    yield "</tr></thead><tbody>"
    for first, *others in rows:
        yield f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in others)}</tr>'
    yield "</tbody></table></div></details>"
