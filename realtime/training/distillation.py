"""Soft labels from teacher networks for the training images (distillation, Hinton et al. 2015, arXiv:1503.02531)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.keras_process import KerasProcess
from realtime.domain import EXPRESSIONS, SUM_TOLERANCE
from realtime.errors import UsageError
from realtime.training.array_files import READ_ERRORS, read_array_file
from realtime.training.dataset import USAGES
from realtime.training.split import split_tuning

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset


MAX_OTHER_BYTES = 10**6
"""How much larger than expected an array may be and still be read, so that the sentence can name its shape."""


def read_teachers(teachers: Sequence[Path], training: Dataset) -> NDArray[np.float32]:
    """Average the probabilities of some teachers: (n, 7) float32.

    Args:
        teachers: one file or more. Each is the `.json` of a pair, or a `.npy` file of (n, 7) probabilities in the order of
            the images, for a teacher that Keras cannot read.
        training: n images, the whole Training part of the data.

    Raises:
        UsageError: a `.npy` file is missing, is damaged, has another shape, or holds no probabilities.
        AssetError: a pair is missing or cannot be used.
    """
    probabilities = [
        _load_probabilities(path, len(training)) if path.suffix == ".npy" else _predict_pair(path, training)
        for path in teachers
    ]
    return np.stack(probabilities).mean(axis=0, dtype=np.float64).astype(np.float32)


def training_rows(dataset: Dataset, seed: int) -> NDArray[np.intp]:
    """Row numbers, in the whole Training part, of the images that `split_tuning` leaves for training.

    Args:
        dataset: all parts.
        seed: seed of the split.
    """
    numbers = np.cumsum(dataset.usage == USAGES["training"]) - 1
    # The split never reads the pixels, so row numbers can take the place of the images
    numbered: Any = replace(dataset, images=numbers)  # pyright: ignore[reportArgumentType]
    return split_tuning(numbered, seed)[0].images.astype(np.intp)


def _predict_pair(path: Path, training: Dataset) -> NDArray[np.float32]:
    """Average the probabilities of each face and of its mirror image: the mean is more accurate than either."""
    with KerasProcess(path) as network:
        return (network.predict_faces(training.images) + network.predict_faces(training.images[:, :, ::-1])) / np.float32(2)


def _load_probabilities(path: Path, count: int) -> NDArray[np.float32]:
    try:
        loaded = read_array_file(path, np.dtype(np.longdouble).itemsize * count * len(EXPRESSIONS) + MAX_OTHER_BYTES)
    except FileNotFoundError as error:
        raise UsageError(f"the teacher {path} is missing: give a .npy file or a pair NAME.json") from error
    except READ_ERRORS as error:
        raise UsageError(f"NumPy cannot read the teacher {path}: give a .npy file or a pair NAME.json") from error
    if loaded.dtype.kind != "f" or loaded.shape != (count, len(EXPRESSIONS)):
        raise UsageError(
            f"the teacher {path} holds {loaded.dtype} of shape {loaded.shape}: "
            f"it must be floats of ({count}, 7), a row for each Training image"
        )
    # NaN fails every comparison
    if not ((loaded >= 0) & (loaded <= 1)).all() or not (np.abs(loaded.sum(axis=1) - 1) <= SUM_TOLERANCE).all():
        raise UsageError(f"the teacher {path} holds no probabilities: each row must be of 0 to 1 and sum to one")
    return loaded.astype(np.float32)
