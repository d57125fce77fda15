from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import Cause
from realtime.sources.health import (
    BLACK_MEAN,
    RETRIES_S,
    SILENCE_S,
    STATE_OF,
    STEADY_S,
    Backoff,
    FreezeDetector,
    Health,
    SourceState,
)

if TYPE_CHECKING:
    from realtime.domain import Image

RATE = 30


def noisy(level: int, seed: int, spread: int = 4, size: tuple[int, int] = (48, 64)) -> Image:
    """What a sensor gives of an even wall."""
    noise = np.random.default_rng(seed).integers(-spread, spread + 1, (*size, 3))
    return np.clip(level + noise, 0, 255).astype(np.uint8)


def states(watch: FreezeDetector, pictures: list[Image], start_s: float = 0.0) -> list[SourceState]:
    return [watch.check(picture, start_s + index / RATE) for index, picture in enumerate(pictures)]


def seconds(length_s: float) -> int:
    return round(length_s * RATE)


# Pictures


def test_a_camera_with_its_usual_noise_is_live() -> None:
    watch = FreezeDetector()
    assert set(states(watch, [noisy(90, seed) for seed in range(seconds(5))])) == {SourceState.LIVE}
    assert not watch.still


def test_the_same_picture_for_two_seconds_is_frozen_and_the_next_one_is_not() -> None:
    watch = FreezeDetector()
    before = states(watch, [noisy(90, 1)] * (seconds(3) + 1))
    # The first of them is seen at zero
    assert before[: seconds(SILENCE_S)] == [SourceState.LIVE] * seconds(SILENCE_S)
    assert set(before[seconds(SILENCE_S) :]) == {SourceState.FROZEN}
    assert watch.still
    assert watch.check(noisy(90, 2), 4.0) is SourceState.LIVE
    assert not watch.still


@pytest.mark.parametrize("place", [(0, 0), (3, 5), (47, 63), (8, 8)])
def test_one_pixel_that_changes_is_enough_to_be_live(place: tuple[int, int]) -> None:
    watch = FreezeDetector()
    one = noisy(90, 1)
    other = one.copy()
    other[place] ^= 1
    assert set(states(watch, [one, other] * seconds(4))) == {SourceState.LIVE}


def test_a_camera_with_its_lens_covered_is_black_and_not_frozen() -> None:
    watch = FreezeDetector()
    found = states(watch, [noisy(2, seed, 2) for seed in range(seconds(3))])
    assert found[0] is SourceState.LIVE
    assert found[-1] is SourceState.BLACK
    assert not watch.still


def test_a_shutter_gives_the_same_black_picture() -> None:
    watch = FreezeDetector()
    assert states(watch, [np.zeros((48, 64, 3), np.uint8)] * seconds(3))[-1] is SourceState.BLACK
    assert watch.still


@pytest.mark.parametrize("level", [0, 16])
def test_black_is_dark_and_even_in_either_range_of_video(level: int) -> None:
    assert states(FreezeDetector(), [noisy(level, seed, 2) for seed in range(seconds(3))])[-1] is SourceState.BLACK


def test_a_dark_room_with_a_lamp_is_live() -> None:
    pictures = [noisy(4, seed) for seed in range(seconds(4))]
    for picture in pictures:
        picture[:16, :16] = 250
    assert set(states(FreezeDetector(), pictures)) == {SourceState.LIVE}


def test_a_room_in_which_only_a_screen_glows_is_live() -> None:
    pictures = [noisy(4, seed) for seed in range(seconds(4))]
    for picture in pictures:
        picture[:16, :16] = 60
    # As dark as a covered lens on the whole
    assert pictures[0].mean() < BLACK_MEAN
    assert set(states(FreezeDetector(), pictures)) == {SourceState.LIVE}


def test_light_ends_black_at_once() -> None:
    watch = FreezeDetector()
    states(watch, [noisy(0, seed) for seed in range(seconds(3))])
    assert watch.check(noisy(90, 99), 3.1) is SourceState.LIVE
    # And darkness has to last anew
    assert watch.check(noisy(0, 98), 3.2) is SourceState.LIVE


