"""Batch norm after an average of weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.network import tensorflow
from realtime.training.augment import augment

if TYPE_CHECKING:
    from numpy.typing import NDArray

BATCHES = 32
"""Over how many batches the statistics are taken."""


def settle(network: Any, images: NDArray[np.uint8], batch_size: int, seed: int) -> None:
    """Take the statistics of batch norm anew, in place, over views of some images.

    Averaged weights have other activations than those that were averaged (Izmailov et al. 2018, arXiv:1803.05407); and in
    bfloat16 a moving average of small steps drifts away from what it averages.

    Args:
        network: Keras network; one without batch norm stays as it is.
        images: (n, 48, 48) uint8 grey.
        batch_size: how many views make a batch, at most n.
        seed: of the choice of images and of the views.
    """
    tf = tensorflow("training")
    norms = [layer for layer in network.layers if isinstance(layer, tf.keras.layers.BatchNormalization)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    sums = [[0.0, 0.0] for _ in norms]
    for norm in norms:
        norm.momentum = 0.0
    for index in range(BATCHES):
        chosen = np.random.default_rng((seed, index)).choice(len(images), min(batch_size, len(images)), replace=False)
        network(augment(tf.cast(images[chosen][..., None], tf.float32) / 255.0, tf.constant([seed, index])), training=True)
        for both, norm in zip(sums, norms, strict=True):
            both[0] += norm.moving_mean.numpy()
            both[1] += norm.moving_variance.numpy()
    for (mean, variance), norm, momentum in zip(sums, norms, momenta, strict=True):
        norm.momentum = momentum
        norm.moving_mean.assign(mean / BATCHES)
        norm.moving_variance.assign(variance / BATCHES)
