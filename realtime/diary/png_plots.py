"""A year of squares and a week's curve as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.diary.days import days_of_month, months_until, week_runs, week_until
from realtime.diary.svg_plots import ABOUT
from realtime.diary.text_plots import DAY_NAMES, MONTH_NAMES, is_light, square_code, square_rgb
from realtime.domain import EXPRESSIONS, Expression
from realtime.overlay.text import line_height, text_width
from realtime.report.sheet import DIM, INK, LINE, MARGIN, PAPER, WIDTH, Sheet
from realtime.session.summary_text import day_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from realtime.diary.days import Day
    from realtime.domain import Image
    from realtime.overlay.shapes import Colour

_LEFT = MARGIN + 80
_SIDE, _HEIGHT, _STEP_X, _STEP_Y = 30, 34, 32, 40
_TEXT, _SMALL = 22, 16
_ZERO, _SCALE = 150, 130
_CURVE: Colour = (178, 114, 0)


def draw_diary(days: Mapping[date, Day], last: date) -> Image:
    """Draw both plots below each other on white; (height, 1200, 3) uint8 BGR."""
    sheet = Sheet()
    sheet.paragraph("Diary", 44, bold=True)
    sheet.paragraph(f"Twelve months up to {day_text(last)}", _TEXT, colour=DIM)
    sheet.skip(24)
    _draw_year(sheet, days, last)
    sheet.skip(40)
    sheet.paragraph("Seven days: how pleasant the faces looked, from -1 to 1", 26, bold=True)
    sheet.skip(20)
    _draw_week(sheet, days, last)
    sheet.skip(30)
    sheet.paragraph(ABOUT, 18, colour=DIM)
    return sheet.picture()


def _draw_year(sheet: Sheet, days: Mapping[date, Day], last: date) -> None:
    sheet.reserve(15 * _STEP_Y)
    for number in range(31):
        _centred(sheet, str(number + 1), _LEFT + number * _STEP_X + _SIDE // 2, _SMALL, DIM)
    sheet.top += line_height(_SMALL) + 4
    for first in months_until(last):
        sheet.write(f"{MONTH_NAMES[first.month - 1]} {first.year % 100:02}", MARGIN, _SMALL + 2, colour=DIM, down=6)
        for number, each in enumerate(days_of_month(first)):
            left, found = _LEFT + number * _STEP_X, days.get(each)
            if found is None:
                sheet.rectangle(left, left + _SIDE, _HEIGHT, LINE)
                sheet.rectangle(left + 1, left + _SIDE - 1, _HEIGHT - 2, PAPER, down=1)
            else:
                _square(sheet, found.mood, left)
        sheet.top += _STEP_Y
    sheet.top += 10
    for number, mood in enumerate([*EXPRESSIONS, None]):
        left = MARGIN + number * 135
        _square(sheet, mood, left)
        sheet.write("mixed" if mood is None else mood.value, left + _SIDE + 8, _SMALL + 2, colour=DIM, down=6)
    sheet.top += _STEP_Y


def _square(sheet: Sheet, mood: Expression | None, left: int) -> None:
    red, green, blue = square_rgb(mood)
    sheet.rectangle(left, left + _SIDE, _HEIGHT, (blue, green, red))
    _centred(sheet, square_code(mood), left + _SIDE // 2, _SMALL, INK if is_light((red, green, blue)) else PAPER, down=6)


def _draw_week(sheet: Sheet, days: Mapping[date, Day], last: date) -> None:
    sheet.reserve(_ZERO + _SCALE + 100)
    week, step = week_until(last), (WIDTH - _LEFT - MARGIN) // 7
    for value, name in ((1, "+1 pleasant"), (0, "0"), (-1, "-1 unpleasant")):
        y = _ZERO - value * _SCALE
        sheet.rectangle(_LEFT, WIDTH - MARGIN, 2, LINE, down=y)
        sheet.write(name, MARGIN, _SMALL, colour=DIM, down=y - 26)
    for run in week_runs(days, week):
        points = [(_LEFT + step * (place + 0.5), _ZERO - value * _SCALE) for place, value in run]
        if len(points) > 1:
            sheet.curve(points, _CURVE, 5)
        for (x, y), (_, value) in zip(points, run, strict=True):
            sheet.polygon(((x - 9, y), (x, y - 9), (x + 9, y), (x, y + 9)), _CURVE)
            _centred(sheet, f"{value:+.2f}", round(x), _SMALL + 2, INK, down=round(y) - 38)
    sheet.top += _ZERO + _SCALE + 24
    for place, each in enumerate(week):
        _centred(sheet, f"{DAY_NAMES[each.weekday()]} {each.day}", round(_LEFT + step * (place + 0.5)), _SMALL + 2, DIM)
    sheet.top += line_height(_SMALL + 2)


def _centred(sheet: Sheet, words: str, middle: int, size: int, colour: Colour, *, down: int = 0) -> None:
    sheet.write(words, middle - text_width(words, size) // 2, size, colour=colour, down=down)
