import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.domain import Expression, Threshold
from realtime.training import evaluation
from realtime.training.corruptions import CORRUPTIONS
from realtime.training.dataset import Dataset
from realtime.training.evaluation import clear_majority, evaluate_network

Build = Callable[..., Dataset]
ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE = range(7)
GROUPS = ["original labels", "without copies of training", "clear majority"]


def peaked(*predictions: tuple[int, float]) -> NDArray[np.float32]:
    """Probabilities whose largest value is the given confidence, for each prediction."""
    rows = np.array([[(1 - confidence) / 6] * 7 for _, confidence in predictions], np.float32)
    for row, (index, confidence) in zip(rows, predictions, strict=True):
        row[index] = confidence
    return rows


@pytest.mark.parametrize(
    ("ballot", "clear"),
    [
        ({"sadness": 6, "neutral": 4}, True),
        ({"sadness": 5.5, "neutral": 4.5}, True),
        ({"sadness": 5, "neutral": 5}, False),
        ({"sadness": 5, "unknown": 5}, False),
        ({"contempt": 10}, False),
        ({"NF": 10}, False),
        ({}, False),
    ],
)
def test_a_majority_is_clear_above_five_votes_for_one_of_the_seven(
    people: Build, ballot: dict[str, float], *, clear: bool
) -> None:
    found, majority = clear_majority(people([ANGRY], [ballot]))
    assert found.tolist() == [clear]
    if clear:
        assert majority.tolist() == [SAD]


@pytest.fixture
def five(people: Build) -> Dataset:
    """The first two are copies. The first four have a clear majority; for the second and fourth it is not the label."""
    ballots = [{"happiness": 9}, {"neutral": 8}, {"sadness": 6}, {"happiness": 7}, {"fear": 4, "surprise": 4}]
    return people([HAPPY, HAPPY, SAD, SAD, FEAR], ballots, copies=[True, True, False, False, False])


def test_each_group_counts_its_own_images_against_its_own_labels(five: Dataset) -> None:
    probabilities = peaked((HAPPY, 0.9), (HAPPY, 0.8), (SAD, 0.7), (HAPPY, 0.6), (ANGRY, 0.3))
    figures = evaluate_network(five, probabilities, threshold=Threshold(0.65))
    assert list(figures) == GROUPS
    assert [figures[group]["images"] for group in GROUPS] == [5, 3, 4]
    # By their labels: right, right, right, wrong, wrong; by the majority: right, wrong, right, right
    assert [figures[group]["accuracy"] for group in GROUPS] == pytest.approx([3 / 5, 1 / 3, 3 / 4])
    assert [figures[group]["answered"] for group in GROUPS] == pytest.approx([3 / 5, 1 / 3, 3 / 4])
    assert [figures[group]["right_of_answered"] for group in GROUPS] == pytest.approx([1, 1, 2 / 3])
    assert [figures[group]["mean_recall"] for group in GROUPS] == pytest.approx(
        [(1 + 0.5 + 0) / 3, (0.5 + 0) / 2, (1 + 1 + 0) / 3]
    )
    # Happy: precision 2/3, recall 2/2; sad: precision 1/1, recall 1/2; fear and angry: never right
    assert figures["original labels"]["macro_f1"] == pytest.approx((0.8 + 2 / 3 + 0 + 0) / 4)
    gaps = [0.1, 0.2, 0.3, 0.6, 0.3]
    assert figures["original labels"]["calibration_error"] == pytest.approx(sum(gaps) / 5)
    # All votes of each of the first four are for one expression; the last prediction has no vote
    gaps = [0.1, 0.8, 0.3, 0.4, 0.3]
    assert figures["original labels"]["vote_calibration_error"] == pytest.approx(sum(gaps) / 5)


