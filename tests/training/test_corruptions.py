import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.domain import Image
from realtime.training.corruptions import CORRUPTIONS

Picture = NDArray[np.uint8]


@pytest.fixture
def face(astronaut: Image) -> Picture:
    return np.asarray(cv2.resize(cv2.cvtColor(astronaut[64:165, 174:275], cv2.COLOR_BGR2GRAY), (48, 48)), np.uint8)


def test_there_are_twelve_corruptions_and_the_first_changes_nothing(face: Picture) -> None:
    assert len(CORRUPTIONS) == 12
    assert next(iter(CORRUPTIONS)) == "none"
    np.testing.assert_array_equal(CORRUPTIONS["none"](face), face)


@pytest.mark.parametrize("way", list(CORRUPTIONS))
def test_a_corruption_returns_the_same_new_crop_each_time(face: Picture, way: str) -> None:
    before = face.copy()
    spoilt = CORRUPTIONS[way](face)
    assert (spoilt.shape, spoilt.dtype) == ((48, 48), np.uint8)
    np.testing.assert_array_equal(CORRUPTIONS[way](face), spoilt)
    np.testing.assert_array_equal(face, before)
    assert way == "none" or (spoilt != face).mean() > 0.2


def test_light_and_gamma_follow_their_formulas() -> None:
    ramp = np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1))
    bright = CORRUPTIONS["over-exposed, twice the light"](ramp)[0]
    assert [bright[0], bright[10], bright[25], bright[26], bright[47]] == [0, 100, 250, 255, 255]
    dark = CORRUPTIONS["gamma 2.5"](ramp)[0]
    assert [dark[0], dark[26], dark[47]] == [int(255 * (level / 255) ** 2.5) for level in (0, 130, 235)]


def test_blur_and_noise_have_their_sigma() -> None:
    dot = np.zeros((48, 48), np.uint8)
    dot[24, 24] = 255
    blurred = CORRUPTIONS["blurred, sigma 1.5 pixels"](dot).astype(float)
    columns = np.arange(48) - 24
    spread = np.sqrt((blurred.sum(axis=0) * columns**2).sum() / blurred.sum())
    assert spread == pytest.approx(1.5, abs=0.2)
    noise = CORRUPTIONS["noise, sigma 25 of 255"](np.full((48, 48), 128, np.uint8)).astype(float) - 128
    assert noise.std() == pytest.approx(25, abs=1.5)
    assert abs(noise.mean()) < 2


def test_rotation_shift_and_scale_move_a_pixel_as_named() -> None:
    dot = np.zeros((48, 48), np.uint8)
    dot[22:25, 34:37] = 255

    def middle(way: str) -> tuple[float, float]:
        spoilt = CORRUPTIONS[way](dot).astype(float)
        rows, columns = np.mgrid[:48, :48]
        return float((spoilt * columns).sum() / spoilt.sum()), float((spoilt * rows).sum() / spoilt.sum())

    assert middle("shifted by a tenth") == pytest.approx((35 + 4.8, 23 + 4.8), abs=0.2)
    assert middle("larger by a tenth") == pytest.approx((23.5 + 1.1 * 11.5, 23.5 - 1.1 * 0.5), abs=0.2)
    assert middle("smaller by a tenth") == pytest.approx((23.5 + 0.9 * 11.5, 23.5 - 0.9 * 0.5), abs=0.2)
    turned = np.hypot(11.5, 0.5), np.degrees(np.arctan2(0.5, 11.5)) + 15
    wanted = 23.5 + turned[0] * np.cos(np.radians(turned[1])), 23.5 - turned[0] * np.sin(np.radians(turned[1]))
    assert middle("turned by 15°") == pytest.approx(wanted, abs=0.2)


@pytest.mark.parametrize(("way", "top"), [("a bar over the eyes", 12), ("a bar over the mouth", 32)])
def test_a_bar_covers_twelve_rows_and_no_other(face: Picture, way: str, top: int) -> None:
    spoilt = CORRUPTIONS[way](face)
    assert (spoilt[top : top + 12] == 128).all()
    np.testing.assert_array_equal(
        np.delete(spoilt, slice(top, top + 12), axis=0), np.delete(face, slice(top, top + 12), axis=0)
    )
