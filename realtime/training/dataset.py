"""Labelled faces: the arrays that every form of the data is read into."""

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
        votes: (n, 10) float32, FER+ votes in the order of `VOTE_COLUMNS`; all zero where nobody voted.
        usage: (n,) uint8, 0 Training, 1 PublicTest (validation), 2 PrivateTest (test).
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

    @property
    def has_votes(self) -> bool:
        """Whether anybody voted: without votes there is no majority to compare with, and the labels are all."""
        return bool(self.votes.any())

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

    def fingerprint(self) -> str:
        """The sha256 of images, labels, votes and usage, in hex: the same on every machine, another in another order."""
        digest = hashlib.sha256()
        for array, kind in ((self.images, "u1"), (self.labels, "u1"), (self.votes, "<f4"), (self.usage, "u1")):
            # The shapes keep a byte from wandering from one array into the next
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array, kind).data)
        return digest.hexdigest()


def dataset_of_pictures(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], usage: NDArray[np.uint8], votes: NDArray[np.float32] | None = None
) -> Dataset:
    """Build a data set of which nothing says who is a copy of whom: pictures with equal pixels count as one photo.

    Args:
        images: (n, 48, 48) grey.
        labels: (n,) index into `Expression`.
        usage: (n,) 0..2.
        votes: (n, 10) in the order of `VOTE_COLUMNS`, or None where nobody voted.
    """
    seen: dict[bytes, int] = {}
    group = np.array([seen.setdefault(hashlib.sha256(image.tobytes()).digest(), len(seen)) for image in images], np.int32)
    training = usage == USAGES["training"]
    copies = ~training & np.isin(group, group[training])
    if votes is None:
        votes = np.zeros((len(images), len(VOTE_COLUMNS)), np.float32)
    return Dataset(images, labels, votes, usage, copies, group)


def missing_parts(dataset: Dataset) -> list[str]:
    """The names of the expressions that no image of the data has for its label, in alphabetical order."""
    present = set(dataset.labels.tolist())
    return [expression.value for number, expression in enumerate(EXPRESSIONS) if number not in present]


def trainable(dataset: Dataset) -> Dataset:
    """Drop placeholders and pictures without a face, as the crowd saw them."""
    return dataset.where(dataset.faces())
