"""Architectures written by Keras 2, turned into what Keras 3 reads (pure)."""

from __future__ import annotations

from typing import Any


def modern(document: Any) -> Any:
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
