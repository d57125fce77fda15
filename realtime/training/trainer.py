"""Training loop: steps, moving average of the weights (EMA), batch norm statistics, and checkpoints after each epoch."""

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
from realtime.training.augment import augment, mixup
from realtime.training.recipe import Epoch, best_epoch, is_over
from realtime.training.targets import build_targets, expression_targets, loss_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset
    from realtime.training.recipe import Recipe

    Step = Callable[[int, int, int, Any], None]
    """Callback after each step: epoch from 0, step from 0, steps per epoch, loss. `float(loss)` waits for the step."""

TAKE_OVER_TOLERANCE = 1e-4
"""Largest difference of the probabilities before and after `copy_weights`."""

BATCH_NORM_BATCHES = 32
"""Number of batches for the statistics of `recompute_batch_norm`."""


class Trainer:
    """State of a training run: network, optimiser, averaged weights, and the data as two arrays.

    Args:
        recipe: recipe of the run.
        training: n images to train on; images without a face are left out.
        start: Keras network with the initial weights, or None for random weights.
        soft_labels: (n, 7) float32 probabilities of the teachers for the training images, or None.

    Raises:
        UsageError: the data have no face, or no face with one of the labels; or the weights of `start` do not fit.
    """

    def __init__(self, recipe: Recipe, training: Dataset, start: Any, soft_labels: NDArray[np.float32] | None) -> None:
        self.recipe = recipe
        tf = self.tf = import_tensorflow("training")
        tf.keras.utils.set_random_seed(recipe.seed)
        # On processors with bfloat16 multiplication training takes a fifth less time
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": recipe.bfloat16})
        self.images, self.targets = build_targets(recipe, training, soft_labels)
        self.network = (
            transfer.build(recipe.weights) if recipe.architecture == "transfer" else build_network(recipe.architecture)
        )
        if start is not None:
            copy_weights(self.network, start)
            # The confidence head is trained after the other layers, for their final weights
            confidence_head.reset_head(self.network)
        self.optimizer = _optimizer(tf, recipe)
        self.optimizer.build(self.network.trainable_variables)
        trained = [layer for layer in self.network.layers if layer.trainable]
        self._weights = [weight for layer in trained for weight in layer.weights]
        # The variables also contain the seeds of dropout, which are no weights
        self._variables = [variable for layer in trained for variable in layer.variables]
        self.average = [tf.Variable(weight) for weight in self._weights]
        self._best = [tf.Variable(weight) for weight in self._weights] if recipe.patience else []
        self._class_weights = tf.constant(loss_weights(recipe, self.targets))
        self.steps_per_epoch = max(1, len(self.images) // recipe.batch_size)
        self._step = tf.function(self._train_step)

    def fingerprint(self, tuning: Dataset) -> str:
        """SHA-256, in hex, of all that the run depends on besides the recipe: the data, and the frozen weights."""
        frozen = [layer for layer in self.network.layers if not layer.trainable]
        parts = [self.images, self.targets, tuning.images, tuning.labels, tuning.votes]
        parts += [weight for layer in frozen for weight in layer.get_weights()]
        return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()

    def run_epoch(self, number: int, step: Step | None) -> float:
        """Run epoch `number`, counted from 0, and return its mean loss. The order of images depends only on seed and epoch."""
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
        """Learning rate of the last step of epoch `number`, counted from 0."""
        return self._learning_rate((number + 1) * self.steps_per_epoch - 1)

    def _learning_rate(self, step: int) -> float:
        if self.recipe.optimizer == "adam":
            return self.recipe.learning_rate
        warm_up, total = self.steps_per_epoch, self.steps_per_epoch * self.recipe.epochs
        if step < warm_up:
            return self.recipe.learning_rate * (step + 1) / warm_up
        progress = (step - warm_up) / max(1, total - warm_up)
        return self.recipe.learning_rate * (0.001 + 0.999 * (1 + math.cos(math.pi * progress)) / 2)

    def _train_step(self, images: Any, targets: Any, seed: Any, decay: Any) -> Any:
        tf, network, recipe = self.tf, self.network, self.recipe
        views = augment(tf.cast(images, tf.float32) / 255.0, seed)
        if recipe.mixup:
            views, targets = mixup(views, targets, recipe.mixup, seed)
        kernels = [weight for weight in network.trainable_variables if weight.name == "kernel"]
        # The weight of a soft target is the mean of the class weights
        weights = tf.reduce_sum(targets * self._class_weights, axis=1)
        with tf.GradientTape() as tape:
            probabilities = network(views, training=True)
            losses = -tf.reduce_sum(targets * tf.math.log(probabilities + 1e-7), axis=1)
            loss = tf.reduce_mean(weights * losses if recipe.balance else losses)
            penalty = recipe.l2 * tf.add_n([tf.reduce_sum(tf.square(kernel)) for kernel in kernels])
            total = loss + penalty
        gradients = tape.gradient(total, network.trainable_variables)
        self.optimizer.apply(gradients, network.trainable_variables)
        for mean, weight in zip(self.average, self._weights, strict=True):
            mean.assign(decay * mean + (1 - decay) * weight)
        return loss

    def is_finite(self) -> bool:
        """Whether all averaged weights are finite. The last step of an epoch may make them NaN after its loss is computed."""
        return all(bool(np.isfinite(mean.numpy()).all()) for mean in self.average)

    @contextmanager
    def averaged_network(self) -> Generator[Any]:
        """Context manager: the network with the averaged weights, until the block ends."""
        kept = [np.array(variable) for variable in self._variables]
        _assign(self._weights, self.average)
        recompute_batch_norm(self.network, self.images, self.recipe.batch_size, self.recipe.seed)
        yield self.network
        _assign(self._variables, kept)

    def save_best(self) -> None:
        """Save the current weights as the best ones, if the recipe has patience."""
        if self.recipe.patience:
            _assign(self._best, self._weights)

    def final_network(self) -> Any:
        """The network with its final weights: the best ones if the recipe has patience, else the average.

        No epoch may follow, since the weights are overwritten.
        """
        if self.recipe.patience:
            _assign(self._weights, self._best)
        else:
            _assign(self._weights, self.average)
            recompute_batch_norm(self.network, self.images, self.recipe.batch_size, self.recipe.seed)
        return self.network

    def state(self) -> dict[str, list[Any]]:
        """All variables that the next step depends on, by kind. To assign saved values to them resumes the run."""
        optimizer = list(self.optimizer.variables)
        return {"network": self._variables, "optimizer": optimizer, "average": self.average, "best": self._best}


def _assign(variables: Iterable[Any], values: Iterable[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _optimizer(tf: Any, recipe: Recipe) -> Any:
    if recipe.optimizer == "adam":
        return tf.keras.optimizers.Adam(recipe.learning_rate)
    return tf.keras.optimizers.SGD(recipe.learning_rate, momentum=recipe.momentum, nesterov=True)


def copy_weights(network: Any, start: Any) -> None:
    """Copy weights into a network with the same layers, or with additional identity layers (Net2Net, arXiv:1511.05641).

    Args:
        network: Keras network that gets the weights, in place.
        start: Keras network with the weights.

    Raises:
        UsageError: the layers do not fit, or the probabilities of the two networks differ afterwards.
    """
    remaining = [layer.get_weights() for layer in start.layers if layer.weights]
    for layer in network.layers:
        if remaining and layer.weights and [w.shape for w in layer.weights] == [w.shape for w in remaining[0]]:
            layer.set_weights(remaining.pop(0))
    crops = np.random.default_rng(0).random((2, *INPUT_SHAPE), np.float32)
    if remaining or not np.abs(predict(network, crops) - predict(start, crops)).max() <= TAKE_OVER_TOLERANCE:
        raise UsageError(f"the network to start from is no {network.name}: choose its architecture, or leave it out")


def train_network(
    recipe: Recipe,
    training: Dataset,
    tuning: Dataset,
    run: Path,
    report: Callable[[Epoch], None],
    start: Any = None,
    soft_labels: NDArray[np.float32] | None = None,
    *,
    step: Step | None = None,
) -> tuple[Any, list[Epoch]]:
    """Train a network; resume from the checkpoint of the run folder if it has one.

    Args:
        recipe: recipe of the run.
        training: n images to train on; images without a face are left out.
        tuning: images to measure progress on; never trained on.
        run: folder for the checkpoint and the history; made if necessary.
        report: callback after each epoch.
        start: Keras network with the initial weights, of the architecture of the recipe or of a part of it; None starts
            from random weights.
        soft_labels: (n, 7) float32 probabilities of the teachers for the training images (distillation, Hinton et al. 2015,
            arXiv:1503.02531); None without teachers.
        step: callback after each step; None costs nothing.

    Returns:
        The Keras network with the averaged weights, of the best epoch if the recipe has patience, else of the last one;
        and all epochs, including those before the checkpoint.

    Raises:
        UsageError: the run folder holds a run with another recipe or other data, or a damaged checkpoint; or the data have
            no face, or no face of an expression.
        EmodjError: the loss is not a number, a file cannot be written, or TensorFlow is missing.
    """
    run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(recipe, training, start, soft_labels)
    fingerprint = trainer.fingerprint(tuning)
    targets = expression_targets(tuning, recipe.label_share, recipe.smoothing)
    history = checkpoint.restore_checkpoint(run, recipe, fingerprint, trainer.state())
    while not is_over(recipe, history):
        started = time.monotonic()
        loss = trainer.run_epoch(len(history), step)
        if not (math.isfinite(loss) and trainer.is_finite()):
            raise EmodjError(
                f"the loss of epoch {len(history) + 1} is not a number: try a learning rate below {recipe.learning_rate}"
            )
        with trainer.averaged_network() as network:
            probabilities = predict_probabilities(network, tuning.images)
            accuracy = float(np.mean(probabilities.argmax(axis=1) == tuning.labels))
            seconds, rate = time.monotonic() - started, trainer.learning_rate(len(history))
            history.append(Epoch(len(history) + 1, loss, _cross_entropy(probabilities, targets), accuracy, seconds, rate))
            if best_epoch(history) == len(history) - 1:
                trainer.save_best()
        checkpoint.save_checkpoint(run, recipe, fingerprint, trainer.state(), history)
        report(history[-1])
    return trainer.final_network(), history


def predict_probabilities(
    network: Any, images: np.ndarray[Any, np.dtype[np.uint8]], batch_size: int = 512
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Probabilities (n, 7) float32 of crops (n, 48, 48) uint8; one view of each crop, no test-time augmentation."""
    batches = (images[i : i + batch_size, :, :, None].astype(np.float32) / 255 for i in range(0, len(images), batch_size))
    return np.concatenate([network(batch, training=False).numpy() for batch in batches])


def _cross_entropy(probabilities: NDArray[np.float32], targets: NDArray[np.float32]) -> float:
    return float(-np.mean(np.sum(targets * np.log(probabilities + 1e-7), axis=1)))


def recompute_batch_norm(network: Any, images: NDArray[np.uint8], batch_size: int, seed: int) -> None:
    """Recompute the batch norm statistics, in place, from augmented views of some images.

    Averaged weights have other activations than the weights of the single steps (Izmailov et al. 2018, arXiv:1803.05407).
    In bfloat16 the moving average of the statistics also drifts, since its small steps are rounded.

    Args:
        network: Keras network; a network without batch norm stays unchanged.
        images: (n, 48, 48) uint8 grey.
        batch_size: views per batch, at most n.
        seed: seed of the choice of images and of the views.
    """
    tf = import_tensorflow("training")
    norms = [layer for layer in network.layers if isinstance(layer, tf.keras.layers.BatchNormalization)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    sums = [[0.0, 0.0] for _ in norms]
    for norm in norms:
        norm.momentum = 0.0
    for index in range(BATCH_NORM_BATCHES):
        chosen = np.random.default_rng((seed, index)).choice(len(images), min(batch_size, len(images)), replace=False)
        network(augment(tf.cast(images[chosen][..., None], tf.float32) / 255.0, tf.constant([seed, index])), training=True)
        for both, norm in zip(sums, norms, strict=True):
            both[0] += norm.moving_mean.numpy()
            both[1] += norm.moving_variance.numpy()
    for (mean, variance), norm, momentum in zip(sums, norms, momenta, strict=True):
        norm.momentum = momentum
        norm.moving_mean.assign(mean / BATCH_NORM_BATCHES)
        norm.moving_variance.assign(variance / BATCH_NORM_BATCHES)
