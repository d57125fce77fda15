"""The networks that emodj can train, without their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtime.classifier.keras_pair import INPUT_SHAPE, LOGITS, import_tensorflow
from realtime.domain import EXPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.classifier.keras_pair import KerasNetwork

FER_MEAN, FER_STD = 0.508, 0.255
"""Mean and spread of the pixels of FER-2013's Training part, in 0..1."""

FEATURES = "features"
"""Name of the layer whose output, (n, 256), logits and sureness read."""

CONFIDENCE_HEAD = ("sureness_hidden", "sureness")
"""Names of the two dense layers that say how sure one may be of the logits of a face."""

CONFIDENCE_UNITS = 64
"""Of the first of them. Of PublicTest's clear faces 128 and 256 answered no more with as many right, with the
network of that time."""


def build_network(architecture: str) -> KerasNetwork:
    """Build an untrained network of a preset.

    Args:
        architecture: one of `ARCHITECTURES`.

    Raises:
        KeyError: no such preset.
    """
    return ARCHITECTURES[architecture]()


def _compact() -> KerasNetwork:
    """Four stages of 3×3 convolutions with batch norm (VGG, arXiv:1409.1556), global pooling: 1.45 M weights, 111 MMAC.

    The first stage has one: on all 48×48 pixels a convolution takes most time and tells least. The last two end in a
    bottleneck with a shortcut (ResNet, arXiv:1512.03385): depth for little time. Beside the logits it says how sure of them
    one may be, which never changes the answer.
    """
    keras = import_tensorflow("building a network").keras
    layers = keras.layers
    inputs = keras.Input(INPUT_SHAPE)
    views = layers.Rescaling(1 / FER_STD, offset=-FER_MEAN / FER_STD, name="standardise")(inputs)
    for stage, (filters, convolutions, inner) in enumerate(((32, 1, 0), (64, 2, 0), (128, 2, 64), (256, 2, 128))):
        if stage:
            views = layers.MaxPooling2D()(views)
        for _ in range(convolutions):
            views = layers.ReLU()(_convolved(views, filters, 3))
        if inner:
            views = _shortcut(views, filters, inner)
    return keras.Model(inputs, with_confidence_head(layers.GlobalAveragePooling2D(name=FEATURES)(views)), name="compact")


def with_confidence_head(features: Any) -> Any:
    """The end of a network: probabilities (n, 7) from logits, each face's multiplied by how sure of them one may be, 0..2.

    The factor is one until `training.sureness` has taught it, after all the rest.

    Args:
        features: (n, any), the output of a layer named `FEATURES`.
    """
    layers = import_tensorflow("building a network").keras.layers
    logits = layers.Dense(len(EXPRESSIONS), name=LOGITS)(layers.Dropout(0.3)(features))
    hidden = layers.Dense(CONFIDENCE_UNITS, activation="relu", name=CONFIDENCE_HEAD[0], trainable=False)(features)
    half = layers.Dense(1, activation="sigmoid", kernel_initializer="zeros", name=CONFIDENCE_HEAD[1], trainable=False)(hidden)
    # Twice by a sum: a product with a constant is four-dimensional to OpenCV's reader
    factor = layers.Add()([half, half])
    return layers.Softmax()(layers.Multiply()([logits, factor]))


def _convolved(views: Any, filters: int, side: int, **norm: Any) -> Any:
    """A convolution and its batch norm, which has the bias."""
    layers = import_tensorflow("building a network").keras.layers
    kernels = layers.Conv2D(filters, side, padding="same", use_bias=False, kernel_initializer="he_normal")
    return layers.BatchNormalization(**norm)(kernels(views))


def _shortcut(views: Any, filters: int, inner: int) -> Any:
    """A bottleneck beside a shortcut. It begins as nothing (Goyal et al. 2017, arXiv:1706.02677): networks can grow by it."""
    layers = import_tensorflow("building a network").keras.layers
    inside = layers.ReLU()(_convolved(views, inner, 1))
    inside = layers.ReLU()(_convolved(inside, inner, 3))
    inside = _convolved(inside, filters, 1, gamma_initializer="zeros")
    return layers.ReLU()(layers.Add()([views, inside]))


def _ancestor() -> KerasNetwork:
    """The network of the student systems that this project descends from: 4,232,199 parameters, 134 MMAC."""
    keras = import_tensorflow("building a network").keras
    layers = keras.layers
    stack: list[Any] = []
    for filters in (128, 256, 512, 512):
        stack += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D(2), layers.Dropout(0.4)]
    stack.append(layers.Flatten())
    for units, dropout in ((512, 0.4), (256, 0.3)):
        stack += [layers.Dense(units, activation="relu"), layers.Dropout(dropout)]
    stack.append(layers.Dense(len(EXPRESSIONS), activation="softmax"))
    return keras.Sequential([keras.Input(INPUT_SHAPE), *stack], name="ancestor")


ARCHITECTURES: dict[str, Callable[[], KerasNetwork]] = {"compact": _compact, "ancestor": _ancestor}
