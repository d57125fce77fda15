import cv2
import numpy as np
import pytest

from realtime.classifier.crops import crop_faces
from realtime.domain import Box, Image
from realtime.faces.recent import KEEP_S, LIKENESS, UNSEARCHED_S, Answer, Plan, RecentAnswers, correlate, is_unchanged
from realtime.faces.tracker import ExpectedFace

FACE = Box(174, 64, 101, 101)
"""Box of the astronaut's face."""
MOUTH = (223, 146)
"""Its mouth."""
ROW = np.array([0, 0, 0, 1, 0, 0, 0], np.float32)
NOTHING = Plan({}, {}, [], [])


def add_noise(image: Image, seed: int, sigma: float = 3.0) -> Image:
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def move(image: Image, right: float) -> Image:
    matrix = np.array([[1, 0, right], [0, 1, 0]], np.float32)
    return cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)


def open_mouth(image: Image) -> Image:
    return cv2.ellipse(image.copy(), MOUTH, (14, 12), 0, 0, 360, (40, 40, 70), -1).astype(np.uint8, copy=False)


def crop(image: Image, box: Box = FACE) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return crop_faces(image, [box], 1.0)[0]


def answer(image: Image, box: Box = FACE) -> Answer:
    return Answer(box, crop(image, box), ROW, None, 0.5)


def expect(box: Box = FACE, track: int | None = 1) -> list[ExpectedFace]:
    return [ExpectedFace(track, box, shown=True)]


def read_once(image: Image, box: Box = FACE) -> RecentAnswers:
    """Answers of a session whose first frame, at time 0, showed track 1 in `box`."""
    recent = RecentAnswers(1.0)
    recent.note(image, 0.0, NOTHING, {1: answer(image, box)})
    return recent


def test_noise_is_no_change(astronaut: Image) -> None:
    assert is_unchanged(crop(add_noise(astronaut, 1)), crop(add_noise(astronaut, 2)))


@pytest.mark.parametrize("right", [1, -2])
def test_a_face_that_moves_by_a_pixel_has_changed(astronaut: Image, right: float) -> None:
    assert not is_unchanged(crop(add_noise(astronaut, 1)), crop(add_noise(move(astronaut, right), 2)))


def test_a_mouth_that_opens_is_a_change(astronaut: Image) -> None:
    assert not is_unchanged(crop(add_noise(astronaut, 1)), crop(add_noise(open_mouth(astronaut), 2)))


def test_a_face_is_alike_itself_and_not_a_wall(astronaut: Image) -> None:
    assert correlate(crop(astronaut), crop(add_noise(astronaut, 1))) > LIKENESS
    assert correlate(crop(astronaut), crop(astronaut, Box(0, 0, 101, 101))) < LIKENESS
    assert correlate(crop(astronaut), np.zeros((48, 48, 1), np.float32)) == 0


def test_a_face_at_rest_keeps_its_answer_for_a_moment(astronaut: Image) -> None:
    recent = read_once(add_noise(astronaut, 1))
    image = add_noise(astronaut, 2)
    plan = recent.plan(image, expect(), KEEP_S * 0.9)
    assert plan.kept[1].box == FACE
    recent.note(image, KEEP_S * 0.9, plan, {1: plan.kept[1]})
    assert recent.plan(image, expect(), KEEP_S * 1.01).searched == expect(), "an answer that was kept is not younger"


def test_a_face_whose_expression_changes_is_read_at_once(astronaut: Image) -> None:
    plan = read_once(astronaut).plan(open_mouth(astronaut), expect(), 1 / 30)
    assert (plan.kept, plan.quiet) == ({}, [])


def test_a_face_in_its_place_that_looks_a_little_different_is_read_and_not_searched(astronaut: Image) -> None:
    hair = astronaut.copy()
    hair[64:84, 174:275] = 60
    assert correlate(crop(astronaut), crop(hair)) > LIKENESS
    assert read_once(astronaut).plan(hair, expect(), 1 / 30).moved == {1: FACE}


def test_a_face_that_moves_as_expected_is_searched_again_after_a_frame(astronaut: Image) -> None:
    recent, there = read_once(astronaut), Box(FACE.left + 4, FACE.top, FACE.width, FACE.height)
    image = move(astronaut, 4)
    plan = recent.plan(image, expect(there), 1 / 30)
    assert (plan.kept, plan.moved, plan.searched) == ({}, {1: there}, [])
    recent.note(image, 1 / 30, plan, {1: answer(image, there)})
    assert recent.plan(move(astronaut, 8), expect(there), 2 / 30).searched == expect(there)
    assert 1 / 30 < UNSEARCHED_S < 2 / 30


def test_a_face_that_is_not_where_it_was_expected_is_searched(astronaut: Image) -> None:
    aside = expect(Box(330, 64, 101, 101))
    assert read_once(astronaut).plan(move(astronaut, 40), aside, 1 / 30).searched == aside


def test_a_face_that_leaves_the_frame_is_searched(astronaut: Image) -> None:
    image = np.ascontiguousarray(astronaut[:, 174:])
    recent = read_once(image, Box(0, 64, 101, 101))
    outside = expect(Box(-5, 64, 101, 101))
    assert recent.plan(move(image, -5), outside, 1 / 30).searched == outside


def test_a_frame_of_another_size_keeps_no_box_outside() -> None:
    wall = np.full((480, 640, 3), 90, np.uint8)
    recent = read_once(wall, Box(500, 300, 100, 100))
    assert recent.plan(wall[:240, :320], expect(Box(500, 300, 100, 100)), 0.1).kept == {}


def test_an_unconfirmed_face_is_searched_in_each_frame(astronaut: Image) -> None:
    new = expect(track=None)
    assert read_once(astronaut).plan(astronaut, new, 1 / 30).searched == new


def test_where_a_face_was_missed_nothing_is_searched_until_something_changes(astronaut: Image) -> None:
    wall = np.full_like(astronaut, 90)
    recent = read_once(astronaut)
    plan = recent.plan(wall, expect(), 0.1)
    assert plan.searched == expect()
    recent.note(wall, 0.1, plan, {})
    quiet = recent.plan(wall, expect(), 0.2)
    assert (quiet.searched, quiet.quiet) == ([], [1])
    recent.note(wall, 0.2, quiet, {})
    assert recent.plan(astronaut, expect(), 0.25).searched == expect(), "something is there again"
    assert recent.plan(wall, expect(), 0.1 + KEEP_S).searched == expect(), "not for long"


def test_after_an_interruption_every_face_is_searched(astronaut: Image) -> None:
    recent = read_once(astronaut)
    recent.clear()
    assert recent.plan(astronaut, expect(), 1 / 30).searched == expect()
