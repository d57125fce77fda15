"""Track faces from frame to frame: stable numbers, predicted boxes, probabilities smoothed over time.

A critically damped g-h filter predicts where a face will be (Brookner, Tracking and Kalman Filtering Made Easy, 1998, section
1.2.6). The boxes of a frame are assigned to the tracks at the least total cost.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from realtime.clock import SessionClock
from realtime.domain import Box, Face
from realtime.faces.assignment import solve

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from realtime.domain import Probabilities

FILTER_MEMORY_S = 0.1
"""Memory of the filter in seconds: a shorter one follows a fast turn better, a longer one jitters less."""

COAST_S = 1.0
"""Time constant in seconds with which the predicted motion of a lost face slows down."""

REACH = 0.5
REACH_PER_S = 1.5
MAX_REACH = 1.5
"""A box can match a track up to this distance from the predicted centre, in sides of the box. The distance grows with the time
since the face was detected. Two faces side by side are about one side apart, so a face that is missed for one frame does not
lose its number to its neighbour."""

MAX_SIZE_RATIO = 1.6
"""A box that does not overlap a track can match it if their sides differ by no more than this factor."""

OVERLAP_COST = 0.7
AGE_COST = 0.25
NEW_TRACK_COST = 1.25
"""Costs of an assignment. A box that overlaps a track costs `OVERLAP_COST` times the share without overlap. Another box costs
between `OVERLAP_COST` and 1, by its distance. `AGE_COST` is added for a track that was not detected for long. A new track
costs as much as the worst possible pair, so a box that may match a track is assigned to it."""

FIRST_WEIGHT_S = 1 / 30
"""Weight of the first probabilities of a track, in seconds: that of one frame among the frames that follow."""

MIN_KNOWN_S = 0.5
"""A track of this age is a face. On annotated webcam clips, many shorter tracks are false faces."""

MAX_GAP_S = 0.25
"""The probabilities of one detection stand for no more than so many seconds before it."""

SPARSE_FRAMES_S = 0.15
"""Frames that are so many seconds apart do not confirm a face: then each new box is a face at once."""

MIN_PRESENCE = 0.13
"""A track whose presence falls below this value ends. A true face is detected in nearly every frame, so the track of a lost
face ends at about `forget_after_s`, but that of something that looks like a face only now and then ends much earlier."""


@dataclass(frozen=True, slots=True)
class _Track:
    """Track of one person. Times are seconds on the tracker's clock.

    Attributes:
        number: number of the person; None until later frames confirm the face.
        box: last detected box.
        centre: smoothed centre of the box, (x, y) in pixels.
        velocity: pixels a second, to the right and downwards.
        probabilities: smoothed probabilities.
        weight_s: how many seconds the probabilities stand for.
        detected_s: time of the last detection.
        first_detected_s: time of the first detection.
        after_pause: whether the face may have moved during a pause, in which no time passed.
        presence: share of the recent past in which the face was detected, 0..1; the past decays exponentially.
    """

    number: int | None
    box: Box
    centre: tuple[float, float]
    velocity: tuple[float, float]
    probabilities: tuple[float, ...]
    weight_s: float
    detected_s: float
    first_detected_s: float
    after_pause: bool = False
    presence: float = 0.5

    def predicted_box(self, now_s: float) -> Box:
        """Predict the box of the face at `now_s`."""
        x, y = self.box.centre
        ahead_s = COAST_S * -math.expm1(-(now_s - self.detected_s) / COAST_S)
        return _move_to(self.box, x + self.velocity[0] * ahead_s, y + self.velocity[1] * ahead_s)


@dataclass(frozen=True, slots=True)
class ExpectedFace:
    """A face that the next frame may show.

    Attributes:
        track: number of the person; None until later frames confirm the face.
        box: predicted box.
        shown: whether the last frame showed it.
    """

    track: int | None
    box: Box
    shown: bool


class Tracker:
    """Assigns boxes to the predicted boxes of tracks: by overlap if they overlap enough, else by distance and size.

    Args:
        match_overlap: intersection over union, 0..1, from which a box matches a track at any distance and size.
        forget_after_s: a track ends after so many seconds without a detection; its number is not used again.
        smoothing_s: time constant of the exponential average of probabilities, seconds; 0 for no smoothing.
        confirm_s: a new face counts after every frame has shown it for so many seconds; 0 for at once.
    """

    def __init__(self, *, match_overlap: float, forget_after_s: float, smoothing_s: float, confirm_s: float = 0.0) -> None:
        self._match_overlap = match_overlap
        self._forget_after_s = forget_after_s
        self._smoothing_s = smoothing_s
        self._confirm_s = confirm_s
        self._clock = SessionClock()
        self._now_s: float | None = None
        self._tracks: list[_Track] = []
        self._next_number = 1

    def pause(self) -> None:
        """Let no time pass until the next frame, whatever its time is. Tracks stop, and may match at a larger distance."""
        self._clock.pause()
        self._tracks = [
            replace(track, centre=track.box.centre, velocity=(0.0, 0.0), after_pause=True) for track in self._tracks
        ]

    def boxes(self, time_s: float) -> list[Box]:
        """Predicted boxes, at `time_s`, of the tracks that have not ended by then."""
        now_s = self._clock.at(time_s)
        return [track.predicted_box(now_s) for track in self._live_tracks(now_s)]

    def expected(self, time_s: float) -> list[ExpectedFace]:
        """The faces of the tracks that have not ended by `time_s`, with their predicted boxes."""
        now_s = self._clock.at(time_s)
        return [
            ExpectedFace(track.number, track.predicted_box(now_s), track.detected_s == self._now_s)
            for track in self._live_tracks(now_s)
        ]

    def update(
        self, boxes: Sequence[Box], probabilities: Probabilities, time_s: float, unreadable: Collection[int] = ()
    ) -> list[Face]:
        """Update the tracks with the faces of one frame.

        Args:
            boxes: n boxes.
            probabilities: (n, 7), one row for each box.
            time_s: time of the frame, seconds. No time passes where it falls or is not finite.
            unreadable: rows whose probabilities mean nothing: a tracked face keeps its smoothed probabilities.

        Returns:
            The faces in the order of `boxes`, each with its track and its smoothed probabilities, without the faces that
            are not confirmed yet.
        """
        now_s = self._clock.advance(time_s)
        # No frame before the first one could confirm a face: it counts as sparse
        passed_s = MAX_GAP_S if self._now_s is None else now_s - self._now_s
        confirm_at_once = self._confirm_s <= 0 or passed_s >= SPARSE_FRAMES_S
        self._now_s = now_s
        decay = math.exp(-2 * passed_s / max(self._forget_after_s, 1e-9))
        tracks = [replace(track, presence=track.presence * decay) for track in self._live_tracks(now_s)]
        assigned = solve([[self._cost(track, box, now_s) for track in tracks] for box in boxes], NEW_TRACK_COST)
        faces: list[Face] = []
        new_tracks: list[_Track] = []
        for row, box in enumerate(boxes):
            current = _to_distribution(probabilities[row])
            if row in assigned:
                track = self._update(tracks[assigned[row]], box, None if row in unreadable else current, now_s)
                track = replace(track, presence=track.presence + 1 - decay)
                track = self._confirm(track) if now_s - track.first_detected_s >= self._confirm_s else track
                tracks[assigned[row]] = track
            else:
                track = _Track(None, box, box.centre, (0.0, 0.0), current, FIRST_WEIGHT_S, now_s, now_s)
                track = replace(self._confirm(track), presence=1.0) if confirm_at_once else track
                new_tracks.append(track)
            if track.number is not None:
                faces.append(Face(box, track.probabilities, track.number))
        self._tracks = [track for track in tracks if track.number is not None or track.detected_s == now_s] + new_tracks
        return faces

    def recently_lost(self, within_s: float) -> list[Face]:
        """The known faces that the last frame misses but a frame at most `within_s` seconds before it showed, unchanged."""
        now_s = self._now_s or 0.0
        lost = (track for track in self._tracks if track.number is not None and 0 < now_s - track.detected_s <= within_s)
        known = (track for track in lost if track.detected_s - track.first_detected_s >= MIN_KNOWN_S)
        return [Face(track.box, track.probabilities, track.number) for track in known]

    def _confirm(self, track: _Track) -> _Track:
        if track.number is not None:
            return track
        self._next_number += 1
        return replace(track, number=self._next_number - 1)

    def _live_tracks(self, now_s: float) -> list[_Track]:
        recent = (track for track in self._tracks if now_s - track.detected_s <= self._forget_after_s)
        return [track for track in recent if track.presence >= MIN_PRESENCE]

    def _cost(self, track: _Track, box: Box, now_s: float) -> float:
        """Cost of a pair of track and box; infinite if they cannot match."""
        missing_s = now_s - track.detected_s
        # A face that stopped behind something is where it was last detected
        candidates = (track.predicted_box(now_s), track.box) if missing_s > MAX_GAP_S else (track.predicted_box(now_s),)
        age_cost = AGE_COST * min(1.0, missing_s / max(self._forget_after_s, 1e-9))
        overlap = max(box.overlap(candidate) for candidate in candidates)
        if overlap >= self._match_overlap and overlap > 0:
            return OVERLAP_COST * (1 - overlap) + age_cost
        side, other = _longer_side(box), _longer_side(track.box)
        reach = MAX_REACH if track.after_pause else min(MAX_REACH, REACH + REACH_PER_S * missing_s)
        distance = min(math.dist(box.centre, candidate.centre) for candidate in candidates) / (max(side, other) * reach)
        if distance > 1 or max(side, other) > MAX_SIZE_RATIO * min(side, other):
            return math.inf
        return OVERLAP_COST + (1 - OVERLAP_COST) * distance + age_cost

    def _update(self, track: _Track, box: Box, current: tuple[float, ...] | None, now_s: float) -> _Track:
        passed_s = now_s - track.detected_s
        centre, velocity = _filter_motion(track, box.centre, passed_s)
        if current:
            probabilities, weight_s = self._smooth(track, current, min(passed_s, MAX_GAP_S))
        else:
            probabilities, weight_s = track.probabilities, track.weight_s
        return _Track(
            track.number,
            box,
            centre,
            velocity,
            probabilities,
            weight_s,
            detected_s=now_s,
            first_detected_s=track.first_detected_s,
            presence=track.presence,
        )

    def _smooth(self, track: _Track, current: tuple[float, ...], passed_s: float) -> tuple[tuple[float, ...], float]:
        """Average of all probabilities of a track, weighted by time with exponential decay, and its weight in seconds."""
        if self._smoothing_s <= 0:
            return current, FIRST_WEIGHT_S
        decay = math.exp(-passed_s / self._smoothing_s)
        old_weight, new_weight = track.weight_s * decay, self._smoothing_s * (1 - decay)
        if old_weight + new_weight <= 0:
            return current, FIRST_WEIGHT_S
        share = new_weight / (old_weight + new_weight)
        smoothed = tuple(share * new + (1 - share) * old for new, old in zip(current, track.probabilities, strict=True))
        return smoothed, old_weight + new_weight


def _filter_motion(
    track: _Track, measured: tuple[float, float], passed_s: float
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Centre and velocity of a track after a new measurement of its centre."""
    if passed_s <= 0:
        return measured, track.velocity
    memory = math.exp(-passed_s / FILTER_MEMORY_S)
    gain, velocity_gain = 1 - memory**2, (1 - memory) ** 2 / passed_s
    axes = range(2)
    predicted = [track.centre[axis] + track.velocity[axis] * passed_s for axis in axes]
    residual = [measured[axis] - predicted[axis] for axis in axes]
    x, y = (predicted[axis] + gain * residual[axis] for axis in axes)
    right, down = (track.velocity[axis] + velocity_gain * residual[axis] for axis in axes)
    return (x, y), (right, down)


def _longer_side(box: Box) -> int:
    return max(box.width, box.height)


def _move_to(box: Box, x: float, y: float) -> Box:
    """The box around another centre."""
    return Box(round(x - box.width / 2), round(y - box.height / 2), box.width, box.height)


def _to_distribution(row: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> tuple[float, ...]:
    """The row in double precision, with a sum of one that is exact enough to be averaged for hours."""
    values = row.astype(np.float64)
    return tuple(float(value) for value in values / values.sum())
