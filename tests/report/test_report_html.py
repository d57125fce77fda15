from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import Expression
from realtime.report.aggregate import SessionReport, SessionSums
from realtime.report.log_reader import LogReader
from realtime.report.observations import FaceReading, Moment, MusicChange, one_hot
from realtime.report.report_html import report_html
from realtime.report.report_text import MOST_ROWS, MOST_SHOWN_PERSONS, InputReport, music_parts, music_rows
from realtime.session.colours import hex_colour
from tests.support.html import Page, check_harmless
from tests.support.logs import HAPPY, SAD, session_lines
from tests.support.summaries import HOSTILE


def whole_report() -> SessionReport:
    sums = SessionSums()
    sums.add_all(LogReader(BytesIO(b"".join(session_lines(300)))).observations())
    sums.add(MusicChange(2.0, "Bright and happy", "happy held for 8 seconds", "begin"))
    sums.add(MusicChange(2.5, "Bright and happy", "", "changed"))
    sums.add(MusicChange(6.0, "Slow and sad", "sad held for 30 seconds", "next"))
    sums.add(MusicChange(7.0, "Slow and sad", "", "changed"))
    sums.add(MusicChange(9.0, "", "nobody is there", "fade"))
    return sums.report()


def hostile_report(text: str) -> SessionReport:
    sums = SessionSums()
    sums.add(Moment(0.5, 0.5, [FaceReading(1, one_hot(HAPPY), 1.0, text)], None))
    sums.add(Moment(1.0, 0.5, [FaceReading(1, one_hot(HAPPY), 1.0, None)], (HAPPY, "hand")))
    sums.add(MusicChange(0.7, text, text))
    return sums.report()


REPORT = whole_report()
NOTHING = SessionSums().report()


@pytest.mark.parametrize("inputs", [[REPORT], [REPORT, NOTHING], [NOTHING], [hostile_report(HOSTILE)]], ids=str)
def test_a_page_is_well_formed_and_loads_and_runs_nothing(inputs: list[SessionReport]) -> None:
    check_harmless(report_html([InputReport(HOSTILE, each, 1, 2) for each in inputs]))


@given(st.text(min_size=1))
def test_text_from_outside_is_text(words: str) -> None:
    html = report_html([InputReport(words, hostile_report(words))])
    check_harmless(html)
    assert html.count("<script") == 0


def test_a_page_says_all_that_is_known() -> None:
    text = Page(report_html([InputReport("evening.jsonl", REPORT, 3)])).text
    for part in (
        "The faces looked happy",
        "evening.jsonl : 10 seconds, 300 frames analysed",
        "3 lines are damaged or cut off, and left out.",
        "0:00 to 0:05: happy 0:05 to 0:10: sad",
        "What the faces looked like happy",
        "0:02 music begins: Bright and happy happy held for 8 seconds",
        "0:06 next, at the end of the song: Slow and sad sad held for 30 seconds",
        "0:09 the music fades nobody is there",
        "person 1 0:00 to 0:10, 10 seconds in view",
        "person 2 0:05 to 0:10, 5 seconds in view happy 70%",
        "Not sure: 3% of the time of all faces",
        "too dark 1 second 3% most at 0:02, 13%",
    ):
        assert part in text


def changes(*events: tuple[float, str, str, Expression | None]) -> SessionReport:
    sums = SessionSums()
    for time_s, what, title, mood in events:
        sums.add(MusicChange(time_s, title, "why", what, mood))
    sums.add(Moment(20.0, 1.0, [], None))
    return sums.report()


def test_music_is_drawn_while_it_played() -> None:
    assert music_parts(REPORT) == [(2.5, 7.0, "Bright and happy"), (7.0, 9.0, "Slow and sad")]


def test_each_change_of_own_songs_is_a_part_that_names_the_mood_they_were_chosen_for() -> None:
    own = "your own songs"
    report = changes(
        (1, "begin", own, HAPPY),
        (2, "changed", own, HAPPY),
        (5, "next", own, SAD),
        # By now the faces look happy again
        (8, "changed", own, HAPPY),
    )
    assert music_parts(report) == [(2, 8, "your own songs (happy)"), (8, 20, "your own songs (sad)")]
    assert music_rows(report)[3] == ("0:08", "plays now: your own songs (sad)", "why")


