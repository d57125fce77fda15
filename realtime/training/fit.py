"""One training run: epochs of SGD over augmented faces, a moving average of the weights, a checkpoint an epoch.

The recipe: SGD with Nesterov momentum, one warm-up epoch, a cosine down to a thousandth (Loshchilov & Hutter 2017,
arXiv:1608.03983), L2 on kernels, soft targets from labels and votes, mixup (Zhang et al. 2017, arXiv:1710.09412), and
an exponential moving average of the weights that is what the run delivers (Polyak & Juditsky 1992).
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import time
import zipfile
import zlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.assets import write_whole
from realtime.errors import EmodjError, UsageError
from realtime.network import INPUT_SHAPE, answers, build, tensorflow
from realtime.training.augment import augment, mixed
from realtime.training.dataset import targets
from realtime.training.settling import settle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

TOLERANCE = 1e-4
"""So much a network may answer otherwise when it has grown, in probability."""

CHECKPOINT = "checkpoint.npz"
HISTORY = "history.json"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a run's result depends on, apart from the data and the versions of the libraries."""

    architecture: str = "compact"
    epochs: int = 70
    batch_size: int = 128
    learning_rate: float = 0.1
    l2: float = 2.5e-4
    momentum: float = 0.9
    label_share: float = 0.4
    smoothing: float = 0.05
    mixup: float = 0.2
    ema_decay: float = 0.999
    bfloat16: bool = False
    seed: int = 1
    start: str = ""
    """Digest of the weights that it starts from; empty: random ones."""

    teacher: str = ""
    """Digest of what the teachers say of the training part; empty: nobody teaches."""

    teacher_share: float = 0.0
    """Weight of the teachers in the targets, 0..1; labels and votes have the rest."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to: mean loss, accuracy on the tuning part against labels, seconds that it took."""

    number: int
    loss: float
    accuracy: float
    seconds: float


def fit(
    recipe: Recipe,
    training: Dataset,
    tuning: Dataset,
    run: Path,
    report: Callable[[Epoch], None],
    start: Any = None,
    lesson: NDArray[np.float32] | None = None,
) -> Any:
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

    Returns:
        The Keras network with the averaged weights.

    Raises:
        UsageError: the run folder holds a run of another recipe or on other data, or one that is damaged; or the data
            hold no face.
        EmodjError: the loss is no number, a file cannot be written, or TensorFlow is missing.
    """
    run.mkdir(parents=True, exist_ok=True)
    session = _Session(recipe, training, start, lesson)
    history = session.restore(run)
    for number in range(len(history), recipe.epochs):
        started = time.monotonic()
        loss = session.epoch(number)
        if not (math.isfinite(loss) and session.is_finite()):
            raise EmodjError(
                f"the loss of epoch {number + 1} is not a number: try a learning rate below {recipe.learning_rate}"
            )
        accuracy = float(np.mean(predict(session.averaged(), tuning.images).argmax(axis=1) == tuning.labels))
        history.append(Epoch(number + 1, loss, accuracy, time.monotonic() - started))
        session.save(run, history)
        report(history[-1])
    return session.averaged()


def predict(
    network: Any, images: np.ndarray[Any, np.dtype[np.uint8]], batch_size: int = 512
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Probabilities (n, 7) of crops (n, 48, 48) uint8, single view."""
    batches = (images[i : i + batch_size, :, :, None].astype(np.float32) / 255 for i in range(0, len(images), batch_size))
    return np.concatenate([network(batch, training=False).numpy() for batch in batches])


def _take_over(network: Any, start: Any) -> None:
    """Put weights into a network of the same layers, or of more that do nothing yet (Net2Net, arXiv:1511.05641)."""
    theirs = [layer.get_weights() for layer in start.layers if layer.weights]
    for layer in network.layers:
        if theirs and layer.weights and [w.shape for w in layer.weights] == [w.shape for w in theirs[0]]:
            layer.set_weights(theirs.pop(0))
    crops = np.random.default_rng(0).random((2, *INPUT_SHAPE), np.float32)
    if theirs or not np.abs(answers(network, crops) - answers(start, crops)).max() <= TOLERANCE:
        raise UsageError(f"the network to start from is no {network.name}: choose its architecture, or leave it out")


