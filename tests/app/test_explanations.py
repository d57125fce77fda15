from __future__ import annotations

import itertools
import threading
from dataclasses import replace

import numpy as np

from realtime.app.explanations import EVERY_S, MOST_BUSY, ExplanationThread
from realtime.domain import Box, Expression, Face, Frame
from realtime.errors import AssetError
from realtime.faces.calibration import Calibration
from realtime.faces.explainer import FaceExplainer
from realtime.mood.vote import MoodVote
from realtime.session.state import Session
from tests.support.fake_faces import HappyClassifier
from tests.support.lists import PLAYLISTS
from tests.support.waiting import until

HAPPY = (0.0, 0.0, 0.0, 0.9, 0.0, 0.1, 0.0)
LARGE, SMALL = (Face(Box(left, 10, side, side), HAPPY, track=side) for left, side in ((20, 60), (100, 30)))


def make_frame(index: int) -> Frame:
    return Frame(np.full((120, 160, 3), index, np.uint8), index, index / 10)


class Harness:
    """A session whose key `e` was pressed, and what explains its faces; `read` counts the batches of the network."""

    def __init__(self) -> None:
        self.session = Session(MoodVote(window_s=15, lead=0.1, dwell_s=0), PLAYLISTS, mirrored=False, bars=False, info=False)
        self.batches = 0
        self.thread = ""
        self.explanations = ExplanationThread(self.load)

    def load(self) -> FaceExplainer:
        return FaceExplainer(HappyClassifier(self._count), 1.0)

    def _count(self) -> None:
        self.batches += 1
        self.thread = threading.current_thread().name

    def analyse(self, index: int, *faces: Face) -> Frame:
        frame = make_frame(index)
        self.session.add_frame(faces, frame.time_s)
        self.explanations.add_frame(frame, faces)
        return frame

    def settle(self, now_s: float) -> None:
        """Update until nothing is under way."""
        self.explanations.update(self.session, now_s)
        until(lambda: self.explanations.update(self.session, now_s) or not self.explanations.busy)


def test_the_largest_face_is_explained_in_another_thread() -> None:
    harness = Harness()
    with harness.explanations:
        harness.session.handle_key("e", 0)
        harness.analyse(7, SMALL, LARGE)
        harness.settle(0)
        explanation = harness.session.view(0, "").explanation
    assert explanation is not None
    assert explanation.face is LARGE
    assert (explanation.crop == 7).all()
    assert harness.thread == "explanation"


def test_nothing_is_explained_unless_it_is_asked_for() -> None:
    harness = Harness()
    with harness.explanations:
        for index in range(5):
            harness.analyse(index, LARGE)
            harness.settle(10 * index)
        harness.session.handle_key("e", 50)
        harness.settle(50)
        harness.session.handle_key("e", 51)
        harness.analyse(9, LARGE)
        harness.settle(60)
    assert harness.batches == 1
    assert harness.session.view(60, "").explanation is None


def test_a_label_that_stays_is_explained_again_after_a_second_and_a_new_one_at_once() -> None:
    harness = Harness()
    with harness.explanations:
        harness.session.handle_key("e", 0)
        for index, (now_s, face, batches) in enumerate(
            [
                (0.0, LARGE, 1),
                (EVERY_S / 2, LARGE, 1),
                (EVERY_S / 2, replace(LARGE, label=Expression.SAD), 2),
                (EVERY_S, replace(LARGE, label=Expression.SAD), 2),
                # A slow machine explains less often
                (1000.0, replace(LARGE, label=Expression.SAD), 3),
                (1001.0, replace(LARGE, label=Expression.SAD, track=9), 4),
            ]
        ):
            harness.analyse(index, face)
            harness.settle(now_s)
            assert harness.batches == batches, index


def test_labels_that_change_with_each_frame_do_not_keep_a_slow_machine_busy() -> None:
    harness, seconds = Harness(), itertools.count()
    # Each look at the clock is a second later: an explanation takes one
    harness.explanations = ExplanationThread(harness.load, lambda: float(next(seconds)))
    with harness.explanations:
        harness.session.handle_key("e", 0)
        for index in range(60):
            harness.analyse(index, replace(LARGE, label=(Expression.SAD, Expression.FEAR)[index % 2], track=index))
            harness.settle(index / 10)
    # It works a third of the time, of six seconds
    assert harness.batches == 6 * MOST_BUSY + 1


def test_a_label_that_a_face_at_rest_corrected_is_explained_with_it() -> None:
    harness, down = Harness(), Calibration((0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0))
    with harness.explanations:
        harness.session.handle_key("e", 0)
        harness.session.rest.use(down)
        for index, (now_s, face, calibrated) in enumerate(
            [(0.0, LARGE, False), (100.0, replace(LARGE, calibrated=True), True)]
        ):
            harness.analyse(index, face)
            harness.settle(now_s)
            explanation = harness.session.view(now_s, "").explanation
            assert explanation is not None
            assert explanation.calibrated is calibrated
        harness.session.rest.use(None)
        harness.analyse(9, replace(LARGE, calibrated=True))
        harness.settle(200.0)
        explanation = harness.session.view(200.0, "").explanation
        assert explanation is not None
        assert not explanation.calibrated


def test_a_frozen_picture_is_explained_once() -> None:
    harness = Harness()
    with harness.explanations:
        harness.analyse(1, LARGE)
        harness.session.handle_key("space", 0)
        harness.session.handle_key("e", 0)
        for now_s in (0, 10, 20):
            harness.settle(now_s)
        assert harness.session.view(20, "").explanation is not None
    assert harness.batches == 1


def test_a_network_that_cannot_be_loaded_twice_is_said_and_ends_nothing() -> None:
    harness = Harness()

    def load() -> FaceExplainer:
        raise AssetError("mine.json is damaged")

    harness.explanations = ExplanationThread(load)
    with harness.explanations:
        harness.session.handle_key("e", 0)
        harness.analyse(1, LARGE)
        harness.settle(0)
    view = harness.session.view(0, "")
    assert view.notice == "mine.json is damaged"
    assert not harness.session.explaining


def test_no_face_is_no_work() -> None:
    harness = Harness()
    with harness.explanations:
        harness.settle(0)
        harness.session.handle_key("e", 0)
        harness.analyse(1)
        harness.settle(0)
    assert harness.batches == 0
