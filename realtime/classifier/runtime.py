"""Run the compiled network: a batch of crops in, probabilities out.

LiteRT runs the TFLite file; OpenCV runs it where LiteRT has no wheel. Their probabilities differ by no more than 1e-5.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from realtime.classifier.native_stderr import muted_stderr
from realtime.domain import CROP_SIDE, EXPRESSIONS
from realtime.errors import AssetError
from realtime.libraries import explain_import_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.domain import Batch, Probabilities

log = logging.getLogger(__name__)

CROP_SHAPE = (CROP_SIDE, CROP_SIDE, 1)


class Classifier(Protocol):
    """Classifies the expressions of face crops."""

    def classify(self, batch: Batch, /) -> Probabilities:
        """Probabilities (n, 7) of crops (n, 48, 48, 1) float32 grey in 0..1; n may be 0."""
        ...


def open_classifier(model: bytes, *, num_threads: int = 1, notify: Callable[[str], None] = log.info) -> Classifier:
    """Open a compiled network with LiteRT, which is faster, or with OpenCV if LiteRT is not installed or cannot be loaded.

    Args:
        model: TFLite flatbuffer, float32, (n, 48, 48, 1) in and (n, 7) out.
        num_threads: processor cores for one batch; OpenCV ignores it.
        notify: gets a sentence if LiteRT is installed and cannot be loaded.

    Raises:
        AssetError: not a compiled network with these shapes.
        ImportError: OpenCV cannot be loaded either.
    """
    try:
        return LiteRtClassifier(model, num_threads=num_threads)
    except ImportError as error:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("ai_edge_litert"):
            log.info("LiteRT is not installed: OpenCV reads the network")
        else:
            # Windows without the Visual C++ runtime, for example
            notify(f"{explain_import_error(error)}; until then OpenCV reads the network, with the same answers")
        return CvDnnClassifier(model)


class LiteRtClassifier:
    """Runs a compiled network with LiteRT. Not for two threads at once.

    Args:
        model: TFLite flatbuffer, float32, (n, 48, 48, 1) in and (n, 7) out.
        num_threads: processor cores for one batch.

    Raises:
        AssetError: not a compiled network with these shapes.
    """

    def __init__(self, model: bytes, *, num_threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            # LiteRT writes a message about its XNNPACK delegate at the first allocation
            with muted_stderr():
                self._interpreter: Any = Interpreter(model_content=model, num_threads=num_threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            why = str(error).strip() or "it needs more memory than there is"
            raise AssetError(f"this is not a compiled network that LiteRT can read: {why}") from error
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        _check_shapes([tensor["shape_signature"] for tensor in inputs], [tensor["shape_signature"] for tensor in outputs])
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        self._batch_size = int(inputs[0]["shape"][0])

    def classify(self, batch: Batch, /) -> Probabilities:
        """Probabilities (n, 7) of crops (n, 48, 48, 1) float32 grey in 0..1; n may be 0.

        Raises:
            ValueError: the crops have another shape or dtype.
        """
        _check_batch(batch)
        if not len(batch):
            return np.empty((0, len(EXPRESSIONS)), np.float32)
        if len(batch) != self._batch_size:
            self._interpreter.resize_tensor_input(self._input, batch.shape)
            self._interpreter.allocate_tensors()
            self._batch_size = len(batch)
        self._interpreter.set_tensor(self._input, batch)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


class CvDnnClassifier:
    """Runs a compiled network with OpenCV. Not for two threads at once.

    Args:
        model: TFLite flatbuffer, float32, (n, 48, 48, 1) in and (n, 7) out.

    Raises:
        AssetError: not a compiled network with these shapes.
    """

    def __init__(self, model: bytes) -> None:
        import cv2

        try:
            self._network = cv2.dnn.readNetFromTFLite(np.frombuffer(model, np.uint8))
            answer = self._forward(np.zeros((1, *CROP_SHAPE), np.float32))
        except cv2.error as error:
            raise AssetError(f"this is not a compiled network that OpenCV can read: {error.err}") from error
        _check_shapes([(-1, *CROP_SHAPE)], [answer.shape])

    def classify(self, batch: Batch, /) -> Probabilities:
        """Probabilities (n, 7) of crops (n, 48, 48, 1) float32 grey in 0..1; n may be 0.

        Raises:
            ValueError: the crops have another shape or dtype.
        """
        _check_batch(batch)
        return self._forward(batch) if len(batch) else np.empty((0, len(EXPRESSIONS)), np.float32)

    def _forward(self, batch: Batch) -> Probabilities:
        # OpenCV needs the channel axis before the rows. With one channel the memory layout is the same
        self._network.setInput(batch.reshape(len(batch), 1, CROP_SIDE, CROP_SIDE))
        # A copy, since the network may write its next output into the same memory
        return self._network.forward().astype(np.float32)


def _check_batch(batch: Batch) -> None:
    if batch.shape[1:] != CROP_SHAPE or batch.dtype != np.float32:
        raise ValueError(f"expected crops of shape (n, 48, 48, 1) in float32, not {batch.shape} in {batch.dtype}")


def _check_shapes(inputs: list[Any], outputs: list[Any]) -> None:
    actual = [[tuple(map(int, shape[1:])) for shape in shapes] for shapes in (inputs, outputs)]
    if actual != [[CROP_SHAPE], [(len(EXPRESSIONS),)]]:
        raise AssetError(
            f"the compiled network has inputs {actual[0]} and outputs {actual[1]}: expected one (48, 48, 1) and one (7,)"
        )
