from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from realtime.classifier.contract import read_contract
from realtime.classifier.crops import crop_faces
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE, Batch, Box, Expression, Face, Frame, Image, Probabilities
from realtime.faces.haar import HaarDetector
from realtime.faces.labels import LabelHysteresis
from realtime.faces.pipeline import FULL_SCAN_S, FaceReader, FrameReader, QualityGate
from realtime.faces.quality import BLURRED, OVER_EXPOSED, TOO_DARK
from realtime.faces.tracker import Tracker
from tests.support.gates import open_gate
from tests.support.places import ROOT

MODELS = ROOT / "models"
LEFT, RIGHT = Box(10, 10, 40, 40), Box(60, 10, 30, 30)
PICTURE = np.zeros((100, 100, 3), np.uint8)


class Boxes:
    """A detector that finds one list of boxes a call, the last one for ever, and remembers where it was to look."""

    def __init__(self, *found: Sequence[Box]) -> None:
        self._found = list(found)
        self.asked: list[list[Box]] = []

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
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


def tracker(*, smoothing_s: float = 0.0, forget_after_s: float = 1.0, confirm_s: float = 0.0) -> Tracker:
    return Tracker(match_overlap=0.3, forget_after_s=forget_after_s, smoothing_s=smoothing_s, confirm_s=confirm_s)


def reader(detector: Boxes, classifier: Says | None = None, *, unsure_below: float = 0.5, side_ratio: float = 1) -> FaceReader:
    return FaceReader(detector, classifier or Says(), side_ratio, unsure_below, open_gate)


def gated(detector: Boxes, gate: QualityGate) -> FaceReader:
    return replace(reader(detector), gate=gate)


def steady(*, unsure_below: float = 0.5) -> LabelHysteresis:
    return LabelHysteresis(unsure_below=unsure_below, slack=0.1, lead=0.3, dwell_s=1.0)


def frames(image: Image, count: int, *, fps: float = 30) -> list[Frame]:
    return [Frame(image, index, index / fps) for index in range(count)]


def grey(value: int) -> Image:
    return np.full((100, 100, 3), value, np.uint8)


def by_light(crops: Batch, _squares: Sequence[Box], _width: int, _height: int, /) -> list[str | None]:
    """A gate that stops what is white."""
    return [OVER_EXPOSED if crop.mean() > 0.99 else None for crop in crops]


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
    return FaceReader(detector, classifier, read_contract(pair.with_suffix(".contract.json")).side_ratio, 0.5)


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
    assert (batch == crop_faces(image, [LEFT, RIGHT], 0.9)).all()


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
        (153, 0.61, LOW_CONFIDENCE),
        (153, 0, None),
        (255, 1, None),
        (254, 1, LOW_CONFIDENCE),
        (51, 0.6, None),
        (127, 0.51, LOW_CONFIDENCE),
    ],
)
def test_a_face_below_the_threshold_is_unsure_and_says_why(grey_value: int, threshold: float, reason: str | None) -> None:
    (face,) = reader(Boxes([LEFT]), unsure_below=threshold - 1e-6 if threshold < 1 else 1).read(grey(grey_value))
    assert face.reason == reason
    assert face.unsure is (reason is not None)
    assert LOW_CONFIDENCE == "low confidence"


def test_a_face_that_cannot_be_read_says_why_and_keeps_what_was_read() -> None:
    image = grey(240)
    image[:, 55:] = 0
    left, right = FaceReader(Boxes([LEFT, RIGHT]), Says(), 1, 0.5).read(image)
    assert (left.reason, right.reason) == (BLURRED, TOO_DARK)
    assert (left.expression, left.confidence) == (Expression.HAPPY, pytest.approx(240 / 255))


def test_that_a_face_cannot_be_read_is_said_before_that_nobody_is_sure_of_it() -> None:
    (face,) = replace(gated(Boxes([LEFT]), by_light), unsure_below=1).read(grey(254))
    assert face.reason == OVER_EXPOSED


