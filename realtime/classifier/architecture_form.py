"""Architectures of Keras 2 and 3 in the one form that emodj builds: that of Keras 3, in float32, for inference.

Keras 3 does not read all that Keras 2 wrote: it wants one axis where Keras 2 listed it, no "/" in a name, and other references
between layers. TensorFlow cannot compile layers that draw random numbers, nor half precision. Layers of augmentation change
nothing at inference, and the weights are kept in float32 whatever the precision of the computation was. So the document is
converted before it is checked and built; weights are found by the order or the class of their layers, which stay.
"""

from __future__ import annotations

import re
from typing import Any

from realtime.domain import CROP_SIDE
from realtime.printable import quoted

AUGMENTATIONS = frozenset({
    "AugMix", "CutMix", "MixUp", "RandAugment", "RandomBrightness", "RandomColorDegeneration", "RandomColorJitter",
    "RandomContrast", "RandomElasticTransform", "RandomErasing", "RandomFlip", "RandomGaussianBlur", "RandomGrayscale",
    "RandomHeight", "RandomHue", "RandomInvert", "RandomPerspective", "RandomPosterization", "RandomRotation",
    "RandomSaturation", "RandomSharpness", "RandomShear", "RandomTranslation", "RandomWidth", "RandomZoom", "Solarization",
})  # fmt: skip
"""Layers that change pictures in training and return their input at inference."""

NETWORKS = frozenset({"Functional", "Model", "Sequential"})
"""Classes of a network that is described by its layers."""

PRECISIONS = frozenset({"bfloat16", "float16", "float32", "float64", "mixed_bfloat16", "mixed_float16"})
"""Precisions of a layer; emodj computes each one in float32."""

_POLICIES = frozenset({"DTypePolicy", "FloatDTypePolicy", "Policy", "PolicyV1"})
_OTHER_NAMES = {
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "Convolution2D": "Conv2D",
}
"""Classes that Keras wrote by another name."""

_UNUSED_FIELDS = {
    "SeparableConv2D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "MultiHeadAttention": ("query_shape", "key_shape", "value_shape", "softmax_robust_masking"),
    "SpatialDropout2D": ("trainable", "noise_shape"),
    "DepthwiseConv2D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
}
"""Fields that Keras 2 wrote from the base of a class, and Keras 3 does not accept."""

_OLD_MODULES = ("keras.engine.", "keras.src.engine.")
_NETWORK_MODULES = {"Functional": "keras.src.models.functional", "Sequential": "keras.src.models.sequential"}
_INPUT = "InputLayer"
_NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.-]*")
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]")
_SHAPE_FIELDS = ("batch_shape", "batch_input_shape")
_REFERENCE_LENGTH = 3


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


def to_inference(document: Any) -> Any:
    """Convert a document of `from_keras2` for inference: float32, any number of faces, layers of augmentation as `Identity`.

    Names that Keras 3 or the compiler refuses, and references between layers as Keras 2 wrote them, get another form. What is
    no network stays as it is: the check of the architecture refuses it.

    Raises:
        ValueError: a layer has numbers that are not floats, or the network takes whole numbers; the end of a sentence.
    """
    document = _convert(document, _new_names(document))
    match document:
        case {"class_name": str(kind), "config": {"layers": [{"class_name": "InputLayer", "config": {**first}}, *_]}} if (
            kind in NETWORKS
        ):
            document["config"]["layers"][0]["config"] = _with_crop_size(first)
        case _:
            pass
    return document


def _add_input_layer(config: Any) -> Any:
    if isinstance(config, list):
        config = {"name": "sequential", "layers": config}
    match config:
        case {"layers": [{"class_name": kind, "config": {"batch_input_shape": shape}}, *_] as layers} if kind != _INPUT:
            first = {"class_name": _INPUT, "config": {"batch_input_shape": shape, "dtype": "float32", "name": "crops"}}
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
    return node if node.get("class_name") == _INPUT else _without("batch_input_shape", node)


