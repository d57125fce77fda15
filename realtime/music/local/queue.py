"""The order of the songs of a list (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REMEMBERED = 1000
"""How many songs from before the last change of the order can be gone back to."""


@dataclass(frozen=True, slots=True)
class PlayQueue:
    """Where somebody is in a list of songs that goes round and round.

    In order it is the list as it stands. Shuffled, each round has every song once, in an order of its own, and no round begins
    with the song that the last one ended with.

    Attributes:
        count: songs in the list, from 1.
        start: the song that the present order begins with, 0 to count - 1.
        seed: of the present order, not negative; None: in order.
        index: steps from there; below zero it is what was heard before that order.
        heard: songs from before that order, the latest last.

    Raises:
        ValueError: there is no song, or `start` or `seed` is none.
    """

    count: int
    start: int = 0
    seed: int | None = None
    index: int = 0
    heard: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.count:
            raise ValueError(f"a list of {self.count} songs has no song {self.start}")
        if self.seed is not None and self.seed < 0:
            raise ValueError(f"a seed is not negative, as {self.seed} is")

    @property
    def current(self) -> int:
        """The song that is on, 0 to count - 1."""
        return self._at(self.index)

    def skip(self, steps: int) -> PlayQueue:
        """So many songs on, or back through what was heard if below zero; there is no end on either side."""
        return replace(self, index=self.index + steps)

    def shuffle(self, seed: int) -> PlayQueue:
        """The same song, and all others after it in random order."""
        return self._from_here(seed)

    def in_order(self) -> PlayQueue:
        """The same song, and after it those that stand after it in the list."""
        return self._from_here(None)

    def _from_here(self, seed: int | None) -> PlayQueue:
        earliest = max(self.index - REMEMBERED, -len(self.heard))
        heard = tuple(self._at(index) for index in range(earliest, self.index))
        return PlayQueue(self.count, self.current, seed, 0, heard)

    def _at(self, index: int) -> int:
        if index >= 0:
            number, place = divmod(index, self.count)
            if self.seed is None:
                return (self.start + place) % self.count
            return int(_round(self.count, self.start, self.seed, number)[place])
        if -index <= len(self.heard):
            return self.heard[index]
        # Before all that was heard there is nothing but the list
        earliest = self.heard[0] if self.heard else self.start
        return (earliest + index + len(self.heard)) % self.count


def new_queue(count: int, seed: int | None = None) -> PlayQueue:
    """The beginning of a list: its first song, or with a seed a random one and a random order."""
    if seed is None:
        return PlayQueue(count)
    return PlayQueue(count, int(np.random.default_rng(seed).integers(count)), seed)


@lru_cache(maxsize=4)
def _round(count: int, start: int, seed: int, number: int) -> NDArray[np.int64]:
    """Order of one round, (count,) int64."""
    # Two songs can only take turns
    if number == 0 or count <= 2:  # noqa: PLR2004
        order = _permutation(count, seed, 0)
        return np.concatenate([[start], order[order != start]])
    order, before = _permutation(count, seed, number), _last(count, start, seed, number - 1)
    if order[0] == before:
        # The last stays what it is, or the round after this one would have to know of all before it
        order[[0, 1]] = order[[1, 0]]
    return order


def _last(count: int, start: int, seed: int, number: int) -> int:
    order = _permutation(count, seed, number)
    return int(order[order != start][-1] if number == 0 else order[-1])


def _permutation(count: int, seed: int, number: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, number]).permutation(count)
