"""Thumbs: counts of likes and dislikes for each mood and choice, and the order of choices that they give (pure).

A choice is drawn by a Beta distribution of its counts (Thompson sampling: Chapelle and Li 2011, "An Empirical Evaluation of
Thompson Sampling", NIPS). Counts are sharpened, because the rule that nothing comes again within a quarter of a list explores
by itself: `python -m benchmarks.feedback` measures both. Choices without any answer keep the order of the person's list.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from random import Random

    from realtime.domain import Expression

SHARPNESS = 3
"""Each like and dislike counts so many times in a draw (`python -m benchmarks.feedback`)."""
BAND = 0.1
"""Choices whose distances from a target differ by less, in units of valence and arousal, count as equally near."""
DOWNS_TO_LEAVE_OUT = 2
"""After so many thumbs down in a row a choice is not offered any more."""
MOST_COUNT = 1_000_000.0
"""Largest count of likes, and of dislikes; it stays there."""
MOST_CHOICES = 20_000
"""Number of choices with counts; the choice with the fewest makes room for a new one."""
LIFT = "lift"
"""Name of the list that matches no mood."""

_DIGEST_CHARACTERS = 16


class Kind(Enum):
    """Kind of a choice; each is counted apart."""

    SONG = "song"
    """A file or link of a list of songs."""
    MUSIC = "music"
    """A link or a list of the settings."""
    MOVIE = "movie"


class Verdict(Enum):
    """What a person says, or shows, about a choice."""

    LIKE = "like"
    DISLIKE = "dislike"
    HEARD = "heard"
    """An own song was heard to its end."""
    SKIPPED = "skipped"
    """An own song was skipped within `SKIP_S` seconds."""


SKIP_S = 10.0
"""Seconds after its start within which a skip counts against a song."""
THUMBS = {Verdict.LIKE, Verdict.DISLIKE}
"""Verdicts that a person gives by a key or a button; the others count half."""

_COUNTS = {Verdict.LIKE: (1.0, 0.0), Verdict.DISLIKE: (0.0, 1.0), Verdict.HEARD: (0.5, 0.0), Verdict.SKIPPED: (0.0, 0.5)}


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one choice.

    Attributes:
        likes: 0..`MOST_COUNT`, in halves.
        dislikes: likewise.
        downs: thumbs down since the last thumb up, 0..`DOWNS_TO_LEAVE_OUT`.

    Raises:
        ValueError: a count is out of its range, or no half.
    """

    likes: float = 0.0
    dislikes: float = 0.0
    downs: int = 0

    def __post_init__(self) -> None:
        for count in (self.likes, self.dislikes):
            if not 0 <= count <= MOST_COUNT or count * 2 % 1:
                raise ValueError(f"a count is 0 to {MOST_COUNT:g} in halves, not {count}")
        if not 0 <= self.downs <= DOWNS_TO_LEAVE_OUT:
            raise ValueError(f"there are 0 to {DOWNS_TO_LEAVE_OUT} downs in a row, not {self.downs}")

    @property
    def left_out(self) -> bool:
        """Whether the choice is not offered any more."""
        return self.downs >= DOWNS_TO_LEAVE_OUT

    @property
    def evidence(self) -> float:
        """Likes and dislikes together."""
        return self.likes + self.dislikes

    @property
    def mean(self) -> float:
        """Mean of the distribution of a draw, 0..1; 0.5 without an answer."""
        return (1 + SHARPNESS * self.likes) / (2 + SHARPNESS * self.evidence)

    def draw(self, random: Random) -> float:
        """Draw from Beta(1 + 3 likes, 1 + 3 dislikes), 0..1; without an answer, any number is equally probable."""
        if not self.evidence:
            return random.random()
        return random.betavariate(1 + SHARPNESS * self.likes, 1 + SHARPNESS * self.dislikes)

    def plus(self, verdict: Verdict) -> Tally:
        """The counts after a verdict. Only a thumb up ends a row of thumbs down."""
        likes, dislikes = _COUNTS[verdict]
        downs = {Verdict.LIKE: 0, Verdict.DISLIKE: min(self.downs + 1, DOWNS_TO_LEAVE_OUT)}.get(verdict, self.downs)
        return Tally(min(self.likes + likes, MOST_COUNT), min(self.dislikes + dislikes, MOST_COUNT), downs)


NO_ANSWER = Tally()


@dataclass(frozen=True, slots=True)
class FeedbackKey:
    """What is counted: a choice of a list.

    Attributes:
        mood: mood of the list; None for the list that only lifts.
        kind: kind of the choice.
        digest: hash of its place, as `digest_place` returns it.
    """

    mood: Expression | None
    kind: Kind
    digest: str

    @property
    def list_name(self) -> str:
        """Name of the list: that of its mood, or "lift"."""
        return LIFT if self.mood is None else self.mood.value

    @property
    def purpose(self) -> str:
        """What the choice is for, in words: "for happy"."""
        return "to lift" if self.mood is None else f"for {self.mood.value}"


