import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.domain import Expression
from realtime.training.dataset import Dataset
from realtime.training.evaluate import clear_majority, report

Build = Callable[..., Dataset]
ANGRY, DISGUST, FEAR, HAPPY, NEUTRAL, SAD, SURPRISE = range(7)
GROUPS = ["original labels", "without copies of training", "clear majority"]


def says(*answers: tuple[int, float]) -> NDArray[np.float32]:
    """Probabilities of a network that says each expression with a confidence."""
    rows = np.array([[(1 - confidence) / 6] * 7 for _, confidence in answers], np.float32)
    for row, (index, confidence) in zip(rows, answers, strict=True):
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
    """Two pictures are copies; the crowd sees the first four clearly, the second and the fourth otherwise than the label."""
    ballots = [{"happiness": 9}, {"neutral": 8}, {"sadness": 6}, {"happiness": 7}, {"fear": 4, "surprise": 4}]
    return people([HAPPY, HAPPY, SAD, SAD, FEAR], ballots, copies=[True, True, False, False, False])


def test_each_group_counts_its_own_images_against_its_own_labels(five: Dataset) -> None:
    answers = says((HAPPY, 0.9), (HAPPY, 0.8), (SAD, 0.7), (HAPPY, 0.6), (ANGRY, 0.3))
    figures = report(five, answers, threshold=0.65)
    assert list(figures) == GROUPS
    assert [figures[group]["images"] for group in GROUPS] == [5, 3, 4]
    # Own labels: right, right, right, wrong, wrong; the crowd's: right, wrong, right, right
    assert [figures[group]["accuracy"] for group in GROUPS] == pytest.approx([3 / 5, 1 / 3, 3 / 4])
    assert [figures[group]["answered"] for group in GROUPS] == pytest.approx([3 / 5, 1 / 3, 3 / 4])
    assert [figures[group]["right_of_answered"] for group in GROUPS] == pytest.approx([1, 1, 2 / 3])
    assert [figures[group]["mean_recall"] for group in GROUPS] == pytest.approx(
        [(1 + 0.5 + 0) / 3, (0.5 + 0) / 2, (1 + 1 + 0) / 3]
    )
    # Happy 2 of 3 said and 2 of 2 there, sad 1 of 1 and 1 of 2, fear and angry never right
    assert figures["original labels"]["macro_f1"] == pytest.approx((0.8 + 2 / 3 + 0 + 0) / 4)
    gaps = [0.1, 0.2, 0.3, 0.6, 0.3]
    assert figures["original labels"]["calibration_error"] == pytest.approx(sum(gaps) / 5)
    # The crowd is of one mind about the first four, and nobody voted for what was said of the last
    gaps = [0.1, 0.8, 0.3, 0.4, 0.3]
    assert figures["original labels"]["vote_calibration_error"] == pytest.approx(sum(gaps) / 5)


def test_recalls_are_named_and_the_table_has_a_row_for_what_it_is(five: Dataset) -> None:
    figures = report(five, says((HAPPY, 0.9), (SURPRISE, 0.8), (SAD, 0.7), (SAD, 0.6), (FEAR, 0.5)), 0.5)["original labels"]
    assert list(figures["recall"]) == [expression.value for expression in Expression]
    assert figures["recall"]["happy"] == 0.5
    assert figures["recall"]["sad"] == figures["recall"]["fear"] == 1
    assert math.isnan(figures["recall"]["disgust"])
    assert figures["confusion"][HAPPY] == [0, 0, 0, 1, 0, 0, 1]
    assert sum(map(sum, figures["confusion"])) == 5


def test_a_report_is_a_document_of_json(people: Build) -> None:
    answers = says(*((index, 0.5) for index in range(7)))
    figures = report(people(range(7)), answers, 0.4)
    assert json.loads(json.dumps(figures, allow_nan=False)) == figures
    assert [figures[group]["accuracy"] for group in GROUPS] == [1, 1, 1]


def test_a_group_without_an_image_has_no_figures_and_makes_no_noise(people: Build) -> None:
    figures = report(people([HAPPY], [{"contempt": 10}], copies=[True]), says((HAPPY, 0.9)), 0.5)
    assert figures["original labels"]["accuracy"] == 1
    for group in GROUPS[1:]:
        assert figures[group]["images"] == 0
        assert all(math.isnan(figures[group][name]) for name in ("accuracy", "macro_f1", "mean_recall", "answered"))
