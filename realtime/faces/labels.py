"""Label hysteresis: when the label of a face changes, and when it becomes reliable or unreliable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE, top

if TYPE_CHECKING:
    from realtime.domain import Expression, Face, Threshold


STATE_LIFETIME_S = 60.0
"""The state of a face is kept for so long after the face was last updated: longer than any track lives."""


@dataclass(frozen=True, slots=True)
class _LabelState:
    """State of one face. All times are session time in seconds.

    Attributes:
        label: the expression that names the face.
        confident: whether the probability of the best expression is high enough.
        reason: why the crops of the face cannot be read; None if they can.
        updated_s: time of the last update.
        rival: the expression that is more probable than the label; None if there is none.
        rival_since_s: since when the rival is more probable; None without a rival.
        below_since_s: since when a confident face is clearly below the threshold; None if it is not.
        other_since_s: since when the crops give another reason than `reason`; None if they do not.
    """

    label: Expression
    confident: bool
    reason: str | None
    updated_s: float
    rival: Expression | None = None
    rival_since_s: float | None = None
    below_since_s: float | None = None
    other_since_s: float | None = None


class LabelHysteresis:
    """Labels the faces of a session. A label changes when another expression is clearly ahead, or ahead for long enough.

    Confidence has a hysteresis, too: a face becomes confident at the threshold `unsure_below`. It loses its confidence when
    it stays clearly below the threshold for `dwell_s`. So has the reason why a face cannot be read: a face that turns or
    crosses a shadow keeps its label until the reason has lasted for `dwell_s`.

    Args:
        unsure_below: a face is unsure if its best expression is less probable.
        slack: how far below the threshold the probability of a confident face must fall, 0..1.
        lead: a rival that is more probable than the label by this much becomes the label at once, 0..1.
        dwell_s: seconds after which a rival with a smaller lead becomes the label. After the same time a face that stays
            clearly below the threshold becomes unsure, and a new reason (or that there is none) takes effect.
    """

    def __init__(self, *, unsure_below: Threshold, slack: float, lead: float, dwell_s: float) -> None:
        self._unsure_below = unsure_below
        self._slack = slack
        self._lead = lead
        self._dwell_s = dwell_s
        self._states: dict[int, _LabelState] = {}

    def update(self, face: Face, now_s: float, *, detected: bool = True) -> Face:
        """Update the state of a tracked face.

        Args:
            face: a face with its track and smoothed probabilities; `reason` says why the crop of this frame cannot be read.
            now_s: session time, which never falls; seconds.
            detected: whether this frame shows the face. If not, `reason` is ignored, since there is no new crop.

        Returns:
            The face with its label, and with the reason why the label is unreliable. The reason of an unreadable crop goes
            before low confidence.
        """
        track = face.track or 0
        state = self._states.get(track)
        is_new = state is None
        if state is None:
            state = _LabelState(top(face.probabilities), self._unsure_below.is_reached(face.probabilities), face.reason, now_s)
        state = self._update_confidence(self._update_label(state, face, now_s), face, now_s)
        if detected:
            state = self._update_reason(state, face.reason, now_s)
        if is_new and state.reason is not None:
            # One crop proves little: the next one may change the reason at once
            state = replace(state, other_since_s=-inf)
        self._states[track] = replace(state, updated_s=now_s)
        return replace(face, label=state.label, reason=state.reason or (None if state.confident else LOW_CONFIDENCE))

    def prune(self, now_s: float) -> None:
        """Drop the states that are older than `STATE_LIFETIME_S`: the tracks of these faces have ended."""
        self._states = {track: state for track, state in self._states.items() if now_s - state.updated_s <= STATE_LIFETIME_S}

    def _update_label(self, state: _LabelState, face: Face, now_s: float) -> _LabelState:
        best = top(face.probabilities)
        if best is state.label:
            return replace(state, rival=None, rival_since_s=None)
        since_s = state.rival_since_s if state.rival is best and state.rival_since_s is not None else now_s
        lead = max(face.probabilities) - face.probabilities[EXPRESSIONS.index(state.label)]
        if lead >= self._lead or (now_s - since_s >= self._dwell_s and lead > 0):
            return replace(state, label=best, rival=None, rival_since_s=None)
        return replace(state, rival=best, rival_since_s=since_s)

    def _update_confidence(self, state: _LabelState, face: Face, now_s: float) -> _LabelState:
        probability, least = max(face.probabilities), self._unsure_below.of(top(face.probabilities))
        if probability >= least:
            return replace(state, confident=True, below_since_s=None)
        if not state.confident or probability >= least - self._slack:
            return replace(state, below_since_s=None)
        since_s = now_s if state.below_since_s is None else state.below_since_s
        if now_s - since_s >= self._dwell_s:
            return replace(state, confident=False, below_since_s=None)
        return replace(state, below_since_s=since_s)

    def _update_reason(self, state: _LabelState, reason: str | None, now_s: float) -> _LabelState:
        if reason == state.reason:
            return replace(state, other_since_s=None)
        since_s = now_s if state.other_since_s is None else state.other_since_s
        if now_s - since_s >= self._dwell_s:
            return replace(state, reason=reason, other_since_s=None)
        return replace(state, other_since_s=since_s)
