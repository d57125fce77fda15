"""Rolling vote on the mood of a session: what its faces looked like over the last seconds."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression, Mood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face

_ZEROS = (0.0,) * len(EXPRESSIONS)


class MoodVote:
    """Each face votes with its seven probabilities; a face that is unsure does not vote.

    The vote rolls over a stretch of time, not over a number of frames, so a slow machine looks back as far as a fast
    one. The leader changes only when another expression is ahead by `lead`, so that a close race does not flip.
    Once somebody voted the mood stays until others vote: an empty room keeps its last one.

    Args:
        window_s: votes older than this, counted from the newest, are dropped.
        lead: share, 0..1, by which a challenger must be ahead of the leader.
    """

    def __init__(self, *, window_s: float, lead: float) -> None:
        self._window_s = window_s
        self._lead = lead
        self._chosen: Expression | None = None
        self.restart()

    def restart(self) -> None:
        """Forget all votes; a choice by hand stays."""
        self._votes: deque[tuple[float, tuple[float, ...]]] = deque()
        self._totals = _ZEROS
        self._rolling = _ZEROS
        self._leader: Expression | None = None
        self._now_s: float | None = None
        self._offset_s = 0.0
        self._resumes = False

    def pause(self) -> None:
        """Let no time pass until the next vote, whatever its clock says."""
        self._resumes = True

    def choose(self, expression: Expression | None) -> None:
        """Set the mood by hand; None gives it back to the faces, who voted on meanwhile."""
        self._chosen = expression

    def vote(self, faces: Sequence[Face], time_s: float) -> None:
        """Count the faces of one frame, of `time_s` in seconds, not falling."""
        voters = [face.probabilities for face in faces if not face.unsure]
        if self._resumes and self._now_s is not None:
            self._offset_s = time_s - self._now_s
        self._resumes = False
        self._now_s = time_s - self._offset_s
        if not voters:
            return
        ballot = tuple(map(sum, zip(*voters, strict=True)))
        self._votes.append((self._now_s, ballot))
        self._totals = _added(self._totals, ballot)
        while self._now_s - self._votes[0][0] > self._window_s:
            self._votes.popleft()
        # Summed afresh: adding and taking away floats for hours would drift below zero
        self._rolling = _shares(tuple(map(sum, zip(*(ballot for _, ballot in self._votes), strict=True))))
        self._leader = self._lead_of(self._rolling)

    def mood(self) -> Mood | None:
        """The mood of the last seconds, or the one chosen by hand; None until somebody voted."""
        if self._chosen is not None:
            return Mood(tuple(float(expression is self._chosen) for expression in EXPRESSIONS), self._chosen, "hand")
        return Mood(self._rolling, self._leader) if self._votes else None

    def whole(self) -> Mood | None:
        """The mood of all votes since the start, or the one chosen by hand; None if nobody voted."""
        if self._chosen is not None:
            return self.mood()
        if not self._votes:
            return None
        shares = _shares(self._totals)
        return Mood(shares, EXPRESSIONS[shares.index(max(shares))])

    def shares(self) -> tuple[float, ...] | None:
        """What the faces looked like since the start, 0..1 for each expression, whatever was chosen by hand."""
        return _shares(self._totals) if self._votes else None

    def _lead_of(self, shares: tuple[float, ...]) -> Expression:
        challenger = EXPRESSIONS[shares.index(max(shares))]
        if self._leader is None:
            return challenger
        ahead = max(shares) - shares[EXPRESSIONS.index(self._leader)]
        return challenger if ahead > self._lead else self._leader


def of(faces: Sequence[Face]) -> Mood | None:
    """The mood of one picture: all its sure faces together; None if there is none."""
    vote = MoodVote(window_s=0, lead=0)
    vote.vote(faces, 0)
    return vote.mood()


def _added(one: tuple[float, ...], other: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _shares(totals: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(total / sum(totals) for total in totals)
