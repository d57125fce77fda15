"""The same person from frame to frame: stable numbers, and probabilities smoothed over time."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Box, Probabilities


@dataclass(frozen=True, slots=True)
class _Track:
    number: int
    box: Box
    probabilities: tuple[float, ...]
    seen_s: float


class Tracker:
    """Follows faces by the overlap of their boxes.

    Args:
        match_overlap: intersection over union, 0..1, from which on a box goes on a track.
        forget_after_s: a track that was not seen for so long ends, and its number is not used again.
        smoothing_s: time constant of the exponential average of probabilities; 0 takes each frame as it is.
    """

    def __init__(self, *, match_overlap: float, forget_after_s: float, smoothing_s: float) -> None:
        self._match_overlap = match_overlap
        self._forget_after_s = forget_after_s
        self._smoothing_s = smoothing_s
        self._tracks: list[_Track] = []
        self._next = 1

    def boxes(self, time_s: float) -> list[Box]:
        """Where the faces that are not forgotten by `time_s` were seen last."""
        return [track.box for track in self._alive(time_s)]

    def update(self, boxes: Sequence[Box], probabilities: Probabilities, time_s: float) -> list[Face]:
        """Take the faces of one frame.

        Args:
            boxes: n boxes.
            probabilities: (n, 7), one row a box.
            time_s: of the frame, seconds, not falling.

        Returns:
            The faces in the order of `boxes`, each with its track and its smoothed probabilities.
        """
        tracks = self._alive(time_s)
        owners = self._match(tracks, boxes)
        faces: list[Face] = []
        for row, box in enumerate(boxes):
            said = _distribution(probabilities[row])
            track = tracks[owners[row]] if row in owners else None
            if track is None:
                track = _Track(self._next, box, said, time_s)
                self._next += 1
                tracks.append(track)
                faces.append(Face(box, said, track.number))
                continue
            smooth = self._smoothed(track, said, time_s)
            tracks[owners[row]] = replace(track, box=box, probabilities=smooth, seen_s=time_s)
            faces.append(Face(box, smooth, track.number))
        self._tracks = tracks
        return faces

    def _alive(self, time_s: float) -> list[_Track]:
        return [track for track in self._tracks if time_s - track.seen_s <= self._forget_after_s]

    def _match(self, tracks: Sequence[_Track], boxes: Sequence[Box]) -> dict[int, int]:
        """Give each box the free track that it overlaps most, the best pair first: row of the box to row of the track."""
        pairs = [(box.overlap(track.box), row, owner) for row, box in enumerate(boxes) for owner, track in enumerate(tracks)]
        owners: dict[int, int] = {}
        for overlap, row, owner in sorted(pairs, key=lambda pair: -pair[0]):
            if overlap < self._match_overlap or overlap <= 0:
                break
            if row not in owners and owner not in owners.values():
                owners[row] = owner
        return owners

    def _smoothed(self, track: _Track, said: tuple[float, ...], time_s: float) -> tuple[float, ...]:
        if self._smoothing_s <= 0:
            return said
        new = 1 - math.exp(-max(0.0, time_s - track.seen_s) / self._smoothing_s)
        return tuple(new * now + (1 - new) * before for now, before in zip(said, track.probabilities, strict=True))


def _distribution(row: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> tuple[float, ...]:
    """The row as plain numbers that sum to one exactly enough to be averaged for hours."""
    values = row.astype(np.float64)
    return tuple(float(value) for value in values / values.sum())
