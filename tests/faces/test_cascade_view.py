import cv2
import numpy as np
import pytest

from realtime.domain import Box, Image
from realtime.faces.cascade_view import PROFILE_CORRECTION, BoxCorrection, CascadeView, SizeRange, load_cascade
from tests.support.places import CASCADES

FRONTAL = CASCADES / "haarcascade_frontalface_alt2.xml"
FACE = Box(174, 64, 101, 101)
"""Box of the astronaut's face."""

SAME = 0.7
SIZES = SizeRange(1.1, 60, 160)


@pytest.fixture
def grey(astronaut: Image) -> Image:
    return cv2.cvtColor(astronaut, cv2.COLOR_BGR2GRAY).astype(np.uint8)


def tilted(grey: Image, angle: float) -> tuple[Image, Box]:
    """The image rotated about the centre of the face, and the box of the face; positive angles are clockwise."""
    matrix = cv2.getRotationMatrix2D(FACE.centre, -angle, 1)
    return cv2.warpAffine(grey, matrix, grey.shape[::-1], borderMode=cv2.BORDER_REPLICATE).astype(np.uint8), FACE


@pytest.mark.parametrize("angle", [-35, -25, 25, 35])
def test_a_tilted_head_is_found_by_the_view_of_the_same_tilt(grey: Image, angle: float) -> None:
    picture, face = tilted(grey, angle)
    cascade = load_cascade(FRONTAL)
    (hit,) = CascadeView(cascade, tilt_deg=angle).detect(picture, SIZES, 3)
    assert hit.box.overlap(face) > SAME
    assert CascadeView(cascade, tilt_deg=-angle).detect(picture, SIZES, 3) == []


@pytest.mark.parametrize("name", ["frontalface_alt2", "profileface"])
@pytest.mark.parametrize("correction", [BoxCorrection(), PROFILE_CORRECTION])
def test_a_mirrored_view_finds_the_mirrored_boxes_in_a_mirrored_picture(
    grey: Image, name: str, correction: BoxCorrection
) -> None:
    cascade = load_cascade(CASCADES / f"haarcascade_{name}.xml")
    sizes = SizeRange(1.1, 24)
    plain = CascadeView(cascade, correction=correction).detect(grey, sizes, 0)
    mirrored = CascadeView(cascade, mirrored=True, correction=correction).detect(np.ascontiguousarray(grey[:, ::-1]), sizes, 0)
    assert plain
    assert len(plain) == len(mirrored)
    for one in plain:
        image = one.box.mirrored(grey.shape[1])
        assert any(abs(image.left - other.box.left) <= 1 and image.top == other.box.top for other in mirrored)


def test_a_correction_moves_the_centre_and_scales_the_side(grey: Image) -> None:
    cascade = load_cascade(FRONTAL)
    (plain,) = CascadeView(cascade).detect(grey, SIZES, 3)
    (corrected,) = CascadeView(cascade, correction=BoxCorrection(right=0.5, down=-0.25, ratio=0.5)).detect(grey, SIZES, 3)
    side = plain.box.width
    assert abs(corrected.box.width - side / 2) <= 1
    (x, y), (plain_x, plain_y) = corrected.box.centre, plain.box.centre
    assert abs(x - (plain_x + side / 2)) <= 1
    assert abs(y - (plain_y - side / 4)) <= 1


def test_a_hit_has_the_number_of_merged_hits(grey: Image) -> None:
    view = CascadeView(load_cascade(FRONTAL))
    (hit,) = view.detect(grey, SIZES, 3)
    assert hit.count > 3
    assert view.detect(grey, SIZES, hit.count) == []
    assert view.detect(grey, SIZES, hit.count - 1) == [hit]


def test_the_largest_hit_comes_first(grey: Image) -> None:
    areas = [hit.box.area for hit in CascadeView(load_cascade(FRONTAL)).detect(grey, SizeRange(1.2, 20), 0)]
    assert len(areas) > 2
    assert areas == sorted(areas, reverse=True)


@pytest.mark.parametrize("tilt", [0, 20])
@pytest.mark.parametrize("shape", [(1, 1), (0, 0), (0, 50), (30, 400)])
def test_no_face_is_found_in_a_picture_smaller_than_the_smallest_face(shape: tuple[int, int], tilt: float) -> None:
    assert CascadeView(load_cascade(FRONTAL), tilt_deg=tilt).detect(np.zeros(shape, np.uint8), SizeRange(1.1, 36), 3) == []
