"""A network so small that a run of it takes no time; it has one of each kind of layer that training must treat well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtime import network, presets

if TYPE_CHECKING:
    import pytest

NAME = "tiny"


def tiny() -> Any:
    keras = network.tensorflow("testing").keras
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(network.INPUT_SHAPE),
            layers.Conv2D(8, 5, strides=4, use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.3),
            layers.Dense(7, activation="softmax"),
        ],
        name=NAME,
    )


def introduce(patch: pytest.MonkeyPatch, name: str = NAME) -> None:
    """Let training know it, by a name of its own or in the place of another."""
    patch.setitem(presets.ARCHITECTURES, name, tiny)