def test_the_gate_knows_the_squares_that_were_cut_and_the_size_of_the_picture() -> None:
    asked: list[tuple[int, list[Box], int, int]] = []

    def gate(crops: Batch, squares: Sequence[Box], width: int, height: int, /) -> list[str | None]:
        asked.append((len(crops), list(squares), width, height))
        return open_gate(crops, squares, width, height)

    replace(gated(Boxes([LEFT, RIGHT]), gate), side_ratio=1.5).read(grey(9)[:80])
    assert asked == [(2, [Box(0, 0, 60, 60), Box(52, 2, 45, 45)], 100, 80)]


@pytest.mark.parametrize("fps", [30, 8, 2])
def test_between_two_full_scans_only_the_surroundings_of_known_faces_are_searched(fps: float) -> None:
    detector = Boxes([LEFT])
    live = FrameReader(reader(detector), tracker())
    shot = frames(PICTURE, round(4 * fps), fps=fps)
    for frame in shot:
        live.read(frame)
    assert all(near in ([], [LEFT]) for near in detector.asked)
    scans = [frame.time_s for frame, near in zip(shot, detector.asked, strict=True) if not near]
    apart = [later - earlier for earlier, later in pairwise(scans)]
    assert min(apart) >= FULL_SCAN_S - 1e-9, "no more than are needed"
    assert max(apart) <= max(FULL_SCAN_S + 1 / fps, 1 / fps) + 1e-9, "a slow machine scans as often"


def test_faces_are_looked_for_where_they_should_be() -> None:
    moving = [[Box(10 + 3 * index, 10, 40, 40)] for index in range(9)]
    detector = Boxes(*moving)
    live = FrameReader(reader(detector), tracker())
    for frame in frames(PICTURE, 9):
        live.read(frame)
    assert abs(detector.asked[8][0].left - moving[8][0].left) <= 1


def test_a_newcomer_is_shown_when_every_look_for_a_while_confirms_it() -> None:
    both = [LEFT, RIGHT]
    detector = Boxes([LEFT], both, both, [LEFT], both, both, both, both)
    live = FrameReader(reader(detector), tracker(confirm_s=0.09))
    found = [[face.track for face in live.read(frame)] for frame in frames(PICTURE, 8)]
    assert found == [*[[1]] * 7, [1, 2]], "what was found twice and then not was no face"
    assert detector.asked[2] == [LEFT, RIGHT], "where it was found it is looked for again"


def test_a_slow_machine_takes_a_newcomer_at_its_first_sight() -> None:
    live = FrameReader(reader(Boxes([LEFT], [LEFT, RIGHT])), tracker(confirm_s=0.15))
    assert [len(live.read(frame)) for frame in frames(PICTURE, 2, fps=5)] == [1, 2]


def test_a_known_face_that_is_missed_for_a_moment_is_held_where_it_was() -> None:
    seen = [[LEFT, RIGHT]] * 20
    live = FrameReader(reader(Boxes(*seen, [RIGHT], [RIGHT], [])), tracker(forget_after_s=2), hold_s=0.08)
    found = [live.read(frame) for frame in frames(grey(200), 26)]
    assert [[(face.track, face.box) for face in faces] for faces in found[19:24]] == [
        [(1, LEFT), (2, RIGHT)],
        [(1, LEFT), (2, RIGHT)],
        [(1, LEFT), (2, RIGHT)],
        [(2, RIGHT)],
        [(2, RIGHT)],
    ]
    assert found[21][0].probabilities == found[19][0].probabilities
    assert found[25] == ()


def test_a_face_that_was_seen_for_a_moment_only_is_not_held() -> None:
    live = FrameReader(reader(Boxes(*[[LEFT]] * 5, [])), tracker(forget_after_s=2), hold_s=0.08)
    assert [len(live.read(frame)) for frame in frames(PICTURE, 6)] == [1] * 5 + [0]


def test_no_face_is_held_beyond_the_edge_of_a_frame_of_another_size() -> None:
    live = FrameReader(reader(Boxes(*[[RIGHT]] * 20, [])), tracker(forget_after_s=2), hold_s=0.08)
    for frame in frames(PICTURE, 20):
        live.read(frame)
    assert live.read(Frame(PICTURE[:, :80], 20, 20 / 30)) == ()


