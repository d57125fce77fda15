"""A Keras network of other people, loaded in a process of its own: predict with it, or compile it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import numpy as np

from realtime.classifier.child_process import ChildProcess
from realtime.classifier.crops import to_batch
from realtime.classifier.keras_pair import require_tensorflow
from realtime.classifier.network_files import NetworkFiles, read_network_files
from realtime.domain import EXPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.domain import Batch, Probabilities

MEMORY_BYTES = 3 * 2**30
"""Memory of the process for a network without weights."""

MEMORY_PER_WEIGHT_BYTE = 12
"""The converter holds several copies of the weights at the same time."""

FACES_AT_ONCE = 256
"""Faces of one request, so that the time of a request does not depend on the size of a dataset."""


class KerasProcess:
    """Loads a network in another process, inside a `with` block.

    Args:
        network: the `.json` of a pair, or a `.keras` file; or one that was read before.

    Attributes:
        digest: SHA-256 of the files that were read, in hexadecimal; of a pair as `network_files.pair_digest` computes it.
        parameters: number of its parameters; 0 outside the block.

    Raises:
        AssetError: a file is missing or damaged, or does not match the other; or emodj does not run the network.
        EmodjError: TensorFlow is not installed.
    """

    def __init__(self, network: Path | NetworkFiles) -> None:
        self._files = network if isinstance(network, NetworkFiles) else read_network_files(network)
        path = self._files.path
        require_tensorflow(f"{path.name}, a network that emodj has not compiled,")
        self.digest = self._files.digest
        self.parameters = 0
        memory = MEMORY_BYTES + MEMORY_PER_WEIGHT_BYTE * len(self._files.weights)
        self._child = ChildProcess("realtime.classifier.keras_worker", path, memory_bytes=memory)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        files = self._files
        with ExitStack() as stack:
            child = stack.enter_context(self._child)
            architecture = json.dumps(files.architecture).encode()
            header = {"do": "load", "path": str(files.path), "weights_path": str(files.weights_path)}
            # Each part in its own request: a line of JSON and bytes
            child.request({"do": "receive", "path": str(files.path)}, files.weights)
            self.parameters = int(json.loads(child.request(header, architecture)[1])["parameters"])
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *details: object) -> None:
        self.parameters = 0
        self._stack.__exit__(*details)  # pyright: ignore[reportArgumentType]

    def predict(self, batch: Batch) -> Probabilities:
        """Probabilities (n, 7) of crops (n, 48, 48, 1) float32 grey in 0..1, computed by Keras: exact but slow.

        Raises:
            AssetError: the network needs too much memory or time.
        """
        return self._predict(np.split(batch, range(FACES_AT_ONCE, len(batch), FACES_AT_ONCE)))

    def predict_faces(self, images: NDArray[np.uint8]) -> Probabilities:
        """Probabilities (n, 7) of crops (n, 48, 48) uint8 grey; otherwise as `predict`."""
        parts = np.split(images, range(FACES_AT_ONCE, len(images), FACES_AT_ONCE))
        return self._predict(to_batch(part) for part in parts)

    def _predict(self, batches: Iterable[Batch]) -> Probabilities:
        rows = [np.empty((0, len(EXPRESSIONS)), np.float32)]
        for crops in filter(len, batches):
            data = self._child.request({"do": "predict", "path": str(self._files.path)}, crops.astype(np.float32).tobytes())[1]
            rows.append(np.frombuffer(data, np.float32).reshape(len(crops), len(EXPRESSIONS)))
        return np.concatenate(rows)

    def compile(self) -> bytes:
        """Compile the network to a TFLite flatbuffer that gives the same probabilities.

        Raises:
            AssetError: compiling needs too much memory or time.
            EmodjError: TensorFlow cannot compile it, or the compiled network gives other probabilities.
        """
        return self._child.request({"do": "compile", "path": str(self._files.path)})[1]
