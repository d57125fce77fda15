from __future__ import annotations

import numpy as np
import pytest

from realtime.training.drawn.sensor import GREY_MEAN, expose


def face(brightness: float) -> np.ndarray:
    """Light of a bright disc before a darker wall."""
    y, x = np.mgrid[:144, :144] - 72.0
    return np.where(np.hypot(x, y) < 50, brightness, 0.2 * brightness).astype(np.float32)


def crops(light: np.ndarray) -> np.ndarray:
    return np.array([expose(light, np.random.default_rng(seed)) for seed in range(100)])


def test_a_crop_has_the_form_of_the_networks_input() -> None:
    crop = expose(face(0.5), np.random.default_rng(1))
    assert (crop.shape, crop.dtype) == ((48, 48), np.uint8)
    np.testing.assert_array_equal(crop, expose(face(0.5), np.random.default_rng(1)))
    assert crop[24, 24] > crop[2, 2].astype(int) + 30


def test_the_camera_meters_the_light() -> None:
    dim, bright = crops(face(0.01)), crops(face(5))
    np.testing.assert_allclose(dim.mean(), bright.mean(), atol=1)


def test_pictures_are_as_bright_and_as_different_as_fer_2013() -> None:
    means = crops(face(0.5)).mean(axis=(1, 2))
    assert means.mean() == pytest.approx(GREY_MEAN[0], abs=25)
    assert 10 < means.std() < 45
