"""The files of a Keras network, read whole and within bounds: `NAME.json` with its weights, or one `NAME.keras`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realtime.errors import AssetError
from realtime.reading import read_file

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Sequence
    from pathlib import Path

SAVED_SUFFIX = ".keras"
"""Suffix of a network that Keras 3 saved in one file (`model.save`)."""

MAX_ARCHITECTURE_BYTES = 8 * 10**6
"""Largest architecture. That of the shipped network, with 54 layers, has 0.07 MB."""

MAX_WEIGHTS_BYTES = 600 * 10**6
"""Largest file of weights, of a network in one file, and of a compiled network. The weights of VGG16 have 553 MB."""

PAIR_RULE = "a network is a pair of NAME.json and NAME.h5 in one folder"
SAVED_RULE = f"a network is NAME{SAVED_SUFFIX}, or a pair of NAME.json and NAME.h5 in one folder"

# Keras does not compress; the weights of a pruned network become about eight times smaller
_MAX_EXPANSION = 10
_SPARE_BYTES = 10**6
_MAX_ENTRIES = 100
_ENTRY_MARK = b"PK\x01\x02"
"""Beginning of an entry in the directory of an archive (APPNOTE of PKWARE, 4.3.12)."""

_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """A network as it was read, with the names for sentences.

    Attributes:
        path: the `.json` or `.keras`.
        weights_path: the file with the weights.
        architecture: the checked document, as `parse_architecture` returns it.
        weights: bytes of an HDF5 file, not checked.
        digest: SHA-256 of the bytes of the files, as the function `pair_digest` computes it.
    """

    path: Path
    weights_path: Path
    architecture: dict[str, Any]
    weights: bytes
    digest: str


def weights_path(json_path: Path) -> Path:
    """The weights of a pair: `NAME.h5`; or `NAME.weights.h5`, the name that Keras 3 asks for, where only this one exists."""
    usual, other = json_path.with_suffix(".h5"), json_path.with_suffix(".weights.h5")
    return other if other.exists() and not usual.exists() else usual


def pair_digest(path: Path) -> str:
    """SHA-256 of a network in hexadecimal: of the bytes of the `.json` followed by those of its weights, or of a `.keras` file.

    Raises:
        AssetError: a file is missing, unreadable or too large.
    """
    if path.suffix == SAVED_SUFFIX:
        return hashlib.sha256(_read(path, MAX_WEIGHTS_BYTES, SAVED_RULE)).hexdigest()
    digest = hashlib.sha256(_read(path, MAX_ARCHITECTURE_BYTES))
    digest.update(_read(weights_path(path), MAX_WEIGHTS_BYTES))
    return digest.hexdigest()


def read_network_files(path: Path) -> NetworkFiles:
    """Read a pair by its `.json`, or one `.keras` file, and check its architecture.

    Raises:
        AssetError: a file is missing, unreadable, too large or damaged, or emodj does not run the architecture.
    """
    # Late, since the shipped network needs only digests
    from realtime.classifier.architecture_file import parse_architecture

    if path.suffix == SAVED_SUFFIX:
        return _read_saved(path)
    architecture, place = _read(path, MAX_ARCHITECTURE_BYTES), weights_path(path)
    document = parse_architecture(architecture, path)
    weights = _read(place, MAX_WEIGHTS_BYTES)
    digest = hashlib.sha256(architecture)
    digest.update(weights)
    return NetworkFiles(path, place, document, weights, digest.hexdigest())


def _read(path: Path, most: int, rule: str = PAIR_RULE) -> bytes:
    try:
        return read_file(path, most)
    except OSError as error:
        raise AssetError(f"{path} cannot be read ({error.strerror or error}): {rule}") from error


def open_zip(data: bytes, most: int) -> zipfile.ZipFile:
    """Open a zip archive of at most `most` files.

    Raises:
        ValueError: it holds more files. They are counted before `zipfile` makes an object of each one.
        zipfile.BadZipFile: it is no archive, or is damaged.
    """
    # Late, since the shipped network needs no archive
    import io
    import zipfile

    if data.count(_ENTRY_MARK) > most:
        raise ValueError(f"it holds more than {most} files")
    return zipfile.ZipFile(io.BytesIO(data))


def _read_saved(path: Path) -> NetworkFiles:
    import zipfile
    import zlib

    from realtime.classifier.architecture_file import parse_architecture

    data = _read(path, MAX_WEIGHTS_BYTES, SAVED_RULE)
    try:
        most = min(MAX_WEIGHTS_BYTES, _MAX_EXPANSION * len(data) + _SPARE_BYTES)
        with open_zip(data, _MAX_ENTRIES) as archive:
            _check_entries(archive.namelist())
            architecture = _read_entry(archive, _CONFIG, min(most, MAX_ARCHITECTURE_BYTES))
            weights = _read_entry(archive, _WEIGHTS, most)
    # NotImplementedError: a kind of compression; RuntimeError: a password
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, LookupError, NotImplementedError, RuntimeError) as error:
        why = str(error).strip("'\"") or "it is no zip archive"
        raise AssetError(f"{path} is not a network that Keras can read: {why}") from error
    return NetworkFiles(path, path, parse_architecture(architecture, path), weights, hashlib.sha256(data).hexdigest())


def _check_entries(names: Sequence[str]) -> None:
    # A second entry of the same name could hide the first
    if sorted(names) != sorted({_CONFIG, _WEIGHTS, _METADATA}):
        other = next((name for name in names if name not in {_CONFIG, _WEIGHTS, _METADATA}), None)
        raise ValueError(f"it holds {other!r} too" if other else f"it does not hold {_CONFIG}, {_METADATA} and {_WEIGHTS} once")


def _read_entry(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    # The size that the directory of the archive gives may be false, so the bytes are counted
    with archive.open(name) as entry:
        data = entry.read(most + 1)
    if len(data) > most:
        raise ValueError(f"its {name} is larger than {most / 10**6:g} MB")
    return data
