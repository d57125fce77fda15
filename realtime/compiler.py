"""From the Keras network to the compiled one: a TFLite flatbuffer that LiteRT and OpenCV read."""

from __future__ import annotations

import math
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier import open_classifier
from realtime.errors import EmodjError
from realtime.network import INPUT_SHAPE, answers, first_line, load_pair, tensorflow
from realtime.quiet import quiet

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.network import KerasNetwork

TOLERANCE = 1e-4
"""Largest difference of a probability between Keras and what was compiled."""


def compile_pair(json_path: Path) -> bytes:
    """Load a pair, compile it, and make sure that the compiled network answers like the pair.

    Raises:
        AssetError: the pair cannot be used.
        EmodjError: TensorFlow is not installed, cannot compile the network, or compiles it wrongly.
    """
    network = load_pair(json_path)
    model = compile_network(network)
    crops = np.random.default_rng(0).random((3, *INPUT_SHAPE), np.float32)
    difference = float(np.abs(open_classifier(model).classify(crops) - answers(network, crops)).max())
    if not difference <= TOLERANCE:
        raise EmodjError(f"{json_path}, once compiled, answers otherwise than in Keras: probabilities differ by {difference:.1g}")
    return model


def compile_network(network: KerasNetwork) -> bytes:
    """Compile to a TFLite flatbuffer: float32 weights and arithmetic, any number of crops; equal networks give equal bytes.

    Raises:
        EmodjError: TensorFlow is not installed or cannot compile the network.
    """
    tf = tensorflow("compiling a network")
    with tempfile.TemporaryDirectory() as folder, quiet():
        try:
            _flatten_without_asking(network, tf)
            network.export(folder, format="tf_saved_model", verbose=False)
            return tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        # The converter raises a class of its own, outside any public module
        except Exception as error:
            raise EmodjError(f"TensorFlow cannot compile this network: {first_line(error)}") from error


def _flatten_without_asking(network: KerasNetwork, tf: Any) -> None:
    """Let `Flatten` give the same numbers without asking for the batch's size at run time, which OpenCV cannot read."""

    def flat(inputs: Any) -> Any:
        return tf.reshape(inputs, (-1, math.prod(inputs.shape[1:])))

    for layer in network.layers:
        if isinstance(layer, tf.keras.layers.Flatten) and layer.data_format == "channels_last":
            layer.call = flat
