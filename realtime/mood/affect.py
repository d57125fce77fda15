"""Valence and arousal of each expression, for moods and for music. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the circumplex model of affect (Russell 1980, doi 10.1037/h0077714).

    Attributes:
        valence: -1 unpleasant .. 1 pleasant.
        arousal: -1 calm .. 1 excited.

    Raises:
        ValueError: valence or arousal lies outside -1..1.
    """

    valence: float
    arousal: float

    def __post_init__(self) -> None:
        if not (-1 <= self.valence <= 1 and -1 <= self.arousal <= 1):
            raise ValueError(f"valence and arousal lie in -1..1, not {self.valence} and {self.arousal}")

    def distance(self, other: Point) -> float:
        """Euclidean distance of two points, 0..2.83."""
        return math.hypot(self.valence - other.valence, self.arousal - other.arousal)

    def towards(self, other: Point, share: float) -> Point:
        """The point on the line to another point, after `share`, 0..1, of the way."""
        return Point(
            self.valence + share * (other.valence - self.valence),
            self.arousal + share * (other.arousal - self.arousal),
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
"""Point of each expression: pleasure and arousal of Russell & Mehrabian 1977 (doi 10.1016/0092-6566(77)90037-X). Neutral is the
origin."""

LIFTED: dict[Expression, Point] = {
    Expression.ANGRY: Point(0.55, -0.30),
    Expression.DISGUST: Point(0.40, 0.10),
    Expression.FEAR: Point(0.56, -0.31),
    Expression.HAPPY: POINTS[Expression.HAPPY],
    Expression.NEUTRAL: Point(0.20, 0.0),
    Expression.SAD: Point(0.55, -0.20),
    Expression.SURPRISE: POINTS[Expression.SURPRISE],
}
"""Goal of the strategies lift and journey for each expression: calm and content; a pleasant expression keeps its point."""


def blend(shares: Sequence[float], points: dict[Expression, Point] = POINTS) -> Point:
    """Mean of seven points, weighted by seven shares in the order of `Expression`; the shares need not sum to one."""
    pairs = list(zip(shares, (points[expression] for expression in EXPRESSIONS), strict=True))
    total = sum(shares)
    return Point(
        sum(share * point.valence for share, point in pairs) / total,
        sum(share * point.arousal for share, point in pairs) / total,
    )


def rank_by_distance(expression: Expression) -> list[Expression]:
    """All seven expressions by the distance of their points from that of `expression`, which comes first."""
    point = POINTS[expression]
    return sorted(EXPRESSIONS, key=lambda other: point.distance(POINTS[other]))
