from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from realtime.classifier.keras_pair import fold_calibration, import_tensorflow, predict
from realtime.domain import EXPRESSIONS, Expression, Threshold
from realtime.training import metrics
from realtime.training.calibration import (
    MAX_ACCURACY_LOSS,
    MAX_CLEAR_ERROR,
    MAX_SILENCED,
    MIN_COVERAGE,
    TARGET_ACCURACY,
    TEMPERATURES,
    THRESHOLDS,
    Calibration,
    choose_correction,
    choose_neutral_threshold,
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
    """Labels drawn from a prior, and the logits of a network with exact probabilities.

    Each face is a point about the corner of its expression; the posterior of Gaussian clusters is linear in it.
    """
    rng = np.random.default_rng(1)
    labels = rng.choice(7, COUNT, p=prior)
    points = 1.5 * np.eye(7)[labels] + rng.standard_normal((COUNT, 7))
    return labels.tolist(), 1.5 * points + np.log(prior)


def mean_recall(labels: list[int], probabilities: NDArray[np.float32]) -> float:
    return metrics.nan_mean(metrics.recalls(metrics.confusion_matrix(np.array(labels), probabilities.argmax(axis=1))))


@pytest.mark.parametrize(("sharpness", "low", "high"), [(0.5, 0.42, 0.58), (1.0, 0.85, 1.15), (1.8, 1.55, 2.0)])
def test_the_temperature_corrects_too_low_and_too_high_confidence(
    people: Build, sharpness: float, low: float, high: float
) -> None:
    labels, logits = faces_and_logits(EVEN)
    probabilities = softmax(logits * sharpness)
    correction = choose_correction(probabilities, EVEN, people(labels))
    assert low <= correction.temperature <= high
    corrected = correction.apply(probabilities)
    assert metrics.calibration_error(corrected, np.array(labels)) < 0.03


def test_confidence_is_calibrated_against_the_votes(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    ballots = [{VOTES[label]: 10} for label in labels]
    # Half of the labels are wrong: the network agrees with the votes, not with the labels
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
    # The votes alone would give 1.6, but the network still agrees with the majority
    assert two.temperature > one.temperature
    softer = TEMPERATURES[TEMPERATURES.index(two.temperature) + 1]
    errors = [
        metrics.calibration_error(Calibration(temperature, 0.0, (0.0,) * 7).apply(softmax(logits)), np.array(labels))
        for temperature in (two.temperature, softer)
    ]
    assert errors[0] <= MAX_CLEAR_ERROR < errors[1]


def test_if_no_temperature_meets_the_limit_the_least_error_decides(people: Build) -> None:
    # The accuracy is 0.9 at the lowest confidence and 0.4 at the highest
    confidence = np.linspace(0.5, 0.99, COUNT)
    right = np.random.default_rng(1).random(COUNT) < 1.4 - confidence
    probabilities = np.tile(((1 - confidence) / 6)[:, None], (1, 7)).astype(np.float32)
    probabilities[:, 2] = confidence
    faces = people(np.where(right, 2, 3).tolist())
    labels = faces.labels.astype(np.int64)
    errors = {
        temperature: metrics.calibration_error(Calibration(temperature, 0.0, (0.0,) * 7).apply(probabilities), labels)
        for temperature in TEMPERATURES
    }
    assert min(errors.values()) > MAX_CLEAR_ERROR
    temperature, threshold = choose_temperature(probabilities, faces)
    assert errors[temperature] == min(errors.values())
    assert threshold == choose_threshold(Calibration(temperature, 0.0, (0.0,) * 7).apply(probabilities), labels)


def test_without_a_clear_majority_the_labels_decide(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    correction = choose_correction(softmax(logits * 1.8), EVEN, people(labels, [{"unknown": 10}] * COUNT))
    assert 1.55 <= correction.temperature <= 2.0


def test_prior_correction_raises_the_recall_of_rare_expressions(people: Build) -> None:
    labels, logits = faces_and_logits(SKEWED)
    probabilities = softmax(logits)
    correction = choose_correction(probabilities, SKEWED, people(labels))
    assert 0 < correction.prior_exponent <= 1
    np.testing.assert_allclose(correction.bias, -correction.prior_exponent * np.log(SKEWED) / correction.temperature)
    assert mean_recall(labels, correction.apply(probabilities)) > mean_recall(labels, probabilities) + 0.05


def test_prior_correction_costs_little_accuracy_against_the_majority(people: Build) -> None:
    # The recall of rare expressions alone would remove more of the prior and cost six points of accuracy
    prior = np.array([0.05, 0.01, 0.02, 0.6, 0.25, 0.05, 0.02])
    labels, logits = faces_and_logits(prior)
    probabilities = softmax(logits)
    correction = choose_correction(probabilities, prior, people(labels))
    assert correction.prior_exponent > 0
    before, after = (np.mean(each.argmax(axis=1) == labels) for each in (probabilities, correction.apply(probabilities)))
    assert after >= before - MAX_ACCURACY_LOSS


def test_a_uniform_prior_changes_no_prediction(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    probabilities = softmax(logits)
    np.testing.assert_array_equal(
        choose_correction(probabilities, EVEN, people(labels)).apply(probabilities).argmax(axis=1), probabilities.argmax(axis=1)
    )


def test_the_temperature_changes_no_prediction(people: Build) -> None:
    labels, logits = faces_and_logits(SKEWED)
    probabilities = softmax(logits * 1.8)
    correction = choose_correction(probabilities, SKEWED, people(labels))
    assert correction.temperature > 1.2
    assert correction.prior_exponent > 0
    wanted = np.log(probabilities) + np.array(correction.bias) * correction.temperature
    np.testing.assert_array_equal(correction.apply(probabilities).argmax(axis=1), wanted.argmax(axis=1))


def calibrated_predictions(low: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Probabilities of a calibrated network with a confidence of `low` or more, and the labels."""
    confidence = np.linspace(low, 1, COUNT)
    # Among faces of similar confidence the share of wrong predictions is one minus the confidence
    wrong = np.diff(np.floor(np.cumsum(1 - confidence)), prepend=0) > 0
    probabilities = np.tile(((1 - confidence) / 6)[:, None], (1, 7)).astype(np.float32)
    probabilities[:, 2] = confidence
    return probabilities, np.where(wrong, 3, 2).astype(np.int64)


def test_the_threshold_is_the_lowest_that_reaches_the_target_accuracy() -> None:
    probabilities, labels = calibrated_predictions(0.87)
    threshold = choose_threshold(probabilities, labels)
    assert 0.87 < threshold <= 0.9
    assert metrics.coverage(probabilities, labels, Threshold(threshold))[1] >= TARGET_ACCURACY
    assert all(
        metrics.coverage(probabilities, labels, Threshold(lower))[1] < TARGET_ACCURACY
        for lower in THRESHOLDS
        if lower < threshold
    )


def test_most_faces_are_answered_even_if_fewer_are_right() -> None:
    probabilities, labels = calibrated_predictions(0.4)
    threshold = choose_threshold(probabilities, labels)
    assert threshold == pytest.approx(0.52, abs=0.011)
    assert metrics.coverage(probabilities, labels, Threshold(threshold))[0] >= MIN_COVERAGE
    assert metrics.coverage(probabilities, labels, Threshold(threshold + 0.01))[0] < MIN_COVERAGE


def test_the_threshold_of_neutral_is_the_highest_that_silences_few() -> None:
    labels, logits = faces_and_logits(SKEWED)
    probabilities = softmax(logits)
    common = 0.6
    neutral = choose_neutral_threshold(probabilities, np.array(labels), common)
    share = metrics.coverage(probabilities, np.array(labels), Threshold(common))[0]
    kept = {each: metrics.coverage(probabilities, np.array(labels), Threshold(common, each))[0] for each in THRESHOLDS}
    assert neutral > common
    assert kept[neutral] >= share - MAX_SILENCED
    assert all(kept[each] < share - MAX_SILENCED for each in THRESHOLDS if each > neutral)


def test_no_threshold_of_neutral_silences_a_network_that_says_nothing_else() -> None:
    probabilities = np.full((50, 7), 0.05, np.float32)
    probabilities[:, EXPRESSIONS.index(Expression.NEUTRAL)] = 0.75
    neutral = np.full(50, EXPRESSIONS.index(Expression.NEUTRAL))
    assert choose_neutral_threshold(probabilities, neutral, 0.5) == 0.75


def test_the_threshold_is_that_of_the_corrected_network_on_clear_faces(people: Build) -> None:
    labels, logits = faces_and_logits(EVEN)
    clear = np.arange(COUNT) % 4 > 0
    ballots = [
        {VOTES[label]: 10} if sure else {VOTES[label]: 5, VOTES[label - 1]: 5}
        for label, sure in zip(labels, clear, strict=True)
    ]
    probabilities = softmax(logits * 0.5)
    correction = choose_correction(probabilities, EVEN, people(labels, ballots))
    truth = np.array(labels)[clear]
    assert correction.unsure_below == choose_threshold(correction.apply(probabilities)[clear], truth)
    assert correction.unsure_below != choose_threshold(probabilities[clear], truth)


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
    probabilities = np.array([np.array(row) / sum(row) for row in batch], np.float32)
    corrected = Calibration(temperature, 0.5, tuple(bias)).apply(probabilities)
    assert corrected.dtype == np.float32
    assert corrected.shape == probabilities.shape
    assert corrected.min() >= 0
    np.testing.assert_allclose(corrected.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(Calibration(1.0, 0.0, (0.0,) * 7).apply(probabilities), probabilities, atol=1e-6)


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
