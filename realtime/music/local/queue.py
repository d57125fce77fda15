"""Play queue: order, shuffle and history of a list of songs (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_HISTORY = 1000
"""Maximum number of songs kept from before the last change of the order, for skips back."""


@dataclass(frozen=True, slots=True)
class PlayQueue:
    """Position in an endless queue that repeats a list of songs, round after round.

    In order, each round is the list from `start` on. Shuffled, each round has every song once, in a new random order, and
    no round begins with the last song of the round before.

    Attributes:
        count: number of songs in the list, 1 or more.
        start: index of the song at which the current order begins, 0 to count - 1.
        seed: seed of the current random order, 0 or more; None for the order of the list.
        index: position relative to `start`, in songs; a negative one points into the history.
        history: indices of the songs played before the current order, the latest last.

    Raises:
        ValueError: the list is empty, or `start` or `seed` is out of range.
    """

    count: int
    start: int = 0
    seed: int | None = None
    index: int = 0
    history: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.count:
            raise ValueError(f"a list of {self.count} songs has no song {self.start}")
        if self.seed is not None and self.seed < 0:
            raise ValueError(f"a seed must not be negative: {self.seed}")

    @property
    def current(self) -> int:
        """Index of the current song, 0 to count - 1."""
        return self._song_at(self.index)

    @property
    def played_all(self) -> bool:
        """Whether every song has had its turn."""
        return self.index >= self.count

    def skip(self, steps: int) -> PlayQueue:
        """Go forward by a number of songs, or back through the history if negative; the queue is endless both ways."""
        return replace(self, index=self.index + steps)

    def shuffle(self, seed: int) -> PlayQueue:
        """Keep the current song, and put all others after it in random order."""
        return self._reorder(seed)

    def in_order(self) -> PlayQueue:
        """Keep the current song, and put the songs after it in the order of the list."""
        return self._reorder(None)

    def _reorder(self, seed: int | None) -> PlayQueue:
        earliest = max(self.index - MAX_HISTORY, -len(self.history))
        history = tuple(self._song_at(index) for index in range(earliest, self.index))
        return PlayQueue(self.count, self.current, seed, 0, history)

    def _song_at(self, index: int) -> int:
        if index >= 0:
            number, place = divmod(index, self.count)
            if self.seed is None:
                return (self.start + place) % self.count
            return int(_round_order(self.count, self.start, self.seed, number)[place])
        if -index <= len(self.history):
            return self.history[index]
        # Before the history the queue continues with the list in reverse
        earliest = self.history[0] if self.history else self.start
        return (earliest + index + len(self.history)) % self.count


def new_queue(count: int, seed: int | None = None) -> PlayQueue:
    """Make a queue at its beginning: at the first song, in order; or with a seed, at a random song in a random order."""
    if seed is None:
        return PlayQueue(count)
    return PlayQueue(count, int(np.random.default_rng(seed).integers(count)), seed)


@lru_cache(maxsize=4)
def _round_order(count: int, start: int, seed: int, number: int) -> NDArray[np.int64]:
    """Order of the songs in one round, (count,) int64."""
    # Two songs can only alternate, so every round has the order of the first
    if number == 0 or count <= 2:  # noqa: PLR2004
        order = _permutation(count, seed, 0)
        return np.concatenate([[start], order[order != start]])
    order, before = _permutation(count, seed, number), _last_song_of_round(count, start, seed, number - 1)
    if order[0] == before:
        # Swap the first two. The last song must stay, since the next round computes it without the rounds before.
        order[[0, 1]] = order[[1, 0]]
    return order


def _last_song_of_round(count: int, start: int, seed: int, number: int) -> int:
    order = _permutation(count, seed, number)
    return int(order[order != start][-1] if number == 0 else order[-1])


def _permutation(count: int, seed: int, number: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, number]).permutation(count)
