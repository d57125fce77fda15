from __future__ import annotations

import numpy as np
import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.training.drawn.action_units import LIMITS, UNIT_SHAPES, UNITS, UPPER, draw_units, shape_weights
from realtime.training.drawn.prototypes import PROTOTYPES


def mean_units(expression: Expression, strength: float, half: str = "") -> dict[int, float]:
    drawn = [draw_units(expression, strength, np.random.default_rng(seed), half).mean(axis=0) for seed in range(200)]
    return dict(zip(UNITS, np.mean(drawn, axis=0).tolist(), strict=True))


def test_every_expression_has_prototypes_of_known_units() -> None:
    assert set(PROTOTYPES) == set(EXPRESSIONS)
    for prototypes in PROTOTYPES.values():
        for prototype in prototypes:
            assert set(prototype.units) <= set(UNIT_SHAPES)
            assert all(0 < probability <= 1 and 0 < low < high for probability, low, high in prototype.units.values())


@pytest.mark.parametrize(
    ("expression", "strong", "weak"),
    [
        (Expression.ANGRY, 4, 12),
        (Expression.DISGUST, 9, 12),
        (Expression.FEAR, 20, 12),
        (Expression.HAPPY, 12, 4),
        (Expression.SAD, 15, 12),
        (Expression.SURPRISE, 2, 4),
    ],
)
def test_an_expression_moves_its_units_the_stronger_the_more(expression: Expression, strong: int, weak: int) -> None:
    low, high = mean_units(expression, 0.5), mean_units(expression, 1.2)
    assert high[strong] > 1.7 * low[strong] > 0.2
    assert high[weak] < 0.1


def test_a_neutral_face_is_nearly_at_rest_and_has_no_strength() -> None:
    assert max(mean_units(Expression.NEUTRAL, 1).values()) < 0.25
    assert mean_units(Expression.NEUTRAL, 0) == mean_units(Expression.NEUTRAL, 1)


def test_half_a_face_shows_the_expression_alone() -> None:
    whole, upper, lower = (mean_units(Expression.SURPRISE, 1, half) for half in ("", "upper", "lower"))
    assert 2 in UPPER
    assert 26 not in UPPER
    assert upper[2] > 0.8 * whole[2] > 0.5
    assert lower[26] > 0.8 * whole[26] > 0.2
    assert max(lower[2], upper[26]) < 0.1


def test_no_unit_is_stronger_than_the_mesh_bears() -> None:
    units = np.array([draw_units(Expression.SURPRISE, 5, np.random.default_rng(seed)) for seed in range(50)])
    assert units[..., UNITS.index(26)].max() == pytest.approx(LIMITS[26])


def test_units_become_shapes_of_their_side() -> None:
    units = np.zeros((2, len(UNITS)), np.float32)
    units[0, UNITS.index(4)], units[1, UNITS.index(4)] = 0.5, 1.5
    units[:, UNITS.index(6)] = 1.0
    units[:, UNITS.index(26)] = 0.25, 0.75
    units[:, UNITS.index(61)] = 0.3
    weights = shape_weights(units)
    assert (weights["browDown_R"], weights["browDown_L"]) == (0.5, 1.5)
    assert (weights["cheekSquint_L"], weights["cheekRaiser_L"]) == (1.0, 0.5)
    assert weights["jawOpen"] == 0.5
    # Both eyes look to the person's left
    assert weights["eyeLookIn_R"] == weights["eyeLookOut_L"] == pytest.approx(0.3)
    assert not {"eyeLookOut_R", "eyeLookIn_L", "mouthSmile_L"} & set(weights)
