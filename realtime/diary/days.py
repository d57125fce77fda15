"""Lines of the diary to days: the mood that held longest, and the valence of what the faces looked like (pure)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from realtime.mood.affect import blend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from realtime.diary.entry import DiaryEntry
    from realtime.domain import Expression

WEEK = 7
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Day:
    """The sessions that began on one day.

    Attributes:
        mood: mood that held for the longest time of its sessions; None for a mixed one. Of equal ones the last.
        seconds: length of its sessions together.
        sessions: how many they are, 1 or more.
        valence: mean of what the faces looked like, -1 unpleasant .. 1 pleasant, weighted by time; None if no face voted.
    """

    mood: Expression | None
    seconds: float
    sessions: int
    valence: float | None


def days_of(entries: Iterable[DiaryEntry]) -> dict[date, Day]:
    """Gather the lines of each day, by the local date on which a session began."""
    by_day: dict[date, list[DiaryEntry]] = {}
    for entry in entries:
        by_day.setdefault(entry.started.date(), []).append(entry)
    return {day: _day(found) for day, found in sorted(by_day.items())}


def months_until(last: date) -> list[date]:
    """The first days of the `MONTHS` months up to the one of `last`, in the order of time."""
    number = 12 * last.year + last.month - 1
    return [date(each // 12, each % 12 + 1, 1) for each in range(max(12, number - MONTHS + 1), number + 1)]


def days_of_month(first: date) -> list[date]:
    """The days of the month that begins on `first`."""
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1) if first.year < date.max.year else date.max
    return [first + timedelta(days=number) for number in range((following - first).days)]


def week_until(last: date) -> list[date]:
    """The seven days up to `last`, in the order of time."""
    return [last - timedelta(days=number) for number in reversed(range(WEEK))]


def week_runs(days: Mapping[date, Day], week: list[date]) -> list[list[tuple[int, float]]]:
    """The valence of a week as unbroken runs of place in the week, 0..6, and value: a day without one breaks the curve."""
    runs: list[list[tuple[int, float]]] = [[]]
    for place, each in enumerate(week):
        found = days.get(each)
        if found is None or found.valence is None:
            runs.append([])
        else:
            runs[-1].append((place, found.valence))
    return [run for run in runs if run]


def _day(entries: list[DiaryEntry]) -> Day:
    lengths = Counter[object]()
    seconds = voted_s = valence = 0.0
    for entry in entries:
        # A session of no length counts too
        weight = max(entry.seconds, 1e-3)
        lengths[entry.mood] += weight  # pyright: ignore[reportArgumentType] - a counter of seconds
        seconds += entry.seconds
        if entry.shares is not None:
            voted_s += weight
            valence += weight * blend(entry.shares).valence
    longest = max(lengths.values())
    mood = next(entry.mood for entry in reversed(entries) if lengths[entry.mood] == longest)
    return Day(mood, seconds, len(entries), valence / voted_s if voted_s else None)