def test_music_that_goes_on_after_a_fade_keeps_its_title() -> None:
    report = changes((1, "begin", "A", SAD), (2, "changed", "A", SAD), (5, "fade", "", None), (9, "resume", "", None))
    assert music_parts(report) == [(2, 5, "A (sad)"), (9, 20, "A (sad)")]
    assert music_rows(report)[3][1] == "the music goes on: A (sad)"


def test_music_that_was_chosen_and_never_played_is_not_drawn() -> None:
    report = changes((1, "begin", "A", SAD), (2, "failed", "", SAD), (3, "now", "A", SAD))
    assert music_parts(report) == []


def test_a_link_that_was_opened_is_named_and_not_drawn_as_music_that_plays() -> None:
    sums = SessionSums()
    sums.add(MusicChange(1.0, "A", "why", "begin", SAD))
    sums.add(MusicChange(2.0, "A", "why", "changed", SAD, opened=True))
    sums.add(Moment(20.0, 1.0, [], None))
    report = sums.report()
    assert music_parts(report) == []
    assert music_rows(report)[1] == ("0:02", "link opened: A", "why")


def test_songs_end_where_a_link_is_opened() -> None:
    sums = SessionSums()
    sums.add(MusicChange(1.0, "A", "why", "changed", SAD))
    sums.add(MusicChange(5.0, "B", "why", "changed", SAD, opened=True))
    sums.add(Moment(20.0, 1.0, [], None))
    assert music_parts(sums.report()) == [(1, 5, "A (sad)")]


def test_a_step_of_a_journey_and_a_mood_by_hand_are_told() -> None:
    report = changes((1, "begin", "A", SAD), (2, "changed", "A", SAD), (5, "step", "B", SAD), (9, "mood", "", HAPPY))
    assert music_parts(report) == [(2, 5, "A (sad)"), (5, 20, "B")]
    assert music_rows(report)[2:] == [("0:05", "plays now: B", "why"), ("0:09", "", "why")]


def test_an_event_that_is_not_known_is_called_by_its_name() -> None:
    report = changes((1, "begin", "A", SAD), (2, "changed", "A", SAD), (3, "juggles", "B", SAD), (4, "hums", "", None))
    assert [row[1] for row in music_rows(report)[2:]] == ["juggles: B", "hums"]
    assert music_parts(report) == [(2, 20, "A (sad)")]


def legends(page: str) -> list[list[str]]:
    """The names in each legend of a page."""
    found = re.findall(r'<ul class="legend" aria-label="Colours">(.*?)</ul>', page)
    return [re.findall(r'<li><i style="background:([^"]+)"></i>(\w+)</li>', items) for items in found]


def test_a_legend_says_which_colour_is_which_expression() -> None:
    mood, persons = legends(report_html([InputReport("a", REPORT)]))
    assert {name: colour for colour, name in mood} == {each.value: hex_colour(each) for each in Expression}
    assert persons == [(hex_colour(HAPPY), "happy"), (hex_colour(SAD), "sad")]


def test_the_strip_of_the_music_says_that_it_is_of_the_dj() -> None:
    page = Page(report_html([InputReport("a", REPORT)]))
    assert "When music of the DJ played" in [each.get("aria-label") for each in page.all("svg")]
    assert "When music of the DJ played." in page.text


def test_each_plot_has_a_name_and_a_table_beside_it() -> None:
    page = Page(report_html([InputReport("a", REPORT)]))
    plots = [each for each in page.all("svg") if "aria-hidden" not in each]
    assert all(each["role"] == "img" and each["aria-label"] for each in plots)
    # Mood, music, two persons and one reason; the tables of persons and reasons have a row for each
    assert len(plots) == 5
    assert len(page.all("table")) == 4
    assert len(page.all("tbody")) == 4


def test_tables_stay_short() -> None:
    sums = SessionSums()
    for index in range(1, 4000):
        sums.add(Moment(index / 10, 0.1, [FaceReading(index // 50, one_hot(HAPPY), 1.0, None)], None))
    html = report_html([InputReport("a", sums.report())])
    assert Page(html).text.count(" to ") <= MOST_ROWS + 2 * MOST_SHOWN_PERSONS + 10
    assert f"{80 - MOST_SHOWN_PERSONS} more numbers" in Page(html).text


def test_a_log_without_its_end_says_so() -> None:
    text = Page(report_html([InputReport("a", replace(REPORT, end=None))])).text
    assert "The log has no last line with the result" in text
    assert "no last line" not in Page(report_html([InputReport("a", replace(REPORT, end=None), is_log=False)])).text
