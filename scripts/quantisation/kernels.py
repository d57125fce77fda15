"""Convolutions of a compiled network: read their kernels, and write them in eight bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

IDENTIFIER = b"TFL3"


@dataclass(frozen=True)
class Convolution:
    """One convolution.

    Attributes:
        source: index of the tensor that it reads.
        tensor: index of the tensor of its kernels.
        kernels: (filters, height, width, channels) float32.
    """

    source: int
    tensor: int
    kernels: NDArray[np.float32]


def parse(model: bytes) -> Any:
    """Read a TFLite flatbuffer."""
    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0))


def pack(network: Any) -> bytes:
    """Write a TFLite flatbuffer."""
    builder = flatbuffers.Builder(1 << 22)
    builder.Finish(network.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def convolutions(network: Any) -> Iterator[Convolution]:
    """The convolutions of a float32 network, in the order in which they run."""
    graph = network.subgraphs[0]
    for operation in graph.operators:
        code = network.operatorCodes[operation.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) == schema.BuiltinOperator.CONV_2D:
            source, tensor = (int(index) for index in operation.inputs[:2])
            data = network.buffers[graph.tensors[tensor].buffer].data
            kernels = np.frombuffer(bytes(data), np.float32).reshape(graph.tensors[tensor].shape)
            yield Convolution(source, tensor, kernels)


def write_kernels(network: Any, tensor: int, rounded: NDArray[np.int8], scales: NDArray[np.float32]) -> None:
    """Replace kernels by eight bits; LiteRT then quantises the input of the convolution too, with a range for each face.

    Args:
        network: changed in place.
        tensor: index of the tensor of the kernels.
        rounded: (filters, height, width, channels) in -127..127.
        scales: (filters,), what one step of each filter is worth.
    """
    target = network.subgraphs[0].tensors[tensor]
    target.type = schema.TensorType.INT8
    target.quantization = schema.QuantizationParametersT()
    target.quantization.scale = scales.astype(np.float32)
    target.quantization.zeroPoint = np.zeros(len(scales), np.int64)
    target.quantization.quantizedDimension = 0
    network.buffers[target.buffer].data = np.frombuffer(rounded.astype(np.int8).tobytes(), np.uint8)
