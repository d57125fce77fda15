from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from realtime.classifier.architectures import CONFIDENCE_HEAD
from realtime.classifier.keras_pair import LOGITS, import_tensorflow, predict
from realtime.training import confidence_head
from realtime.training.dataset import VOTE_COLUMNS, Dataset
from realtime.training.trainer import predict_probabilities
from tests.support.tiny_network import tiny
from tests.support.torn_files import COUNT, HAPPY, disputed, knowing

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

Build = Callable[..., Dataset]


@pytest.fixture(scope="module")
def trained(crowd: Dataset) -> Any:
    network = knowing()
    confidence_head.train_head(network, crowd, seed=1)
    return network


def test_an_untrained_head_changes_no_probability(crowd: Dataset) -> None:
    network = knowing()
    kernel, bias = network.get_layer(LOGITS).get_weights()
    above = crowd.images[:, :24].mean(axis=(1, 2)) / 255
    below = crowd.images[:, 24:].mean(axis=(1, 2)) / 255
    scores = np.exp(np.stack([above, below], axis=1) @ kernel + bias)
    np.testing.assert_allclose(
        predict_probabilities(network, crowd.images), scores / scores.sum(axis=1, keepdims=True), atol=1e-4
    )


def test_training_lowers_the_confidence_of_disputed_faces(trained: Any, crowd: Dataset) -> None:
    before, after = (
        predict_probabilities(knowing(), crowd.images).max(axis=1),
        predict_probabilities(trained, crowd.images).max(axis=1),
    )
    is_disputed = disputed(crowd)
    assert abs(before[is_disputed].mean() - before[~is_disputed].mean()) < 0.02
    # Four of ten votes, and all of them
    assert after[is_disputed].mean() == pytest.approx(0.4, abs=0.08)
    assert after[~is_disputed].mean() > 0.9


def test_training_changes_no_prediction_and_no_other_weight(trained: Any, crowd: Dataset) -> None:
    before = knowing()
    np.testing.assert_array_equal(
        predict_probabilities(trained, crowd.images).argmax(axis=1), predict_probabilities(before, crowd.images).argmax(axis=1)
    )
    for ours, theirs in zip(trained.layers, before.layers, strict=True):
        if ours.name not in CONFIDENCE_HEAD:
            for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)


def test_the_seed_determines_the_weights(trained: Any, crowd: Dataset) -> None:
    again, other = knowing(), knowing()
    confidence_head.train_head(again, crowd, seed=1)
    confidence_head.train_head(other, crowd, seed=2)
    probabilities = predict_probabilities(trained, crowd.images)
    np.testing.assert_array_equal(predict_probabilities(again, crowd.images), probabilities)
    assert np.abs(predict_probabilities(other, crowd.images) - probabilities).max() > 1e-4


def test_images_without_a_face_are_not_trained_on(crowd: Dataset) -> None:
    blank, votes = np.arange(COUNT) < 40, crowd.votes.copy()
    votes[blank] = 10 * np.eye(len(VOTE_COLUMNS))[VOTE_COLUMNS.index("NF")]
    with_blanks, without = knowing(), knowing()
    confidence_head.train_head(with_blanks, replace(crowd, votes=votes), seed=1)
    confidence_head.train_head(without, crowd.select(~blank), seed=1)
    np.testing.assert_array_equal(
        predict_probabilities(with_blanks, crowd.images), predict_probabilities(without, crowd.images)
    )


def test_without_votes_the_head_is_trained_on_the_labels(crowd: Dataset) -> None:
    # Among the faces with a bright lower half every second label is another
    is_disputed = disputed(crowd)
    labels = np.where(is_disputed & (np.arange(COUNT) % 2 == 0), 0, crowd.labels).astype(np.uint8)
    network = knowing()
    confidence_head.train_head(network, replace(crowd, labels=labels, votes=np.zeros_like(crowd.votes)), seed=1)
    best = predict_probabilities(network, crowd.images).max(axis=1)
    assert best[is_disputed].mean() == pytest.approx(0.5, abs=0.1)
    assert best[~is_disputed].mean() > 0.9


def test_reset_restores_equal_factors(trained: Any, crowd: Dataset) -> None:
    keras = import_tensorflow("testing").keras
    copy = keras.models.clone_model(trained)
    copy.set_weights(trained.get_weights())
    confidence_head.reset_head(copy)
    np.testing.assert_allclose(
        predict_probabilities(copy, crowd.images), predict_probabilities(knowing(), crowd.images), atol=1e-6
    )


def test_a_network_without_the_head_stays_unchanged() -> None:
    network = tiny()
    before = [np.array(weight) for weight in network.get_weights()]
    assert not confidence_head.has_confidence_head(network)
    confidence_head.reset_head(network)
    assert all(np.array_equal(one, other) for one, other in zip(network.get_weights(), before, strict=True))


def test_a_constant_feature_has_no_effect_later(crowd: Dataset) -> None:
    # In training all faces have an equally dark lower half, and later they do not
    images = crowd.images.copy()
    images[:, 24:] = 60
    network = knowing()
    confidence_head.train_head(network, replace(crowd, images=images), seed=1)
    kernel, _ = network.get_layer(CONFIDENCE_HEAD[0]).get_weights()
    assert np.abs(kernel).max() < 100
    expected = predict_probabilities(knowing(), crowd.images).argmax(axis=1)
    np.testing.assert_array_equal(predict_probabilities(network, crowd.images).argmax(axis=1), expected)


@pytest.mark.parametrize("count", [0, 1, confidence_head.MIN_FACES - 1])
def test_with_few_faces_the_head_is_not_trained(trained: Any, crowd: Dataset, count: int) -> None:
    network = knowing()
    network.get_layer(CONFIDENCE_HEAD[1]).set_weights(trained.get_layer(CONFIDENCE_HEAD[1]).get_weights())
    confidence_head.train_head(network, crowd.select(np.arange(COUNT) < count), seed=1)
    np.testing.assert_array_equal(predict_probabilities(network, crowd.images), predict_probabilities(knowing(), crowd.images))


def test_identical_faces_change_no_prediction(crowd: Dataset, people: Build) -> None:
    network = knowing()
    happy = crowd.images[crowd.labels == HAPPY][-1:]
    confidence_head.train_head(
        network, people([HAPPY] * confidence_head.MIN_FACES, images=happy.repeat(confidence_head.MIN_FACES, axis=0)), seed=1
    )
    expected = predict_probabilities(knowing(), crowd.images).argmax(axis=1)
    np.testing.assert_array_equal(predict_probabilities(network, crowd.images).argmax(axis=1), expected)


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_every_seed_of_a_run_is_accepted(crowd: Dataset, seed: int) -> None:
    confidence_head.train_head(knowing(), crowd.select(np.arange(COUNT) < confidence_head.MIN_FACES), seed=seed)


def test_predictions_stay_distributions(trained: Any) -> None:
    probabilities = predict(trained, np.random.default_rng(3).random((20, 48, 48, 1), np.float32))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
