"""Which faces a run learns from, and on which its settings are chosen; PrivateTest is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

TUNING_SHARE = 10
"""One face of so many is held out, where the data have no part of their own to choose on."""


def split_tuning(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """The faces to learn from and those to choose on.

    PublicTest is to choose on where there is one, as it is: photos of it that are also in Training are marked by
    `copy_of_training`. Else about a tenth of each class of Training is held out, by whole photos, so that no photo is
    on both sides; a class stays with those to learn from, and may be missing in the others where its photos are few.
    Labels, photos and usage decide, never the pixels.

    Args:
        dataset: all parts.
        seed: 0 or more, which tenth; the same data and seed give the same one.

    Returns:
        Training or what is left of it, and the part to choose on, both in their order in `dataset`.

    Raises:
        UsageError: there are too few photos to hold one out.
    """
    training, public = dataset.part("training"), dataset.part("public")
    if len(public):
        return training, public
    held = _held(training.labels, training.photo_group, seed)
    if not held.any():
        raise UsageError(
            f"the training part has {len(training)} images, too few different ones to hold a tenth out: add a validation part"
        )
    return training.where(~held), training.where(held)


def _held(labels: NDArray[np.uint8], groups: NDArray[np.int32], seed: int) -> NDArray[np.bool_]:
    """Which images (n,) are held out: photos in random order, each unless it would take too many of a class."""
    photos, photo_of = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(photos), len(EXPRESSIONS)), np.int64)
    np.add.at(counts, (photo_of, labels), 1)
    totals = counts.sum(axis=0)
    # At least one, but never all: less than two leave none to hold out
    room = np.where(totals > 1, np.maximum(1, totals // TUNING_SHARE), 0)
    held = np.zeros(len(photos), np.bool_)
    for photo in np.random.default_rng(seed).permutation(len(photos)):
        if (counts[photo] <= room).all():
            held[photo] = True
            room -= counts[photo]
    return held[photo_of]
