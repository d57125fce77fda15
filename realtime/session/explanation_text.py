"""The words of an explanation of a label, the same on every screen (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from realtime.classifier.occlusion import Explanation

BEFORE_CALIBRATION = "before calibration"
"""The label is corrected by a face at rest, and the explanation is not: the face at rest was forgotten since."""
_LEAST_PERCENT = 1e-4
"""A smaller drop is a rounding error."""


def second_heading(explanation: Explanation) -> str:
    """Words before the second guess: the label is smoothed, so this crop alone can have another best guess."""
    return "2nd guess:" if explanation.probability >= explanation.second[1] else "this crop alone:"


def short_percent(share: float) -> str:
    """A share of 0..1 in few characters, with a digit that says something also if it is small."""
    percent = 100 * share
    return f"{percent:.0f}%" if percent >= 1 else f"{percent:.1g}%" if percent >= _LEAST_PERCENT else "0%"


def explanation_sentence(explanation: Explanation) -> str:
    """An explanation as one sentence, for a screen that draws its map and no panel."""
    name, (second, second_share) = explanation.face.expression.value, explanation.second
    parts = [f"{name} {explanation.probability:.0%}", f"{second_heading(explanation)} {second.value} {second_share:.0%}"]
    if explanation.face.calibrated and not explanation.calibrated:
        parts.append(BEFORE_CALIBRATION)
    if explanation.face.reason is not None:
        parts.append(f"not sure: {explanation.face.reason}")
    peak = short_percent(float(np.abs(explanation.map).max()))
    parts.append(f"{name} if covered: up to +{peak} where it is blue, –{peak} where it is orange")
    return "; ".join(parts)
