"""Load, save and calibrate Keras networks, as a pair of `NAME.json` and `NAME.h5` or as one `.keras` file.

The pair is the architecture, as `model.to_json()` writes it, and the weights, as `model.save` writes them. Input: (n, 48, 48,
1) float32 grey in 0..1. Output: (n, 7), each row a distribution in the order of `domain.Expression`. Any other normalisation is
a part of the network. TensorFlow takes seconds to import, so functions import it when they need it.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.architecture_form import from_keras2
from realtime.classifier.native_stderr import muted_stderr
from realtime.classifier.network_files import NetworkFiles, read_network_files
from realtime.classifier.weights_file import check_weights, explain_mismatch
from realtime.domain import CROP_SIDE, EXPRESSIONS, SUM_TOLERANCE
from realtime.errors import AssetError, EmodjError
from realtime.storage import atomic
from realtime.storage.library_folders import redirect_library_folders

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from numpy.typing import NDArray

    from realtime.classifier.weights_file import Weights
    from realtime.domain import Batch, Probabilities


# TensorFlow has no type information, so networks have the type Any
KerasNetwork = Any

INPUT_SHAPE = (CROP_SIDE, CROP_SIDE, 1)

LOGITS = "logits"
"""Name of the dense layer that gives the logits, in a network that scales them before its softmax."""

KERAS_ERRORS = (ValueError, TypeError, LookupError, AttributeError, ImportError, RuntimeError, OSError)
"""Exceptions that Keras raises for a file that it cannot read; it has no class of its own for them."""

_SMALLEST_SCALE = 1 / 100
"""A `Rescaling` by less takes pixels in 0..255; usual ones are by 1/255 and 1/127.5."""

_ARRANGING = frozenset({
    "InputLayer", "Identity", "CenterCrop", "Concatenate", "Cropping2D", "Dropout", "GaussianNoise", "Permute", "RandomCrop",
    "Reshape", "Resizing", "ZeroPadding2D",
})  # fmt: skip
"""Layers that only arrange pixels."""

_NOT_INSTALLED = "needs TensorFlow, which is not installed: pip install tensorflow"


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
        redirect_library_folders()
    try:
        # The first messages come before any setting is read. Keras is loaded at its first use and repeats them
        with muted_stderr():
            import tensorflow as tf

            _ = tf.keras.layers
    except ImportError as error:
        raise EmodjError(f"{purpose} {_NOT_INSTALLED}") from error
    if not loaded:
        tf.get_logger().setLevel(logging.ERROR)
    return tf


def require_tensorflow(purpose: str) -> None:
    """Check that TensorFlow is installed, without importing it.

    Args:
        purpose: what needs TensorFlow: the subject of the error's sentence.

    Raises:
        EmodjError: TensorFlow is not installed.
    """
    try:
        found = importlib.util.find_spec("tensorflow") is not None
    except (ImportError, ValueError):
        # ValueError: a program put a module without a specification into its place
        found = "tensorflow" in sys.modules
    if not found:
        raise EmodjError(f"{purpose} {_NOT_INSTALLED}")


def load_network(network: Path | NetworkFiles) -> KerasNetwork:
    """Load a network into this process, and check that emodj can run it.

    Nothing bounds the memory that the network takes: load a file of other people with `KerasProcess`.

    Args:
        network: the `.json` of a pair, or a `.keras` file; or one that was read before.

    Raises:
        AssetError: a file is missing, is no network or does not match the other; emodj does not run a layer of it; or input or
            output have a wrong shape or scale.
        EmodjError: TensorFlow is not installed.
    """
    files = network if isinstance(network, NetworkFiles) else read_network_files(network)
    import_tensorflow(f"{files.path.name}, a network that emodj has not compiled,")
    with tempfile.TemporaryDirectory(prefix="emodj-", ignore_cleanup_errors=True) as folder:
        weights = Path(folder) / "weights"
        weights.write_bytes(files.weights)
        return build_network(files.architecture, weights, files.path, files.weights_path)


def load_pair(json_path: Path) -> KerasNetwork:
    """Read a pair that Keras 3 or 2 wrote; otherwise as `load_network`."""
    return load_network(json_path)


def build_network(architecture: Mapping[str, Any], weights: Path, path: Path, weights_path: Path) -> KerasNetwork:
    """Build a network from a checked architecture, load its weights, and check that emodj can run it.

    Args:
        architecture: as `parse_architecture` returns it.
        weights: HDF5 file with any name; it gets the suffix that Keras knows its layout by.
        path: the file of the architecture, for sentences.
        weights_path: the file of the weights, for sentences.

    Raises:
        AssetError: as `load_network`.
    """
    network = build_architecture(architecture, path)
    check_shapes(network, path)
    try:
        stored = check_weights(weights)
        with muted_stderr():
            network.load_weights(weights.rename(weights.with_name(f"network.{stored.layout}")))
        _finalise_normalisation(network)
    except KERAS_ERRORS as error:
        raise AssetError(f"{weights_path} does not fit {path.name}: {explain_mismatch(error)}") from error
    _check_all_loaded(network, stored, path, weights_path)
    _check_scale(network, path)
    check_answers(network, path)
    return network


def build_architecture(architecture: Mapping[str, Any], path: Path) -> KerasNetwork:
    """Build a network without its weights from a checked architecture.

    Raises:
        AssetError: Keras cannot build it.
    """
    keras = import_tensorflow("reading a network").keras
    known = {"Sequential": keras.Sequential, "Functional": keras.Model}
    try:
        with muted_stderr():
            network = keras.models.model_from_json(json.dumps(architecture), custom_objects=known)
    except KERAS_ERRORS as error:
        raise AssetError(f"{path} is not a network that Keras can read: {first_line(error)}") from error
    if not isinstance(network, keras.Model):
        raise AssetError(f"{path} is not a network: it must contain what `model.to_json()` of Keras returns")
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
        raise AssetError(
            f"{path} has input {actual[0]} and output {actual[1]}: emodj needs {expected[0]} and {expected[1]}, grey crops and "
            "seven expressions (docs/network.md shows how to save it so)"
        )


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
        raise AssetError(
            f"{path} gives numbers that are not probabilities: its last layer must be a softmax (docs/network.md shows how)"
        )


def first_line(error: Exception) -> str:
    """The first line of an error, at most 200 characters: in the next lines Keras prints the whole configuration."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _check_scale(network: KerasNetwork, path: Path) -> None:
    """Check that a network does not normalise pixels in 0..255: crops in 0..1 would all look black to it."""
    for layer in _first_layers(network):
        match type(layer).__name__:
            case "Rescaling":
                is_wide = np.max(np.abs(layer.scale)) < _SMALLEST_SCALE
            case "Normalization":
                is_wide = np.max(np.asarray(layer.mean)) > 1
            case "BatchNormalization":
                is_wide = np.max(np.asarray(layer.moving_mean)) > 1
            case _:
                is_wide = False
        if is_wide:
            raise AssetError(
                f"{path} takes pixels in 0..255, as its layer {layer.name!r} says, and emodj gives grey in 0..1: save it "
                "behind a layer Rescaling(255) (docs/network.md shows how)"
            )


def _first_layers(network: KerasNetwork) -> Generator[Any]:
    """Yield the layers, also of networks inside the network, up to the first one that computes with its input."""
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from _first_layers(layer)
            return
        yield layer
        if type(layer).__name__ not in _ARRANGING:
            return


def _check_all_loaded(network: KerasNetwork, stored: Weights, path: Path, weights_path: Path) -> None:
    """Check that no weights are left over: Keras 3 loads the layers that it knows, and says nothing about the others."""
    floats = sum(int(np.prod(weight.shape)) for weight in network.weights if "float" in str(weight.dtype))
    if floats != stored.floats:
        raise AssetError(
            f"{weights_path} does not fit {path.name}: the network has {floats} weights, and the file holds {stored.floats}"
        )


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
