"""Compile a Keras network to TFLite, which LiteRT and OpenCV can run."""

from __future__ import annotations

import math
import tempfile
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.keras_pair import INPUT_SHAPE, first_line, import_tensorflow, predict
from realtime.classifier.native_stderr import muted_stderr
from realtime.classifier.runtime import open_classifier
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from realtime.classifier.keras_pair import KerasNetwork

VECTOR_BATCH_DIMS = 2
"""Number of dimensions of a batch of vectors."""

REVISION = 2
"""Revision of the compiler's output and of the cached files. Raise it, and cached networks are compiled again."""

TOLERANCE = 1e-4
"""Largest allowed difference of a probability between Keras and the compiled network."""


def compile_pair(json_path: Path) -> bytes:
    """Load and compile a pair in a process of its own, and check that both give the same probabilities.

    Raises:
        AssetError: the pair cannot be used.
        EmodjError: TensorFlow is not installed or cannot compile the network, or probabilities differ by more than `TOLERANCE`.
    """
    from realtime.classifier.keras_process import KerasProcess

    with KerasProcess(json_path) as network:
        return network.compile()


def compile_checked(network: KerasNetwork, path: Path) -> bytes:
    """Compile a network, and check that both give the same probabilities.

    Args:
        network: in this process.
        path: its file, for the sentence.

    Raises:
        EmodjError: TensorFlow cannot compile it, or probabilities differ by more than `TOLERANCE`.
    """
    crops = np.random.default_rng(0).random((3, *INPUT_SHAPE), np.float32)
    expected = predict(network, crops)
    model = compile_network(network)
    difference = float(np.abs(open_classifier(model).classify(crops) - expected).max())
    if not difference <= TOLERANCE:
        raise EmodjError(f"{path} gives other probabilities once compiled than in Keras: they differ by {difference:.1g}")
    return model


def compile_network(network: KerasNetwork) -> bytes:
    """Compile a network to a TFLite flatbuffer: float32 throughout, any batch size. Equal networks give equal bytes.

    Raises:
        EmodjError: TensorFlow is not installed or cannot compile the network.
    """
    tf = import_tensorflow("compiling a network")
    with tempfile.TemporaryDirectory() as folder, muted_stderr():
        try:
            with _opencv_operations(network, tf):
                network.export(folder, format="tf_saved_model", verbose=False)
            return tf.lite.TFLiteConverter.from_saved_model(folder).convert()
        # The class that the converter raises is in no public module
        except Exception as error:
            raise EmodjError(f"TensorFlow cannot compile this network: {first_line(error)}") from error


@contextmanager
def _opencv_operations(network: KerasNetwork, tf: Any) -> Generator[None]:
    """Replace, inside the block, two kinds of layer by equal operations that OpenCV 4.14 reads correctly. LiteRT reads both.

    `Flatten` computes the batch size at run time, which OpenCV cannot read. OpenCV also drops the bias of a dense layer
    without an error. So the bias is written as the product of a one and the row of biases. The one is a softmax over a
    single number, because the converter would fold a constant back into the dense layer.
    """
    layers = tf.keras.layers

    def flatten(inputs: Any) -> Any:
        return tf.reshape(inputs, (-1, math.prod(inputs.shape[1:])))

    def dense(layer: Any, inputs: Any, **_: Any) -> Any:
        one = tf.nn.softmax(inputs @ tf.zeros((inputs.shape[-1], 1)))
        return layer.activation(inputs @ layer.kernel + one @ layer.bias[None])

    flatten_layers = [
        layer for layer in network.layers if type(layer) is layers.Flatten and layer.data_format == "channels_last"
    ]
    biased_layers = [
        layer
        for layer in network.layers
        if type(layer) is layers.Dense and layer.use_bias and layer.input.ndim == VECTOR_BATCH_DIMS
    ]
    for layer in flatten_layers:
        layer.call = flatten
    for layer in biased_layers:
        layer.call = partial(dense, layer)
    try:
        yield
    finally:
        for layer in (*flatten_layers, *biased_layers):
            del layer.call
