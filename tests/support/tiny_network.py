"""Networks so small that a run takes no time. The first has one of each kind of layer that training must treat well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtime.classifier import architectures, keras_pair

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

NAME = "tiny"


def tiny() -> Any:
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
    """One that says how sure of its answer one may be. It sees how bright a face is above and below."""
    keras = keras_pair.import_tensorflow("testing").keras
    layers = keras.layers
    inputs = keras.Input(keras_pair.INPUT_SHAPE)
    features = layers.Flatten(name=architectures.FEATURES)(layers.AveragePooling2D((24, 48))(inputs))
    return keras.Model(inputs, architectures.with_confidence_head(features), name="doubting")


def mean_of_two(_weights: str) -> Any:
    """One that ends as `transfer` does, in the mean of two heads. None of it comes from elsewhere."""
    keras = keras_pair.import_tensorflow("testing").keras
    layers = keras.layers
    inputs = keras.Input(keras_pair.INPUT_SHAPE)
    features = layers.Flatten()(layers.AveragePooling2D(12)(inputs))
    heads = [layers.Dense(7, activation="softmax")(layers.Dropout(0.3)(features)) for _ in range(2)]
    return keras.Model(inputs, layers.Average()(heads), name="transfer")


def introduce(patch: pytest.MonkeyPatch, name: str = NAME, build: Callable[[], Any] = tiny) -> None:
    """Let training know one, by a name of its own or in the place of another."""
    patch.setitem(architectures.ARCHITECTURES, name, build)
