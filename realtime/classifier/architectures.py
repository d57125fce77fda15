"""Architectures that emodj can train, without weights: compact and ancestor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtime.classifier.keras_pair import INPUT_SHAPE, LOGITS, import_tensorflow
from realtime.domain import EXPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.classifier.keras_pair import KerasNetwork

FER_MEAN, FER_STD = 0.508, 0.255
"""Mean and standard deviation of the pixels of FER-2013's Training part, in 0..1."""

FEATURES = "features"
"""Name of the layer whose output (n, 256) is the input of the logits and of the confidence head."""

CONFIDENCE_HEAD = ("sureness_hidden", "sureness")
"""Names of the two dense layers of the confidence head, which scales the logits of each face."""

CONFIDENCE_UNITS = 64
"""Units of the first of them. With 128 or 256 units, and the network of that time, no more clear faces of PublicTest were
answered at the same accuracy."""


def build_network(architecture: str) -> KerasNetwork:
    """Build an untrained network.

    Args:
        architecture: one of `ARCHITECTURES`.

    Raises:
        KeyError: there is no such architecture.
    """
    return ARCHITECTURES[architecture]()


def _compact() -> KerasNetwork:
    """Four stages of 3×3 convolutions with batch norm (VGG, arXiv:1409.1556), global pooling: 1.45 M weights, 111 MMAC.

    The first stage has only one convolution: on 48×48 pixels a convolution takes the most time and helps the least. The last
    two stages end in a residual bottleneck block (ResNet, arXiv:1512.03385), which adds depth for little time. A confidence
    head scales the logits of each face; this never changes which expression is the most probable one.
    """
    keras = import_tensorflow("building a network").keras
    layers = keras.layers
    inputs = keras.Input(INPUT_SHAPE)
    maps = layers.Rescaling(1 / FER_STD, offset=-FER_MEAN / FER_STD, name="standardise")(inputs)
    for stage, (filters, convolutions, bottleneck) in enumerate(((32, 1, 0), (64, 2, 0), (128, 2, 64), (256, 2, 128))):
        if stage:
            maps = layers.MaxPooling2D()(maps)
        for _ in range(convolutions):
            maps = layers.ReLU()(_convolve(maps, filters, 3))
        if bottleneck:
            maps = _add_residual_block(maps, filters, bottleneck)
    return keras.Model(inputs, with_confidence_head(layers.GlobalAveragePooling2D(name=FEATURES)(maps)), name="compact")


def with_confidence_head(features: Any) -> Any:
    """Add the last layers of a network: logits, confidence head and softmax.

    The confidence head multiplies the logits of each face by a factor in 0..2. The factor is one until
    `training.confidence_head` trains it, after all other layers.

    Args:
        features: output (n, any) of a layer named `FEATURES`.

    Returns:
        Output (n, 7): probabilities.
    """
    layers = import_tensorflow("building a network").keras.layers
    logits = layers.Dense(len(EXPRESSIONS), name=LOGITS)(layers.Dropout(0.3)(features))
    hidden = layers.Dense(CONFIDENCE_UNITS, activation="relu", name=CONFIDENCE_HEAD[0], trainable=False)(features)
    half = layers.Dense(1, activation="sigmoid", kernel_initializer="zeros", name=CONFIDENCE_HEAD[1], trainable=False)(hidden)
    # Doubled by a sum, since OpenCV reads a product with a constant as four-dimensional
    factor = layers.Add()([half, half])
    return layers.Softmax()(layers.Multiply()([logits, factor]))


def _convolve(maps: Any, filters: int, side: int, **norm: Any) -> Any:
    """Convolution without a bias, followed by batch norm, which has one."""
    layers = import_tensorflow("building a network").keras.layers
    kernels = layers.Conv2D(filters, side, padding="same", use_bias=False, kernel_initializer="he_normal")
    return layers.BatchNormalization(**norm)(kernels(maps))


def _add_residual_block(maps: Any, filters: int, bottleneck: int) -> Any:
    """Residual bottleneck block. It starts as the identity (Goyal et al. 2017, arXiv:1706.02677): a trained network can grow.

    Args:
        maps: feature maps (n, height, width, filters).
        filters: channels of `maps` and of the result.
        bottleneck: channels inside the block.
    """
    layers = import_tensorflow("building a network").keras.layers
    residual = layers.ReLU()(_convolve(maps, bottleneck, 1))
    residual = layers.ReLU()(_convolve(residual, bottleneck, 3))
    residual = _convolve(residual, filters, 1, gamma_initializer="zeros")
    return layers.ReLU()(layers.Add()([maps, residual]))


def _ancestor() -> KerasNetwork:
    """Network of the student systems that emodj descends from: 4,232,199 parameters, 134 MMAC."""
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
