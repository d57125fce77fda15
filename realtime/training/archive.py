"""Read FER-2013 from one `.npz`: JPEG bytes with offsets, labels, usage, pooled votes and photo groups."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import CROP_SIDE, EXPRESSIONS
from realtime.errors import UsageError
from realtime.training.array_files import READ_ERRORS, ArrayArchive
from realtime.training.dataset import MAX_FACES, USAGES, VOTE_COLUMNS, VOTERS, Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_ORDERS = (("classes", [expression.value for expression in EXPRESSIONS]), ("vote_columns", [*VOTE_COLUMNS]))

# Markers of a JPEG file: ISO/IEC 10918-1, table B.1
_START = b"\xff\xd8"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SIDES = slice(5, 9)
_PNG_START = b"\x89PNG\r\n\x1a\n"


def read_archive(path: Path) -> Dataset:
    """Read `fer2013.npz`: JPEG bytes with offsets, labels, usage and votes. Its votes are already pooled over equal images.

    Raises:
        UsageError: the file is of another kind, damaged or too large, or an array is missing or out of range.
    """
    try:
        dataset = _unpack(path)
        _check_ranges(dataset)
    except READ_ERRORS as error:
        # A KeyError puts quotes around its text
        reason = getattr(error, "strerror", None) or str(error).strip("'\"")[:200]
        raise UsageError(f"cannot read {path} as fer2013.npz ({reason}): is the download complete?") from error
    return dataset


def _unpack(path: Path) -> Dataset:
    with ArrayArchive(path) as archive:
        # The arrays hold indices; in another order they would be wrong without any other sign
        for name, expected in _ORDERS:
            if archive.read(name).tolist() != expected:
                raise ValueError(f"its {name} are not {', '.join(expected)}")
        return Dataset(
            _decode_all(archive.read("jpeg"), archive.read("offsets")),
            archive.read("labels").astype(np.uint8),
            archive.read("pooled_votes").astype(np.float32),
            archive.read("usage").astype(np.uint8),
            archive.read("copy_of_training").astype(np.bool_),
            archive.read("photo_group").astype(np.int32),
        )


def _check_ranges(dataset: Dataset) -> None:
    count = len(dataset)
    for array in (dataset.labels, dataset.votes, dataset.usage, dataset.copy_of_training, dataset.photo_group):
        if len(array) != count:
            raise ValueError(f"it has {count} pictures and {len(array)} of their figures")
    if dataset.labels.max() >= len(EXPRESSIONS) or dataset.usage.max() >= len(USAGES):
        raise ValueError("a label or a usage in it is out of range")
    if dataset.votes.shape[1:] != (len(VOTE_COLUMNS),) or not ((dataset.votes >= 0) & (dataset.votes <= VOTERS)).all():
        raise ValueError(f"its votes are not ten numbers of 0 to {VOTERS} a picture")


def _decode_all(jpeg: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Decode n pictures, (n, 48, 48) uint8 grey, from their bytes and the n + 1 places where they begin."""
    if jpeg.dtype != np.uint8 or jpeg.ndim != 1 or offsets.dtype.kind not in "iu" or offsets.ndim != 1 or offsets.size <= 1:
        raise ValueError("it has no pictures")
    if len(offsets) - 1 > MAX_FACES:
        raise ValueError(f"it has more than {MAX_FACES} pictures")
    # Pictures that lie over each other would take far more memory than the file has bytes
    if not (np.diff(offsets.astype(np.int64)) >= 0).all() or offsets[0] < 0 or offsets[-1] > len(jpeg):
        raise ValueError("its pictures do not follow each other")
    return np.stack([_decode(jpeg[a:b]) for a, b in pairwise(offsets.tolist())])


def _decode(jpeg: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # The size in the header, since a decoder takes the memory for any size before it decodes
    is_small = _read_sides(jpeg.tobytes()) == (CROP_SIDE, CROP_SIDE)
    image = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE) if is_small else None
    if image is None or image.shape != (CROP_SIDE, CROP_SIDE):
        raise ValueError("a picture in it is not 48×48 grey")
    return image.astype(np.uint8, copy=False)


def _read_sides(jpeg: bytes) -> tuple[int, int] | None:
    """Height and width in the header of a picture, JPEG or PNG; None if it has none."""
    if jpeg.startswith(_PNG_START):
        return int.from_bytes(jpeg[20:24]), int.from_bytes(jpeg[16:20])
    place = len(_START)
    if not jpeg.startswith(_START):
        return None
    while jpeg[place : place + 1] == b"\xff":
        marker = jpeg[place + 1] if place + 1 < len(jpeg) else 0
        if marker in _FRAMES:
            sides = jpeg[place : place + 9][_SIDES]
            return int.from_bytes(sides[:2]), int.from_bytes(sides[2:])
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4])
    return None
