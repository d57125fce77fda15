"""What the convolutions of a compiled network read while it looks at faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from quantisation.kernels import Convolution

BATCH = 10
PLACES = 1500
"""Places of the feature maps that are used of each batch, drawn at random, the same of each batch."""


def second_moments(model: bytes, convolutions: Sequence[Convolution], crops: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """Sum the products of each two inputs of a filter, over places of the feature maps of all crops.

    Args:
        model: TFLite flatbuffer in float32.
        convolutions: of this network, with stride 1 and the padding "same".
        crops: (n, 48, 48, 1) float32 in 0..1; n is a multiple of `BATCH`.

    Returns:
        For each convolution a matrix (height · width · channels)².
    """
    # A delegate would not keep the feature maps
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter: Any = Interpreter(
        model_content=model, experimental_op_resolver_type=resolver, experimental_preserve_all_tensors=True
    )
    first = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(first, (BATCH, *crops.shape[1:]))
    interpreter.allocate_tensors()
    moments = [np.zeros((each.kernels[0].size,) * 2) for each in convolutions]
    for start in range(0, len(crops), BATCH):
        interpreter.set_tensor(first, crops[start : start + BATCH])
        interpreter.invoke()
        for number, convolution in enumerate(convolutions):
            rows = _patches(interpreter.get_tensor(convolution.source), convolution.kernels.shape[1])
            if len(rows) > PLACES:
                rows = rows[np.random.default_rng(0).choice(len(rows), PLACES, replace=False)]
            moments[number] += rows.T @ rows
    return moments


def _patches(maps: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Inputs of a filter at each place, one a row, in the order of the kernels: (places, side · side · channels)."""
    edge = side // 2
    padded = np.pad(maps, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
    return windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, side * side * maps.shape[-1])
