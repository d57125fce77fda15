"""Rolling vote on the mood of a session: what its faces looked like over the last seconds."""

from __future__ import annotations

from collections import deque
from math import fsum, sqrt
from typing import TYPE_CHECKING, NamedTuple

from realtime.domain import EXPRESSIONS, Expression, Mood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face


ENTER_SHARE = 0.65
"""Faces that disagree are called by an expression from this part of the vote or of the voices on: two of three alike."""
LEAVE_SHARE = 0.55
"""Below this part of both, faces that disagree are called by none: two who differ, also where one counts a little more."""
MAX_FRAME_S = 1.0
"""A frame stands for the time since the one before, but for no longer than this: an outage or a clock that jumps."""
MIN_FRAME_S = 0.001
"""A frame stands for no less than this, however fast frames come."""
DEFAULT_FRAME_S = 1 / 30
"""What a frame stands for where no clock says: the first, the first after a pause, and where the clock did not go on."""
IN_VIEW_S = 0.5
"""A face that did not vote for longer is gone: one that is missed for a few frames is not."""
SETTLE_S = 0.6
"""A change has to be due for so long. Longer than `IN_VIEW_S`, in which somebody who is found anew is there twice."""
_Seven = tuple[float, ...]


class MoodVote:
    """Each face votes with its seven probabilities; a face that is unsure does not vote.

    A vote counts for the time that its frame stands for, times the confidence of the face, times the face's part of the
    frame. The parts of one frame sum to one, so a crowd does not outvote the minutes before it; a part goes by the root of
    the face's side, so that somebody four times as near counts twice. The vote rolls over a stretch of time, not over
    a number of frames: a slow machine looks back as far as a fast one.

    The leader changes when another expression is ahead by `lead`. Where the faces in view look different from each other,
    and no expression has a clear majority of the vote or of their voices (`ENTER`, `LEAVE`), there is no leader: the mood
    is mixed. A person's voice is for what that face looked like most over the window, so somebody alone is never mixed.
    After each change the mood stays for `dwell_s`. Once somebody voted it stays until others vote: an empty room keeps its
    last one.

    Args:
        window_s: votes older than this, counted from the newest, are dropped; seconds, above 0.
        lead: share, 0..1, by which a challenger must be ahead of the leader.
        dwell_s: the leader, or that there is none, stays for at least so long; seconds.
    """

    def __init__(self, *, window_s: float, lead: float, dwell_s: float) -> None:
        self._window_s = window_s
        self._lead = lead
        self._dwell_s = dwell_s
        self._chosen: Expression | None = None
        self.restart()

    def restart(self) -> None:
        """Forget all votes; a choice by hand stays."""
        self._window = VoteWindow(self._window_s)
        self._in_view: dict[int, tuple[float, float]] = {}
        self._totals = [0] * len(EXPRESSIONS)
        self._voted_s = self._mixed_s = 0.0
        self._shares: _Seven | None = None
        self._leader: Expression | None = None
        self._due: Expression | None = None
        self._changed_s = self._due_since_s = 0.0
        self._now_s = 0.0
        self._clock_s: float | None = None

    def pause(self) -> None:
        """Let no time pass until the next vote, whatever its clock says."""
        self._clock_s = None

    def choose(self, expression: Expression | None) -> None:
        """Set the mood by hand; None gives it back to the faces, who voted on meanwhile."""
        self._chosen = expression

    def vote(self, faces: Sequence[Face], time_s: float) -> None:
        """Count the faces of one frame, of `time_s` in seconds; a clock that jumps does no harm."""
        seconds = self._stands_for(time_s)
        self._now_s += seconds
        frame = find_voters(faces)
        if not frame:
            return
        self._window.advance(self._now_s)
        for voter in frame:
            ballot = voter.ballot(seconds)
            self._window.add(voter.person, ballot)
            add_ballot(self._totals, ballot)
            self._in_view[voter.person] = voter.weight, self._now_s
        self._shares = _distribution(self._window.all)
        self._call(self._shares)
        self._voted_s += seconds
        self._mixed_s += seconds if self._leader is None else 0

    def mood(self) -> Mood | None:
        """The mood of the last seconds, or the one chosen by hand; None until somebody voted. Mixed has no leader."""
        if self._chosen is not None:
            return Mood(tuple(float(expression is self._chosen) for expression in EXPRESSIONS), self._chosen, "hand")
        return None if self._shares is None else Mood(self._shares, self._leader)

    def session_mood(self) -> Mood | None:
        """The mood of all votes since the start, or the one chosen by hand; None if nobody voted.

        Mixed if it was mixed for more than half of the time in which faces voted.
        """
        shares = self.shares()
        if self._chosen is not None or shares is None:
            return self.mood()
        return Mood(shares, None if self._mixed_s > self._voted_s / 2 else _top(shares))

    def shares(self) -> tuple[float, ...] | None:
        """What the faces looked like since the start, 0..1 for each expression, whatever was chosen by hand."""
        return None if self._shares is None else _distribution(self._totals)

    def _stands_for(self, time_s: float) -> float:
        gap = 0.0 if self._clock_s is None else time_s - self._clock_s
        self._clock_s = time_s
        return max(MIN_FRAME_S, min(gap, MAX_FRAME_S)) if gap > 0 else DEFAULT_FRAME_S

    def _call(self, shares: _Seven) -> None:
        """Change the leader where that is due; the first is due at once."""
        leader = _due(shares, self._voices(), self._leader, self._lead)
        if not self._voted_s:
            self._leader, self._changed_s = leader, self._now_s
        if leader is not self._due:
            self._due, self._due_since_s = leader, self._now_s
        settled = self._now_s - self._due_since_s >= SETTLE_S
        if leader is not self._leader and settled and self._now_s - self._changed_s >= self._dwell_s:
            self._leader, self._changed_s = leader, self._now_s

    def _voices(self) -> _Seven:
        """For each expression the part of the faces in view, by loudness, that looked like it most over the window."""
        sums = self._window.persons
        gone = [who for who, (_, at_s) in self._in_view.items() if self._now_s - at_s > IN_VIEW_S or who not in sums]
        for person in gone:
            del self._in_view[person]
        return _voices([(loudness, _top(sums[person])) for person, (loudness, _) in self._in_view.items()])


