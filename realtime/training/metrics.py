"""Figures about a network's answers; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.domain import EXPRESSIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.integer[Any]]
    Scores = NDArray[np.floating[Any]]

CALIBRATION_BINS = 15
_COUNT = len(EXPRESSIONS)


def confusion(labels: Labels, said: Labels) -> NDArray[np.int64]:
    """Count (7, 7): rows are what it is, columns what the network said; both inputs (n,) indices into `Expression`."""
    table = np.zeros((_COUNT, _COUNT), np.int64)
    np.add.at(table, (labels, said), 1)
    return table


def accuracy(table: NDArray[np.int64]) -> float:
    """Share of right answers, 0..1; NaN for an empty table."""
    return _ratio(float(np.trace(table)), float(table.sum()))


def recalls(table: NDArray[np.int64]) -> list[float]:
    """For each expression the share of its faces that were recognised, 0..1; NaN where there is none."""
    return [_ratio(float(table[i, i]), float(table[i].sum())) for i in range(_COUNT)]


def f1_scores(table: NDArray[np.int64]) -> list[float]:
    """For each expression the harmonic mean of precision and recall, 0..1; NaN where it neither is nor was said."""
    return [_ratio(2.0 * float(table[i, i]), float(table[i].sum() + table[:, i].sum())) for i in range(_COUNT)]


def mean(values: list[float]) -> float:
    """Mean of the values that are numbers; NaN if none is."""
    numbers = [value for value in values if not math.isnan(value)]
    return _ratio(sum(numbers), float(len(numbers)))


def calibration_error(probabilities: Scores, labels: Labels) -> float:
    """Expected calibration error of the top label over 15 bins of equal width, 0..1 (Guo et al. 2017, arXiv:1706.04599).

    Args:
        probabilities: (n, 7).
        labels: (n,) indices into `Expression`.
    """
    return _calibration(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


def vote_calibration_error(probabilities: Scores, shares: Scores) -> float:
    """The same against people who disagree: confidence should be the share of them who voted for the top label.

    Args:
        probabilities: (n, 7).
        shares: (n, 7), the share of the votes of each expression.
    """
    top = probabilities.argmax(axis=1)
    return _calibration(probabilities.max(axis=1), shares[np.arange(len(top)), top])


def coverage(probabilities: Scores, labels: Labels, threshold: float) -> tuple[float, float]:
    """Share of faces answered at a threshold on confidence, and share of right answers among those; NaN where there is none.

    Args:
        probabilities: (n, 7).
        labels: (n,) indices into `Expression`.
        threshold: a face of this confidence or more is answered.
    """
    answered = probabilities.max(axis=1) >= threshold
    right = probabilities.argmax(axis=1)[answered] == labels[answered]
    return _ratio(float(answered.sum()), float(len(labels))), _ratio(float(right.sum()), float(answered.sum()))


def _calibration(confidence: Scores, worth: Scores | NDArray[np.bool_]) -> float:
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [abs(float(np.sum(confidence[bins == i]) - np.sum(worth[bins == i]))) for i in range(CALIBRATION_BINS)]
    return _ratio(sum(gaps), float(len(confidence)))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
