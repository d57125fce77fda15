from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.session.colours import hex_colour
from realtime.session.state import Summary
from realtime.session.summary_html import summary_html
from realtime.session.timeline import MOST_SPANS, MoodSpan
from tests.support.summaries import SHARES, full_summary, hostile_summary

DAY = datetime(2026, 11, 3, 20, 15, tzinfo=UTC)
VOID = {"meta", "br"}
HARMLESS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section", "div", "figure", "figcaption"),
    *("h1", "h2", "p", "ul", "li", "span", "i", "b", "small", "bdi", "a", "blockquote"),
    *("svg", "g", "path", "circle", "ellipse", "rect", "polygon"),
}
NOTHING = Summary(None, None, 0, 0, None)
BY_HAND = replace(NOTHING, mood=Mood.by_hand(Expression.FEAR))


class Page(HTMLParser):
    """The tags, attributes and text of a page, which must be well formed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.mark.parametrize(
    "summary",
    [full_summary(), hostile_summary(), NOTHING, BY_HAND, replace(NOTHING, mood=Mood(SHARES, None), shares=SHARES)],
    ids=["full", "hostile", "nothing", "by hand", "mixed"],
)
def test_a_page_is_well_formed_and_loads_and_runs_nothing(summary: Summary) -> None:
    html = summary_html(summary, DAY)
    page = Page(html)
    assert html.startswith("<!doctype html>\n")
    assert {tag for tag, _ in page.tags} <= HARMLESS
    for tag, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on")} | attributes.keys() & {"src", "srcset", "xlink:href"}
        assert "href" not in attributes or tag == "a"
    assert "url(" not in html
    assert "@import" not in html
    policy = next(each["content"] for each in page.all("meta") if each.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert html.encode()


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
