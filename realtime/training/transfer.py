"""Two networks of ImageNet as one for faces: MobileNetV2 and EfficientNetB0, frozen, with a new softmax on each.

MobileNetV2: Sandler et al. 2018 (arXiv:1801.04381). EfficientNetB0: Tan & Le 2019 (arXiv:1905.11946). They read 96×96 RGB,
which is made of the 48×48 grey inside the network, so that it is fed like every other network here.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from realtime.classifier.keras_pair import INPUT_SHAPE, first_line, import_tensorflow
from realtime.domain import EXPRESSIONS
from realtime.errors import AssetError, EmodjError

SIDE_PX = 96
DROPOUT = 0.3
FILES = {"MobileNetV2": "mobilenet_v2*_1.0_96_no_top.h5", "EfficientNetB0": "efficientnetb0*notop.h5"}
"""What the files are called that Keras downloads into `~/.keras/models`."""

IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""Of its pixels, red green blue, in 0..1 (`keras.applications.efficientnet`)."""


def build(weights: str) -> Any:
    """Build the network, its two frozen parts with weights and the rest untrained.

    Args:
        weights: "imagenet" lets Keras download them, or take what it downloaded before; "none" leaves them random; else
            a folder with both files under the names that Keras gives them.

    Raises:
        EmodjError: the download failed, or TensorFlow is missing.
        AssetError: the folder lacks a file, or one does not fit.
    """
    keras = import_tensorflow("building a network").keras
    layers = keras.layers
    inputs = keras.Input(INPUT_SHAPE)
    grey = layers.UpSampling2D(SIDE_PX // INPUT_SHAPE[0], interpolation="bilinear")(inputs)
    views = layers.Concatenate()([grey, grey, grey])
    # Each as it was trained: -1..1 for the one, 0..255 for the other, which rescales by itself
    scaled = {"MobileNetV2": layers.Rescaling(2.0, offset=-1.0)(views), "EfficientNetB0": layers.Rescaling(255.0)(views)}
    heads: list[Any] = []
    for name, seen in scaled.items():
        # Frozen layers keep the statistics of their batch norm too, even while the rest is trained
        features = layers.GlobalAveragePooling2D()(_frozen(keras, name, weights)(seen, training=False))
        heads.append(layers.Dense(len(EXPRESSIONS), activation="softmax")(layers.Dropout(DROPOUT)(features)))
    return keras.Model(inputs, layers.Average()(heads), name="transfer")


def _frozen(keras: Any, name: str, weights: str) -> Any:
    builder = getattr(keras.applications, name)
    shape = (SIDE_PX, SIDE_PX, 3)
    if weights == "imagenet":
        backbone = _downloaded(builder, name, shape)
    else:
        backbone = builder(include_top=False, weights=None, input_shape=shape)
        if weights != "none":
            _load(backbone, name, Path(weights))
    backbone.trainable = False
    return backbone


def _downloaded(builder: Any, name: str, shape: tuple[int, int, int]) -> Any:
    try:
        # Keras tells on stdout what it downloads
        with redirect_stdout(sys.stderr):
            return builder(include_top=False, weights="imagenet", input_shape=shape)
    except Exception as error:  # Keras raises nothing finer
        raise EmodjError(
            f"the ImageNet weights of {name} cannot be downloaded ({first_line(error)}): try again where the internet can be "
            "reached, or name a folder that holds them (--weights DIR)"
        ) from error


def _load(backbone: Any, name: str, folder: Path) -> None:
    found = sorted(folder.glob(FILES[name]))
    if not found:
        raise AssetError(f"{folder} holds no {FILES[name]}, the ImageNet weights of {name}: --weights imagenet downloads them")
    try:
        backbone.load_weights(found[0])
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise AssetError(f"{found[0]} holds no weights of {name}: {first_line(error)}") from error
    if name == "EfficientNetB0":
        _divide_once_more(backbone)


def _divide_once_more(backbone: Any) -> None:
    """Scale as Keras does for "imagenet" alone: by a layer that it adds, whose effect is put into the variances here."""
    (norm,) = (layer for layer in backbone.layers if layer.name.startswith("normalization"))
    norm.adapt_variance.assign(norm.adapt_variance * np.array(IMAGENET_DEVIATION, np.float32))
    norm.finalize_state()
