"""What keeps still: a clock that never falls, and what a face is called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE

if TYPE_CHECKING:
    from realtime.domain import Expression, Face


STATE_LIFETIME_S = 60.0
"""What a face was called is kept for so long after it was last seen: longer than any track lives."""


@dataclass(frozen=True, slots=True)
class _LabelState:
    """What a face is called.

    Attributes:
        expression: its label.
        sure: whether its probability is enough to rely on it.
        unreadable: why its crops cannot be read, None if they can.
        seen_s: when the face was seen last.
        rival: who is ahead of the label.
        rival_s: since when; None while nobody is.
        doubt_s: since when a sure face has been below the threshold; None while it is not.
        other_s: since when crops have said otherwise than `unreadable`; None while they do not.
    """

    expression: Expression
    sure: bool
    unreadable: str | None
    seen_s: float
    rival: Expression | None = None
    rival_s: float | None = None
    doubt_s: float | None = None
    other_s: float | None = None


class LabelHysteresis:
    """What each face of a session is called: a label stays until another one is clearly ahead, or has been for a while.

    Doubt works likewise: a face is sure from `unsure_below` on, and unsure again when it has been clearly below for a while.
    And so do crops that cannot be read: a face that turns or passes through a shadow keeps its word until that has lasted.

    Args:
        unsure_below: a face whose best expression is less probable is unsure, 0..1.
        slack: a sure face becomes unsure only when it is below the threshold by so much, 0..1.
        lead: a rival that is more probable than the label by so much takes its place at once, 0..1.
        dwell_s: a rival that has been ahead for so long takes it with a smaller lead; a face in doubt for so long is unsure,
            and so is one that cannot be read for so long; one that can is readable again after as long.
    """

    def __init__(self, *, unsure_below: float, slack: float, lead: float, dwell_s: float) -> None:
        self._unsure_below = unsure_below
        self._slack = slack
        self._lead = lead
        self._dwell_s = dwell_s
        self._held: dict[int, _LabelState] = {}

    def update(self, face: Face, now_s: float, *, seen: bool = True) -> Face:
        """Take the smoothed probabilities of a tracked face.

        Args:
            face: with its track; its reason is why this frame's crop cannot be read, None if it can.
            now_s: of the session, not falling.
            seen: whether the frame shows it; of one that is held, its reason says nothing.

        Returns:
            The face with what it is called, and why that is not to be relied on: that it cannot be read comes first.
        """
        track = face.track or 0
        best = EXPRESSIONS[face.probabilities.index(max(face.probabilities))]
        held = self._held.get(track)
        first = held is None
        if held is None:
            held = _LabelState(best, max(face.probabilities) >= self._unsure_below, face.reason, now_s)
        held = self._relied_on(self._named(held, face, best, now_s), max(face.probabilities), now_s)
        held = self._read(held, face.reason, now_s) if seen else held
        if first and held.unreadable is not None:
            # A single look proves nothing: the next one may say otherwise at once
            held = replace(held, other_s=-inf)
        self._held[track] = replace(held, seen_s=now_s)
        return replace(face, held=held.expression, reason=held.unreadable or (None if held.sure else LOW_CONFIDENCE))

    def prune(self, now_s: float) -> None:
        """Drop the labels of faces that will not come back."""
        self._held = {track: held for track, held in self._held.items() if now_s - held.seen_s <= STATE_LIFETIME_S}

    def _named(self, held: _LabelState, face: Face, best: Expression, now_s: float) -> _LabelState:
        if best is held.expression:
            return replace(held, rival=None, rival_s=None)
        since = held.rival_s if held.rival is best and held.rival_s is not None else now_s
        ahead = max(face.probabilities) - face.probabilities[EXPRESSIONS.index(held.expression)]
        if ahead >= self._lead or (now_s - since >= self._dwell_s and ahead > 0):
            return replace(held, expression=best, rival=None, rival_s=None)
        return replace(held, rival=best, rival_s=since)

    def _relied_on(self, held: _LabelState, probability: float, now_s: float) -> _LabelState:
        if probability >= self._unsure_below:
            return replace(held, sure=True, doubt_s=None)
        if not held.sure or probability >= self._unsure_below - self._slack:
            return replace(held, doubt_s=None)
        since = now_s if held.doubt_s is None else held.doubt_s
        if now_s - since >= self._dwell_s:
            return replace(held, sure=False, doubt_s=None)
        return replace(held, doubt_s=since)

    def _read(self, held: _LabelState, reason: str | None, now_s: float) -> _LabelState:
        if reason == held.unreadable:
            return replace(held, other_s=None)
        since = now_s if held.other_s is None else held.other_s
        if now_s - since >= self._dwell_s:
            return replace(held, unreadable=reason, other_s=None)
        return replace(held, other_s=since)
