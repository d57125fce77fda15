"""Metrics of a classifier: accuracy, recall, F1, calibration error, coverage; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.domain import EXPRESSIONS, Threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.integer[Any]]
    Scores = NDArray[np.floating[Any]]

CALIBRATION_BINS = 15
CURVE_POINTS = 20
_COUNT = len(EXPRESSIONS)


def confusion_matrix(labels: Labels, predicted: Labels) -> NDArray[np.int64]:
    """Count faces by true class (rows) and predicted class (columns).

    Args:
        labels: (n,) true classes, indices into `Expression`.
        predicted: (n,) predicted classes, likewise.

    Returns:
        (7, 7) int64.
    """
    table = np.zeros((_COUNT, _COUNT), np.int64)
    np.add.at(table, (labels, predicted), 1)
    return table


def accuracy(table: NDArray[np.int64]) -> float:
    """Share of right answers, 0..1; NaN for an empty table."""
    return _ratio(float(np.trace(table)), float(table.sum()))


def recalls(table: NDArray[np.int64]) -> list[float]:
    """Recall of each expression: the share of its faces that were predicted so, 0..1; NaN without such a face."""
    return [_ratio(float(table[i, i]), float(table[i].sum())) for i in range(_COUNT)]


def precisions(table: NDArray[np.int64]) -> list[float]:
    """Precision of each expression: the share of the faces predicted so that are so, 0..1; NaN without such a prediction."""
    return [_ratio(float(table[i, i]), float(table[:, i].sum())) for i in range(_COUNT)]


def f1_scores(table: NDArray[np.int64]) -> list[float]:
    """F1 of each expression: the harmonic mean of precision and recall, 0..1; NaN if it is neither a label nor predicted."""
    return [_ratio(2.0 * float(table[i, i]), float(table[i].sum() + table[:, i].sum())) for i in range(_COUNT)]


def weighted_f1(table: NDArray[np.int64]) -> float:
    """Mean of the F1 scores, weighted by the number of faces with each label, 0..1; NaN for an empty table."""
    support = table.sum(axis=1)
    present = [(float(n), score) for n, score in zip(support, f1_scores(table), strict=True) if n]
    return _ratio(sum(n * score for n, score in present), float(support.sum()))


def true_share(which: NDArray[np.bool_]) -> float:
    """Share of true values, 0..1; NaN for an empty array."""
    return _ratio(float(which.sum()), float(len(which)))


def nan_mean(values: list[float]) -> float:
    """Mean of the values that are not NaN; NaN if all are."""
    numbers = [value for value in values if not math.isnan(value)]
    return _ratio(sum(numbers), float(len(numbers)))


def calibration_error(probabilities: Scores, labels: Labels) -> float:
    """Expected calibration error of the top label over 15 bins of equal width, 0..1 (Guo et al. 2017, arXiv:1706.04599).

    Args:
        probabilities: (n, 7).
        labels: (n,) indices into `Expression`.
    """
    return _bin_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


def vote_calibration_error(probabilities: Scores, shares: Scores) -> float:
    """Expected calibration error against votes: the confidence should be the share of votes for the top label; 0..1.

    Args:
        probabilities: (n, 7).
        shares: (n, 7), share of the votes for each expression.
    """
    top = probabilities.argmax(axis=1)
    return _bin_error(probabilities.max(axis=1), shares[np.arange(len(top)), top])


def answered(probabilities: Scores, threshold: Threshold) -> NDArray[np.bool_]:
    """Mask (n,) of the faces whose best expression reaches its threshold.

    Args:
        probabilities: (n, 7).
        threshold: of each expression.
    """
    least = np.array([threshold.of(expression) for expression in EXPRESSIONS])
    return probabilities.max(axis=1) >= least[probabilities.argmax(axis=1)]


def coverage(probabilities: Scores, labels: Labels, threshold: Threshold) -> tuple[float, float]:
    """Coverage at a threshold on the confidence.

    Args:
        probabilities: (n, 7).
        labels: (n,) indices into `Expression`.
        threshold: a face whose best expression is so probable, or more, is answered.

    Returns:
        The share of answered faces, and the share of right answers among them; 0..1, or NaN without faces or answers.
    """
    sure = answered(probabilities, threshold)
    right = probabilities.argmax(axis=1)[sure] == labels[sure]
    return _ratio(float(sure.sum()), float(len(labels))), _ratio(float(right.sum()), float(sure.sum()))


def coverage_curve(probabilities: Scores, labels: Labels) -> list[dict[str, float]]:
    """Accuracy of the answered faces by coverage (selective classification, El-Yaniv & Wiener 2010, JMLR 11).

    Args:
        probabilities: (n, 7).
        labels: (n,) indices into `Expression`.

    Returns:
        Up to 20 points from few faces to all: "threshold" on the confidence, share "answered" at it, share "right" of the
        answered, all 0..1. Faces of equal confidence are answered together.
    """
    descending = np.sort(probabilities.max(axis=1))[::-1]
    counts = [-(-len(descending) * step // CURVE_POINTS) for step in range(1, CURVE_POINTS + 1)] if len(descending) else []
    thresholds = sorted({float(descending[count - 1]) for count in counts}, reverse=True)
    points = [(threshold, *coverage(probabilities, labels, Threshold(threshold))) for threshold in thresholds]
    return [{"threshold": threshold, "answered": share, "right": right} for threshold, share, right in points]


def reliability(probabilities: Scores, labels: Labels) -> list[dict[str, float]]:
    """Accuracy by confidence (reliability diagram, Niculescu-Mizil & Caruana 2005, ICML).

    Args:
        probabilities: (n, 7).
        labels: (n,) indices into `Expression`.

    Returns:
        The bins of `calibration_error` that hold a face, least confidence first: "low" and "high" edge, number of
        "images", their mean "confidence" and their "accuracy"; all but the number are 0..1.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = _bins(confidence)
    return [
        {
            "low": i / CALIBRATION_BINS,
            "high": (i + 1) / CALIBRATION_BINS,
            "images": int((bins == i).sum()),
            "confidence": float(confidence[bins == i].mean()),
            "accuracy": float(right[bins == i].mean()),
        }
        for i in sorted({int(i) for i in bins})
    ]


def _bins(confidence: Scores) -> NDArray[np.int64]:
    return np.minimum((confidence * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)


def _bin_error(confidence: Scores, correct: Scores | NDArray[np.bool_]) -> float:
    bins = _bins(confidence)
    gaps = [abs(float(np.sum(confidence[bins == i]) - np.sum(correct[bins == i]))) for i in range(CALIBRATION_BINS)]
    return _ratio(sum(gaps), float(len(confidence)))


def _ratio(part: float, total: float) -> float:
    return part / total if total else float("nan")
