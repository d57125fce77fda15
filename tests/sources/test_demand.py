from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.sources.demand import REMEMBERED, Demand

GAP_S = 1 / 30
START_S = 1000.0


class Play:
    """A camera and a consumer on one clock: the consumer gets the newest decoded picture, and then is busy."""

    def __init__(self, demand: Demand, busy_s: float, gap_s: float = GAP_S) -> None:
        self.decoded: list[int] = []
        self.taken: list[tuple[int, int]] = []
        self._demand, self._busy_s, self._gap_s = demand, busy_s, gap_s
        self._free_s, self._waits, self._latest = START_S, False, -1

    def run(self, count: int) -> None:
        now_s = START_S
        for number in range(count):
            self._consume(now_s, self._gap_s, number)
            wanted = self._demand.wants_next(now_s)
            now_s = START_S + (number + 1) * self._gap_s
            self._demand.came(now_s, decoded=wanted)
            if wanted:
                self.decoded.append(number)
                self._latest = number
                if self._waits:
                    self._take(now_s, number)

    def _consume(self, now_s: float, gap_s: float, number: int) -> None:
        """What the consumer does until the next picture comes."""
        while not self._waits and self._free_s < now_s + gap_s:
            self._demand.asked(self._free_s)
            if self.taken and self.taken[-1][0] == self._latest:
                self._waits = True
            elif self._latest >= 0:
                self._take(self._free_s, number - 1)
            else:
                self._waits = True

    def _take(self, now_s: float, newest: int) -> None:
        self.taken.append((self._latest, newest))
        self._demand.took(now_s)
        self._free_s, self._waits = now_s + self._busy_s, False


@given(st.floats(0, 2.4 * GAP_S))
def test_a_consumer_that_is_fast_enough_gets_every_picture_decoded(busy_s: float) -> None:
    play = Play(Demand(), busy_s)
    play.run(60)
    assert play.decoded == list(range(60))


@given(st.floats(0, 30 * GAP_S), st.floats(0.01, 1))
def test_a_consumer_never_gets_an_older_picture_than_it_would_without_drops(busy_s: float, gap_s: float) -> None:
    play = Play(Demand(), busy_s, gap_s)
    play.run(100)
    assert play.taken
    # The picture that it takes is the newest that has come by then, decoded or not
    assert all(taken == newest for taken, newest in play.taken)


@pytest.mark.parametrize("pictures", [5, 10, 30])
def test_a_slow_consumer_has_at_most_four_pictures_decoded_for_each_that_it_takes(pictures: int) -> None:
    play = Play(Demand(), (pictures - 0.5) * GAP_S)
    play.run(50 * pictures)
    # As long as its pace is not known, each picture is decoded
    settled = (REMEMBERED + 2) * pictures
    decoded = sum(number > settled for number in play.decoded)
    taken = sum(number > settled for number, _ in play.taken)
    assert 30 < taken <= decoded <= 4 * taken


def test_two_pictures_before_the_one_that_comes_in_time_are_decoded() -> None:
    """The last one may be late."""
    demand, now_s = Demand(), START_S
    for number in range(10 * REMEMBERED):
        demand.came(now_s, decoded=True)
        if number % 10 == 0:
            demand.asked(now_s)
            demand.took(now_s)
        now_s += GAP_S
    # It is expected in ten pictures' time
    demand.asked(now_s)
    demand.took(now_s)
    wanted = list[bool]()
    for _ in range(10):
        wanted.append(demand.wants_next(now_s))
        now_s += GAP_S
        demand.came(now_s, decoded=wanted[-1])
    assert wanted == 7 * [False] + 3 * [True]


def test_a_consumer_that_is_quicker_again_is_served_at_once() -> None:
    demand = Demand()
    Play(demand, 10 * GAP_S).run(200)
    demand.asked(2000.0)
    assert demand.wants_next(2000.0)


def test_one_quick_turn_of_a_slow_consumer_keeps_every_picture_decoded() -> None:
    demand, now_s = Demand(), 0.0
    for busy_s in (1.0, 1.0, 0.01, 1.0, 1.0):
        demand.took(now_s)
        now_s += busy_s
        demand.asked(now_s)
    for _ in range(10):
        demand.came(now_s, decoded=True)
        now_s += GAP_S
    demand.took(now_s)
    assert demand.wants_next(now_s)


@pytest.mark.parametrize(("interval_s", "step"), [(1 / 15, 2), (0.1, 3), (0.5, 15), (1.0, 30), (0.05, 1), (0.0, 1)])
def test_an_interval_takes_the_picture_that_is_nearest_to_it(interval_s: float, step: int) -> None:
    demand = Demand()
    demand.interval_s = interval_s
    play = Play(demand, 0.0)
    play.run(300)
    steps = {later - earlier for earlier, later in zip(play.decoded[5:], play.decoded[6:], strict=False)}
    assert steps <= ({1, 2} if interval_s == 0.05 else {step})


def test_before_its_pace_is_known_a_picture_is_dropped_only_within_the_interval() -> None:
    demand = Demand()
    assert demand.wants_next(5.0)
    demand.came(5.0, decoded=True)
    demand.interval_s = 1.0
    assert not demand.wants_next(5.9)
    assert demand.wants_next(6.0)


def test_a_pause_is_no_gap_between_two_pictures() -> None:
    demand = Demand()
    for number in range(10):
        demand.came(number * GAP_S, decoded=True)
    demand.restart()
    demand.came(100.0, decoded=True)
    demand.interval_s = 1.0
    # With the pause as a gap, the next picture would be expected in 100 seconds
    assert not demand.wants_next(100.5)
