"""Refuse compiled networks whose memory or time depends on the values of a face.

The sizes of most operations follow from the shape of the input. A few operations compute sizes from values, such as the list of
all pixels above a limit, or a range up to a sum of pixels; loops run until a value is reached. With a face that no trial has
shown, such a network can take any memory. A network of layers needs none of this.

Sizes are whole numbers of 32 or 64 bits. So a network has fixed sizes if none of these is computed from the values of its
input, and it has one graph (loops and branches have more), no range of floats, and no operation that TFLite does not name. That
is followed through the graph as LiteRT has prepared it, since a file can state other types than those that run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.errors import AssetError
from realtime.printable import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZE_TYPES = frozenset({np.int32, np.int64, np.uint32, np.uint64})

_SHAPES = frozenset({"RANK", "SHAPE"})
"""Operations whose answer depends on the shape of what they are given, and not on its values."""

_CHANGING = frozenset({
    "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN", "LSTM", "MULTINOMIAL", "RANDOM_STANDARD_NORMAL",
    "RANDOM_UNIFORM", "READ_VARIABLE", "RNN", "STABLEHLO_RNG_BIT_GENERATOR", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "UNIDIRECTIONAL_SEQUENCE_RNN",
})  # fmt: skip
"""Operations whose answer changes from run to run, also with an equal input: they are random, or they remember."""

_UNNAMED = frozenset({"CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"})


def check_fixed_sizes(model: bytes) -> None:
    """Check a compiled network that LiteRT can read.

    Args:
        model: TFLite flatbuffer.

    Raises:
        AssetError: its sizes can depend on the values of a face; the sentence names the operation.
        ImportError: LiteRT cannot be loaded.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    # A delegate would stand in the place of the operations
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter: Any = Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    named = vars(BuiltinOperator).keys() - _UNNAMED
    operations = [
        (str(each["op_name"]), _tensors(each["inputs"]), _tensors(each["outputs"]))
        # The library has no public name for the list of operations
        for each in interpreter._get_ops_details()  # noqa: SLF001
    ]
    for name, _, _ in operations:
        if name not in named:
            raise AssetError(f"it has the operation {quoted(name)}, which emodj does not run")
    if interpreter.num_subgraphs() > 1:
        raise AssetError("it has loops or branches, so its time and memory can depend on the face: emodj does not run it")
    whole = {each["index"] for each in interpreter.get_tensor_details() if each["dtype"] in _SIZE_TYPES}
    inputs = {each["index"] for each in interpreter.get_input_details()}
    for name in _value_sized(operations, inputs, whole):
        raise AssetError(f"its operation {name} computes whole numbers from the pixels of a face, so its memory has no limit")


def _tensors(indices: Any) -> frozenset[int]:
    """Numbers of the tensors of an operation; those that it leaves out are negative."""
    return frozenset(int(index) for index in indices if index >= 0)


def _value_sized(
    operations: list[tuple[str, frozenset[int], frozenset[int]]], inputs: set[int], whole: set[int]
) -> Iterator[str]:
    """The operations that can compute a size from the values of the input."""
    changing = set(inputs)
    is_new = True
    while is_new:
        # Again, as long as there is something new: an operation may read what a later one wrote for the face before
        is_new = False
        for name, read, written in operations:
            if name in _SHAPES or not (name in _CHANGING or read & changing):
                continue
            if written & whole or name == "RANGE":
                yield name
            is_new |= not written <= changing
            changing |= written
