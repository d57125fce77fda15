from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.network import LOGITS, answers, tensorflow
from realtime.presets import SURENESS
from realtime.training import delivery, metrics, sureness
from realtime.training.calibrate import judges, temper
from realtime.training.dataset import Dataset
from realtime.training.fit import predict
from realtime.training.recipe import Recipe
from realtime.training.session import Session
from tests.training.tiny import doubting, introduce, tiny

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

Build = Callable[..., Dataset]
COUNT = 512
HAPPY, SAD = 3, 5


@pytest.fixture(scope="module", autouse=True)
def short() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        introduce(patch, "doubting", doubting)
        patch.setattr(sureness, "BATCH_SIZE", 64)
        yield


@pytest.fixture(scope="module")
def crowd(people: Build) -> Dataset:
    """Bright above looks happy and dark there sad; whoever is bright below is seen so by four of ten only."""
    dice = np.random.default_rng(1)
    happy, disputed = dice.random(COUNT) < 0.5, dice.random(COUNT) < 0.5
    images = dice.integers(0, 20, (COUNT, 48, 48))
    images[:, :24] += np.where(happy, 200, 40)[:, None, None]
    images[:, 24:] += np.where(disputed, 200, 40)[:, None, None]
    labels = np.where(happy, HAPPY, SAD)
    # A run needs one of each; the crowd knows better
    labels[:7] = range(7)
    ballots = [
        {("happiness" if up else "sadness"): 4, "neutral": 3, "anger": 3} if torn else {("happiness" if up else "sadness"): 10}
        for up, torn in zip(happy, disputed, strict=True)
    ]
    return people(labels.tolist(), ballots, images.astype(np.uint8))


def disputed(crowd: Dataset) -> NDArray[np.bool_]:
    return crowd.votes.max(axis=1) < 5


def knowing() -> Any:
    """A network that is always right, and as sure of the one as of the other."""
    tensorflow("testing").keras.utils.set_random_seed(1)
    network = doubting()
    kernel = np.zeros((2, 7), np.float32)
    kernel[0, HAPPY], kernel[0, SAD] = 6, -6
    bias = np.full(7, -1, np.float32)
    bias[HAPPY], bias[SAD] = -3, 3
    network.get_layer(LOGITS).set_weights([kernel, bias])
    return network


@pytest.fixture(scope="module")
def taught(crowd: Dataset) -> Any:
    network = knowing()
    sureness.teach(network, crowd, seed=1)
    return network


def test_before_it_is_taught_all_faces_count_alike(crowd: Dataset) -> None:
    network = knowing()
    kernel, bias = network.get_layer(LOGITS).get_weights()
    above = crowd.images[:, :24].mean(axis=(1, 2)) / 255
    below = crowd.images[:, 24:].mean(axis=(1, 2)) / 255
    scores = np.exp(np.stack([above, below], axis=1) @ kernel + bias)
    np.testing.assert_allclose(predict(network, crowd.images), scores / scores.sum(axis=1, keepdims=True), atol=1e-4)


def test_it_doubts_the_faces_that_people_disagree_about(taught: Any, crowd: Dataset) -> None:
    before, after = predict(knowing(), crowd.images).max(axis=1), predict(taught, crowd.images).max(axis=1)
    torn = disputed(crowd)
    assert abs(before[torn].mean() - before[~torn].mean()) < 0.02
    # Four of ten, and all
    assert after[torn].mean() == pytest.approx(0.4, abs=0.08)
    assert after[~torn].mean() > 0.9


def test_no_answer_changes_and_no_other_weight(taught: Any, crowd: Dataset) -> None:
    before = knowing()
    np.testing.assert_array_equal(predict(taught, crowd.images).argmax(axis=1), predict(before, crowd.images).argmax(axis=1))
    for ours, theirs in zip(taught.layers, before.layers, strict=True):
        if ours.name not in SURENESS:
            for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
                np.testing.assert_array_equal(one, other)


def test_the_seed_decides(taught: Any, crowd: Dataset) -> None:
    again, other = knowing(), knowing()
    sureness.teach(again, crowd, seed=1)
    sureness.teach(other, crowd, seed=2)
    said = predict(taught, crowd.images)
    np.testing.assert_array_equal(predict(again, crowd.images), said)
    assert np.abs(predict(other, crowd.images) - said).max() > 1e-4