def test_recalls_are_named_and_the_matrix_has_a_row_for_each_label(five: Dataset) -> None:
    figures = evaluate_network(
        five, peaked((HAPPY, 0.9), (SURPRISE, 0.8), (SAD, 0.7), (SAD, 0.6), (FEAR, 0.5)), Threshold(0.5)
    )["original labels"]
    assert list(figures["recall"]) == [expression.value for expression in Expression]
    assert figures["recall"]["happy"] == 0.5
    assert figures["recall"]["sad"] == figures["recall"]["fear"] == 1
    assert math.isnan(figures["recall"]["disgust"])
    assert figures["confusion"][HAPPY] == [0, 0, 0, 1, 0, 0, 1]
    assert sum(map(sum, figures["confusion"])) == 5


def test_a_report_is_a_document_of_json(people: Build) -> None:
    probabilities = peaked(*((index, 0.5) for index in range(7)))
    figures = evaluate_network(people(range(7)), probabilities, Threshold(0.4))
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert [figures[group]["accuracy"] for group in GROUPS] == [1, 1, 1]


def test_a_group_without_an_image_has_no_figures_and_gives_no_warning(people: Build) -> None:
    figures = evaluate_network(people([HAPPY], [{"contempt": 10}], copies=[True]), peaked((HAPPY, 0.9)), Threshold(0.5))
    assert figures["original labels"]["accuracy"] == 1
    for group in GROUPS[1:]:
        assert figures[group]["images"] == 0
        assert all(math.isnan(figures[group][name]) for name in ("accuracy", "macro_f1", "mean_recall", "answered"))


def test_a_group_has_every_figure_of_each_expression(five: Dataset) -> None:
    probabilities = peaked((HAPPY, 0.9), (HAPPY, 0.8), (SAD, 0.7), (HAPPY, 0.6), (ANGRY, 0.3))
    figures = evaluate_network(five, probabilities, Threshold(0.65))["original labels"]
    assert figures["precision"]["happy"] == pytest.approx(2 / 3)
    assert (figures["precision"]["sad"], figures["precision"]["angry"]) == (1, 0)
    assert math.isnan(figures["precision"]["fear"])
    assert (figures["f1"]["happy"], figures["f1"]["sad"], figures["f1"]["fear"]) == pytest.approx((0.8, 2 / 3, 0))
    assert figures["support"] == dict.fromkeys(figures["support"], 0) | {"happy": 2, "sad": 2, "fear": 1}
    assert figures["weighted_f1"] == pytest.approx((2 * 0.8 + 2 * 2 / 3 + 0) / 5)
    assert [row["images"] for row in figures["reliability"]] == [1, 1, 1, 1, 1]
    assert figures["coverage"][-1] == pytest.approx({"threshold": 0.3, "answered": 1, "right": 0.6})


def test_data_without_votes_have_no_majority_group_and_a_remark(people: Build) -> None:
    alone = people([HAPPY, SAD], [{}, {}])
    probabilities = peaked((HAPPY, 0.9), (HAPPY, 0.8))
    document = evaluation.report_document(alone, probabilities, part="private", threshold=Threshold(0.5), parameters=7)
    assert list(document["figures"]) == GROUPS[:2]
    assert "vote_calibration_error" not in document["figures"]["original labels"]
    assert document["figures"]["original labels"]["accuracy"] == 0.5
    assert any("no votes" in sentence for sentence in document["remarks"])
    assert any("angry, disgust, fear, neutral, surprise" in sentence for sentence in document["remarks"])


def test_a_document_has_null_for_a_missing_figure(people: Build) -> None:
    probabilities = peaked((HAPPY, 0.9))
    document = evaluation.report_document(
        people([HAPPY]), probabilities, part="public", threshold=Threshold(0.95), parameters=7
    )
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["schema"], document["part"], document["parameters"], document["threshold"]) == (1, "public", 7, 0.95)
    assert document["figures"]["original labels"]["recall"]["angry"] is None
    assert document["figures"]["original labels"]["right_of_answered"] is None
    assert "robustness" not in document
    whole = people(range(7))
    full = evaluation.report_document(
        whole, peaked(*((i, 0.5) for i in range(7))), part="public", threshold=Threshold(0.4), parameters=7
    )
    assert full["remarks"] == []


