"""A dataset with clear and disputed faces, and a network that is equally sure of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.keras_pair import LOGITS, import_tensorflow
from tests.support.tiny_network import doubting

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

COUNT = 512
HAPPY, SAD = 3, 5


def crowd(people: Callable[..., Dataset]) -> Dataset:
    """Faces with a bright upper half are happy, the others sad; of a bright lower half only four of ten voters say so."""
    rng = np.random.default_rng(1)
    happy, is_disputed = rng.random(COUNT) < 0.5, rng.random(COUNT) < 0.5
    images = rng.integers(0, 20, (COUNT, 48, 48))
    images[:, :24] += np.where(happy, 200, 40)[:, None, None]
    images[:, 24:] += np.where(is_disputed, 200, 40)[:, None, None]
    labels = np.where(happy, HAPPY, SAD)
    # A run needs a face of each label; the votes are not changed
    labels[:7] = range(7)
    ballots = [
        {("happiness" if upper else "sadness"): 4, "neutral": 3, "anger": 3}
        if lower
        else {("happiness" if upper else "sadness"): 10}
        for upper, lower in zip(happy, is_disputed, strict=True)
    ]
    return people(labels.tolist(), ballots, images.astype(np.uint8))


def disputed(faces: Dataset) -> NDArray[np.bool_]:
    """Mask of the faces on which the voters disagree, shape (n,)."""
    return faces.votes.max(axis=1) < 5


def knowing() -> Any:
    """A network that is always right, and equally sure of clear and of disputed faces."""
    import_tensorflow("testing").keras.utils.set_random_seed(1)
    network = doubting()
    kernel = np.zeros((2, 7), np.float32)
    kernel[0, HAPPY], kernel[0, SAD] = 6, -6
    bias = np.full(7, -1, np.float32)
    bias[HAPPY], bias[SAD] = -3, 3
    network.get_layer(LOGITS).set_weights([kernel, bias])
    return network
