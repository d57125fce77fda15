"""What a run is to learn: labels, votes and teachers as one target a face, and how much each face counts; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.errors import UsageError
from realtime.training.balance import class_weights
from realtime.training.dataset import missing, targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset
    from realtime.training.recipe import Recipe


def goal(
    recipe: Recipe, training: Dataset, lesson: NDArray[np.float32] | None
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The faces to learn from, (n, 48, 48) uint8, and their targets, (n, 7) float32, rows summing to one.

    Args:
        recipe: of the run.
        training: images to learn from; pictures without a face are left out.
        lesson: (m, 7) probabilities, what teachers say of all m images, or None.

    Raises:
        UsageError: no picture shows a face, or none is labelled with one of the seven.
    """
    faces = training.faces()
    kept = training.where(faces)
    if not len(kept):
        raise UsageError("the training part holds no picture of a face, as the crowd saw them")
    if absent := missing(kept):
        raise UsageError(f"the training part holds no face labelled {', '.join(absent)}: a network needs some of all seven")
    wanted = targets(kept, recipe.label_share, recipe.smoothing)
    if lesson is not None:
        wanted = (1 - recipe.teacher_share) * wanted + recipe.teacher_share * lesson[faces]
    return kept.images, wanted.astype(np.float32)


def importance(recipe: Recipe, wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much each expression counts in the loss, (7,): all alike, or the rare ones more.

    Args:
        recipe: of the run.
        wanted: (n, 7), the targets.
    """
    if recipe.balance:
        return class_weights(wanted.sum(axis=0))
    return np.ones(len(EXPRESSIONS), np.float32)


def prior(recipe: Recipe, wanted: NDArray[np.float32]) -> NDArray[np.float64]:
    """Share (7,) of each expression in what the loss saw, summing to one: each face as often as it counts.

    Args:
        recipe: of the run.
        wanted: (n, 7), the targets.
    """
    counts = (wanted @ importance(recipe, wanted)).astype(np.float64)
    return counts @ wanted / counts.sum()
