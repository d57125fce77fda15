"""The Keras network: load, save, calibrate. TensorFlow takes seconds to import, so it is imported inside functions.

The pair is `NAME.json` (architecture, as `model.to_json()` writes it) and `NAME.h5` (`model.save`). Input (n, 48, 48, 1)
float32 grey in 0..1; output (n, 7), each row a distribution in the order of `domain.Expression`. Any further
normalisation lives inside the network.
"""

from __future__ import annotations

import json
import logging
import os
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


# TensorFlow ships no type information: a network is opaque outside this module and `training`.
KerasNetwork = Any
INPUT_SHAPE = (CROP_SIDE, CROP_SIDE, 1)
LOGITS = "logits"
"""Name of the dense layer that makes the logits, in a network that does more with them before its softmax."""


def import_tensorflow(purpose: str) -> Any:
    """Import TensorFlow, quietly.

    Args:
        purpose: what it is needed for, as the subject of the sentence where it is missing.

    Raises:
        EmodjError: TensorFlow is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        # Its first lines come before any setting is read; Keras is loaded by its first use, and says them again
        with muted_stderr():
            import tensorflow as tf

            _ = tf.keras.layers
    except ImportError as error:
        raise EmodjError(f"{purpose} needs TensorFlow, which is not installed: pip install tensorflow") from error
    tf.get_logger().setLevel(logging.ERROR)
    return tf


def save_pair(network: KerasNetwork, json_path: Path) -> None:
    """Write the pair: the architecture to `json_path`, the weights, without an optimiser's state, to the `.h5` beside it.

    Raises:
        EmodjError: a file cannot be written.
    """
    architecture = json.dumps(from_keras2(json.loads(network.to_json())), indent=1) + "\n"
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "network.h5"
        # That weights lie in an h5 is a promise of ours, so Keras' advice against it is noise
        with _dropped("absl", "You are saving your model as an HDF5 file"):
            network.save(weights, include_optimizer=False)
        atomic.write({json_path: architecture.encode(), json_path.with_suffix(".h5"): weights.read_bytes()})


def load_pair(json_path: Path) -> KerasNetwork:
    """Read a pair written by Keras 3 or 2 and check that it is a network such as emodj can run.

    Raises:
        AssetError: a file is missing, is no network, does not fit the other, or reads or answers in another shape or scale.
        EmodjError: TensorFlow is not installed.
    """
    weights = json_path.with_suffix(".h5")
    for path in (json_path, weights):
        if not path.is_file():
            raise AssetError(f"{path} is missing: a network is a pair of NAME.json and NAME.h5 in one folder")
    network = _architecture(json_path)
    check_shapes(network, json_path)
    try:
        network.load_weights(weights)
        _finalise(network)
    except KERAS_ERRORS as error:
        raise AssetError(f"{weights} does not fit {json_path.name}: {first_line(error)}") from error
    check_answers(network, json_path)
    return network


def _finalise(network: KerasNetwork) -> None:
    """Let normalisation take the statistics that were read: in a network inside a network Keras forgets it."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            _finalise(layer)
        elif hasattr(layer, "finalize_state"):
            layer.finalize_state()


def predict(network: KerasNetwork, batch: Batch) -> Probabilities:
    """Probabilities (n, 7) of crops (n, 48, 48, 1) float32 grey in 0..1, said by Keras itself: exact and slow."""
    with muted_stderr():
        return np.asarray(network(batch, training=False), np.float32)


def fold_calibration(network: KerasNetwork, temperature: float, bias: NDArray[np.float32]) -> None:
    """Build a calibration into the layer that makes the logits, in place: these, z, become z / temperature + bias.

    A temperature above one makes the network less sure (Guo et al. 2017, arXiv:1706.04599); a bias of -t log(prior) makes
    rare expressions likelier (Menon et al. 2021, arXiv:2007.07314).

    Args:
        network: ends in a dense softmax layer with a bias, or in a softmax and has a dense layer with a bias named `LOGITS`,
            whose outputs may be scaled on the way.
        temperature: above zero.
        bias: (7,), in the order of `Expression`.

    Raises:
        ValueError: temperature or bias are out of range.
        EmodjError: the network ends otherwise.
    """
    keras = import_tensorflow("calibrating a network").keras
    if not temperature > 0 or bias.shape != (len(EXPRESSIONS),) or not np.isfinite(bias).all():
        raise ValueError(f"no calibration: temperature {temperature}, bias {bias}")
    layer = _logits(keras, network)
    kernel, offset = layer.get_weights()
    layer.set_weights([kernel / temperature, offset / temperature + bias])