def test_after_an_outage_a_person_keeps_number_past_and_label_and_all_is_scanned() -> None:
    detector = Boxes([LEFT])
    live = FrameReader(reader(detector), tracker(smoothing_s=1, confirm_s=0.15), steady())
    for frame in frames(grey(255), 30):
        live.read(frame)
    (face,) = live.read(Frame(grey(0), 30, 11.0, 1))
    assert (face.track, face.expression, face.confidence) == (1, Expression.HAPPY, pytest.approx(1))
    assert detector.asked[30] == []
    assert detector.asked[29] == [LEFT]
    (face,) = live.read(Frame(grey(0), 31, 11.1, 1))
    assert face.confidence == pytest.approx(np.exp(-0.1) * (1 - np.exp(-1)) / (1 - np.exp(-1.1)), abs=0.05)


def test_an_outage_counts_for_no_rival() -> None:
    live = FrameReader(reader(Boxes([LEFT])), tracker(), steady())
    told = [(255, 0.0, 0), (115, 0.1, 0), (115, 60.0, 1), (115, 60.5, 1), (115, 61.5, 1)]
    shot = (Frame(grey(level), index, time_s, stretch) for index, (level, time_s, stretch) in enumerate(told))
    found = [live.read(frame)[0].expression for frame in shot]
    assert found == [Expression.HAPPY] * 4 + [Expression.SAD]


def test_a_long_session_keeps_no_labels_of_those_who_left() -> None:
    labels = steady()
    live = FrameReader(reader(Boxes([LEFT], [RIGHT])), tracker(), labels)
    for index in range(4):
        live.read(Frame(PICTURE, index, 50.0 * index))
    assert len(labels._held) <= 2  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("times", [[5, 1, 1, 1.1], [0, 1e12, 1e12, 0], [np.nan, np.inf, 0, np.nan], [1, 1, 1, 1]])
def test_no_clock_spoils_a_session(times: list[float]) -> None:
    live = FrameReader(reader(Boxes([LEFT])), tracker(smoothing_s=0.3, confirm_s=0.15), steady(), hold_s=0.1)
    for index, time_s in enumerate(times):
        (face,) = live.read(Frame(grey(255), index, time_s))
        assert face.confidence == pytest.approx(1)


def test_a_label_is_held_through_noise_and_given_up_for_a_true_change() -> None:
    live = FrameReader(reader(Boxes([LEFT])), tracker(), steady())
    levels = [200, 120, 200, 120, 200, 0, 0]
    found = [live.read(Frame(grey(level), index, index / 30))[0] for index, level in enumerate(levels)]
    assert [face.expression for face in found] == [Expression.HAPPY] * 5 + [Expression.SAD] * 2
    assert not any(face.unsure for face in found), "a moment of doubt is none"
    assert found[1].confidence == pytest.approx(120 / 255)


def test_a_face_that_stays_doubtful_says_why() -> None:
    live = FrameReader(reader(Boxes([LEFT])), tracker(), steady(unsure_below=0.8))
    levels = [255, *[150] * 60]
    found = [live.read(Frame(grey(level), index, index / 30))[0].reason for index, level in enumerate(levels)]
    assert (found[0], found[15], found[-1]) == (None, None, LOW_CONFIDENCE)


def test_a_crop_that_cannot_be_read_for_a_moment_changes_nothing() -> None:
    live = FrameReader(gated(Boxes([LEFT]), by_light), tracker(), steady())
    levels = [200, *[255, 255, 200] * 30]
    assert not any(live.read(Frame(grey(level), index, index / 30))[0].unsure for index, level in enumerate(levels))


def test_a_face_that_cannot_be_read_for_a_while_says_why_until_it_can_for_as_long() -> None:
    live = FrameReader(gated(Boxes([LEFT]), by_light), tracker(), steady())
    levels = [200, *[255] * 60, *[200] * 60]
    found = [live.read(Frame(grey(level), index, index / 30))[0].reason for index, level in enumerate(levels)]
    assert [index for index in range(1, 121) if found[index] != found[index - 1]] == [31, 91]
    assert (found[30], found[31], found[91]) == (None, OVER_EXPOSED, None)


