from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.training.drawn.action_units import UNITS, draw_units
from realtime.training.drawn.drawn_set import draw_faces, draw_setting
from realtime.training.drawn.styles import STYLES, Style

if TYPE_CHECKING:
    from pathlib import Path

STRONG = [name for name in STYLES if name != "mixed"]


@pytest.mark.parametrize("name", STRONG)
def test_strong_styles_draw_no_weak_expression(name: str) -> None:
    rng = np.random.default_rng(1)
    strengths = [STYLES[name].draw_strength(rng) for _ in range(200)]
    assert min(strengths) >= STYLES[name].strengths[0][0] >= 0.7
    assert min(STYLES["mixed"].draw_strength(rng) for _ in range(200)) < 0.4


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_each_style_has_a_way_for_each_expression(style: Style) -> None:
    for expression in EXPRESSIONS:
        assert draw_units(expression, 1, np.random.default_rng(1), "", style.prototypes).shape == (2, len(UNITS))


def test_nobody_speaks_in_the_studio_when_neutral() -> None:
    def highest(name: str, unit: int) -> float:
        drawn = [
            draw_units(Expression.NEUTRAL, 0, np.random.default_rng(seed), "", STYLES[name].prototypes) for seed in range(300)
        ]
        return max(float(each[:, UNITS.index(unit)].max()) for each in drawn)

    # The pucker of speech is none of the units that everybody has a little of
    assert highest("studio", 18) == 0 < highest("mixed", 18)


def test_glasses_are_rarer_in_the_studio() -> None:
    def share(name: str) -> float:
        rng = np.random.default_rng(1)
        return float(np.mean([draw_setting(rng, STYLES[name]).glasses is not None for _ in range(500)]))

    assert share("studio") < 0.08 < share("mixed")


def test_smooth_people_are_young(model_path: Path) -> None:
    smooth, mixed = (draw_faces(model_path, 30, 1, style=STYLES[name]) for name in ("smooth", "mixed"))
    first = slice(0, 1)
    assert smooth["age"].max() <= 0.45
    # The first person is the same but for the age
    assert smooth["age"][first] == pytest.approx(0.45 * mixed["age"][first], rel=1e-2)
    assert smooth["skin"][first] == mixed["skin"][first]