def _logits(keras: Any, network: KerasNetwork) -> Any:
    """The layer that makes the logits."""

    def fits(layer: Any, activation: Any) -> bool:
        dense = isinstance(layer, keras.layers.Dense) and layer.units == len(EXPRESSIONS) and layer.use_bias
        return dense and layer.activation is activation

    last = network.layers[-1]
    if fits(last, keras.activations.softmax):
        return last
    for layer in network.layers:
        if layer.name == LOGITS and fits(layer, keras.activations.linear) and isinstance(last, keras.layers.Softmax):
            return layer
    raise EmodjError(
        f"a calibration needs a dense softmax layer with a bias at the end, or a dense layer {LOGITS!r} and a softmax, "
        f"and {last.name} is none"
    )


# What Keras raises on files that are not its own; it has no class for that
KERAS_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ImportError, RuntimeError, OSError)


def _architecture(json_path: Path) -> KerasNetwork:
    keras = import_tensorflow(f"{json_path.name}, a network that emodj has not compiled,").keras
    known = {"Sequential": keras.Sequential, "Functional": keras.Model}
    try:
        document = from_keras2(json.loads(json_path.read_bytes()))
        with muted_stderr():
            network = keras.models.model_from_json(json.dumps(document), custom_objects=known)
    except KERAS_ERRORS as error:
        raise AssetError(f"{json_path} is no network that Keras can read: {first_line(error)}") from error
    if not isinstance(network, keras.Model):
        raise AssetError(f"{json_path} is no network: it must hold what `model.to_json()` of Keras returns")
    return network


def check_shapes(network: KerasNetwork, path: Path) -> None:
    """Make sure that a network reads crops and answers seven numbers. Raises `AssetError`, with its path, if not."""
    wanted = (None, *INPUT_SHAPE), (None, len(EXPRESSIONS))
    found = getattr(network, "input_shape", None), getattr(network, "output_shape", None)
    if found != wanted:
        raise AssetError(f"{path} reads {found[0]} and answers {found[1]}: emodj needs {wanted[0]} and {wanted[1]}")


def check_answers(network: KerasNetwork, path: Path) -> None:
    """Make sure that a network answers with probabilities. Raises `AssetError`, with its path, if not."""
    crops: Batch = np.random.default_rng(0).random((8, *INPUT_SHAPE), np.float32)
    said = predict(network, crops)
    if not np.isfinite(said).all():
        raise AssetError(f"{path} answers with numbers that are not finite: its weights are damaged")
    if said.min() < 0 or np.abs(said.sum(axis=1) - 1).max() > SUM_TOLERANCE:
        raise AssetError(f"{path} answers with numbers that are no probabilities: its last layer must be a softmax")


def first_line(error: Exception) -> str:
    """What went wrong in one line, for a sentence; after it Keras prints the whole configuration."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


@contextmanager
def _dropped(logger: str, beginning: str) -> Generator[None]:
    def keep(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(beginning)

    logging.getLogger(logger).addFilter(keep)
    try:
        yield
    finally:
        logging.getLogger(logger).removeFilter(keep)


def from_keras2(document: Any) -> Any:
    """Bring a parsed `model.to_json()` of any version into the present form; all that is present already stays as it is.

    Keras before 2.3 named the input's shape in the first layer, or listed the layers without a name, and gave initializers
    a dtype: Keras 3 takes none of that. How the network was compiled is left out, since it may name losses of its author's
    own and says nothing about what the network answers.
    """
    if not isinstance(document, dict):
        return document
    document = {key: value for key, value in document.items() if key != "compile_config"}
    if document.get("class_name") == "Sequential":
        document["config"] = _with_input_layer(document.get("config"))
    return _cleaned(document)


def _with_input_layer(config: Any) -> Any:
    if isinstance(config, list):
        config = {"name": "sequential", "layers": config}
    match config:
        case {"layers": [{"class_name": kind, "config": {"batch_input_shape": shape}}, *_] as layers} if kind != "InputLayer":
            first = {"class_name": "InputLayer", "config": {"batch_input_shape": shape, "dtype": "float32", "name": "crops"}}
            return {**config, "layers": [first, *layers]}
        case _:
            return config


def _cleaned(node: Any) -> Any:
    if isinstance(node, list):
        return [_cleaned(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _without("dtype", value) if key.endswith("_initializer") else _cleaned(value) for key, value in node.items()}
    # Every layer but the first took its input's shape from the one before it anyway
    return node if node.get("class_name") == "InputLayer" else _without("batch_input_shape", node)


def _without(name: str, node: Any) -> Any:
    match node:
        case {"config": {**config}} if name in config:
            return {**node, "config": {key: value for key, value in config.items() if key != name}}
        case _:
            return node


SAVED_SUFFIX = ".keras"
"""How the name of a network ends that Keras 3 saved in one file (`model.save`)."""


def load_network(path: Path) -> KerasNetwork:
    """Read a pair by its `.json`, or one `.keras` file, and check that it is a network such as emodj can run.

    Raises:
        AssetError: as `network.load_pair`; or Keras cannot read the file, or it would run code of its own.
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
        raise AssetError(f"{path} is no network that Keras can read: {first_line(error)}") from error
    check_shapes(loaded, path)
    check_answers(loaded, path)
    return loaded
