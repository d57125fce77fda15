from __future__ import annotations

import numpy as np

from realtime.training.drawn.rasteriser import rasterise

# In a picture y goes down: these are clockwise in it, so they face the camera
NEAR = [[1, 1], [1, 9], [9, 1]]
FAR = [[-5, -5], [-5, 60], [60, -5]]


def test_the_nearer_triangle_hides_the_other_whatever_their_order() -> None:
    points = np.array([*FAR, *NEAR], np.float32)
    distance = np.array([5, 5, 5, 2, 2, 2], np.float32)
    for triangles, near in (([[0, 1, 2], [3, 4, 5]], 1), ([[3, 4, 5], [0, 1, 2]], 0)):
        coverage = rasterise(points, distance, np.array(triangles, np.int32), 16)
        assert coverage.triangle[2, 2] == near
        assert coverage.triangle[12, 12] == 1 - near
        np.testing.assert_allclose(coverage.distance[[2, 12], [2, 12]], [2, 5], rtol=1e-6)


def test_values_change_linearly_over_a_triangle() -> None:
    points = np.array([[0, 0], [0, 40], [40, 0]], np.float32)
    coverage = rasterise(points, np.ones(3, np.float32), np.array([[0, 1, 2]], np.int32), 16)
    lines, columns = np.mgrid[:16, :16]
    values = coverage.interpolate(points, np.array([[0, 1, 2]], np.int32))
    np.testing.assert_allclose(values[..., 0], columns, atol=1e-4)
    np.testing.assert_allclose(values[..., 1], lines, atol=1e-4)


def test_triangles_that_turn_their_back_or_lie_outside_are_not_drawn() -> None:
    points = np.array([*NEAR, [30, 30], [30, 40], [40, 30]], np.float32)
    triangles = np.array([[0, 2, 1], [3, 4, 5]], np.int32)
    coverage = rasterise(points, np.ones(6, np.float32), triangles, 16)
    assert (coverage.triangle == -1).all()
    assert np.isinf(coverage.distance).all()


def test_neighbours_leave_no_hole_at_any_size() -> None:
    for size in (1.3, 2.6, 5.2, 11.0):
        steps = np.arange(-1, 64 / size + 2, dtype=np.float32) * size
        x, y = np.meshgrid(steps, steps)
        points = np.stack([x.ravel(), y.ravel()], axis=1)
        place = np.arange(len(points)).reshape(x.shape)
        a, b, c, d = (part.ravel() for part in (place[:-1, :-1], place[:-1, 1:], place[1:, 1:], place[1:, :-1]))
        triangles = np.concatenate([np.stack([a, c, b], axis=1), np.stack([a, d, c], axis=1)]).astype(np.int32)
        coverage = rasterise(points, np.ones(len(points), np.float32), triangles, 64)
        assert (coverage.triangle >= 0).mean() > 0.999, size
