"""A crowd that is of one mind about some faces and torn about others, and a network that cannot tell them apart."""

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
    """Bright above looks happy and dark there sad; whoever is bright below is seen so by four of ten only."""
    dice = np.random.default_rng(1)
    happy, torn = dice.random(COUNT) < 0.5, dice.random(COUNT) < 0.5
    images = dice.integers(0, 20, (COUNT, 48, 48))
    images[:, :24] += np.where(happy, 200, 40)[:, None, None]
    images[:, 24:] += np.where(torn, 200, 40)[:, None, None]
    labels = np.where(happy, HAPPY, SAD)
    # A run needs one of each; the crowd knows better
    labels[:7] = range(7)
    ballots = [
        {("happiness" if up else "sadness"): 4, "neutral": 3, "anger": 3} if two else {("happiness" if up else "sadness"): 10}
        for up, two in zip(happy, torn, strict=True)
    ]
    return people(labels.tolist(), ballots, images.astype(np.uint8))


def disputed(faces: Dataset) -> NDArray[np.bool_]:
    """Of which faces the crowd is torn."""
    return faces.votes.max(axis=1) < 5


def knowing() -> Any:
    """A network that is always right, and as sure of the one as of the other."""
    import_tensorflow("testing").keras.utils.set_random_seed(1)
    network = doubting()
    kernel = np.zeros((2, 7), np.float32)
    kernel[0, HAPPY], kernel[0, SAD] = 6, -6
    bias = np.full(7, -1, np.float32)
    bias[HAPPY], bias[SAD] = -3, 3
    network.get_layer(LOGITS).set_weights([kernel, bias])
    return network
