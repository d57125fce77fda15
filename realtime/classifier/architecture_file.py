"""Architectures from other people, checked before Keras reads them.

An architecture is the JSON of `model.to_json()`. Keras looks up every class that it names. Some of these classes run code, or a
graph that reads and writes files (`Lambda`, `TFSMLayer`; CVE-2025-9906, CVE-2026-1669). So an architecture is data here: it may
name the classes below and no others, whatever the installed Keras would accept. ONNX does the same with its operators.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from realtime.classifier.architecture_form import NETWORKS, PRECISIONS, from_keras2, to_inference
from realtime.errors import AssetError
from realtime.printable import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_LAYERS = 2000
"""Most layers of a network, with those of the networks inside it. EfficientNetB7, one of the deepest in Keras, has 813."""

MAX_ACTIVATION = 2**22
"""Most numbers that one layer may give for one face. The largest layer of VGG16 for 224×224 pixels gives 3.2 million."""

_MAX_DEPTH = 60
_MAX_NODES = 500_000
_MAX_INTEGER = 2**53
_MAX_DIMENSIONS = 8
_MUST_CONTAIN = "it must contain what `model.to_json()` of Keras returns"

LAYERS = frozenset({
    "InputLayer", "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "AveragePooling2D",
    "BatchNormalization", "CenterCrop", "Concatenate", "Conv2D", "Conv2DTranspose", "Cropping2D", "Dense",
    "DepthwiseConv2D", "Dropout", "ELU", "Flatten", "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D",
    "GlobalAveragePooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "GroupNormalization", "Identity",
    "LayerNormalization", "LeakyReLU", "MaxPooling2D", "Maximum", "Minimum", "MultiHeadAttention", "Multiply",
    "Normalization", "PReLU", "Permute", "RandomCrop", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Resizing",
    "SeparableConv2D", "Softmax", "SpatialDropout2D", "Subtract", "UnitNormalization", "UpSampling2D", "ZeroPadding2D",
})  # fmt: skip
"""Layers that a network may have: those that read pictures. None of them reads a file or runs code of its author."""

_INITIALIZERS = frozenset({
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "IdentityInitializer", "LecunNormal",
    "LecunUniform", "Ones", "Orthogonal", "OrthogonalInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros",
})  # fmt: skip
_REGULARIZERS = frozenset({"L1", "L1L2", "L2", "OrthogonalRegularizer"})
_CONSTRAINTS = frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"})
_VALUES = frozenset({"__keras_tensor__", "__numpy__", "__tuple__"})
_ARITHMETIC = frozenset({"Absolute", "Add", "Divide", "Maximum", "Minimum", "Multiply", "Negative", "Subtract", "TrueDivide"})

ACTIVATIONS = frozenset({
    "elu", "exponential", "gelu", "hard_sigmoid", "hard_silu", "hard_swish", "leaky_relu", "linear", "log_softmax", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "softsign", "swish", "tanh",
})  # fmt: skip
"""Activation functions that a layer may name."""

# The places that Keras 2 and 3 write. Where a file names none, Keras looks in its own lists
_ENGINE = frozenset({
    f"{base}.{name}"
    for base in ("keras.engine", "keras.src.engine", "keras.src.models")
    for name in ("functional", "sequential")
})  # fmt: skip
_CLASSES = {
    "keras.layers": LAYERS,
    "keras.initializers": _INITIALIZERS,
    "keras.regularizers": _REGULARIZERS,
    "keras.constraints": _CONSTRAINTS,
    "keras.src.ops.numpy": _ARITHMETIC,
    "keras": NETWORKS | {"DTypePolicy"},
    "keras.dtype_policies": frozenset({"DTypePolicy"}),
    "keras.models": NETWORKS,
    **dict.fromkeys(_ENGINE, NETWORKS),
}
_WITHOUT_MODULE = LAYERS | NETWORKS | _INITIALIZERS | _REGULARIZERS | _CONSTRAINTS | _VALUES


def parse_architecture(data: bytes, path: Path) -> dict[str, Any]:
    """Parse and check an architecture.

    Args:
        data: the JSON of `model.to_json()`, of Keras 2 or 3.
        path: the file that it comes from, for the sentence.

    Returns:
        The document in the form of Keras 3, without compile and build settings: these may name what only the author has, and
        they do not affect the outputs.

    Raises:
        AssetError: not such a document, or it names something that emodj does not run, or it is too large.
    """
    try:
        document = from_keras2(_without_settings(_parse(data, path)))
        if not isinstance(document, dict) or not isinstance(document.get("class_name"), str):
            raise AssetError(f"{path} is not a network: {_MUST_CONTAIN}")
        document = to_inference(document)
        _check_kind(document["class_name"])
        _check(document)
    except RecursionError as error:
        raise AssetError(f"{path} is not a network that emodj runs: its JSON is nested too deeply") from error
    except ValueError as error:
        raise AssetError(f"{path} is not a network that emodj runs: {error}") from error
    return document


def _parse(data: bytes, path: Path) -> Any:
    if not data.strip():
        raise AssetError(f"{path} is not a network: it is empty, and {_MUST_CONTAIN}")
    try:
        return json.loads(data)
    except json.JSONDecodeError as error:
        raise AssetError(f"{path} is not a network: it is no JSON from line {error.lineno} on, and {_MUST_CONTAIN}") from error
    # Bytes that are no text, or a number of thousands of digits
    except ValueError as error:
        raise AssetError(f"{path} is not a network: it is no JSON, and {_MUST_CONTAIN}") from error


def _without_settings(node: Any) -> Any:
    """Remove the compile and build settings of every network and layer."""
    if isinstance(node, list):
        return [_without_settings(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_settings(value) for key, value in node.items() if key not in {"compile_config", "build_config"}}


def _check_kind(kind: str) -> None:
    if kind not in NETWORKS:
        raise ValueError(f"it is a {quoted(kind)}, and emodj runs models that are built as `Sequential` or as functional ones")


def _check(document: dict[str, Any]) -> None:
    """Check every part of a document; `ValueError` says which one is not allowed."""
    layers = 0
    for number, (node, owner) in enumerate(_walk(document, "the network", 0)):
        if number == _MAX_NODES:
            raise ValueError(f"it has more than {_MAX_NODES} parts")
        match node:
            case dict():
                _check_dict(node, owner)
                layers += node.get("class_name") in LAYERS
            case bool() | None | str():
                pass
            case int() if abs(node) > _MAX_INTEGER:
                raise ValueError(f"{owner} has {quoted(node)}")
            case float() if not math.isfinite(node):
                raise ValueError(f"{owner} has a number that is not finite")
            case _:
                pass
        if layers > MAX_LAYERS:
            raise ValueError(f"it has more than {MAX_LAYERS} layers")


def _walk(node: Any, owner: str, depth: int) -> Iterator[tuple[Any, str]]:
    """Yield every part of a document, each with the layer that it belongs to, in the words of a sentence."""
    if depth > _MAX_DEPTH:
        raise ValueError("its parts are nested too deeply")
    yield node, owner
    if isinstance(node, dict):
        if "class_name" in node:
            owner = _describe(node)
        for value in node.values():
            yield from _walk(value, owner, depth + 1)
    elif isinstance(node, list):
        for value in node:
            yield from _walk(value, owner, depth + 1)


def _describe(node: dict[str, Any]) -> str:
    config = node.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    kind = quoted(node["class_name"])
    return f"its {kind} {quoted(name)}" if isinstance(name, str) else f"its {kind}"


def _check_dict(node: dict[str, Any], owner: str) -> None:
    for name in ("batch_shape", "batch_input_shape", "input_shape"):
        if name in node:
            _check_shape(node[name], owner)
    if "activation" in node:
        _check_activation(node["activation"], owner)
    if "class_name" in node:
        _check_class(node, owner)


def _check_class(node: dict[str, Any], owner: str) -> None:
    kind, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
    if not isinstance(module, str | None):
        module = ""
    if kind == "function":
        # The reader of the old form takes a function of this name from the lists of Keras, the new one from this module
        if not _is_one_of(node.get("config"), ACTIVATIONS) or module not in {"builtins", "keras.activations"}:
            raise ValueError(f"{owner} calls the function {quoted(node.get('config'))}, which is not an activation of Keras")
        return
    if not _is_one_of(kind, _WITHOUT_MODULE if module is None else _CLASSES.get(module, frozenset())):
        origin = f" of {quoted(module)}" if module and not module.startswith("keras") else ""
        raise ValueError(f"{owner} has the class {quoted(kind)}{origin}, which is not one that emodj runs (docs/network.md)")
    if registered is not None and registered != kind:
        raise ValueError(f"{owner} has a class of its author, {quoted(registered)}")
    config = node.get("config")
    if kind == "DTypePolicy" and not (isinstance(config, dict) and _is_one_of(config.get("name"), PRECISIONS)):
        raise ValueError(f"{owner} has an unknown precision")


def _check_shape(shape: Any, owner: str) -> None:
    if not isinstance(shape, list) or len(shape) > _MAX_DIMENSIONS or not all(_is_size(size) for size in shape):
        raise ValueError(f"{owner} has an input without a readable shape")
    if math.prod(size for size in shape if size is not None) > MAX_ACTIVATION:
        raise ValueError(f"{owner} has an input of {shape}: at most {MAX_ACTIVATION} numbers are allowed")


def _check_activation(value: Any, owner: str) -> None:
    # A layer in the place of a function is checked as every other layer
    if isinstance(value, str) and value not in ACTIVATIONS:
        raise ValueError(f"{owner} has the activation {quoted(value)}, which is not one that emodj runs (docs/network.md)")


def _is_size(value: object) -> bool:
    return value is None or (isinstance(value, int) and 0 <= value <= _MAX_INTEGER)


def _is_one_of(value: object, names: frozenset[str]) -> bool:
    return isinstance(value, str) and value in names
