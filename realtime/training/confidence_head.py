"""Train the confidence head: two small layers that scale the logits of each face, and so its confidence.

One temperature lowers the confidence of all faces alike (Guo et al. 2017, arXiv:1706.04599). The confidence head computes a
factor for the logits of each face. Parameterised temperature scaling (Tomani et al. 2022, arXiv:2102.12182) computes it from
the logits; this head computes it from the features, as ConfidNet does (Corbière et al. 2019, arXiv:1910.04851). The target
of the top probability is 1 or 0 if the crowd has a clear majority (the answer is right or wrong), else the share of the
crowd that gave the same answer. The factor changes no answer, only its probability. A factor near zero makes all seven
equally probable, so such a face is not answered. At the threshold where 94% of the answers are right, the shipped network
answers 87% of the clear faces of PublicTest, and 78% with one temperature alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.architectures import CONFIDENCE_HEAD, FEATURES
from realtime.classifier.keras_pair import LOGITS, import_tensorflow
from realtime.training.augment import augment
from realtime.training.calibration import reference_labels
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

VIEWS = 3
"""Views of each face: the first is the face itself, the others are augmented. So corrupted faces get less confidence."""

EPOCHS = 30
"""Epochs over all faces, each face in one of its views. On PublicTest, with an earlier network, 20 epochs were nearly as good
and 80 no better."""

BATCH_SIZE = 256
LEARNING_RATE = 2e-3
"""Learning rate of Adam with decoupled weight decay (arXiv:1711.05101); it falls linearly to zero."""

WEIGHT_DECAY = 0.01

MIN_RELATIVE_SPREAD = 0.05
"""A feature is left out if its spread is below this share of the mean spread: standardised, it would be noise."""

MIN_FACES = 100
"""With fewer faces the head is not trained: it would take what these few faces have in common for a rule."""

_LOG_ZERO = -1e9
"""Stands for the logarithm of zero."""

_SEEDS_PER_VIEW = 1 << 24
"""Seeds for each view; more than the batches of a view, so that no two views share a seed."""

_RNG_STREAM = 0x5E
"""Second number of this module's random seed, so that its random numbers differ from those of a training epoch."""


def has_confidence_head(network: Any) -> bool:
    """Whether a network has the two layers of the confidence head."""
    return set(CONFIDENCE_HEAD) <= {layer.name for layer in network.layers}


def reset_head(network: Any) -> None:
    """Give all faces the same factor again, in place; a network without a confidence head stays unchanged."""
    if has_confidence_head(network):
        last = network.get_layer(CONFIDENCE_HEAD[1])
        last.set_weights([np.zeros_like(weight) for weight in last.get_weights()])


def train_head(network: Any, training: Dataset, seed: int) -> None:
    """Train the confidence head from scratch, in place. All other layers stay unchanged.

    With fewer than `MIN_FACES` faces the head is only reset.

    Args:
        network: Keras network with a confidence head; its other layers are trained already.
        training: images to train on, which may be those that the network was trained on; images without a face are left out.
        seed: seed of views, order and initial weights, below 2**31.
    """
    tf = import_tensorflow("training")
    faces = training.select(training.face_mask())
    reset_head(network)
    if len(faces) < MIN_FACES:
        return
    hidden, last = (network.get_layer(name) for name in CONFIDENCE_HEAD)
    reader = tf.keras.Model(network.inputs, [network.get_layer(FEATURES).output, network.get_layer(LOGITS).output])
    outputs = [_compute_outputs(tf, reader, faces.images, seed, view) for view in range(VIEWS)]
    features = np.stack([each for each, _ in outputs])
    mean, spread = features.mean(axis=(0, 1)), features.std(axis=(0, 1))
    spread = np.where(spread <= MIN_RELATIVE_SPREAD * spread.mean(), np.inf, spread).astype(np.float32)
    logits = np.stack([each for _, each in outputs])
    targets = np.stack([_answer_targets(faces, each.argmax(axis=1)) for _, each in outputs])
    kernel, bias, *last_weights = _fit(tf, (features - mean) / spread, logits, targets, hidden.units, seed)
    # The first layer takes over the standardisation of the features
    hidden.set_weights([kernel / spread[:, None], bias - (mean / spread) @ kernel])
    last.set_weights(last_weights)


