from __future__ import annotations

import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from realtime.diary.days import Day, days_of
from realtime.diary.png_plots import draw_diary
from realtime.diary.svg_plots import diary_html, diary_svg
from realtime.diary.text_plots import square_code, week_lines, year_lines
from realtime.domain import EXPRESSIONS, Expression
from realtime.session.colours import hex_colour
from tests.support.diaries import EVENING, diary_entry
from tests.support.html import Page, check_harmless

LAST = date(2026, 11, 7)
DAYS = days_of(
    [
        *(diary_entry(each, EVENING - timedelta(days=20 * number)) for number, each in enumerate([*EXPRESSIONS, None])),
        diary_entry(Expression.SAD, EVENING + timedelta(days=1)),
    ]
)


def test_each_mood_has_its_own_letters() -> None:
    assert len({square_code(each) for each in (*EXPRESSIONS, None)}) == 8


@pytest.mark.parametrize("last", [LAST, date(2028, 2, 29), date(2026, 1, 1)])
def test_a_year_has_a_row_a_month_and_a_square_a_day(last: date) -> None:
    days = {last - timedelta(days=number): Day(Expression.HAPPY, 60, 1, 0.5) for number in range(500)}
    head, *rows = list(year_lines(days, last, colour=False))[:13]
    assert head.split() == ["1", "5", "10", "15", "20", "25", "30"]
    # The figures stand over the squares of their days
    assert [head.index(f"{number} " if number < 30 else "30") for number in (1, 5, 10)] == [7, 15, 25]
    assert [row[:3] for row in rows][-1] == last.strftime("%b")
    assert rows[-1].count("ha") == last.day
    assert rows[-2].count("ha") == (last.replace(day=1) - timedelta(days=1)).day
    assert max(len(row) for row in rows) == 69


def test_rows_say_the_year_where_it_begins() -> None:
    rows = list(year_lines({}, LAST, colour=False))[1:13]
    assert [row[:6].strip() for row in rows][:3] == ["Dec'25", "Jan'26", "Feb"]
    assert rows[2].split() == ["Feb", *["."] * 28]


def test_a_terminal_with_colours_gets_the_same_letters() -> None:
    plain, coloured = (list(year_lines(DAYS, LAST, colour=colour)) for colour in (False, True))
    assert [re.sub(r"\033\[[\d;]+m", "", line) for line in coloured] == plain
    assert "\033[48;5;220;38;5;16mha\033[0m" in "".join(coloured)


def test_a_week_shows_points_by_value_and_the_values_in_figures() -> None:
    days = {LAST - timedelta(days=back): Day(None, 1, 1, value) for back, value in ((0, 1.0), (6, -0.76), (1, None))}
    lines = list(week_lines(days, LAST, unicode=True))
    assert lines[0] == "  pleasant +1 " + " " * 45 + "●"
    assert lines[7] == " " * 17 + "●"
    assert lines[4].strip().startswith("0 ───────")
    assert lines[9].split() == ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    assert lines[10].split() == ["-0.76", "–", "–", "–", "–", "–", "+1.00"]
    assert "".join(week_lines(days, LAST, unicode=False)).isascii()


def test_the_svg_stands_alone_and_has_a_text_for_each_square() -> None:
    svg = diary_svg(DAYS, LAST)
    root = ET.fromstring(svg)  # noqa: S314 - our own text
    words = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    titles = ["".join(each.itertext()) for each in root.iter("{http://www.w3.org/2000/svg}title")]
    for expression in EXPRESSIONS:
        assert hex_colour(expression) in svg
        # One in the plot, one in the legend
        assert words.count(square_code(expression)) >= 2
    assert "3 November 2026: angry, 10 minutes" in titles
    assert len(titles) == len(DAYS)
    assert not re.search(r"(?:href|src|url\()", svg)


@pytest.mark.parametrize("days", [DAYS, {}], ids=["full", "empty"])
def test_the_page_loads_and_runs_nothing_and_has_tables(days: dict[date, Day]) -> None:
    html = diary_html(days, LAST)
    check_harmless(html)
    page = Page(html)
    assert len(page.all("table")) == 2
    assert f"{len(days)} days with a session" in page.text
    assert ("3 November 2026 angry 10 minutes, 1 session" in page.text) == bool(days)
    assert all(each["aria-label"] for each in page.all("svg"))


def test_the_picture_shows_the_colours_of_the_days() -> None:
    full, empty = draw_diary(DAYS, LAST), draw_diary({}, LAST)
    assert full.shape == empty.shape
    assert full.shape[1] == 1200
    yellow = (66, 228, 240)
    # The legend has one square, the plot another
    assert np.sum(np.all(full == yellow, axis=2)) > 1.5 * np.sum(np.all(empty == yellow, axis=2)) > 0


def test_nothing_judges_counts_in_a_row_or_urges() -> None:
    text = Page(diary_html(DAYS, LAST)).text + "\n".join(year_lines(DAYS, LAST, colour=False))
    assert not re.search(
        r"streak|in a row|goal|keep it up|well done|missed|remember|good|bad|better|worse", text, re.IGNORECASE
    )
