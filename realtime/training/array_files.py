"""Read NumPy files of other people within bounds: `.npy`, and `.npz` archives of them.

The header of an array says how large it is, and NumPy takes that memory before it reads a byte. A header of a hundred bytes may
ask for more than any computer has, and an archive of 8 MB can be unpacked to gigabytes.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np

from realtime.classifier.network_files import open_zip
from realtime.reading import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAX_FILE_BYTES = 2 * 10**9
"""Largest file. FER-2013 has 54 MB in this form."""

MAX_EXPANSION = 16
"""Most bytes that a byte of an archive may stand for. JPEG bytes and weights hardly become smaller in an archive."""

_SPARE_BYTES = 16 * 10**6
_MAX_ENTRIES = 10_000
_KINDS = "biufU"

READ_ERRORS = (OSError, EOFError, ValueError, TypeError, LookupError, zipfile.BadZipFile, zlib.error, NotImplementedError,
               RuntimeError)  # fmt: skip
"""Exceptions for a file that is damaged, too large or of another kind."""


class ArrayArchive:
    """An `.npz` archive, inside a `with` block. All arrays together may be `MAX_EXPANSION` times as large as the file.

    Args:
        path: of the file.

    Raises:
        READ_ERRORS: it cannot be read, is no archive, or holds too much.
    """

    def __init__(self, path: Path) -> None:
        data = read_file(path, MAX_FILE_BYTES)
        try:
            self._archive = open_zip(data, _MAX_ENTRIES)
        except zipfile.BadZipFile as error:
            raise ValueError("it is not a complete .npz archive") from error
        self._left = MAX_EXPANSION * len(data) + _SPARE_BYTES

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    def read(self, name: str) -> NDArray[Any]:
        """Read one array.

        Raises:
            KeyError: there is no such array.
            READ_ERRORS: it is damaged, holds other things than numbers and text, or all arrays together are too large.
        """
        try:
            entry = self._archive.open(f"{name}.npy")
        except KeyError as error:
            raise KeyError(f"{name} is not a file in the archive") from error
        with entry:
            array = read_array(entry, self._left)
        self._left -= array.nbytes
        return array


def read_array_file(path: Path, most: int) -> NDArray[Any]:
    """Read a `.npy` file.

    Args:
        path: of the file.
        most: the largest size of the array; bytes.

    Raises:
        READ_ERRORS: as `ArrayArchive.read`.
    """
    return read_array(io.BytesIO(read_file(path, most + _SPARE_BYTES)), most)


def read_array(stream: IO[bytes], most: int) -> NDArray[Any]:
    """Read an array from its header on.

    Args:
        stream: binary.
        most: the largest size of the array; bytes.

    Raises:
        READ_ERRORS: as `ArrayArchive.read`.
    """
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"an array has version {version} of the format")
    shape, is_fortran, dtype = readers[version](stream)
    if dtype.kind not in _KINDS:
        raise ValueError(f"an array holds {dtype}, and not numbers or text")
    if any(size < 0 for size in shape):
        raise ValueError(f"an array has the shape {shape}")
    size = math.prod(shape) * dtype.itemsize
    if size > most:
        raise ValueError(f"an array in it is larger than {most} bytes")
    data = stream.read(size)
    if len(data) != size:
        raise EOFError("an array ends too early")
    array = np.frombuffer(data, dtype)
    return array.reshape(shape[::-1]).T if is_fortran else array.reshape(shape)
