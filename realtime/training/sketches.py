"""Sketched faces: the seven expressions in a few strokes, a small dataset to try training without any data of others.

The strokes follow the action units of the prototypes (Ekman, Friesen & Hager 2002, Facial Action Coding System): raised or
lowered brows, wide or narrow eyes, the curve and the opening of the mouth, the folds beside the nose. A network that reads
sketches reads no photos.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import CROP_SIDE, EXPRESSIONS, Expression
from realtime.training.dataset import EXPRESSION_VOTES, USAGES, VOTE_COLUMNS, VOTERS, build_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

FACES = 20
"""Default number of sketches of each expression."""

TEST_SHARE = 0.15
"""Share of the sketches of each expression in PublicTest, and the same in PrivateTest."""

FEWEST_VOTES = 4
"""Fewest votes of ten for what was sketched. The others are for one other expression."""

FACTOR = 4
"""The strokes are drawn on 192×192 pixels and reduced, which makes their edges soft."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """Shape of one expression. Lengths are shares of the side of the picture; down is positive.

    Attributes:
        inner_brow: how far the inner ends of the brows are above their place; negative: below.
        outer_brow: the same for the outer ends.
        eye: half of the height of the open eyes.
        curve: how far the corners of the mouth are above its middle; negative: below.
        opening: half of the height of the open mouth; 0: closed.
        width: half of the width of the mouth.
        folds: whether folds from the nose to the mouth are drawn.
    """

    inner_brow: float
    outer_brow: float
    eye: float
    curve: float
    opening: float
    width: float
    folds: bool = False


STROKES = {
    Expression.ANGRY: Strokes(-0.06, 0.03, 0.025, -0.02, 0.0, 0.12),
    Expression.DISGUST: Strokes(-0.03, -0.01, 0.018, -0.05, 0.02, 0.13, folds=True),
    Expression.FEAR: Strokes(0.05, 0.02, 0.055, -0.01, 0.035, 0.17),
    Expression.HAPPY: Strokes(0.01, 0.01, 0.03, 0.09, 0.03, 0.18, folds=True),
    Expression.NEUTRAL: Strokes(0.0, 0.0, 0.035, 0.0, 0.0, 0.13),
    Expression.SAD: Strokes(0.05, -0.03, 0.025, -0.07, 0.0, 0.12),
    Expression.SURPRISE: Strokes(0.07, 0.07, 0.06, 0.0, 0.1, 0.09),
}


def sketch_dataset(count: int = FACES, seed: int = 1) -> Dataset:
    """Sketch a dataset with all parts and with votes; the same arguments give the same dataset.

    Args:
        count: sketches of each expression, 4 or more.
        seed: seed of all random numbers, 0 or more.

    Returns:
        7 × `count` images. The voters see what was sketched; some of them see another expression.

    Raises:
        ValueError: `count` is so small that the parts to test with would be empty.
    """
    tests = round(TEST_SHARE * count)
    if not tests:
        raise ValueError(f"{count} sketches of each expression are too few to test with")
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(EXPRESSIONS), dtype=np.uint8), count)
    parts = [USAGES["training"]] * (count - 2 * tests) + [USAGES["public"]] * tests + [USAGES["private"]] * tests
    usage = np.tile(np.array(parts, np.uint8), len(EXPRESSIONS))
    images = np.stack([sketch_face(EXPRESSIONS[label], rng) for label in labels])
    return build_dataset(images, labels, usage, _draw_votes(labels, rng))


def sketch_face(expression: Expression, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Sketch one face, (48, 48) uint8 grey, with random proportions, place, tilt, light and noise."""
    strokes = STROKES[expression]
    pen = _Pen(ink=int(rng.integers(10, 70)), thickness=int(rng.integers(4, 8)), paper=int(rng.integers(20, 110)))
    x, y = (0.5 + rng.uniform(-0.03, 0.03, 2)).tolist()
    pen.fill_ellipse(x, y, (float(rng.uniform(0.37, 0.43)), 0.47), grey=int(rng.integers(140, 230)))
    between, strength = float(rng.uniform(0.15, 0.19)), float(rng.uniform(0.7, 1.2))
    for side in (-1, 1):
        eye = x + side * between
        pen.draw_ellipse(eye, y - 0.10, (0.07, strokes.eye))
        pen.fill_ellipse(eye, y - 0.10, (0.02, min(0.02, strokes.eye)), grey=pen.ink)
        inner, outer = (y - 0.21 - strength * height for height in (strokes.inner_brow, strokes.outer_brow))
        pen.draw_line([(eye - side * 0.09, inner), (eye + side * 0.09, outer)])
        if strokes.folds:
            pen.draw_line([(x + side * 0.09, y + 0.06), (x + side * (strokes.width + 0.05), y + 0.20)])
    pen.draw_line([(x, y - 0.05), (x - 0.03, y + 0.08), (x + 0.02, y + 0.08)])
    pen.draw_mouth(x, y + 0.25, strokes, strength)
    return _photograph(pen.picture, rng)


