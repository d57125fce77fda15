"""Networks so small that training one takes little time. `tiny` has each kind of layer that training treats specially."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtime.classifier import architectures, keras_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

NAME = "tiny"


def tiny() -> Any:
    """A network with one layer of each kind: convolution, batch normalisation, dropout, dense."""
    keras = keras_pair.import_tensorflow("testing").keras
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(keras_pair.INPUT_SHAPE),
            layers.Conv2D(8, 5, strides=4, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.3),
            layers.Dense(7, activation="softmax"),
        ],
        name=NAME,
    )


def doubting() -> Any:
    """A network with a confidence head. Its features are the mean brightness of the upper and of the lower half."""
    keras = keras_pair.import_tensorflow("testing").keras
    layers = keras.layers
    inputs = keras.Input(keras_pair.INPUT_SHAPE)
    features = layers.Flatten(name=architectures.FEATURES)(layers.AveragePooling2D((24, 48))(inputs))
    return keras.Model(inputs, architectures.with_confidence_head(features), name="doubting")


def introduce(patch: pytest.MonkeyPatch, name: str = NAME, build: Callable[[], Any] = tiny) -> None:
    """Register an architecture under a name, for one test."""
    patch.setitem(architectures.ARCHITECTURES, name, build)
