from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realtime.app.hold import HOLD_S, FrameHold


def hold_after(*needed_s: float) -> float:
    hold = FrameHold()
    for each in needed_s:
        hold.add(each)
    return hold.seconds


def test_the_first_frames_are_held_back() -> None:
    assert hold_after() == HOLD_S


@given(st.lists(st.floats(0, HOLD_S, exclude_max=True), max_size=40))
def test_a_fast_machine_holds_frames_back(needed_s: list[float]) -> None:
    assert hold_after(*needed_s) == HOLD_S


@given(st.lists(st.floats(HOLD_S, 5), min_size=1, max_size=40))
def test_a_machine_that_needs_longer_holds_none(needed_s: list[float]) -> None:
    assert hold_after(*needed_s) == 0


def test_a_few_slow_analyses_change_nothing_and_lasting_ones_do() -> None:
    fast, slow = HOLD_S / 3, 3 * HOLD_S
    assert hold_after(*[fast] * 8, slow, *[fast] * 3, slow) == HOLD_S
    assert hold_after(*[fast] * 100, *[slow] * 9) == 0
    assert hold_after(*[slow] * 100, *[fast] * 9) == HOLD_S