def _fit(
    tf: Any,
    features: NDArray[np.float32],
    logits: NDArray[np.float32],
    targets: NDArray[np.float32],
    units: int,
    seed: int,
) -> list[NDArray[np.float32]]:
    """Fit both layers; returns kernel and bias of the first, then of the second.

    Args:
        tf: TensorFlow.
        features: (views, n, inputs); each feature has a mean of zero and a standard deviation of one, or is all zero.
        logits: (views, n, 7).
        targets: (views, n), 0..1, target of the top probability.
        units: width of the first layer.
        seed: seed of the initial weights, of the order of the faces and of the choice of views.
    """
    features, logits, targets = tf.constant(features), tf.constant(logits), tf.constant(targets)
    rng = np.random.default_rng((seed, _RNG_STREAM))
    _, count, inputs = features.shape
    first = rng.normal(0, np.sqrt(2 / inputs), (inputs, units)).astype(np.float32)
    weights = [tf.Variable(first), *(tf.Variable(np.zeros(shape, np.float32)) for shape in (units, (units, 1), 1))]
    steps = EPOCHS * -(-count // BATCH_SIZE)
    rate = tf.keras.optimizers.schedules.PolynomialDecay(LEARNING_RATE, steps, end_learning_rate=0.0)
    optimizer = tf.keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY)
    optimizer.build(weights)

    def step(view: Any, rows: Any) -> None:
        with tf.GradientTape() as tape:
            active = tf.nn.relu(tf.gather(features[view], rows) @ weights[0] + weights[1])
            factor = 2.0 * tf.sigmoid(active @ weights[2] + weights[3])
            log_probabilities = tf.nn.log_softmax(factor * tf.gather(logits[view], rows))
            top = tf.argmax(log_probabilities, axis=1)
            best = tf.one_hot(top, log_probabilities.shape[1], on_value=True, off_value=False)
            wanted = tf.gather(targets[view], rows)
            # Computed from logarithms, so that a confident wrong answer has a gradient at any confidence
            others = tf.reduce_logsumexp(tf.where(best, _LOG_ZERO, log_probabilities), axis=1)
            loss = -tf.reduce_mean(wanted * tf.reduce_max(log_probabilities, axis=1) + (1 - wanted) * others)
        optimizer.apply(tape.gradient(loss, weights), weights)

    compiled = tf.function(step)
    for _ in range(EPOCHS):
        order = rng.permutation(count).astype(np.int32)
        for start in range(0, count, BATCH_SIZE):
            compiled(tf.constant(rng.integers(VIEWS)), tf.constant(order[start : start + BATCH_SIZE]))
    return [np.asarray(weight) for weight in weights]


def _answer_targets(faces: Dataset, answers: NDArray[np.int64]) -> NDArray[np.float32]:
    """Targets (n,) of the probability of the answers (n,), 0..1.

    With a clear majority: 1 for its expression, 0 for another. Else the share of the votes for the answer. If no face has a
    clear majority, the labels take its place for all faces.
    """
    clear, majority = reference_labels(faces)
    shares = expression_targets(faces, label_share=0, smoothing=0)[np.arange(len(answers)), answers]
    return np.where(clear, answers == majority, shares).astype(np.float32)


def _compute_outputs(
    tf: Any, reader: Any, images: NDArray[np.uint8], seed: int, view: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features ((n, 256) for `compact`) and logits (n, 7) of all faces in one view; view 0 is not augmented."""
    outputs: list[Any] = []
    for number, start in enumerate(range(0, len(images), BATCH_SIZE)):
        batch = tf.cast(images[start : start + BATCH_SIZE, :, :, None], tf.float32) / 255.0
        seeds = tf.constant([seed, _SEEDS_PER_VIEW * view + number], tf.int32)
        outputs.append(reader(augment(batch, seeds) if view else batch, training=False))
    features, logits = zip(*outputs, strict=True)
    return np.concatenate(features), np.concatenate(logits)
