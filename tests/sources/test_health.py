from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import BlackSourceError, Cause
from realtime.sources.health import (
    BACKOFF_RESET_S,
    BLACK_MEAN,
    RETRY_DELAYS_S,
    STALL_S,
    STATE_BY_CAUSE,
    Backoff,
    BlackCheck,
    FreezeDetector,
    Health,
    PaceMeter,
    SourceState,
)

if TYPE_CHECKING:
    from realtime.domain import Image

RATE = 30


def noisy(level: int, seed: int, spread: int = 4, size: tuple[int, int] = (48, 64)) -> Image:
    """The picture of an evenly lit wall with sensor noise."""
    noise = np.random.default_rng(seed).integers(-spread, spread + 1, (*size, 3))
    return np.clip(level + noise, 0, 255).astype(np.uint8)


def states(detector: FreezeDetector, pictures: list[Image], start_s: float = 0.0) -> list[SourceState]:
    return [detector.check(picture, start_s + index / RATE) for index, picture in enumerate(pictures)]


def seconds(length_s: float) -> int:
    return round(length_s * RATE)


# Pictures


def test_a_camera_with_its_usual_noise_is_live() -> None:
    detector = FreezeDetector()
    assert set(states(detector, [noisy(90, seed) for seed in range(seconds(5))])) == {SourceState.LIVE}
    assert not detector.frozen


def test_the_same_picture_for_two_seconds_is_frozen_and_another_one_is_live() -> None:
    detector = FreezeDetector()
    before = states(detector, [noisy(90, 1)] * (seconds(3) + 1))
    # The first picture is read at 0 seconds
    assert before[: seconds(STALL_S)] == [SourceState.LIVE] * seconds(STALL_S)
    assert set(before[seconds(STALL_S) :]) == {SourceState.FROZEN}
    assert detector.frozen
    assert detector.check(noisy(90, 2), 4.0) is SourceState.LIVE
    assert not detector.frozen


@pytest.mark.parametrize("place", [(0, 0), (3, 5), (47, 63), (8, 8)])
def test_one_pixel_that_changes_is_enough_to_be_live(place: tuple[int, int]) -> None:
    detector = FreezeDetector()
    one = noisy(90, 1)
    other = one.copy()
    other[place] ^= 1
    assert set(states(detector, [one, other] * seconds(4))) == {SourceState.LIVE}


@pytest.mark.parametrize("size", [(480, 640), (1080, 1920), (1920, 1080), (30, 2000), (1, 1)])
def test_one_pixel_of_a_picture_of_any_size_is_enough_to_be_live(size: tuple[int, int]) -> None:
    detector = FreezeDetector()
    one = noisy(90, 1, size=size)
    other = one.copy()
    other[-1, -1, 2] ^= 1
    assert detector.check(one, 0.0) is SourceState.LIVE
    assert detector.check(one, STALL_S) is SourceState.FROZEN
    assert detector.check(other, STALL_S) is SourceState.LIVE


def test_a_lamp_in_a_dark_room_is_live_in_a_large_picture() -> None:
    detector = FreezeDetector()
    for index, (top, left) in enumerate([(0, 0), (7, 9), (200, 333), (464, 624)] * seconds(1)):
        picture = noisy(4, index % 4, size=(480, 640))
        picture[top : top + 16, left : left + 16] = 250
        assert detector.check(picture, index / RATE) is SourceState.LIVE


def test_a_camera_with_its_lens_covered_is_black_and_not_frozen() -> None:
    detector = FreezeDetector()
    reported = states(detector, [noisy(2, seed, 2) for seed in range(seconds(3))])
    assert reported[0] is SourceState.LIVE
    assert reported[-1] is SourceState.BLACK
    assert not detector.frozen


def test_the_same_black_picture_is_black_and_counts_as_frozen() -> None:
    detector = FreezeDetector()
    assert states(detector, [np.zeros((48, 64, 3), np.uint8)] * seconds(3))[-1] is SourceState.BLACK
    assert detector.frozen


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
    # On average as dark as a covered lens
    assert pictures[0].mean() < BLACK_MEAN
    assert set(states(FreezeDetector(), pictures)) == {SourceState.LIVE}


def test_a_bright_picture_ends_black_at_once() -> None:
    detector = FreezeDetector()
    states(detector, [noisy(0, seed) for seed in range(seconds(3))])
    assert detector.check(noisy(90, 99), 3.1) is SourceState.LIVE
    # And black pictures must last for the full time again
    assert detector.check(noisy(0, 98), 3.2) is SourceState.LIVE


def test_another_size_is_another_picture() -> None:
    detector = FreezeDetector()
    assert states(detector, [noisy(90, 1, 0)] * seconds(3))[-1] is SourceState.FROZEN
    assert detector.check(noisy(90, 1, 0, (24, 32)), 3.1) is SourceState.LIVE


@pytest.mark.parametrize("picture", [noisy(0, 1), noisy(90, 1)])
def test_a_jump_of_the_clock_makes_no_new_picture_black_or_frozen(picture: Image) -> None:
    detector = FreezeDetector()
    assert detector.check(noisy(90, 2), 0.0) is SourceState.LIVE
    assert detector.check(picture, 3600.0) is SourceState.LIVE
    assert detector.check(noisy(90, 3), 60.0) is SourceState.LIVE


