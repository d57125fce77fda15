from dataclasses import replace
from datetime import UTC, datetime

import pytest

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.music.planner import Strategy, plan_music
from realtime.session.summary import Summary
from realtime.session.summary_text import MOST_PHASES, LinkedText, clock_text, describe_summary
from realtime.session.timeline import MoodSpan
from tests.support.lists import PLAYLISTS
from tests.support.summaries import MOOD, SHARES, full_summary, hostile_summary, replaced_summary

NOTHING = Summary(None, None, 0, 0, None)
SAD_BY_HAND = Mood.by_hand(Expression.SAD)
DAY = datetime(2026, 11, 3, 20, 15, tzinfo=UTC)


def test_a_session_in_words() -> None:
    text = describe_summary(full_summary(), DAY)
    assert (text.heading, text.detail) == ("The faces looked happy", "In all votes together, happy had 75%.")
    assert text.when == "3 November 2026, 2 minutes"
    assert text.shares[:2] == ((Expression.HAPPY, 0.75), (Expression.NEUTRAL, 0.14))
    assert text.phases == ("0:00 to 1:00: happy", "1:30 to 2:00: mixed", "2:00 to 2:30: sad, by hand")
    assert text.music == (LinkedText("Bright and happy", "https://example.org/happy", "for happy"),)
    assert text.movies_heading == "Movies for happy"
    assert len(text.movies) == 3
    assert all(movie.title.startswith("happy ") and movie.about == "Drama, Japan" for movie in text.movies)
    assert text.fact == ("A fact about happy, number 1.", "Study 1")


def test_movies_of_another_mood_are_not_called_those_of_the_mood() -> None:
    assert describe_summary(replaced_summary()).movies_heading == "Movies for happy, the nearest mood with movies"


def test_a_session_without_a_mood_has_nothing_else() -> None:
    text = describe_summary(replace(NOTHING, frames=3, seconds=1))
    assert (text.heading, text.when) == ("No face was seen clearly enough", "1 second")
    assert (text.shares, text.phases, text.music, text.movies, text.fact) == ((), (), (), (), None)


def test_a_mood_by_hand_without_a_session_has_no_length() -> None:
    text = describe_summary(replace(NOTHING, mood=SAD_BY_HAND))
    assert (text.heading, text.detail, text.when) == ("A sad mood", "The mood was chosen by hand.", "")


def test_a_mood_by_hand_says_what_the_faces_looked_like() -> None:
    detail = describe_summary(replace(NOTHING, mood=SAD_BY_HAND, shares=SHARES)).detail
    assert detail == "The mood was chosen by hand. To emodj the faces looked mostly happy."


def test_a_mixed_mood_names_its_largest_shares() -> None:
    text = describe_summary(replace(NOTHING, mood=Mood((0.02, 0, 0.01, 0.47, 0.04, 0.46, 0), None)))
    assert (text.heading, text.detail) == (
        "The faces disagreed",
        "No expression had a clear majority: happy 47%, sad 46%.",
    )


def test_a_journey_names_the_music_of_each_step() -> None:
    plan = plan_music(PLAYLISTS, SAD_BY_HAND, Strategy.JOURNEY)
    music = describe_summary(replace(NOTHING, mood=SAD_BY_HAND, plan=plan)).music
    assert [entry.about for entry in music] == [f"step {number} of 4 from sad" for number in range(1, 5)]


def test_the_other_strategies_name_a_few_choices() -> None:
    plan = plan_music(PLAYLISTS, SAD_BY_HAND, Strategy.LIFT)
    music = describe_summary(replace(NOTHING, mood=SAD_BY_HAND, plan=plan)).music
    assert [entry.about for entry in music] == ["to lift sad", "", ""]


def test_many_phases_are_cut_to_the_longest_ones() -> None:
    lengths = [5, 1, 5, 2, 5, 5, 5, 3, 5, 5, 4]
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    timeline = tuple(
        MoodSpan(start_s, start_s + length_s, None, EXPRESSIONS[number % 2], "faces")
        for number, (start_s, length_s) in enumerate(zip(starts, lengths, strict=True))
    )
    *told, rest = describe_summary(replace(NOTHING, timeline=timeline)).phases
    assert len(told) == MOST_PHASES
    assert told[0] == "0:00 to 0:05: angry"
    assert rest == "and 3 shorter parts"
    assert not [phase for phase in told if phase.startswith(("0:05", "0:11"))]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (59.4, "59 seconds"), (60, "1 minute"), (3600, "1 hour"), (7500, "2 hours 5 minutes")],
)
def test_the_length_of_a_session(seconds: float, words: str) -> None:
    assert describe_summary(replace(NOTHING, frames=1, seconds=seconds)).when == words


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "1:00"), (61, "1:01"), (3599, "59:59"), (3725, "1:02:05")])
def test_a_time_of_a_session(seconds: float, text: str) -> None:
    assert clock_text(seconds) == text


def test_text_from_outside_is_one_printable_line_and_a_path_is_not_told() -> None:
    text = describe_summary(hostile_summary())
    assert text.fact is not None
    entries = [*text.music, *text.movies]
    parts = [*text.fact, text.movies_heading, *(part for entry in entries for part in (entry.title, entry.about))]
    assert all(part.isprintable() for part in parts)
    assert text.music[0].url is None
    assert not any("/home" in part for part in parts)
    assert text.music[0].about.endswith(", on this computer")


def test_no_sentence_says_what_a_person_feels() -> None:
    for summary in (full_summary(), replace(NOTHING, mood=SAD_BY_HAND, shares=SHARES), NOTHING, replace(NOTHING, mood=MOOD)):
        text = describe_summary(summary)
        assert not any(word in f"{text.heading} {text.detail}".lower() for word in ("feel", "felt", "emotion", " is happy"))
