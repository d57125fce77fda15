"""Prior correction, temperature and threshold of a trained network, chosen on images that it was not trained on; pure.

A multiple of the log prior is subtracted from the logits (Menon et al. 2021, arXiv:2007.07314), and the logits are divided
by a temperature (Guo et al. 2017, arXiv:1706.04599). Both are folded into the layer of the logits. The confidence threshold
of the corrected network is chosen last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from realtime.classifier.contract import UNSURE_BELOW
from realtime.domain import Threshold
from realtime.training import metrics
from realtime.training.evaluation import clear_majority
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

PRIOR_EXPONENTS = tuple(np.arange(0, 1.01, 0.125).tolist())
TEMPERATURES = tuple(np.geomspace(0.3, 2.0, 60).tolist())
MAX_ACCURACY_LOSS = 0.03
"""How much accuracy against the clear majority the prior correction may cost, 0..1."""

MAX_CLEAR_ERROR = 0.025
"""Calibration error against the clear majority that is acceptable, if the error against all votes gets smaller; 0..1."""

TARGET_ACCURACY = 0.94
"""Share of right answers, against the clear majority, that the answers above the threshold should reach, 0..1."""

MIN_COVERAGE = 0.8
"""Least share of these faces that must be answered, even if fewer of the answers are right; 0..1."""

THRESHOLDS = tuple(np.arange(0.3, 0.901, 0.01).round(2).tolist())

MAX_SILENCED = 0.03
"""Share of the faces that may lose their answer to the threshold of neutral."""

MIN_PRIOR = 1e-6
"""Stands for a prior of zero (an expression that the data lack), since zero has no logarithm."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Correction of the logits. In a network with a confidence head, of the logits before that head.

    Attributes:
        temperature: divisor of the logits.
        prior_exponent: factor of the log prior that was subtracted.
        bias: (7,) numbers to add after the division: minus the prior term, divided by the temperature.
        unsure_below: threshold on the confidence of the corrected network, 0..1; a face below it is unsure.
    """

    temperature: float
    prior_exponent: float
    bias: tuple[float, ...]
    unsure_below: float = UNSURE_BELOW

    def apply(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Correct probabilities (n, 7) of a network without a confidence head; returns (n, 7)."""
        logits = np.log(np.maximum(probabilities, 1e-12)) / self.temperature + np.array(self.bias)
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def choose_correction(probabilities: NDArray[np.float32], prior: NDArray[np.float64], tuning: Dataset) -> Calibration:
    """Choose a correction and a threshold on a tuning part.

    The prior exponent is the one with the highest sum of four metrics: accuracy and macro F1 against the original labels,
    accuracy and mean recall against the clear majority. Accuracy alone neglects the rare expressions, recall alone the
    common ones. Accuracy against the clear majority may fall by `MAX_ACCURACY_LOSS` at most. `choose_temperature` gives
    temperature and threshold.

    Args:
        probabilities: (n, 7), output of the network for the tuning part.
        prior: (7,) share of each expression in the training targets, summing to one.
        tuning: n images.
    """
    clear, majority = reference_labels(tuning)
    labels = tuning.labels.astype(np.int64)
    logits, log_prior = np.log(np.maximum(probabilities, 1e-12)), np.log(np.maximum(prior, MIN_PRIOR))

    def score(bias: NDArray[np.float64]) -> float:
        predicted = (logits + bias).argmax(axis=1)
        by_label = metrics.confusion_matrix(labels, predicted)
        by_majority = metrics.confusion_matrix(majority[clear], predicted[clear])
        if metrics.accuracy(by_majority) < min_accuracy:
            return -math.inf
        return (
            metrics.accuracy(by_label)
            + metrics.nan_mean(metrics.f1_scores(by_label))
            + metrics.accuracy(by_majority)
            + metrics.nan_mean(metrics.recalls(by_majority))
        )

    min_accuracy = float(np.mean(logits[clear].argmax(axis=1) == majority[clear])) - MAX_ACCURACY_LOSS
    exponent = max(PRIOR_EXPONENTS, key=lambda exponent: score(-exponent * log_prior))
    bias = -exponent * log_prior
    temperature, threshold = choose_temperature(_make_calibration(1.0, exponent, bias).apply(probabilities), tuning)
    return replace(_make_calibration(temperature, exponent, bias), unsure_below=threshold)


