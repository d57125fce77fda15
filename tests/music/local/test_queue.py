from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.local.queue import REMEMBERED, PlayQueue, new_queue

counts = st.integers(1, 12)
seeds = st.none() | st.integers(0, 2**64)
steps = st.integers(-40, 40)
moves = st.lists(st.one_of(st.tuples(st.just("skip"), steps), st.tuples(st.sampled_from(["shuffle", "order"]), st.just(7))))


def after(setlist: PlayQueue, done: list[tuple[str, int]]) -> PlayQueue:
    for move, number in done:
        if move == "skip":
            setlist = setlist.skip(number)
        else:
            setlist = setlist.shuffle(number) if move == "shuffle" else setlist.in_order()
    return setlist


def songs(setlist: PlayQueue, count: int) -> list[int]:
    """The song that is on and those after it."""
    return [setlist.skip(index).current for index in range(count)]


@given(counts, st.integers(-100, 100))
def test_in_order_it_is_the_list_round_and_round(count: int, index: int) -> None:
    assert new_queue(count).skip(index).current == index % count


@given(counts, seeds, moves, steps, steps)
def test_two_skips_are_one(count: int, seed: int | None, done: list[tuple[str, int]], some: int, more: int) -> None:
    setlist = after(new_queue(count, seed), done)
    assert setlist.skip(some).skip(more) == setlist.skip(some + more)
    assert 0 <= setlist.current < count


@given(counts, seeds, moves, st.integers(0, 9))
def test_a_new_order_keeps_the_song_that_is_on(count: int, seed: int | None, done: list[tuple[str, int]], other: int) -> None:
    setlist = after(new_queue(count, seed), done)
    assert setlist.shuffle(other).current == setlist.in_order().current == setlist.current


@given(counts, seeds, moves)
def test_no_song_comes_again_until_all_were_heard(count: int, seed: int | None, done: list[tuple[str, int]]) -> None:
    setlist = after(new_queue(count, seed), done).shuffle(3)
    for number in range(4):
        assert sorted(songs(setlist.skip(number * count), count)) == list(range(count))


@given(st.integers(2, 5), st.integers(0, 999))
def test_no_song_comes_twice_in_a_row(count: int, seed: int) -> None:
    assert all(one != other for one, other in pairwise(songs(new_queue(count, seed), 6 * count)))


@given(counts, seeds, st.lists(st.sampled_from(["next", "shuffle", "order"]), max_size=30))
def test_going_back_is_through_what_was_heard(count: int, seed: int | None, presses: list[str]) -> None:
    setlist = new_queue(count, seed)
    heard = [setlist.current]
    for press in presses:
        if press == "next":
            setlist = setlist.skip(1)
            heard.append(setlist.current)
        else:
            setlist = setlist.shuffle(5) if press == "shuffle" else setlist.in_order()
    assert [setlist.skip(-back).current for back in range(len(heard))] == heard[::-1]


@given(counts, st.integers(0, 99))
def test_the_same_seed_is_the_same_order(count: int, seed: int) -> None:
    assert songs(new_queue(count, seed), 30) == songs(new_queue(count, seed), 30)


def test_other_seeds_and_other_rounds_are_other_orders() -> None:
    assert len({tuple(songs(new_queue(20, seed), 20)) for seed in range(20)}) == 20
    assert len({tuple(songs(new_queue(20, 1).skip(20 * number), 20)) for number in range(20)}) == 20
    assert len({new_queue(20, seed).current for seed in range(100)}) > 10


def test_a_hundred_thousand_songs_are_each_heard_once() -> None:
    setlist = new_queue(100_000, 1)
    assert len(set(songs(setlist, 100_000))) == 100_000
    # Far away is as near as close by
    assert 0 <= setlist.skip(10**15).skip(-(10**15) - 3).current < 100_000


def test_what_was_heard_long_ago_is_forgotten() -> None:
    setlist = new_queue(5, 0).skip(10**9).in_order()
    assert len(setlist.heard) == REMEMBERED
    assert len(setlist.skip(1).shuffle(1).skip(1).shuffle(2).heard) == REMEMBERED


@pytest.mark.parametrize(
    "make", [lambda: new_queue(0), lambda: PlayQueue(3, 3), lambda: PlayQueue(3, -1), lambda: PlayQueue(3, 0, -1)]
)
def test_there_is_no_list_without_its_songs(make: Callable[[], PlayQueue]) -> None:
    with pytest.raises(ValueError, match=r"song|seed"):
        make()
