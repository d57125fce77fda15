"""The moving parts of a training run: network, optimiser, averaged weights, and the data as two arrays."""

from __future__ import annotations

import hashlib
import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.architectures import build_network
from realtime.classifier.keras_pair import INPUT_SHAPE, import_tensorflow, predict
from realtime.errors import EmodjError, UsageError
from realtime.training import checkpoint, confidence_head, transfer
from realtime.training.augment import augment, mixed
from realtime.training.recipe import Epoch, best, is_over
from realtime.training.targets import build_targets, expression_targets, sample_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset
    from realtime.training.recipe import Recipe

    Step = Callable[[int, int, int, Any], None]
    """Called after each step: epoch from 0, step from 0, steps an epoch, loss. `float(loss)` waits for the step."""
    from pathlib import Path


TOLERANCE = 1e-4
"""So much a network may answer otherwise when it has grown, in probability."""


class Trainer:
    """A run between two checkpoints.

    Args:
        recipe: how to train.
        training: images to learn from; pictures without a face are left out.
        start: a Keras network to go on from, or None.
        lesson: (n, 7) probabilities, what teachers say of the training part, or None.

    Raises:
        UsageError: the data hold no face, or none with one of the labels; or the network to start from does not fit.
    """

    def __init__(self, recipe: Recipe, training: Dataset, start: Any, lesson: NDArray[np.float32] | None) -> None:
        self.recipe = recipe
        tf = self.tf = import_tensorflow("training")
        tf.keras.utils.set_random_seed(recipe.seed)
        # Processors that multiply in bfloat16 take a fifth less time
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": recipe.bfloat16})
        self.images, self.targets = build_targets(recipe, training, lesson)
        self.network = (
            transfer.build(recipe.weights) if recipe.architecture == "transfer" else build_network(recipe.architecture)
        )
        if start is not None:
            take_over(self.network, start)
            # It is taught last, and of what the network then is
            confidence_head.reset_head(self.network)
        self.optimizer = _optimizer(tf, recipe)
        self.optimizer.build(self.network.trainable_variables)
        learned = [layer for layer in self.network.layers if layer.trainable]
        self._weights = [weight for layer in learned for weight in layer.weights]
        # With the seeds of dropout, which are no weights
        self._variables = [variable for layer in learned for variable in layer.variables]
        self.average = [tf.Variable(weight) for weight in self._weights]
        self._best = [tf.Variable(weight) for weight in self._weights] if recipe.patience else []
        self._importance = tf.constant(sample_weights(recipe, self.targets))
        self.steps_per_epoch = max(1, len(self.images) // recipe.batch_size)
        self._step = tf.function(self._train_step)

    def fingerprint(self, tuning: Dataset) -> str:
        """Digest of all that the run depends on beside the recipe: its data, and weights that are not trained."""
        frozen = [layer for layer in self.network.layers if not layer.trainable]
        parts = [self.images, self.targets, tuning.images, tuning.labels, tuning.votes]
        parts += [weight for layer in frozen for weight in layer.get_weights()]
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()

    def epoch(self, number: int, step: Step | None) -> float:
        """Run one epoch and return its mean loss. The order of the images depends on seed and epoch alone."""
        recipe, tf = self.recipe, self.tf
        order = np.random.default_rng((recipe.seed, number)).permutation(len(self.images))
        losses: list[Any] = []
        for index in range(self.steps_per_epoch):
            total = number * self.steps_per_epoch + index
            chosen = order[index * recipe.batch_size : (index + 1) * recipe.batch_size]
            self.optimizer.learning_rate.assign(self._learning_rate(total))
            decay = min(recipe.ema_decay, (1 + total) / (10 + total))
            batch = tf.constant(self.images[chosen][..., None])
            seed = tf.constant([recipe.seed, total], tf.int32)
            losses.append(self._step(batch, tf.constant(self.targets[chosen]), seed, tf.constant(decay, tf.float32)))
            if step is not None:
                step(number, index, self.steps_per_epoch, losses[-1])
        return float(np.mean([loss.numpy() for loss in losses]))

    def learning_rate(self, number: int) -> float:
        """That of the last step of an epoch, counted from 0."""
        return self._learning_rate((number + 1) * self.steps_per_epoch - 1)

    def _learning_rate(self, step: int) -> float:
        if self.recipe.optimizer == "adam":
            return self.recipe.learning_rate
        warm_up, total = self.steps_per_epoch, self.steps_per_epoch * self.recipe.epochs
        if step < warm_up:
            return self.recipe.learning_rate * (step + 1) / warm_up
        progress = (step - warm_up) / max(1, total - warm_up)
        return self.recipe.learning_rate * (0.001 + 0.999 * (1 + math.cos(math.pi * progress)) / 2)

    def _train_step(self, images: Any, wanted: Any, seed: Any, decay: Any) -> Any:
        tf, network, recipe = self.tf, self.network, self.recipe
        views = augment(tf.cast(images, tf.float32) / 255.0, seed)
        if recipe.mixup:
            views, wanted = mixed(views, wanted, recipe.mixup, seed)
        kernels = [weight for weight in network.trainable_variables if weight.name == "kernel"]
        # A soft target counts as the mean of what it is made of
        weights = tf.reduce_sum(wanted * self._importance, axis=1)
        with tf.GradientTape() as tape:
            said = network(views, training=True)
            losses = -tf.reduce_sum(wanted * tf.math.log(said + 1e-7), axis=1)
            loss = tf.reduce_mean(weights * losses if recipe.balance else losses)
            penalty = recipe.l2 * tf.add_n([tf.reduce_sum(tf.square(kernel)) for kernel in kernels])
            total = loss + penalty
        gradients = tape.gradient(total, network.trainable_variables)
        self.optimizer.apply(gradients, network.trainable_variables)
        for mean, weight in zip(self.average, self._weights, strict=True):
            mean.assign(decay * mean + (1 - decay) * weight)
        return loss

    def is_finite(self) -> bool:
        """Whether all averaged weights are numbers: the last step of an epoch spoils them after its loss was taken."""
        return all(bool(np.isfinite(mean.numpy()).all()) for mean in self.average)

    @contextmanager
    def averaged(self) -> Generator[Any]:
        """The network with the averaged weights, for the time of the block."""
        kept = [np.array(variable) for variable in self._variables]
        _assign(self._weights, self.average)
        recompute_batch_norm(self.network, self.images, self.recipe.batch_size, self.recipe.seed)
        yield self.network
        _assign(self._variables, kept)

    def keep(self) -> None:
        """Remember the weights as they are now as the best, if the recipe wants the best in the end."""
        if self.recipe.patience:
            _assign(self._best, self._weights)

    def delivered(self) -> Any:
        """The network with the weights that the run ends with. No epoch may follow."""
        if self.recipe.patience:
            _assign(self._weights, self._best)
        else:
            _assign(self._weights, self.average)
            recompute_batch_norm(self.network, self.images, self.recipe.batch_size, self.recipe.seed)
        return self.network

    def state(self) -> dict[str, list[Any]]:
        """Every variable that the next step depends on; assigning to them all is to take the run up."""
        optimizer = list(self.optimizer.variables)
        return {"network": self._variables, "optimizer": optimizer, "average": self.average, "best": self._best}


def _assign(variables: Iterable[Any], values: Iterable[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _optimizer(tf: Any, recipe: Recipe) -> Any:
    if recipe.optimizer == "adam":
        return tf.keras.optimizers.Adam(recipe.learning_rate)
    return tf.keras.optimizers.SGD(recipe.learning_rate, momentum=recipe.momentum, nesterov=True)


def take_over(network: Any, start: Any) -> None:
    """Put weights into a network of the same layers, or of more that do nothing yet (Net2Net, arXiv:1511.05641).

    Args:
        network: Keras network that takes them, in place.
        start: Keras network that has them.

    Raises:
        UsageError: the layers do not fit, or the answers are not the same then.
    """
    theirs = [layer.get_weights() for layer in start.layers if layer.weights]
    for layer in network.layers:
        if theirs and layer.weights and [w.shape for w in layer.weights] == [w.shape for w in theirs[0]]:
            layer.set_weights(theirs.pop(0))
    crops = np.random.default_rng(0).random((2, *INPUT_SHAPE), np.float32)
    if theirs or not np.abs(predict(network, crops) - predict(start, crops)).max() <= TOLERANCE:
        raise UsageError(f"the network to start from is no {network.name}: choose its architecture, or leave it out")


def train_network(
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
    session = Trainer(recipe, training, start, lesson)
    fingerprint = session.fingerprint(tuning)
    wanted = expression_targets(tuning, recipe.label_share, recipe.smoothing)
    history = checkpoint.restore_checkpoint(run, recipe, fingerprint, session.state())
    while not is_over(recipe, history):
        started = time.monotonic()
        loss = session.epoch(len(history), step)
        if not (math.isfinite(loss) and session.is_finite()):
            raise EmodjError(
                f"the loss of epoch {len(history) + 1} is not a number: try a learning rate below {recipe.learning_rate}"
            )
        with session.averaged() as network:
            said = predict_probabilities(network, tuning.images)
            accuracy = float(np.mean(said.argmax(axis=1) == tuning.labels))
            seconds, rate = time.monotonic() - started, session.learning_rate(len(history))
            history.append(Epoch(len(history) + 1, loss, _cross_entropy(said, wanted), accuracy, seconds, rate))
            if best(history) == len(history) - 1:
                session.keep()
        checkpoint.save_checkpoint(run, recipe, fingerprint, session.state(), history)
        report(history[-1])
    return session.delivered(), history


def predict_probabilities(
    network: Any, images: np.ndarray[Any, np.dtype[np.uint8]], batch_size: int = 512
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Probabilities (n, 7) of crops (n, 48, 48) uint8, single view."""
    batches = (images[i : i + batch_size, :, :, None].astype(np.float32) / 255 for i in range(0, len(images), batch_size))
    return np.concatenate([network(batch, training=False).numpy() for batch in batches])


def _cross_entropy(said: NDArray[np.float32], wanted: NDArray[np.float32]) -> float:
    return float(-np.mean(np.sum(wanted * np.log(said + 1e-7), axis=1)))


BATCHES = 32
"""Over how many batches the statistics are taken."""


def recompute_batch_norm(network: Any, images: NDArray[np.uint8], batch_size: int, seed: int) -> None:
    """Take the statistics of batch norm anew, in place, over views of some images.

    Averaged weights have other activations than those that were averaged (Izmailov et al. 2018, arXiv:1803.05407); and in
    bfloat16 a moving average of small steps drifts away from what it averages.

    Args:
        network: Keras network; one without batch norm stays as it is.
        images: (n, 48, 48) uint8 grey.
        batch_size: how many views make a batch, at most n.
        seed: of the choice of images and of the views.
    """
    tf = import_tensorflow("training")
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
