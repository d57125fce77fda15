from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from realtime.classifier.occlusion import Explanation, explain_crop
from realtime.domain import LOW_CONFIDENCE, Batch, Box, Expression, Face, Image, Probabilities
from realtime.overlay.draw import draw
from realtime.overlay.explanation import FALLS, RISES, append_panels, blend_map, default_zoom, explanation_card
from realtime.overlay.widgets import PLATE, Picture, Word
from realtime.session.view import ViewState

HAPPY = (0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0)
SIZES = [(1, 1), (2, 3), (10, 2000), (2000, 10), (150, 200), (240, 320), (480, 640), (720, 1280)]


def classify(batch: Batch) -> Probabilities:
    """Happier the brighter the upper left part is; neutral else."""
    answers = np.zeros((len(batch), 7), np.float32)
    answers[:, 3] = batch[:, :12, :12, 0].mean(axis=(1, 2))
    answers[:, 4] = 1 - answers[:, 3]
    return answers


def explanation_of(face: Face) -> Explanation:
    crop = np.full((1, 48, 48, 1), 0.2, np.float32)
    crop[0, :12, :12] = 0.8
    return explain_crop(face, crop, classify)


def explained(left: int = 270, side: int = 100) -> Explanation:
    return explanation_of(Face(Box(left, 180, side, side), HAPPY, track=1))


def words(explanation: Explanation) -> str:
    rows = explanation_card(explanation, 20).rows
    return "\n".join(" ".join(cell.text for cell in row if isinstance(cell, Word)) for row in rows)


def pictures(explanation: Explanation, *, mirrored: bool = False) -> list[Image]:
    rows = explanation_card(explanation, 20, mirrored=mirrored).rows
    return [cell.pixels for cell in rows[0] if isinstance(cell, Picture)]


def flat(height: int = 480, width: int = 640) -> Image:
    return np.full((height, width, 3), 128, np.uint8)


def changed_area(before: Image, after: Image) -> Box:
    rows, columns = np.nonzero((before != after).any(axis=2))
    left, top = int(columns.min()), int(rows.min())
    return Box(left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)


def test_the_crop_is_enlarged_and_nothing_else() -> None:
    explanation = explained()
    card = explanation_card(explanation, 20, zoom=3)
    canvas = flat()
    card.paint(canvas, 0, 0)
    side, top = card.padding_px()
    top += round(0.2 * card.size)
    crop = canvas[top : top + 144, side : side + 144]
    assert (crop == explanation.crop.repeat(3, axis=0).repeat(3, axis=1)[:, :, np.newaxis]).all()


def test_a_drop_is_orange_a_rise_is_blue_and_nothing_leaves_the_crop() -> None:
    crop = np.full((1, 3, 3), 100, np.uint8)
    falls, rises, same = blend_map(crop, np.array([[0.2, -0.2, 0.0]], np.float32), 0.2)[0].astype(float)
    assert falls == pytest.approx(100 * 0.25 + FALLS * 0.75, abs=1)
    assert rises == pytest.approx(100 * 0.25 + RISES * 0.75, abs=1)
    assert same == pytest.approx(100)
    assert (blend_map(crop, np.zeros((1, 3), np.float32), 0) == crop).all()


def test_the_map_lies_where_the_answer_comes_from() -> None:
    crop, coloured = pictures(explained())
    assert (crop[:, :, 0] == crop[:, :, 2]).all()
    redder = coloured[:, :, 2].astype(int) - coloured[:, :, 0]
    assert redder[:12, :12].min() > 50
    assert not redder[24:, 24:].any()


def test_a_mirrored_screen_has_a_mirrored_crop_and_map() -> None:
    for plain, flipped in zip(pictures(explained()), pictures(explained(), mirrored=True), strict=True):
        assert (plain[:, ::-1] == flipped).all()
        assert (plain != flipped).any()


def test_label_second_guess_and_the_largest_change_are_words() -> None:
    text = words(explained())
    assert text.splitlines()[1:] == ["happy 80%", "2nd guess: neutral 20%", "happy if covered:", "+56% –56%"]


@pytest.mark.parametrize("reason", [LOW_CONFIDENCE, "blurred"])
def test_the_panel_says_why_a_face_is_unsure(reason: str) -> None:
    face = replace(explained().face, reason=reason)
    assert f"not sure: {reason}" in words(explanation_of(face))


