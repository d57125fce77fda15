"""Teach a network how sure of its answer it may be, face by face.

One temperature makes all faces equally less sure (Guo et al. 2017, arXiv:1706.04599). Here two small layers say by what the
logits of a face are multiplied, after parameterised temperature scaling (Tomani et al. 2022, arXiv:2102.12182), which reads
the logits, while these read the features, as ConfidNet does (Corbière et al. 2019, arXiv:1910.04851). The probability of the
answer learns what the answer is worth: whether the crowd's clear majority says the same, or else what share of the crowd does.
A factor changes no answer, only its probability, and one near nothing leaves all seven alike, which is no answer either. The
shipped network answers 87% of PublicTest's clear faces with 94% of them right; with one temperature alone it is 78.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.architectures import CONFIDENCE_HEAD, FEATURES
from realtime.classifier.keras_pair import LOGITS, import_tensorflow
from realtime.training.augment import augment
from realtime.training.calibration import judges
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

VIEWS = 3
"""Of each face: one as it is, the others moved, spoilt or covered, so that a spoilt face is doubted as well."""

EPOCHS = 30
"""Over all faces, each in one of its views. On PublicTest twenty were nearly as good and eighty no better, with the network of
that time."""

BATCH_SIZE = 256
LEARNING_RATE = 2e-3
"""Of Adam with decoupled weight decay (arXiv:1711.05101), falling to nothing in a straight line."""

WEIGHT_DECAY = 0.01

DEAD = 0.05
"""A feature that varies less than this share of what others do tells nothing, and is left out: made even, it would be noise."""

FEWEST = 100
"""From fewer faces nothing is learned: what they have in common would count as what all faces have in common."""

_NEVER = -1e9
"""A logarithm of nearly nothing."""

_FIRST_VIEW = 1 << 24
"""More than there are batches: the views of an epoch have the numbers below."""

_STREAM = 0x5E
"""Of the random numbers of this module, so that they are not those of an epoch."""


def teachable(network: Any) -> bool:
    """Whether a network has the layers for it."""
    return set(CONFIDENCE_HEAD) <= {layer.name for layer in network.layers}


def reset_head(network: Any) -> None:
    """Let all faces count alike again, in place; a network without the layers stays as it is."""
    if teachable(network):
        last = network.get_layer(CONFIDENCE_HEAD[1])
        last.set_weights([np.zeros_like(weight) for weight in last.get_weights()])


def train_head(network: Any, training: Dataset, seed: int) -> None:
    """Teach the layers anew, in place, unless there are fewer than `FEWEST` faces; all others stay as they are.

    Args:
        network: Keras network with the layers, otherwise ready: its answers are what is judged.
        training: images to learn from, also those that the network has learned from; pictures without a face are left out.
        seed: of views, order and first weights, below 2**31.
    """
    tf = import_tensorflow("training")
    faces = training.where(training.faces())
    reset_head(network)
    if len(faces) < FEWEST:
        return
    hidden, last = (network.get_layer(name) for name in CONFIDENCE_HEAD)
    reader = tf.keras.Model(network.inputs, [network.get_layer(FEATURES).output, network.get_layer(LOGITS).output])
    seen = [_read(tf, reader, faces.images, seed, view) for view in range(VIEWS)]
    inside = np.stack([each for each, _ in seen])
    mean, spread = inside.mean(axis=(0, 1)), inside.std(axis=(0, 1))
    spread = np.where(spread <= DEAD * spread.mean(), np.inf, spread).astype(np.float32)
    logits = np.stack([each for _, each in seen])
    worth = np.stack([_worth(faces, each.argmax(axis=1)) for _, each in seen])
    kernel, offset, *rest = _fitted(tf, (inside - mean) / spread, logits, worth, hidden.units, seed)
    # The standardisation of the features goes into the first of the layers
    hidden.set_weights([kernel / spread[:, None], offset - (mean / spread) @ kernel])
    last.set_weights(rest)


def _fitted(
    tf: Any,
    features: NDArray[np.float32],
    logits: NDArray[np.float32],
    worth: NDArray[np.float32],
    units: int,
    seed: int,
) -> list[NDArray[np.float32]]:
    """Kernel and bias of the first of the layers and of the second.

    Args:
        tf: TensorFlow.
        features: (views, n, inputs) with a mean of zero and a spread of one, or all zero.
        logits: (views, n, 7).
        worth: (views, n), 0..1, what the probability of the answer should be.
        units: of the first layer.
        seed: of the first weights, and of which face comes when and in which view.
    """
    features, logits, worth = tf.constant(features), tf.constant(logits), tf.constant(worth)
    dice = np.random.default_rng((seed, _STREAM))
    _, count, inputs = features.shape
    first = dice.normal(0, np.sqrt(2 / inputs), (inputs, units)).astype(np.float32)
    weights = [tf.Variable(first), *(tf.Variable(np.zeros(shape, np.float32)) for shape in (units, (units, 1), 1))]
    steps = EPOCHS * -(-count // BATCH_SIZE)
    rate = tf.keras.optimizers.schedules.PolynomialDecay(LEARNING_RATE, steps, end_learning_rate=0.0)
    optimizer = tf.keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY)
    optimizer.build(weights)

    def step(view: Any, rows: Any) -> None:
        with tf.GradientTape() as tape:
            active = tf.nn.relu(tf.gather(features[view], rows) @ weights[0] + weights[1])
            factor = 2.0 * tf.sigmoid(active @ weights[2] + weights[3])
            likely = tf.nn.log_softmax(factor * tf.gather(logits[view], rows))
            best = tf.one_hot(tf.argmax(likely, axis=1), likely.shape[1], on_value=True, off_value=False)
            wanted = tf.gather(worth[view], rows)
            # In logarithms, so that an answer that is sure and wrong is felt however sure it is
            others = tf.reduce_logsumexp(tf.where(best, _NEVER, likely), axis=1)
            loss = -tf.reduce_mean(wanted * tf.reduce_max(likely, axis=1) + (1 - wanted) * others)
        optimizer.apply(tape.gradient(loss, weights), weights)

    compiled = tf.function(step)
    for _ in range(EPOCHS):
        order = dice.permutation(count).astype(np.int32)
        for start in range(0, count, BATCH_SIZE):
            compiled(tf.constant(dice.integers(VIEWS)), tf.constant(order[start : start + BATCH_SIZE]))
    return [np.asarray(weight) for weight in weights]


def _worth(faces: Dataset, said: NDArray[np.int64]) -> NDArray[np.float32]:
    """What the answers (n,) are worth, 0..1: one or nothing where the crowd has a clear majority, else its share.

    If no face at all has one, the labels judge all.
    """
    clear, majority = judges(faces)
    shares = expression_targets(faces, label_share=0, smoothing=0)[np.arange(len(said)), said]
    return np.where(clear, said == majority, shares).astype(np.float32)


def _read(
    tf: Any, reader: Any, images: NDArray[np.uint8], seed: int, view: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features, (n, 256) of `compact`, and logits, (n, 7), of all faces in a view; view 0 is as they are."""
    said: list[Any] = []
    for number, start in enumerate(range(0, len(images), BATCH_SIZE)):
        batch = tf.cast(images[start : start + BATCH_SIZE, :, :, None], tf.float32) / 255.0
        seeds = tf.constant([seed, _FIRST_VIEW * view + number], tf.int32)
        said.append(reader(augment(batch, seeds) if view else batch, training=False))
    features, logits = zip(*said, strict=True)
    return np.concatenate(features), np.concatenate(logits)
