"""Architecture `transfer`: frozen MobileNetV2 and EfficientNetB0 from ImageNet, each with a new softmax; their mean.

MobileNetV2: Sandler et al. 2018 (arXiv:1801.04381). EfficientNetB0: Tan & Le 2019 (arXiv:1905.11946). They read 96×96 RGB.
The network makes it from 48×48 grey, so that its input is that of the other architectures.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from realtime.classifier.keras_pair import INPUT_SHAPE, first_line, import_tensorflow
from realtime.classifier.weights_file import check_weights
from realtime.domain import EXPRESSIONS
from realtime.errors import AssetError, EmodjError

SIDE_PX = 96
DROPOUT = 0.3
WEIGHT_FILES = {"MobileNetV2": "mobilenet_v2*_1.0_96_no_top.h5", "EfficientNetB0": "efficientnetb0*notop.h5"}
"""File names (glob patterns) of the weights that Keras downloads into `~/.keras/models`."""

IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
"""Standard deviation of the pixels of ImageNet, red green blue, in 0..1 (`keras.applications.efficientnet`)."""


def build(weights: str) -> Any:
    """Build the network: two frozen parts with weights, and untrained heads.

    Args:
        weights: "imagenet": Keras downloads the weights, or uses an earlier download. "none": random weights. Else a folder
            with both files, with the names that Keras gives them.

    Raises:
        EmodjError: the download failed, or TensorFlow is missing.
        AssetError: the folder lacks a file, or a file does not fit.
    """
    keras = import_tensorflow("building a network").keras
    layers = keras.layers
    inputs = keras.Input(INPUT_SHAPE)
    grey = layers.UpSampling2D(SIDE_PX // INPUT_SHAPE[0], interpolation="bilinear")(inputs)
    views = layers.Concatenate()([grey, grey, grey])
    # Input ranges of the two: -1..1 for MobileNetV2, 0..255 for EfficientNetB0, which contains its own rescaling
    scaled = {"MobileNetV2": layers.Rescaling(2.0, offset=-1.0)(views), "EfficientNetB0": layers.Rescaling(255.0)(views)}
    heads: list[Any] = []
    for name, pixels in scaled.items():
        # With training=False the frozen layers also keep their batch norm statistics
        features = layers.GlobalAveragePooling2D()(_build_frozen(keras, name, weights)(pixels, training=False))
        heads.append(layers.Dense(len(EXPRESSIONS), activation="softmax")(layers.Dropout(DROPOUT)(features)))
    return keras.Model(inputs, layers.Average()(heads), name="transfer")


def _build_frozen(keras: Any, name: str, weights: str) -> Any:
    builder = getattr(keras.applications, name)
    shape = (SIDE_PX, SIDE_PX, 3)
    if weights == "imagenet":
        backbone = _download(builder, name, shape)
    else:
        backbone = builder(include_top=False, weights=None, input_shape=shape)
        if weights != "none":
            _load_weights(backbone, name, Path(weights))
    backbone.trainable = False
    return backbone


def _download(builder: Any, name: str, shape: tuple[int, int, int]) -> Any:
    try:
        # Keras prints its download progress on stdout, which belongs to results
        with redirect_stdout(sys.stderr):
            return builder(include_top=False, weights="imagenet", input_shape=shape)
    except Exception as error:  # Keras raises no narrower class
        raise EmodjError(
            f"the ImageNet weights of {name} cannot be downloaded ({first_line(error)}): try again where the internet can be "
            "reached, or name a folder that holds them (--weights DIR)"
        ) from error


def _load_weights(backbone: Any, name: str, folder: Path) -> None:
    matches = sorted(folder.glob(WEIGHT_FILES[name]))
    if not matches:
        raise AssetError(
            f"{folder} holds no {WEIGHT_FILES[name]}, the ImageNet weights of {name}: --weights imagenet downloads them"
        )
    try:
        check_weights(matches[0])
        backbone.load_weights(matches[0])
    except (ValueError, TypeError, LookupError, OSError) as error:
        raise AssetError(f"{matches[0]} holds no weights of {name}: {first_line(error)}") from error
    if name == "EfficientNetB0":
        _scale_variances(backbone)


def _scale_variances(backbone: Any) -> None:
    """Scale the variances. For "imagenet" Keras adds a rescaling layer; here the variances take its effect."""
    (norm,) = (layer for layer in backbone.layers if layer.name.startswith("normalization"))
    norm.adapt_variance.assign(norm.adapt_variance * np.array(IMAGENET_DEVIATION, np.float32))
    norm.finalize_state()
