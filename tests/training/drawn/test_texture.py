from __future__ import annotations

import numpy as np
import pytest

from realtime.training.drawn.texture import HEIGHT, WIDTH, cloud, draw_line, empty_texture, fill_area, mirror, sample_texture


def value_at(texture: np.ndarray, x: float, y: float) -> float:
    return float(sample_texture(texture, np.array([[[x, y]]], np.float32))[0, 0])


def test_what_is_drawn_is_found_at_the_same_place() -> None:
    texture = empty_texture()
    draw_line(texture, [(1, 2), (4, 2)], 0.5)
    assert value_at(texture, 2.5, 2) == pytest.approx(1)
    assert value_at(texture, 2.5, 3) == value_at(texture, -2.5, 2) == 0
    fill_area(texture, [(-4, -4), (-2, -4), (-3, -1)], 0.5)
    assert value_at(texture, -3, -3) == pytest.approx(0.5)


def test_places_beyond_the_texture_repeat_its_edge() -> None:
    texture = empty_texture()
    texture[:, -1] = 0.7
    assert value_at(texture, 50, 0) == pytest.approx(0.7)


def test_the_mirrored_line_lies_on_the_other_side() -> None:
    assert mirror([(1, 2), (-3, 4)]) == [(-1, 2), (3, 4)]


@pytest.mark.parametrize("grain", [0.3, 4])
def test_a_cloud_is_normalised_and_smooth_at_its_grain(grain: float) -> None:
    noise = cloud(np.random.default_rng(1), grain)
    assert noise.shape == (HEIGHT, WIDTH)
    assert float(noise.mean()) == pytest.approx(0, abs=1e-4)
    assert float(noise.std()) == pytest.approx(1, abs=1e-3)
    # A step of a pixel changes little where patches are large
    assert (np.abs(np.diff(noise, axis=1)).mean() < 0.1) == (grain > 1)