def test_another_size_is_another_picture() -> None:
    watch = FreezeDetector()
    assert states(watch, [noisy(90, 1, 0)] * seconds(3))[-1] is SourceState.FROZEN
    assert watch.check(noisy(90, 1, 0, (24, 32)), 3.1) is SourceState.LIVE


@pytest.mark.parametrize("picture", [noisy(0, 1), noisy(90, 1)])
def test_a_jump_of_the_clock_makes_no_new_picture_black_or_frozen(picture: Image) -> None:
    watch = FreezeDetector()
    assert watch.check(noisy(90, 2), 0.0) is SourceState.LIVE
    assert watch.check(picture, 3600.0) is SourceState.LIVE
    assert watch.check(noisy(90, 3), 60.0) is SourceState.LIVE


def test_how_long_it_takes_can_be_chosen() -> None:
    watch = FreezeDetector(0.5)
    assert watch.check(noisy(90, 1), 0.0) is SourceState.LIVE
    assert watch.check(noisy(90, 1), 0.49) is SourceState.LIVE
    assert watch.check(noisy(90, 1), 0.5) is SourceState.FROZEN


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=60))
def test_frozen_is_told_by_the_length_of_the_last_run_alone(chosen: list[int]) -> None:
    watch = FreezeDetector(1.0)
    pictures = [noisy(90, 1), noisy(90, 2), noisy(90, 3)]
    run = 0
    for second, number in enumerate(chosen):
        run = run + 1 if second and number == chosen[second - 1] else 0
        assert (watch.check(pictures[number], float(second)) is SourceState.FROZEN) == (run >= 1)


# What the screen says


@pytest.mark.parametrize("state", list(SourceState))
def test_only_a_living_or_a_closed_source_has_nothing_to_say(state: SourceState) -> None:
    health = Health(state, "it is wrong")
    assert health.ok == (state in {SourceState.LIVE, SourceState.CLOSED})
    assert health.message_at(0.0) == (None if health.ok else "it is wrong")


def test_a_source_that_is_tried_again_says_when() -> None:
    health = Health(SourceState.LOST, "it is gone", retry_at=10.0)
    assert health.message_at(6.0) == "it is gone · trying again in 4 s"
    assert health.message_at(9.4) == "it is gone · trying again in 1 s"
    # Opening takes a while
    for moment in (9.6, 10.0, 15.0):
        assert health.message_at(moment) == "it is gone · trying again"


def test_every_cause_has_a_state_in_which_something_is_said() -> None:
    assert set(STATE_OF) == set(Cause)
    assert not any(Health(state).ok for state in STATE_OF.values())


# When it is tried again


def test_each_attempt_comes_later_and_none_is_the_last() -> None:
    backoff = Backoff()
    waits = [backoff.next() for _ in range(20)]
    assert waits[: len(RETRIES_S)] == list(RETRIES_S)
    assert set(waits[len(RETRIES_S) :]) == {RETRIES_S[-1]}
    assert waits == sorted(waits)


def test_a_source_that_lived_for_a_while_starts_anew() -> None:
    backoff = Backoff((1, 2, 3))
    assert [backoff.next(), backoff.next()] == [1, 2]
    backoff.note_alive(100.0)
    backoff.note_alive(100.0 + STEADY_S)
    assert backoff.next() == 1


def test_a_source_that_dies_again_and_again_is_not_hurried() -> None:
    backoff = Backoff((1, 2, 3))
    now = 0.0
    waits: list[float] = []
    for _ in range(4):
        # Its lives together are long, none of them alone
        backoff.note_alive(now)
        backoff.note_alive(now + 0.9 * STEADY_S)
        now += 2 * STEADY_S
        waits.append(backoff.next())
    assert waits == [1, 2, 3, 3]


def test_another_source_starts_with_the_first() -> None:
    backoff = Backoff((1, 2, 3))
    backoff.next()
    backoff.note_alive(0.0)
    backoff.restart()
    backoff.note_alive(2 * STEADY_S)
    assert [backoff.next(), backoff.next()] == [1, 2]
