"""Answers of detector and network, recorded, so that a film that was read in part goes on without finding its faces again.

Tracks and labels of a film depend on all frames before. They are made anew from the recorded answers: the film is decoded from
its start, which takes a small part of the time, and from where the record ends, its frames are searched as before.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.batch.reading import BatchReaders
from realtime.domain import EXPRESSIONS, Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from realtime.batch.journal import Answers
    from realtime.classifier.runtime import Classifier
    from realtime.domain import Batch, Image, Probabilities
    from realtime.faces.pipeline import Detector, FaceReader, FrameReader


class AnswerRecord:
    """Gives recorded answers in the place of detector and network, and records the answers that follow.

    Args:
        readers: read what is not recorded.
        recorded: the answers of an earlier run.
    """

    def __init__(self, readers: BatchReaders, recorded: Iterable[Answers] = ()) -> None:
        self._recorded = iter(recorded)
        self.old_boxes, self.old_rows = deque[Any](), deque[Any]()
        self._boxes: list[Any] = []
        self._rows: list[Any] = []

        def wrap(faces: FaceReader) -> FaceReader:
            return replace(faces, detector=_Detector(faces.detector, self), classifier=_Classifier(faces.classifier, self))

        def frames_with(other: Callable[[FaceReader], FaceReader]) -> FrameReader:
            return readers.frames_with(lambda faces: other(wrap(faces)))

        self.readers = BatchReaders(wrap(readers.pictures), frames_with, readers.network)

    def has_recorded(self) -> bool:
        """Whether the next answer of the detector is a recorded one."""
        while not self.old_boxes and (answers := next(self._recorded, None)) is not None:
            # A frame may have none
            self.old_boxes.extend(answers[0])
            self.old_rows.extend(answers[1])
        return bool(self.old_boxes)

    def add_boxes(self, boxes: Sequence[Box]) -> None:
        """Record an answer of the detector."""
        self._boxes.append([[box.left, box.top, box.width, box.height] for box in boxes])

    def add_rows(self, rows: Probabilities) -> None:
        """Record an answer of the network."""
        # A float32 is the same again after its decimal form
        self._rows.append([[float(value) for value in row] for row in rows])

    def take(self) -> Answers:
        """The answers since the last call, recorded ones left out."""
        taken, self._boxes, self._rows = [self._boxes, self._rows], [], []
        return taken


@dataclass(frozen=True, slots=True)
class _Detector:
    detector: Detector
    record: AnswerRecord

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        if self.record.has_recorded():
            return [Box(*numbers) for numbers in self.record.old_boxes.popleft()]
        boxes = self.detector.detect(image, near)
        self.record.add_boxes(boxes)
        return boxes


@dataclass(frozen=True, slots=True)
class _Classifier:
    classifier: Classifier
    record: AnswerRecord

    def classify(self, batch: Batch, /) -> Probabilities:
        if self.record.old_rows:
            return np.array(self.record.old_rows.popleft(), np.float32).reshape(len(batch), len(EXPRESSIONS))
        rows = self.classifier.classify(batch)
        self.record.add_rows(rows)
        return rows
