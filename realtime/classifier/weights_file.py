"""Weights from other people: an HDF5 file, checked before Keras reads it.

HDF5 can point out of a file: by links to other files, by datasets whose bytes lie in another file, and by virtual datasets that
are put together from several. It can also declare far more numbers than it stores. None of this is in a file that Keras wrote.
h5py comes with TensorFlow. Its C library may fail on a damaged file, so only the Keras process calls this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MAX_EXPANSION = 4
"""Most bytes that a byte of the file may stand for: real weights are hardly smaller once compressed."""

_SPARE_BYTES = 2**20
_MAX_OBJECTS = 100_000
_NUMBERS = "fiubV"
"""Kinds of dtype that Keras writes; V is bfloat16, which HDF5 does not know."""
_FLOATS = "fV"
_OF_TRAINING = frozenset({"optimizer", "optimizer_weights", "metrics"})
"""Groups of the file with the state of a training, in either layout."""
_MAX_NUMBER_BYTES = 8
_FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32"}
"""Filters that are a part of HDF5 by their number. HDF5 loads any other one from a library that it looks for on the disk."""


_SHAPE = r"(\([^)]*\))"
_PATH = r"(\S*?)/([^/\s,]+)"
_SHAPES = "{1} of the layer {0!r} has the shape {2}, and {3} in the file of weights"
_COUNTS = "the layer {0!r} has weights of {1} kinds, and {2} in the file of weights"
_MISMATCHES = {
    re.compile(rf"for weight {_PATH}\. Weight expects shape {_SHAPE}\. Received saved weight with shape {_SHAPE}"): _SHAPES,
    re.compile(rf"variable\.shape={_SHAPE}, Received: value\.shape={_SHAPE}\. Target variable: <Variable path={_PATH},"): (
        "{3} of the layer {2!r} has the shape {0}, and {1} in the file of weights"
    ),
    re.compile(r"layer #\d+ \(named (.+?) in the current.*?Layer expects (\d+) weight.*?Received (\d+)"): _COUNTS,
    re.compile(r"Layer '([^']+)' expected (\d+) variables, but received (\d+) variables"): _COUNTS,
    re.compile(r"Model expected (\d+) layers, found (\d+) saved"): (
        "it has {0} layers with weights, and {1} in the file of weights"
    ),
}
"""Messages of Keras 3 about weights of another network; the rest of a path in front of a name is left out."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a file of weights holds.

    Attributes:
        numbers: how many numbers, those of an optimiser included.
        floats: how many of them are floats and not of a training: those of the layers.
        layout: "h5" as `model.save("NAME.h5")` writes it; "weights.h5" as `save_weights("NAME.weights.h5")` of Keras 3 does.
    """

    numbers: int
    floats: int
    layout: str


def check_weights(path: Path) -> Weights:
    """Check a file of weights without reading a number of it.

    Raises:
        ValueError: it points out of itself, or holds what Keras does not write; the message is the end of a sentence.
        OSError: it is no HDF5 file, or it is damaged.
    """
    import h5py
    from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue] - a compiled module without types

    seen: set[int] = set()
    numbers = floats = total = 0
    with h5py.File(path, "r") as file:
        limit = MAX_EXPANSION * path.stat().st_size + _SPARE_BYTES
        groups: list[Any] = [file]
        while groups:
            group = groups.pop()
            for name in group:
                item = _open_item(group, name)
                address = h5o.get_info(item.id).addr
                if address in seen:
                    raise ValueError(f"{item.name} is stored under two names")
                seen.add(address)
                if len(seen) > _MAX_OBJECTS:
                    raise ValueError(f"it has more than {_MAX_OBJECTS} parts")
                if isinstance(item, h5py.Group):
                    groups.append(item)
                    continue
                _check_dataset(item)
                numbers += int(item.size)
                if item.dtype.kind in _FLOATS and item.name.split("/")[1] not in _OF_TRAINING:
                    floats += int(item.size)
                total += int(item.size) * item.dtype.itemsize
                if total > limit:
                    raise ValueError(f"it declares more than {limit} bytes of weights, and is {path.stat().st_size} bytes long")
        is_legacy = "layer_names" in file.attrs or "model_weights" in file
    return Weights(numbers, floats, "h5" if is_legacy else "weights.h5")


def explain_mismatch(error: Exception) -> str:
    """Explain why Keras could not load weights: the layer and the shapes, out of one of its long messages.

    Returns:
        The end of a sentence; the first line of the message where it is none of those that are known.
    """
    text = str(error)
    for pattern, sentence in _MISMATCHES.items():
        if found := pattern.search(text):
            return sentence.format(*(group.rsplit("/", 1)[-1] for group in found.groups()))
    lines = text.strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _open_item(group: Any, name: str) -> Any:
    """Open a group or a dataset of the file itself."""
    import h5py

    link = group.get(name, getlink=True)
    where = f"{group.name.rstrip('/')}/{name}"
    match link:
        case h5py.HardLink():
            item = group[name]
        case h5py.ExternalLink():
            raise ValueError(f"{where} is a link to another file, {link.filename}")
        case _:
            raise ValueError(f"{where} is a link to another place")
    match item:
        case h5py.Group() | h5py.Dataset():
            return item
        case _:
            raise ValueError(f"{where} is neither a group nor a dataset")


def _check_dataset(dataset: Any) -> None:
    if dataset.external:
        raise ValueError(f"{dataset.name} is stored in another file, {dataset.external[0][0]}")
    if dataset.is_virtual:
        raise ValueError(f"{dataset.name} is a virtual dataset, put together from other files")
    kind = dataset.dtype
    if kind.kind not in _NUMBERS or kind.names is not None or kind.itemsize > _MAX_NUMBER_BYTES or dataset.shape is None:
        raise ValueError(f"{dataset.name} does not hold numbers")
    settings = dataset.id.get_create_plist()
    for index in range(settings.get_nfilters()):
        if (number := settings.get_filter(index)[0]) not in _FILTERS:
            raise ValueError(f"{dataset.name} is compressed by filter {number}, which is not a part of HDF5")
