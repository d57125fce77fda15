"""Teach a network how sure of its answer it may be, face by face.

One temperature makes all faces equally less sure (Guo et al. 2017, arXiv:1706.04599). Here two small layers read the features
of a face and say by what its logits are multiplied, as in parameterised temperature scaling (Tomani et al. 2022,
arXiv:2102.12182); they learn from the probability of the answer alone, as in ConfidNet (Corbiere et al. 2019,
arXiv:1910.04851): whether the crowd's clear majority says the same, or else what share of the crowd does. A factor changes no
answer, only its probability. On PublicTest, with 94% of the answers right, 86% of the clear faces are answered in place of 81.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.network import LOGITS, tensorflow
from realtime.presets import FEATURES, SURENESS
from realtime.training.augment import augment
from realtime.training.calibrate import judges
from realtime.training.dataset import targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

VIEWS = 3
"""Of each face: as it is, and so often moved, spoilt or covered that a spoilt face is doubted as well."""

EPOCHS = 30
BATCH_SIZE = 256
LEARNING_RATE = 2e-3
"""Of Adam with decoupled weight decay (arXiv:1711.05101), falling to nothing in a straight line."""

WEIGHT_DECAY = 0.01


def teachable(network: Any) -> bool:
    """Whether a network has the layers for it."""
    return set(SURENESS) <= {layer.name for layer in network.layers}


def forget(network: Any) -> None:
    """Let all faces count alike again, in place; a network without the layers stays as it is."""
    if teachable(network):
        last = network.get_layer(SURENESS[1])
        last.set_weights([np.zeros_like(weight) for weight in last.get_weights()])


def teach(network: Any, training: Dataset, seed: int) -> None:
    """Teach the layers anew, in place; all others stay as they are.

    Args:
        network: Keras network with the layers, otherwise ready: its answers are what is judged.
        training: images to learn from, also those that the network has learned from; pictures without a face are left out.
        seed: of views, order and first weights.
    """
    tf = tensorflow("training")
    faces = training.where(training.faces())
    hidden, last = (network.get_layer(name) for name in SURENESS)
    reader = tf.keras.Model(network.inputs, [network.get_layer(FEATURES).output, network.get_layer(LOGITS).output])
    seen = [_read(tf, reader, faces.images, seed, view) for view in range(VIEWS)]
    mean, spread = seen[0][0].mean(axis=0), seen[0][0].std(axis=0) + 1e-4
    features = tf.constant(np.stack([(each - mean) / spread for each, _ in seen]))
    logits = tf.constant(np.stack([each for _, each in seen]))
    worth = tf.constant(np.stack([_worth(faces, each.argmax(axis=1)) for _, each in seen]))

    dice = np.random.default_rng((seed, VIEWS))
    inputs, units = hidden.kernel.shape
    first = dice.normal(0, np.sqrt(2 / inputs), (inputs, units)).astype(np.float32)
    weights = [tf.Variable(each) for each in (first, np.zeros(units, np.float32), *map(np.zeros_like, last.get_weights()))]
    steps = EPOCHS * -(-len(faces) // BATCH_SIZE)
    rate = tf.keras.optimizers.schedules.PolynomialDecay(LEARNING_RATE, steps, end_learning_rate=0.0)
    optimizer = tf.keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY)
    optimizer.build(weights)

    def step(view: Any, rows: Any) -> None:
        with tf.GradientTape() as tape:
            inside = tf.nn.relu(tf.gather(features[view], rows) @ weights[0] + weights[1])
            factor = 2.0 * tf.sigmoid(inside @ weights[2] + weights[3])
            best = tf.reduce_max(tf.nn.softmax(factor * tf.gather(logits[view], rows)), axis=1)
            wanted = tf.gather(worth[view], rows)
            best = tf.clip_by_value(best, 1e-4, 1 - 1e-4)
            loss = -tf.reduce_mean(wanted * tf.math.log(best) + (1 - wanted) * tf.math.log(1 - best))
        optimizer.apply(tape.gradient(loss, weights), weights)

    compiled = tf.function(step)
    for _ in range(EPOCHS):
        order = dice.permutation(len(faces)).astype(np.int32)
        for start in range(0, len(faces), BATCH_SIZE):
            compiled(tf.constant(dice.integers(VIEWS)), tf.constant(order[start : start + BATCH_SIZE]))

    kernel, offset, *rest = (np.asarray(weight) for weight in weights)
    # What the features were made even by goes into the first of the layers
    hidden.set_weights([kernel / spread[:, None], offset - (mean / spread) @ kernel])
    last.set_weights(rest)


def _worth(faces: Dataset, said: NDArray[np.int64]) -> NDArray[np.float32]:
    """What the answers (n,) are worth, 0..1: one or nothing where the crowd has a clear majority, else its share."""
    clear, majority = judges(faces)
    shares = targets(faces, label_share=0, smoothing=0)[np.arange(len(said)), said]
    return np.where(clear, said == majority, shares).astype(np.float32)


def _read(
    tf: Any, reader: Any, images: NDArray[np.uint8], seed: int, view: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features and logits of all faces, the first time as they are and then in one view or another."""
    said: list[Any] = []
    for number, start in enumerate(range(0, len(images), BATCH_SIZE)):
        batch = tf.cast(images[start : start + BATCH_SIZE, :, :, None], tf.float32) / 255.0
        said.append(reader(augment(batch, tf.constant([seed + view, number])) if view else batch, training=False))
    features, logits = zip(*said, strict=True)
    return np.concatenate(features), np.concatenate(logits)
