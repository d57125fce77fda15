"""Order music by the thumbs of a session, and turn presses of the thumb keys into verdicts (pure)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from realtime.music.feedback import (
    FeedbackCounts,
    FeedbackKey,
    Kind,
    Verdict,
    describe_verdict,
    digest_place,
    order_by_draw,
    order_in_bands,
    rest_length,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Expression
    from realtime.music.catalog import MusicChoice
    from realtime.music.feedback import Tally
    from realtime.music.songs import Song

HOLD_S = 1.0
"""A thumb key that comes again within so many seconds does nothing: a key that is held down is one thumb, not thirty."""
THUMBS_OFF = "thumbs are off: see music.learn in your settings"
NOTHING_TO_JUDGE = "nothing to like or dislike yet: press p for music"
_MOST_PLAYED = 1000


def key_of_music(choice: MusicChoice) -> FeedbackKey:
    """The key of a link or a list of the settings."""
    return FeedbackKey(choice.mood, Kind.MUSIC, digest_place(choice.url or str(choice.path)))


def key_of_song(song: Song, mood: Expression | None) -> FeedbackKey:
    """The key of a song in a list for a mood; None for a list that lifts."""
    return FeedbackKey(mood, Kind.SONG, digest_place(str(song.path or song.url or f"{song.artist}\n{song.title}")))


class Taste:
    """Orders music by its counts. The same seed, counts and plays give the same order.

    An order stays the same until something is played or judged: a press that follows shortly finds the same music.

    Args:
        counts: where verdicts are counted.
        seed: 0 or more.
    """

    def __init__(self, counts: FeedbackCounts, seed: int) -> None:
        self._counts = counts
        self._seed = seed
        self._turn = 0
        self._played: list[FeedbackKey] = []

    def arrange(self, choices: Sequence[MusicChoice], distances: Sequence[float] | None = None) -> tuple[MusicChoice, ...]:
        """Order choices, the best first; those with two thumbs down in a row are left out.

        Args:
            choices: in the order of the person's list.
            distances: distance of each from a target; None if the list has no target.
        """
        keys, feedback = [key_of_music(choice) for choice in choices], self._counts.feedback
        tallies = [feedback.of(key) for key in keys]
        recent = self._recent(keys)
        # Draws guard no secret
        drawn = random.Random(f"{self._seed} {self._turn}")  # noqa: S311
        if distances is None:
            order = order_by_draw(tallies, drawn, recent)
        else:
            order = order_in_bands(tallies, distances, drawn, recent)
        return tuple(choices[index] for index in order)

    def tally(self, choice: MusicChoice) -> Tally | None:
        """The counts of a choice; None without a verdict."""
        tally = self._counts.feedback.of(key_of_music(choice))
        return tally if tally.evidence else None

    def note_played(self, choice: MusicChoice) -> None:
        """Note that a choice is played now: it comes last for as long as a quarter of its list is played."""
        self._turn += 1
        self._played = [*self._played[1 - _MOST_PLAYED :], key_of_music(choice)]

    def _recent(self, keys: Sequence[FeedbackKey]) -> set[int]:
        places = {key: index for index, key in enumerate(keys)}
        played = [places[key] for key in self._played if key in places]
        return set(played[max(0, len(played) - rest_length(len(keys))) :])


class ThumbKeys:
    """Turns presses of the thumb keys into verdicts: each verdict counts once for each time that something plays.

    Args:
        counts: where verdicts are counted; None if thumbs are off.
    """

    def __init__(self, counts: FeedbackCounts | None) -> None:
        self._counts = counts
        self._pressed: tuple[Verdict, float] | None = None
        self._given: set[tuple[FeedbackKey, Verdict]] = set()

    def note_change(self) -> None:
        """Note that something else plays, so that the same thumb counts again."""
        self._given.clear()

    def press(self, subject: tuple[FeedbackKey, str] | None, verdict: Verdict, now_s: float) -> tuple[str | None, bool]:
        """Count a press.

        Args:
            subject: key and title of what is judged; None if there is nothing.
            verdict: `Verdict.LIKE` or `Verdict.DISLIKE`.
            now_s: time on a monotonic clock, seconds.

        Returns:
            A sentence for the screen, None for a key that is held down; and whether the verdict was counted.
        """
        held = self._pressed is not None and self._pressed[0] is verdict and now_s - self._pressed[1] < HOLD_S
        self._pressed = verdict, now_s
        if self._counts is None:
            return THUMBS_OFF, False
        if held:
            return None, False
        if subject is None:
            return NOTHING_TO_JUDGE, False
        key, title = subject
        if (key, verdict) in self._given:
            return f"already {'liked' if verdict is Verdict.LIKE else 'disliked'}: {title}, {key.purpose}", False
        self._given.add((key, verdict))
        self._counts.add(key, verdict)
        return describe_verdict(title, key, self._counts.feedback.of(key), verdict), True
