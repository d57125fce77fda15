"""Frame in, faces out: detect, crop, classify; in a live session also track, smooth and label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import numpy as np

from realtime.classifier.crops import crop_faces, crop_square
from realtime.clock import SessionClock
from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE, Box, Face, FaceReading
from realtime.faces import quality
from realtime.faces.changes import ScannedCells
from realtime.faces.duplicates import remove_duplicates
from realtime.faces.recent import Answer, Plan, RecentAnswers, is_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.classifier.runtime import Classifier
    from realtime.domain import Batch, Frame, Image, Probabilities, Threshold
    from realtime.faces.calibration import Calibration, LogMeans
    from realtime.faces.labels import LabelHysteresis
    from realtime.faces.tracker import ExpectedFace, Tracker


FULL_SCAN_S = 0.3
"""Seconds between two scans. Between them only the regions around known faces are searched. The interval is a time and not a
number of frames, so that a slow machine finds a new face as soon as a fast one does."""
WHOLE_SCAN_S = 2.0
"""With `saves` a scan searches what changed since the last one, and the whole frame after so many seconds."""
_MOST_SEARCHES = 8
"""Searches of a held picture that are kept. Near a face that stands still the boxes are the same after a few of them."""
EMPTY_SCAN_S = 0.09
"""Seconds between two scans while no face is known: an empty room is not worth a scan of each frame."""


class Detector(Protocol):
    """Finds the faces of an image."""

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Find faces, from left to right, in pixels of `image` (BGR). With `near` it may search only around these boxes."""
        ...


@runtime_checkable
class AreaScanner(Protocol):
    """Detector that can scan a part of an image."""

    def scan_area(self, image: Image, area: Box) -> list[Box]:
        """Find the faces of the part `area` of an image (BGR), in pixels of the image."""
        ...


class QualityGate(Protocol):
    """Rejects crops that the network cannot read."""

    def __call__(self, crops: Batch, squares: Sequence[Box], width: int, height: int, /) -> list[str | None]:
        """For each crop the reason why it cannot be read, or None.

        Args:
            crops: (n, 48, 48, 1) float32 grey in 0..1.
            squares: the square of each crop, in pixels of its image.
            width: width of this image, pixels.
            height: height of this image, pixels.
        """
        ...


class RawFaces(NamedTuple):
    """Detected and classified faces of one image, neither tracked nor labelled.

    Attributes:
        boxes: boxes of the faces, from left to right.
        probabilities: (n, 7), one row for each box.
        reasons: for each box the reason why its crop cannot be read, or None.
        brightness: for each box the mean brightness of its crop, 0..1.
    """

    boxes: list[Box]
    probabilities: Probabilities
    reasons: list[str | None]
    brightness: list[float]


@dataclass(frozen=True, slots=True)
class FaceReader:
    """Reads the faces of single images.

    Attributes:
        detector: finds the faces.
        classifier: classifies all crops of an image in one batch.
        side_ratio: side of a crop as a multiple of the longer side of the detector's box.
        unsure_below: a face is unsure if its best expression is less probable.
        gate: rejects crops that the network cannot read.
        network: SHA-256 of the compiled network in hexadecimal.
        neutral: mean log probabilities of clear neutral faces, of this network; None if they are not known.
        calibration: corrects the only face of an image by a face at rest; not used by `FrameReader`. None corrects none.
    """

    detector: Detector
    classifier: Classifier
    side_ratio: float
    unsure_below: Threshold
    gate: QualityGate = quality.unreadable_reasons
    network: str = ""
    neutral: LogMeans | None = None
    calibration: Calibration | None = None

    def read(self, image: Image, boxes: Sequence[Box] | None = None) -> tuple[Face, ...]:
        """The faces of an image (height, width, 3) uint8 BGR, from left to right.

        Args:
            image: BGR pixels.
            boxes: what the detector has found in it; None if it is still to be searched.
        """
        raw = self.detect_and_classify(image, ()) if boxes is None else self.classify_boxes(image, boxes)[0]
        rows = zip(raw.boxes, raw.probabilities, raw.reasons, strict=True)
        faces = [Face(box, tuple(map(float, row)), reason=reason) for box, row, reason in rows]
        return tuple(map(self.flag_low_confidence, calibrate(faces, self.calibration)))

    def detect_and_classify(self, image: Image, near: Sequence[Box]) -> RawFaces:
        """Find and classify the faces of an image, or only those around the boxes `near`."""
        return self.classify_boxes(image, self.detector.detect(image, near))[0]

    def classify_boxes(self, image: Image, boxes: Sequence[Box]) -> tuple[RawFaces, Batch]:
        """Classify the faces in `boxes`; also returns their crops."""
        crops = crop_faces(image, boxes, self.side_ratio)
        height, width = image.shape[:2]
        reasons = self.gate(crops, [crop_square(box, self.side_ratio) for box in boxes], width, height)
        return RawFaces([*boxes], self.classifier.classify(crops), reasons, quality.brightness(crops).tolist()), crops

    def flag_low_confidence(self, face: Face) -> Face:
        """Give a face below the threshold the reason low confidence, unless it already has a reason."""
        is_sure = self.unsure_below.is_reached(face.probabilities)
        return replace(face, reason=face.reason or (None if is_sure else LOW_CONFIDENCE))


