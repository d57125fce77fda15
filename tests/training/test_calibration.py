from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from realtime.classifier.keras_pair import fold_calibration, import_tensorflow, predict
from realtime.training import metrics
from realtime.training.calibration import (
    MAX_ACCURACY_LOSS,
    MAX_CLEAR_ERROR,
    MIN_COVERAGE,
    TARGET_ACCURACY,
    TEMPERATURES,
    THRESHOLDS,
    Calibration,
    choose_correction,
    choose_temperature,
    choose_threshold,
)
from realtime.training.dataset import Dataset

Build = Callable[..., Dataset]
EVEN = np.full(7, 1 / 7)
SKEWED = np.array([0.1, 0.02, 0.04, 0.4, 0.3, 0.1, 0.04])
VOTES = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
COUNT = 4000


def softmax(logits: NDArray[Any]) -> NDArray[np.float32]:
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def faces_and_logits(prior: NDArray[np.float64]) -> tuple[list[int], NDArray[np.float64]]:
    """Labels drawn from a prior, and the logits of a network that knows exactly how likely each of the seven is.

    Each face is a point about the corner of its expression; the posterior of Gaussian clusters is linear in it.
    """
    dice = np.random.default_rng(1)
    labels = dice.choice(7, COUNT, p=prior)
    points = 1.5 * np.eye(7)[labels] + dice.standard_normal((COUNT, 7))
    return labels.tolist(), 1.5 * points + np.log(prior)


def mean_recall(labels: list[int], probabilities: NDArray[np.float32]) -> float:
    return metrics.nan_mean(metrics.recalls(metrics.confusion_matrix(np.array(labels), probabilities.argmax(axis=1))))


@pytest.mark.parametrize(("sharpness", "low", "high"), [(0.5, 0.42, 0.58), (1.0, 0.85, 1.15), (1.8, 1.55, 2.0)])
def test_the_temperature_corrects_too_low_and_too_high_confidence(
    people: Build, sharpness: float, low: float, high: float
) -> None:
    labels, logits = faces_and_logits(EVEN)
    said = softmax(logits * sharpness)
    correction = choose_correction(said, EVEN, people(labels))
    assert low <= correction.temperature <= high
    corrected = correction.apply(said)
    assert metrics.calibration_error(corrected, np.array(labels)) < 0.03


