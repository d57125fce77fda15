from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import UsageError
from realtime.training.dataset import Dataset, missing_expressions
from realtime.training.split import split_tuning

Build = Callable[..., Dataset]

faces = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 30), st.sampled_from([0, 0, 0, 2])), min_size=1, max_size=80)


def numbered(people: Build, rows: list[tuple[int, int, int]]) -> Dataset:
    """Labels, photos and usages; the first pixel is the number of the image."""
    images = np.zeros((len(rows), 48, 48), np.uint8)
    images[:, 0, 0] = np.arange(len(rows))
    data = people([label for label, _, _ in rows], images=images, usage=[usage for _, _, usage in rows])
    return replace(data, photo_group=np.array([photo for _, photo, _ in rows], np.int32))


def order(data: Dataset) -> list[int]:
    return data.images[:, 0, 0].tolist()


@given(faces, st.integers(0, 2**31))
def test_properties_of_a_held_out_part(people: Build, rows: list[tuple[int, int, int]], seed: int) -> None:
    data = numbered(people, rows)
    training = data.part("training")
    try:
        learned, tuning = split_tuning(data, seed)
    except UsageError:
        # Only where no photo can be spared: each has the last image of a class, or more than a class can give
        counts = np.bincount(training.labels, minlength=7)
        room = np.where(counts > 1, np.maximum(1, counts // 10), 0)
        for photo in set(training.photo_group.tolist()):
            assert (np.bincount(training.labels[training.photo_group == photo], minlength=7) > room).any()
        return
    # Nothing is lost, doubled, or taken from the test part
    assert sorted(order(learned) + order(tuning)) == order(training)
    assert order(learned) == sorted(order(learned))
    assert order(tuning) == sorted(order(tuning))
    # No photo is on both sides, no class leaves training, and no class gives more than a tenth or one
    assert not set(learned.photo_group.tolist()) & set(tuning.photo_group.tolist())
    assert missing_expressions(learned) == missing_expressions(training)
    assert len(tuning)
    held, all_of = (np.bincount(part.labels, minlength=7) for part in (tuning, training))
    assert (held <= np.maximum(1, all_of // 10)).all()
    again = split_tuning(data, seed)
    assert (order(again[0]), order(again[1])) == (order(learned), order(tuning))


def test_a_tenth_of_each_class_is_held_out_without_duplicate_photos(people: Build) -> None:
    rows = [(label, 0, 0) for label in range(7) for _ in range(10 + 5 * label)]
    data = replace(numbered(people, rows), photo_group=np.arange(len(rows), dtype=np.int32))
    learned, tuning = split_tuning(data, 3)
    assert np.bincount(tuning.labels).tolist() == [1, 1, 2, 2, 3, 3, 4]
    assert missing_expressions(learned) == missing_expressions(tuning) == []


def test_another_seed_holds_out_others(people: Build) -> None:
    rows = [(0, photo, 0) for photo in range(100)]
    data = numbered(people, rows)
    chosen = {tuple(order(split_tuning(data, seed)[1])) for seed in range(5)}
    assert len(chosen) == 5
    assert {len(held) for held in chosen} == {10}


def test_the_pixels_do_not_matter(people: Build) -> None:
    rows = [(photo % 7, photo // 2, 0) for photo in range(200)]
    data = numbered(people, rows)
    chosen, other = split_tuning(data, 4)[1], split_tuning(replace(data, images=255 - data.images), 4)[1]
    assert order(chosen) == [255 - pixel for pixel in order(other)]


def test_a_public_part_is_the_tuning_part_and_training_stays_complete(people: Build) -> None:
    data = numbered(people, [(0, 0, 0), (1, 1, 1), (2, 2, 2), (3, 3, 0), (4, 0, 1)])
    learned, tuning = split_tuning(data, 1)
    assert order(learned) == [0, 3]
    assert order(tuning) == [1, 4]


@pytest.mark.parametrize("rows", [[], [(0, 0, 0)], [(0, 0, 0), (1, 1, 0)], [(0, 0, 0), (0, 0, 0)], [(0, 0, 2)] * 20])
def test_too_few_photos_to_hold_out_are_reported(people: Build, rows: list[tuple[int, int, int]]) -> None:
    with pytest.raises(UsageError, match=r"too few different ones.*add a validation part"):
        split_tuning(numbered(people, rows), 1)
