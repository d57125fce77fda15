"""Rasterise triangles: which triangle is nearest in each pixel, and where in it the pixel lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Indices = NDArray[np.int32]

BLOCKS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64, 128, 256, 512)
"""Sides in pixels of the squares that triangles are tested in; a triangle takes the smallest one that it fits into."""
SLACK = 1e-5
"""Barycentric coordinate below 0 that still counts as inside, so that rounding opens no cracks between neighbours."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the pixels of a square picture show.

    Attributes:
        triangle: (side, side) int32, row of the nearest triangle; -1 where there is none.
        weights: (side, side, 3) float32, barycentric coordinates of the pixel's centre in it.
        distance: (side, side) float32, its distance; infinite where there is none.
    """

    triangle: Indices
    weights: Floats
    distance: Floats

    def interpolate(self, values: Floats, triangles: Indices) -> Floats:
        """Values (side, side, k) of the pixels from values (n, k) of the vertices; those of triangle 0 where there is none."""
        corners = values[triangles[self.triangle.ravel()]]
        flat = np.einsum("pc,pck->pk", self.weights.reshape(-1, 3), corners)
        return flat.reshape(*self.triangle.shape, -1)


def rasterise(points: Floats, distance: Floats, triangles: Indices, side: int) -> Coverage:
    """Find the nearest triangle of each pixel. Triangles that turn their back are left out.

    Args:
        points: (n, 2) float32, x and y of the vertices in pixels; the first pixel's centre is at 0, 0.
        distance: (n,) float32, the larger the farther.
        triangles: (m, 3) vertices, counter-clockwise as seen from the front with y up, so clockwise in a picture.
        side: side of the picture in pixels.
    """
    x, y = (np.ascontiguousarray(points[:, axis])[triangles.T] for axis in (0, 1))
    area = (x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0])
    rows = np.flatnonzero(area < -1e-9)
    x, y, area = x[:, rows], y[:, rows], area[rows]
    left, top = np.maximum(_low(x), 0), np.maximum(_low(y), 0)
    size = np.maximum(np.minimum(_high(x), side - 1) - left, np.minimum(_high(y), side - 1) - top) + 1
    size[(_high(x) < left) | (_high(y) < top)] = 0
    pixels, owners, weights = [], [], []
    smaller = 0
    for block in BLOCKS:
        these = np.flatnonzero((size > smaller) & (size <= block))
        smaller = block
        if not len(these):
            continue
        grid = np.arange(block * block, dtype=np.int32)
        columns = (left[these, None] + grid % block).astype(np.float32)
        lines = (top[these, None] + grid // block).astype(np.float32)
        first = _edge(columns, lines, x[1, these], y[1, these], x[2, these], y[2, these]) / area[these, None]
        second = _edge(columns, lines, x[2, these], y[2, these], x[0, these], y[0, these]) / area[these, None]
        third = 1 - first - second
        inside = (first >= -SLACK) & (second >= -SLACK) & (third >= -SLACK) & (columns < side) & (lines < side)
        pixels.append((lines[inside] * side + columns[inside]).astype(np.int32))
        owners.append(rows[these[np.nonzero(inside)[0]]])
        weights.append(np.stack([first[inside], second[inside], third[inside]], axis=1))
    return _nearest(pixels, owners, weights, distance[triangles], side)


def _nearest(
    pixels: list[Indices], owners: list[NDArray[np.intp]], weights: list[Floats], corners: Floats, side: int
) -> Coverage:
    """Keep the nearest fragment of each pixel."""
    triangle = np.full(side * side, -1, np.int32)
    blend = np.zeros((side * side, 3), np.float32)
    distance = np.full(side * side, np.inf, np.float32)
    if pixels:
        pixel, owner, weight = np.concatenate(pixels), np.concatenate(owners), np.concatenate(weights).astype(np.float32)
        far = np.einsum("fc,fc->f", weight, corners[owner])
        low, high = far.min(), far.max()
        # 16 bits, because NumPy sorts them by radix: a tenth of a millimetre for a head
        steps = ((high - far) * (65535 / max(high - low, 1e-9))).astype(np.uint16)
        order = np.argsort(steps, kind="stable")
        # Of repeated indices the last assignment counts: the nearest
        triangle[pixel[order]], blend[pixel[order]], distance[pixel[order]] = owner[order], weight[order], far[order]
    return Coverage(triangle.reshape(side, side), blend.reshape(side, side, 3), distance.reshape(side, side))


def _edge(columns: Floats, lines: Floats, x0: Floats, y0: Floats, x1: Floats, y1: Floats) -> Floats:
    """Twice the signed area of each pixel with the edge from (x0, y0) to (x1, y1)."""
    a, b = (x1 - x0)[:, None], (y1 - y0)[:, None]
    return np.asarray(a * (lines - y0[:, None]) - b * (columns - x0[:, None]), np.float32)


def _low(values: Floats) -> Indices:
    return np.ceil(np.clip(np.minimum(np.minimum(values[0], values[1]), values[2]), -1e6, 1e6)).astype(np.int32)


def _high(values: Floats) -> Indices:
    return np.floor(np.clip(np.maximum(np.maximum(values[0], values[1]), values[2]), -1e6, 1e6)).astype(np.int32)