def test_confidence_is_calibrated_against_the_votes(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    ballots = [{VOTES[label]: 10} for label in labels]
    # The labels of half of the pictures are another expression's: the network is right for the crowd, not for them
    noisy = [(label + index % 2) % 7 for index, label in enumerate(labels)]
    assert 0.85 <= choose_correction(softmax(logits), EVEN, people(noisy, ballots)).temperature <= 1.15


def test_disagreement_of_the_crowd_lowers_the_confidence(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    one, two = (
        choose_correction(
            softmax(logits), EVEN, people(labels, [{VOTES[label]: 10 - other, VOTES[label - 1]: other} for label in labels])
        )
        for other in (0, 3)
    )
    # Votes alone would ask for 1.6: the network is still right about what most people saw
    assert two.temperature > one.temperature
    softer = TEMPERATURES[TEMPERATURES.index(two.temperature) + 1]
    errors = [
        metrics.calibration_error(Calibration(degree, 0.0, (0.0,) * 7).apply(softmax(logits)), np.array(labels))
        for degree in (two.temperature, softer)
    ]
    assert errors[0] <= MAX_CLEAR_ERROR < errors[1]


def test_if_no_temperature_is_good_enough_the_least_error_decides(people: Build) -> None:
    # Right nine times of ten where it is least sure, and four of ten where it is surest
    confidence = np.linspace(0.5, 0.99, COUNT)
    right = np.random.default_rng(1).random(COUNT) < 1.4 - confidence
    said = np.tile(((1 - confidence) / 6)[:, None], (1, 7)).astype(np.float32)
    said[:, 2] = confidence
    faces = people(np.where(right, 2, 3).tolist())
    labels = faces.labels.astype(np.int64)
    errors = {
        degree: metrics.calibration_error(Calibration(degree, 0.0, (0.0,) * 7).apply(said), labels) for degree in TEMPERATURES
    }
    assert min(errors.values()) > MAX_CLEAR_ERROR
    degree, limit = choose_temperature(said, faces)
    assert errors[degree] == min(errors.values())
    assert limit == choose_threshold(Calibration(degree, 0.0, (0.0,) * 7).apply(said), labels)


def test_without_a_clear_majority_the_labels_decide(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    correction = choose_correction(softmax(logits * 1.8), EVEN, people(labels, [{"unknown": 10}] * COUNT))
    assert 1.55 <= correction.temperature <= 2.0


def test_prior_correction_raises_the_recall_of_rare_expressions(people: Build) -> None:
    labels, logits = faces_and_logits(SKEWED)
    said = softmax(logits)
    correction = choose_correction(said, SKEWED, people(labels))
    assert 0 < correction.prior_exponent <= 1
    np.testing.assert_allclose(correction.bias, -correction.prior_exponent * np.log(SKEWED) / correction.temperature)
    assert mean_recall(labels, correction.apply(said)) > mean_recall(labels, said) + 0.05


def test_prior_correction_costs_little_accuracy_against_the_majority(people: Build) -> None:
    # Recall of the rare alone would take more of the prior off, and six points of accuracy with it
    prior = np.array([0.05, 0.01, 0.02, 0.6, 0.25, 0.05, 0.02])
    labels, logits = faces_and_logits(prior)
    said = softmax(logits)
    correction = choose_correction(said, prior, people(labels))
    assert correction.prior_exponent > 0
    before, after = (np.mean(answer.argmax(axis=1) == labels) for answer in (said, correction.apply(said)))
    assert after >= before - MAX_ACCURACY_LOSS


def test_a_uniform_prior_changes_no_answer(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    said = softmax(logits)
    np.testing.assert_array_equal(choose_correction(said, EVEN, people(labels)).apply(said).argmax(axis=1), said.argmax(axis=1))


def test_the_temperature_changes_no_answer(people: Build) -> None:
    labels, logits = faces_and_logits(SKEWED)
    said = softmax(logits * 1.8)
    correction = choose_correction(said, SKEWED, people(labels))
    assert correction.temperature > 1.2
    assert correction.prior_exponent > 0
    wanted = np.log(said) + np.array(correction.bias) * correction.temperature
    np.testing.assert_array_equal(correction.apply(said).argmax(axis=1), wanted.argmax(axis=1))


def calibrated_answers(low: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Probabilities of a calibrated network with a confidence of `low` or more, and the labels."""
    confidence = np.linspace(low, 1, COUNT)
    # Among faces of similar confidence the share of wrong answers is one minus the confidence
    wrong = np.diff(np.floor(np.cumsum(1 - confidence)), prepend=0) > 0
    said = np.tile(((1 - confidence) / 6)[:, None], (1, 7)).astype(np.float32)
    said[:, 2] = confidence
    return said, np.where(wrong, 3, 2).astype(np.int64)


def test_the_threshold_is_the_lowest_that_reaches_the_target_accuracy() -> None:
    said, labels = calibrated_answers(0.87)
    limit = choose_threshold(said, labels)
    assert 0.87 < limit <= 0.9
    assert metrics.coverage(said, labels, limit)[1] >= TARGET_ACCURACY
    assert all(metrics.coverage(said, labels, lower)[1] < TARGET_ACCURACY for lower in THRESHOLDS if lower < limit)


def test_most_faces_are_answered_even_if_fewer_are_right() -> None:
    said, labels = calibrated_answers(0.4)
    limit = choose_threshold(said, labels)
    assert limit == pytest.approx(0.52, abs=0.011)
    assert metrics.coverage(said, labels, limit)[0] >= MIN_COVERAGE
    assert metrics.coverage(said, labels, limit + 0.01)[0] < MIN_COVERAGE


def test_the_threshold_is_that_of_the_corrected_network_on_clear_faces(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    clear = np.arange(COUNT) % 4 > 0
    ballots = [
        {VOTES[label]: 10} if sure else {VOTES[label]: 5, VOTES[label - 1]: 5}
        for label, sure in zip(labels, clear, strict=True)
    ]
    said = softmax(logits * 0.5)
    correction = choose_correction(said, EVEN, people(labels, ballots))
    truth = np.array(labels)[clear]
    assert correction.unsure_below == choose_threshold(correction.apply(said)[clear], truth)
    assert correction.unsure_below != choose_threshold(said[clear], truth)


def test_data_without_an_expression_can_be_calibrated(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    kept = [index for index, label in enumerate(labels) if label != 1]
    prior = np.where(np.arange(7) == 1, 0, 1 / 6)
    correction = choose_correction(softmax(logits[kept]), prior, people([labels[index] for index in kept]))
    assert np.isfinite([correction.temperature, *correction.bias]).all()


rows = st.lists(st.floats(0, 1, width=32), min_size=7, max_size=7).filter(lambda row: sum(row) > 1e-3)
biases = st.lists(st.floats(-20, 20), min_size=7, max_size=7)


@given(st.lists(rows, min_size=1, max_size=4), st.floats(0.3, 2), biases)
def test_corrected_probabilities_are_distributions(batch: list[list[float]], temperature: float, bias: list[float]) -> None:
    said = np.array([np.array(row) / sum(row) for row in batch], np.float32)
    corrected = Calibration(temperature, 0.5, tuple(bias)).apply(said)
    assert corrected.dtype == np.float32
    assert corrected.shape == said.shape
    assert corrected.min() >= 0
    np.testing.assert_allclose(corrected.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(Calibration(1.0, 0.0, (0.0,) * 7).apply(said), said, atol=1e-6)


def test_folding_the_correction_in_gives_the_same_probabilities() -> None:
    keras = import_tensorflow("testing").keras
    keras.utils.set_random_seed(1)
    layers = keras.layers
    network = keras.Sequential(
        [keras.Input((48, 48, 1)), layers.AveragePooling2D(8), layers.Flatten(), layers.Dense(7, "softmax")]
    )
    kernel, offset = network.layers[-1].get_weights()
    network.layers[-1].set_weights([kernel * 8, np.linspace(-1, 1, len(offset))])
    crops = np.random.default_rng(1).random((20, 48, 48, 1), np.float32)
    before = predict(network, crops)
    correction = Calibration(0.6, 0.5, tuple(float(value) for value in -0.5 * np.log(SKEWED) / 0.6))
    fold_calibration(network, correction.temperature, np.array(correction.bias, np.float32))
    after = predict(network, crops)
    np.testing.assert_allclose(after, correction.apply(before), atol=1e-5)
    assert np.abs(after - before).max() > 0.05
