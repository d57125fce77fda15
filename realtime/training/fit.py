"""One training run: epochs over augmented faces, a moving average of the weights, a checkpoint an epoch.

The recipe of `compact`: SGD with Nesterov momentum, one warm-up epoch, a cosine down to a thousandth (Loshchilov & Hutter
2017, arXiv:1608.03983), L2 on kernels, soft targets from labels and votes, mixup (Zhang et al. 2017, arXiv:1710.09412), and
an exponential moving average of the weights that is what the run delivers (Polyak & Juditsky 1992).
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.errors import EmodjError
from realtime.training import checkpoint
from realtime.training.dataset import targets
from realtime.training.recipe import Epoch, best, is_over
from realtime.training.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset
    from realtime.training.recipe import Recipe
    from realtime.training.session import Step


def fit(
    recipe: Recipe,
    training: Dataset,
    tuning: Dataset,
    run: Path,
    report: Callable[[Epoch], None],
    start: Any = None,
    lesson: NDArray[np.float32] | None = None,
    *,
    step: Step | None = None,
) -> tuple[Any, list[Epoch]]:
    """Train a network, going on from the run folder's checkpoint if it holds one of the same recipe.

    Args:
        recipe: how to train.
        training: images to learn from; pictures without a face are left out.
        tuning: images to watch progress on, never learned from.
        run: folder for the checkpoint and the history; made if need be.
        report: called after each epoch.
        start: a Keras network to go on from, of the recipe's architecture or of one that is part of it; None begins
            with random weights.
        lesson: (n, 7) probabilities, what teachers say of the training part (distillation, Hinton et al. 2015,
            arXiv:1503.02531); None if nobody teaches.
        step: called after each step; None costs nothing.

    Returns:
        The Keras network with the averaged weights, of the best epoch if the recipe has patience, else of the last;
        and all epochs, also those before the checkpoint.

    Raises:
        UsageError: the run folder holds a run of another recipe or on other data, or one that is damaged; or the data
            hold no face, or none of an expression.
        EmodjError: the loss is no number, a file cannot be written, or TensorFlow is missing.
    """
    run.mkdir(parents=True, exist_ok=True)
    session = Session(recipe, training, start, lesson)
    fingerprint = session.fingerprint(tuning)
    wanted = targets(tuning, recipe.label_share, recipe.smoothing)
    history = checkpoint.restore(run, recipe, fingerprint, session.state())
    while not is_over(recipe, history):
        started = time.monotonic()
        loss = session.epoch(len(history), step)
        if not (math.isfinite(loss) and session.is_finite()):
            raise EmodjError(
                f"the loss of epoch {len(history) + 1} is not a number: try a learning rate below {recipe.learning_rate}"
            )
        with session.averaged() as network:
            said = predict(network, tuning.images)
            accuracy = float(np.mean(said.argmax(axis=1) == tuning.labels))
            seconds, rate = time.monotonic() - started, session.learning_rate(len(history))
            history.append(Epoch(len(history) + 1, loss, _cross_entropy(said, wanted), accuracy, seconds, rate))
            if best(history) == len(history) - 1:
                session.keep()
        checkpoint.save(run, recipe, fingerprint, session.state(), history)
        report(history[-1])
    return session.delivered(), history


def predict(
    network: Any, images: np.ndarray[Any, np.dtype[np.uint8]], batch_size: int = 512
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Probabilities (n, 7) of crops (n, 48, 48) uint8, single view."""
    batches = (images[i : i + batch_size, :, :, None].astype(np.float32) / 255 for i in range(0, len(images), batch_size))
    return np.concatenate([network(batch, training=False).numpy() for batch in batches])


def _cross_entropy(said: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    return float(-np.mean(np.sum(wanted * np.log(said + 1e-7), axis=1)))
