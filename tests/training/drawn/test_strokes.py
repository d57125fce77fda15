from __future__ import annotations

import numpy as np

from realtime.training.drawn.hair import Hair
from realtime.training.drawn.lighting import Light
from realtime.training.drawn.rasteriser import Coverage
from realtime.training.drawn.strokes import draw_glasses, draw_hair
from realtime.training.drawn.view import Projection

SIDE = 64
LIGHT = Light(np.array([0, 0, 1], np.float32), 0.5, 0.0, 0.0)
# Two pixels a unit, the middle of the picture at (0, 0) of the mesh
FRONT = Projection(np.eye(3, dtype=np.float32), 100.0, np.array([-16, 16], np.float32), 2.0)


def surface(distance: float) -> Coverage:
    """A plain that fills the picture."""
    shape = (SIDE, SIDE)
    return Coverage(np.zeros(shape, np.int32), np.zeros((*shape, 3), np.float32), np.full(shape, distance, np.float32))


def strand(height: float, depth: float) -> np.ndarray:
    """A level strand across the picture."""
    x = np.linspace(-10, 10, 12)
    return np.stack([x, np.full(12, height), np.full(12, depth)], axis=1).astype(np.float32)


def hair(*strands: np.ndarray) -> Hair:
    return Hair(np.zeros(0, np.float32), np.stack(strands), np.ones(len(strands), np.float32))


def test_a_strand_before_the_surface_is_drawn_and_one_behind_it_is_not() -> None:
    picture = np.ones((SIDE, SIDE), np.float32)
    draw_hair(picture, hair(strand(8, 12), strand(-8, 4)), 0.05, surface(90), FRONT, LIGHT)
    rows = np.flatnonzero((picture < 0.5).any(axis=1))
    assert len(rows) > 0
    assert (rows < SIDE / 2).all()


def test_the_lightness_of_hair_is_that_of_its_tone() -> None:
    dark, light = (np.zeros((SIDE, SIDE), np.float32) for _ in range(2))
    for picture, tone in ((dark, 0.02), (light, 0.4)):
        draw_hair(picture, hair(strand(8, 12)), tone, surface(90), FRONT, LIGHT)
    assert 8 < light.max() / dark.max() < 32


def test_no_hair_changes_nothing() -> None:
    picture = np.ones((SIDE, SIDE), np.float32)
    none = Hair(np.zeros(0, np.float32), np.zeros((0, 12, 3), np.float32), np.zeros(0, np.float32))
    draw_hair(picture, none, 0.05, surface(90), FRONT, LIGHT)
    assert (picture == 1).all()


def test_glasses_have_two_rims_and_leave_the_eyes_free() -> None:
    picture = np.ones((SIDE, SIDE), np.float32)
    draw_glasses(picture, np.array([0, 3.7, 10.7], np.float32), (0.3, 0.02), FRONT)
    row = picture[round(SIDE / 2 - 2 * 3.1)]
    # From the left: temple or rim, lens, rim, nose, rim, lens, rim or temple
    assert row[[SIDE // 2 - 7, SIDE // 2 + 6]].tolist() == [1, 1]
    assert (row[: SIDE // 2] < 0.1).any()
    assert (row[SIDE // 2 :] < 0.1).any()
    np.testing.assert_allclose(picture.min(), 0.02)
