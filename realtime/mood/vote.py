"""Rolling vote on the mood of a session: which expression leads, and when the mood is mixed."""

from __future__ import annotations

from collections import deque
from math import fsum, sqrt
from typing import TYPE_CHECKING, NamedTuple

from realtime.domain import EXPRESSIONS, Expression, Mood, top

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face


ENTER_SHARE = 0.65
"""Faces that disagree get a leader from this share of the vote, or of the faces, on: two of three faces agree."""
LEAVE_SHARE = 0.55
"""Faces that disagree lose their leader below this share of both: two faces differ, even if one counts a little more."""
MAX_FRAME_S = 1.0
"""A frame stands for the time since the frame before, but for no more seconds than this: an outage or a clock may jump."""
MIN_FRAME_S = 0.001
"""A frame stands for no fewer seconds than this, at any frame rate."""
DEFAULT_FRAME_S = 1 / 30
"""Seconds of a frame without a known time: the first one, the first one after a pause, and one whose clock did not advance."""
IN_VIEW_S = 0.5
"""A face that has not voted for more seconds than this is gone. A face that the detector misses in a few frames is not."""
LEAST_CONFIDENCE = 0.001
"""A face that keeps a label which is less probable than this does not vote: its vote would have no weight."""
SETTLE_S = 0.6
"""A change of the leader must be due for so many seconds. That is longer than `IN_VIEW_S`: a person who gets a new track number
counts twice for that long."""

_WINDOW_STEPS = 100
"""Votes leave the window in so many steps: its length is accurate to a hundredth, and its memory does not grow with the frame
rate."""
_VOTES_PER_S = 2**60
"""Votes are whole numbers, this many for each second: adding and subtracting floats for hours would leave rounding errors."""

_Shares = tuple[float, ...]


