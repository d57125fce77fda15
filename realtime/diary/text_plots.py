"""A year of squares and a week's curve in characters, for a terminal (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.diary.days import days_of_month, months_until, week_until
from realtime.domain import EXPRESSIONS, Expression
from realtime.session.colours import RGB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from realtime.diary.days import Day

# strftime would take them from the locale of the computer, and emodj is in English
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MIXED = "mi"

_DIM_RGB = (150, 150, 150)
_MOST_DAYS = 31
_STEPS = 4
"""Rows of the curve on each side of zero."""
_RESET = "\033[0m"
_LUMINOUS = 140
"""Luma, 0..255, from which a colour has dark letters on it."""


def square_code(mood: Expression | None) -> str:
    """Two letters for a mood: so that colour is not the only sign of it."""
    return MIXED if mood is None else mood.value[:2]


def square_rgb(mood: Expression | None) -> tuple[int, int, int]:
    """Red, green and blue, 0..255, of a mood; grey for a mixed one."""
    return _DIM_RGB if mood is None else RGB[mood]


def is_light(rgb: tuple[int, int, int]) -> bool:
    """Whether letters on a colour are dark (luma of ITU-R BT.601)."""
    red, green, blue = rgb
    return 0.299 * red + 0.587 * green + 0.114 * blue >= _LUMINOUS


def year_lines(days: Mapping[date, Day], last: date, *, colour: bool) -> Iterator[str]:
    """Yield a row for each of twelve months, with a square of two letters for each day: 69 columns wide.

    Args:
        days: the days with sessions.
        last: a day of the last month.
        colour: whether the terminal takes the escape sequences of 256 colours.
    """
    yield " " * 7 + "".join(f"{number:<{8 if number == 1 else 10}}" for number in (1, 5, 10, 15, 20, 25, 30)).rstrip()
    months = months_until(last)
    for first in months:
        year = f"'{first.year % 100:02}" if first == months[0] or first.month == 1 else ""
        squares = [_square(days.get(each), colour=colour) for each in days_of_month(first)]
        yield f"{MONTH_NAMES[first.month - 1] + year:<7}{''.join(squares)}".rstrip()
    names = [f"{square_code(each)} {each.value}" for each in EXPRESSIONS]
    coloured = [_paint(square_code(each), each) + f" {each.value}" for each in EXPRESSIONS]
    yield ""
    yield "  ".join([*(coloured if colour else names), f"{_paint(MIXED, None) if colour else MIXED} mixed", ". no session"])


def week_lines(days: Mapping[date, Day], last: date, *, unicode: bool) -> Iterator[str]:
    """Yield a curve of the valence of seven days, with the values in figures below: 60 columns wide.

    Args:
        days: the days with sessions.
        last: the last day.
        unicode: whether the terminal can show "●" and "─".
    """
    dot, dash = ("●", "─") if unicode else ("*", "-")
    week = week_until(last)
    rows: dict[int, set[int]] = {}
    for place, each in enumerate(week):
        found = days.get(each)
        if found is not None and found.valence is not None:
            rows.setdefault(round(_STEPS * found.valence), set()).add(place)
    names = {_STEPS: "pleasant +1", 0: "0", -_STEPS: "unpleasant -1"}
    for row in range(_STEPS, -_STEPS - 1, -1):
        blank = dash if row == 0 else " "
        cells = "".join(f"{blank * 3}{dot if place in rows.get(row, ()) else blank}{blank * 3}" for place in range(len(week)))
        yield f"{names.get(row, ''):>13} {cells}".rstrip()
    yield " " * 14 + "".join(f"{DAY_NAMES[each.weekday()]:^7}" for each in week).rstrip()
    yield " " * 14 + "".join(f"{_value(days.get(each), unicode=unicode):^7}" for each in week).rstrip()


def _value(day: Day | None, *, unicode: bool) -> str:
    if day is None or day.valence is None:
        return "–" if unicode else "-"
    return f"{day.valence:+.2f}"


def _square(day: Day | None, *, colour: bool) -> str:
    if day is None:
        return ". "
    return _paint(square_code(day.mood), day.mood) if colour else square_code(day.mood)


def _paint(letters: str, mood: Expression | None) -> str:
    rgb = square_rgb(mood)
    # The nearest colour of the cube of 6 by 6 by 6
    red, green, blue = (0 if part < 48 else min(5, (part - 35) // 40) for part in rgb)  # noqa: PLR2004 - steps of the cube
    return f"\033[48;5;{16 + 36 * red + 6 * green + blue};38;5;{16 if is_light(rgb) else 231}m{letters}{_RESET}"
