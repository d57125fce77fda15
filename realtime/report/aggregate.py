"""Observations to a report: sums over parts of the session, in bounded memory however long it was (pure).

The sums of two parts can be merged: the report of a session is that of its parts together.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from realtime.domain import EXPRESSIONS, Expression, top
from realtime.report.observations import Moment, MusicChange, SessionEnd
from realtime.session.timeline import FIRST_SPAN_S, MOST_SPANS, MoodSpan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from realtime.report.observations import FaceReading, Observation
    from realtime.session.timeline import MoodKey

MOST_PERSONS = 512
"""Persons that are kept apart; the ones that were seen for the shortest time are counted together."""
MOST_REASONS = 16
"""Reasons that are kept apart: emodj has six, and a log of somebody else may have others."""
OTHER_REASON = "other"
MOST_MUSIC = 1000
"""Changes of the music that are kept: the latest ones, as in a session."""

_Votes = list[float]


@dataclass(slots=True)
class _Bin:
    """Sums over one part of the session, in seconds times votes."""

    votes: _Votes = field(default_factory=lambda: [0.0] * len(EXPRESSIONS))
    moods: Counter[MoodKey] = field(default_factory=Counter)
    faces_s: float = 0.0
    unsure: Counter[str] = field(default_factory=Counter)
    persons: dict[int, _Votes] = field(default_factory=dict)
    seen_s: float = 0.0

    def add(self, other: _Bin) -> None:
        _add(self.votes, other.votes)
        _count(self.moods, other.moods)
        _count(self.unsure, other.unsure)
        self.faces_s += other.faces_s
        self.seen_s += other.seen_s
        for person, votes in other.persons.items():
            _add(self.persons.setdefault(person, [0.0] * len(EXPRESSIONS)), votes)


@dataclass(slots=True)
class _PersonSums:
    first_s: float
    last_s: float
    seconds: float = 0.0
    unsure_s: float = 0.0


class Part(NamedTuple):
    """A part of a strip in time.

    Attributes:
        start_s: seconds since the first frame.
        end_s: likewise, above `start_s`.
        expression: what the strip shows there; None for none in particular.
        amount: how much of the time, 0..1.
    """

    start_s: float
    end_s: float
    expression: Expression | None
    amount: float = 1.0


@dataclass(frozen=True, slots=True)
class PersonReport:
    """One person of a session, who is known by a number as long as the face is followed.

    Attributes:
        number: number of the person.
        first_s: seconds since the first frame, when the face was first seen.
        last_s: likewise, when it was last seen.
        seconds: for how long the face was seen.
        unsure: share of that time in which it was not sure, 0..1.
        shares: shares of the expressions in the time in which it was sure; None if it never was.
        parts: what it looked like over time.
    """

    number: int
    first_s: float
    last_s: float
    seconds: float
    unsure: float
    shares: tuple[float, ...] | None
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class ReasonReport:
    """One reason for "not sure".

    Attributes:
        reason: in one or two words; may be text from outside.
        seconds: of faces: two faces at the same time count twice.
        share: of the time of all faces, 0..1.
        parts: share of the faces over time.
    """

    reason: str
    seconds: float
    share: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class SessionReport:
    """What is known of a session.

    Attributes:
        mood: leader and source of its mood; None without one.
        shares: shares of the expressions in the votes of the faces; None if no face voted.
        frames: frames that were analysed.
        seconds: length of the session.
        spans: what the faces looked like, and the mood, in the course of the session; at most `MOST_SPANS`.
        persons: the persons, the one that was seen longest first; at most `MOST_PERSONS`.
        others: how many more persons there were, each of them seen for a short time.
        reasons: reasons for "not sure", the most frequent first.
        unsure: share of the time of all faces that was not sure, 0..1; None if no face was seen.
        music: changes of the music, in the order of time; the latest `MOST_MUSIC`.
        end: what the session says of itself at its end; None if the input has no such line.
    """

    mood: MoodKey | None
    shares: tuple[float, ...] | None
    frames: int
    seconds: float
    spans: tuple[MoodSpan, ...]
    persons: tuple[PersonReport, ...]
    others: int
    reasons: tuple[ReasonReport, ...]
    unsure: float | None
    music: tuple[MusicChange, ...]
    end: SessionEnd | None


class SessionSums:
    """Sums of a session's observations, in parts of equal length. A part doubles its length when there would be too many.

    A face votes as in the session: with its probabilities, times its confidence, times its share in its frame, times the
    seconds of the frame (`mood.vote.MoodVote`).
    """

    def __init__(self) -> None:
        self.frames = 0
        self._span_s = FIRST_SPAN_S
        self._bins: dict[int, _Bin] = {}
        self._persons: dict[int, _PersonSums] = {}
        self._others = 0
        self._reasons: set[str] = set()
        self._music = deque[MusicChange](maxlen=MOST_MUSIC)
        self._end: SessionEnd | None = None
        self._ends = 0
        self._end_s = 0.0
        self._mixed_s = self._voted_s = 0.0
        self._last: tuple[float, MoodKey] | None = None

    def add(self, observation: Observation) -> None:
        """Add an observation."""
        if isinstance(observation, Moment):
            self._add_moment(observation)
        elif isinstance(observation, MusicChange):
            self._music.append(observation)
        else:
            self._end = observation
            self._ends += 1

    def add_all(self, observations: Iterable[Observation]) -> None:
        """Add observations."""
        for observation in observations:
            self.add(observation)

    def merge(self, other: SessionSums) -> None:
        """Add the sums of another part of the same session, which is left as it is."""
        while self._span_s < other._span_s:
            self._double()
        ratio = round(self._span_s / other._span_s)
        for index, found in other._bins.items():
            self._bins.setdefault(index // ratio, _Bin()).add(found)
        for number, person in other._persons.items():
            mine = self._persons.setdefault(number, _PersonSums(person.first_s, person.last_s))
            mine.first_s, mine.last_s = min(mine.first_s, person.first_s), max(mine.last_s, person.last_s)
            mine.seconds, mine.unsure_s = mine.seconds + person.seconds, mine.unsure_s + person.unsure_s
        self._drop_persons()
        self.frames += other.frames
        self._others += other._others
        self._reasons |= other._reasons
        changes = sorted([*self._music, *other._music], key=lambda change: change.time_s)
        self._music = deque(changes, maxlen=MOST_MUSIC)
        self._mixed_s, self._voted_s = self._mixed_s + other._mixed_s, self._voted_s + other._voted_s
        self._end_s = max(self._end_s, other._end_s)
        self._end = other._end or self._end
        self._ends += other._ends
        if other._last is not None and (self._last is None or self._last[0] <= other._last[0]):
            self._last = other._last

    def report(self) -> SessionReport:
        """The report of all observations up to now."""
        votes, unsure, faces_s = [0.0] * len(EXPRESSIONS), Counter[str](), 0.0
        for found in self._bins.values():
            _add(votes, found.votes)
            _count(unsure, found.unsure)
            faces_s += found.faces_s
        shares = _to_shares(votes)
        end = self._end
        if shares is None and end is not None:
            shares = end.shares
        seconds = max(self._end_s, end.seconds if end is not None else 0.0)
        return SessionReport(
            mood=self._mood(shares),
            shares=shares,
            frames=self.frames or (end.frames if end is not None else 0),
            seconds=seconds,
            spans=self._spans(),
            persons=tuple(self._person_reports()),
            others=self._others,
            reasons=tuple(self._reason_report(reason, value, faces_s) for reason, value in unsure.most_common()),
            unsure=min(1.0, sum(unsure.values()) / faces_s) if faces_s else None,
            music=tuple(self._music),
            end=end,
        )

    def _add_moment(self, moment: Moment) -> None:
        time_s, seconds, faces, mood = moment
        self.frames += 1
        start_s = max(0.0, time_s - seconds)
        end_s = start_s + seconds
        self._end_s = max(self._end_s, end_s)
        while end_s > MOST_SPANS * self._span_s:
            self._double()
        votes = self._count_faces(faces, time_s, seconds)
        if mood is not None:
            self._last = time_s, mood
            if any(face.reason is None for face in faces):
                self._voted_s += seconds
                self._mixed_s += seconds if mood[0] is None else 0.0
        span_s = self._span_s
        first, last = int(start_s / span_s), min(int(end_s / span_s), MOST_SPANS - 1)
        if first == last:
            self._fill(first, seconds, faces, votes, mood)
            return
        for index in range(first, last + 1):
            part_s = min(end_s, (index + 1) * span_s) - max(start_s, index * span_s)
            if part_s > 0:
                self._fill(index, part_s, faces, votes, mood)

    def _count_faces(self, faces: Sequence[FaceReading], time_s: float, seconds: float) -> list[tuple[float, _Votes]]:
        """Note the persons of a frame; returns for each sure face its share in the frame, and its votes of one second."""
        total = sum(face.size for face in faces if face.reason is None)
        found: list[tuple[float, _Votes]] = []
        for track, probabilities, confidence, reason, size in faces:
            if reason is None:
                found.append((size / total, [confidence * value for value in probabilities]))
            if track is None:
                continue
            person = self._persons.get(track)
            if person is None:
                person = self._persons[track] = _PersonSums(time_s, time_s)
                self._drop_persons()
            if time_s > person.last_s:
                person.last_s = time_s
            elif time_s < person.first_s:
                person.first_s = time_s
            person.seconds += seconds
            if reason is not None:
                person.unsure_s += seconds
        return found

    def _fill(
        self,
        index: int,
        seconds: float,
        faces: Sequence[FaceReading],
        votes: Sequence[tuple[float, _Votes]],
        mood: MoodKey | None,
    ) -> None:
        found = self._bins.get(index)
        if found is None:
            found = self._bins[index] = _Bin()
        found.seen_s += seconds
        if mood is not None:
            found.moods[mood] += seconds  # pyright: ignore[reportArgumentType] - a counter of seconds
        sure = iter(votes)
        for face in faces:
            found.faces_s += seconds
            if face.reason is not None:
                found.unsure[self._reason(face.reason)] += seconds  # pyright: ignore[reportArgumentType] - likewise
                continue
            share, ballot = next(sure)
            weight = seconds * share
            _add(found.votes, [weight * value for value in ballot])
            if face.track is not None and face.track in self._persons:
                person = found.persons.get(face.track)
                if person is None:
                    person = found.persons[face.track] = [0.0] * len(EXPRESSIONS)
                _add(person, [seconds * value for value in ballot])

    def _reason(self, reason: str) -> str:
        if reason not in self._reasons:
            if len(self._reasons) >= MOST_REASONS:
                return OTHER_REASON
            self._reasons.add(reason)
        return reason

    def _double(self) -> None:
        merged: dict[int, _Bin] = {}
        for index, found in self._bins.items():
            merged.setdefault(index // 2, _Bin()).add(found)
        self._bins, self._span_s = merged, 2 * self._span_s

    def _drop_persons(self) -> None:
        """Count half of the persons together, those that were seen for the shortest time, if there are too many."""
        if len(self._persons) <= MOST_PERSONS:
            return
        by_length = sorted(self._persons, key=lambda number: self._persons[number].seconds)
        dropped = set(by_length[: MOST_PERSONS // 2])
        # The newest one is only about to be seen
        dropped.discard(next(reversed(self._persons)))
        self._others += len(dropped)
        for number in dropped:
            del self._persons[number]
        for found in self._bins.values():
            for number in dropped & found.persons.keys():
                del found.persons[number]

    def _mood(self, shares: tuple[float, ...] | None) -> MoodKey | None:
        # The end of the last of several sessions says nothing of the others
        if self._end is not None and self._ends == 1:
            return self._end.mood
        if self._last is not None and self._last[1][1] == "hand":
            return self._last[1]
        if shares is None:
            return None
        return None if self._mixed_s > self._voted_s / 2 else top(shares), "faces"

    def _bounds(self, index: int) -> tuple[float, float]:
        # Neighbours share a time to the last bit
        return index * self._span_s, min((index + 1) * self._span_s, self._end_s)

    def _spans(self) -> tuple[MoodSpan, ...]:
        spans: list[MoodSpan] = []
        for index in sorted(self._bins):
            found = self._bins[index]
            shares = _to_shares(found.votes)
            ((leader, source), _), *_ = found.moods.most_common(1) or [((None, "faces"), 0)]
            if not found.moods and shares is not None:
                # An input without a mood: the faces of this part decide
                leader = top(shares)
            if shares is not None or source == "hand":
                spans.append(MoodSpan(*self._bounds(index), shares, leader, source))
        return tuple(spans)

    def _person_reports(self) -> Iterable[PersonReport]:
        for number in sorted(self._persons, key=lambda number: (-self._persons[number].seconds, number)):
            person, total = self._persons[number], [0.0] * len(EXPRESSIONS)
            parts: list[Part] = []
            for index in sorted(self._bins):
                votes = self._bins[index].persons.get(number)
                if votes is not None and any(votes):
                    _add(total, votes)
                    parts.append(Part(*self._bounds(index), EXPRESSIONS[votes.index(max(votes))]))
            yield PersonReport(
                number,
                person.first_s,
                person.last_s,
                person.seconds,
                min(1.0, person.unsure_s / person.seconds) if person.seconds else 0.0,
                _to_shares(total),
                _join(parts),
            )

    def _reason_report(self, reason: str, seconds: float, faces_s: float) -> ReasonReport:
        parts = [
            Part(*self._bounds(index), None, min(1.0, found.unsure[reason] / found.faces_s))
            for index, found in sorted(self._bins.items())
            if found.unsure[reason] > 0
        ]
        return ReasonReport(reason, seconds, min(1.0, seconds / faces_s), tuple(parts))


def _join(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Join neighbours that show the same."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last is not None and last.end_s == part.start_s and last.expression is part.expression:
            joined[-1] = last._replace(end_s=part.end_s)
        else:
            joined.append(part)
    return tuple(joined)


def _add(sums: _Votes, votes: Sequence[float]) -> None:
    for index, value in enumerate(votes):
        sums[index] += value


def _count(sums: Counter[MoodKey] | Counter[str], more: Counter[MoodKey] | Counter[str]) -> None:
    for key, value in more.items():
        sums[key] += value  # pyright: ignore[reportArgumentType] - both have the same kind of keys


def _to_shares(votes: Sequence[float]) -> tuple[float, ...] | None:
    total = sum(votes)
    return tuple(value / total for value in votes) if total > 0 else None
