from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.clock import SessionClock

times = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.one_of(times, st.none()), max_size=30))
def test_session_time_never_falls_and_stays_finite(readings: list[float | None]) -> None:
    clock = SessionClock()
    before = 0.0
    for reading in readings:
        if reading is None:
            clock.pause()
            continue
        expected = clock.at(reading)
        now = clock.advance(reading)
        assert before <= now < inf
        assert now == expected, "at() does not advance the clock"
        before = now


def test_session_time_follows_the_source_and_stands_during_a_pause() -> None:
    clock = SessionClock()
    assert clock.advance(100) == 0
    assert clock.advance(100.5) == pytest.approx(0.5)
    clock.pause()
    assert clock.advance(200) == pytest.approx(0.5)
    assert clock.advance(200.25) == pytest.approx(0.75)


def test_session_time_stands_where_the_source_time_falls_and_continues_from_there() -> None:
    clock = SessionClock()
    found = [clock.advance(time_s) for time_s in (50, 51, 2, 3, nan, 4, inf, 5)]
    assert found == [0, 1, 1, 2, 2, 3, 3, 4]
