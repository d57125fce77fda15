from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.diary.days import Day, days_of, days_of_month, months_until, week_runs, week_until
from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import blend
from tests.support.diaries import EVENING, diary_entry, shares_of

HAPPY, SAD = Expression.HAPPY, Expression.SAD


def test_a_day_has_the_mood_that_held_longest_in_its_sessions() -> None:
    entries = [
        diary_entry(HAPPY, seconds=500.0),
        diary_entry(SAD, EVENING + timedelta(hours=1), seconds=400.0),
        diary_entry(SAD, EVENING + timedelta(hours=2), seconds=300.0),
        diary_entry(None, EVENING + timedelta(days=1)),
    ]
    days = days_of(entries)
    assert list(days) == [date(2026, 11, 3), date(2026, 11, 4)]
    assert (days[date(2026, 11, 3)].mood, days[date(2026, 11, 3)].sessions, days[date(2026, 11, 3)].seconds) == (SAD, 3, 1200)
    assert days[date(2026, 11, 4)].mood is None


def test_of_equal_moods_the_last_one_names_the_day() -> None:
    both = [diary_entry(HAPPY), diary_entry(SAD, EVENING + timedelta(hours=1))]
    assert days_of(both)[EVENING.date()].mood is SAD


def test_valence_is_that_of_the_faces_weighted_by_time() -> None:
    entries = [
        diary_entry(HAPPY, seconds=300.0),
        diary_entry(SAD, seconds=100.0),
        diary_entry(SAD, seconds=900.0, shares=None, mood_source="hand"),
    ]
    wanted = 0.75 * blend(shares_of(HAPPY)).valence + 0.25 * blend(shares_of(SAD)).valence
    assert days_of(entries)[EVENING.date()].valence == pytest.approx(wanted)
    assert days_of(entries[2:])[EVENING.date()].valence is None


def test_the_day_is_the_local_one() -> None:
    late = diary_entry(started=datetime.fromisoformat("2026-11-03T23:59:00-08:00"))
    assert list(days_of([late])) == [date(2026, 11, 3)]


@given(st.dates(date(1, 12, 1)))
def test_twelve_months_hold_each_of_their_days_once(last: date) -> None:
    months = months_until(last)
    days = [each for first in months for each in days_of_month(first)]
    assert len(months) == 12
    assert (months[-1].year, months[-1].month) == (last.year, last.month)
    assert [later - day for day, later in pairwise(days)] == [timedelta(days=1)] * (len(days) - 1)


@given(st.dates(date(1, 2, 1)))
def test_a_week_has_seven_days_up_to_the_last(last: date) -> None:
    week = week_until(last)
    assert (len(week), week[-1], week[0]) == (7, last, last - timedelta(days=6))


def test_a_day_without_a_session_breaks_the_curve() -> None:
    week = week_until(date(2026, 11, 7))
    days = {week[0]: Day(HAPPY, 1, 1, 0.5), week[1]: Day(HAPPY, 1, 1, -0.5), week[3]: Day(HAPPY, 1, 1, None)}
    days[week[6]] = Day(HAPPY, 1, 1, 1)
    assert week_runs(days, week) == [[(0, 0.5), (1, -0.5)], [(6, 1)]]


@given(st.lists(st.tuples(st.sampled_from(EXPRESSIONS), st.floats(0, 1e5)), min_size=1, max_size=9))
def test_valence_stays_in_its_range(sessions: list[tuple[Expression, float]]) -> None:
    (day,) = days_of([diary_entry(mood, seconds=seconds) for mood, seconds in sessions]).values()
    assert day.valence is not None
    assert -1 <= day.valence <= 1
    assert day.seconds == pytest.approx(sum(seconds for _, seconds in sessions))
