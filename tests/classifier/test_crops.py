import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier.crops import crop_faces, to_batch
from realtime.domain import CROP_SIDE, Box, Image

FAR = 10**6


@st.composite
def pictures_of_noise(draw: st.DrawFn) -> Image:
    shape = draw(st.integers(1, 90)), draw(st.integers(1, 90)), 3
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1))).integers(0, 256, shape, np.uint8)


pictures = pictures_of_noise()
corners = st.integers(-100, 150) | st.integers(-FAR, FAR)
boxes = st.builds(Box, corners, corners, st.integers(1, 200), st.integers(1, 200))
ratios = st.floats(0.1, 3)


def grey(image: Image) -> Image:
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8)


@given(pictures, st.lists(boxes, max_size=4), ratios)
def test_any_box_in_any_picture_gives_a_valid_crop(image: Image, found: list[Box], ratio: float) -> None:
    before = image.copy()
    crops = crop_faces(image, found, ratio)
    assert crops.shape == (len(found), 48, 48, 1)
    assert crops.dtype == np.float32
    assert crops.flags.c_contiguous
    assert ((crops >= 0) & (crops <= 1)).all()
    assert (image == before).all(), "a frame is never written to"
    for row, box in enumerate(found):
        assert (crop_faces(image, [box], ratio)[0] == crops[row]).all(), "a crop does not depend on the others"


@given(pictures, corners, corners)
def test_a_box_of_48_pixels_is_copied_and_edge_pixels_are_repeated(image: Image, left: int, top: int) -> None:
    (crop,) = crop_faces(image, [Box(left, top, CROP_SIDE, CROP_SIDE)], 1)
    rows = np.clip(top + np.arange(CROP_SIDE), 0, image.shape[0] - 1)
    columns = np.clip(left + np.arange(CROP_SIDE), 0, image.shape[1] - 1)
    assert (crop[..., 0] == grey(image)[np.ix_(rows, columns)] / np.float32(255)).all()


@given(pictures, corners, corners, st.integers(1, 24), st.sampled_from(["width", "height"]))
def test_the_square_has_the_centre_and_the_longer_side_of_the_box(
    image: Image, left: int, top: int, half: int, longer: str
) -> None:
    whole = Box(left, top, CROP_SIDE, CROP_SIDE)
    width, height = (2 * half, CROP_SIDE) if longer == "height" else (CROP_SIDE, 2 * half)
    narrow = Box(left + (CROP_SIDE - width) // 2, top + (CROP_SIDE - height) // 2, width, height)
    half_as_large = Box(left + 12, top + 12, 24, 24)
    expected = crop_faces(image, [whole], 1)
    assert (crop_faces(image, [narrow], 1) == expected).all()
    assert (crop_faces(image, [half_as_large], 2) == expected).all()


@pytest.mark.parametrize(("channel", "weight"), [(0, 0.114), (1, 0.587), (2, 0.299)], ids=["blue", "green", "red"])
def test_the_channels_are_weighted_as_blue_green_red(channel: int, weight: float) -> None:
    image = np.zeros((48, 48, 3), np.uint8)
    image[..., channel] = 255
    assert crop_faces(image, [Box(0, 0, 48, 48)], 1) == pytest.approx(weight, abs=0.003)


def test_a_large_face_is_averaged_and_not_sampled() -> None:
    image = np.zeros((144, 144, 3), np.uint8)
    image[::3] = 255
    assert crop_faces(image, [Box(0, 0, 144, 144)], 1) == pytest.approx(1 / 3, abs=0.003)


def test_a_small_face_is_enlarged_smoothly() -> None:
    image = np.zeros((24, 24, 3), np.uint8)
    image[:, 12:] = 200
    line = crop_faces(image, [Box(0, 0, 24, 24)], 1)[0, 24, :, 0]
    assert (np.diff(line) >= 0).all()
    assert (line[0], line[-1]) == (0, np.float32(200) / np.float32(255))
    assert len(np.unique(line)) > 2, "interpolated and not repeated"


def test_a_crop_is_neither_flipped_nor_rotated() -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    image[:48, :48] = 255
    crop = crop_faces(image, [Box(0, 0, 96, 96)], 1)[0, ..., 0]
    assert [crop[10, 10], crop[10, 40], crop[40, 10], crop[40, 40]] == [1, 0, 0, 0]


@pytest.mark.parametrize("box", [Box(-FAR, 0, 100, 100), Box(FAR, FAR, 3000, 10), Box(0, -FAR, 10, 3000)])
def test_the_memory_of_a_crop_does_not_grow_with_its_distance_from_the_picture(box: Box) -> None:
    image = np.full((480, 640, 3), 51, np.uint8)
    assert (crop_faces(image, [box], 1.2) == np.float32(51) / np.float32(255)).all()


def test_no_boxes_give_an_empty_batch() -> None:
    assert crop_faces(np.zeros((10, 10, 3), np.uint8), [], 1).shape == (0, 48, 48, 1)


@pytest.mark.parametrize("side", [1, 2, 47, 48, 49, 4000])
def test_a_plain_picture_keeps_its_value_at_any_size(side: int) -> None:
    image = np.full((side, side, 3), 102, np.uint8)
    assert (crop_faces(image, [Box(0, 0, side, side)], 1.3) == np.float32(0.4)).all()


@given(st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_training_and_live_frames_give_the_same_batch(count: int, seed: int) -> None:
    crops = np.random.default_rng(seed).integers(0, 256, (count, 48, 48), np.uint8)
    batch = to_batch(crops)
    assert batch.shape == (count, 48, 48, 1)
    assert batch.dtype == np.float32
    for crop, row in zip(crops, batch, strict=True):
        picture = np.repeat(crop[..., None], 3, axis=2)
        assert (crop_faces(picture, [Box(0, 0, 48, 48)], 1)[0] == row).all()


def test_black_is_zero_and_white_is_one() -> None:
    crops = np.zeros((1, 48, 48), np.uint8)
    crops[0, 0, 0] = 255
    batch = to_batch(crops)
    assert (batch.min(), batch.max(), batch[0, 0, 0, 0]) == (0, 1, 1)
