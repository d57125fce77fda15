"""What teachers say of the faces that a network learns from (distillation, Hinton et al. 2015, arXiv:1503.02531)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier.keras_pair import load_pair
from realtime.domain import EXPRESSIONS, SUM_TOLERANCE
from realtime.errors import UsageError
from realtime.training.dataset import USAGES
from realtime.training.split import split_tuning
from realtime.training.trainer import predict_probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset


def read_teacher(teachers: Sequence[Path], training: Dataset) -> NDArray[np.float32]:
    """The mean of what some teachers say: (n, 7) float32 probabilities.

    Args:
        teachers: at least one; each the `.json` of a pair, or a `.npy` of (n, 7) probabilities in the order of the images,
            for teachers that Keras cannot read.
        training: n images, the whole Training part of the data.

    Raises:
        UsageError: a `.npy` is missing, damaged, of another shape, or holds no probabilities.
        AssetError: a pair is missing or cannot be used.
    """
    words = [_numbers(path, len(training)) if path.suffix == ".npy" else _pair(path, training) for path in teachers]
    return np.stack(words).mean(axis=0, dtype=np.float64).astype(np.float32)


def teacher_rows(dataset: Dataset, seed: int) -> NDArray[np.intp]:
    """Which images of the whole Training part `holdout.split` leaves to learn from, by their number.

    Args:
        dataset: all parts.
        seed: of the split.
    """
    numbers = np.cumsum(dataset.usage == USAGES["training"]) - 1
    # The split never looks at the pictures, so their numbers can go through it in their place
    numbered: Any = replace(dataset, images=numbers)  # pyright: ignore[reportArgumentType]
    return split_tuning(numbered, seed)[0].images.astype(np.intp)


def _pair(path: Path, training: Dataset) -> NDArray[np.float32]:
    """The mean over each face and its mirror image, which is surer than either."""
    network = load_pair(path)
    return (
        predict_probabilities(network, training.images) + predict_probabilities(network, training.images[:, :, ::-1])
    ) / np.float32(2)


def _numbers(path: Path, count: int) -> NDArray[np.float32]:
    try:
        found = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise UsageError(f"the teacher {path} is missing: give a .npy file or a pair NAME.json") from error
    except (OSError, EOFError, ValueError) as error:
        raise UsageError(f"the teacher {path} is no array that NumPy can read: give a .npy file or a pair NAME.json") from error
    if not isinstance(found, np.ndarray) or found.dtype.kind != "f" or found.shape != (count, len(EXPRESSIONS)):
        shape = f"{found.dtype} of shape {found.shape}" if isinstance(found, np.ndarray) else "several arrays"
        raise UsageError(f"the teacher {path} holds {shape}: it must be floats of ({count}, 7), a row for each Training image")
    # Not a number fails every comparison
    if not ((found >= 0) & (found <= 1)).all() or not (np.abs(found.sum(axis=1) - 1) <= SUM_TOLERANCE).all():
        raise UsageError(f"the teacher {path} holds no probabilities: each row must be of 0 to 1 and sum to one")
    return found.astype(np.float32)