def test_the_stall_time_can_be_chosen() -> None:
    detector = FreezeDetector(0.5)
    assert detector.check(noisy(90, 1), 0.0) is SourceState.LIVE
    assert detector.check(noisy(90, 1), 0.49) is SourceState.LIVE
    assert detector.check(noisy(90, 1), 0.5) is SourceState.FROZEN


@given(st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=60))
def test_frozen_depends_on_the_length_of_the_last_run_alone(numbers: list[int]) -> None:
    detector = FreezeDetector(1.0)
    pictures = [noisy(90, 1), noisy(90, 2), noisy(90, 3)]
    run = 0
    for second, number in enumerate(numbers):
        run = run + 1 if second and number == numbers[second - 1] else 0
        assert (detector.check(pictures[number], float(second)) is SourceState.FROZEN) == (run >= 1)


# Message for the screen


@pytest.mark.parametrize("state", list(SourceState))
def test_only_a_live_or_closed_source_has_no_message(state: SourceState) -> None:
    health = Health(state, "it is wrong")
    assert health.ok == (state in {SourceState.LIVE, SourceState.CLOSED})
    assert health.message_at(0.0) == (None if health.ok else "it is wrong")


def test_the_message_counts_down_to_the_next_attempt() -> None:
    health = Health(SourceState.LOST, "it is gone", retry_at=10.0)
    assert health.message_at(6.0) == "it is gone · trying again in 4 s"
    assert health.message_at(9.4) == "it is gone · trying again in 1 s"
    # The attempt runs: opening takes a while
    for moment in (9.6, 10.0, 15.0):
        assert health.message_at(moment) == "it is gone · trying again"


def test_every_cause_has_a_state_with_a_message() -> None:
    assert set(STATE_BY_CAUSE) == set(Cause)
    assert not any(Health(state).ok for state in STATE_BY_CAUSE.values())


# Delay before the next attempt


def test_delays_grow_to_the_last_one_which_repeats() -> None:
    backoff = Backoff()
    waits = [backoff.next() for _ in range(20)]
    assert waits[: len(RETRY_DELAYS_S)] == list(RETRY_DELAYS_S)
    assert set(waits[len(RETRY_DELAYS_S) :]) == {RETRY_DELAYS_S[-1]}
    assert waits == sorted(waits)


def test_a_source_that_was_live_for_a_while_starts_with_the_first_delay() -> None:
    backoff = Backoff((1, 2, 3))
    assert [backoff.next(), backoff.next()] == [1, 2]
    backoff.note_alive(100.0)
    backoff.note_alive(100.0 + BACKOFF_RESET_S)
    assert backoff.next() == 1


def test_a_source_that_is_lost_again_and_again_keeps_its_growing_delays() -> None:
    backoff = Backoff((1, 2, 3))
    now = 0.0
    waits: list[float] = []
    for _ in range(4):
        # The source is live for long in total, but never for long at a time
        backoff.note_alive(now)
        backoff.note_alive(now + 0.9 * BACKOFF_RESET_S)
        now += 2 * BACKOFF_RESET_S
        waits.append(backoff.next())
    assert waits == [1, 2, 3, 3]


def test_another_source_starts_with_the_first_delay() -> None:
    backoff = Backoff((1, 2, 3))
    backoff.next()
    backoff.note_alive(0.0)
    backoff.restart()
    backoff.note_alive(2 * BACKOFF_RESET_S)
    assert [backoff.next(), backoff.next()] == [1, 2]


def test_a_source_that_shows_nothing_but_black_is_an_error() -> None:
    black, spot = np.zeros((48, 64, 3), np.uint8), np.zeros((48, 64, 3), np.uint8)
    # Between the pixels of a sample
    spot[13, 21] = 1
    check = BlackCheck()
    check.raise_if_black("the film")
    check.add(black)
    check.add(black)
    with pytest.raises(BlackSourceError, match=r"^every picture of the film is black"):
        check.raise_if_black("the film")
    check.add(black, held=True)
    with pytest.raises(BlackSourceError, match=r"^each of the 2 pictures that were read of the film is black"):
        check.raise_if_black("the film", to_end=False)
    check.add(spot)
    check.add(black)
    check.raise_if_black("the film")


@pytest.mark.parametrize(
    ("times_s", "patience_s"),
    [
        ([], 2.0),
        ([0.0], 2.0),
        ([0.0, 0.03, 0.06], 2.0),
        ([0.0, 4.0], 12.0),
        ([0.0, 4.0, 8.0, 12.0], 12.0),
        # One outage among many pictures
        ([0.0, 0.1, 0.2, 9.0, 9.1, 9.2], 2.0),
        ([0.0, 50.0, 100.0], 60.0),
    ],
)
def test_a_source_may_be_as_slow_as_it_is_used_to(times_s: list[float], patience_s: float) -> None:
    pace = PaceMeter(2.0)
    for time_s in times_s:
        pace.add(time_s)
    assert pace.patience_s == pytest.approx(patience_s)


def test_a_stream_may_be_slow_from_its_second_picture_on() -> None:
    pace = PaceMeter(2.0)
    pace.restart(10.0)
    pace.add(0.0)
    assert pace.patience_s == 10.0
    pace.add(0.04)
    assert pace.patience_s == 2.0


def test_the_time_of_an_outage_is_no_pace() -> None:
    pace = PaceMeter(2.0)
    pace.add(0.0)
    pace.restart()
    pace.add(40.0)
    assert pace.patience_s == 2.0
