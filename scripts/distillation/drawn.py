"""Drawn faces, as scripts/draw_faces.py writes them, and what they teach."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.training.dataset import EXPRESSION_VOTES, VOTE_COLUMNS, VOTERS, build_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

FULL_STRENGTH = 0.8
"""From this strength on a drawn expression counts whole; below it a part of it is neutral."""

CERTAIN = 0.94
"""Target of a whole drawn expression; the others share the rest."""

HELD_OUT = 8
"""Each face whose identity is divisible by this is held out of training, to choose on."""

NEUTRAL = [each.value for each in EXPRESSIONS].index("neutral")


@dataclass(frozen=True)
class Drawn:
    """Drawn faces.

    Attributes:
        images: (n, 48, 48) uint8.
        labels: (n,) indices into `EXPRESSIONS`.
        strength: (n,) of the expression; 0 for neutral.
        identity: (n,) faces of one drawn person share a number.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    strength: NDArray[np.float32]
    identity: NDArray[np.int64]

    @classmethod
    def read(cls, path: Path) -> Drawn:
        """Read a file of scripts/draw_faces.py."""
        with np.load(path, allow_pickle=False) as file:
            return cls(
                file["images"],
                file["labels"].astype(np.int64),
                file["strength"].astype(np.float32),
                file["identity"].astype(np.int64),
            )

    @classmethod
    def read_all(cls, paths: Sequence[Path]) -> Drawn:
        """Read several files as one set, in which people of different files have different numbers."""
        sets = [cls.read(path) for path in paths]
        # A multiple of `HELD_OUT`, so that the same people are held out as in each file alone
        ends = [HELD_OUT * (int(each.identity.max(initial=0)) // HELD_OUT + 1) for each in sets]
        starts = np.cumsum([0, *ends[:-1]])
        identity = np.concatenate([each.identity + start for each, start in zip(sets, starts, strict=True)])
        images, labels, strength = (
            np.concatenate([getattr(each, name) for each in sets]) for name in ("images", "labels", "strength")
        )
        return cls(images, labels, strength, identity)

    def __len__(self) -> int:
        return len(self.images)

    def select(self, mask: NDArray[np.bool_]) -> Drawn:
        """Some of the faces."""
        return Drawn(self.images[mask], self.labels[mask], self.strength[mask], self.identity[mask])

    def learned(self) -> Drawn:
        """The faces to learn from."""
        return self.select(self.identity % HELD_OUT != 0)

    def held_out(self) -> Drawn:
        """The faces of the other identities, strong ones, to choose on."""
        return self.select((self.identity % HELD_OUT == 0) & ((self.strength >= FULL_STRENGTH) | (self.labels == NEUTRAL)))

    def targets(self) -> NDArray[np.float32]:
        """Targets (n, 22) of the heads: a weak expression is neutral in part, and no clear majority in part."""
        whole = np.where(self.labels == NEUTRAL, 1.0, np.clip(self.strength / FULL_STRENGTH, 0, 1))[:, None]
        hot = np.eye(len(EXPRESSIONS))[self.labels]
        answer = whole * hot + (1 - whole) * np.eye(len(EXPRESSIONS))[NEUTRAL]
        soft = CERTAIN * answer + (1 - CERTAIN) / len(EXPRESSIONS)
        clear = np.concatenate([CERTAIN * whole * hot, 1 - CERTAIN * whole], axis=1)
        return np.concatenate([soft, soft, clear], axis=1).astype(np.float32)

    def dataset(self) -> Dataset:
        """The faces as a dataset in which all ten voters see what was drawn, and no photo is there twice."""
        names = [VOTE_COLUMNS.index(EXPRESSION_VOTES[label]) for label in self.labels]
        votes = VOTERS * np.eye(len(VOTE_COLUMNS), dtype=np.float32)[names]
        return build_dataset(self.images, self.labels.astype(np.uint8), np.zeros(len(self), np.uint8), votes)


def join_datasets(first: Dataset, second: Dataset) -> Dataset:
    """One dataset of the images of both; no photo of the one is in the other."""
    pairs = [(getattr(first, each.name), getattr(second, each.name)) for each in fields(first)]
    images, labels, votes, usage, copies, groups = (np.concatenate(pair) for pair in pairs)
    groups[len(first) :] += first.photo_group.max(initial=0) + 1
    return type(first)(images, labels, votes, usage, copies, groups)
