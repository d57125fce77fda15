from __future__ import annotations

import numpy as np
import pytest

from realtime.training.drawn.lighting import Light, cast_shadows, draw_light, draw_studio_light, occlude, shade

SCALE = 8.0
"""Pixels in a unit."""


def wall() -> np.ndarray:
    """Heights of a plain with an upright wall of three units in the middle."""
    height = np.zeros((96, 96), np.float32)
    height[:, 46:50] = 3
    return height


def test_a_shadow_falls_to_the_side_away_from_the_light() -> None:
    from_right = np.array([0.7, 0, 0.7], np.float32)
    shadow = cast_shadows(wall(), SCALE, from_right)
    assert shadow[48, 38] > 0.9
    assert shadow[48, 58] == pytest.approx(0, abs=0.01)
    mirrored = cast_shadows(wall(), SCALE, np.array([-0.7, 0, 0.7], np.float32))
    assert mirrored[48, 58] > 0.9
    assert mirrored[48, 38] == pytest.approx(0, abs=0.01)


def test_light_from_the_camera_and_a_plain_cast_no_shadow() -> None:
    assert not cast_shadows(wall(), SCALE, np.array([0, 0, 1], np.float32)).any()
    assert not cast_shadows(np.zeros((96, 96), np.float32), SCALE, np.array([0.7, 0, 0.7], np.float32)).any()


def test_a_pit_gets_less_light_from_around_than_a_plain() -> None:
    height = np.zeros((96, 96), np.float32)
    height[44:52, 44:52] = -1.5
    light = occlude(height, SCALE)
    assert light[48, 48] < 0.7
    assert light[10, 10] == pytest.approx(1)


def test_a_surface_is_lit_by_its_angle_to_the_light() -> None:
    normals = np.zeros((8, 8, 3), np.float32)
    normals[:, :4, 2] = 1
    normals[:, 4:, 0] = 1
    light = Light(np.array([0, 0, 1], np.float32), 0.2, 0.5, 1.0)
    relief = np.zeros((8, 8, 2), np.float32)
    lit, gloss = shade(normals, relief, np.full((8, 8), 50, np.float32), SCALE, light)
    # .8 of the light comes from the front, and .2 × .75 from around
    assert lit[0, 0] == pytest.approx(0.8 + 0.2 * 0.75, abs=0.01)
    assert lit[0, 7] < 0.3
    assert gloss[0, 0] == pytest.approx(0.5, abs=0.01)
    assert gloss[0, 7] == pytest.approx(0, abs=0.01)


def test_a_fold_turns_the_surface() -> None:
    normals = np.zeros((8, 8, 3), np.float32)
    normals[..., 2] = 1
    light = Light(np.array([0.6, 0, 0.8], np.float32), 0.2, 0.0, 0.0)
    distance = np.full((8, 8), 50, np.float32)
    relief = np.zeros((8, 8, 2), np.float32)
    flat = shade(normals, relief, distance, SCALE, light)[0][0, 0]
    # Height rises to the right: the surface turns to the left, away from the light
    relief[..., 0] = 0.5
    assert shade(normals, relief, distance, SCALE, light)[0][0, 0] < flat - 0.1
    assert shade(normals, -relief, distance, SCALE, light)[0][0, 0] > flat + 0.05


def test_a_studio_lights_more_evenly_than_a_room() -> None:
    rooms = [draw_light(np.random.default_rng(seed)) for seed in range(200)]
    studios = [draw_studio_light(np.random.default_rng(seed)) for seed in range(200)]
    for light in rooms + studios:
        assert np.linalg.norm(light.direction) == pytest.approx(1, abs=1e-5)
    assert np.mean([light.direction[2] for light in studios]) > np.mean([light.direction[2] for light in rooms])
    assert np.mean([light.hardness for light in studios]) < np.mean([light.hardness for light in rooms])
