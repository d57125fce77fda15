from __future__ import annotations

from itertools import pairwise
from math import inf, isfinite, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import Frame
from realtime.sources.frame_times import MAX_GAP_S, MAX_HELD_S, FrameTimes, held_frames, last_shown_s


def times_of(*stated_ms: float, frame_s: float = 0.04) -> list[float]:
    """The times that frames get whose file states these times."""
    times = FrameTimes(frame_s)
    return [round(times.next(each), 6) for each in stated_ms]


@pytest.mark.parametrize(
    ("stated_ms", "expected_s"),
    [
        # A variable rate, and a film whose first time is not 0
        ((0, 31, 64, 1000, 1010), [0, 0.031, 0.064, 1.0, 1.01]),
        ((500, 531, 900), [0, 0.031, 0.4]),
        # The decoding time of a first frame
        ((-80, 40, 80), [0, 0.04, 0.08]),
        # No times: the rate
        ((0, 0, 0, 0), [0, 0.04, 0.08, 0.12]),
        ((nan, nan, inf), [0, 0.04, 0.08]),
        # A frame among others without a time
        ((0, 1000, 0, 1080), [0, 1.0, 1.04, 1.08]),
        # A little lower than before, then on
        ((0, 100, 60, 140), [0, 0.1, 0.1, 0.14]),
        # Two recordings, one behind the other: the second one begins again
        ((0, 5000, 5040, 40, 80), [0, 5.0, 5.04, 5.08, 5.12]),
        # The first one is shorter than a second
        ((0, 400, 800, 0, 40, 80, 400), [0, 0.4, 0.8, 0.84, 0.88, 0.92, 1.24]),
        # Frames in another order than they are shown
        ((0, 160, 80, 120, 200), [0, 0.16, 0.16, 0.16, 0.2]),
        ((40, 160, 120, 80, 280, 240, 200), [0, 0.12, 0.12, 0.12, 0.24, 0.24, 0.24]),
        # Recordings of less than 0.2 s, which begin with 0 or with another time
        ((0, 40, 80, 0, 40, 80, 0, 40), [0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28]),
        ((0, 100, 0, 100, 0, 100), [0, 0.1, 0.14, 0.24, 0.28, 0.38]),
        ((33, 66, 99, 33, 66, 99, 33), [0, 0.033, 0.066, 0.106, 0.139, 0.172, 0.212]),
        # The longest delay of a GIF, and a jump of hours
        ((0, 655_350), [0, 655.35]),
        ((0, 40, 36_000_000, 36_000_040), [0, 0.04, 0.08, 0.12]),
    ],
)
def test_a_time_is_that_of_the_file_as_far_as_it_can_be(stated_ms: tuple[float, ...], expected_s: list[float]) -> None:
    assert times_of(*stated_ms) == pytest.approx(expected_s)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30))
def test_times_never_fall_and_never_jump_whatever_a_file_states(stated_ms: list[float]) -> None:
    times = times_of(*stated_ms)
    assert all(map(isfinite, times))
    assert all(0 <= after - before <= MAX_GAP_S + 1 for before, after in pairwise([0.0, *times]))


def test_a_file_that_states_times_is_known() -> None:
    times = FrameTimes(0.04)
    assert [times.next(0), times.stated] == [0, False]
    assert [times.next(0), times.stated] == [0.04, False]
    assert [times.next(100), times.stated] == [0.1, True]


def frame(index: int, time_s: float) -> Frame:
    return Frame(np.full((4, 4, 3), index, np.uint8), index, time_s)


@pytest.mark.parametrize(
    ("shown_s", "held_s"),
    [(0.0, []), (0.033, []), (0.15, []), (0.2, [2.1]), (0.5, [2.1, 2.2, 2.3, 2.4]), (0.25, [2 + 0.25 / 3, 2 + 0.5 / 3])],
)
def test_a_frame_that_is_shown_for_long_is_held(shown_s: float, held_s: list[float]) -> None:
    before = frame(3, 2.0)
    held = list(held_frames(before, frame(4, 2.0 + shown_s)))
    assert [each.time_s for each in held] == pytest.approx(held_s)
    assert all(each.held and each.image is before.image for each in held)
    assert not before.held


def test_a_frame_is_not_held_for_ever() -> None:
    times = [each.time_s for each in held_frames(frame(0, 0.0), frame(1, 800.0))]
    assert MAX_HELD_S - 0.2 < times[-1] <= MAX_HELD_S


@pytest.mark.parametrize(
    ("delay_s", "rest_s", "longest_s", "shown_s"),
    [
        # What a GIF states for the frame, and the rest of a recording of a screen
        (9.0, 0.0, 0.0, 9.0),
        (None, 4.0, 2.0, 4.0),
        # Usual steps; and at a steady rate a rest is that of the sound, or of a film that is cut off
        (0.04, 4.0, 2.0, 0.0),
        (None, 0.04, 2.0, 0.0),
        (None, 50.0, 0.04, 0.0),
        (None, -3.0, 2.0, 0.0),
        (655.0, 0.0, 0.0, MAX_HELD_S),
    ],
)
def test_the_last_frame_is_shown_for_its_own_duration(
    delay_s: float | None, rest_s: float, longest_s: float, shown_s: float
) -> None:
    assert last_shown_s(delay_s, rest_s, 0.04, longest_s) == shown_s
