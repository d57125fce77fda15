"""Wrinkles and folds: lines on the neutral face that deepen with action units and with age.

Where they run follows the descriptions of the appearance changes in the Facial Action Coding System (Ekman, Friesen & Hager
2002). The model's shapes move the skin, but do not fold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from realtime.training.drawn.action_units import UNITS
from realtime.training.drawn.texture import LEFT, SCALE, WIDTH, draw_line, empty_texture, mirror, soften

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.drawn.texture import Point

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Crease:
    """A group of lines that deepen together.

    Attributes:
        lines: points on the person's left side (x above 0) of the neutral face; the right side mirrors them.
        width: standard deviation of a line's profile, in units of the mesh.
        units: depth for each action unit at strength 1.
        age: depth at age 1.
    """

    lines: tuple[tuple[Point, ...], ...]
    width: float
    units: dict[int, float]
    age: float = 0.0


CREASES = (
    # Upright lines between the brows
    Crease((((0.55, 7.3), (0.5, 6.3), (0.62, 5.2)), ((1.05, 6.9), (0.95, 6.0))), 0.15, {4: 0.8, 9: 0.3}, 0.3),
    # Lines across the root of the nose
    Crease((((0.0, 4.9), (0.7, 4.6)), ((0.0, 4.2), (0.75, 4.0))), 0.13, {9: 0.9, 4: 0.15}, 0.1),
    # Lines down the side of the nose
    Crease((((0.5, 3.0), (0.95, 1.7)), ((0.9, 2.9), (1.35, 1.9))), 0.14, {9: 0.7}),
    # Lines across the forehead: the whole and its middle
    Crease(
        (
            ((0.0, 7.5), (2.2, 7.7), (4.4, 7.4)),
            ((0.0, 8.3), (2.4, 8.5), (4.4, 8.3)),
            ((0.0, 9.1), (2.3, 9.3), (4.2, 9.2)),
        ),
        0.14,
        {2: 0.5, 1: 0.25},
        0.35,
    ),
    Crease((((0.0, 7.6), (1.2, 7.75), (2.3, 7.3)), ((0.0, 8.4), (1.2, 8.5), (2.2, 8.2))), 0.14, {1: 0.6}),
    # From the wing of the nose to the corner of the mouth
    Crease(
        (((1.5, 0.0), (2.2, -0.8), (2.95, -2.1), (3.25, -3.3)),),
        0.19,
        {12: 0.55, 9: 0.7, 10: 0.7, 6: 0.2, 20: 0.2, 15: 0.15},
        0.55,
    ),
    # Brackets around the corner of a smile
    Crease((((3.1, -2.5), (3.45, -3.5), (3.1, -4.5)),), 0.17, {12: 0.3, 14: 0.5, 20: 0.3}, 0.1),
    # From the corner of the mouth downwards
    Crease((((2.6, -3.7), (2.95, -4.5), (2.9, -5.4)),), 0.18, {15: 0.7, 20: 0.3}, 0.45),
    # Pit below the lower lip, and the chin's bulge
    Crease((((0.0, -5.2), (0.9, -5.15), (1.5, -4.9)),), 0.2, {17: 0.7, 24: 0.3}, 0.1),
    # Below the eye
    Crease((((1.7, 2.7), (2.7, 2.15), (3.9, 2.3)),), 0.14, {6: 0.4, 7: 0.3, 9: 0.25}, 0.35),
    Crease((((1.9, 2.2), (3.0, 1.3), (4.3, 1.6)),), 0.2, {6: 0.3}, 0.3),
    # At the outer corner of the eye
    Crease((((4.8, 3.6), (5.7, 4.0)), ((4.9, 3.3), (5.8, 3.2)), ((4.8, 3.0), (5.6, 2.5))), 0.11, {6: 0.45, 7: 0.15}, 0.35),
    # Fold of the upper lid
    Crease((((1.9, 3.9), (2.8, 4.4), (3.9, 4.3), (4.6, 3.7)),), 0.12, {5: 0.15}, 0.1),
)
EVERYBODY = 0.12
"""Depth that the fold of the lid and the fold beside the mouth have in every face."""


@cache
def _profiles() -> tuple[Floats, Floats]:
    """Profiles (creases, height, width) of the lines on the right and on the left side, 1 at their deepest."""
    sides: list[list[Floats]] = [[], []]
    columns = (LEFT + np.arange(WIDTH, dtype=np.float32) / SCALE)[None]
    for crease in CREASES:
        for side, turn in ((0, mirror), (1, list)):
            texture = empty_texture()
            for line in crease.lines:
                draw_line(texture, turn(line), 0.1)
            profile = soften(texture, crease.width)
            profile /= max(float(profile.max()), 1e-6)
            # Both sides share what lies in the middle
            share = np.clip(0.5 + (2 * side - 1) * columns / 0.6, 0, 1)
            sides[side].append((profile * share).astype(np.float32))
    return np.stack(sides[0]), np.stack(sides[1])


def crease_texture(units: Floats, age: float, prominence: Floats) -> Floats:
    """How deep the skin is folded, as a texture; 0 is smooth, 1 a dark fold.

    Args:
        units: (2, units) float32 action units of the right and the left side.
        age: 0 to 1.
        prominence: (creases,) factor of the person on each group of lines, about 1.
    """
    table = np.array([[crease.units.get(unit, 0.0) for unit in UNITS] for crease in CREASES], np.float32)
    ages = np.array([crease.age for crease in CREASES], np.float32) * np.float32(max(age - 0.2, 0.0))
    # Young skin folds less
    depth = (units @ table.T) * np.float32(0.5 + 0.7 * age) + ages
    depth[:, [5, 12]] += EVERYBODY
    depth = 1 - np.exp(-depth * prominence)
    right, left = _profiles()
    return np.tensordot(depth[0], right, 1) + np.tensordot(depth[1], left, 1)
