from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from realtime.classifier import open_classifier
from realtime.contract import read
from realtime.crops import cut
from realtime.detector import HaarDetector
from realtime.domain import EXPRESSIONS, Batch, Box, Expression, Face, Frame, Image, Probabilities
from realtime.pipeline import FULL_SCAN_EVERY, UNSURE, FaceReader, FrameReader
from realtime.tracks import Tracker

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models"
LEFT, RIGHT = Box(10, 10, 40, 40), Box(60, 10, 30, 30)
PICTURE = np.zeros((100, 100, 3), np.uint8)


class Boxes:
    """A detector that finds one list of boxes a call, the last one for ever, and remembers where it was to look."""

    def __init__(self, *found: Sequence[Box]) -> None:
        self._found = list(found)
        self.asked: list[list[Box]] = []

    def find(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del image
        self.asked.append(list(near))
        return list(self._found.pop(0) if len(self._found) > 1 else self._found[0])


class Says:
    """A classifier that reads the brightness of a crop: dark looks sad, bright looks happy."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def classify(self, batch: Batch, /) -> Probabilities:
        self.batches.append(batch)
        answer = np.zeros((len(batch), 7), np.float32)
        happy = batch.reshape(len(batch), -1).mean(axis=1) if len(batch) else np.empty(0, np.float32)
        answer[:, EXPRESSIONS.index(Expression.HAPPY)] = happy
        answer[:, EXPRESSIONS.index(Expression.SAD)] = 1 - happy
        return answer


def tracker(*, smoothing_s: float = 0.0, forget_after_s: float = 1.0) -> Tracker:
    return Tracker(match_overlap=0.3, forget_after_s=forget_after_s, smoothing_s=smoothing_s)


def reader(detector: Boxes, classifier: Says | None = None, *, unsure_below: float = 0.5, side_ratio: float = 1) -> FaceReader:
    return FaceReader(detector, classifier or Says(), side_ratio, unsure_below)


def frames(image: Image, count: int, *, fps: float = 30) -> list[Frame]:
    return [Frame(image, index, index / fps) for index in range(count)]


def grey(value: int) -> Image:
    return np.full((100, 100, 3), value, np.uint8)


@pytest.fixture(scope="module")
def shipped() -> FaceReader:
    """The shipped network behind the search of a live session."""
    detector = HaarDetector(
        ROOT / "cascades" / "haarcascade_frontalface_alt2.xml",
        search_size=(640, 360),
        scale_factor=1.2,
        min_neighbors=3,
        min_face=36,
    )
    pair = MODELS / "emotiondetector.json"
    classifier = open_classifier(pair.with_suffix(".tflite").read_bytes())
    return FaceReader(detector, classifier, read(pair.with_suffix(".contract.json")).side_ratio, 0.5)


def test_the_astronaut_looks_happy(shipped: FaceReader, astronaut: Image) -> None:
    (face,) = shipped.read(astronaut)
    assert face.box.overlap(Box(174, 64, 101, 101)) > 0.7
    assert face.expression is Expression.HAPPY
    assert not face.unsure
    assert face.track is None, "a single picture has no tracks"


def test_all_faces_of_a_picture_are_read_in_one_batch_and_keep_their_order() -> None:
    image = grey(0)
    image[:, 55:] = 255
    classifier = Says()
    faces = reader(Boxes([LEFT, RIGHT]), classifier, side_ratio=0.9).read(image)
    assert [(face.box, face.expression) for face in faces] == [(LEFT, Expression.SAD), (RIGHT, Expression.HAPPY)]
    (batch,) = classifier.batches
    assert (batch == cut(image, [LEFT, RIGHT], 0.9)).all()


def test_a_picture_without_faces() -> None:
    assert reader(Boxes([])).read(PICTURE) == ()


def test_a_picture_is_always_scanned_as_a_whole() -> None:
    detector = Boxes([LEFT])
    single = reader(detector)
    for _ in range(3):
        single.read(PICTURE)
    assert detector.asked == [[], [], []]


@pytest.mark.parametrize(
    ("grey_value", "threshold", "reason"),
    [
        (153, 0.6, None),
        (153, 0.61, UNSURE),
        (153, 0, None),
        (255, 1, None),
        (254, 1, UNSURE),
        (51, 0.6, None),
        (127, 0.51, UNSURE),
    ],
)
def test_a_face_below_the_threshold_is_unsure_and_says_why(grey_value: int, threshold: float, reason: str | None) -> None:
    (face,) = reader(Boxes([LEFT]), unsure_below=threshold - 1e-6 if threshold < 1 else 1).read(grey(grey_value))
    assert face.reason == reason
    assert face.unsure is (reason is not None)
    assert UNSURE == "low confidence"


def test_a_face_is_judged_anew_each_time() -> None:
    judge = reader(Boxes([]), unsure_below=0.5)
    sure = Face(LEFT, (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0), 4, UNSURE)
    assert judge.judged(sure) == Face(LEFT, sure.probabilities, 4, None)


def test_between_two_full_scans_only_the_surroundings_of_known_faces_are_searched() -> None:
    moved = Box(12, 10, 40, 40)
    detector = Boxes([LEFT], [moved])
    live = FrameReader(reader(detector), tracker())
    for frame in frames(PICTURE, 2 * FULL_SCAN_EVERY + 1):
        live.read(frame)
    assert detector.asked[:3] == [[], [LEFT], [moved]]
    assert [index for index, near in enumerate(detector.asked) if not near] == [0, FULL_SCAN_EVERY, 2 * FULL_SCAN_EVERY]


def test_while_nobody_is_known_every_frame_is_scanned_as_a_whole() -> None:
    detector = Boxes([], [], [LEFT])
    live = FrameReader(reader(detector), tracker())
    for frame in frames(PICTURE, 5):
        live.read(frame)
    assert detector.asked == [[], [], [], [LEFT], [LEFT]]


def test_a_face_that_is_gone_is_looked_for_until_it_is_forgotten() -> None:
    detector = Boxes([LEFT], [])
    live = FrameReader(reader(detector), tracker(forget_after_s=0.5))
    for index, time_s in enumerate([0.0, 0.25, 0.5, 0.75]):
        live.read(Frame(PICTURE, index, time_s))
    assert detector.asked == [[], [LEFT], [LEFT], []]


def test_a_session_keeps_a_persons_number_and_smooths_its_probabilities() -> None:
    live = FrameReader(reader(Boxes([LEFT, RIGHT])), tracker(smoothing_s=1))
    first = live.read(Frame(grey(255), 0, 0.0))
    then = live.read(Frame(grey(0), 1, 0.1))
    assert [face.track for face in first] == [face.track for face in then] == [1, 2]
    assert [face.expression for face in then] == [Expression.HAPPY, Expression.HAPPY]
    assert then[0].confidence == pytest.approx(np.exp(-0.1))


def test_what_is_judged_in_a_session_are_the_smoothed_probabilities() -> None:
    live = FrameReader(reader(Boxes([LEFT]), unsure_below=0.8), tracker(smoothing_s=1))
    live.read(Frame(grey(255), 0, 0.0))
    sure, unsure = (live.read(Frame(grey(128), index, time_s))[0].unsure for index, time_s in ((1, 0.1), (2, 5.0)))
    assert (sure, unsure) == (False, True)


def test_a_moving_face_keeps_its_number_and_one_that_enters_is_found_in_time(shipped: FaceReader, astronaut: Image) -> None:
    head = astronaut[20:200, 130:310]
    live = FrameReader(shipped, tracker(smoothing_s=0.5))
    found: list[tuple[Face, ...]] = []
    for index in range(2 * FULL_SCAN_EVERY):
        image = np.full((360, 640, 3), 110, np.uint8)
        left = 20 + 4 * index
        image[90:270, left : left + 180] = head
        if index >= 3:
            image[90:270, 440:620] = head
        found.append(live.read(Frame(image, index, index / 30)))
        first = found[-1][0]
        assert first.track == 1
        assert first.expression is Expression.HAPPY
        assert abs(first.box.left - (left + 44)) < 15
    assert [len(faces) for faces in found[:3]] == [1, 1, 1]
    assert all([face.track for face in faces] == [1, 2] for faces in found[FULL_SCAN_EVERY:])
