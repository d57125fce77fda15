"""Which parts of a crop the network's answer depends on: the occlusion map of Zeiler and Fergus 2014.

A grey patch covers one part of the crop after the other, and the network reads each covered crop. Where the probability of the
expression falls, the answer depends on that part. The map is no reason: it does not say what the network sees there. Source:
"Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2 (arXiv:1311.2901).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from realtime.domain import CROP_SIDE, EXPRESSIONS, ranked

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.domain import Batch, Expression, Face, Probabilities

Map = NDArray[np.float32]
"""Drop of a probability for each pixel of a crop, shape (48, 48), float32 in -1..1; positive where the answer depends on it."""

PATCH = 12
"""Side of the patch in pixels: as high as a mouth, or an eye with its brow. Seen on maps of posed faces: patches of 8 leave
enough of a mouth for the same answer; patches of 16 cover an eye and the nose at once, and the map cannot
tell the two apart."""
STEP = 4
"""Pixels between two places of the patch. With a step of 6 perhaps no place covers a mouth well: the drop of a surprised face
was 1%, with a step of 4 it was 15%. The 144 places take 0.17 s on two cores; a step of 6 takes half of that."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What the network got and answered for one face, and which parts of it the answer depends on.

    Attributes:
        face: the face as it was shown, with its label.
        crop: (48, 48) uint8 grey, the input of the network.
        probabilities: seven numbers in the order of `Expression`: the network's answer to this crop alone. The label of a
            tracked face is smoothed over several crops.
        map: (48, 48) float32 in -1..1, how far the probability of the face's expression drops if the part around each pixel is
            covered: at the middle pixel of each place of the patch as measured, between them interpolated. Negative where the
            expression becomes more probable.
        calibrated: whether `probabilities` and `map` are corrected by a face at rest.
    """

    face: Face
    crop: NDArray[np.uint8]
    probabilities: tuple[float, ...]
    map: Map
    calibrated: bool = False

    @property
    def probability(self) -> float:
        """Probability of the face's expression for this crop, 0..1."""
        return self.probabilities[EXPRESSIONS.index(self.face.expression)]

    @property
    def second(self) -> tuple[Expression, float]:
        """The most probable of the other expressions for this crop, and its probability."""
        return next(pair for pair in ranked(self.probabilities) if pair[0] is not self.face.expression)


def explain_crop(face: Face, crop: Batch, classify: Callable[[Batch], Probabilities]) -> Explanation:
    """Explain the expression of a face.

    Args:
        face: the face, with the expression to explain.
        crop: its crop, (1, 48, 48, 1) float32 grey in 0..1.
        classify: probabilities (n, 7) of crops (n, 48, 48, 1); called once, with 145 crops.
    """
    answers = _classify_covered(crop, classify)
    grey = np.round(crop[0, :, :, 0] * 255).astype(np.uint8)
    return Explanation(face, grey, tuple(map(float, answers[0])), _map_drops(answers, face.expression))


def cover_parts(crop: NDArray[np.float32]) -> Batch:
    """Copies of a crop (48, 48, 1), (144, 48, 48, 1), each with one patch in its mean grey; row by row from the upper left."""
    places = [(row, column) for row in _patch_starts() for column in _patch_starts()]
    covered = np.repeat(crop[np.newaxis], len(places), axis=0)
    grey = crop.mean(dtype=np.float64)
    for copy, (first_row, first_column) in zip(covered, places, strict=True):
        copy[max(0, first_row) : first_row + PATCH, max(0, first_column) : first_column + PATCH] = grey
    return covered


def _classify_covered(crop: Batch, classify: Callable[[Batch], Probabilities]) -> Probabilities:
    """Answers (145, 7) to the crop itself and to its covered copies."""
    return classify(np.concatenate([crop, cover_parts(crop[0])]))


def _map_drops(answers: Probabilities, expression: Expression) -> Map:
    """The drops from the first answer to the others, interpolated linearly between the centres of the patches."""
    others = np.delete(answers.astype(np.float64), EXPRESSIONS.index(expression), axis=1).sum(axis=1)
    # The sum of the others is exact also where the probability is so near to 1 that float32 has no number between
    drops = others[1:] - others[0]
    centres = np.array(_patch_starts()) + PATCH // 2
    # Beyond the outermost centres their values are repeated
    weights = np.stack([np.interp(np.arange(CROP_SIDE), centres, unit) for unit in np.eye(len(centres))], axis=1)
    return (weights @ drops.reshape(len(centres), len(centres)) @ weights.T).astype(np.float32)


def _patch_starts() -> range:
    """First rows, and columns, of the patches: their centres lie in the middle of squares of `STEP` pixels."""
    first = (STEP - PATCH) // 2
    return range(first, first + CROP_SIDE, STEP)
