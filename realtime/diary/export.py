"""The diary as documents and as a table (pure)."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS, by_expression

if TYPE_CHECKING:
    from collections.abc import Iterable

    from realtime.diary.entry import DiaryEntry

SCHEMA = 1
_DIGITS = 4
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins with one of these is computed by a spreadsheet."""


def diary_document(entries: Iterable[DiaryEntry], *, keep: bool) -> dict[str, Any]:
    """Document of `emodj diary show --json`, and of the export as JSON; `keep` says whether the diary is turned on."""
    return {"schema": SCHEMA, "keep": keep, "sessions": [_session_document(entry) for entry in entries]}


def diary_csv(entries: Iterable[DiaryEntry]) -> str:
    """The diary as CSV with one row a session, as RFC 4180 describes it.

    A text that a spreadsheet would compute begins with an apostrophe.
    """
    text = StringIO()
    writer = csv.writer(text)
    names = [expression.value for expression in EXPRESSIONS]
    writer.writerow(["start", "seconds", "source", "mood", "mood_source", *names, "music", "movies", "note"])
    for entry in entries:
        shares = [""] * len(names) if entry.shares is None else [f"{share:.4g}" for share in entry.shares]
        mood = "mixed" if entry.mood is None else entry.mood.value
        row = [entry.started.isoformat(), f"{entry.seconds:g}", entry.source, mood, entry.mood_source, *shares]
        writer.writerow([*row, *map(_cell, (entry.music or "", "; ".join(entry.movies), entry.note))])
    return text.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _session_document(entry: DiaryEntry) -> dict[str, Any]:
    shares = None if entry.shares is None else by_expression(tuple(round(share, _DIGITS) for share in entry.shares))
    return {
        "start": entry.started.isoformat(),
        "seconds": entry.seconds,
        "source": entry.source,
        "mood": None if entry.mood is None else entry.mood.value,
        "mood_source": entry.mood_source,
        "shares": shares if shares is None else dict(shares),
        "music": entry.music,
        "movies": list(entry.movies),
        "note": entry.note,
    }
