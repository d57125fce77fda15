import re
from dataclasses import replace
from datetime import UTC, datetime

from realtime.domain import Expression, Mood
from realtime.session.summary import Summary
from realtime.session.summary_markdown import summary_markdown
from realtime.session.summary_text import ABOUT
from tests.support.summaries import full_summary, hostile_summary

DAY = datetime(2026, 11, 3, 20, 15, tzinfo=UTC)


def test_a_session() -> None:
    summary = full_summary()
    assert summary.movies is not None
    movies = [
        f"- [{movie.title} ({movie.year})](<{link}>), Drama, Japan"
        for movie, link in zip(summary.movies.plan.movies, summary.movies.links, strict=True)
    ]
    expected = [
        *("# The faces looked happy", "", "3 November 2026, 2 minutes", "", "In all votes together, happy had 75%.", ""),
        *("## Mood over time", "", "- 0:00 to 1:00: happy", "- 1:30 to 2:00: mixed", "- 2:00 to 2:30: sad, by hand", ""),
        *("## What the faces looked like", "", "| expression | share | |", "|---|---:|---|"),
        "| happy | 75% | ███████████████ |",
        "| neutral | 14% | ███ |",
        *("| fear | 3% | █ |", "| sad | 3% | █ |", "| angry | 2% |  |", "| surprise | 2% |  |", "| disgust | 1% |  |", ""),
        *("## Music", "", "- [Bright and happy](<https://example.org/happy>), for happy", ""),
        *("## Movies for happy", "", *movies, ""),
        *("## A fact", "", "> A fact about happy, number 1.", ">", "> Study 1", "", ABOUT),
    ]
    assert summary_markdown(summary, DAY).splitlines() == expected


def test_a_mood_by_hand_without_a_session() -> None:
    text = summary_markdown(Summary(Mood.by_hand(Expression.SAD), None, 0, 0, None))
    assert text == f"# A sad mood\n\nThe mood was chosen by hand.\n\n{ABOUT}\n"


def test_hostile_titles_start_no_markup() -> None:
    text = summary_markdown(hostile_summary(), DAY)
    unescaped = re.sub(r"\\.", "", text)
    assert not re.search(r"[<`*_~]", re.sub(r"\(<https://[^<>\s]*>\)", "", unescaped))
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "/home" not in text
    assert len(re.findall(r"\]\(", unescaped)) == 2, "one movie and one music have a link"


def test_a_title_starts_neither_a_list_nor_a_link() -> None:
    summary = full_summary()
    assert summary.fact is not None
    for title, written in (
        ("1. first", r"1\. first"),
        ("- x", r"\- x"),
        ("http://a.b", r"http:\//a.b"),
        ("WWW.a.b", r"WWW\.a.b"),
    ):
        text = summary_markdown(replace(summary, fact=replace(summary.fact, text=title)))
        assert f"> {written}\n" in text
