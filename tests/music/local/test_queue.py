from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.local.queue import MAX_HISTORY, PlayQueue, new_queue

counts = st.integers(1, 12)
seeds = st.none() | st.integers(0, 2**64)
steps = st.integers(-40, 40)
moves = st.lists(st.one_of(st.tuples(st.just("skip"), steps), st.tuples(st.sampled_from(["shuffle", "order"]), st.just(7))))


def apply_moves(play_queue: PlayQueue, done: list[tuple[str, int]]) -> PlayQueue:
    for move, number in done:
        if move == "skip":
            play_queue = play_queue.skip(number)
        else:
            play_queue = play_queue.shuffle(number) if move == "shuffle" else play_queue.in_order()
    return play_queue


def songs(play_queue: PlayQueue, count: int) -> list[int]:
    """The current song and those after it."""
    return [play_queue.skip(index).current for index in range(count)]


@given(counts, st.integers(-100, 100))
def test_queue_in_order_repeats_the_list(count: int, index: int) -> None:
    assert new_queue(count).skip(index).current == index % count


@given(counts, seeds, moves, steps, steps)
def test_two_skips_equal_one_skip_by_their_sum(
    count: int, seed: int | None, done: list[tuple[str, int]], some: int, more: int
) -> None:
    play_queue = apply_moves(new_queue(count, seed), done)
    assert play_queue.skip(some).skip(more) == play_queue.skip(some + more)
    assert 0 <= play_queue.current < count


@given(counts, seeds, moves, st.integers(0, 9))
def test_new_order_keeps_the_current_song(count: int, seed: int | None, done: list[tuple[str, int]], other: int) -> None:
    play_queue = apply_moves(new_queue(count, seed), done)
    assert play_queue.shuffle(other).current == play_queue.in_order().current == play_queue.current


@given(counts, seeds, moves)
def test_no_song_repeats_within_a_round(count: int, seed: int | None, done: list[tuple[str, int]]) -> None:
    play_queue = apply_moves(new_queue(count, seed), done).shuffle(3)
    for number in range(4):
        assert sorted(songs(play_queue.skip(number * count), count)) == list(range(count))


@given(st.integers(2, 5), st.integers(0, 999))
def test_no_song_comes_twice_in_a_row(count: int, seed: int) -> None:
    assert all(one != other for one, other in pairwise(songs(new_queue(count, seed), 6 * count)))


@given(counts, seeds, st.lists(st.sampled_from(["next", "shuffle", "order"]), max_size=30))
def test_skips_back_follow_the_history(count: int, seed: int | None, presses: list[str]) -> None:
    play_queue = new_queue(count, seed)
    played = [play_queue.current]
    for press in presses:
        if press == "next":
            play_queue = play_queue.skip(1)
            played.append(play_queue.current)
        else:
            play_queue = play_queue.shuffle(5) if press == "shuffle" else play_queue.in_order()
    assert [play_queue.skip(-back).current for back in range(len(played))] == played[::-1]


@given(counts, st.integers(0, 99))
def test_same_seed_gives_the_same_order(count: int, seed: int) -> None:
    assert songs(new_queue(count, seed), 30) == songs(new_queue(count, seed), 30)


def test_other_seeds_and_other_rounds_give_other_orders() -> None:
    assert len({tuple(songs(new_queue(20, seed), 20)) for seed in range(20)}) == 20
    assert len({tuple(songs(new_queue(20, 1).skip(20 * number), 20)) for number in range(20)}) == 20
    assert len({new_queue(20, seed).current for seed in range(100)}) > 10


def test_each_of_a_hundred_thousand_songs_comes_once() -> None:
    play_queue = new_queue(100_000, 1)
    assert len(set(songs(play_queue, 100_000))) == 100_000
    # A far position costs no more than a near one
    assert 0 <= play_queue.skip(10**15).skip(-(10**15) - 3).current < 100_000


def test_history_is_limited() -> None:
    play_queue = new_queue(5, 0).skip(10**9).in_order()
    assert len(play_queue.history) == MAX_HISTORY
    assert len(play_queue.skip(1).shuffle(1).skip(1).shuffle(2).history) == MAX_HISTORY


@pytest.mark.parametrize(
    "make", [lambda: new_queue(0), lambda: PlayQueue(3, 3), lambda: PlayQueue(3, -1), lambda: PlayQueue(3, 0, -1)]
)
def test_invalid_queue_raises(make: Callable[[], PlayQueue]) -> None:
    with pytest.raises(ValueError, match=r"song|seed"):
        make()
