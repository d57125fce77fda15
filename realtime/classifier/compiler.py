"""From the Keras network to the compiled one: a TFLite flatbuffer that LiteRT and OpenCV read."""

from __future__ import annotations

import math
import tempfile
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.keras_pair import INPUT_SHAPE, first_line, import_tensorflow, load_pair, predict
from realtime.classifier.native_stderr import muted_stderr
from realtime.classifier.runtime import open_classifier
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from realtime.classifier.keras_pair import KerasNetwork

ROWS = 2
"""Dimensions of a batch of vectors."""

REVISION = 1
"""Of what the compiler makes of a network: raise it, and what was kept of other people's networks is compiled anew."""

TOLERANCE = 1e-4
"""Largest difference of a probability between Keras and what was compiled."""


def compile_pair(json_path: Path) -> bytes:
    """Load a pair, compile it, and make sure that the compiled network answers like the pair.

    Raises:
        AssetError: the pair cannot be used.
        EmodjError: TensorFlow is not installed, cannot compile the network, or compiles it wrongly.
    """
    network = load_pair(json_path)
    crops = np.random.default_rng(0).random((3, *INPUT_SHAPE), np.float32)
    expected = predict(network, crops)
    model = compile_network(network)
    difference = float(np.abs(open_classifier(model).classify(crops) - expected).max())
    if not difference <= TOLERANCE:
        raise EmodjError(
            f"{json_path}, once compiled, answers otherwise than in Keras: probabilities differ by {difference:.1g}"
        )
    return model


def compile_network(network: KerasNetwork) -> bytes:
    """Compile to a TFLite flatbuffer: float32 weights and arithmetic, any number of crops; equal networks give equal bytes.

    Raises:
        EmodjError: TensorFlow is not installed or cannot compile the network.
    """
    tf = import_tensorflow("compiling a network")
    with tempfile.TemporaryDirectory() as folder, muted_stderr():
        try:
            with _suited_to_opencv(network, tf):
                network.export(folder, format="tf_saved_model", verbose=False)
            return tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        # The converter raises a class of its own, outside any public module
        except Exception as error:
            raise EmodjError(f"TensorFlow cannot compile this network: {first_line(error)}") from error


@contextmanager
def _suited_to_opencv(network: KerasNetwork, tf: Any) -> Generator[None]:
    """Let two kinds of layer compute the same by operations that OpenCV 4.14 reads rightly; LiteRT minds neither.

    `Flatten` asks for the batch's size at run time, which OpenCV cannot read. And of a dense layer it takes the weights
    and leaves out the bias, without a word. So the bias becomes a product of its own: of a one with the row of biases,
    where the one is a softmax over a single number, since the converter would put a constant back where it came from.
    """
    layers = tf.keras.layers

    def flat(inputs: Any) -> Any:
        return tf.reshape(inputs, (-1, math.prod(inputs.shape[1:])))

    def dense(layer: Any, inputs: Any, **_: Any) -> Any:
        one = tf.nn.softmax(inputs @ tf.zeros((inputs.shape[-1], 1)))
        return layer.activation(inputs @ layer.kernel + one @ layer.bias[None])

    flattening = [layer for layer in network.layers if type(layer) is layers.Flatten and layer.data_format == "channels_last"]
    biased = [layer for layer in network.layers if type(layer) is layers.Dense and layer.use_bias and layer.input.ndim == ROWS]
    for layer in flattening:
        layer.call = flat
    for layer in biased:
        layer.call = partial(dense, layer)
    try:
        yield
    finally:
        for layer in (*flattening, *biased):
            del layer.call
