"""Read FER-2013 with the crowd's votes, and turn labels and votes into the targets of a training run."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from realtime.domain import CROP_SIDE, EXPRESSIONS
from realtime.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

VOTE_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
"""Order of the ten votes of FER+ (Barsoum et al. 2016, arXiv:1608.01041)."""

VOTES_OF = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""The vote that stands for each member of `Expression`, in its order."""

USAGES = {"training": 0, "public": 1, "private": 2}
VOTERS = 10
NO_FACE_VOTES = 5
"""From so many "no face" votes of ten on, an image is not trained on."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Faces and what people called them.

    Attributes:
        images: (n, 48, 48) uint8 grey.
        labels: (n,) uint8, the original label, index into `Expression`.
        votes: (n, 10) float32, FER+ votes in the order of `VOTE_COLUMNS`.
        usage: (n,) uint8, 0 Training, 1 PublicTest, 2 PrivateTest.
        copy_of_training: (n,) bool, a test image whose photo is also in Training.
        photo_group: (n,) int32, images of one photo share a number.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    votes: NDArray[np.float32]
    usage: NDArray[np.uint8]
    copy_of_training: NDArray[np.bool_]
    photo_group: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.images)

    def part(self, name: str) -> Dataset:
        """The images of one usage: "training", "public" or "private"."""
        return self.where(self.usage == USAGES[name])

    def where(self, keep: NDArray[np.bool_]) -> Dataset:
        """The images for which `keep` (n,) is true."""
        return Dataset(
            self.images[keep],
            self.labels[keep],
            self.votes[keep],
            self.usage[keep],
            self.copy_of_training[keep],
            self.photo_group[keep],
        )

    def faces(self) -> NDArray[np.bool_]:
        """Which images (n,) show a face, as the crowd saw them: placeholders and other things are not trained on."""
        return self.votes[:, VOTE_COLUMNS.index("NF")] < NO_FACE_VOTES

    def expression_votes(self) -> NDArray[np.float32]:
        """Votes for the seven expressions only, (n, 7), in the order of `Expression`."""
        return self.votes[:, [VOTE_COLUMNS.index(name) for name in VOTES_OF]]


def read(path: Path) -> Dataset:
    """Read the `.npz` form of FER-2013: JPEG bytes with their offsets, labels, usage and votes.

    Raises:
        UsageError: no such file, another kind of file, a damaged one, or an array is missing or out of its range.
    """
    if not path.is_file():
        raise UsageError(f"no data at {path}: give the path of fer2013.npz")
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