def _without(name: str, node: Any) -> Any:
    match node:
        case {"config": {**config}} if name in config:
            return {**node, "config": {key: value for key, value in config.items() if key != name}}
        case _:
            return node


def _new_names(node: Any) -> dict[str, str]:
    """The names of layers that Keras 3 or the compiler of TensorFlow does not accept, each with the one that it gets."""
    names: dict[str, str] = {}
    nodes = [node]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            nodes += node.values()
            match node:
                case {"class_name": str(), "config": {"name": str(name)}} if name and not _NAME.fullmatch(name):
                    names[name] = "layer_" + _NO_NAME.sub("_", name)
                case _:
                    pass
        elif isinstance(node, list):
            nodes += node
    return names


def _convert(node: Any, names: dict[str, str]) -> Any:
    match node:
        case str():
            return names.get(node, node)
        case list():
            return [_convert(item, names) for item in node]
        case {"class_name": str(kind), "config": config}:
            node = {key: value if key == "class_name" else _convert(value, names) for key, value in node.items()}
            node["class_name"] = kind = _OTHER_NAMES.get(kind, kind)
            _convert_module(node)
            if not isinstance(config, dict):
                # tf.nn.softmax is registered under the name of its second version
                return node | {"config": "softmax"} if (kind, config) == ("function", "softmax_v2") else node
            return _convert_object(node, kind, node["config"])
        case dict():
            return {key: _convert(value, names) for key, value in node.items()}
        case _:
            return node


def _convert_module(node: dict[str, Any]) -> None:
    module, kind = node.get("module"), node["class_name"]
    if not isinstance(module, str):
        return
    module = module.removeprefix("tf_") if module.startswith("tf_keras.") else module
    is_old = module.startswith(_OLD_MODULES) and kind in NETWORKS
    node["module"] = _NETWORK_MODULES.get(kind, module) if is_old else module


def _convert_object(node: dict[str, Any], kind: str, config: dict[str, Any]) -> dict[str, Any]:
    """Convert a layer, a network or another object of Keras whose parts are converted already."""
    if _is_augmentation(node, kind, config):
        config = {"name": config.get("name"), "trainable": False, "dtype": "float32"}
        return node | {"class_name": "Identity", "config": config}
    if config.get("activation") == "softmax_v2":
        config["activation"] = "softmax"
    if "dtype" in config:
        config["dtype"] = _to_float32(config["dtype"], kind, config.get("name"))
    for name in _UNUSED_FIELDS.get(kind, ()):
        config.pop(name, None)
    match kind:
        case "InputLayer":
            _free_batch_size(config)
        case "BatchNormalization" if isinstance(axes := config.get("axis"), list) and len(axes) == 1:
            config["axis"] = axes[0]
        case _ if kind in NETWORKS:
            _convert_references(config)
        case _:
            pass
    return node


def _free_batch_size(config: dict[str, Any]) -> None:
    # A network that was built by calling it has the number of faces of that call
    for name in _SHAPE_FIELDS:
        if isinstance(shape := config.get(name), list) and shape:
            config[name] = [None, *shape[1:]]


def _is_augmentation(node: dict[str, Any], kind: str, config: dict[str, Any]) -> bool:
    if node.get("module", "keras.layers") != "keras.layers" or node.get("registered_name") not in (None, kind):
        return False
    if kind == "Pipeline":
        layers = config.get("layers")
        return isinstance(layers, list) and all(
            isinstance(layer, dict) and layer.get("class_name") == "Identity" for layer in layers
        )
    return kind in AUGMENTATIONS


def _to_float32(value: Any, kind: str, name: Any) -> Any:
    """The precision for a layer's own; `ValueError` if emodj cannot compute it in float32."""
    match value:
        case None:
            return value
        case str() if value in PRECISIONS:
            return "float32"
        case {"class_name": str(policy), "config": {"name": str(precision)}} if policy in _POLICIES and precision in PRECISIONS:
            return "float32"
        case _ if kind == _INPUT:
            raise ValueError(
                f"its input has the dtype {quoted(value)}, and emodj gives grey in 0..1 as float32: save it inside a network "
                "that takes floats (docs/network.md shows how)"
            )
        case {"class_name": policy}:
            raise ValueError(f"its {kind} {quoted(name)} has the precision {quoted(policy)}: save it before it is quantised")
        case _:
            # Numbers of other objects, such as an array of integers
            return value


