from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.app.rates import AVERAGED, FAST_FOR_S, FAST_LOOK_S, SLOW_LOOK_S, EvenSteps, FrameRate, LookPace, RateMeter
from realtime.domain import Box, Expression, Face, Frame, Mood

FRAME = Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0)


@pytest.mark.parametrize("events", [0, 1])
def test_there_is_no_rate_before_the_second_event(events: int) -> None:
    rate = FrameRate()
    for _ in range(events):
        rate.tick(7.0)
    assert rate.per_second == 0


@given(st.floats(0.5, 240), st.integers(2, 100))
def test_an_even_rate_is_measured_exactly(per_second: float, events: int) -> None:
    rate = FrameRate()
    for event in range(events):
        rate.tick(1000 + event / per_second)
    assert rate.per_second == pytest.approx(per_second, rel=1e-6)


def test_the_rate_follows_a_change_within_some_seconds() -> None:
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


def test_the_rate_restarts_after_a_pause() -> None:
    rate = FrameRate()
    for event in range(60):
        rate.tick(event / 30)
    rate.tick(4.5)
    assert rate.per_second == 0
    rate.tick(4.5 + 1 / 30)
    assert rate.per_second == pytest.approx(30)


def test_two_events_at_the_same_time_do_not_divide_by_zero() -> None:
    rate = FrameRate()
    rate.tick(1.0)
    rate.tick(1.0)
    assert rate.per_second == 0
    rate.tick(1.5)
    assert rate.per_second > 0


def test_the_line_starts_with_zeros() -> None:
    assert RateMeter().summary == "0 frames/s shown, 0 analysed, labels 0 ms old"


def test_the_line_has_both_rates_and_the_age_of_the_labels() -> None:
    meter = RateMeter()
    for index in range(60):
        now = index / 30
        meter.shown(FRAME, now)
        if index % 3 == 0:
            meter.analysed(FRAME, now - 0.08, now)
    # The last frame is shown two after the last that was analysed
    assert meter.summary == f"30 frames/s shown, 10 analysed, labels {80 + 2000 / 30:.0f} ms old"


def test_the_line_says_when_power_is_saved() -> None:
    meter = RateMeter()
    meter.saving = True
    assert meter.summary == "0 frames/s shown, 0 analysed, labels 0 ms old, saving power"


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.integers(20, 200))
def test_even_steps_let_events_pass_at_their_interval_on_average(gap_s: float, interval_s: float, count: int) -> None:
    steps = EvenSteps()
    passed = sum(steps.take(1000 + index * gap_s, interval_s) for index in range(count))
    expected = count if interval_s <= gap_s else (count - 1) * gap_s / interval_s + 1
    assert expected - 2 <= passed <= expected + 1


@given(st.lists(st.floats(0, 0.5), min_size=1, max_size=100), st.floats(0.01, 0.3))
def test_even_steps_never_catch_up(gaps: list[float], interval_s: float) -> None:
    steps, now_s, passed = EvenSteps(), 0.0, list[float]()
    for gap_s in gaps:
        now_s += gap_s
        if steps.take(now_s, interval_s):
            passed.append(now_s)
    # Two events may be nearer than the interval if the first came late; three are not
    assert all(third - first >= interval_s for first, third in zip(passed, passed[2:], strict=False))


def test_all_events_pass_without_an_interval() -> None:
    steps = EvenSteps()
    assert all(steps.take(1.0, 0.0) for _ in range(5))


def test_looks_are_fast_while_the_faces_change() -> None:
    happy = Face(Box(0, 0, 9, 9), Mood.by_hand(Expression.HAPPY).shares, 1)
    sad = Face(Box(0, 0, 9, 9), Mood.by_hand(Expression.SAD).shares, 1)
    pace = LookPace()

    def interval(now_s: float, *faces: Face, near_change: bool = False) -> float:
        return pace.interval_s(now_s, faces, near_change=near_change)

    assert interval(0) == SLOW_LOOK_S
    assert interval(1, happy) == FAST_LOOK_S
    assert interval(1 + FAST_FOR_S - 0.1, happy) == FAST_LOOK_S
    assert interval(1 + FAST_FOR_S, happy) == SLOW_LOOK_S
    assert interval(20, happy, near_change=True) == FAST_LOOK_S
    assert interval(21, happy) == SLOW_LOOK_S
    for now_s, faces in ((30, (sad,)), (40, (sad, happy)), (50, ()), (60, (Face(sad.box, sad.probabilities, 1, "dark"),))):
        assert interval(now_s, *faces) == FAST_LOOK_S
        assert interval(now_s + FAST_FOR_S, *faces) == SLOW_LOOK_S
