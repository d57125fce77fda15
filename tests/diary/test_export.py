from __future__ import annotations

import csv
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st

from realtime.diary.export import diary_csv, diary_document
from realtime.domain import EXPRESSIONS, Expression
from tests.support.diaries import diary_entry

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0"), max_size=30)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


def test_the_table_has_a_row_a_session() -> None:
    by_hand = diary_entry(Expression.SAD, shares=None, mood_source="hand", music=None, movies=(), note="a\nb")
    one, other, mixed = rows_of(diary_csv([diary_entry(), by_hand, diary_entry(None)]))
    assert one == {
        "start": "2026-11-03T20:15:00+01:00",
        "seconds": "600",
        "source": "camera",
        "mood": "happy",
        "mood_source": "faces",
        **{each.value: "0.7" if each is Expression.HAPPY else "0.05" for each in EXPRESSIONS},
        "music": "Bright and happy",
        "movies": "Playtime (1967)",
        "note": "",
    }
    assert (other["mood_source"], other["happy"], other["music"], other["note"]) == ("hand", "", "", "a\nb")
    assert mixed["mood"] == "mixed"


@given(st.lists(TEXT, max_size=4))
def test_no_text_breaks_the_table_or_is_computed(notes: list[str]) -> None:
    found = rows_of(diary_csv([diary_entry(note=note, music=note) for note in notes]))
    assert [row["note"].removeprefix("'") for row in found] == [note.removeprefix("'") for note in notes]
    for row in found:
        assert not row["note"].startswith(("=", "+", "-", "@", "\t"))
        assert not row["music"].startswith(("=", "+", "-", "@", "\t"))


def test_the_document_says_all_of_a_line() -> None:
    (session,) = diary_document([diary_entry(note="=1+1")], keep=True)["sessions"]
    assert session == {
        "start": "2026-11-03T20:15:00+01:00",
        "seconds": 600.0,
        "source": "camera",
        "mood": "happy",
        "mood_source": "faces",
        "shares": {each.value: 0.7 if each is Expression.HAPPY else 0.05 for each in EXPRESSIONS},
        "music": "Bright and happy",
        "movies": ["Playtime (1967)"],
        "note": "=1+1",
    }
