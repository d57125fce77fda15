"""Play queue that follows thumbs: it takes the place of `PlayQueue` once a song of the list has an answer (pure)."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.music.feedback import NO_ANSWER, FeedbackKey, Kind, rest_length
from realtime.music.local.queue import MAX_HISTORY
from realtime.music.taste import key_of_song

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Expression
    from realtime.music.feedback import FeedbackCounts, Tally
    from realtime.music.local.queue import PlayQueue
    from realtime.music.songs import Song


class SongPicker:
    """Chooses the next song of a list by thumbs.

    Shuffled, a song is drawn by its counts. In order, each round has every song once: first those with more likes than
    dislikes, last those with fewer, in between the order of the list. Either way none comes again within a quarter of the list
    while others are left. Songs with two thumbs down in a row are left out.

    Args:
        songs: the list.
        mood: mood of the list; None for a list that lifts.
        counts: where verdicts are counted.
        seed: seed of the draws, 0 or more.
        once: whether a shuffled round, too, has every song once.

    Attributes:
        unplayable: indices of songs that could not be played; they are not chosen again while others remain.
        once: as given.
    """

    def __init__(
        self, songs: Sequence[Song], mood: Expression | None, counts: FeedbackCounts, *, seed: int, once: bool = False
    ) -> None:
        self.unplayable = set[int]()
        self.once = once
        self._songs = songs
        self._mood = mood
        self._counts = counts
        self._random = random.Random(seed)  # noqa: S311 - a draw of songs guards no secret
        self._keys: list[FeedbackKey] | None = None

    @property
    def count(self) -> int:
        """Number of songs in the list."""
        return len(self._songs)

    def has_answers(self) -> bool:
        """Whether a song of the list has counts. Fast while no song of any list for this mood has."""
        return self._counts.feedback.has(Kind.SONG, self._mood) and any(tally.evidence for tally in self._tallies())

    def offers_none(self) -> bool:
        """Whether every song is left out."""
        return self._counts.feedback.has(Kind.SONG, self._mood) and all(tally.left_out for tally in self._tallies())

    def pick(self, before: Sequence[int], used: Sequence[int], start: int, *, shuffled: bool) -> tuple[int, bool]:
        """Choose a song.

        Args:
            before: songs before it, the latest last.
            used: songs of the current round; only a round that has every song once needs them.
            start: song at which the order of the list begins.
            shuffled: whether it is drawn.

        Returns:
            The index of the song, and whether it begins a new round.
        """
        tallies, latest = self._tallies(), before[-1:]
        offered = [index for index, tally in enumerate(tallies) if not tally.left_out] or [*range(self.count)]
        offered = [index for index in offered if index not in self.unplayable] or offered
        others = [index for index in offered if index not in latest] or offered
        in_rounds = self.once or not shuffled
        recent = before[max(0, len(before) - rest_length(self.count)) :]
        rested = [index for index in others if index not in recent] or others
        left = [index for index in offered if index not in used] if in_rounds else rested
        # A round may end with songs of which each was heard a moment ago: they have their turn all the same
        candidates = [index for index in left if index in rested] or left or rested
        if shuffled:
            draws = {index: tallies[index].draw(self._random) for index in candidates}
            chosen = max(candidates, key=lambda index: draws[index])
        else:
            chosen = min(candidates, key=lambda index: (-tallies[index].mean, (index - start) % self.count))
        return chosen, in_rounds and not left

    def _tallies(self) -> list[Tally]:
        feedback = self._counts.feedback
        if not feedback.has(Kind.SONG, self._mood):
            return [NO_ANSWER] * self.count
        if self._keys is None:
            self._keys = [key_of_song(song, self._mood) for song in self._songs]
        return [feedback.of(key) for key in self._keys]


@dataclass(frozen=True, slots=True)
class LearntQueue:
    """Position in an endless queue whose songs are chosen one by one, so that a thumb counts from the next song on.

    It begins before its first song: `skip(1)` chooses that.

    Attributes:
        picker: chooses songs.
        shuffled: whether songs are drawn.
        start: song at which the order of the list begins.
        picks: songs up to now, the latest last; a skip back and forward again finds the same songs.
        index: position in `picks`; -1 before the first song.
        round_start: position in `picks` at which the current round begins.
        rounds: number of rounds that are complete.
    """

    picker: SongPicker
    shuffled: bool
    start: int = 0
    picks: tuple[int, ...] = ()
    index: int = -1
    round_start: int = 0
    rounds: int = 0

    @classmethod
    def follow(cls, queue: PlayQueue, picker: SongPicker) -> LearntQueue:
        """Continue after a queue that knew no thumbs: the round goes on, and so does the history."""
        place = max(0, queue.index) % queue.count
        back = min(len(queue.history) + queue.index, max(place, rest_length(queue.count), MAX_HISTORY))
        steps = range(-back, 1)
        picks = tuple(queue.skip(step).current for step in steps)
        return cls(picker, queue.seed is not None, queue.start, picks, len(picks) - 1, max(0, len(picks) - 1 - place))

    @property
    def count(self) -> int:
        """Number of songs in the list."""
        return self.picker.count

    @property
    def current(self) -> int:
        """Index of the current song, 0 to count - 1."""
        return self.picks[self.index]

    @property
    def played_all(self) -> bool:
        """Whether every song has had its turn."""
        return self.rounds > 0

    def skip(self, steps: int) -> LearntQueue:
        """Go forward by a number of songs, or back through those before; the queue is endless both ways."""
        queue, target = self, self.index + steps
        while target >= len(queue.picks):
            queue = queue._add_pick()
        while target < 0:
            song, _ = queue.picker.pick(queue.picks[::-1], (), queue.start, shuffled=True)
            queue = replace(queue, picks=(song, *queue.picks), round_start=queue.round_start + 1)
            target += 1
        surplus = max(0, target - max(MAX_HISTORY, queue.count))
        start = max(0, queue.round_start - surplus)
        return replace(queue, picks=queue.picks[surplus:], index=target - surplus, round_start=start)

    def shuffle(self, seed: int) -> LearntQueue:
        """Keep the current song, and draw all others after it; the picker has its own seed."""
        del seed
        return self._reorder(shuffled=True)

    def in_order(self) -> LearntQueue:
        """Keep the current song, and put the songs after it in the order of the list."""
        return self._reorder(shuffled=False)

    def _reorder(self, *, shuffled: bool) -> LearntQueue:
        picks = self.picks[: self.index + 1]
        return LearntQueue(self.picker, shuffled, picks[-1], picks, len(picks) - 1, len(picks) - 1, self.rounds)

    def _add_pick(self) -> LearntQueue:
        used = self.picks[self.round_start :]
        song, is_new = self.picker.pick(self.picks, used, self.start, shuffled=self.shuffled)
        queue = replace(self, picks=(*self.picks, song))
        if not is_new:
            return queue
        return replace(queue, round_start=len(self.picks), rounds=self.rounds + 1)
