"""Weights of the expressions in the loss, so that the rare ones are not forgotten; pure.

Off for `compact`: its prior is taken out after training, by `calibrate`, and both at once would count twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
