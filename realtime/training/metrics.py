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
CURVE_POINTS = 20
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


def precisions(table: NDArray[np.int64]) -> list[float]:
    """For each expression the share of the faces called so that are so, 0..1; NaN where none was called so."""
    return [_ratio(float(table[i, i]), float(table[:, i].sum())) for i in range(_COUNT)]


def f1_scores(table: NDArray[np.int64]) -> list[float]:
    """For each expression the harmonic mean of precision and recall, 0..1; NaN where it neither is nor was said."""
    return [_ratio(2.0 * float(table[i, i]), float(table[i].sum() + table[:, i].sum())) for i in range(_COUNT)]


def weighted_f1(table: NDArray[np.int64]) -> float:
    """Mean of the F1 scores, each weighted by how many faces show its expression, 0..1; NaN for an empty table."""
    support = table.sum(axis=1)
    present = [(float(n), score) for n, score in zip(support, f1_scores(table), strict=True) if n]
    return _ratio(sum(n * score for n, score in present), float(support.sum()))


def share(which: NDArray[np.bool_]) -> float:
    """Share of those that are true, 0..1; NaN of nothing."""
    return _ratio(float(which.sum()), float(len(which)))


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


def curve(probabilities: Scores, labels: Labels) -> list[dict[str, float]]:
    """How often a network is right if it answers only of the faces that it is surest of (El-Yaniv & Wiener 2010, JMLR 11).

    Args:
        probabilities: (n, 7).
        labels: (n,) indices into `Expression`.

    Returns:
        Up to 20 points from few faces to all: "threshold" on confidence, share "answered" at it, share "right" of those,
        all 0..1. Faces that are equally sure are answered together.
    """
    surest = np.sort(probabilities.max(axis=1))[::-1]
    counts = [-(-len(surest) * step // CURVE_POINTS) for step in range(1, CURVE_POINTS + 1)] if len(surest) else []
    thresholds = sorted({float(surest[count - 1]) for count in counts}, reverse=True)
    points = [(threshold, *coverage(probabilities, labels, threshold)) for threshold in thresholds]
    return [{"threshold": threshold, "answered": answered, "right": right} for threshold, answered, right in points]


def reliability(probabilities: Scores, labels: Labels) -> list[dict[str, float]]:
    """How often a network is right when it is so sure (reliability diagram, Niculescu-Mizil & Caruana 2005, ICML).

    Args:
        probabilities: (n, 7).
        labels: (n,) indices into `Expression`.

    Returns:
        The bins of `calibration_error` that hold a face, the least sure first: "low" and "high" edge, "images" in it, mean
        "confidence" and "accuracy" of those, all but the count 0..1.
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


def _calibration(confidence: Scores, worth: Scores | NDArray[np.bool_]) -> float:
    bins = _bins(confidence)
    gaps = [abs(float(np.sum(confidence[bins == i]) - np.sum(worth[bins == i]))) for i in range(CALIBRATION_BINS)]
    return _ratio(sum(gaps), float(len(confidence)))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
