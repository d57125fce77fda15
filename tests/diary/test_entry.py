from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest

from realtime.diary.entry import MOST_NOTE, SHORTEST_S, DiaryEntry, entry_of, name_entry_mood
from realtime.domain import Expression, Mood
from realtime.session.summary import Summary
from tests.support.diaries import EVENING, diary_entry
from tests.support.summaries import HOSTILE, SHARES, full_summary, hostile_summary


def made(summary: Summary) -> DiaryEntry:
    entry = entry_of(summary, EVENING, "camera")
    assert isinstance(entry, DiaryEntry)
    return entry


def test_a_session_becomes_one_line() -> None:
    summary = full_summary()
    entry = made(summary)
    assert summary.movies is not None
    assert entry == DiaryEntry(
        EVENING,
        149.9,
        "camera",
        Expression.HAPPY,
        "faces",
        SHARES,
        "Bright and happy",
        tuple(f"{movie.title} ({movie.year})" for movie in summary.movies.plan.movies),
    )


def test_a_line_keeps_no_control_characters_of_a_title() -> None:
    entry = made(replace(hostile_summary(), seconds=9.0))
    texts = [entry.music or "", *entry.movies]
    assert any(HOSTILE[:8] in text for text in texts)
    assert not any(mark in text for text in texts for mark in "\x1b\u202e\n")


@pytest.mark.parametrize(
    ("summary", "why"),
    [
        (Summary(None, None, 90, 60.0, None), "no face was seen clearly enough"),
        (replace(full_summary(), seconds=SHORTEST_S - 0.1), "the session was shorter than 3 seconds"),
    ],
)
def test_a_session_without_a_face_or_of_no_length_gets_no_line(summary: Summary, why: str) -> None:
    assert entry_of(summary, EVENING, "camera") == why


def test_moods_have_names() -> None:
    by_hand = made(Summary(Mood.by_hand(Expression.SAD), None, 90, 60.0, None))
    assert [name_entry_mood(each) for each in (diary_entry(), diary_entry(None), by_hand)] == ["happy", "mixed", "sad, by hand"]


@pytest.mark.parametrize(
    "fields",
    [
        {"started": EVENING.replace(tzinfo=None)},
        {"seconds": -1.0},
        {"seconds": nan},
        {"seconds": inf},
        {"source": "clip.mkv"},
        {"mood_source": "dice"},
        {"shares": (0.5,) * 7},
        {"shares": (1.0,)},
        {"shares": (nan,) * 7},
        {"note": "x" * (MOST_NOTE + 1)},
    ],
    ids=str,
)
def test_values_that_no_session_has_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(diary_entry(), **fields)
