from __future__ import annotations

import numpy as np
import pytest

from realtime.training.drawn.action_units import UNITS
from realtime.training.drawn.creases import CREASES, crease_texture
from realtime.training.drawn.texture import sample_texture

PLAIN = np.ones(len(CREASES), np.float32)


def depth(x: float, y: float, units: dict[int, tuple[float, float]], age: float = 0.2) -> float:
    """Depth at a place with action units (right, left)."""
    table = np.zeros((2, len(UNITS)), np.float32)
    for unit, sides in units.items():
        table[:, UNITS.index(unit)] = sides
    return float(sample_texture(crease_texture(table, age, PLAIN), np.array([[[x, y]]], np.float32))[0, 0])


@pytest.mark.parametrize(
    ("unit", "place"),
    [
        (4, (0.5, 6.3)),
        (9, (0.4, 4.75)),
        (2, (2.3, 8.5)),
        (12, (2.9, -2.1)),
        (15, (2.95, -4.5)),
        (17, (0.9, -5.1)),
    ],
)
def test_a_unit_folds_the_skin_where_the_manual_says(unit: int, place: tuple[float, float]) -> None:
    folded, smooth = depth(*place, {unit: (1, 1)}), depth(*place, {})
    assert folded > smooth + 0.2
    assert depth(-place[0], place[1], {unit: (1, 1)}) == pytest.approx(folded, abs=0.06)
    # The cheek stays as it was
    assert depth(5.5, -1.0, {unit: (1, 1)}) == pytest.approx(depth(5.5, -1.0, {}), abs=0.02)


def test_a_unit_of_one_side_folds_this_side() -> None:
    assert depth(0.5, 6.3, {4: (0, 2)}) > 2 * depth(-0.5, 6.3, {4: (0, 2)})


def test_age_folds_a_face_at_rest() -> None:
    young, old = (depth(2.9, -2.1, {}, age) for age in (0.1, 0.9))
    assert old > young + 0.1
