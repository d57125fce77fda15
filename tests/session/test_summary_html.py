import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.session.colours import hex_colour
from realtime.session.summary import Summary
from realtime.session.summary_html import draw_timeline, summary_html
from realtime.session.timeline import MOST_SPANS, MoodSpan
from tests.support.html import Page, check_harmless
from tests.support.summaries import SHARES, full_summary, hostile_summary

DAY = datetime(2026, 11, 3, 20, 15, tzinfo=UTC)
NOTHING = Summary(None, None, 0, 0, None)
BY_HAND = replace(NOTHING, mood=Mood.by_hand(Expression.FEAR))


def test_the_legend_names_what_the_chart_shows_in_the_order_of_the_areas() -> None:
    shares = tuple(
        {Expression.SAD: 0.6, Expression.HAPPY: 0.396, Expression.FEAR: 0.004}.get(each, 0.0) for each in EXPRESSIONS
    )
    spans = (MoodSpan(0, 1, shares, Expression.SAD, "faces"), MoodSpan(1, 2, shares, None, "faces"))
    html = "".join(draw_timeline(spans, (), (Expression.SAD, Expression.HAPPY, Expression.FEAR)))
    assert re.findall(r'<li><i style="background:([^"]+)"></i>(\w+)</li>', html) == [
        (hex_colour(Expression.SAD), "sad"),
        (hex_colour(Expression.HAPPY), "happy"),
        ("var(--dim)", "mixed"),
    ]


@pytest.mark.parametrize(
    "summary",
    [full_summary(), hostile_summary(), NOTHING, BY_HAND, replace(NOTHING, mood=Mood(SHARES, None), shares=SHARES)],
    ids=["full", "hostile", "nothing", "by hand", "mixed"],
)
def test_a_page_is_well_formed_and_loads_and_runs_nothing(summary: Summary) -> None:
    check_harmless(summary_html(summary, DAY))


def test_a_page_has_the_whole_result() -> None:
    summary = full_summary()
    text = Page(summary_html(summary, DAY)).text
    assert summary.movies is not None
    for part in (
        "The faces looked happy",
        "3 November 2026, 2 minutes",
        "happy 75% neutral 14%",
        "1:30 to 2:00: mixed",
        "Music Bright and happy for happy",
        "Movies for happy",
        *(f"{movie.title} ({movie.year}) Drama, Japan" for movie in summary.movies.plan.movies),
        "A fact about happy, number 1. Study 1",
    ):
        assert part in text


@pytest.mark.parametrize("summary", [full_summary(), hostile_summary()], ids=["full", "hostile"])
def test_links_lead_to_https_pages_without_naming_the_page(summary: Summary) -> None:
    links = Page(summary_html(summary)).all("a")
    assert summary.movies is not None
    assert {each["href"] for each in links} >= set(summary.movies.links)
    assert all((each["href"] or "").startswith("https://") for each in links)
    assert all(each["rel"] == "noopener noreferrer" for each in links)


def test_music_on_this_computer_has_no_link_and_no_path() -> None:
    html = summary_html(hostile_summary())
    assert "file:" not in html
    assert "/home" not in html


def test_hostile_titles_are_text() -> None:
    text = Page(summary_html(hostile_summary())).text
    assert text.count("<script>alert('x')</script>") >= 4
    assert "\u202e" not in text
    assert "\x1b" not in text


def points_of(html: str, expression: Expression) -> list[list[tuple[float, float]]]:
    """The corners of each area of an expression."""
    polygons = [each for each in Page(html).all("polygon") if each["fill"] == hex_colour(expression)]
    return [[tuple(map(float, pair.split(","))) for pair in (each["points"] or "").split()] for each in polygons]  # pyright: ignore[reportReturnType]


def test_the_chart_has_an_area_for_each_expression_in_each_run() -> None:
    html = summary_html(full_summary())
    for expression in EXPRESSIONS:
        first, second = points_of(html, expression)
        assert (min(x for x, _ in first), max(x for x, _ in first)) == (0, 400)
        assert (min(x for x, _ in second), max(x for x, _ in second)) == (600, 800)
    (first, _) = points_of(html, Expression.HAPPY)
    # The largest expression stands on the floor, and takes its share of the height
    assert (min(y for _, y in first), max(y for _, y in first)) == (pytest.approx(240 * 0.25), 240)


def test_the_strip_shows_the_mood_by_hand_too() -> None:
    page = Page(summary_html(full_summary()))
    strip = [each for each in page.all("rect") if each.get("class") != "floor"]
    assert [each["fill"] for each in strip] == [hex_colour(Expression.HAPPY), "var(--dim)", hex_colour(Expression.SAD)]
    assert "2:00 sad, by hand" in page.text


def test_a_chart_says_in_words_what_it_shows() -> None:
    charts = [each for each in Page(summary_html(full_summary())).all("svg") if each.get("role") == "img"]
    assert [each["aria-label"] for each in charts] == ["0:00 to 1:00: happy; 1:30 to 2:00: mixed; 2:00 to 2:30: sad, by hand"]
    assert (
        "no face voted: none was seen clearly, the session was paused, or its vote was restarted."
        in Page(summary_html(full_summary())).text
    )
    without_gap = replace(full_summary(), timeline=full_summary().timeline[:2])
    assert "no face voted" not in Page(summary_html(without_gap)).text


def test_a_session_without_a_frame_has_no_chart() -> None:
    page = Page(summary_html(BY_HAND))
    assert "Mood over time" not in page.text
    assert "A fear mood" in page.text


def test_a_page_of_a_long_session_stays_small() -> None:
    spans = tuple(MoodSpan(index, index + 1, SHARES, EXPRESSIONS[index % 7], "faces") for index in range(MOST_SPANS))
    assert len(summary_html(replace(full_summary(), timeline=spans))) < 100_000
