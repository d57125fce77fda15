"""Correct a trained network for the class prior and for its temper, on images that it did not learn from; pure.

Correction: logits are divided by a temperature (Guo et al. 2017, arXiv:1706.04599) and a multiple of the log prior is
taken off (Menon et al. 2021, arXiv:2007.07314). Both fold into the network's last layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.training import metrics
from realtime.training.dataset import targets
from realtime.training.evaluate import clear_majority

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

PRIOR_EXPONENTS = tuple(np.arange(0, 1.01, 0.125).tolist())
TEMPERATURES = tuple(np.geomspace(0.3, 2.0, 60).tolist())
CLEAR_LOSS = 0.03
"""Accuracy against the clear majority that the correction for the prior may cost, 0..1."""

RAREST = 1e-6
"""A share of zero, of an expression that the data lack, counts as this, since it has no logarithm."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What to do to the logits.

    Attributes:
        temperature: they are divided by this.
        prior_exponent: so much of the log prior was taken off.
        bias: (7,) numbers that are added after the division.
    """

    temperature: float
    prior_exponent: float
    bias: tuple[float, ...]

    def apply(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Corrected probabilities (n, 7) of probabilities (n, 7)."""
        logits = np.log(np.maximum(probabilities, 1e-12)) / self.temperature + np.array(self.bias)
        scores = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def choose(probabilities: NDArray[np.float32], prior: NDArray[np.float64], tuning: Dataset) -> Correction:
    """Choose a correction on a tuning part.

    The exponent is the one whose two accuracies (original labels, clear majority) and two mean recalls sum highest:
    plain accuracy forgets the rare expressions, plain recall the common ones. What people agree on is given up for it
    by `CLEAR_LOSS` at most. The temperature is the one of least calibration error, against the clear majority and
    against the shares of all votes together: the first alone is too sure where people disagree, the second too unsure
    where they do not. Where no image has a clear majority, the labels stand in for it.

    Args:
        probabilities: (n, 7), what the network says of the tuning part.
        prior: (7,) share of each expression in the targets of the training, summing to one.
        tuning: n images.
    """
    clear, majority = clear_majority(tuning)
    labels = tuning.labels.astype(np.int64)
    if not clear.any():
        clear, majority = np.ones_like(clear), labels

    def merit(exponent: float) -> float:
        said = _correction(1.0, exponent, prior).apply(probabilities).argmax(axis=1)
        tables = (metrics.confusion(labels, said), metrics.confusion(majority[clear], said[clear]))
        return sum(metrics.accuracy(table) + metrics.mean(metrics.recalls(table)) for table in tables)

    def right(exponent: float) -> float:
        said = _correction(1.0, exponent, prior).apply(probabilities).argmax(axis=1)
        return metrics.accuracy(metrics.confusion(majority[clear], said[clear]))

    allowed = [exponent for exponent in PRIOR_EXPONENTS if right(exponent) >= right(0) - CLEAR_LOSS]
    exponent = max(allowed, key=merit)
    shares = targets(tuning, label_share=0, smoothing=0)

    def error(temperature: float) -> float:
        corrected = _correction(temperature, exponent, prior).apply(probabilities)
        clear_error = metrics.calibration_error(corrected[clear], majority[clear])
        return clear_error + metrics.vote_calibration_error(corrected, shares)

    return _correction(min(TEMPERATURES, key=error), exponent, prior)


def _correction(temperature: float, exponent: float, prior: NDArray[np.float64]) -> Correction:
    # Divided as well, so that the temperature changes how sure the network is and never what it says
    bias = -exponent * np.log(np.maximum(prior, RAREST)) / temperature
    return Correction(temperature, exponent, tuple(float(value) for value in bias))
