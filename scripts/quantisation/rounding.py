"""Round kernels to eight bits, so that the output of the convolution changes as little as possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS = 127
SHRINKINGS = np.linspace(0.7, 1, 31)
DAMPING = 0.01
"""Share of the mean of the diagonal that is added to it. With .001 the probabilities of PublicTest change as much."""


def choose_scales(kernels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scales (filters,) with the least squared error when each weight is rounded to the nearest step."""
    rows = kernels.reshape(len(kernels), -1).astype(np.float64)
    largest = np.maximum(np.abs(rows).max(axis=1), np.finfo(np.float32).tiny)
    scales = np.stack([largest * each / STEPS for each in SHRINKINGS])
    errors = [((_nearest(rows, each[:, None]) * each[:, None] - rows) ** 2).sum(axis=1) for each in scales]
    return scales[np.argmin(errors, axis=0), np.arange(len(rows))]


def round_kernels(kernels: NDArray[np.float32], moments: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round weight after weight; those that are left take over the error (GPTQ, Frantar et al. 2023, arXiv:2210.17323).

    Args:
        kernels: (filters, height, width, channels).
        moments: (n, n), the sum of the products of each two of the n = height · width · channels inputs of a filter.

    Returns:
        The rounded kernels in -127..127, and their scales (filters,).
    """
    scales = choose_scales(kernels)
    order = np.argsort(-np.diag(moments), kind="stable")
    rows = kernels.reshape(len(kernels), -1).astype(np.float64)[:, order]
    damped = moments[np.ix_(order, order)] + DAMPING * np.diag(moments).mean() * np.eye(len(order))
    upper = np.linalg.cholesky(np.linalg.inv(damped)).T
    rounded = np.empty_like(rows)
    for index in range(len(order)):
        rounded[:, index] = _nearest(rows[:, index], scales)
        error = (rows[:, index] - rounded[:, index] * scales) / upper[index, index]
        rows[:, index:] -= error[:, None] * upper[index, index:]
    return rounded[:, np.argsort(order)].reshape(kernels.shape).astype(np.int8), scales.astype(np.float32)


def _nearest(weights: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.rint(weights / scales), -STEPS, STEPS)
