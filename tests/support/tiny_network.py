"""Networks so small that training one takes little time. `tiny` has each kind of layer that training treats specially."""

from __future__ import annotations

from functools import partial
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


def introduce_backbones(patch: pytest.MonkeyPatch) -> None:
    """Replace the two backbones of `transfer` by small networks with the same inputs and first layers."""
    keras = keras_pair.import_tensorflow("testing").keras
    layers = keras.layers

    def backbone(name: str, *first: Any) -> Callable[..., Any]:
        def build(*, include_top: bool, weights: str | None, input_shape: tuple[int, int, int]) -> Any:
            assert (include_top, weights) == (False, None), "there is nothing to download"
            read = keras.Input(input_shape)
            views = read
            for make in first:
                views = make()(views)
            return keras.Model(
                read, layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(4, 3, strides=8)(views))), name=name
            )

        return build

    patch.setattr(keras.applications, "MobileNetV2", backbone("mobilenetv2_small"))
    stem = partial(layers.Rescaling, 1 / 255), layers.Normalization, partial(layers.ZeroPadding2D, name="stem_conv_pad")
    patch.setattr(keras.applications, "EfficientNetB0", backbone("efficientnetb0_small", *stem))


def introduce(patch: pytest.MonkeyPatch, name: str = NAME, build: Callable[[], Any] = tiny) -> None:
    """Register an architecture under a name, for one test."""
    patch.setitem(architectures.ARCHITECTURES, name, build)
