"""Mood over time: what the faces of a session looked like in each part of it, in bounded memory (pure)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.vote import DEFAULT_FRAME_S, MAX_FRAME_S, MIN_FRAME_S, Voter, add_ballot, find_voters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from realtime.domain import Face, Mood

MOST_SPANS = 240
"""Maximum number of spans, however long a session is. A chart 720 pixels wide shows each of them."""
FIRST_SPAN_S = 0.25
"""Length of a span at the start of a session, in seconds. It doubles whenever there would be more than `MOST_SPANS`."""

_LEAST_SHARE = 0.005
"""A smaller share is no pixel high in a chart."""

MoodKey = tuple[Expression | None, Literal["faces", "hand"]]
"""Leader of a mood, None for a mixed one, and where the mood comes from."""
MOST_TIME_S = 1e9
"""Thirty years: a film that says more has a damaged clock."""


@dataclass(frozen=True, slots=True)
class MoodSpan:
    """One part of a session, in which a face voted or the mood was chosen by hand.

    Attributes:
        start_s: seconds since the first frame.
        end_s: likewise, later than `start_s`.
        shares: shares of the expressions in the votes of this span, 0..1, in the order of `Expression`; None if no face voted.
        leader: mood for the longest part of the span; None if it was mixed.
        source: where this mood comes from: "faces", or "hand" if it was chosen by hand.
    """

    start_s: float
    end_s: float
    shares: tuple[float, ...] | None
    leader: Expression | None
    source: Literal["faces", "hand"]


@dataclass(frozen=True, slots=True)
class MoodPhase:
    """Consecutive spans with the same mood; attributes as for `MoodSpan`."""

    start_s: float
    end_s: float
    leader: Expression | None
    source: Literal["faces", "hand"]


@dataclass(slots=True)
class _Bucket:
    sums: list[int] = field(default_factory=lambda: [0] * len(EXPRESSIONS))
    moods: Counter[MoodKey] = field(default_factory=Counter[MoodKey])

    def add(self, other: _Bucket) -> None:
        add_ballot(self.sums, other.sums)
        self.moods.update(other.moods)


class MoodTimeline:
    """Collects the votes and moods of a session in spans of equal length.

    A frame stands for the time since the frame before, as in `MoodVote`. If the session gets longer than `most` spans, each
    two neighbours become one span of twice the length.

    Args:
        most: maximum number of spans, 1 or more.
        first_span_s: length of a span at the start, in seconds, above 0.
    """

    def __init__(self, *, most: int = MOST_SPANS, first_span_s: float = FIRST_SPAN_S) -> None:
        self._most = most
        self._span_s = first_span_s
        self._buckets: dict[int, _Bucket] = {}
        self._last_s: float | None = None
        self._end_s = 0.0

    def restart(self) -> None:
        """Forget all spans; the times go on."""
        self._buckets.clear()

    def pause(self) -> None:
        """Let the next frame stand for no time before it."""
        self._last_s = None

    def add(self, faces: Sequence[Face], time_s: float, mood: Mood | None) -> None:
        """Add a frame.

        Args:
            faces: faces of the frame.
            time_s: seconds since the first frame. A time that falls, is above `MOST_TIME_S` or is no number counts as the
                latest one.
            mood: mood of the session after the frame.
        """
        now_s = max(time_s, self._end_s) if time_s <= MOST_TIME_S else self._end_s
        passed_s = 0.0 if self._last_s is None else now_s - self._last_s
        covered_s = max(MIN_FRAME_S, min(passed_s, MAX_FRAME_S)) if passed_s > 0 else DEFAULT_FRAME_S
        start_s = max(0.0, now_s - covered_s)
        self._last_s, self._end_s = now_s, max(self._end_s, start_s + covered_s)
        voters = find_voters(faces)
        if voters or (mood is not None and mood.source == "hand"):
            self._fill(voters, start_s, start_s + covered_s, mood)

    def spans(self) -> tuple[MoodSpan, ...]:
        """The spans in which a face voted or the mood was chosen by hand, in the order of time."""
        return tuple(self._to_span(index, self._buckets[index]) for index in sorted(self._buckets))

    def _fill(self, voters: Sequence[Voter], start_s: float, end_s: float, mood: Mood | None) -> None:
        while end_s > self._most * self._span_s:
            self._double_spans()
        first, last = int(start_s / self._span_s), min(int(end_s / self._span_s), self._most - 1)
        for index in range(first, last + 1):
            seconds = min(end_s, (index + 1) * self._span_s) - max(start_s, index * self._span_s)
            if seconds > 0:
                bucket = self._buckets.setdefault(index, _Bucket())
                for voter in voters:
                    add_ballot(bucket.sums, voter.ballot(seconds))
                if mood is not None:
                    bucket.moods[mood.leader, mood.source] += round(seconds * 1e6)

    def _double_spans(self) -> None:
        merged: dict[int, _Bucket] = {}
        for index, bucket in self._buckets.items():
            merged.setdefault(index // 2, _Bucket()).add(bucket)
        self._buckets, self._span_s = merged, 2 * self._span_s

    def _to_span(self, index: int, bucket: _Bucket) -> MoodSpan:
        total = sum(bucket.sums)
        shares = tuple(votes / total for votes in bucket.sums) if total else None
        ((leader, source), _), *_ = bucket.moods.most_common(1) or [((None, "faces"), 0)]
        # Neighbours share a time to the last bit
        start_s, end_s = index * self._span_s, (index + 1) * self._span_s
        return MoodSpan(start_s, min(end_s, self._end_s), shares, leader, source)


def join_phases(spans: Iterable[MoodSpan]) -> tuple[MoodPhase, ...]:
    """Join consecutive spans with the same mood; spans with a gap between them stay apart."""
    phases: list[MoodPhase] = []
    for span in spans:
        last = phases[-1] if phases else None
        joins = last is not None and last.end_s == span.start_s and (last.leader, last.source) == (span.leader, span.source)
        start_s = last.start_s if joins and last is not None else span.start_s
        if joins:
            phases.pop()
        phases.append(MoodPhase(start_s, span.end_s, span.leader, span.source))
    return tuple(phases)


def split_runs(spans: Sequence[MoodSpan]) -> tuple[tuple[MoodSpan, ...], ...]:
    """Split spans into runs without a gap in which faces voted; spans without votes are left out."""
    voted = [span for span in spans if span.shares is not None]
    cuts = [0, *(number for number, (one, other) in enumerate(pairwise(voted), 1) if one.end_s != other.start_s), len(voted)]
    return tuple(tuple(voted[start:end]) for start, end in pairwise(cuts) if start < end)


def stack_areas(
    run: Sequence[MoodSpan], order: Sequence[Expression]
) -> Iterator[tuple[Expression, tuple[tuple[float, float], ...]]]:
    """Yield the areas of the expressions, one on the other, over a run of spans in which faces voted.

    Args:
        run: one of `split_runs`.
        order: expressions from the bottom to the top.

    Yields:
        An expression, and the corners of its area: seconds since the first frame, and the height, 0..1. An expression that is
        too rare to be seen has none.
    """
    times = [run[0].start_s, *((span.start_s + span.end_s) / 2 for span in run), run[-1].end_s]
    columns = [span.shares or () for span in (run[0], *run, run[-1])]
    floors = [0.0] * len(columns)
    for expression in order:
        index = EXPRESSIONS.index(expression)
        tops = [floor + column[index] for floor, column in zip(floors, columns, strict=True)]
        if any(column[index] >= _LEAST_SHARE for column in columns):
            lower = zip(times, floors, strict=True)
            yield expression, (*zip(times, tops, strict=True), *reversed(list(lower)))
        floors = tops
