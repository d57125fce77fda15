"""Load, save and calibrate Keras networks, as a pair of `NAME.json` and `NAME.h5` or as one `.keras` file.

The pair is the architecture, as `model.to_json()` writes it, and the weights, as `model.save` writes them. Input: (n, 48, 48,
1) float32 grey in 0..1. Output: (n, 7), each row a distribution in the order of `domain.Expression`. Any other normalisation is
a part of the network. TensorFlow takes seconds to import, so functions import it when they need it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from realtime.classifier.native_stderr import muted_stderr
from realtime.domain import CROP_SIDE, EXPRESSIONS, SUM_TOLERANCE
from realtime.errors import AssetError, EmodjError
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from realtime.domain import Batch, Probabilities


# TensorFlow has no type information, so networks have the type Any
KerasNetwork = Any

INPUT_SHAPE = (CROP_SIDE, CROP_SIDE, 1)

LOGITS = "logits"
"""Name of the dense layer that gives the logits, in a network that scales them before its softmax."""

SAVED_SUFFIX = ".keras"
"""Suffix of a network that Keras 3 saved in one file (`model.save`)."""

KERAS_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ImportError, RuntimeError, OSError)
"""Exceptions that Keras raises for a file that it cannot read; it has no class of its own for them."""


def import_tensorflow(purpose: str) -> Any:
    """Import TensorFlow without its messages; a program that imported it before keeps its settings.

    Args:
        purpose: what needs TensorFlow: the subject of the error's sentence.

    Raises:
        EmodjError: TensorFlow is not installed.
    """
    loaded = "tensorflow" in sys.modules
    if not loaded:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        # The first messages come before any setting is read. Keras is loaded at its first use and repeats them
        with muted_stderr():
            import tensorflow as tf

            _ = tf.keras.layers
    except ImportError as error:
        raise EmodjError(f"{purpose} needs TensorFlow, which is not installed: pip install tensorflow") from error
    if not loaded:
        tf.get_logger().setLevel(logging.ERROR)
    return tf


def load_network(path: Path) -> KerasNetwork:
    """Read a pair by its `.json`, or one `.keras` file, and check that emodj can run it.

    Raises:
        AssetError: as `load_pair`; or Keras cannot read the file, or the file contains code.
        EmodjError: TensorFlow is not installed.
    """
    if path.suffix != SAVED_SUFFIX:
        return load_pair(path)
    if not path.is_file():
        raise AssetError(f"{path} is missing: a network is NAME.keras, or a pair of NAME.json and NAME.h5 in one folder")
    keras = import_tensorflow(f"{path.name}, a network that Keras saved,").keras
    try:
        with muted_stderr():
            loaded = keras.models.load_model(path, compile=False)
    except (*KERAS_ERRORS, BadZipFile) as error:
        raise AssetError(f"{path} is not a network that Keras can read: {first_line(error)}") from error
    check_shapes(loaded, path)
    check_answers(loaded, path)
    return loaded


def load_pair(json_path: Path) -> KerasNetwork:
    """Read a pair that Keras 3 or 2 wrote, and check that emodj can run it.

    Raises:
        AssetError: a file is missing, is no network or does not match the other; or input or output have a wrong shape or
            scale.
        EmodjError: TensorFlow is not installed.
    """
    weights = json_path.with_suffix(".h5")
    for path in (json_path, weights):
        if not path.is_file():
            raise AssetError(f"{path} is missing: a network is a pair of NAME.json and NAME.h5 in one folder")
    network = _read_architecture(json_path)
    check_shapes(network, json_path)
    try:
        network.load_weights(weights)
        _finalise_normalisation(network)
    except KERAS_ERRORS as error:
        raise AssetError(f"{weights} does not fit {json_path.name}: {first_line(error)}") from error
    check_answers(network, json_path)
    return network


def save_pair(network: KerasNetwork, json_path: Path) -> None:
    """Write a pair: the architecture to `json_path`, the weights, without the state of an optimiser, to the `.h5` beside it.

    Raises:
        EmodjError: a file cannot be written.
    """
    architecture = json.dumps(from_keras2(json.loads(network.to_json())), indent=1) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "network.h5"
        # Keras advises against HDF5, but the format of the pair is fixed
        with _drop_messages("absl", "You are saving your model as an HDF5 file"):
            network.save(weights, include_optimizer=False)
        atomic.write({json_path: architecture.encode(), json_path.with_suffix(".h5"): weights.read_bytes()})


def predict(network: KerasNetwork, batch: Batch) -> Probabilities:
    """Probabilities (n, 7) of crops (n, 48, 48, 1) float32 grey in 0..1, computed by Keras: exact but slow."""
    with muted_stderr():
        return np.asarray(network(batch, training=False), np.float32)


def fold_calibration(network: KerasNetwork, temperature: float, bias: NDArray[np.float32]) -> None:
    """Fold a calibration into the logits layer, in place: logits z become z / temperature + bias.

    A temperature above one lowers the confidence (Guo et al. 2017, arXiv:1706.04599). A bias of -t log(prior) raises the
    probability of rare expressions (Menon et al. 2021, arXiv:2007.07314).

    Args:
        network: its last layer is a dense softmax layer with a bias. Or its last layer is a softmax, and it has a dense
            layer with a bias named `LOGITS`, whose outputs may be scaled before the softmax.
        temperature: above zero.
        bias: (7,), in the order of `Expression`.

    Raises:
        ValueError: temperature or bias is out of range.
        EmodjError: the network has other last layers.
    """
    keras = import_tensorflow("calibrating a network").keras
    if not temperature > 0 or bias.shape != (len(EXPRESSIONS),) or not np.isfinite(bias).all():
        raise ValueError(f"no calibration: temperature {temperature}, bias {bias}")
    layer = _find_logits_layer(keras, network)
    kernel, offset = layer.get_weights()
    layer.set_weights([kernel / temperature, offset / temperature + bias])


def check_shapes(network: KerasNetwork, path: Path) -> None:
    """Check that the input of a network is a batch of crops and its output seven numbers each.

    Raises:
        AssetError: another shape; the sentence names `path`.
    """
    expected = (None, *INPUT_SHAPE), (None, len(EXPRESSIONS))
    actual = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    if actual != expected:
        raise AssetError(f"{path} has input {actual[0]} and output {actual[1]}: emodj needs {expected[0]} and {expected[1]}")


def check_answers(network: KerasNetwork, path: Path) -> None:
    """Check that the outputs of a network are probabilities.

    Raises:
        AssetError: other numbers; the sentence names `path`.
    """
    crops: Batch = np.random.default_rng(0).random((8, *INPUT_SHAPE), np.float32)
    outputs = predict(network, crops)
    if not np.isfinite(outputs).all():
        raise AssetError(f"{path} gives numbers that are not finite: its weights are damaged")
    if outputs.min() < 0 or np.abs(outputs.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise AssetError(f"{path} gives numbers that are not probabilities: its last layer must be a softmax")


def from_keras2(document: Any) -> Any:
    """Convert a parsed `model.to_json()` of Keras 2 to the form of Keras 3; a document of Keras 3 stays as it is.

    Keras before 2.3 put the input shape into the first layer, or listed the layers without a name, and gave initializers a
    dtype. Keras 3 accepts none of these. The compile settings are removed: they may name losses that only the author of the
    network has, and they do not affect the outputs.
    """
    if not isinstance(document, dict):
        return document
    document = {key: value for key, value in document.items() if key != "compile_config"}
    if document.get("class_name") == "Sequential":
        document["config"] = _add_input_layer(document.get("config"))
    return _remove_old_fields(document)


def first_line(error: Exception) -> str:
    """The first line of an error, at most 200 characters: in the next lines Keras prints the whole configuration."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _read_architecture(json_path: Path) -> KerasNetwork:
    keras = import_tensorflow(f"{json_path.name}, a network that emodj has not compiled,").keras
    known = {"Sequential": keras.Sequential, "Functional": keras.Model}
    try:
        document = from_keras2(json.loads(json_path.read_bytes()))
        with muted_stderr():
            network = keras.models.model_from_json(json.dumps(document), custom_objects=known)
    except KERAS_ERRORS as error:
        raise AssetError(f"{json_path} is not a network that Keras can read: {first_line(error)}") from error
    if not isinstance(network, keras.Model):
        raise AssetError(f"{json_path} is not a network: it must contain what `model.to_json()` of Keras returns")
    return network