def classify_by_brightness(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Classify bright crops as happy and dark ones as sad; confidence grows with the distance from brightness 100."""
    means = crops.reshape(len(crops), -1).mean(axis=1)
    return peaked(*((HAPPY if mean > 100 else SAD, 0.5 + abs(mean - 100) / 400) for mean in means))


@pytest.mark.parametrize("votes", [True, False])
def test_robustness_has_a_row_for_each_corruption_with_the_fall_from_the_first(people: Build, *, votes: bool) -> None:
    images = np.stack([np.full((48, 48), level, np.uint8) for level in (160, 60, 180)])
    # The third has no clear majority, so with votes it does not count
    ballots = [{"happiness": 10}, {"sadness": 9}, {"fear": 5, "happiness": 5}] if votes else [{}, {}, {}]
    rows = evaluation.measure_robustness(
        classify_by_brightness, people([HAPPY, SAD, FEAR], ballots, images), threshold=Threshold(0.55)
    )
    assert [row["way"] for row in rows] == list(CORRUPTIONS)
    none, bright, dark = rows[:3]
    right = 1 if votes else 2 / 3
    assert none == pytest.approx({"way": "none", "accuracy": right, "answered": 1, "right_of_answered": right, "fall": 0})
    # Doubled brightness turns 60 into 120, which is classified as happy
    assert bright["accuracy"] == pytest.approx(1 / 2 if votes else 1 / 3)
    assert bright["fall"] == pytest.approx(none["right_of_answered"] - bright["right_of_answered"])
    # Gamma turns 160 and 60 into 79 and 6, which are classified as sad
    assert dark["accuracy"] == pytest.approx(1 / 2 if votes else 1 / 3)


def test_the_description_counts_the_labels_of_each_part(people: Build) -> None:
    data = people([HAPPY, HAPPY, SAD, FEAR], usage=[0, 0, 1, 2])
    found = evaluation.describe_dataset(data, "faces.npz")
    assert (found["name"], found["sha256"]) == ("faces.npz", data.fingerprint())
    assert found["parts"]["training"] == dict.fromkeys(found["parts"]["training"], 0) | {"happy": 2}
    assert [sum(counts.values()) for counts in found["parts"].values()] == [2, 1, 1]
    assert evaluation.describe_dataset(people([HAPPY], [{}]), "faces")["labels"] is None


def test_label_agreement_counted_by_hand(people: Build) -> None:
    ballots = [{"happiness": 10}, {"sadness": 6, "neutral": 4}, {"fear": 5, "surprise": 5}, {"contempt": 10}]
    found = evaluation.label_agreement(people([HAPPY, NEUTRAL, SURPRISE, ANGRY], ballots))
    # The first of equal expressions counts, so the third shows fear; the last has no vote for an expression
    assert found["majority"] == pytest.approx(1 / 4)
    assert found["clear"] == pytest.approx(1 / 2)
    assert found["nobody"] == pytest.approx(1 / 4)
    assert found["voters"] == pytest.approx((90 + (30 + 12) + (20 + 20) + 90) / 4 / 90)
    assert (found["by_label"]["happy"], found["by_label"]["neutral"]) == (1, 0)
    assert math.isnan(found["by_label"]["sad"])


def test_robustness_without_a_clear_image_is_against_the_labels(people: Build) -> None:
    images = np.stack([np.full((48, 48), level, np.uint8) for level in (160, 60)])
    rows = evaluation.measure_robustness(
        classify_by_brightness, people([HAPPY, SAD], [{"happiness": 5, "fear": 5}] * 2, images), Threshold(0.55)
    )
    assert rows[0]["accuracy"] == 1
