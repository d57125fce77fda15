"""Where moods and music lie between unpleasant and pleasant, calm and excited (pure)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the circumplex of Russell (1980, doi 10.1037/h0077714).

    Attributes:
        valence: -1 unpleasant .. 1 pleasant.
        arousal: -1 calm .. 1 excited.

    Raises:
        ValueError: a number lies outside of -1..1.
    """

    valence: float
    arousal: float

    def __post_init__(self) -> None:
        if not (-1 <= self.valence <= 1 and -1 <= self.arousal <= 1):
            raise ValueError(f"valence and arousal lie in -1..1, not {self.valence} and {self.arousal}")

    def distance(self, other: Point) -> float:
        """How far two points are from each other, 0..2.83."""
        return math.hypot(self.valence - other.valence, self.arousal - other.arousal)

    def towards(self, other: Point, part: float) -> Point:
        """The point `part`, 0..1, of the way to another."""
        return Point(
            self.valence + part * (other.valence - self.valence),
            self.arousal + part * (other.arousal - self.arousal),
        )


POINTS: dict[Expression, Point] = {
    Expression.ANGRY: Point(-0.51, 0.59),
    Expression.DISGUST: Point(-0.60, 0.35),
    Expression.FEAR: Point(-0.64, 0.60),
    Expression.HAPPY: Point(0.76, 0.48),
    Expression.NEUTRAL: Point(0.0, 0.0),
    Expression.SAD: Point(-0.63, -0.27),
    Expression.SURPRISE: Point(0.40, 0.67),
}
"""Russell & Mehrabian 1977 (doi 10.1016/0092-6566(77)90037-X), pleasure and arousal; neutral lies at the origin."""

LIFTED: dict[Expression, Point] = {
    Expression.ANGRY: Point(0.55, -0.30),
    Expression.DISGUST: Point(0.40, 0.10),
    Expression.FEAR: Point(0.56, -0.31),
    Expression.HAPPY: POINTS[Expression.HAPPY],
    Expression.NEUTRAL: Point(0.20, 0.0),
    Expression.SAD: Point(0.55, -0.20),
    Expression.SURPRISE: POINTS[Expression.SURPRISE],
}
"""Where music that lifts leads to from each: towards calm and content, and what is pleasant already is kept."""


def blend(shares: Sequence[float], points: dict[Expression, Point] = POINTS) -> Point:
    """The mean of the seven points, weighted by seven shares that sum to one."""
    pairs = list(zip(shares, (points[expression] for expression in EXPRESSIONS), strict=True))
    total = sum(shares)
    return Point(
        sum(share * point.valence for share, point in pairs) / total,
        sum(share * point.arousal for share, point in pairs) / total,
    )


def rank_by_distance(expression: Expression) -> list[Expression]:
    """All expressions by their distance to one, itself first."""
    here = POINTS[expression]
    return sorted(EXPRESSIONS, key=lambda other: here.distance(POINTS[other]))
