"""One frame in, its faces out: detect, cut, classify, and for a live session track and smooth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from realtime.classifier.crops import crop_faces, crop_square
from realtime.clock import SessionClock
from realtime.domain import LOW_CONFIDENCE, Face
from realtime.faces import quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.classifier.runtime import Classifier
    from realtime.domain import Batch, Box, Frame, Image, Probabilities
    from realtime.faces.labels import LabelHysteresis
    from realtime.faces.tracker import Tracker


FULL_SCAN_S = 0.3
"""A face that enters is found within so many seconds and a frame; between two scans only the surroundings of known faces are
searched. In time, not in frames: a slow machine finds a newcomer as soon."""
EMPTY_SCAN_S = 0.09
"""The same while nobody is known: an empty room is not worth a scan of each frame."""


class Detector(Protocol):
    """Finds faces."""

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Find faces, left to right, in pixels of `image` (BGR); with `near` it may search only around those boxes."""
        ...


class QualityGate(Protocol):
    """Says which crops cannot be read."""

    def __call__(self, crops: Batch, squares: Sequence[Box], width: int, height: int, /) -> list[str | None]:
        """Why each crop (n, 48, 48, 1), cut from its square in a picture of that size, cannot be read; None if it can."""
        ...


class RawFaces(NamedTuple):
    """What was found in a picture.

    Attributes:
        boxes: of its faces, left to right.
        probabilities: (n, 7), one row a box.
        reasons: why a box's crop cannot be read; None if it can.
    """

    boxes: list[Box]
    probabilities: Probabilities
    reasons: list[str | None]


@dataclass(frozen=True, slots=True)
class FaceReader:
    """Reads the faces of single pictures.

    Attributes:
        detector: finds faces.
        classifier: reads the crops of a picture in one batch.
        side_ratio: side of a crop as a multiple of the detector's box.
        unsure_below: a face whose best expression is less probable is unsure, 0..1.
        gate: knows crops that no network should be asked about.
    """

    detector: Detector
    classifier: Classifier
    side_ratio: float
    unsure_below: float
    gate: QualityGate = quality.unreadable_reasons

    def read(self, image: Image) -> tuple[Face, ...]:
        """The faces of a picture (height, width, 3) uint8 BGR, from left to right."""
        found = zip(*self.detect_and_classify(image, ()), strict=True)
        return tuple(self.flag_low_confidence(Face(box, tuple(map(float, row)), reason=reason)) for box, row, reason in found)

    def detect_and_classify(self, image: Image, near: Sequence[Box]) -> RawFaces:
        """What is in a picture, or around the boxes `near`."""
        boxes = self.detector.detect(image, near)
        crops = crop_faces(image, boxes, self.side_ratio)
        height, width = image.shape[:2]
        reasons = self.gate(crops, [crop_square(box, self.side_ratio) for box in boxes], width, height)
        return RawFaces(boxes, self.classifier.classify(crops), reasons)

    def flag_low_confidence(self, face: Face) -> Face:
        """The face with a reason where its expression is not to be relied on; the one that it has comes first."""
        doubtful = face.confidence < self.unsure_below
        return replace(face, reason=face.reason or (LOW_CONFIDENCE if doubtful else None))


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
        labels: LabelHysteresis | None = None,
        *,
        hold_s: float = 0.0,
        empty_scan_s: float = EMPTY_SCAN_S,
    ) -> None:
        self._faces = faces
        self._tracker = tracker
        self._labels = labels
        self._hold_s = hold_s
        self._empty_scan_s = empty_scan_s
        self._clock = SessionClock()
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
        found = self._faces.detect_and_classify(frame.image, near)
        unreadable = dict(zip(found.boxes, found.reasons, strict=True))
        gated = [row for row, reason in enumerate(found.reasons) if reason is not None]
        tracked = self._tracker.update(found.boxes, found.probabilities, frame.time_s, gated)
        tracked = [replace(face, reason=unreadable[face.box]) for face in tracked]
        # A frame of another size has other places
        missed = [face for face in self._tracker.recently_lost(self._hold_s) if _inside(face.box, frame.image)]
        if self._labels is None:
            called = [self._faces.flag_low_confidence(face) for face in tracked + missed]
        else:
            self._labels.prune(now_s)
            called = [self._labels.update(face, now_s) for face in tracked]
            called += [self._labels.update(face, now_s, seen=False) for face in missed]
        return tuple(sorted(called, key=lambda face: (face.box.left, face.box.top)))

    def _now(self, frame: Frame) -> float:
        """The session's time of a frame: it stands while the source is away."""
        if frame.stretch != self._stretch:
            self._stretch = frame.stretch
            self._clock.pause()
            self._tracker.pause()
            self._scanned_s = None
        return self._clock.advance(frame.time_s)


def _inside(box: Box, image: Image) -> bool:
    height, width = image.shape[:2]
    return box.left >= 0 and box.top >= 0 and box.right <= width and box.bottom <= height
