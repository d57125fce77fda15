"""Deep pictures become 8 bits by the values in them, whatever their stored type is."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.sources.picture_depth import GreyScale, find_scale, scale_grey


def ramp(low: float, high: float, kind: str) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    return np.linspace(low, high, 10_000).astype(kind)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("kind", ["<u2", ">u2", "<i4", "<u4"])
def test_whole_numbers_keep_the_scale_of_the_depth_that_holds_them(bits: int, kind: str) -> None:
    values = ramp(0, 2**bits - 1, kind)
    assert find_scale(values) == GreyScale(0, 2**bits - 1)
    grey = scale_grey(values, find_scale(values))
    assert (grey[0], grey[-1]) == (0, 255)
    assert grey[5000] == pytest.approx(128, abs=1)


def test_a_dark_picture_of_16_bits_stays_dark() -> None:
    assert find_scale(ramp(0, 20_000, "<u2")) == GreyScale(0, 65535)


def test_hot_pixels_do_not_decide() -> None:
    values = ramp(0, 4095, "<u2")
    values[::2000] = 65535
    grey = scale_grey(values, find_scale(values))
    assert find_scale(values) == GreyScale(0, 4095)
    assert grey[0] == 255
    assert grey[5001] == pytest.approx(128, abs=1)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (-1000, 1000, "<i4"),
        (32768, 36863, "<u2"),
        (2**31, 2**32 - 1, "<u4"),
        (-1e30, 1e30, "<f4"),
        (0, 1, "<f4"),
        (0.2, 0.3, "<f8"),
        (0, 2**31 - 1, "<i4"),
    ],
)
def test_other_values_are_stretched_from_the_darkest_to_the_brightest(low: float, high: float, kind: str) -> None:
    values = ramp(low, high, kind)
    grey = scale_grey(values, find_scale(values))
    assert (grey[0], grey[-1]) == (0, 255)
    assert grey[5000] == pytest.approx(128, abs=1)


def test_floats_that_are_no_numbers_and_outliers_do_not_decide() -> None:
    values = ramp(0, 1, "<f4")
    values[:4] = np.nan, np.inf, -np.inf, 1e30
    grey = scale_grey(values, find_scale(values))
    assert grey[:4].tolist() == [0, 255, 0, 255]
    assert grey[5000] == pytest.approx(128, abs=1)


@pytest.mark.parametrize("filling", [-9999, 1e30, -3.4e38])
@pytest.mark.parametrize("share", [0.05, 0.6])
def test_pixels_where_nothing_was_measured_do_not_decide(filling: float, share: float) -> None:
    values = ramp(0, 1, "<f4")
    values[np.random.default_rng(1).random(values.size) < share] = filling
    grey = scale_grey(values, find_scale(values))
    measured = grey[values != np.float32(filling)]
    assert (measured[0], measured[-1]) == (0, 255)
    assert int(measured[measured.size // 2]) == pytest.approx(128, abs=6)
    assert grey[values == np.float32(filling)][0] == (255 if filling > 0 else 0)


def test_whole_numbers_beside_a_filling_keep_their_depth() -> None:
    values = ramp(0, 200, "<i2")
    values[:500] = -9999
    assert find_scale(values) == GreyScale(0, 255)


def test_a_light_picture_with_some_black_is_not_stretched() -> None:
    values = ramp(0.6, 1, "<f4")
    values[:2000] = 0
    assert find_scale(values).black == 0


def test_a_few_pixels_on_an_even_ground_are_seen() -> None:
    values = np.zeros(10_000, np.uint16)
    values[0] = 65535
    assert scale_grey(values, find_scale(values))[:2].tolist() == [255, 0]


@pytest.mark.parametrize("value", [0, 40 * 257, 65535])
def test_an_even_picture_keeps_its_brightness(value: int) -> None:
    values = np.full((4, 4), value, np.uint16)
    depth = 255 if value == 0 else 65535 if value > 16383 else 16383
    assert scale_grey(values, find_scale(values))[0, 0] == round(value / depth * 255)


def test_no_finite_value_is_black() -> None:
    values = np.full((2, 2), np.nan, np.float32)
    assert scale_grey(values, find_scale(values)).max() == 0
