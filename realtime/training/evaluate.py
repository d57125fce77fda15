"""Measure a network on FER-2013: against its original labels, and against what a clear majority of ten people saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.training import metrics
from realtime.training.dataset import targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

CLEAR_VOTES = 5
"""A majority of FER+ is clear if more than so many of ten people chose it."""

Report = dict[str, Any]


def clear_majority(dataset: Dataset) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which images (n,) have a clear majority among the seven, and what it is: (n,) index into `Expression`."""
    votes = dataset.expression_votes()
    return votes.max(axis=1) > CLEAR_VOTES, votes.argmax(axis=1)


def report(dataset: Dataset, probabilities: NDArray[np.float32], threshold: float) -> Report:
    """Every figure of a part of the data, single view.

    Args:
        dataset: n images.
        probabilities: (n, 7), what the network says of them.
        threshold: confidence below which a face counts as unsure.

    Returns:
        Three groups: against original labels on all images, the same without those whose photo is also in the
        training part, and against the clear majority. The first also has the calibration error against the shares of
        all votes.
    """
    own, alone = dataset.labels.astype(np.int64), ~dataset.copy_of_training
    clear, majority = clear_majority(dataset)
    votes = metrics.vote_calibration_error(probabilities, targets(dataset, label_share=0, smoothing=0))
    return {
        "original labels": {**_figures(probabilities, own, threshold), "vote_calibration_error": votes},
        "without copies of training": _figures(probabilities[alone], own[alone], threshold),
        "clear majority": _figures(probabilities[clear], majority[clear], threshold),
    }


def _figures(probabilities: NDArray[np.float32], labels: NDArray[np.int64], threshold: float) -> Report:
    table = metrics.confusion(labels, probabilities.argmax(axis=1))
    answered, right = metrics.coverage(probabilities, labels, threshold)
    recalls = metrics.recalls(table)
    return {
        "images": len(labels),
        "accuracy": metrics.accuracy(table),
        "macro_f1": metrics.mean(metrics.f1_scores(table)),
        "mean_recall": metrics.mean(recalls),
        "recall": {expression.value: recall for expression, recall in zip(EXPRESSIONS, recalls, strict=True)},
        "calibration_error": metrics.calibration_error(probabilities, labels),
        "answered": answered,
        "right_of_answered": right,
        "confusion": table.tolist(),
    }
