"""Small data of our own in the shape of FER-2013."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from realtime.training import confidence_head
from realtime.training.dataset import Dataset
from tests.support import torn_files as torn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

# Both from the description of the data, not from the code under test
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
VOTE_FOR_LABEL = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")


@pytest.fixture(scope="session")
def people() -> Callable[..., Dataset]:
    """Build a dataset from labels, the votes of each image by name (ten for its label by default), and further fields."""

    def build(
        labels: Sequence[int],
        ballots: Sequence[Mapping[str, float]] | None = None,
        images: NDArray[np.uint8] | None = None,
        **fields: Any,
    ) -> Dataset:
        count = len(labels)
        votes = np.zeros((count, len(VOTES)), np.float32)
        for row, ballot in zip(votes, ballots or [{VOTE_FOR_LABEL[label]: 10} for label in labels], strict=True):
            for name, number in ballot.items():
                row[VOTES.index(name)] = number
        return Dataset(
            images=np.zeros((count, 48, 48), np.uint8) if images is None else images,
            labels=np.array(labels, np.uint8),
            votes=votes,
            usage=np.array(fields.get("usage", [0] * count), np.uint8),
            copy_of_training=np.array(fields.get("copies", [False] * count), np.bool_),
            photo_group=np.arange(count, dtype=np.int32),
        )

    return build


@pytest.fixture(scope="module")
def crowd(people: Callable[..., Dataset]) -> Iterator[Dataset]:
    """Faces with unanimous and with divided votes. The confidence head trains in smaller batches, since they are few."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(confidence_head, "BATCH_SIZE", 64)
        yield torn.crowd(people)
