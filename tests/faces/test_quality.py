from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from realtime.classifier.crops import crop_faces, crop_square, to_batch
from realtime.domain import CROP_SIDE, Batch, Box, Image
from realtime.faces.quality import (
    BLURRED,
    CUT_OFF,
    MIN_SIDE,
    OVER_EXPOSED,
    TOO_DARK,
    TOO_SMALL,
    brightness,
    overexposure,
    share_outside,
    sharpness,
    unreadable_reasons,
)

FACE = Box(174, 66, 102, 102)
RATIO = 1.05
Picture = NDArray[np.uint8]


@st.composite
def noise(draw: st.DrawFn) -> Batch:
    """Crops with detail of every size."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, sigma = draw(st.integers(1, 3)), draw(st.floats(0.3, 3))
    grey = [cv2.GaussianBlur(random.uniform(0, 255, (CROP_SIDE, CROP_SIDE)), (0, 0), sigma) for _ in range(count)]
    return to_batch(np.stack(grey).astype(np.uint8))


boxes = st.builds(Box, st.integers(-300, 300), st.integers(-300, 300), st.integers(1, 200), st.integers(1, 200))
sizes = st.integers(1, 400)


def read_reason(image: Image, box: Box = FACE, ratio: float = RATIO) -> str | None:
    """The reason that the gate gives for a face, as in the pipeline."""
    height, width = image.shape[:2]
    (reason,) = unreadable_reasons(crop_faces(image, [box], ratio), [crop_square(box, ratio)], width, height)
    return reason


def shrink(image: Image, factor: float) -> Image:
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8)


def blur(image: Image, sigma: float) -> Image:
    return cv2.GaussianBlur(image, (0, 0), sigma).astype(np.uint8)


def brighten(image: Image, gain: float) -> Image:
    return np.minimum(255, gain * image.astype(np.float64)).astype(np.uint8)


def darken(image: Image) -> Image:
    return (255 * (image / 255) ** 2.5).astype(np.uint8)


# Reasons of faces


@pytest.mark.parametrize("factor", [1, 0.5, 0.25, 3])
def test_a_clear_face_of_any_size_has_no_reason(astronaut: Image, factor: float) -> None:
    box = Box(*(round(factor * value) for value in (FACE.left, FACE.top, FACE.width, FACE.height)))
    image = shrink(astronaut, factor) if factor < 1 else cv2.resize(astronaut, None, fx=factor, fy=factor).astype(np.uint8)
    assert read_reason(image, box) is None


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (partial(brighten, gain=0.03), TOO_DARK),
        (partial(brighten, gain=6), OVER_EXPOSED),
        (partial(blur, sigma=9), BLURRED),
        (np.zeros_like, TOO_DARK),
        (partial(np.full_like, fill_value=255), OVER_EXPOSED),
        (partial(np.full_like, fill_value=128), BLURRED),
    ],
    ids=["in the dark", "in glaring light", "out of focus", "black", "white", "grey"],
)
def test_a_spoilt_face_has_its_reason(astronaut: Image, spoil: Callable[[Image], Image], reason: str) -> None:
    assert read_reason(spoil(astronaut)) == reason


@pytest.mark.parametrize(
    "spoil",
    [
        partial(brighten, gain=0.3),
        partial(brighten, gain=1.5),
        partial(blur, sigma=2),
        darken,
    ],
    ids=["dusk", "sun", "soft", "gamma"],
)
def test_mild_damage_has_no_reason(astronaut: Image, spoil: Callable[[Image], Image]) -> None:
    assert read_reason(spoil(astronaut)) is None


def test_too_small_goes_before_blurred(astronaut: Image) -> None:
    assert read_reason(blur(shrink(astronaut, 0.1), 3), Box(17, 7, 10, 10)) == TOO_SMALL


@pytest.mark.parametrize(("side", "reason"), [(MIN_SIDE - 1, TOO_SMALL), (MIN_SIDE, None)])
def test_too_small_depends_on_the_side_of_the_square(astronaut: Image, side: int, reason: str | None) -> None:
    crop = crop_faces(astronaut, [FACE], RATIO)
    assert unreadable_reasons(crop, [Box(0, 0, side, side)], 640, 480) == [reason]


@pytest.mark.parametrize(
    "part",
    [
        np.s_[:, 225:],
        np.s_[:, :220],
        np.s_[125:, :],
        np.s_[:110, :],
    ],
    ids=["left", "right", "above", "below"],
)
def test_half_a_face_is_cut_off(astronaut: Image, part: tuple[slice, slice]) -> None:
    rows, columns = part
    image = np.ascontiguousarray(astronaut[part])
    box = Box(FACE.left - (columns.start or 0), FACE.top - (rows.start or 0), FACE.width, FACE.height)
    assert read_reason(image, box) == CUT_OFF


def test_each_face_has_its_own_reason(astronaut: Image) -> None:
    dark, white = brighten(astronaut, 0.02), np.full_like(astronaut, 255)
    crops = np.concatenate([crop_faces(image, [FACE], RATIO) for image in (dark, astronaut, white)])
    assert unreadable_reasons(crops, [crop_square(FACE, RATIO)] * 3, 512, 512) == [TOO_DARK, None, OVER_EXPOSED]


def test_no_crops_have_no_reasons() -> None:
    assert unreadable_reasons(np.empty((0, CROP_SIDE, CROP_SIDE, 1), np.float32), [], 640, 480) == []


# Properties of the measures


@given(noise(), st.floats(0, 1))
def test_less_light_never_raises_brightness_or_overexposure(crops: Batch, gain: float) -> None:
    darker = crops * np.float32(gain)
    assert (brightness(darker) <= brightness(crops)).all()
    assert (overexposure(darker) <= overexposure(crops)).all()


@given(noise(), st.floats(0.1, 1), st.floats(0, 0.2))
def test_contrast_and_brightness_do_not_change_sharpness(crops: Batch, contrast: float, more: float) -> None:
    assert sharpness(crops * np.float32(contrast) + np.float32(more)) == pytest.approx(sharpness(crops), rel=0.01)


@given(noise(), st.floats(0.5, 4))
def test_a_blur_never_raises_sharpness(crops: Batch, sigma: float) -> None:
    softer = np.stack([cv2.GaussianBlur(crop, (0, 0), sigma)[..., None] for crop in crops])
    assert (sharpness(softer) <= sharpness(crops)).all()


@given(noise())
def test_mirrored_and_transposed_crops_have_equal_measures(crops: Batch) -> None:
    for other in (crops[:, :, ::-1], np.swapaxes(crops, 1, 2)):
        for measure in (brightness, overexposure, sharpness):
            assert measure(other) == pytest.approx(measure(crops), rel=1e-4)


@given(boxes, sizes, sizes)
def test_the_share_outside_counts_pixels(box: Box, width: int, height: int) -> None:
    share = share_outside(box, width, height)
    rows = [row for row in range(box.top, box.bottom) if 0 <= row < height]
    columns = [column for column in range(box.left, box.right) if 0 <= column < width]
    assert share == pytest.approx(1 - len(rows) * len(columns) / box.area)
    assert 0 <= share <= 1


@given(boxes, sizes, sizes)
def test_a_larger_picture_never_raises_the_share_outside(box: Box, width: int, height: int) -> None:
    assert share_outside(box, width + 10, height + 10) <= share_outside(box, width, height)


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        (Box(0, 200, 40, 100), CUT_OFF),
        (Box(300, 0, 100, 40), CUT_OFF),
        (Box(300, 410, 100, 70), CUT_OFF),
        (Box(0, 200, 100, 100), None),
        (Box(300, 380, 100, 100), None),
    ],
)
def test_a_box_that_a_detector_ended_at_the_edge_is_cut_off(astronaut: Image, box: Box, reason: str | None) -> None:
    crop = crop_faces(astronaut, [FACE], RATIO)
    assert unreadable_reasons(crop, [crop_square(box, RATIO)], 640, 480) == [reason]