def _convert_references(config: dict[str, Any]) -> None:
    """Convert what a network says about the order of its layers, in place."""
    layers = config.get("layers")
    if isinstance(layers, list) and "input_layers" in config:
        kinds = {layer["name"]: _first_call(layer) for layer in layers if isinstance(layer, dict) and _has_name(layer)}
        is_old = False
        for layer in layers:
            if isinstance(layer, dict) and isinstance(nodes := layer.get("inbound_nodes"), list):
                is_old = is_old or any(isinstance(node, list) and node for node in nodes)
                layer["inbound_nodes"] = [_convert_call(node, kinds) for node in nodes]
        for name in ("input_layers", "output_layers"):
            config[name] = _single(config.get(name))
        if is_old:
            config["output_layers"] = _shift_outputs(config["output_layers"], layers, kinds)


def _has_name(layer: dict[str, Any]) -> bool:
    return isinstance(layer.get("name"), str)


def _first_call(layer: dict[str, Any]) -> int:
    """The number that Keras 2 gave to the first call of a layer: a network with an input of its own counts this one, too."""
    match layer:
        case {"class_name": str(kind), "config": {"layers": [{"class_name": "InputLayer"}, *_]}} if kind in NETWORKS:
            return 1
        case _:
            return 0


def _convert_call(node: Any, first_calls: dict[str, int]) -> Any:
    """Convert one call of a layer, [[name, call, output, arguments], …], to the form of Keras 3."""
    if not isinstance(node, list) or not node or not all(_is_reference(item, first_calls) for item in node):
        return node
    tensors = [_tensor(item, first_calls) for item in node]
    arguments = node[0][_REFERENCE_LENGTH] if len(node[0]) > _REFERENCE_LENGTH else {}
    if not isinstance(arguments, dict):
        return node
    return {
        "args": tensors if len(tensors) == 1 else [tensors],
        "kwargs": {
            key: _tensor(value, first_calls) if _is_reference(value, first_calls) else value for key, value in arguments.items()
        },
    }


def _is_reference(item: Any, names: dict[str, int]) -> bool:
    match item:
        case [str(name), int(), int(), *_]:
            return name in names
        case _:
            return False


def _tensor(reference: list[Any], first_calls: dict[str, int]) -> dict[str, Any]:
    name, call, output = reference[:_REFERENCE_LENGTH]
    # Keras finds the tensor by its history alone
    history = [name, max(0, call - first_calls[name]), output]
    return {"class_name": "__keras_tensor__", "config": {"shape": [None], "dtype": "float32", "keras_history": history}}


def _shift_outputs(outputs: Any, layers: list[Any], first_calls: dict[str, int]) -> Any:
    # Keras 3 still counts the input of a functional network here, but not that of a sequential one
    names = {layer["name"] for layer in layers if isinstance(layer, dict) and layer.get("class_name") == "Sequential"}
    match outputs:
        case [str(name), int(call), int(output)] if name in names:
            return [name, max(0, call - first_calls.get(name, 0)), output]
        case list():
            return [_shift_outputs(item, layers, first_calls) for item in outputs]
        case _:
            return outputs


def _single(references: Any) -> Any:
    """The reference of a network that names its only input or output."""
    match references:
        case dict() if len(references) == 1:
            return next(iter(references.values()))
        case [[str(), int(), int()] as reference]:
            return reference
        case _:
            return references


def _with_crop_size(config: dict[str, Any]) -> dict[str, Any]:
    """An input that takes pictures of every size takes crops."""
    for name in _SHAPE_FIELDS:
        match config.get(name):
            case [batch, None, None, 1]:
                return config | {name: [batch, CROP_SIDE, CROP_SIDE, 1]}
            case _:
                pass
    return config
