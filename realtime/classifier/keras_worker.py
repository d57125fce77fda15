"""The other side of `keras_process`: loads a network with Keras and answers requests. Only the child process runs this."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier import child_process, keras_pair
from realtime.classifier.architecture_file import MAX_ACTIVATION
from realtime.classifier.compiler import compile_checked
from realtime.classifier.keras_pair import INPUT_SHAPE
from realtime.classifier.weights_file import check_weights
from realtime.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from realtime.classifier.keras_pair import KerasNetwork

MAX_ACTIVATIONS = 2**27
"""Most numbers that all layers together may give for one face. VGG16 for 224×224 pixels gives 15 million."""


def main() -> None:
    """Answer the requests of a `KerasProcess`."""
    worker = _Worker()
    requests = {name: getattr(worker, name) for name in ("receive", "load", "predict", "compile")}
    child_process.serve(requests)


class _Worker:
    """One network; each method is the request with its name."""

    def __init__(self) -> None:
        self._network: KerasNetwork = None
        self._path = Path()
        self._weights = Path(tempfile.gettempdir()) / "received"

    def receive(self, _: Mapping[str, Any], weights: bytes) -> bytes:
        """Keep the bytes of the weights for `load`."""
        self._weights.write_bytes(weights)
        return b""

    def load(self, header: Mapping[str, Any], architecture: bytes) -> bytes:
        """Build a network within bounds and load its weights; gives the number of its parameters as JSON."""
        self._path, weights_path = Path(header["path"]), Path(header["weights_path"])
        document = json.loads(architecture)
        keras_pair.import_tensorflow(self._path.name)
        try:
            numbers = check_weights(self._weights).numbers
        except (ValueError, OSError, RuntimeError, KeyError) as error:
            why = keras_pair.first_line(error)
            raise AssetError(f"{weights_path} does not fit {self._path.name}: {why}") from error
        _check_size(document, numbers, self._path, weights_path)
        self._network = keras_pair.build_network(document, self._weights, self._path, weights_path)
        return json.dumps({"parameters": int(self._network.count_params())}).encode()

    def predict(self, _: Mapping[str, Any], crops: bytes) -> bytes:
        """Probabilities of crops; both as the bytes of float32 arrays."""
        return keras_pair.predict(self._network, np.frombuffer(crops, np.float32).reshape(-1, *INPUT_SHAPE)).tobytes()

    def compile(self, _: Mapping[str, Any], __: bytes) -> bytes:
        """The network as a TFLite flatbuffer."""
        return compile_checked(self._network, self._path)


def _check_size(document: Any, numbers: int, path: Path, weights_path: Path) -> None:
    """Check how large a network will be, from shapes alone: no weight of it is made.

    Args:
        document: checked architecture.
        numbers: how many numbers the file of weights holds.
        path: the file of the architecture, for the sentence.
        weights_path: the file of the weights, for the sentence.

    Raises:
        AssetError: it has more parameters than the file holds, or a layer gives too many numbers.
    """
    keras = keras_pair.import_tensorflow("reading a network").keras
    with keras.StatelessScope(initialize_variables=False):
        network = keras_pair.build_architecture(document, path)
        keras_pair.check_shapes(network, path)
        parameters = sum(int(np.prod([int(size) for size in weight.shape], dtype=object)) for weight in network.weights)
        total = 0
        for layer, size in _activation_sizes(network):
            total += size
            if size > MAX_ACTIVATION or total > MAX_ACTIVATIONS:
                raise AssetError(
                    f"{path} is not a network that emodj runs: its layers up to {layer!r} give {total} numbers a face, "
                    f"and at most {MAX_ACTIVATION} of one layer and {MAX_ACTIVATIONS} of all are allowed"
                )
    if parameters > numbers:
        raise AssetError(
            f"{weights_path} does not fit {path.name}: the network has {parameters} parameters, and the file holds {numbers}"
        )
    # The weights that were never made must not be made later
    keras.utils.clear_session()


def _activation_sizes(network: KerasNetwork) -> Iterator[tuple[str, int]]:
    """Yield each layer, also of networks inside the network, with how many numbers it gives for one face."""
    for layer in getattr(network, "operations", network.layers):
        if hasattr(layer, "layers"):
            yield from _activation_sizes(layer)
        output = layer.output
        for tensor in output if isinstance(output, list | tuple) else [output]:
            sizes = [int(size) for size in tensor.shape[1:] if size is not None]
            yield str(layer.name), int(np.prod(sizes, dtype=object))