@dataclass(frozen=True, slots=True)
class Feedback:
    """Counts of all choices that got a verdict. Immutable, so that threads may share it."""

    tallies: Mapping[FeedbackKey, Tally] = field(default_factory=dict[FeedbackKey, Tally])

    def of(self, key: FeedbackKey) -> Tally:
        """The counts of a choice; zeros without a verdict."""
        return self.tallies.get(key, NO_ANSWER)

    def has(self, kind: Kind, mood: Expression | None) -> bool:
        """Whether a choice of this kind and list has counts."""
        return any(key.kind is kind and key.mood is mood for key in self.tallies)

    def plus(self, verdicts: Iterable[tuple[FeedbackKey, Verdict]]) -> Feedback:
        """The counts after verdicts, in their order."""
        tallies = dict(self.tallies)
        for key, verdict in verdicts:
            if key not in tallies and len(tallies) >= MOST_CHOICES:
                # What is left out stays left out
                del tallies[min(tallies, key=lambda each: (tallies[each].left_out, tallies[each].evidence))]
            tallies[key] = tallies.get(key, NO_ANSWER).plus(verdict)
        return Feedback(tallies)

    def without(self, mood: Expression | None) -> Feedback:
        """The counts without those of one list."""
        return Feedback({key: tally for key, tally in self.tallies.items() if key.mood is not mood})


class FeedbackCounts(Protocol):
    """Where verdicts are counted. Any thread may call it, and it waits for no disk."""

    @property
    def feedback(self) -> Feedback:
        """The counts at this moment."""
        ...

    def add(self, key: FeedbackKey, verdict: Verdict) -> None:
        """Count a verdict."""
        ...

    def begin_play(self, key: FeedbackKey) -> None:
        """Note that a song begins to play: a thumb of before does not stand for this play."""
        ...


def digest_place(place: str) -> str:
    """Hash a place, a path or a link: the counts name no song and no link. 16 hexadecimal digits of SHA-256."""
    # The name of a file may hold surrogates
    return hashlib.sha256(place.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARACTERS]


def describe_verdict(title: str, key: FeedbackKey, tally: Tally, verdict: Verdict) -> str:
    """A sentence on a thumb; `tally` are the counts after it."""
    if verdict is Verdict.LIKE:
        return f"liked: {title}, {key.purpose}"
    if tally.left_out:
        return f"not offered again: {title}, {key.purpose}"
    return f"disliked: {title}, {key.purpose}; a second dislike, another time, leaves it out"


def describe_none_offered(title: str = "") -> str:
    """A sentence on a list of songs, each of which is left out; `title` may be empty."""
    return f"every song of {title or 'the list'} has two thumbs down: emodj feedback reset offers them again"


def rest_length(count: int) -> int:
    """How many other choices of a list come before one comes again: a quarter of the list."""
    return count // 4


def order_by_draw(tallies: Sequence[Tally], random: Random, recent: Collection[int] = ()) -> list[int]:
    """Order a list of choices by draws.

    Args:
        tallies: counts of each choice, in the order of the person's list.
        random: draws.
        recent: indices of choices that were played lately; they come last.

    Returns:
        Indices, the best first, without choices that are left out. Without any answer it is the order of the list.
    """
    if not any(tally.evidence for tally in tallies):
        return list(range(len(tallies)))
    draws = [tally.draw(random) for tally in tallies]
    offered = (index for index, tally in enumerate(tallies) if not tally.left_out)
    return sorted(offered, key=lambda index: (index in recent, -draws[index]))


def order_in_bands(
    tallies: Sequence[Tally], distances: Sequence[float], random: Random, recent: Collection[int] = ()
) -> list[int]:
    """Order choices by their distance from a target, and those of a band by draws.

    Args:
        tallies: counts of each choice, in the order of the person's list.
        distances: distance of each, 0 or more; two choices are equally near if they lie within `BAND` of the nearest of both.
        random: draws.
        recent: as for `order_by_draw`, within a band.

    Returns:
        As `order_by_draw`. Without any answer it is the order of the distances.
    """
    ranked = sorted(range(len(tallies)), key=lambda index: distances[index])
    return [
        band[place]
        for band in _bands(ranked, distances)
        for place in order_by_draw(
            [tallies[index] for index in band], random, {place for place, index in enumerate(band) if index in recent}
        )
    ]


def order_of_lot(tallies: Sequence[Tally], random: Random) -> list[int]:
    """Order choices that lie in an order by lot: the lot is the draw of those without an answer.

    So a thumb moves one choice, and leaves the others in their order.

    Returns:
        As `order_by_draw`; without any answer it is the order of the lot.
    """
    count = len(tallies)
    lots = [1 - (place + 0.5) / count for place in range(count)]
    draws = [tally.draw(random) if tally.evidence else lot for tally, lot in zip(tallies, lots, strict=True)]
    return sorted((index for index in range(count) if not tallies[index].left_out), key=lambda index: -draws[index])


def _bands(ranked: Sequence[int], distances: Sequence[float]) -> Iterator[list[int]]:
    """Split indices, the nearest first, into bands of choices that are equally near."""
    band = list[int]()
    for index in ranked:
        if band and distances[index] - distances[band[0]] >= BAND:
            yield band
            band = []
        band.append(index)
    if band:
        yield band
