"""Read the `.npz` form of FER-2013: the pictures as JPEG bytes, with labels, usage, pooled votes and who is whose copy."""

from __future__ import annotations

import zipfile
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from realtime.domain import CROP_SIDE, EXPRESSIONS
from realtime.errors import UsageError
from realtime.training.examples import USAGES, VOTE_COLUMNS, VOTERS, Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read(path: Path) -> Dataset:
    """Read JPEG bytes with their offsets, labels, usage and votes; the votes are pooled over equal pictures already.

    Raises:
        UsageError: another kind of file, a damaged one, or an array is missing or out of its range.
    """
    try:
        dataset = _unpacked(path)
        _check_ranges(dataset)
    except (KeyError, ValueError, OSError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        # A KeyError puts quotes about its sentence
        reason = str(error).strip("'\"")
        raise UsageError(f"cannot read {path} as fer2013.npz ({reason}): was it downloaded whole?") from error
    return dataset


def _unpacked(path: Path) -> Dataset:
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is no whole .npz archive")
    with np.load(path) as archive:
        _check_orders(archive)
        jpeg, offsets = archive["jpeg"], archive["offsets"]
        return Dataset(
            np.stack([_decoded(jpeg[a:b]) for a, b in pairwise(offsets)]),
            archive["labels"].astype(np.uint8),
            archive["pooled_votes"].astype(np.float32),
            archive["usage"].astype(np.uint8),
            archive["copy_of_training"].astype(np.bool_),
            archive["photo_group"].astype(np.int32),
        )


def _check_orders(archive: Any) -> None:
    # Numbers mean nothing in another order, and nothing else would show it
    for name, ours in (("classes", [expression.value for expression in EXPRESSIONS]), ("vote_columns", [*VOTE_COLUMNS])):
        if archive[name].tolist() != ours:
            raise ValueError(f"its {name} are not {', '.join(ours)}")


def _check_ranges(dataset: Dataset) -> None:
    count = len(dataset)
    for array in (dataset.labels, dataset.votes, dataset.usage, dataset.copy_of_training, dataset.photo_group):
        if len(array) != count:
            raise ValueError(f"it has {count} pictures and {len(array)} of their figures")
    if dataset.labels.max() >= len(EXPRESSIONS) or dataset.usage.max() >= len(USAGES):
        raise ValueError("a label or a usage in it is out of range")
    if dataset.votes.shape[1:] != (len(VOTE_COLUMNS),) or not ((dataset.votes >= 0) & (dataset.votes <= VOTERS)).all():
        raise ValueError(f"its votes are not ten numbers of 0 to {VOTERS} a picture")


def _decoded(jpeg: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # OpenCV asserts on no bytes at all
    image = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE) if jpeg.size else None
    if image is None or image.shape != (CROP_SIDE, CROP_SIDE):
        raise ValueError("a picture in it is not 48×48 grey")
    return image.astype(np.uint8, copy=False)
