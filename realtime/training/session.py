"""The moving parts of a training run: network, optimiser, averaged weights, and the data as two arrays."""

from __future__ import annotations

import hashlib
import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.errors import UsageError
from realtime.network import INPUT_SHAPE, answers, tensorflow
from realtime.presets import build
from realtime.training import sureness, transfer
from realtime.training.augment import augment, mixed
from realtime.training.goal import goal, importance
from realtime.training.settling import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset
    from realtime.training.recipe import Recipe

    Step = Callable[[int, int, int, Any], None]
    """Called after each step: epoch from 0, step from 0, steps an epoch, loss. `float(loss)` waits for the step."""

TOLERANCE = 1e-4
"""So much a network may answer otherwise when it has grown, in probability."""


class Session:
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
        tf = self.tf = tensorflow("training")
        tf.keras.utils.set_random_seed(recipe.seed)
        # Processors that multiply in bfloat16 take a fifth less time
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": recipe.bfloat16})
        self.images, self.targets = goal(recipe, training, lesson)
        self.network = transfer.build(recipe.weights) if recipe.architecture == "transfer" else build(recipe.architecture)
        if start is not None:
            take_over(self.network, start)
            # It is taught last, and of what the network then is
            sureness.forget(self.network)
        self.optimizer = _optimizer(tf, recipe)
        self.optimizer.build(self.network.trainable_variables)
        learned = [layer for layer in self.network.layers if layer.trainable]
        self._weights = [weight for layer in learned for weight in layer.weights]
        # With the seeds of dropout, which are no weights
        self._variables = [variable for layer in learned for variable in layer.variables]
        self.average = [tf.Variable(weight) for weight in self._weights]
        self._best = [tf.Variable(weight) for weight in self._weights] if recipe.patience else []
        self._importance = tf.constant(importance(recipe, self.targets))
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
        settle(self.network, self.images, self.recipe.batch_size, self.recipe.seed)
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
            settle(self.network, self.images, self.recipe.batch_size, self.recipe.seed)
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
    if theirs or not np.abs(answers(network, crops) - answers(start, crops)).max() <= TOLERANCE:
        raise UsageError(f"the network to start from is no {network.name}: choose its architecture, or leave it out")
