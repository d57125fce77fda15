"""One frame in, its faces out: detect, cut, classify, and for a live session track and smooth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from realtime.crops import cut
from realtime.domain import Face

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Batch, Box, Frame, Image, Probabilities
    from realtime.tracks import Tracker

UNSURE = "low confidence"
"""Why a face is unsure: its best expression is less probable than the threshold."""

FULL_SCAN_EVERY = 10
"""A face that enters is found within so many frames; between two scans only the surroundings of known faces are searched."""


class Detector(Protocol):
    """Finds faces."""

    def find(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Find faces, left to right, in pixels of `image` (BGR); with `near` it may search only around those boxes."""
        ...


class Classifier(Protocol):
    """Reads expressions."""

    def classify(self, batch: Batch, /) -> Probabilities:
        """Probabilities (n, 7) of crops (n, 48, 48, 1) float32 grey in 0..1."""
        ...


@dataclass(frozen=True, slots=True)
class FaceReader:
    """Reads the faces of single pictures.

    Attributes:
        detector: finds faces.
        classifier: reads the crops of a picture in one batch.
        side_ratio: side of a crop as a multiple of the detector's box.
        unsure_below: a face whose best expression is less probable is unsure, 0..1.
    """

    detector: Detector
    classifier: Classifier
    side_ratio: float
    unsure_below: float

    def read(self, image: Image) -> tuple[Face, ...]:
        """The faces of a picture (height, width, 3) uint8 BGR, from left to right."""
        boxes, probabilities = self.look(image, ())
        faces = (Face(box, tuple(map(float, row))) for box, row in zip(boxes, probabilities, strict=True))
        return tuple(self.judged(face) for face in faces)

    def look(self, image: Image, near: Sequence[Box]) -> tuple[list[Box], Probabilities]:
        """Boxes of a picture and the (n, 7) probabilities of what is in them."""
        boxes = self.detector.find(image, near)
        return boxes, self.classifier.classify(cut(image, boxes, self.side_ratio))

    def judged(self, face: Face) -> Face:
        """The face with the reason set for which its expression is not to be relied on, if there is one."""
        return replace(face, reason=UNSURE if face.confidence < self.unsure_below else None)


class FrameReader:
    """Reads the frames of one session in their order; keeps the tracker, and asks it where to look.

    Args:
        faces: reads single pictures.
        tracker: follows faces; belongs to this reader alone.
    """

    def __init__(self, faces: FaceReader, tracker: Tracker) -> None:
        self._faces = faces
        self._tracker = tracker
        self._frames = 0

    def read(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of the frame, from left to right, with tracks and smoothed probabilities."""
        scan = self._frames % FULL_SCAN_EVERY == 0
        near = () if scan else self._tracker.boxes(frame.time_s)
        self._frames += 1
        boxes, probabilities = self._faces.look(frame.image, near)
        tracked = self._tracker.update(boxes, probabilities, frame.time_s)
        return tuple(self._faces.judged(face) for face in tracked)
