import math
from collections.abc import Callable

import numpy as np
import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.training.dataset import Dataset
from realtime.training.neutral_reference import MIN_FACES, clear_neutral_faces, neutral_reference

Build = Callable[..., Dataset]
NEUTRAL, SAD = EXPRESSIONS.index(Expression.NEUTRAL), EXPRESSIONS.index(Expression.SAD)


def answers(rows: int, neutral: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The same answer for each face: neutral or sad."""
    table = np.zeros((rows, 7), np.float32)
    table[:, NEUTRAL], table[:, SAD] = neutral, 1 - neutral
    return table


def test_only_faces_that_eight_of_ten_call_neutral_count(people: Build) -> None:
    ballots = [{"neutral": 10}, {"neutral": 8, "sadness": 2}, {"neutral": 7, "sadness": 3}, {"happiness": 10}]
    assert clear_neutral_faces(people([NEUTRAL] * 4, ballots)).tolist() == [True, True, False, False]


def test_the_reference_is_the_mean_log_probability_of_these_faces(people: Build) -> None:
    images = people([NEUTRAL] * MIN_FACES + [SAD] * 10)
    table = np.concatenate([answers(MIN_FACES // 2, 0.5), answers(MIN_FACES // 2, 0.9), answers(10, 0.01)])
    reference = neutral_reference(images, table)
    assert reference is not None
    assert reference[NEUTRAL] == pytest.approx(math.log(0.5 * 0.9) / 2, abs=1e-4)
    assert reference[SAD] == pytest.approx(math.log(0.5 * 0.1) / 2, abs=1e-4)


def test_a_few_faces_give_no_reference(people: Build) -> None:
    images = people([NEUTRAL] * (MIN_FACES - 1) + [SAD] * 10)
    assert neutral_reference(images, answers(MIN_FACES + 9, 0.9)) is None