def test_pictures_without_a_face_teach_nothing(taught: Any, crowd: Dataset, people: Build) -> None:
    blank = people([HAPPY] * 40, [{"NF": 10}] * 40)
    names = ("images", "labels", "votes", "usage", "copy_of_training", "photo_group")
    both = Dataset(*(np.concatenate([getattr(crowd, name), getattr(blank, name)]) for name in names))
    network = knowing()
    sureness.teach(network, both, seed=1)
    np.testing.assert_array_equal(predict(network, crowd.images), predict(taught, crowd.images))


def test_without_votes_it_learns_where_the_labels_say_otherwise(crowd: Dataset) -> None:
    # Of those that are bright below every second label is another
    torn = disputed(crowd)
    labels = np.where(torn & (np.arange(COUNT) % 2 == 0), 0, crowd.labels).astype(np.uint8)
    network = knowing()
    sureness.teach(network, replace(crowd, labels=labels, votes=np.zeros_like(crowd.votes)), seed=1)
    best = predict(network, crowd.images).max(axis=1)
    assert best[torn].mean() == pytest.approx(0.5, abs=0.1)
    assert best[~torn].mean() > 0.9


def test_it_is_forgotten(taught: Any, crowd: Dataset) -> None:
    keras = tensorflow("testing").keras
    copy = keras.models.clone_model(taught)
    copy.set_weights(taught.get_weights())
    sureness.forget(copy)
    np.testing.assert_allclose(predict(copy, crowd.images), predict(knowing(), crowd.images), atol=1e-6)


def test_a_network_without_the_layers_is_left_alone() -> None:
    network = tiny()
    before = [np.array(weight) for weight in network.get_weights()]
    assert not sureness.teachable(network)
    sureness.forget(network)
    assert all(np.array_equal(one, other) for one, other in zip(network.get_weights(), before, strict=True))


def test_training_leaves_it_for_the_end(taught: Any, crowd: Dataset) -> None:
    recipe = Recipe("doubting", epochs=1, batch_size=64)
    session = Session(recipe, crowd, taught, None)
    start = [np.array(weight) for weight in session.network.get_layer(LOGITS).get_weights()]
    session.epoch(0, None)
    assert not np.array_equal(session.network.get_layer(LOGITS).get_weights()[0], start[0])
    for weight in session.network.get_layer(SURENESS[1]).get_weights():
        assert not weight.any(), "what was taught before is forgotten, and nothing is learned until the end"
    np.testing.assert_allclose(start[0], taught.get_layer(LOGITS).get_weights()[0])


def test_a_run_ends_with_a_network_that_doubts_and_is_calibrated(crowd: Dataset) -> None:
    network = knowing()
    correction = delivery.corrected(network, Recipe("doubting"), crowd, crowd, None)
    assert correction is not None
    said, torn = predict(network, crowd.images), disputed(crowd)
    assert said.max(axis=1)[torn].mean() < 0.6
    assert said.max(axis=1)[~torn].mean() > 0.9
    clear, majority = judges(crowd)
    assert metrics.calibration_error(said[clear], majority[clear]) < 0.05
    degree, limit = temper(said, crowd)
    assert degree == pytest.approx(1, abs=0.05), "no other temperature would be better"
    assert correction.unsure_below == pytest.approx(limit, abs=0.011)


def test_the_correction_says_all_that_was_folded_in(crowd: Dataset) -> None:
    network = knowing()
    kernel, bias = (np.array(weight) for weight in network.get_layer(LOGITS).get_weights())
    correction = delivery.corrected(network, Recipe("doubting"), crowd, crowd, None)
    assert correction is not None
    now = network.get_layer(LOGITS).get_weights()
    np.testing.assert_allclose(now[0], kernel / correction.temperature, rtol=1e-5)
    np.testing.assert_allclose(now[1], bias / correction.temperature + np.array(correction.bias), rtol=1e-4, atol=1e-5)


def test_answers_stay_distributions(taught: Any) -> None:
    said = answers(taught, np.random.default_rng(3).random((20, 48, 48, 1), np.float32))
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-5)