class _Session:
    """The moving parts of a run: network, optimiser, averaged weights, and the data as two arrays."""

    def __init__(self, recipe: Recipe, training: Dataset, start: Any, lesson: NDArray[np.float32] | None) -> None:
        self.recipe = recipe
        tf = self.tf = tensorflow("training")
        tf.keras.utils.set_random_seed(recipe.seed)
        # Processors that multiply in bfloat16 take a fifth less time
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": recipe.bfloat16})
        faces = training.faces()
        if not faces.any():
            raise UsageError("the training part holds no picture of a face, as the crowd saw them")
        kept = training.where(faces)
        self.images, self.targets = kept.images, targets(kept, recipe.label_share, recipe.smoothing)
        if lesson is not None:
            self.targets = (1 - recipe.teacher_share) * self.targets + recipe.teacher_share * lesson[faces]
        self._fingerprint = hashlib.sha256(self.images.tobytes() + self.targets.tobytes()).hexdigest()
        self.network = build(recipe.architecture)
        if start is not None:
            _take_over(self.network, start)
        self.optimizer = tf.keras.optimizers.SGD(recipe.learning_rate, momentum=recipe.momentum, nesterov=True)
        self.optimizer.build(self.network.trainable_variables)
        self.average = [tf.Variable(weight) for weight in self.network.weights]
        self._averaged = build(recipe.architecture)
        self.steps_per_epoch = max(1, len(self.images) // recipe.batch_size)
        self._step = tf.function(self._train_step)

    def epoch(self, number: int) -> float:
        """Run one epoch and return its mean loss. The order of the images depends on seed and epoch alone."""
        recipe, tf = self.recipe, self.tf
        order = np.random.default_rng((recipe.seed, number)).permutation(len(self.images))
        losses: list[Any] = []
        for index in range(self.steps_per_epoch):
            step = number * self.steps_per_epoch + index
            chosen = order[index * recipe.batch_size : (index + 1) * recipe.batch_size]
            self.optimizer.learning_rate.assign(self._learning_rate(step))
            decay = min(recipe.ema_decay, (1 + step) / (10 + step))
            batch = tf.constant(self.images[chosen][..., None])
            seed = tf.constant([recipe.seed, step], tf.int32)
            losses.append(self._step(batch, tf.constant(self.targets[chosen]), seed, tf.constant(decay, tf.float32)))
        return float(np.mean([loss.numpy() for loss in losses]))

    def _learning_rate(self, step: int) -> float:
        warm_up, total = self.steps_per_epoch, self.steps_per_epoch * self.recipe.epochs
        if step < warm_up:
            return self.recipe.learning_rate * (step + 1) / warm_up
        progress = (step - warm_up) / max(1, total - warm_up)
        return self.recipe.learning_rate * (0.001 + 0.999 * (1 + math.cos(math.pi * progress)) / 2)

    def _train_step(self, images: Any, wanted: Any, seed: Any, decay: Any) -> Any:
        tf, network = self.tf, self.network
        views = augment(tf.cast(images, tf.float32) / 255.0, seed)
        if self.recipe.mixup:
            views, wanted = mixed(views, wanted, self.recipe.mixup, seed)
        kernels = [weight for weight in network.trainable_variables if weight.name == "kernel"]
        with tf.GradientTape() as tape:
            said = network(views, training=True)
            loss = -tf.reduce_mean(tf.reduce_sum(wanted * tf.math.log(said + 1e-7), axis=1))
            penalty = self.recipe.l2 * tf.add_n([tf.reduce_sum(tf.square(kernel)) for kernel in kernels])
            total = loss + penalty
        gradients = tape.gradient(total, network.trainable_variables)
        self.optimizer.apply(gradients, network.trainable_variables)
        for mean, weight in zip(self.average, network.weights, strict=True):
            mean.assign(decay * mean + (1 - decay) * weight)
        return loss

    def averaged(self) -> Any:
        """The network with the averaged weights."""
        self._averaged.set_weights([mean.numpy() for mean in self.average])
        settle(self._averaged, self.images, self.recipe.batch_size, self.recipe.seed)
        return self._averaged

    def is_finite(self) -> bool:
        """Whether all averaged weights are numbers: the last step of an epoch spoils them after its loss was taken."""
        return all(bool(np.isfinite(mean.numpy()).all()) for mean in self.average)

    def save(self, run: Path, history: list[Epoch]) -> None:
        """Write checkpoint and history, whole or not at all."""
        arrays = {f"{name}_{i}": np.asarray(value) for name, values in self._state().items() for i, value in enumerate(values)}
        document = {
            "recipe": asdict(self.recipe),
            "data_sha256": self._fingerprint,
            "epochs": [asdict(epoch) for epoch in history],
        }
        checkpoint = io.BytesIO()
        arrays["about"] = np.array(json.dumps(document))
        np.savez(checkpoint, **arrays)  # pyright: ignore[reportArgumentType] - its stub takes any name for `allow_pickle`
        text = json.dumps(document, indent=1) + "\n"
        write_whole({run / CHECKPOINT: checkpoint.getvalue(), run / HISTORY: text.encode()})

    def restore(self, run: Path) -> list[Epoch]:
        """Take up the folder's checkpoint, if there is one, and return the epochs behind it."""
        path = run / CHECKPOINT
        if not path.exists():
            return []
        try:
            with path.open("rb") as file, np.load(file) as archive:
                document = json.loads(str(archive["about"]))
                self._check(document, run)
                for name, variables in self._state().items():
                    for i, variable in enumerate(variables):
                        variable.assign(archive[f"{name}_{i}"])
            return [Epoch(**epoch) for epoch in document["epochs"]]
        except (OSError, EOFError, ValueError, TypeError, LookupError, zipfile.BadZipFile, zlib.error) as error:
            raise UsageError(f"the checkpoint {path} is damaged: delete it to begin anew, or choose another folder") from error

    def _check(self, document: dict[str, Any], run: Path) -> None:
        if document["recipe"] != asdict(self.recipe):
            raise UsageError(f"{run} holds a run of another recipe: choose another folder, or the same options")
        if document["data_sha256"] != self._fingerprint:
            raise UsageError(f"{run} holds a run on other data: choose another folder, or the same data")

    def _state(self) -> dict[str, list[Any]]:
        # `variables` has the dropout seeds too, `weights` has not
        return {"network": list(self.network.variables), "optimizer": list(self.optimizer.variables), "average": self.average}
