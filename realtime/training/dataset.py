"""Dataset: images, labels and votes of n faces."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray


VOTE_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
"""Order of the ten votes of FER+ (Barsoum et al. 2016, arXiv:1608.01041)."""
EXPRESSION_VOTES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
"""The vote column for each member of `Expression`, in the order of `Expression`."""
USAGES = {"training": 0, "public": 1, "private": 2}
VOTERS = 10
MAX_FACES = 10**6
"""Most faces of a dataset: their pixels alone take 2.3 GB. FER-2013 has 35,887."""
NO_FACE_VOTES = 5
"""An image with this many "no face" votes of ten, or more, is not trained on."""


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Images of faces with their labels and votes.

    Attributes:
        images: (n, 48, 48) uint8 grey.
        labels: (n,) uint8, the original label as index into `Expression`.
        votes: (n, 10) float32, FER+ votes in the order of `VOTE_COLUMNS`; all zero for an image without votes.
        usage: (n,) uint8, 0 Training, 1 PublicTest (validation), 2 PrivateTest (test).
        copy_of_training: (n,) bool, true for a test image whose photo is also in Training.
        photo_group: (n,) int32, number of the photo; images of one photo share a number.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    votes: NDArray[np.float32]
    usage: NDArray[np.uint8]
    copy_of_training: NDArray[np.bool_]
    photo_group: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def has_votes(self) -> bool:
        """Whether any image has votes. Without votes there is no majority, only labels."""
        return bool(self.votes.any())

    def part(self, name: str) -> Dataset:
        """Select the images of one usage: "training", "public" or "private"."""
        return self.select(self.usage == USAGES[name])

    def select(self, keep: NDArray[np.bool_]) -> Dataset:
        """Select the images for which `keep` (n,) is true."""
        return Dataset(
            self.images[keep],
            self.labels[keep],
            self.votes[keep],
            self.usage[keep],
            self.copy_of_training[keep],
            self.photo_group[keep],
        )

    def face_mask(self) -> NDArray[np.bool_]:
        """Mask (n,) of the images that show a face, by the votes of the crowd. Other images are not trained on."""
        return self.votes[:, VOTE_COLUMNS.index("NF")] < NO_FACE_VOTES

    def expression_votes(self) -> NDArray[np.float32]:
        """Votes for the seven expressions, (n, 7), in the order of `Expression`."""
        return self.votes[:, [VOTE_COLUMNS.index(name) for name in EXPRESSION_VOTES]]

    def fingerprint(self) -> str:
        """SHA-256 of images, labels, votes and usage, in hex: the same on every machine; it depends on the order of images."""
        digest = hashlib.sha256()
        for array, kind in ((self.images, "u1"), (self.labels, "u1"), (self.votes, "<f4"), (self.usage, "u1")):
            # With its shape an array cannot hash like one whose bytes are divided otherwise
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array, kind).data)
        return digest.hexdigest()


def build_dataset(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], usage: NDArray[np.uint8], votes: NDArray[np.float32] | None = None
) -> Dataset:
    """Build a dataset from data that do not list copies: images with equal pixels count as one photo.

    Args:
        images: (n, 48, 48) uint8 grey.
        labels: (n,) uint8, index into `Expression`.
        usage: (n,) uint8, 0..2.
        votes: (n, 10) float32 in the order of `VOTE_COLUMNS`, or None without votes.
    """
    photos: dict[bytes, int] = {}
    group = np.array([photos.setdefault(hashlib.sha256(image.tobytes()).digest(), len(photos)) for image in images], np.int32)
    training = usage == USAGES["training"]
    copies = ~training & np.isin(group, group[training])
    if votes is None:
        votes = np.zeros((len(images), len(VOTE_COLUMNS)), np.float32)
    return Dataset(images, labels, votes, usage, copies, group)


def missing_expressions(dataset: Dataset) -> list[str]:
    """List the expressions that are the label of no image, by name, in alphabetical order."""
    present = set(dataset.labels.tolist())
    return [expression.value for number, expression in enumerate(EXPRESSIONS) if number not in present]


def select_faces(dataset: Dataset) -> Dataset:
    """Select the images that show a face, by the votes of the crowd; placeholders and other pictures are dropped."""
    return dataset.select(dataset.face_mask())
