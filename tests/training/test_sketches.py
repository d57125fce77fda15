import numpy as np
import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.training.sketches import sketch_dataset, sketch_face
from realtime.training.split import split_tuning

SEED = 3


def mean_face(expression: Expression) -> np.ndarray:
    """Mean of some sketches, in which place, light and noise cancel out."""
    rng = np.random.default_rng(SEED)
    return np.mean([sketch_face(expression, rng) for _ in range(100)], axis=0)


def test_every_part_has_every_expression() -> None:
    dataset = sketch_dataset(20, SEED)
    assert (dataset.images.shape, dataset.images.dtype) == ((140, 48, 48), np.uint8)
    for part, count in (("training", 14), ("public", 3), ("private", 3)):
        assert np.bincount(dataset.part(part).labels).tolist() == [count] * 7
    assert dataset.face_mask().all()


def test_no_face_is_sketched_twice() -> None:
    dataset = sketch_dataset(20, SEED)
    assert len(np.unique(dataset.photo_group)) == len(dataset)
    assert not dataset.copy_of_training.any()
    assert len(split_tuning(dataset, 1)[1]) == 21


def test_ten_people_vote_and_most_see_what_was_sketched() -> None:
    dataset = sketch_dataset(20, SEED)
    votes = dataset.expression_votes()
    assert set(votes.sum(axis=1).tolist()) == {10}
    assert 0.7 < np.mean(votes.argmax(axis=1) == dataset.labels) < 1
    assert votes[np.arange(len(dataset)), dataset.labels].min() == 4


def test_the_same_seed_sketches_the_same_dataset() -> None:
    first = sketch_dataset(4, SEED).fingerprint()
    assert sketch_dataset(4, SEED).fingerprint() == first
    assert sketch_dataset(4, SEED + 1).fingerprint() != first


def test_too_few_sketches_are_refused() -> None:
    with pytest.raises(ValueError, match="3 sketches of each expression are too few"):
        sketch_dataset(3)


def test_the_mouth_shows_the_expression() -> None:
    corners, middle = (slice(30, 35), [*range(15, 18), *range(30, 33)]), (slice(34, 40), slice(22, 26))
    happy, sad, surprise, neutral = (
        mean_face(each) for each in (Expression.HAPPY, Expression.SAD, Expression.SURPRISE, Expression.NEUTRAL)
    )
    assert happy[corners].mean() < sad[corners].mean() - 10
    assert surprise[middle].mean() < neutral[middle].mean() - 20


def test_the_nearest_mean_face_tells_the_expressions_apart() -> None:
    means = np.stack([mean_face(each).ravel() for each in EXPRESSIONS])
    means = (means - means.mean(axis=1, keepdims=True)) / means.std(axis=1, keepdims=True)
    fresh = sketch_dataset(20, SEED + 1)
    faces = fresh.images.reshape(len(fresh), -1) - fresh.images.mean(axis=(1, 2))[:, None]
    assert np.mean((faces @ means.T).argmax(axis=1) == fresh.labels) > 0.6
