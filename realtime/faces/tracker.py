"""The same person from frame to frame: stable numbers, and probabilities smoothed over time.

Where a face will be is foretold by a critically damped g-h filter (Brookner, Tracking and Kalman Filtering Made Easy, 1998,
section 1.2.6), and the boxes of a frame go to the tracks in the way that fits best over all of them.
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

FOLLOW_S = 0.1
"""Memory of the filter: shorter follows a turn faster, longer shakes less."""

COAST_S = 1.0
"""A face that is out of sight goes on as it moved, and slows down over about so long."""

REACH = 0.5
REACH_PER_S = 1.5
LONGEST_REACH = 1.5
"""How far from where it should be a face is known again, in sides of its box: the more, the longer it was out of sight.
Two faces side by side are about one side apart, so one that is missed for a frame does not lend its number to the other."""

MOST_GROWTH = 1.6
"""By how much a face may grow or shrink to be known again from afar."""

OVERLAPS_COST = 0.7
AGE_COST = 0.25
NEW_TRACK_COST = 1.25
"""What a pair costs: up to `OVERLAPS_COST` less overlap, above it, up to one, by distance, and some more for a face long
out of sight. Somebody new costs as much as the worst pair: a box that may go on a track does."""

FIRST_S = 1 / 30
"""The first look at a face counts for so long: as one frame among those that follow."""

KNOWN_S = 0.5
"""What was seen for so long is a face. Measured on webcam clips, of what is found again and again for less, much is none."""

GAP_S = 0.25
"""A look at a face says nothing of the time before it beyond this."""

APART_S = 0.15
"""Frames that are so far apart do not confirm each other: then each box is taken for a face at once."""

MIN_PRESENCE = 0.13
"""A face that is there is found in nearly every frame. A track whose presence falls below this ends: that of a face out of
sight when it is forgotten, that of what only now and then looks like one much earlier."""


@dataclass(frozen=True, slots=True)
class _Track:
    """One person.

    Attributes:
        number: of the person; None until further looks confirm that it is one.
        box: where the face was found last.
        place: its smoothed centre, pixels.
        speed: pixels a second, to the right and down.
        probabilities: smoothed.
        weight_s: how much time they stand for.
        seen_s: when the face was seen last, on the clock of the tracker.
        since_s: when it was seen first.
        adrift: whether it may have moved unseen while no time passed.
        presence: in how much of the last while it was found, 0..1, the older the less.
    """

    number: int | None
    box: Box
    place: tuple[float, float]
    speed: tuple[float, float]
    probabilities: tuple[float, ...]
    weight_s: float
    seen_s: float
    since_s: float
    adrift: bool = False
    presence: float = 0.5

    def predicted_box(self, now_s: float) -> Box:
        """Where the face should be."""
        x, y = _centre(self.box)
        ahead_s = COAST_S * -math.expm1(-(now_s - self.seen_s) / COAST_S)
        return _moved(self.box, x + self.speed[0] * ahead_s, y + self.speed[1] * ahead_s)


class Tracker:
    """Follows faces by where they should be: first by the overlap of boxes, then by distance and size.

    Args:
        match_overlap: intersection over union, 0..1, from which on a box fits a track; below it the distance has to be small.
        forget_after_s: a track that was not seen for so long ends, and its number is not used again.
        smoothing_s: time constant of the exponential average of probabilities; 0 takes each frame as it is.
        confirm_s: a newcomer counts when every frame has held it for so long; 0 takes each box for a face at once.
    """

    def __init__(self, *, match_overlap: float, forget_after_s: float, smoothing_s: float, confirm_s: float = 0.0) -> None:
        self._match_overlap = match_overlap
        self._forget_after_s = forget_after_s
        self._smoothing_s = smoothing_s
        self._confirm_s = confirm_s
        self._clock = SessionClock()
        self._now_s: float | None = None
        self._tracks: list[_Track] = []
        self._next = 1

    def pause(self) -> None:
        """Let no time pass until the next frame, whatever its clock says; faces are looked for about where they were."""
        self._clock.pause()
        self._tracks = [replace(track, place=_centre(track.box), speed=(0.0, 0.0), adrift=True) for track in self._tracks]

    def boxes(self, time_s: float) -> list[Box]:
        """Where the faces that are not forgotten by `time_s` should be."""
        now_s = self._clock.at(time_s)
        return [track.predicted_box(now_s) for track in self._alive(now_s)]

    def update(
        self, boxes: Sequence[Box], probabilities: Probabilities, time_s: float, unreadable: Collection[int] = ()
    ) -> list[Face]:
        """Take the faces of one frame.

        Args:
            boxes: n boxes.
            probabilities: (n, 7), one row a box.
            time_s: of the frame, seconds; where it falls or is no number, no time passes.
            unreadable: rows whose probabilities say nothing: a face that is known keeps its own.

        Returns:
            The faces in the order of `boxes`, each with its track and its smoothed probabilities; without those that a
            second look has to confirm.
        """
        now_s = self._clock.advance(time_s)
        # Nothing to compare with: long ago it may have looked otherwise
        passed_s = GAP_S if self._now_s is None else now_s - self._now_s
        trusting = self._confirm_s <= 0 or passed_s >= APART_S
        self._now_s = now_s
        fades = math.exp(-2 * passed_s / max(self._forget_after_s, 1e-9))
        tracks = [replace(track, presence=track.presence * fades) for track in self._alive(now_s)]
        owners = solve([[self._cost(track, box, now_s) for track in tracks] for box in boxes], NEW_TRACK_COST)
        faces: list[Face] = []
        newcomers: list[_Track] = []
        for row, box in enumerate(boxes):
            said = _distribution(probabilities[row])
            if row in owners:
                track = self._update(tracks[owners[row]], box, None if row in unreadable else said, now_s)
                track = replace(track, presence=track.presence + 1 - fades)
                track = self._confirm(track) if now_s - track.since_s >= self._confirm_s else track
                tracks[owners[row]] = track
            else:
                track = _Track(None, box, _centre(box), (0.0, 0.0), said, FIRST_S, now_s, now_s)
                track = replace(self._confirm(track), presence=1.0) if trusting else track
                newcomers.append(track)
            if track.number is not None:
                faces.append(Face(box, track.probabilities, track.number))
        self._tracks = [track for track in tracks if track.number is not None or track.seen_s == now_s] + newcomers
        return faces

    def recently_lost(self, within_s: float) -> list[Face]:
        """The faces known for a while that the last frame lacks, and one within `within_s` before it did not: as they were."""
        now_s = self._now_s or 0.0
        gone = (track for track in self._tracks if track.number is not None and 0 < now_s - track.seen_s <= within_s)
        known = (track for track in gone if track.seen_s - track.since_s >= KNOWN_S)
        return [Face(track.box, track.probabilities, track.number) for track in known]

    def _confirm(self, track: _Track) -> _Track:
        if track.number is not None:
            return track
        self._next += 1
        return replace(track, number=self._next - 1)

    def _alive(self, now_s: float) -> list[_Track]:
        there = (track for track in self._tracks if now_s - track.seen_s <= self._forget_after_s)
        return [track for track in there if track.presence >= MIN_PRESENCE]

    def _cost(self, track: _Track, box: Box, now_s: float) -> float:
        """How badly a box fits a track; infinite if it does not."""
        unseen_s = now_s - track.seen_s
        # Who stopped behind something is where it was
        places = (track.predicted_box(now_s), track.box) if unseen_s > GAP_S else (track.predicted_box(now_s),)
        age = AGE_COST * min(1.0, unseen_s / max(self._forget_after_s, 1e-9))
        overlap = max(box.overlap(place) for place in places)
        if overlap >= self._match_overlap and overlap > 0:
            return OVERLAPS_COST * (1 - overlap) + age
        side, other = _side(box), _side(track.box)
        reach = LONGEST_REACH if track.adrift else min(LONGEST_REACH, REACH + REACH_PER_S * unseen_s)
        distance = min(math.dist(_centre(box), _centre(place)) for place in places) / (max(side, other) * reach)
        if distance > 1 or max(side, other) > MOST_GROWTH * min(side, other):
            return math.inf
        return OVERLAPS_COST + (1 - OVERLAPS_COST) * distance + age

    def _update(self, track: _Track, box: Box, said: tuple[float, ...] | None, now_s: float) -> _Track:
        passed_s = now_s - track.seen_s
        place, speed = _filtered(track, _centre(box), passed_s)
        smooth = self._smoothed(track, said, min(passed_s, GAP_S)) if said else (track.probabilities, track.weight_s)
        return _Track(track.number, box, place, speed, *smooth, now_s, track.since_s, presence=track.presence)

    def _smoothed(self, track: _Track, said: tuple[float, ...], passed_s: float) -> tuple[tuple[float, ...], float]:
        """The average of all that was said, weighted by time, the older the less."""
        if self._smoothing_s <= 0:
            return said, FIRST_S
        fades = math.exp(-passed_s / self._smoothing_s)
        old, new = track.weight_s * fades, self._smoothing_s * (1 - fades)
        if old + new <= 0:
            return said, FIRST_S
        share = new / (old + new)
        smooth = tuple(share * now + (1 - share) * before for now, before in zip(said, track.probabilities, strict=True))
        return smooth, old + new


def _filtered(track: _Track, seen: tuple[float, float], passed_s: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Place and speed after a face was seen again."""
    if passed_s <= 0:
        return seen, track.speed
    memory = math.exp(-passed_s / FOLLOW_S)
    gain, speed_gain = 1 - memory**2, (1 - memory) ** 2 / passed_s
    axes = range(2)
    hoped = [track.place[axis] + track.speed[axis] * passed_s for axis in axes]
    missed = [seen[axis] - hoped[axis] for axis in axes]
    x, y = (hoped[axis] + gain * missed[axis] for axis in axes)
    right, down = (track.speed[axis] + speed_gain * missed[axis] for axis in axes)
    return (x, y), (right, down)


def _centre(box: Box) -> tuple[float, float]:
    return box.left + box.width / 2, box.top + box.height / 2


def _side(box: Box) -> int:
    return max(box.width, box.height)


def _moved(box: Box, x: float, y: float) -> Box:
    """The box about another centre."""
    return Box(round(x - box.width / 2), round(y - box.height / 2), box.width, box.height)


def _distribution(row: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> tuple[float, ...]:
    """The row as plain numbers that sum to one exactly enough to be averaged for hours."""
    values = row.astype(np.float64)
    return tuple(float(value) for value in values / values.sum())
