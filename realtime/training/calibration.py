"""Correct a trained network for the class prior and for its temper, on images that it did not learn from; pure.

Correction: logits are divided by a temperature (Guo et al. 2017, arXiv:1706.04599), a multiple of the log prior is
taken off (Menon et al. 2021, arXiv:2007.07314). Both fold into the layer that makes the logits. The threshold below which it is
unsure is chosen after that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from realtime.classifier.contract import UNSURE_BELOW
from realtime.training import metrics
from realtime.training.evaluation import clear_majority
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

PRIOR_EXPONENTS = tuple(np.arange(0, 1.01, 0.125).tolist())
TEMPERATURES = tuple(np.geomspace(0.3, 2.0, 60).tolist())
CLEAR_LOSS = 0.03
"""Accuracy against the clear majority that the correction for the prior may cost, 0..1."""

MOST_ERROR = 0.025
"""Calibration error against the clear majority that a temperature may leave for the sake of the one against all votes."""

RIGHT = 0.94
"""Share of right answers, against the clear majority, that a network is to reach where it is sure."""

ANSWERED = 0.8
"""Share of the same faces that it is to answer at least, even if fewer of its answers are right then."""

THRESHOLDS = tuple(np.arange(0.3, 0.901, 0.01).round(2).tolist())

RAREST = 1e-6
"""A share of zero, of an expression that the data lack, counts as this, since it has no logarithm."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What to do to the logits; where a network doubts by the face (`sureness`), to those before that.

    Attributes:
        temperature: they are divided by this.
        prior_exponent: so much of the log prior was taken off.
        bias: (7,) numbers that are added after the division: what of the prior was taken off, divided as well.
        unsure_below: confidence of the corrected network below which a face is unsure, 0..1.
    """

    temperature: float
    prior_exponent: float
    bias: tuple[float, ...]
    unsure_below: float = UNSURE_BELOW

    def apply(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Corrected probabilities (n, 7) of probabilities (n, 7), of a network that does not doubt by the face."""
        logits = np.log(np.maximum(probabilities, 1e-12)) / self.temperature + np.array(self.bias)
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def choose_correction(probabilities: NDArray[np.float32], prior: NDArray[np.float64], tuning: Dataset) -> Calibration:
    """Choose a correction and a threshold on a tuning part.

    The exponent is the one whose four figures sum highest: accuracy and macro-F1 against the original labels, accuracy
    and mean recall against the clear majority. Plain accuracy forgets the rare expressions, plain recall the common
    ones. What people agree on is given up for the others by `CLEAR_LOSS` at most. Temperature and threshold are those of
    `temper`.

    Args:
        probabilities: (n, 7), what the network says of the tuning part.
        prior: (7,) share of each expression in the targets of the training, summing to one.
        tuning: n images.
    """
    clear, majority = judges(tuning)
    labels = tuning.labels.astype(np.int64)
    logits, log_prior = np.log(np.maximum(probabilities, 1e-12)), np.log(np.maximum(prior, RAREST))

    def merit(bias: NDArray[np.float64]) -> float:
        said = (logits + bias).argmax(axis=1)
        own, agreed = metrics.confusion(labels, said), metrics.confusion(majority[clear], said[clear])
        if metrics.accuracy(agreed) < least:
            return -math.inf
        return (
            metrics.accuracy(own)
            + metrics.mean(metrics.f1_scores(own))
            + metrics.accuracy(agreed)
            + metrics.mean(metrics.recalls(agreed))
        )

    least = float(np.mean(logits[clear].argmax(axis=1) == majority[clear])) - CLEAR_LOSS
    exponent = max(PRIOR_EXPONENTS, key=lambda exponent: merit(-exponent * log_prior))
    bias = -exponent * log_prior
    degree, limit = choose_temperature(_correction(1.0, exponent, bias).apply(probabilities), tuning)
    return replace(_correction(degree, exponent, bias), unsure_below=limit)


def choose_temperature(probabilities: NDArray[np.float32], tuning: Dataset) -> tuple[float, float]:
    """Choose a temperature, and the threshold of the network that has it.

    Against the shares of all votes a network is too sure where it is right against the clear majority, since people disagree
    about faces that it has no doubt of. So of the temperatures that leave `MOST_ERROR` at most against the clear majority it
    is the one of least calibration error against the shares; if none does, the one that leaves least. The threshold is the
    least from which on `RIGHT` of the answers are right, but `ANSWERED` of the faces are answered. Where no image has a clear
    majority, the labels stand in for it.

    Args:
        probabilities: (n, 7), what the network says of the tuning part.
        tuning: n images.

    Returns:
        One of `TEMPERATURES`, and one of `THRESHOLDS`.
    """
    clear, majority = judges(tuning)
    shares = expression_targets(tuning, label_share=0, smoothing=0)

    def tempered(temperature: float) -> NDArray[np.float32]:
        return _correction(temperature, 0.0, np.zeros(probabilities.shape[1])).apply(probabilities)

    def errors(temperature: float) -> tuple[float, float]:
        said = tempered(temperature)
        clear_error = metrics.calibration_error(said[clear], majority[clear])
        return max(clear_error, MOST_ERROR), metrics.vote_calibration_error(said, shares)

    degree = min(TEMPERATURES, key=errors)
    return degree, choose_threshold(tempered(degree)[clear], majority[clear])


def judges(tuning: Dataset) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which images (n,) to choose on, and what is right: the clear majority, or where there is none, all and their labels."""
    clear, majority = clear_majority(tuning)
    return (clear, majority) if clear.any() else (np.ones_like(clear), tuning.labels.astype(np.int64))


def choose_threshold(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """The least confidence, in hundredths, from which on `RIGHT` of the answers are right, if `ANSWERED` of the faces reach it.

    If they do not, the highest that so many reach.

    Args:
        probabilities: (n, 7), of the corrected network.
        labels: (n,) indices into `Expression`.
    """
    chosen = THRESHOLDS[0]
    for limit in THRESHOLDS:
        answered, right = metrics.coverage(probabilities, labels, limit)
        if answered < ANSWERED:
            break
        chosen = limit
        if right >= RIGHT:
            break
    return chosen


def _correction(temperature: float, exponent: float, bias: NDArray[np.float64]) -> Calibration:
    # Divided as well, so that the temperature changes how sure the network is and never what it says
    return Calibration(temperature, exponent, tuple(float(value) for value in bias / temperature))