@pytest.mark.parametrize(("peak", "shown"), [(0.0, "0%"), (1e-9, "0%"), (0.00004, "0.004%"), (0.004, "0.4%"), (0.316, "32%")])
def test_a_small_change_is_not_shown_as_none(peak: float, shown: str) -> None:
    explanation = replace(explained(), map=np.full((48, 48), peak, np.float32))
    assert words(explanation).splitlines()[-1] == f"+{shown} –{shown}"


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_screen_of_any_size_is_drawn(height: int, width: int, mirrored: bool) -> None:  # noqa: FBT001 - by pytest
    face = Face(Box(0, 0, max(1, width // 3), max(1, height // 3)), HAPPY, track=1)
    view = ViewState((face,), explanation=explanation_of(face), mirrored=mirrored)
    assert draw(flat(height, width), view).shape == (height, width, 3)


@pytest.mark.parametrize("left", [20, 270, 500])
@pytest.mark.parametrize(("height", "width"), [(480, 640), (720, 1280), (240, 320)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_panel_does_not_hide_its_face(left: int, height: int, width: int, mirrored: bool) -> None:  # noqa: FBT001
    scale = height / 480
    explanation = explanation_of(Face(Box(left, 180, 100, 100).scaled(scale), HAPPY, track=1))
    view = ViewState((), hints=False, bars=False, mirrored=mirrored)
    image = flat(height, width)
    panel = changed_area(draw(image, view), draw(image, replace(view, explanation=explanation)))
    box = explanation.face.box.mirrored(width) if mirrored else explanation.face.box
    # Beside a face in the middle of 320 pixels there is no room
    assert panel.overlap(box) == 0 or (width == 320 and panel.overlap(box) < 0.02)
    assert panel.height > 48


def test_a_lost_camera_takes_the_panel_away() -> None:
    view = ViewState((), trouble="the camera is gone")
    assert (draw(flat(), view) == draw(flat(), replace(view, explanation=explained()))).all()


def test_panels_are_appended_below_a_picture_and_numbered() -> None:
    picture = flat(300, 400)
    alone = append_panels(picture.copy(), [explained()], 12)
    assert (alone[:300, :400] == picture).all(), "one face needs no number"
    assert alone.shape[1] == 400
    before = picture.copy()
    several = append_panels(picture, [explained(left) for left in (0, 100, 200, 300)], 12)
    assert several.shape[0] > alone.shape[0]
    # A number in each box
    for left in (0, 100, 200, 300):
        assert (several[180:280, left : left + 60] != before[180:280, left : left + 60]).any()
    assert (several[-1] == PLATE).all()


def test_a_narrow_picture_gets_wider() -> None:
    drawn = append_panels(flat(400, 20), [explained(0, 10)], 11)
    assert drawn.shape[1] > 2 * 48
    assert (drawn[:400, :20] == 128).all()


@pytest.mark.parametrize(("size", "zoom"), [(1, 1), (11, 1), (16, 2), (24, 3), (73, 9)])
def test_a_pixel_of_the_crop_is_a_square_of_whole_pixels(size: int, zoom: int) -> None:
    assert default_zoom(size) == zoom
    card = explanation_card(explained(), size)
    canvas = flat(*card.size_px()[::-1])
    assert card.paint(canvas, 0, 0) == Box(0, 0, *card.size_px())
    assert cv2.countNonZero(cv2.inRange(canvas, np.array([128, 128, 128]), np.array([128, 128, 128]))) < canvas.shape[0] * 2


def test_a_label_that_this_crop_alone_would_not_have_is_said() -> None:
    face = replace(explained().face, label=Expression.NEUTRAL)
    assert words(explanation_of(face)).splitlines()[1:3] == ["neutral 20%", "this crop alone: happy 80%"]


def test_numbers_of_a_calibrated_face_that_are_those_before_are_called_so() -> None:
    face = replace(explained().face, calibrated=True)
    assert "before calibration" in words(explanation_of(face)).splitlines()
    assert "before calibration" not in words(replace(explanation_of(face), calibrated=True))
    assert "before calibration" not in words(explained())
