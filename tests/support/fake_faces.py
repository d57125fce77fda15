"""A fake network for tests of sessions, and the frame reader around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import Threshold
from realtime.faces.pipeline import FaceReader, FrameReader
from realtime.faces.tracker import Tracker
from tests.support.gates import open_gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.domain import Batch, Probabilities
    from realtime.faces.pipeline import Classifier, Detector


class HappyClassifier:
    """Classifies every crop as happy; calls `before` first."""

    def __init__(self, before: Callable[[], object] = bool) -> None:
        self.before = before

    def classify(self, batch: Batch, /) -> Probabilities:
        self.before()
        return np.tile(np.array([0, 0, 0, 0.9, 0.1, 0, 0], np.float32), (len(batch), 1))


def make_frame_reader(detector: Detector, classifier: Classifier) -> FrameReader:
    """A frame reader without a quality gate."""
    tracker = Tracker(match_overlap=0.3, forget_after_s=1, smoothing_s=0)
    return FrameReader(FaceReader(detector, classifier, 1.0, Threshold(0.5), open_gate), tracker)
