"""Split the data into a training and a tuning part, by whole photos; PrivateTest belongs to neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

TUNING_DIVISOR = 10
"""Without a validation part in the data, one training image in ten is held out for tuning."""


def split_tuning(dataset: Dataset, seed: int) -> tuple[Dataset, Dataset]:
    """Split into a training part and a tuning part.

    If the data have a PublicTest part, it is the tuning part, unchanged: `copy_of_training` marks its photos that are also
    in Training. Else about a tenth of each class of Training is held out, by whole photos, so that no photo is in both
    parts. The training part keeps every class; the tuning part may lack a class that has few photos. The split depends on
    labels, photo groups and usage, never on the pixels.

    Args:
        dataset: all parts.
        seed: 0 or more, chooses the tenth; the same data and seed give the same split.

    Returns:
        The training part and the tuning part, both in the order of `dataset`.

    Raises:
        UsageError: the data have too few photos to hold one out.
    """
    training, public = dataset.part("training"), dataset.part("public")
    if len(public):
        return training, public
    held = _choose_held_out(training.labels, training.photo_group, seed)
    if not held.any():
        raise UsageError(
            f"the training part has {len(training)} images, too few different ones to hold a tenth out: add a validation part"
        )
    return training.select(~held), training.select(held)


def _choose_held_out(labels: NDArray[np.uint8], groups: NDArray[np.int32], seed: int) -> NDArray[np.bool_]:
    """Mask (n,) of the held-out images: photos in random order, except those that would take too many of a class."""
    photos, photo_of = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(photos), len(EXPRESSIONS)), np.int64)
    np.add.at(counts, (photo_of, labels), 1)
    totals = counts.sum(axis=0)
    # At least one image of a class is held out, but never all: with fewer than two, none is
    room = np.where(totals > 1, np.maximum(1, totals // TUNING_DIVISOR), 0)
    held = np.zeros(len(photos), np.bool_)
    for photo in np.random.default_rng(seed).permutation(len(photos)):
        if (counts[photo] <= room).all():
            held[photo] = True
            room -= counts[photo]
    return held[photo_of]
