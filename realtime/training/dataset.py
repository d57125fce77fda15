"""Read labelled faces, whatever form they come in, and turn labels and votes into the targets of a training run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.errors import UsageError
from realtime.training import archive, folders, table
from realtime.training.examples import NO_FACE_VOTES, USAGES, VOTE_COLUMNS, VOTERS, VOTES_OF, Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "NO_FACE_VOTES",
    "USAGES",
    "VOTERS",
    "VOTES_OF",
    "VOTE_COLUMNS",
    "Dataset",
    "kind",
    "missing",
    "read",
    "targets",
    "trainable",
]


def kind(path: Path) -> Literal["folder", "table", "archive"]:
    """The form that data at a path are read as: a folder, a `.csv`, and whatever else there is as the `.npz`."""
    if path.is_dir():
        return "folder"
    return "table" if path.suffix.lower() == ".csv" else "archive"


def read(path: Path) -> Dataset:
    """Read faces from a folder with train and test, from `fer2013.csv`, or from the `.npz` form of FER-2013.

    Raises:
        UsageError: nothing is there, or it cannot be read whole; the sentence names the file and the place in it.
    """
    if not path.exists():
        raise UsageError(f"no data at {path}: give a folder with train and test in it, fer2013.csv or fer2013.npz")
    readers = {"folder": folders.read, "table": table.read, "archive": archive.read}
    return readers[kind(path)](path)


def missing(dataset: Dataset) -> list[str]:
    """The names of the expressions that no image of the data has for its label, in alphabetical order."""
    present = set(dataset.labels.tolist())
    return [expression.value for number, expression in enumerate(EXPRESSIONS) if number not in present]


def targets(dataset: Dataset, label_share: float, smoothing: float) -> NDArray[np.float32]:
    """Mix the original label with the crowd's votes: (n, 7) float32, rows summing to one.

    The two pull apart, since the majority of ten people names the original label in 63% of the images only: labels
    alone forget what people see, votes alone forget disgust and fear.

    Args:
        dataset: n images.
        label_share: weight of the original label, 0..1; the votes have the rest. Without a vote for one of the
            seven, the label has all.
        smoothing: share spread evenly over the seven (Szegedy et al. 2016, arXiv:1512.00567).
    """
    count = len(EXPRESSIONS)
    labels = np.eye(count, dtype=np.float32)[dataset.labels]
    votes = dataset.expression_votes()
    total = votes.sum(axis=1, keepdims=True)
    # Pooled votes are means, so all seven together may have less than one
    shares = np.divide(votes, total, out=labels.copy(), where=total > 0)
    mixed = label_share * labels + (1 - label_share) * shares
    return ((1 - smoothing) * mixed + smoothing / count).astype(np.float32)


def trainable(dataset: Dataset) -> Dataset:
    """Drop placeholders and pictures without a face, as the crowd saw them."""
    return dataset.where(dataset.faces())
