from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.app.rates import AVERAGED, FrameRate, RateMeter
from realtime.domain import Frame

FRAME = Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0)


@pytest.mark.parametrize("events", [0, 1])
def test_there_is_no_rate_before_the_second_event(events: int) -> None:
    rate = FrameRate()
    for _ in range(events):
        rate.tick(7.0)
    assert rate.per_second == 0


@given(st.floats(0.5, 240), st.integers(2, 100))
def test_an_even_rate_is_told_as_it_is(per_second: float, events: int) -> None:
    rate = FrameRate()
    for event in range(events):
        rate.tick(1000 + event / per_second)
    assert rate.per_second == pytest.approx(per_second, rel=1e-6)


def test_a_rate_that_changes_is_followed_within_some_seconds_and_not_at_once() -> None:
    rate, now = FrameRate(), 0.0
    for _ in range(60):
        now += 1 / 30
        rate.tick(now)
    now += 1 / 10
    rate.tick(now)
    assert 25 < rate.per_second < 30
    for _ in range(5 * AVERAGED):
        now += 1 / 10
        rate.tick(now)
    assert rate.per_second == pytest.approx(10, abs=0.3)


def test_after_a_pause_the_rate_starts_anew() -> None:
    rate = FrameRate()
    for event in range(60):
        rate.tick(event / 30)
    rate.tick(4.5)
    assert rate.per_second == 0
    rate.tick(4.5 + 1 / 30)
    assert rate.per_second == pytest.approx(30)


def test_two_events_at_once_are_no_division_by_zero() -> None:
    rate = FrameRate()
    rate.tick(1.0)
    rate.tick(1.0)
    assert rate.per_second == 0
    rate.tick(1.5)
    assert rate.per_second > 0


def test_the_line_starts_with_zeros() -> None:
    assert RateMeter().summary == "0 frames/s shown, 0 analysed, labels 0 ms old"


def test_the_line_tells_shown_from_analysed_and_how_old_the_labels_are() -> None:
    gauge = RateMeter()
    for index in range(60):
        now = index / 30
        gauge.shown(FRAME, now)
        if index % 3 == 0:
            gauge.analysed(FRAME, now - 0.08, now)
    # The last frame is shown two after the last that was analysed
    assert gauge.summary == f"30 frames/s shown, 10 analysed, labels {80 + 2000 / 30:.0f} ms old"
