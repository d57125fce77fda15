"""Soft targets from labels, votes and teachers, and the class weights of the loss; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.errors import UsageError
from realtime.training.dataset import Dataset, missing_expressions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.recipe import Recipe


BETA = 0.999
"""Hyperparameter of the class weights: about 1 / (1 - beta) images of a class count, more add little.

It is one of the two best values in the paper of `class_weights` (table 2). On FER-2013 the weight of disgust is three times
that of happy; with inverse frequency it would be seventeen times.
"""


def build_targets(
    recipe: Recipe, training: Dataset, soft_labels: NDArray[np.float32] | None
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Select the training images, (n, 48, 48) uint8, and build their targets, (n, 7) float32, rows summing to one.

    Args:
        recipe: recipe of the run.
        training: m images to train on; images without a face are left out.
        soft_labels: (m, 7) float32 probabilities of the teachers for all m images, or None.

    Raises:
        UsageError: no image shows a face, or no face has the label of one of the seven expressions.
    """
    faces = training.face_mask()
    kept = training.select(faces)
    if not len(kept):
        raise UsageError("the training part holds no picture of a face, as the crowd saw them")
    if absent := missing_expressions(kept):
        raise UsageError(f"the training part holds no face labelled {', '.join(absent)}: a network needs some of all seven")
    targets = expression_targets(kept, recipe.label_share, recipe.smoothing)
    if soft_labels is not None:
        targets = (1 - recipe.teacher_share) * targets + recipe.teacher_share * soft_labels[faces]
    return kept.images, targets.astype(np.float32)


def loss_weights(recipe: Recipe, targets: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weight of each expression in the loss, (7,) float32: all one, or larger for rare expressions.

    Args:
        recipe: recipe of the run.
        targets: (n, 7) targets of the training images.
    """
    if recipe.balance:
        return class_weights(targets.sum(axis=0))
    return np.ones(len(EXPRESSIONS), np.float32)


def class_prior(recipe: Recipe, targets: NDArray[np.float32]) -> NDArray[np.float64]:
    """Share (7,) of each expression in the weighted targets of the loss, summing to one.

    Args:
        recipe: recipe of the run.
        targets: (n, 7) targets of the training images.
    """
    counts = (targets @ loss_weights(recipe, targets)).astype(np.float64)
    return counts @ targets / counts.sum()


def class_weights(counts: NDArray[np.floating], beta: float = BETA) -> NDArray[np.float32]:
    """Weights by the effective number of images, (1 - beta^n) / (1 - beta) (Cui et al. 2019, arXiv:1901.05555, eq. 2).

    Args:
        counts: (7,) number of images of each expression, or sums of soft targets; all above zero.
        beta: 0 gives equal weights, a value near 1 weights by inverse frequency; in [0, 1).

    Returns:
        (7,) float32 above zero. Their mean over the images is one, so that the learning rate keeps its meaning.

    Raises:
        ValueError: a count is not above zero, or beta is not in [0, 1).
    """
    if not (counts > 0).all() or not 0 <= beta < 1:
        raise ValueError(f"no weights for counts {counts.tolist()} and beta {beta}")
    weights = (1 - beta) / (1 - np.power(beta, counts.astype(np.float64)))
    return (weights * counts.sum() / (weights * counts).sum()).astype(np.float32)


def expression_targets(dataset: Dataset, label_share: float, smoothing: float) -> NDArray[np.float32]:
    """Mix the original label with the votes of the crowd: (n, 7) float32, rows summing to one.

    Labels and votes often differ: only in 63% of the images the majority of ten people chooses the original label. With
    labels alone a network does not learn what people see; with votes alone it neglects disgust and fear.

    Args:
        dataset: n images.
        label_share: weight of the original label, 0..1; the votes have the rest. An image without a vote for one of the
            seven expressions has only its label.
        smoothing: share that is spread evenly over the seven expressions (Szegedy et al. 2016, arXiv:1512.00567).
    """
    count = len(EXPRESSIONS)
    labels = np.eye(count, dtype=np.float32)[dataset.labels]
    votes = dataset.expression_votes()
    total = votes.sum(axis=1, keepdims=True)
    # Pooled votes are means, so the sum of the seven may be between zero and one
    shares = np.divide(votes, total, out=labels.copy(), where=total > 0)
    mixed = label_share * labels + (1 - label_share) * shares
    return ((1 - smoothing) * mixed + smoothing / count).astype(np.float32)
