"""What a run is to learn: labels, votes and teachers as one target a face, and how much each face counts; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.errors import UsageError
from realtime.training.dataset import Dataset, missing_parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.recipe import Recipe


def build_targets(
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
    if absent := missing_parts(kept):
        raise UsageError(f"the training part holds no face labelled {', '.join(absent)}: a network needs some of all seven")
    wanted = expression_targets(kept, recipe.label_share, recipe.smoothing)
    if lesson is not None:
        wanted = (1 - recipe.teacher_share) * wanted + recipe.teacher_share * lesson[faces]
    return kept.images, wanted.astype(np.float32)


def sample_weights(recipe: Recipe, wanted: NDArray[np.float32]) -> NDArray[np.float32]:
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
    counts = (wanted @ sample_weights(recipe, wanted)).astype(np.float64)
    return counts @ wanted / counts.sum()


BETA = 0.999
"""How soon another picture of an expression adds nothing new: after some 1 / (1 - beta).

One of the two that served best in the paper (table 2); on FER-2013 it lets disgust weigh three times as much as happy, where
plain inverse frequency would make it seventeen times.
"""


def class_weights(counts: NDArray[np.floating], beta: float = BETA) -> NDArray[np.float32]:
    """Weights by the effective number of pictures, (1 - beta^n) / (1 - beta) (Cui et al. 2019, arXiv:1901.05555, eq. 2).

    Args:
        counts: (7,) pictures of each expression, or sums of their shares in soft targets; all above zero.
        beta: 0 weighs all alike, near 1 by inverse frequency.

    Returns:
        (7,) above zero. Their mean over the pictures is one, so that the learning rate keeps its meaning.

    Raises:
        ValueError: a count is not above zero, or beta is not in [0, 1).
    """
    if not (counts > 0).all() or not 0 <= beta < 1:
        raise ValueError(f"no weights for counts {counts.tolist()} and beta {beta}")
    weights = (1 - beta) / (1 - np.power(beta, counts.astype(np.float64)))
    return (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)


def expression_targets(dataset: Dataset, label_share: float, smoothing: float) -> NDArray[np.float32]:
    """Mix the original label with the crowd's votes: (n, 7) float32, rows summing to one.

    The two pull apart, since the majority of ten people names the original label in 63% of the images only: labels
    alone forget what people see, votes alone forget disgust and fear.

    Args:
        dataset: n images.
        label_share: weight of the original label, 0..1; the votes have the rest. Without a vote for one of the
            seven, the label has all.
        smoothing: share spread evenly over the seven (Szegedy et al. 2016, arXiv:1512.00567).
    """
    count = len(EXPRESSIONS)
    labels = np.eye(count, dtype=np.float32)[dataset.labels]
    votes = dataset.expression_votes()
    total = votes.sum(axis=1, keepdims=True)
    # Pooled votes are means, so all seven together may have less than one
    shares = np.divide(votes, total, out=labels.copy(), where=total > 0)
    mixed = label_share * labels + (1 - label_share) * shares
    return ((1 - smoothing) * mixed + smoothing / count).astype(np.float32)