class MoodVote:
    """Each face votes with its seven probabilities. An unsure face does not vote.

    The weight of a vote is the time that its frame stands for, times the confidence of the face, times the share of the face
    in its frame. The shares of a frame sum to one, so a crowd does not outweigh the minutes before it. They are proportional
    to the square root of the side of the face, so a face at a quarter of the distance counts twice. The window of the vote is
    a time and not a number of frames, so it is equally long on a slow and on a fast computer.

    The leader changes when another expression is ahead by `lead`. The mood is mixed, which means that it has no leader, if the
    faces in view show different expressions and no expression has a clear majority of the vote or of the faces
    (`ENTER_SHARE`, `LEAVE_SHARE`). Among the faces each one counts for its strongest expression in the window, so a single
    face is never mixed. After each change the mood stays for `dwell_s`. An empty room keeps its last mood until a face votes.

    Args:
        window_s: length of the window up to the newest vote; seconds, above 0.
        lead: share, 0..1, by which an expression must be ahead of the leader to replace it.
        dwell_s: minimal time between two changes of the leader; seconds.
    """

    def __init__(self, *, window_s: float, lead: float, dwell_s: float) -> None:
        self._window_s = window_s
        self._lead = lead
        self._dwell_s = dwell_s
        self._chosen: Expression | None = None
        self.restart()

    def restart(self) -> None:
        """Forget all votes. A mood chosen by hand stays."""
        self._window = VoteWindow(self._window_s)
        # For each person in view its weight, and the time of its last vote
        self._in_view: dict[int, tuple[float, float]] = {}
        self._session_sums = [0] * len(EXPRESSIONS)
        self._voted_s = self._mixed_s = 0.0
        self._shares: _Shares | None = None
        self._leader: Expression | None = None
        self._due: Expression | None = None
        self._changed_s = self._due_since_s = 0.0
        self._now_s = 0.0
        self._clock_s: float | None = None

    def pause(self) -> None:
        """Let no time pass until the next vote, whatever its time is."""
        self._clock_s = None

    def choose(self, expression: Expression | None) -> None:
        """Set the mood by hand; None returns to the vote of the faces, which goes on in the meantime."""
        self._chosen = expression

    def vote(self, faces: Sequence[Face], time_s: float) -> None:
        """Add the votes of one frame at `time_s` seconds. The clock may jump or fall."""
        seconds = self._frame_duration(time_s)
        self._now_s += seconds
        voters = find_voters(faces)
        if not voters:
            return
        self._window.advance(self._now_s)
        for voter in voters:
            ballot = voter.ballot(seconds)
            self._window.add(voter.person, ballot)
            add_ballot(self._session_sums, ballot)
            self._in_view[voter.person] = voter.weight, self._now_s
        self._shares = _to_shares(self._window.sums)
        self._update_leader(self._shares)
        self._voted_s += seconds
        self._mixed_s += seconds if self._leader is None else 0

    def mood(self) -> Mood | None:
        """The mood in the window, or the one chosen by hand; None before the first vote. A mixed mood has no leader."""
        if self._chosen is not None:
            return Mood.by_hand(self._chosen)
        return None if self._shares is None else Mood(self._shares, self._leader)

    def session_mood(self) -> Mood | None:
        """The mood of all votes since the start, or the one chosen by hand; None before the first vote.

        It is mixed if the mood was mixed for more than half of the time in which faces voted.
        """
        shares = self.shares()
        if self._chosen is not None or shares is None:
            return self.mood()
        return Mood(shares, None if self._mixed_s > self._voted_s / 2 else top(shares))

    def shares(self) -> tuple[float, ...] | None:
        """Share of each expression in all votes since the start, 0..1; a choice by hand has no effect."""
        return None if self._shares is None else _to_shares(self._session_sums)

    def _frame_duration(self, time_s: float) -> float:
        passed_s = 0.0 if self._clock_s is None else time_s - self._clock_s
        self._clock_s = time_s
        return max(MIN_FRAME_S, min(passed_s, MAX_FRAME_S)) if passed_s > 0 else DEFAULT_FRAME_S

    def _update_leader(self, shares: _Shares) -> None:
        """Change the leader if that is due. The first leader is due at once."""
        leader = _next_leader(shares, self._shares_of_faces(), self._leader, self._lead)
        if not self._voted_s:
            self._leader, self._changed_s = leader, self._now_s
        if leader is not self._due:
            self._due, self._due_since_s = leader, self._now_s
        is_settled = self._now_s - self._due_since_s >= SETTLE_S
        if leader is not self._leader and is_settled and self._now_s - self._changed_s >= self._dwell_s:
            self._leader, self._changed_s = leader, self._now_s

    def _shares_of_faces(self) -> _Shares:
        """Weighted share of the faces in view whose strongest expression in the window is each expression."""
        sums = self._window.sums_of_persons
        gone = [person for person, (_, at_s) in self._in_view.items() if self._now_s - at_s > IN_VIEW_S or person not in sums]
        for person in gone:
            del self._in_view[person]
        return _share_of_faces([(weight, top(sums[person])) for person, (weight, _) in self._in_view.items()])


def mood_of_pictures(*pictures: Sequence[Face]) -> Mood | None:
    """The mood of the faces of one or more pictures, which all count the same; None if no face is sure."""
    voters = [voter for faces in pictures for voter in find_voters(faces)]
    if not voters:
        return None
    columns = zip(*([voter.frame_share * share for share in voter.probabilities] for voter in voters), strict=True)
    shares = _to_shares([fsum(column) for column in columns])
    face_shares = _share_of_faces([(voter.frame_share, top(voter.probabilities)) for voter in voters])
    return Mood(shares, _first_leader(shares, face_shares, 0))


class Voter(NamedTuple):
    """A sure face of one frame.

    Attributes:
        person: track of the face; a face without a track has a number below 0, unique in its frame.
        weight: confidence times the square root of the side of the face: a larger and a more confident face counts more.
        frame_share: confidence times the share of the face in the frame; these shares, without confidence, sum to one.
        probabilities: probabilities of the face, in the order of `Expression`.
    """

    person: int
    weight: float
    frame_share: float
    probabilities: tuple[float, ...]

    def ballot(self, seconds: float) -> list[int]:
        """Seven numbers that the face adds to the sums if its frame stands for so many seconds."""
        return [int(_VOTES_PER_S * seconds * self.frame_share * share) for share in self.probabilities]


