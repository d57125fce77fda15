from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from realtime.classifier.contract import read_contract
from realtime.classifier.crops import crop_faces
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE, Batch, Box, Expression, Face, Frame, Image, Probabilities, Threshold
from realtime.faces.calibration import Calibration
from realtime.faces.haar import HaarDetector
from realtime.faces.labels import LabelHysteresis
from realtime.faces.pipeline import FULL_SCAN_S, WHOLE_SCAN_S, FaceReader, FrameReader, QualityGate
from realtime.faces.quality import BLURRED, OVER_EXPOSED, TOO_DARK
from realtime.faces.tracker import Tracker
from tests.support.gates import open_gate
from tests.support.places import ROOT

MODELS = ROOT / "models"
LEFT, RIGHT = Box(10, 10, 40, 40), Box(60, 10, 30, 30)
PICTURE = np.zeros((100, 100, 3), np.uint8)


class ScriptedDetector:
    """A detector that returns one list of boxes for each call, the last one for ever, and records the boxes `near`."""

    def __init__(self, *found: Sequence[Box]) -> None:
        self._found = list(found)
        self.near: list[list[Box]] = []

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del image
        self.near.append(list(near))
        return list(self._found.pop(0) if len(self._found) > 1 else self._found[0])


class BrightnessClassifier:
    """A classifier by brightness: a dark crop is sad, a bright one is happy."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def classify(self, batch: Batch, /) -> Probabilities:
        self.batches.append(batch)
        probabilities = np.zeros((len(batch), 7), np.float32)
        happy = batch.reshape(len(batch), -1).mean(axis=1) if len(batch) else np.empty(0, np.float32)
        probabilities[:, EXPRESSIONS.index(Expression.HAPPY)] = happy
        probabilities[:, EXPRESSIONS.index(Expression.SAD)] = 1 - happy
        return probabilities


def make_tracker(*, smoothing_s: float = 0.0, forget_after_s: float = 1.0, confirm_s: float = 0.0) -> Tracker:
    return Tracker(match_overlap=0.3, forget_after_s=forget_after_s, smoothing_s=smoothing_s, confirm_s=confirm_s)


def make_reader(
    detector: ScriptedDetector,
    classifier: BrightnessClassifier | None = None,
    *,
    unsure_below: float = 0.5,
    side_ratio: float = 1,
) -> FaceReader:
    return FaceReader(detector, classifier or BrightnessClassifier(), side_ratio, Threshold(unsure_below), open_gate)


def make_gated_reader(detector: ScriptedDetector, gate: QualityGate) -> FaceReader:
    return replace(make_reader(detector), gate=gate)


def make_labels(*, unsure_below: float = 0.5) -> LabelHysteresis:
    return LabelHysteresis(unsure_below=Threshold(unsure_below), slack=0.1, lead=0.3, dwell_s=1.0)


def make_frames(image: Image, count: int, *, fps: float = 30) -> list[Frame]:
    return [Frame(image, index, index / fps) for index in range(count)]


def grey(value: int) -> Image:
    return np.full((100, 100, 3), value, np.uint8)


def white_gate(crops: Batch, _squares: Sequence[Box], _width: int, _height: int, /) -> list[str | None]:
    """A gate that rejects white crops."""
    return [OVER_EXPOSED if crop.mean() > 0.99 else None for crop in crops]


@pytest.fixture(scope="module")
def shipped() -> FaceReader:
    """The shipped network with the detector of a live session."""
    detector = HaarDetector(
        ROOT / "cascades" / "haarcascade_frontalface_alt2.xml",
        search_size=(640, 360),
        scale_factor=1.2,
        min_neighbors=3,
        min_face=36,
    )
    pair = MODELS / "emotiondetector.json"
    classifier = open_classifier(pair.with_suffix(".tflite").read_bytes())
    return FaceReader(detector, classifier, read_contract(pair.with_suffix(".contract.json")).side_ratio, Threshold(0.5))


def test_boxes_that_were_found_already_are_not_searched_again() -> None:
    detector = ScriptedDetector([RIGHT])
    (face,) = make_reader(detector).read(PICTURE, [LEFT])
    assert (face.box, detector.near) == (LEFT, [])
    assert make_reader(detector).read(PICTURE, []) == ()


def test_the_face_of_the_astronaut_is_happy(shipped: FaceReader, astronaut: Image) -> None:
    (face,) = shipped.read(astronaut)
    assert face.box.overlap(Box(174, 64, 101, 101)) > 0.7
    assert face.expression is Expression.HAPPY
    assert not face.unsure
    assert face.track is None, "a still picture has no tracks"


def test_all_faces_of_a_picture_are_read_in_one_batch_and_keep_their_order() -> None:
    image = grey(0)
    image[:, 55:] = 255
    classifier = BrightnessClassifier()
    faces = make_reader(ScriptedDetector([LEFT, RIGHT]), classifier, side_ratio=0.9).read(image)
    assert [(face.box, face.expression) for face in faces] == [(LEFT, Expression.SAD), (RIGHT, Expression.HAPPY)]
    (batch,) = classifier.batches
    assert (batch == crop_faces(image, [LEFT, RIGHT], 0.9)).all()


def test_a_picture_without_faces_gives_none() -> None:
    assert make_reader(ScriptedDetector([])).read(PICTURE) == ()


def test_each_still_picture_is_scanned_as_a_whole() -> None:
    detector = ScriptedDetector([LEFT])
    single = make_reader(detector)
    for _ in range(3):
        single.read(PICTURE)
    assert detector.near == [[], [], []]


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
def test_a_face_below_the_threshold_is_unsure_with_a_reason(grey_value: int, threshold: float, reason: str | None) -> None:
    (face,) = make_reader(ScriptedDetector([LEFT]), unsure_below=max(threshold - 1e-6, 0) if threshold < 1 else 1).read(
        grey(grey_value)
    )
    assert face.reason == reason
    assert face.unsure is (reason is not None)
    assert LOW_CONFIDENCE == "low confidence"


def test_an_unreadable_face_has_its_reason_and_keeps_its_probabilities() -> None:
    image = grey(240)
    image[:, 55:] = 0
    left, right = FaceReader(ScriptedDetector([LEFT, RIGHT]), BrightnessClassifier(), 1, Threshold(0.5)).read(image)
    assert (left.reason, right.reason) == (BLURRED, TOO_DARK)
    assert (left.expression, left.confidence) == (Expression.HAPPY, pytest.approx(240 / 255))


def test_the_reason_of_the_gate_goes_before_low_confidence() -> None:
    (face,) = replace(make_gated_reader(ScriptedDetector([LEFT]), white_gate), unsure_below=Threshold(1)).read(grey(254))
    assert face.reason == OVER_EXPOSED


def test_the_gate_gets_the_squares_of_the_crops_and_the_size_of_the_picture() -> None:
    calls: list[tuple[int, list[Box], int, int]] = []

    def gate(crops: Batch, squares: Sequence[Box], width: int, height: int, /) -> list[str | None]:
        calls.append((len(crops), list(squares), width, height))
        return open_gate(crops, squares, width, height)

    replace(make_gated_reader(ScriptedDetector([LEFT, RIGHT]), gate), side_ratio=1.5).read(grey(9)[:80])
    assert calls == [(2, [Box(0, 0, 60, 60), Box(52, 2, 45, 45)], 100, 80)]


@pytest.mark.parametrize("fps", [30, 8, 2])
def test_between_two_full_scans_only_the_regions_around_known_faces_are_searched(fps: float) -> None:
    detector = ScriptedDetector([LEFT])
    reader = FrameReader(make_reader(detector), make_tracker())
    sequence = make_frames(PICTURE, round(4 * fps), fps=fps)
    for frame in sequence:
        reader.read(frame)
    assert all(near in ([], [LEFT]) for near in detector.near)
    scans = [frame.time_s for frame, near in zip(sequence, detector.near, strict=True) if not near]
    apart = [later - earlier for earlier, later in pairwise(scans)]
    assert min(apart) >= FULL_SCAN_S - 1e-9, "no more scans than needed"
    assert max(apart) <= max(FULL_SCAN_S + 1 / fps, 1 / fps) + 1e-9, "a slow machine scans as often"


def test_faces_are_searched_at_their_predicted_boxes() -> None:
    moving = [[Box(10 + 3 * index, 10, 40, 40)] for index in range(9)]
    detector = ScriptedDetector(*moving)
    reader = FrameReader(make_reader(detector), make_tracker())
    for frame in make_frames(PICTURE, 9):
        reader.read(frame)
    assert abs(detector.near[8][0].left - moving[8][0].left) <= 1


def test_a_new_face_is_shown_after_every_frame_has_confirmed_it_for_long_enough() -> None:
    both = [LEFT, RIGHT]
    detector = ScriptedDetector([LEFT], both, both, [LEFT], both, both, both, both)
    reader = FrameReader(make_reader(detector), make_tracker(confirm_s=0.09))
    found = [[face.track for face in reader.read(frame)] for frame in make_frames(PICTURE, 8)]
    assert found == [*[[1]] * 7, [1, 2]], "a box that two frames show and the next one misses is no face"
    assert detector.near[2] == [LEFT, RIGHT], "an unconfirmed face is searched near its box, too"


def test_at_a_low_frame_rate_a_new_face_is_shown_at_once() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT], [LEFT, RIGHT])), make_tracker(confirm_s=0.15))
    assert [len(reader.read(frame)) for frame in make_frames(PICTURE, 2, fps=5)] == [1, 2]


def test_a_known_face_that_is_missed_for_a_moment_is_kept() -> None:
    before = [[LEFT, RIGHT]] * 20
    reader = FrameReader(
        make_reader(ScriptedDetector(*before, [RIGHT], [RIGHT], [])), make_tracker(forget_after_s=2), hold_s=0.08
    )
    found = [reader.read(frame) for frame in make_frames(grey(200), 26)]
    assert [[(face.track, face.box) for face in faces] for faces in found[19:24]] == [
        [(1, LEFT), (2, RIGHT)],
        [(1, LEFT), (2, RIGHT)],
        [(1, LEFT), (2, RIGHT)],
        [(2, RIGHT)],
        [(2, RIGHT)],
    ]
    assert found[21][0].probabilities == found[19][0].probabilities
    assert found[25] == ()


def test_a_face_that_was_detected_only_for_a_moment_is_not_kept() -> None:
    reader = FrameReader(make_reader(ScriptedDetector(*[[LEFT]] * 5, [])), make_tracker(forget_after_s=2), hold_s=0.08)
    assert [len(reader.read(frame)) for frame in make_frames(PICTURE, 6)] == [1] * 5 + [0]


def test_no_face_is_kept_outside_a_frame_of_another_size() -> None:
    reader = FrameReader(make_reader(ScriptedDetector(*[[RIGHT]] * 20, [])), make_tracker(forget_after_s=2), hold_s=0.08)
    for frame in make_frames(PICTURE, 20):
        reader.read(frame)
    assert reader.read(Frame(PICTURE[:, :80], 20, 20 / 30)) == ()


def test_after_an_outage_a_face_keeps_number_probabilities_and_label_and_the_frame_is_scanned() -> None:
    detector = ScriptedDetector([LEFT])
    reader = FrameReader(make_reader(detector), make_tracker(smoothing_s=1, confirm_s=0.15), make_labels())
    for frame in make_frames(grey(255), 30):
        reader.read(frame)
    (face,) = reader.read(Frame(grey(0), 30, 11.0, 1))
    assert (face.track, face.expression, face.confidence) == (1, Expression.HAPPY, pytest.approx(1))
    assert detector.near[30] == []
    assert detector.near[29] == [LEFT]
    (face,) = reader.read(Frame(grey(0), 31, 11.1, 1))
    assert face.confidence == pytest.approx(np.exp(-0.1) * (1 - np.exp(-1)) / (1 - np.exp(-1.1)), abs=0.05)


def test_an_outage_adds_no_time_to_a_rival() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT])), make_tracker(), make_labels())
    inputs = [(255, 0.0, 0), (115, 0.1, 0), (115, 60.0, 1), (115, 60.5, 1), (115, 61.5, 1)]
    sequence = (Frame(grey(level), index, time_s, stretch) for index, (level, time_s, stretch) in enumerate(inputs))
    found = [reader.read(frame)[0].expression for frame in sequence]
    assert found == [Expression.HAPPY] * 4 + [Expression.SAD]


def test_a_long_session_drops_the_labels_of_faces_that_left() -> None:
    labels = make_labels()
    reader = FrameReader(make_reader(ScriptedDetector([LEFT], [RIGHT])), make_tracker(), labels)
    for index in range(4):
        reader.read(Frame(PICTURE, index, 50.0 * index))
    assert len(labels._states) <= 2  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("times", [[5, 1, 1, 1.1], [0, 1e12, 1e12, 0], [np.nan, np.inf, 0, np.nan], [1, 1, 1, 1]])
def test_any_times_of_frames_give_faces(times: list[float]) -> None:
    reader = FrameReader(
        make_reader(ScriptedDetector([LEFT])), make_tracker(smoothing_s=0.3, confirm_s=0.15), make_labels(), hold_s=0.1
    )
    for index, time_s in enumerate(times):
        (face,) = reader.read(Frame(grey(255), index, time_s))
        assert face.confidence == pytest.approx(1)


def test_a_label_stays_through_noise_and_follows_a_true_change() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT])), make_tracker(), make_labels())
    levels = [200, 120, 200, 120, 200, 0, 0]
    found = [reader.read(Frame(grey(level), index, index / 30))[0] for index, level in enumerate(levels)]
    assert [face.expression for face in found] == [Expression.HAPPY] * 5 + [Expression.SAD] * 2
    assert not any(face.unsure for face in found), "a moment below the threshold does not make a face unsure"
    assert found[1].confidence == pytest.approx(120 / 255)


def test_a_face_that_stays_below_the_threshold_gets_low_confidence() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT])), make_tracker(), make_labels(unsure_below=0.8))
    levels = [255, *[150] * 60]
    found = [reader.read(Frame(grey(level), index, index / 30))[0].reason for index, level in enumerate(levels)]
    assert (found[0], found[15], found[-1]) == (None, None, LOW_CONFIDENCE)


def test_a_crop_that_is_unreadable_for_a_moment_changes_nothing() -> None:
    reader = FrameReader(make_gated_reader(ScriptedDetector([LEFT]), white_gate), make_tracker(), make_labels())
    levels = [200, *[255, 255, 200] * 30]
    assert not any(reader.read(Frame(grey(level), index, index / 30))[0].unsure for index, level in enumerate(levels))


def test_a_reason_appears_after_the_dwell_and_disappears_after_the_dwell() -> None:
    reader = FrameReader(make_gated_reader(ScriptedDetector([LEFT]), white_gate), make_tracker(), make_labels())
    levels = [200, *[255] * 60, *[200] * 60]
    found = [reader.read(Frame(grey(level), index, index / 30))[0].reason for index, level in enumerate(levels)]
    assert [index for index in range(1, 121) if found[index] != found[index - 1]] == [31, 91]
    assert (found[30], found[31], found[91]) == (None, OVER_EXPOSED, None)


def test_a_frame_that_misses_a_face_does_not_reset_its_reason() -> None:
    before = [[LEFT]] * 20
    detector = ScriptedDetector(*before, *[[], [LEFT], [LEFT]] * 20)
    reader = FrameReader(make_gated_reader(detector, white_gate), make_tracker(forget_after_s=2), make_labels(), hold_s=0.08)
    levels = [*[200] * 20, *[255] * 60]
    found = [reader.read(Frame(grey(level), index, index / 30)) for index, level in enumerate(levels)]
    assert all(len(faces) == 1 for faces in found)
    assert (found[20][0].reason, found[-1][0].reason) == (None, OVER_EXPOSED)


def test_without_labels_each_frame_has_its_own_reason() -> None:
    reader = FrameReader(make_gated_reader(ScriptedDetector([LEFT]), white_gate), make_tracker())
    found = [reader.read(Frame(grey(level), index, index / 30))[0].reason for index, level in enumerate([200, 255, 200])]
    assert found == [None, OVER_EXPOSED, None]


def test_while_no_face_is_known_every_third_frame_of_thirty_a_second_is_scanned() -> None:
    detector = ScriptedDetector([], [], [LEFT])
    reader = FrameReader(make_reader(detector), make_tracker())
    found = [len(reader.read(frame)) for frame in make_frames(PICTURE, 9)]
    assert detector.near == [[], [], [], [LEFT], [LEFT]]
    assert found == [0, 0, 0, 0, 0, 0, 1, 1, 1]


def test_a_lost_face_is_searched_until_its_track_ends() -> None:
    detector = ScriptedDetector([LEFT], [])
    reader = FrameReader(make_reader(detector), make_tracker(forget_after_s=0.2))
    for index, time_s in enumerate([0.0, 0.1, 0.2, 0.25]):
        reader.read(Frame(PICTURE, index, time_s))
    assert detector.near == [[], [LEFT], [LEFT], []]


def test_a_session_keeps_the_numbers_and_smooths_the_probabilities() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT, RIGHT])), make_tracker(smoothing_s=1))
    first = [reader.read(Frame(grey(255), index, index / 30)) for index in range(60)][-1]
    then = reader.read(Frame(grey(0), 60, 2.0))
    assert [face.track for face in first] == [face.track for face in then] == [1, 2]
    assert [face.expression for face in then] == [Expression.HAPPY, Expression.HAPPY]
    assert 0.95 < then[0].confidence < 0.97


def test_the_threshold_applies_to_smoothed_probabilities() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT]), unsure_below=0.8), make_tracker(smoothing_s=1))
    reader.read(Frame(grey(255), 0, 0.0))
    sure, unsure = (reader.read(Frame(grey(128), index, time_s))[0].unsure for index, time_s in ((1, 0.01), (2, 5.0)))
    assert (sure, unsure) == (False, True)


def test_a_moving_face_keeps_its_number_and_one_that_enters_is_found_in_time(shipped: FaceReader, astronaut: Image) -> None:
    head = astronaut[20:200, 130:310]
    reader = FrameReader(shipped, make_tracker(smoothing_s=0.5))
    found: list[tuple[Face, ...]] = []
    for index in range(20):
        image = np.full((360, 640, 3), 110, np.uint8)
        left = 20 + 4 * index
        image[90:270, left : left + 180] = head
        if index >= 3:
            image[90:270, 440:620] = head
        found.append(reader.read(Frame(image, index, index / 30)))
        first = found[-1][0]
        assert first.track == 1
        assert first.expression is Expression.HAPPY
        assert abs(first.box.left - (left + 44)) < 15
    assert [len(faces) for faces in found[:3]] == [1, 1, 1]
    assert all([face.track for face in faces] == [1, 2] for faces in found[13:])


class MisledClassifier(BrightnessClassifier):
    """A classifier that calls white crops angry, as a network may."""

    def classify(self, batch: Batch, /) -> Probabilities:
        probabilities = super().classify(batch)
        probabilities[batch.reshape(len(batch), -1).mean(axis=1) > 0.99] = np.eye(7, dtype=np.float32)[0]
        return probabilities


def test_the_expression_of_an_unreadable_crop_never_becomes_the_label() -> None:
    faces = replace(make_gated_reader(ScriptedDetector([LEFT]), white_gate), classifier=MisledClassifier())
    reader = FrameReader(faces, make_tracker(smoothing_s=0.25), make_labels())
    levels = [*[200] * 30, *[255] * 60, *[200] * 10]
    found = [reader.read(Frame(grey(level), index, index / 30))[0] for index, level in enumerate(levels)]
    assert {face.expression for face in found} == {Expression.HAPPY}
    assert all(face.confidence > 0.7 for face in found)


DOWN = Calibration(tuple(-1.0 if expression is Expression.HAPPY else 0.0 for expression in EXPRESSIONS))
GREY = np.full((100, 100, 3), 153, np.uint8)


def test_a_frame_says_what_the_network_says_of_it_alone() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT])), make_tracker(smoothing_s=100.0))
    reader.read(Frame(PICTURE, 0, 0.0))
    (face,) = reader.read(Frame(GREY, 1, 0.02))
    assert face.reading is not None
    assert face.reading.probabilities[EXPRESSIONS.index(Expression.HAPPY)] == pytest.approx(0.6)
    assert face.probabilities[EXPRESSIONS.index(Expression.HAPPY)] < 0.5
    assert (face.reading.brightness, face.reading.size) == (pytest.approx(0.6), pytest.approx(0.4))


def test_a_crop_that_cannot_be_read_has_no_reading() -> None:
    def dark(crops: Batch, squares: Sequence[Box], width: int, height: int, /) -> list[str | None]:
        del squares, width, height
        return [TOO_DARK] * len(crops)

    reader = FrameReader(make_gated_reader(ScriptedDetector([LEFT]), dark), make_tracker())
    (face,) = reader.read(Frame(GREY, 0, 0.0))
    assert (face.reading, face.reason) == (None, TOO_DARK)


def test_a_face_at_rest_corrects_the_only_face_of_a_frame_and_its_label() -> None:
    def read(frames: Sequence[Sequence[Box]]) -> list[tuple[tuple[Expression, bool], ...]]:
        labels = LabelHysteresis(unsure_below=Threshold(0.5), slack=0.1, lead=0.1, dwell_s=0.2)
        reader = FrameReader(make_reader(ScriptedDetector(*frames)), make_tracker(), labels)
        reader.use(DOWN)
        answers = [reader.read(Frame(GREY, number, float(number))) for number in range(len(frames))]
        return [tuple((face.expression, face.calibrated) for face in faces) for faces in answers]

    alone, crowd = read([[LEFT]]), read([[LEFT, RIGHT]])
    assert alone == [((Expression.SAD, True),)]
    assert crowd == [((Expression.HAPPY, False), (Expression.HAPPY, False))]
    assert read([[LEFT], [LEFT, RIGHT], [LEFT]])[1] == crowd[0]


def test_a_face_at_rest_is_no_longer_used() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT])), make_tracker())
    before = reader.read(Frame(GREY, 0, 0.0))
    reader.use(DOWN)
    assert reader.read(Frame(GREY, 1, 1.0)) != before
    reader.use(None)
    assert reader.read(Frame(GREY, 2, 2.0)) == before


def test_a_face_at_rest_corrects_the_only_face_of_a_picture() -> None:
    (face,) = replace(make_reader(ScriptedDetector([LEFT])), calibration=DOWN).read(GREY)
    assert (face.expression, face.calibrated) == (Expression.SAD, True)
    assert face.confidence == pytest.approx(0.4 / (0.4 + 0.6 * np.exp(-1)))
    several = replace(make_reader(ScriptedDetector([LEFT, RIGHT])), calibration=DOWN).read(GREY)
    assert several == make_reader(ScriptedDetector([LEFT, RIGHT])).read(GREY)


def test_a_corrected_face_below_the_threshold_is_not_sure() -> None:
    reader = make_reader(ScriptedDetector([LEFT]), unsure_below=0.55)
    assert [face.reason for face in reader.read(GREY)] == [None]
    (face,) = replace(reader, calibration=Calibration((0.0, 0.0, 0.0, -0.3, 0.0, 0.0, 0.0))).read(GREY)
    assert (face.expression, face.reason) == (Expression.HAPPY, LOW_CONFIDENCE)


def test_a_face_that_a_frame_misses_still_counts_as_one_of_several() -> None:
    frames: list[list[Box]] = [*[[LEFT, RIGHT]] * 8, [LEFT]]
    reader = FrameReader(make_reader(ScriptedDetector(*frames)), make_tracker(), hold_s=0.5)
    reader.use(DOWN)
    answers = [reader.read(Frame(GREY, number, 0.1 * number)) for number in range(len(frames))]
    assert [face.calibrated for face in answers[-1]] == [False, False]


class AreaDetector(ScriptedDetector):
    """A detector that finds a box near itself, and records the areas that are scanned."""

    def __init__(self, *found: Sequence[Box]) -> None:
        super().__init__(*found)
        self.areas: list[Box] = []

    def scan_area(self, image: Image, area: Box) -> list[Box]:
        del image
        self.areas.append(area)
        return [RIGHT]


def textured(seed: int) -> Image:
    """A frame whose faces have features."""
    return np.repeat(np.random.default_rng(seed).integers(0, 255, (100, 100, 1), np.uint8), 3, axis=2)


def test_a_session_that_saves_reads_a_face_at_rest_five_times_a_second() -> None:
    classifier, detector = BrightnessClassifier(), ScriptedDetector([LEFT])
    reader = FrameReader(make_reader(detector, classifier), make_tracker(), make_labels(), saves=True)
    found = [reader.read(frame) for frame in make_frames(textured(1), 60)]
    assert all([(face.track, face.box) for face in faces] == [(1, LEFT)] for faces in found)
    assert len({faces[0].probabilities for faces in found}) == 1
    assert 8 <= len(classifier.batches) <= 18
    assert all(face.reading is not None for faces in found for face in faces)


def test_a_session_that_saves_reads_a_face_that_changes_in_the_same_frame() -> None:
    reader = FrameReader(make_reader(ScriptedDetector([LEFT])), make_tracker(), make_labels(), saves=True)
    levels = [255] * 10 + [0] * 2
    found = [reader.read(Frame(grey(level), index, index / 30))[0].expression for index, level in enumerate(levels)]
    assert found == [Expression.HAPPY] * 10 + [Expression.SAD] * 2


def test_only_fresh_faces_go_through_the_network_and_each_gets_its_own_answer() -> None:
    classifier = BrightnessClassifier()
    reader = FrameReader(make_reader(ScriptedDetector([LEFT, RIGHT]), classifier), make_tracker(), saves=True)
    dark, bright = textured(1), textured(1)
    dark[:, 55:], bright[:, 55:] = 0, 255
    reader.read(Frame(dark, 0, 0.0))
    faces = reader.read(Frame(bright, 1, 0.1))
    assert [len(batch) for batch in classifier.batches] == [2, 1]
    assert [face.box for face in faces] == [LEFT, RIGHT]
    assert faces[1].confidence == pytest.approx(1)
    assert faces[0].confidence == pytest.approx(0.5, abs=0.1)


def test_a_scan_of_a_session_that_saves_searches_what_changed_and_now_and_then_all() -> None:
    detector = AreaDetector([LEFT])
    reader = FrameReader(make_reader(detector), make_tracker(), saves=True)
    still, other = grey(90), grey(90)
    other[60:100, 60:100] = 200
    count = round((WHOLE_SCAN_S + 0.5) * 30)
    found = [reader.read(Frame(other if index >= 20 else still, index, index / 30)) for index in range(count)]
    assert len(detector.areas) == 1, "one change is scanned once"
    assert detector.areas[0].left > 30
    assert [faces for faces in found if RIGHT in [face.box for face in faces]], "its faces are shown"
    wholes = [index for index, near in enumerate(detector.near) if not near]
    assert len(wholes) == 2, "at the start and after WHOLE_SCAN_S"


def test_an_empty_room_of_a_session_that_saves_is_scanned_where_it_changes() -> None:
    detector = AreaDetector([])
    reader = FrameReader(make_reader(detector), make_tracker(), empty_scan_s=0.09, saves=True)
    for frame in make_frames(grey(90), 30):
        assert reader.read(frame) == ()
    assert len(detector.near) <= 1 / FULL_SCAN_S + 1
    other = grey(90)
    other[60:100, 60:100] = 200
    assert any(reader.read(Frame(other, 30 + index, 1 + index / 30)) for index in range(4))


def test_after_an_outage_a_session_that_saves_scans_the_whole_frame() -> None:
    detector = AreaDetector([LEFT])
    reader = FrameReader(make_reader(detector), make_tracker(), saves=True)
    for frame in make_frames(textured(1), 5):
        reader.read(frame)
    calls = len(detector.near)
    reader.read(Frame(textured(1), 5, 9.0, 1))
    assert [] in detector.near[calls:]


@pytest.mark.parametrize("saves", [True, False])
def test_after_a_change_of_size_the_whole_frame_is_scanned_at_once(saves: bool) -> None:  # noqa: FBT001 - a parameter
    detector = AreaDetector([LEFT])
    reader = FrameReader(make_reader(detector), make_tracker(), saves=saves)
    small = textured(1)
    large = np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)
    for frame in make_frames(small, 5):
        reader.read(frame)
    calls = len(detector.near)
    # It looks the same when it is shrunk
    reader.read(Frame(large, 5, 5 / 30))
    assert [] in detector.near[calls:]


def test_a_session_that_does_not_save_searches_and_reads_each_frame() -> None:
    classifier, detector = BrightnessClassifier(), ScriptedDetector([LEFT])
    reader = FrameReader(make_reader(detector, classifier), make_tracker())
    for frame in make_frames(textured(1), 20):
        reader.read(frame)
    assert (len(detector.near), len(classifier.batches)) == (20, 20)


def test_a_picture_that_a_film_shows_for_minutes_is_searched_once() -> None:
    detector = ScriptedDetector([LEFT])
    reader = FrameReader(make_reader(detector), make_tracker())
    image = textured(1)
    shown = [Frame(image, index, float(index), held=index > 0) for index in range(60)]
    faces = [reader.read(frame) for frame in shown]
    assert len(detector.near) == 1
    assert all([face.track for face in each] == [1] for each in faces)
    # Another picture, or the same one in a source that does not say so, is searched
    reader.read(Frame(textured(2), 60, 60.0))
    reader.read(Frame(textured(2), 61, 61.0, held=True))
    reader.read(Frame(image, 62, 62.0))
    assert len(detector.near) == 4