def _finalise_normalisation(network: KerasNetwork) -> None:
    """Let normalisation layers use the loaded statistics: Keras forgets this for a network inside a network."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            _finalise_normalisation(layer)
        elif hasattr(layer, "finalize_state"):
            layer.finalize_state()


def _find_logits_layer(keras: Any, network: KerasNetwork) -> Any:
    """The layer that gives the logits; `EmodjError` if there is none."""

    def gives_logits(layer: Any, activation: Any) -> bool:
        dense = isinstance(layer, keras.layers.Dense) and layer.units == len(EXPRESSIONS) and layer.use_bias
        return dense and layer.activation is activation

    last = network.layers[-1]
    if gives_logits(last, keras.activations.softmax):
        return last
    for layer in network.layers:
        if layer.name == LOGITS and gives_logits(layer, keras.activations.linear) and isinstance(last, keras.layers.Softmax):
            return layer
    raise EmodjError(
        f"a calibration needs a dense softmax layer with a bias at the end, or a dense layer {LOGITS!r} and a softmax: "
        f"{last.name}, the last layer, is neither"
    )


@contextmanager
def _drop_messages(logger: str, beginning: str) -> Generator[None]:
    """Drop the log messages of a logger that start with `beginning`, inside the block."""

    def keep(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(beginning)

    logging.getLogger(logger).addFilter(keep)
    try:
        yield
    finally:
        logging.getLogger(logger).removeFilter(keep)


def _add_input_layer(config: Any) -> Any:
    if isinstance(config, list):
        config = {"name": "sequential", "layers": config}
    match config:
        case {"layers": [{"class_name": kind, "config": {"batch_input_shape": shape}}, *_] as layers} if kind != "InputLayer":
            first = {"class_name": "InputLayer", "config": {"batch_input_shape": shape, "dtype": "float32", "name": "crops"}}
            return {**config, "layers": [first, *layers]}
        case _:
            return config


def _remove_old_fields(node: Any) -> Any:
    if isinstance(node, list):
        return [_remove_old_fields(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {
        key: _without("dtype", value) if key.endswith("_initializer") else _remove_old_fields(value)
        for key, value in node.items()
    }
    # Each layer but the first gets its input shape from the layer before it
    return node if node.get("class_name") == "InputLayer" else _without("batch_input_shape", node)


def _without(name: str, node: Any) -> Any:
    match node:
        case {"config": {**config}} if name in config:
            return {**node, "config": {key: value for key, value in config.items() if key != name}}
        case _:
            return node