class _Pen:
    """Draws on a picture of 192×192 pixels; all coordinates and lengths are shares of its side."""

    def __init__(self, ink: int, thickness: int, paper: int) -> None:
        self.picture: NDArray[np.uint8] = np.full((CROP_SIDE * FACTOR,) * 2, paper, np.uint8)
        self.ink, self.thickness = ink, thickness

    def fill_ellipse(self, x: float, y: float, half_axes: tuple[float, float], grey: int) -> None:
        self._ellipse(x, y, half_axes, grey, cv2.FILLED)

    def draw_ellipse(self, x: float, y: float, half_axes: tuple[float, float]) -> None:
        self._ellipse(x, y, half_axes, self.ink, self.thickness // 2)

    def _ellipse(self, x: float, y: float, half_axes: tuple[float, float], grey: int, thickness: int) -> None:
        axes = _pixels([half_axes])[0].tolist()
        cv2.ellipse(self.picture, _pixels([(x, y)])[0].tolist(), axes, 0, 0, 360, grey, thickness, cv2.LINE_AA)

    def draw_line(self, points: Sequence[tuple[float, float]]) -> None:
        cv2.polylines(self.picture, [_pixels(points)], False, self.ink, self.thickness, cv2.LINE_AA)

    def draw_mouth(self, x: float, y: float, strokes: Strokes, strength: float) -> None:
        """Two parabolas from corner to corner, filled if the mouth is open."""
        across = np.linspace(-1, 1, 13)
        upper, lower = (
            [
                (x + strokes.width * place, y + strength * (half * strokes.opening * (1 - place**2) - strokes.curve * place**2))
                for place in across.tolist()
            ]
            for half in (-1, 1)
        )
        if strokes.opening:
            cv2.fillPoly(self.picture, [_pixels([*upper, *reversed(lower)])], self.ink, cv2.LINE_AA)
        self.draw_line(upper)


def _photograph(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Tilt, light from one side, reduce and add noise."""
    centre = (picture.shape[1] / 2, picture.shape[0] / 2)
    turn = cv2.getRotationMatrix2D(centre, float(rng.uniform(-8, 8)), float(rng.uniform(0.95, 1.1)))
    turned = cv2.warpAffine(picture, turn, picture.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(turned, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA).astype(np.float64)
    left, right = rng.uniform(0.75, 1.1, 2).tolist()
    light = np.linspace(left, right, CROP_SIDE)
    return np.clip(small * light + rng.normal(0, 6, small.shape), 0, 255).astype(np.uint8)


def _draw_votes(labels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Votes (n, 10): most for the label, the others for one other expression."""
    columns = [VOTE_COLUMNS.index(name) for name in EXPRESSION_VOTES]
    votes = np.zeros((len(labels), len(VOTE_COLUMNS)), np.float32)
    for row, label in zip(votes, labels.tolist(), strict=True):
        own = int(rng.integers(FEWEST_VOTES, VOTERS + 1))
        other = (label + int(rng.integers(1, len(EXPRESSIONS)))) % len(EXPRESSIONS)
        row[columns[label]], row[columns[other]] = own, VOTERS - own
    return votes


def _pixels(shares: Sequence[tuple[float, float]]) -> NDArray[np.int32]:
    return np.rint(np.array(shares) * CROP_SIDE * FACTOR).astype(np.int32)
