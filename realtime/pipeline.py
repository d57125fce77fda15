"""One frame in, its faces out: detect, cut, classify, and for a live session track and smooth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from realtime.crops import cut
from realtime.domain import Face
from realtime.steady import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Batch, Box, Expression, Frame, Image, Probabilities
    from realtime.steady import Labels
    from realtime.tracks import Tracker

UNSURE = "low confidence"
"""Why a face is unsure: its best expression is less probable than the threshold."""

FULL_SCAN_S = 0.3
"""A face that enters is found within so many seconds and a frame; between two scans only the surroundings of known faces are
searched. In time, not in frames: a slow machine finds a newcomer as soon."""

EMPTY_SCAN_S = 0.09
"""The same while nobody is known: an empty room is not worth a scan of each frame."""


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
        labels: what each face is called, held against noise; likewise. None: each frame's most probable expression.
        hold_s: a face that a frame does not show is kept as it was for so long; seconds.
        empty_scan_s: while nobody is known, a frame is searched so often; seconds, 0 for every frame.
    """

    def __init__(
        self,
        faces: FaceReader,
        tracker: Tracker,
        labels: Labels | None = None,
        *,
        hold_s: float = 0.0,
        empty_scan_s: float = EMPTY_SCAN_S,
    ) -> None:
        self._faces = faces
        self._tracker = tracker
        self._labels = labels
        self._hold_s = hold_s
        self._empty_scan_s = empty_scan_s
        self._clock = Clock()
        self._stretch = 0
        self._scanned_s: float | None = None

    def read(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of the frame, from left to right, with tracks, smoothed probabilities and the labels that they hold."""
        now_s = self._now(frame)
        near = self._tracker.boxes(frame.time_s)
        if self._scanned_s is None or now_s - self._scanned_s >= (FULL_SCAN_S if near else self._empty_scan_s):
            near, self._scanned_s = [], now_s
        elif not near:
            return ()
        boxes, probabilities = self._faces.look(frame.image, near)
        tracked = self._tracker.update(boxes, probabilities, frame.time_s)
        # A frame of another size has other places
        tracked += (face for face in self._tracker.missed(self._hold_s) if _inside(face.box, frame.image))
        tracked.sort(key=lambda face: (face.box.left, face.box.top))
        if self._labels is None:
            return tuple(self._faces.judged(face) for face in tracked)
        self._labels.forget(now_s)
        return tuple(_called(face, *self._labels.settle(face, now_s)) for face in tracked)

    def _now(self, frame: Frame) -> float:
        """The session's time of a frame: it stands while the source is away."""
        if frame.stretch != self._stretch:
            self._stretch = frame.stretch
            self._clock.pause()
            self._tracker.pause()
            self._scanned_s = None
        return self._clock.advance(frame.time_s)


def _called(face: Face, expression: Expression, sure: bool) -> Face:  # noqa: FBT001 - a pair, as it comes from the labels
    return replace(face, held=expression, reason=None if sure else UNSURE)


def _inside(box: Box, image: Image) -> bool:
    height, width = image.shape[:2]
    return box.left >= 0 and box.top >= 0 and box.right <= width and box.bottom <= height
