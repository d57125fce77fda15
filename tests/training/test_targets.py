from collections.abc import Callable

import numpy as np
import pytest

from realtime.errors import UsageError
from realtime.training.dataset import Dataset
from realtime.training.recipe import Recipe
from realtime.training.targets import build_targets, class_prior, loss_weights

Build = Callable[..., Dataset]
PLAIN = Recipe(smoothing=0.0)
SKEWED = [0, 1, 2, 4, 5, 6] + [3] * 94


def test_teachers_have_their_share_of_the_targets_of_faces(people: Build) -> None:
    ballots = [
        {"NF": 10},
        *[{name: 10} for name in ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")],
    ]
    data = people([0, *range(7)], ballots, np.arange(8, dtype=np.uint8)[:, None, None] * np.ones((8, 48, 48), np.uint8))
    words = np.roll(np.eye(7, dtype=np.float32), 1, axis=1)
    soft_labels = np.concatenate([np.full((1, 7), 1 / 7, np.float32), words])
    images, wanted = build_targets(Recipe(smoothing=0.0, teacher="theirs", teacher_share=0.25), data, soft_labels)
    assert images[:, 0, 0].tolist() == list(range(1, 8))
    np.testing.assert_allclose(wanted, 0.75 * np.eye(7) + 0.25 * words, atol=1e-6)
    np.testing.assert_allclose(build_targets(PLAIN, data, None)[1], np.eye(7), atol=1e-6)


def test_data_without_a_face_are_refused(people: Build) -> None:
    with pytest.raises(UsageError, match="no picture of a face"):
        build_targets(PLAIN, people([3] * 4, [{"NF": 10}] * 4), None)


def test_an_expression_without_a_face_is_named(people: Build) -> None:
    with pytest.raises(UsageError, match="holds no face labelled disgust, sad: a network needs some of all seven"):
        build_targets(PLAIN, people([0, 2, 3, 4, 6]), None)


def test_without_balance_all_weights_are_one(people: Build) -> None:
    _, wanted = build_targets(PLAIN, people(SKEWED), None)
    assert loss_weights(PLAIN, wanted).tolist() == [1] * 7
    np.testing.assert_allclose(class_prior(PLAIN, wanted), [0.01, 0.01, 0.01, 0.94, 0.01, 0.01, 0.01], rtol=1e-5)


def test_with_balance_the_prior_is_weighted_like_the_loss(people: Build) -> None:
    balanced = Recipe(smoothing=0.0, balance=True)
    _, wanted = build_targets(balanced, people(SKEWED), None)
    counts = loss_weights(balanced, wanted) * np.array([1, 1, 1, 94, 1, 1, 1])
    np.testing.assert_allclose(class_prior(balanced, wanted), counts / counts.sum(), rtol=1e-4)
    assert class_prior(balanced, wanted)[3] < 0.94