def choose_temperature(probabilities: NDArray[np.float32], tuning: Dataset) -> tuple[float, float]:
    """Choose a temperature, and the threshold of the network with this temperature.

    People disagree about some faces that the network is sure of. A network that is calibrated against the clear majority is
    therefore overconfident against the shares of all votes. Among the temperatures whose calibration error against the
    clear majority is `MAX_CLEAR_ERROR` at most, the chosen one has the least calibration error against the vote shares. If
    none is that good, the chosen one has the least error against the clear majority. `choose_threshold` gives the
    threshold. If no image has a clear majority, the labels take its place.

    Args:
        probabilities: (n, 7), output of the network for the tuning part.
        tuning: n images.

    Returns:
        One of `TEMPERATURES`, and one of `THRESHOLDS`.
    """
    clear, majority = reference_labels(tuning)
    shares = expression_targets(tuning, label_share=0, smoothing=0)

    def scale(temperature: float) -> NDArray[np.float32]:
        return _make_calibration(temperature, 0.0, np.zeros(probabilities.shape[1])).apply(probabilities)

    def errors(temperature: float) -> tuple[float, float]:
        scaled = scale(temperature)
        clear_error = metrics.calibration_error(scaled[clear], majority[clear])
        return max(clear_error, MAX_CLEAR_ERROR), metrics.vote_calibration_error(scaled, shares)

    temperature = min(TEMPERATURES, key=errors)
    return temperature, choose_threshold(scale(temperature)[clear], majority[clear])


def reference_labels(tuning: Dataset) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Select the images to measure on and give their true classes.

    Returns:
        A mask (n,) of the images with a clear majority, and the majority (n,) as index into `Expression`. If no image has a
        clear majority: a mask of all images, and their labels.
    """
    clear, majority = clear_majority(tuning)
    return (clear, majority) if clear.any() else (np.ones_like(clear), tuning.labels.astype(np.int64))


def choose_threshold(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Choose the lowest threshold at which `TARGET_ACCURACY` of the answers are right.

    At least `MIN_COVERAGE` of the faces must be answered. If no threshold meets both, it is the highest one with enough
    answered faces.

    Args:
        probabilities: (n, 7), of the corrected network.
        labels: (n,) indices into `Expression`.

    Returns:
        One of `THRESHOLDS`.
    """
    chosen = THRESHOLDS[0]
    for threshold in THRESHOLDS:
        answered, right = metrics.coverage(probabilities, labels, Threshold(threshold))
        if answered < MIN_COVERAGE:
            break
        chosen = threshold
        if right >= TARGET_ACCURACY:
            break
    return chosen


def choose_neutral_threshold(probabilities: NDArray[np.float32], labels: NDArray[np.int64], common: float) -> float:
    """Choose the highest threshold of neutral that leaves at most `MAX_SILENCED` of the faces without their answer.

    A network says neutral of strong expressions that it does not know, so neutral has to be more probable than the others.

    Args:
        probabilities: (n, 7), of the corrected network.
        labels: (n,) indices into `Expression`.
        common: threshold of the other expressions, 0..1.

    Returns:
        `common`, or a higher one of `THRESHOLDS`.
    """
    least = metrics.coverage(probabilities, labels, Threshold(common))[0] - MAX_SILENCED
    higher = [each for each in THRESHOLDS if each > common]
    kept = [each for each in higher if metrics.coverage(probabilities, labels, Threshold(common, each))[0] >= least]
    return max(kept, default=common)


def _make_calibration(temperature: float, exponent: float, bias: NDArray[np.float64]) -> Calibration:
    # The bias is divided, too, so that the temperature changes the confidence and never the answer
    return Calibration(temperature, exponent, tuple(float(value) for value in bias / temperature))