class VoteWindow:
    """Sums of the votes of the last seconds. Adding a vote takes equally long for each length of the window.

    Attributes:
        sums: seven sums over all persons, in the order of `Expression`.
        sums_of_persons: the seven sums of each person who voted in the window.

    Args:
        window_s: length of the window; seconds, above 0.
    """

    def __init__(self, window_s: float) -> None:
        self._step_s = window_s / _WINDOW_STEPS
        self._steps: deque[tuple[int, dict[int, list[int]]]] = deque()
        self.sums_of_persons: dict[int, list[int]] = {}
        self.sums = [0] * len(EXPRESSIONS)

    def advance(self, now_s: float) -> None:
        """Advance the window to `now_s`, which never falls: drop old votes, and begin a new step if it is time."""
        index = int(now_s / self._step_s)
        while self._steps and self._steps[0][0] <= index - _WINDOW_STEPS:
            for person, votes in self._steps.popleft()[1].items():
                for sums in (self.sums_of_persons[person], self.sums):
                    add_ballot(sums, [-each for each in votes])
                if not any(self.sums_of_persons[person]):
                    del self.sums_of_persons[person]
        if not self._steps or self._steps[-1][0] != index:
            self._steps.append((index, {}))

    def add(self, person: int, ballot: Sequence[int]) -> None:
        """Add a ballot at the time of the last `advance`."""
        for sums in (self._steps[-1][1], self.sums_of_persons):
            add_ballot(sums.setdefault(person, [0] * len(EXPRESSIONS)), ballot)
        add_ballot(self.sums, ballot)


def find_voters(faces: Sequence[Face]) -> list[Voter]:
    """The sure faces of one frame, without those whose held label has become improbable.

    Faces without a track are numbered from left to right.
    """
    sure = [face for face in faces if not face.unsure and face.confidence >= LEAST_CONFIDENCE]
    untracked = [face for face in sure if face.track is None]
    untracked.sort(key=lambda face: (face.box.left, face.box.top, face.box.area, face.probabilities))
    persons = [(face.track, face) for face in sure if face.track is not None]
    persons += [(-number, face) for number, face in enumerate(untracked, 1)]
    # The square root of the side is the fourth root of the area
    sizes = [sqrt(sqrt(face.box.area)) for _, face in persons]
    total = fsum(sizes)
    return [
        Voter(person, size * face.confidence, size / total * face.confidence, face.probabilities)
        for size, (person, face) in zip(sizes, persons, strict=True)
    ]


def add_ballot(sums: list[int], ballot: Sequence[int]) -> None:
    """Add a ballot to seven sums, in place."""
    for index, votes in enumerate(ballot):
        sums[index] += votes


def _next_leader(shares: _Shares, face_shares: _Shares, leader: Expression | None, lead: float) -> Expression | None:
    """The leader that is due after `leader`; None if the mood should be mixed."""
    if leader is None:
        return _first_leader(shares, face_shares, lead)
    if max(*shares, *face_shares) < LEAVE_SHARE:
        return None
    if max(shares) - _share_of(shares, leader) <= lead:
        return leader
    challenger = top(shares)
    faces_agree = max(face_shares) == 1
    is_clear = max(_share_of(shares, challenger), _share_of(face_shares, challenger)) >= ENTER_SHARE
    return challenger if faces_agree or is_clear else None


def _first_leader(shares: _Shares, face_shares: _Shares, lead: float) -> Expression | None:
    """The leader after a mixed mood: the clear majority of the faces unless its share is behind, else that of the vote."""
    if max(face_shares) >= ENTER_SHARE:
        majority = top(face_shares)
        return majority if max(shares) - _share_of(shares, majority) <= lead else None
    return top(shares) if max(shares) >= ENTER_SHARE else None


def _share_of_faces(faces: Sequence[tuple[float, Expression]]) -> _Shares:
    """Share of each expression among faces, given as pairs of weight and strongest expression."""
    return _to_shares([fsum(weight for weight, strongest in faces if strongest is expression) for expression in EXPRESSIONS])


def _share_of(shares: _Shares, expression: Expression) -> float:
    return shares[EXPRESSIONS.index(expression)]


def _to_shares(sums: Sequence[float]) -> _Shares:
    total = fsum(sums) if isinstance(sums[0], float) else sum(sums)
    return tuple(value / total for value in sums)
