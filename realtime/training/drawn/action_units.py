"""Action units of the face: the movements of the Facial Action Coding System (Ekman, Friesen & Hager 2002, *FACS: the manual*).

`prototypes` says which of them make an expression.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import Expression
from realtime.training.drawn.prototypes import PROTOTYPES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.drawn.prototypes import Prototypes

    Floats = NDArray[np.float32]

UNIT_SHAPES: dict[int, tuple[tuple[str, float], ...]] = {
    1: (("browInnerUp", 1),),
    2: (("browOuterUp", 1),),
    4: (("browDown", 1),),
    5: (("eyeWide", 1),),
    6: (("cheekSquint", 1), ("cheekRaiser", 0.5)),
    7: (("eyeSquint", 1),),
    9: (("noseSneer", 1),),
    10: (("mouthUpperUp", 1),),
    12: (("mouthSmile", 1),),
    14: (("mouthDimple", 1),),
    15: (("mouthFrown", 1),),
    16: (("mouthLowerDown", 1),),
    17: (("mouthShrugLower", 1),),
    18: (("mouthPucker", 1),),
    20: (("mouthStretch", 1),),
    22: (("mouthFunnel", 1),),
    24: (("mouthPress", 1),),
    26: (("jawOpen", 1),),
    28: (("mouthRollLower", 0.7), ("mouthRollUpper", 0.7)),
    29: (("jawForward", 1),),
    34: (("cheekPuff", 1),),
    45: (("eyeBlink", 1),),
    61: (("eyeLookLeft", 1),),
    63: (("eyeLookUp", 1),),
    64: (("eyeLookDown", 1),),
}
"""The model's shapes for each action unit, without the side; 61 (eyes to the person's left) is signed."""
UNITS = tuple(UNIT_SHAPES)
WHOLE_SHAPES = frozenset(
    {"jawForward", "jawOpen", "mouthFunnel", "mouthPucker", "mouthRollLower", "mouthRollUpper", "mouthShrugLower"}
)
"""Shapes that move both sides at once."""

UPPER = frozenset({1, 2, 4, 5, 6, 7, 45, 61, 63, 64})
"""Units of the brows and eyes."""
ANYBODY = {4, 1, 2, 6, 7, 12, 14, 15, 17, 24, 26, 10}
"""Units that a face has a little of at any time: N(0, .1) without its sign, in three faces of ten."""
ASYMMETRY = 0.15
"""Standard deviation of the difference between the sides, relative."""
ONE_SIDED = 0.06
"""Share of expressive faces with one half much weaker."""
LIMITS = {26: 1.0, 45: 1.0, 63: 1.0, 64: 1.0, 9: 1.5, 10: 1.2, 12: 1.5, 22: 1.0, 16: 1.3}
"""Highest strength of a unit; above it the mesh cuts through itself. Other units end at `HIGHEST`."""
HIGHEST = 2.6


def draw_units(
    expression: Expression,
    strength: float,
    rng: np.random.Generator,
    half: str = "",
    prototypes: Prototypes = PROTOTYPES,
) -> Floats:
    """Draw the action units of one face.

    Args:
        expression: what the face shows.
        strength: factor on the ranges of the prototypes; 1 is clear, below .5 is weak. Neutral faces ignore it.
        rng: source of chance.
        half: "upper" or "lower" for a face that shows the expression with this half alone.
        prototypes: the ways to show each expression.

    Returns:
        (2, units) float32, in the order of `UNITS`: the right and the left side of the person.
    """
    ways = prototypes[expression]
    shares = np.array([way.share for way in ways])
    chosen = ways[rng.choice(len(ways), p=shares / shares.sum())]
    factor = 1.0 if expression is Expression.NEUTRAL else strength
    amounts = np.zeros(len(UNITS))
    for column, unit in enumerate(UNITS):
        probability, low, high = chosen.units.get(unit, (0.0, 0.0, 0.0))
        present, size = rng.random(), rng.uniform(low, high)
        shown = not half or (unit in UPPER) == (half == "upper")
        amounts[column] = size * factor * (present < probability and shown)
        little = abs(rng.normal(0, 0.1)) * (0.5 if unit == 26 else 1)
        amounts[column] += little * (rng.random() < 0.3) * (unit in ANYBODY)
    # The model's eyes are wide open; at rest lids hang lower
    amounts[UNITS.index(45)] += rng.uniform(0.0, 0.22) + rng.uniform(0.1, 0.35) * (rng.random() < 0.1)
    amounts[UNITS.index(45)] *= max(0.0, 1 - amounts[UNITS.index(5)])
    side = 1 + rng.normal(0, ASYMMETRY, (2, len(UNITS))) / 2
    if rng.random() < ONE_SIDED:
        side[rng.integers(2)] *= rng.uniform(0.2, 0.7)
    units = amounts * np.maximum(side, 0)
    units[:, UNITS.index(61)] = rng.normal(0, 0.2)
    gaze = rng.normal(0, 0.15)
    units[:, UNITS.index(63)] += max(gaze, 0)
    units[:, UNITS.index(64)] += max(-gaze, 0)
    highest = np.array([LIMITS.get(unit, HIGHEST) for unit in UNITS])
    return np.minimum(units, highest).astype(np.float32)


def shape_weights(units: Floats) -> dict[str, float]:
    """Weights of the model's shapes for action units (2, units) of the right and the left side."""
    weights: dict[str, float] = {}
    for column, unit in enumerate(UNITS):
        if unit == 61:
            right, left = float(units[0, column]), float(units[1, column])
            for name, value in (
                ("eyeLookIn_R", right),
                ("eyeLookOut_R", -right),
                ("eyeLookOut_L", left),
                ("eyeLookIn_L", -left),
            ):
                weights[name] = max(value, 0.0)
            continue
        for shape, factor in UNIT_SHAPES[unit]:
            if shape in WHOLE_SHAPES:
                weights[shape] = weights.get(shape, 0.0) + factor * float(units[:, column].mean())
            else:
                for side, row in (("R", 0), ("L", 1)):
                    name = f"{shape}_{side}"
                    weights[name] = weights.get(name, 0.0) + factor * float(units[row, column])
    return {name: weight for name, weight in weights.items() if abs(weight) > 1e-4}
