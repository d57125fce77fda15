"""Styles of sets of drawn faces: how strong expressions are, who is drawn, and in which light.

A network that learns from several styles learns less of what one way to draw looks like.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from realtime.training.drawn.prototypes import PROTOTYPES, SIMPLE_PROTOTYPES, STILL_NEUTRAL

if TYPE_CHECKING:
    from realtime.training.drawn.people import Person
    from realtime.training.drawn.prototypes import Prototypes


@dataclass(frozen=True, slots=True)
class Style:
    """What a set of drawn faces is like.

    Attributes:
        strengths: ranges of the strength of an expression.
        strength_shares: share of the faces in each range.
        half_share: share of the faces that show an expression with the brows and eyes alone or the mouth alone.
        studio_share: share of the faces before a camera in even light; the others sit in rooms, many before a webcam.
        glasses_share: share of the faces with glasses.
        prototypes: the ways to show each expression.
        smooth: whether people are young and their skin hardly folds, so that the shape alone shows the expression.
    """

    strengths: tuple[tuple[float, float], ...] = ((0.2, 0.5), (0.5, 0.85), (0.85, 1.7))
    strength_shares: tuple[float, ...] = (0.1, 0.2, 0.7)
    half_share: float = 0.06
    studio_share: float = 0.4
    glasses_share: float = 0.12
    prototypes: Prototypes = field(default_factory=lambda: PROTOTYPES)
    smooth: bool = False

    def draw_strength(self, rng: np.random.Generator) -> float:
        """Draw how strongly an expression is shown."""
        return float(rng.uniform(*self.strengths[rng.choice(len(self.strengths), p=self.strength_shares)]))

    def change_person(self, person: Person, rng: np.random.Generator) -> Person:
        """The person as this style draws it."""
        if not self.smooth:
            return person
        return replace(person, age=person.age * 0.45, prominence=person.prominence * np.float32(rng.uniform(0.1, 0.7)))


_STRONG = Style(strengths=((0.9, 1.7),), strength_shares=(1.0,), half_share=0.0)
STYLES = {
    "mixed": Style(),
    "strong": _STRONG,
    "simple": replace(_STRONG, prototypes=SIMPLE_PROTOTYPES),
    "studio": replace(_STRONG, prototypes=STILL_NEUTRAL, studio_share=0.8, glasses_share=0.05),
    "smooth": replace(
        _STRONG, strengths=((0.7, 1.5),), prototypes=STILL_NEUTRAL, studio_share=0.7, glasses_share=0.05, smooth=True
    ),
}
"""First all strengths, as a webcam sees them; clear ones teach most. The others have strong expressions alone."""