def mood_of_pictures(*pictures: Sequence[Face]) -> Mood | None:
    """The mood of one picture, or of several that count the same: all sure faces together; None if there is none."""
    found = [voter for faces in pictures for voter in find_voters(faces)]
    if not found:
        return None
    columns = zip(*([voter.frame_share * share for share in voter.probabilities] for voter in found), strict=True)
    shares = _distribution([fsum(column) for column in columns])
    return Mood(shares, _entering(shares, _voices([(voter.frame_share, _top(voter.probabilities)) for voter in found]), 0))


def _due(shares: _Seven, voices: _Seven, leader: Expression | None, lead: float) -> Expression | None:
    """Who should lead after `leader`; None if nobody should, because the faces disagree."""
    if leader is None:
        return _entering(shares, voices, lead)
    if max(*shares, *voices) < LEAVE_SHARE:
        return None
    if max(shares) - _of(shares, leader) <= lead:
        return leader
    challenger = _top(shares)
    alike = max(voices) == 1
    return challenger if alike or max(_of(shares, challenger), _of(voices, challenger)) >= ENTER_SHARE else None


def _entering(shares: _Seven, voices: _Seven, lead: float) -> Expression | None:
    """Who leads where nobody led before: the clear majority of voices, unless its share is behind, or else of the vote."""
    if max(voices) >= ENTER_SHARE:
        loudest = _top(voices)
        return loudest if max(shares) - _of(shares, loudest) <= lead else None
    return _top(shares) if max(shares) >= ENTER_SHARE else None