def test_a_frame_that_misses_a_face_says_nothing_of_whether_it_can_be_read() -> None:
    seen = [[LEFT]] * 20
    boxes = Boxes(*seen, *[[], [LEFT], [LEFT]] * 20)
    live = FrameReader(gated(boxes, by_light), tracker(forget_after_s=2), steady(), hold_s=0.08)
    levels = [*[200] * 20, *[255] * 60]
    found = [live.read(Frame(grey(level), index, index / 30)) for index, level in enumerate(levels)]
    assert all(len(faces) == 1 for faces in found)
    assert (found[20][0].reason, found[-1][0].reason) == (None, OVER_EXPOSED)


def test_without_labels_each_frame_is_judged_by_itself() -> None:
    live = FrameReader(gated(Boxes([LEFT]), by_light), tracker())
    found = [live.read(Frame(grey(level), index, index / 30))[0].reason for index, level in enumerate([200, 255, 200])]
    assert found == [None, OVER_EXPOSED, None]


def test_while_nobody_is_known_every_third_frame_of_thirty_a_second_is_scanned_as_a_whole() -> None:
    detector = Boxes([], [], [LEFT])
    live = FrameReader(reader(detector), tracker())
    found = [len(live.read(frame)) for frame in frames(PICTURE, 9)]
    assert detector.asked == [[], [], [], [LEFT], [LEFT]]
    assert found == [0, 0, 0, 0, 0, 0, 1, 1, 1]


def test_a_face_that_is_gone_is_looked_for_until_it_is_forgotten() -> None:
    detector = Boxes([LEFT], [])
    live = FrameReader(reader(detector), tracker(forget_after_s=0.2))
    for index, time_s in enumerate([0.0, 0.1, 0.2, 0.25]):
        live.read(Frame(PICTURE, index, time_s))
    assert detector.asked == [[], [LEFT], [LEFT], []]


def test_a_session_keeps_a_persons_number_and_smooths_its_probabilities() -> None:
    live = FrameReader(reader(Boxes([LEFT, RIGHT])), tracker(smoothing_s=1))
    first = [live.read(Frame(grey(255), index, index / 30)) for index in range(60)][-1]
    then = live.read(Frame(grey(0), 60, 2.0))
    assert [face.track for face in first] == [face.track for face in then] == [1, 2]
    assert [face.expression for face in then] == [Expression.HAPPY, Expression.HAPPY]
    assert 0.95 < then[0].confidence < 0.97


def test_what_is_judged_in_a_session_are_the_smoothed_probabilities() -> None:
    live = FrameReader(reader(Boxes([LEFT]), unsure_below=0.8), tracker(smoothing_s=1))
    live.read(Frame(grey(255), 0, 0.0))
    sure, unsure = (live.read(Frame(grey(128), index, time_s))[0].unsure for index, time_s in ((1, 0.01), (2, 5.0)))
    assert (sure, unsure) == (False, True)


def test_a_moving_face_keeps_its_number_and_one_that_enters_is_found_in_time(shipped: FaceReader, astronaut: Image) -> None:
    head = astronaut[20:200, 130:310]
    live = FrameReader(shipped, tracker(smoothing_s=0.5))
    found: list[tuple[Face, ...]] = []
    for index in range(20):
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
    assert all([face.track for face in faces] == [1, 2] for faces in found[13:])


class Misled(Says):
    """Calls what is white angry, as a network may: it cannot see it."""

    def classify(self, batch: Batch, /) -> Probabilities:
        answer = super().classify(batch)
        answer[batch.reshape(len(batch), -1).mean(axis=1) > 0.99] = np.eye(7, dtype=np.float32)[0]
        return answer


def test_what_a_crop_that_cannot_be_read_looks_like_never_becomes_a_word() -> None:
    faces = replace(gated(Boxes([LEFT]), by_light), classifier=Misled())
    live = FrameReader(faces, tracker(smoothing_s=0.25), steady())
    levels = [*[200] * 30, *[255] * 60, *[200] * 10]
    seen = [live.read(Frame(grey(level), index, index / 30))[0] for index, level in enumerate(levels)]
    assert {face.expression for face in seen} == {Expression.HAPPY}
    assert all(face.confidence > 0.7 for face in seen)
