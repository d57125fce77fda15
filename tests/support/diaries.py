"""Lines of a diary for tests."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from realtime.diary.entry import DiaryEntry
from realtime.domain import EXPRESSIONS, Expression

EVENING = datetime(2026, 11, 3, 20, 15, tzinfo=timezone(timedelta(hours=1)))


def shares_of(expression: Expression, share: float = 0.7) -> tuple[float, ...]:
    """Shares with one expression ahead."""
    return tuple(share if each is expression else (1 - share) / 6 for each in EXPRESSIONS)


def diary_entry(mood: Expression | None = Expression.HAPPY, started: datetime = EVENING, **fields: Any) -> DiaryEntry:
    """A session of ten minutes."""
    values: dict[str, Any] = {
        "seconds": 600.0,
        "source": "camera",
        "mood_source": "faces",
        "shares": shares_of(mood or Expression.NEUTRAL),
        "music": "Bright and happy",
        "movies": ("Playtime (1967)",),
    }
    return DiaryEntry(started, mood=mood, **(values | fields))