def _voices(loud: Sequence[tuple[float, Expression]]) -> _Seven:
    return _distribution([fsum(loudness for loudness, look in loud if look is expression) for expression in EXPRESSIONS])


def _top(values: Sequence[float]) -> Expression:
    return EXPRESSIONS[values.index(max(values))]


def _of(values: Sequence[float], expression: Expression) -> float:
    return values[EXPRESSIONS.index(expression)]


def _distribution(sums: Sequence[float]) -> _Seven:
    total = fsum(sums) if isinstance(sums[0], float) else sum(sums)
    return tuple(value / total for value in sums)


_BUCKETS = 100
"""Votes leave the window in so many steps: its length is kept to a hundredth, and its memory does not grow with the rate."""
_UNIT = 2**60
"""Votes are counted in whole parts of a second, because taking floats away for hours would not undo adding them."""


class Voter(NamedTuple):
    """A sure face of one frame.

    Attributes:
        person: the face's track, or a number below 0 of its own in this frame.
        loudness: confidence times the root of the face's side; of two faces in a frame the larger and surer counts more.
        part: confidence times the face's part of the frame; the parts alone sum to one over the faces of the frame.
        probabilities: of the face, in the order of `Expression`.
    """

    person: int
    weight: float
    frame_share: float
    probabilities: tuple[float, ...]

    def ballot(self, seconds: float) -> list[int]:
        """What the face adds to the seven sums, if its frame stands for so many seconds."""
        return [int(_UNIT * seconds * self.frame_share * share) for share in self.probabilities]


class VoteWindow:
    """The votes of the last seconds. A vote costs the same however long the window is.

    Attributes:
        persons: seven sums for each person who voted in the window, in the order of `Expression`, in parts of a second.
        all: the sums of all of them.

    Args:
        window_s: seconds, above 0.
    """

    def __init__(self, window_s: float) -> None:
        self._bucket_s = window_s / _BUCKETS
        self._buckets: deque[tuple[int, dict[int, list[int]]]] = deque()
        self.persons: dict[int, list[int]] = {}
        self.all = [0] * len(EXPRESSIONS)

    def advance(self, now_s: float) -> None:
        """Drop what is too old at `now_s`, which does not fall, and make room for the votes of now."""
        index = int(now_s / self._bucket_s)
        while self._buckets and self._buckets[0][0] <= index - _BUCKETS:
            for person, votes in self._buckets.popleft()[1].items():
                for sums in (self.persons[person], self.all):
                    add_ballot(sums, [-each for each in votes])
                if not any(self.persons[person]):
                    del self.persons[person]
        if not self._buckets or self._buckets[-1][0] != index:
            self._buckets.append((index, {}))

    def add(self, person: int, ballot: Sequence[int]) -> None:
        """Count a vote of the time that `move_on` was told last."""
        for sums in (self._buckets[-1][1], self.persons):
            add_ballot(sums.setdefault(person, [0] * len(EXPRESSIONS)), ballot)
        add_ballot(self.all, ballot)


def find_voters(faces: Sequence[Face]) -> list[Voter]:
    """The sure faces of one frame; those without a track are told apart by their order from left to right."""
    sure = [face for face in faces if not face.unsure]
    strangers = [face for face in sure if face.track is None]
    strangers.sort(key=lambda face: (face.box.left, face.box.top, face.box.area, face.probabilities))
    persons = [(face.track, face) for face in sure if face.track is not None]
    persons += [(-number, face) for number, face in enumerate(strangers, 1)]
    # The root of the side is the fourth root of the area
    nearness = [sqrt(sqrt(face.box.area)) for _, face in persons]
    everybody = fsum(nearness)
    return [
        Voter(person, near * face.confidence, near / everybody * face.confidence, face.probabilities)
        for near, (person, face) in zip(nearness, persons, strict=True)
    ]


def add_ballot(sums: list[int], ballot: Sequence[int]) -> None:
    """Add a ballot to seven sums, in place."""
    for index, votes in enumerate(ballot):
        sums[index] += votes
