import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from realtime.domain import EXPRESSIONS, Expression, Threshold
from realtime.training import metrics

NAN = float("nan")

# Three of the seven expressions have faces: rows are labels, columns are predictions
TABLE = np.zeros((7, 7), np.int64)
TABLE[0, 0], TABLE[0, 3] = 3, 1
TABLE[3, 3], TABLE[3, 0], TABLE[3, 6] = 8, 2, 2
TABLE[4, 3] = 4

indices = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=60)


def predictions(*faces: tuple[float, bool]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Probabilities and labels of faces, each given by its confidence, above a half, and whether the prediction is right."""
    rows = [[confidence, *[(1 - confidence) / 6] * 6] for confidence, _ in faces]
    return np.array(rows), np.array([0 if right else 1 for _, right in faces])


def test_the_confusion_matrix_has_a_row_for_each_label_and_a_column_for_each_prediction() -> None:
    table = metrics.confusion_matrix(np.array([0, 0, 6, 6, 6]), np.array([0, 3, 6, 6, 1]))
    wanted = np.zeros((7, 7), np.int64)
    wanted[0, 0], wanted[0, 3], wanted[6, 6], wanted[6, 1] = 1, 1, 2, 1
    np.testing.assert_array_equal(table, wanted)


def test_figures_of_a_table_counted_by_hand() -> None:
    assert metrics.accuracy(TABLE) == pytest.approx(11 / 20)
    assert metrics.recalls(TABLE) == pytest.approx([3 / 4, NAN, NAN, 8 / 12, 0, NAN, NAN], nan_ok=True)
    # Precision 3/5 and recall 3/4; 8/13 and 8/12; never right; predicted twice, without a face
    assert metrics.f1_scores(TABLE) == pytest.approx([2 / 3, NAN, NAN, 16 / 25, 0, NAN, 0], nan_ok=True)
    assert metrics.nan_mean(metrics.recalls(TABLE)) == pytest.approx((3 / 4 + 2 / 3) / 3)


@given(indices)
def test_figures_follow_from_their_definitions(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(pairs).T
    table = metrics.confusion_matrix(labels, predicted)
    assert table.sum() == len(pairs)
    assert metrics.accuracy(table) == pytest.approx(np.mean(labels == predicted))
    for index, (recall, f1) in enumerate(zip(metrics.recalls(table), metrics.f1_scores(table), strict=True)):
        hits, real, named = (
            ((labels == index) & (predicted == index)).sum(),
            (labels == index).sum(),
            (predicted == index).sum(),
        )
        assert math.isnan(recall) == (real == 0)
        assert math.isnan(f1) == (real + named == 0)
        if real:
            assert recall == pytest.approx(hits / real)
        if hits:
            assert f1 == pytest.approx(2 / (real / hits + named / hits))


@given(indices)
def test_renumbered_expressions_change_no_total(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(pairs).T
    table, renamed = metrics.confusion_matrix(labels, predicted), metrics.confusion_matrix(6 - labels, 6 - predicted)
    assert metrics.accuracy(table) == metrics.accuracy(renamed)
    assert metrics.recalls(table) == pytest.approx(metrics.recalls(renamed)[::-1], nan_ok=True)


def test_an_expression_without_faces_has_no_figure() -> None:
    nothing = metrics.confusion_matrix(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert math.isnan(metrics.accuracy(nothing))
    assert math.isnan(metrics.nan_mean(metrics.recalls(nothing)))
    assert all(math.isnan(score) for score in metrics.f1_scores(nothing))
    probabilities, labels = np.zeros((0, 7)), np.zeros(0, np.int64)
    assert math.isnan(metrics.calibration_error(probabilities, labels))
    assert all(math.isnan(share) for share in metrics.coverage(probabilities, labels, Threshold(0.5)))


@pytest.mark.parametrize(("confidence", "right"), [(0.6, 3), (0.8, 4), (1.0, 5)])
def test_accuracy_equal_to_confidence_has_no_calibration_error(confidence: float, right: int) -> None:
    faces = [(confidence, index < right) for index in range(5)]
    assert metrics.calibration_error(*predictions(*faces)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("faces", "error"),
    [
        ([(1.0, False)], 1.0),
        ([(0.8, True)], 0.2),
        ([(0.8, False)] * 3, 0.8),
        # In the bin from 9/15 to 10/15 low and high confidence cancel
        ([(0.61, True), (0.65, False)], (0.65 + 0.61 - 1) / 2),
        ([(0.61, True), (0.68, False)], (0.39 + 0.68) / 2),
        # The last bin holds one itself
        ([(0.99, False), (1.0, True)], 0.99 / 2),
        # Each bin counts by its faces
        ([(0.7, True), (0.9, True), (0.9, True)], (0.3 + 0.1 + 0.1) / 3),
    ],
)
def test_calibration_errors_counted_by_hand(faces: list[tuple[float, bool]], error: float) -> None:
    assert metrics.calibration_error(*predictions(*faces)) == pytest.approx(error)


@given(st.lists(st.tuples(st.floats(0.5, 1), st.booleans()), min_size=1, max_size=40))
def test_a_calibration_error_is_a_share_and_not_below_the_gap_of_the_means(faces: list[tuple[float, bool]]) -> None:
    error = metrics.calibration_error(*predictions(*faces))
    gap = abs(np.mean([confidence for confidence, _ in faces]) - np.mean([right for _, right in faces]))
    assert gap - 1e-9 <= error <= 1


def test_the_vote_calibration_error_uses_the_vote_share_of_the_prediction() -> None:
    shares = np.zeros((2, 7))
    # In the second picture most people voted for another expression than the predicted one
    shares[0, 0], shares[0, 1], shares[1, 0], shares[1, 1] = 0.7, 0.3, 0.2, 0.8
    assert metrics.vote_calibration_error(predictions((0.7, True))[0], shares[:1]) == pytest.approx(0, abs=1e-12)
    assert metrics.vote_calibration_error(predictions((0.7, True), (0.9, True))[0], shares) == pytest.approx((0 + 0.7) / 2)


@given(st.lists(st.tuples(st.floats(0.5, 1), st.booleans()), max_size=40))
def test_unanimous_votes_equal_a_label(faces: list[tuple[float, bool]]) -> None:
    probabilities, labels = predictions(*faces) if faces else (np.zeros((0, 7)), np.zeros(0, np.int64))
    error = metrics.vote_calibration_error(probabilities, np.eye(7)[labels])
    assert error == pytest.approx(metrics.calibration_error(probabilities, labels), nan_ok=True)


def test_coverage_at_a_threshold() -> None:
    faces = predictions((0.9, True), (0.75, True), (0.75, False), (0.6, False))
    assert metrics.coverage(*faces, Threshold(0.5)) == (1.0, 0.5)
    assert metrics.coverage(*faces, Threshold(0.75)) == pytest.approx((0.75, 2 / 3))
    assert metrics.coverage(*faces, Threshold(0.8)) == (0.25, 1.0)
    answered, right = metrics.coverage(*faces, Threshold(0.95))
    assert answered == 0
    assert math.isnan(right)


def test_neutral_is_answered_at_its_own_threshold() -> None:
    neutral, happy = (EXPRESSIONS.index(expression) for expression in (Expression.NEUTRAL, Expression.HAPPY))
    probabilities = np.full((4, 7), 0.0)
    for row, (expression, value) in enumerate(((neutral, 0.7), (neutral, 0.9), (happy, 0.7), (happy, 0.5))):
        probabilities[row] = (1 - value) / 6
        probabilities[row, expression] = value
    assert metrics.answered(probabilities, Threshold(0.6, 0.8)).tolist() == [False, True, True, False]
    assert metrics.answered(probabilities, Threshold(0.6)).tolist() == [True, True, True, False]


def test_precision_and_weighted_f1_counted_by_hand() -> None:
    assert metrics.precisions(TABLE) == pytest.approx([3 / 5, NAN, NAN, 8 / 13, NAN, NAN, 0], nan_ok=True)
    # Four, twelve and four faces
    assert metrics.weighted_f1(TABLE) == pytest.approx((4 * 2 / 3 + 12 * 16 / 25 + 4 * 0) / 20)
    assert math.isnan(metrics.weighted_f1(np.zeros((7, 7), np.int64)))


@given(indices)
def test_precision_is_the_recall_of_the_transposed_matrix(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array(pairs).T
    table = metrics.confusion_matrix(labels, predicted)
    assert metrics.precisions(table) == pytest.approx(metrics.recalls(table.T), nan_ok=True)
    assert metrics.precisions(table) == pytest.approx(metrics.recalls(metrics.confusion_matrix(predicted, labels)), nan_ok=True)
    present = [score for score, count in zip(metrics.f1_scores(table), table.sum(axis=1), strict=True) if count]
    assert min(present) - 1e-9 <= metrics.weighted_f1(table) <= max(present) + 1e-9


@given(st.lists(st.tuples(st.floats(0.5, 1), st.booleans()), max_size=60))
def test_bins_of_reliability_hold_every_face_once_and_give_the_calibration_error(faces: list[tuple[float, bool]]) -> None:
    probabilities, labels = predictions(*faces) if faces else (np.zeros((0, 7)), np.zeros(0, np.int64))
    bins = metrics.reliability(probabilities, labels)
    assert sum(row["images"] for row in bins) == len(faces)
    assert all(row["images"] and row["high"] - row["low"] == pytest.approx(1 / 15) for row in bins)
    assert all(row["low"] - 1e-9 <= row["confidence"] <= row["high"] + 1e-9 for row in bins)
    if faces:
        error = sum(row["images"] * abs(row["confidence"] - row["accuracy"]) for row in bins) / len(faces)
        assert error == pytest.approx(metrics.calibration_error(probabilities, labels))


def test_a_curve_counted_by_hand() -> None:
    points = metrics.coverage_curve(*predictions((0.9, True), (0.8, False), (0.8, True), (0.6, False)))
    assert [point["threshold"] for point in points] == [0.9, 0.8, 0.6]
    assert [point["answered"] for point in points] == [0.25, 0.75, 1]
    assert [point["right"] for point in points] == pytest.approx([1, 2 / 3, 0.5])


@given(st.lists(st.tuples(st.floats(0.5, 1), st.booleans()), max_size=60))
def test_a_curve_goes_from_the_most_confident_faces_to_all(faces: list[tuple[float, bool]]) -> None:
    probabilities, labels = predictions(*faces) if faces else (np.zeros((0, 7)), np.zeros(0, np.int64))
    points = metrics.coverage_curve(probabilities, labels)
    assert bool(points) == bool(faces)
    assert len(points) <= 20
    answered = [point["answered"] for point in points]
    assert answered == sorted(set(answered))
    for point in points:
        assert metrics.coverage(probabilities, labels, Threshold(point["threshold"])) == (point["answered"], point["right"])
    if faces:
        assert points[-1]["answered"] == 1
        assert points[-1]["right"] == metrics.accuracy(metrics.confusion_matrix(labels, probabilities.argmax(axis=1)))


def test_a_share_of_nothing_is_nan() -> None:
    assert metrics.true_share(np.array([True, False, False, False])) == 0.25
    assert math.isnan(metrics.true_share(np.zeros(0, np.bool_)))
