"""Correct a trained network for the class prior and for its temper, on images that it did not learn from; pure.

Correction: logits are divided by a temperature (Guo et al. 2017, arXiv:1706.04599) and a multiple of the log prior is
taken off (Menon et al. 2021, arXiv:2007.07314). Both fold into the network's last layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.training import metrics
from realtime.training.evaluate import clear_majority

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

PRIOR_EXPONENTS = tuple(np.arange(0, 1.01, 0.125).tolist())
TEMPERATURES = tuple(np.geomspace(0.3, 2.0, 60).tolist())


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
    plain accuracy forgets the rare expressions, plain recall the common ones. The temperature is the one of least
    calibration error against the clear majority.

    Args:
        probabilities: (n, 7), what the network says of the tuning part.
        prior: (7,) share of each expression in the targets of the training, summing to one.
        tuning: n images.
    """
    clear, majority = clear_majority(tuning)
    labels = tuning.labels.astype(np.int64)

    def merit(exponent: float) -> float:
        said = _correction(1.0, exponent, prior).apply(probabilities).argmax(axis=1)
        tables = (metrics.confusion(labels, said), metrics.confusion(majority[clear], said[clear]))
        return sum(metrics.accuracy(table) + metrics.mean(metrics.recalls(table)) for table in tables)

    exponent = max(PRIOR_EXPONENTS, key=merit)

    def error(temperature: float) -> float:
        corrected = _correction(temperature, exponent, prior).apply(probabilities[clear])
        return metrics.calibration_error(corrected, majority[clear])

    return _correction(min(TEMPERATURES, key=error), exponent, prior)


def _correction(temperature: float, exponent: float, prior: NDArray[np.float64]) -> Correction:
    # Divided as well, so that the temperature changes how sure the network is and never what it says
    bias = -exponent * np.log(prior) / temperature
    return Correction(temperature, exponent, tuple(float(value) for value in bias))
