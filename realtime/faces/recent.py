"""Which faces of a live frame need a search or an answer of the network: those whose pixels changed since the last one.

A face at rest keeps box and answer for a moment. A face that moves as expected is searched in every second frame at 30 frames a
second; in the frame between it is read where it is expected, if it looks alike there. Where a face was missed, nothing is
searched for a moment until something changes there. `python -m benchmarks.detection` and `steadiness` measure what that does to
boxes and labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from realtime.classifier.crops import crop_faces
from realtime.domain import CROP_SIDE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from realtime.domain import Box, Image
    from realtime.faces.tracker import ExpectedFace

    Crop = NDArray[np.float32]

KEEP_S = 0.2
"""A face whose pixels do not change is searched and read again after so many seconds."""
UNSEARCHED_S = 0.05
"""A face that moves as expected is searched again after so many seconds: in every second frame of a camera of 30 a second."""
CELL = 6
"""Side of the cells whose means are compared, in pixels of a crop: noise averages out, and an edge that moves by a quarter of
a pixel of the crop does not."""
REST_LEVELS = (1.0, 2.5)
"""Range of the largest difference of a cell that counts as noise, in grey levels; the noise of the crop selects the value."""
NOISE_FACTOR = 1.0
"""The difference that counts as noise, in standard deviations of the difference of single pixels. With independent noise the
mean of a cell varies by a sixth of that."""
LIKENESS = 0.9
"""Correlation of two crops that show the same face in the same place. Crops of a face and of a wall, or of two faces, have less
than half."""
SURROUNDINGS = 1.6
"""Side of the square that is watched where a face was missed, as a multiple of its box: the region that is searched near it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What detector and network said of a face.

    Attributes:
        box: where it was, in pixels of the frame.
        crop: (48, 48, 1) float32 grey in 0..1.
        row: (7,) float32, its probabilities.
        reason: why the crop cannot be read, or None.
        brightness: mean brightness of the crop, 0..1.
    """

    box: Box
    crop: Crop
    row: NDArray[np.float32]
    reason: str | None
    brightness: float


class Plan(NamedTuple):
    """What to do with the expected faces of a frame.

    Attributes:
        kept: answers that still hold, by track.
        moved: boxes of faces that are where they were expected, by track: to be read, not searched.
        searched: faces to search near their boxes.
        quiet: tracks whose face is missed, and where nothing changed since.
    """

    kept: dict[int, Answer]
    moved: dict[int, Box]
    searched: list[ExpectedFace]
    quiet: list[int]


@dataclass(frozen=True, slots=True)
class _Seen:
    answer: Answer
    searched_s: float
    read_s: float


@dataclass(frozen=True, slots=True)
class _Missed:
    box: Box
    crop: Crop
    searched_s: float


class RecentAnswers:
    """The last answers for the faces of a session, by their track.

    Args:
        side_ratio: side of a crop as a multiple of the longer side of the detector's box.
    """

    def __init__(self, side_ratio: float) -> None:
        self._side_ratio = side_ratio
        self._seen: dict[int, _Seen] = {}
        self._missed: dict[int, _Missed] = {}

    def clear(self) -> None:
        """Forget everything: the source was interrupted."""
        self._seen.clear()
        self._missed.clear()

    def plan(self, image: Image, expected: Sequence[ExpectedFace], now_s: float) -> Plan:
        """Decide for each expected face of a frame (height, width, 3) uint8 BGR at session time `now_s`."""
        plan = Plan({}, {}, [], [])
        for face in expected:
            track = face.track or 0
            seen, missed = self._seen.get(track), self._missed.get(track)
            if missed is not None and now_s - missed.searched_s < KEEP_S and self._is_unchanged(image, missed, SURROUNDINGS):
                plan.quiet.append(track)
            elif seen is None:
                plan.searched.append(face)
            elif (
                now_s - seen.read_s < KEEP_S
                and is_inside(seen.answer.box, image)
                and self._is_unchanged(image, seen.answer, self._side_ratio)
            ):
                plan.kept[track] = seen.answer
            elif (
                now_s - seen.searched_s < UNSEARCHED_S
                and is_inside(face.box, image)
                and correlate(seen.answer.crop, _crop(image, face.box, self._side_ratio)) >= LIKENESS
            ):
                plan.moved[track] = face.box
            else:
                plan.searched.append(face)
        return plan

    def note(self, image: Image, now_s: float, plan: Plan, answers: dict[int, Answer]) -> None:
        """Remember what a frame brought.

        Args:
            image: (height, width, 3) uint8 BGR.
            now_s: session time.
            plan: its plan.
            answers: for each track that the frame shows, its answer; those of `plan.kept` are kept as they are.
        """
        before, self._seen = self._seen, {}
        for track, answer in answers.items():
            seen = before.get(track)
            if seen is not None and answer is plan.kept.get(track):
                self._seen[track] = _Seen(answer, seen.searched_s, seen.read_s)
            else:
                searched_s = seen.searched_s if seen is not None and answer.box == plan.moved.get(track) else now_s
                self._seen[track] = _Seen(answer, searched_s, now_s)
        self._missed = {track: self._missed[track] for track in plan.quiet if track not in answers} | {
            face.track: _Missed(face.box, _crop(image, face.box, SURROUNDINGS), now_s)
            for face in plan.searched
            if face.track is not None and face.track not in answers
        }

    def _is_unchanged(self, image: Image, before: Answer | _Missed, ratio: float) -> bool:
        return is_unchanged(before.crop, _crop(image, before.box, ratio))


def _crop(image: Image, box: Box, ratio: float) -> Crop:
    return crop_faces(image, [box], ratio)[0]


def is_unchanged(before: Crop, now: Crop) -> bool:
    """Whether two crops (48, 48, 1) float32 of one place differ by noise alone."""
    difference = (now - before)[..., 0] * np.float32(255)
    count = CROP_SIDE // CELL
    cells = difference.reshape(count, CELL, count, CELL).mean(axis=(1, 3))
    across = difference[:, 1:] - difference[:, :-1]
    # Differences of neighbours hold the noise of two pixels, and little of a change that is smooth
    noise = float(np.sqrt(np.vdot(across, across) / across.size / 2))
    low, high = REST_LEVELS
    return float(np.abs(cells).max()) <= min(high, max(low, NOISE_FACTOR * noise))


def correlate(one: Crop, other: Crop) -> float:
    """Correlation of two crops (48, 48, 1) float32, -1..1; 0 if one of them is plain."""
    first, second = one.ravel() - one.mean(), other.ravel() - other.mean()
    energy = float(np.vdot(first, first)) * float(np.vdot(second, second))
    return float(np.vdot(first, second)) / math.sqrt(energy) if energy > 0 else 0.0


def is_inside(box: Box, image: Image) -> bool:
    """Whether a box lies in an image."""
    height, width = image.shape[:2]
    return box.left >= 0 and box.top >= 0 and box.right <= width and box.bottom <= height