class FrameReader:
    """Reads the frames of one session in their order: detects, tracks and labels faces.

    Args:
        faces: reads single images.
        tracker: tracks the faces; no other reader may use it.
        labels: labels the faces; no other reader may use it. None: the label is each frame's most probable expression.
        hold_s: a face that the detector misses is kept unchanged for so long; seconds.
        empty_scan_s: interval of scans while no face is known; seconds, 0 for every frame.
        saves: whether what did not change is neither searched nor read again for a moment, as fits a live source. Without it
            every face of every frame is searched and read.
    """

    def __init__(
        self,
        faces: FaceReader,
        tracker: Tracker,
        labels: LabelHysteresis | None = None,
        *,
        hold_s: float = 0.0,
        empty_scan_s: float = EMPTY_SCAN_S,
        saves: bool = False,
    ) -> None:
        self._faces = faces
        self._tracker = tracker
        self._labels = labels
        self._hold_s = hold_s
        self._empty_scan_s = empty_scan_s
        self._clock = SessionClock()
        self._stretch = 0
        self._shape: tuple[int, ...] = ()
        self._scanned_s: float | None = None
        self._whole_s: float | None = None
        self._recent = RecentAnswers(faces.side_ratio) if saves else None
        self._scanner = faces.detector if isinstance(faces.detector, AreaScanner) else None
        self._cells = ScannedCells()
        self._calibration: Calibration | None = None
        # The last picture, and what was found near which boxes of it: a film may show a picture for minutes
        self._picture: Image | None = None
        self._found: dict[tuple[Box, ...], RawFaces] = {}

    @property
    def neutral(self) -> LogMeans | None:
        """Mean log probabilities of clear neutral faces, of the network; None if they are not known."""
        return self._faces.neutral

    @property
    def network(self) -> str:
        """SHA-256 of the compiled network in hexadecimal."""
        return self._faces.network

    def use(self, calibration: Calibration | None) -> None:
        """Correct the face of a frame with one face by a face at rest from now on; None corrects none. For any thread."""
        self._calibration = calibration

    def read(self, frame: Frame) -> tuple[Face, ...]:
        """The faces of a frame, from left to right, with tracks, smoothed probabilities and labels."""
        now_s = self._advance_clock(frame)
        expected = self._tracker.expected(frame.time_s)
        is_due = self._scanned_s is None or now_s - self._scanned_s >= (FULL_SCAN_S if expected else self._empty_scan_s)
        if not expected and not is_due:
            return ()
        if is_due:
            self._scanned_s = now_s
        answers: dict[Box, Answer] = {}
        plan = Plan({}, {}, [], [])
        if self._recent is None:
            near = [] if is_due else [face.box for face in expected]
            raw = self._search_once(frame, near)
        else:
            area = self._find_scan_area(frame.image, expected, now_s) if is_due else None
            plan = self._recent.plan(frame.image, expected, now_s)
            raw, answers = self._read_boxes(frame.image, self._find_boxes(frame.image, plan, area), plan)
        reasons = dict(zip(raw.boxes, raw.reasons, strict=True))
        unreadable = [row for row, reason in enumerate(raw.reasons) if reason is not None]
        tracked = self._tracker.update(raw.boxes, raw.probabilities, frame.time_s, unreadable)
        if self._recent is not None:
            shown = {face.track: answers[face.box] for face in tracked if face.track is not None}
            self._recent.note(frame.image, now_s, plan, shown)
        readings = dict(zip(raw.boxes, _readings(raw, frame.image), strict=True))
        tracked = [replace(face, reason=reasons[face.box], reading=readings[face.box]) for face in tracked]
        # If the frame size has changed, an old box may lie outside the frame
        missed = [face for face in self._tracker.recently_lost(self._hold_s) if is_inside(face.box, frame.image)]
        if len(tracked) + len(missed) == 1:
            tracked, missed = calibrate(tracked, self._calibration), calibrate(missed, self._calibration)
        if self._labels is None:
            faces = [self._faces.flag_low_confidence(face) for face in tracked + missed]
        else:
            self._labels.prune(now_s)
            faces = [self._labels.update(face, now_s) for face in tracked]
            faces += [self._labels.update(face, now_s, detected=False) for face in missed]
        return tuple(sorted(faces, key=lambda face: (face.box.left, face.box.top)))

    def _search_once(self, frame: Frame, near: Sequence[Box]) -> RawFaces:
        """Find and classify the faces of a frame; not again where a held picture was searched near the same boxes before."""
        if not frame.held or frame.image is not self._picture or len(self._found) >= _MOST_SEARCHES:
            self._picture, self._found = frame.image, {}
        key = tuple(near)
        if key not in self._found:
            self._found[key] = self._faces.detect_and_classify(frame.image, near)
        return self._found[key]

    def _find_scan_area(self, image: Image, expected: Sequence[ExpectedFace], now_s: float) -> Box | None:
        """What a scan has to search: what changed since the last one, sometimes all; None if nothing changed."""
        height, width = image.shape[:2]
        area = Box(0, 0, width, height)
        whole_after_s = WHOLE_SCAN_S if expected else max(FULL_SCAN_S, self._empty_scan_s)
        if self._scanner is not None and self._whole_s is not None and now_s - self._whole_s < whole_after_s:
            area = self._cells.find_changed(image, [face.box for face in expected if face.shown])
        else:
            self._cells.note_whole(image)
        if area is not None and (area.width, area.height) == (width, height):
            self._whole_s = now_s
        return area

    def _find_boxes(self, image: Image, plan: Plan, area: Box | None) -> list[Box]:
        """The boxes of the faces of a frame, those that are not searched first."""
        boxes = [*(answer.box for answer in plan.kept.values()), *plan.moved.values()]
        if plan.searched:
            boxes += self._faces.detector.detect(image, [face.box for face in plan.searched])
        if area is not None:
            # After the others: a scan finds them less exactly
            if self._scanner is None or (area.width, area.height) == image.shape[1::-1]:
                boxes += self._faces.detector.detect(image)
            else:
                boxes += self._scanner.scan_area(image, area)
        return remove_duplicates(boxes)

    def _read_boxes(self, image: Image, boxes: list[Box], plan: Plan) -> tuple[RawFaces, dict[Box, Answer]]:
        """Read the faces in `boxes`, all in one batch but those whose answer is kept."""
        answers = {answer.box: answer for answer in plan.kept.values()}
        fresh = [box for box in boxes if box not in answers]
        if fresh:
            raw, crops = self._faces.classify_boxes(image, fresh)
            rows = zip(raw.boxes, crops, raw.probabilities, raw.reasons, raw.brightness, strict=True)
            answers |= {box: Answer(box, crop, row, reason, light) for box, crop, row, reason, light in rows}
        told = [answers[box] for box in boxes]
        table = np.array([answer.row for answer in told], np.float32).reshape(-1, len(EXPRESSIONS))
        return RawFaces(boxes, table, [answer.reason for answer in told], [answer.brightness for answer in told]), answers

    def _advance_clock(self, frame: Frame) -> float:
        """The session time of a frame; it stands during an outage of the source."""
        if frame.stretch != self._stretch:
            self._stretch = frame.stretch
            self._clock.pause()
            self._tracker.pause()
            self._forget_frames()
        elif frame.image.shape != self._shape:
            # Old boxes are no places of this picture, and it may look the same as before when it is shrunk
            self._forget_frames()
        self._shape = frame.image.shape
        return self._clock.advance(frame.time_s)

    def _forget_frames(self) -> None:
        """The next frame is searched whole, and its faces are read."""
        self._scanned_s = self._whole_s = None
        if self._recent is not None:
            self._recent.clear()


def calibrate(faces: list[Face], calibration: Calibration | None) -> list[Face]:
    """Correct the only face by a face at rest. Of several faces nobody knows whose it is, so they stay as they are."""
    if calibration is None or len(faces) != 1:
        return faces
    return [replace(face, probabilities=calibration.apply(face.probabilities), calibrated=True) for face in faces]


def _readings(raw: RawFaces, image: Image) -> list[FaceReading | None]:
    """For each face the answer of the network to this frame alone; None if its crop cannot be read."""
    return [
        None if reason is not None else FaceReading(tuple(map(float, row)), light, max(box.width, box.height) / image.shape[0])
        for box, row, reason, light in zip(raw.boxes, raw.probabilities, raw.reasons, raw.brightness, strict=True)
    ]
