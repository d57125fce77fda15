from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.classifier.crops import crop_faces
from realtime.classifier.occlusion import PATCH, STEP, cover_parts, explain_crop
from realtime.classifier.runtime import open_classifier
from realtime.domain import CROP_SIDE, EXPRESSIONS, Batch, Box, Expression, Face, Image, Probabilities
from tests.support.places import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

HAPPY, SAD = EXPRESSIONS.index(Expression.HAPPY), EXPRESSIONS.index(Expression.SAD)
FACE = Face(Box(0, 0, 48, 48), (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0))
EYE = np.s_[10:14, 30:34]


def sees_an_eye(batch: Batch) -> Probabilities:
    """Happy by the brightness of one small part of the crop, else sad."""
    answers = np.zeros((len(batch), 7), np.float32)
    answers[:, HAPPY] = batch[(slice(None), *EYE, 0)].mean(axis=(1, 2))
    answers[:, SAD] = 1 - answers[:, HAPPY]
    return answers


def occlusion_map(crop: Batch, expression: Expression, classify: Callable[[Batch], Probabilities]) -> NDArray[np.float32]:
    return explain_crop(replace(FACE, label=expression), crop, classify).map


@pytest.fixture
def crop() -> Batch:
    """Black, with one white part."""
    dark = np.zeros((1, CROP_SIDE, CROP_SIDE, 1), np.float32)
    dark[(0, *EYE, 0)] = 1
    return dark


def test_the_drop_is_where_the_answer_comes_from(crop: Batch) -> None:
    drops = occlusion_map(crop, Expression.HAPPY, sees_an_eye)
    assert (drops.shape, drops.dtype) == ((CROP_SIDE, CROP_SIDE), np.float32)
    grey = crop.mean()
    # Of all 4 by 4 pixels the mean of the crop is left
    assert drops[EYE] == pytest.approx(1 - grey, abs=1e-6)
    far = np.ones_like(drops, bool)
    far[: 14 + PATCH, 30 - PATCH : 34 + PATCH] = False
    assert not drops[far].any()


def test_an_expression_that_gains_has_a_negative_drop(crop: Batch) -> None:
    gains = occlusion_map(crop, Expression.SAD, sees_an_eye)
    assert gains == pytest.approx(-occlusion_map(crop, Expression.HAPPY, sees_an_eye), abs=1e-6)
    assert gains.min() < -0.9


def test_every_pixel_is_covered_and_the_crop_stays(crop: Batch) -> None:
    before = crop.copy()
    covered = cover_parts(crop[0])
    assert covered.shape == ((CROP_SIDE // STEP) ** 2, CROP_SIDE, CROP_SIDE, 1)
    assert covered.dtype == np.float32
    assert (crop == before).all()
    changed = (covered != crop).sum(axis=(1, 2, 3))
    assert changed.max() == PATCH**2
    times = (covered != crop).sum(axis=0)[:, :, 0]
    assert times.min() > 0
    # No side of the face counts more than the other
    assert (times == times[::-1]).all()
    assert (times == times[:, ::-1]).all()


def test_one_batch_is_read(crop: Batch) -> None:
    sizes: list[int] = []

    def classify(batch: Batch) -> Probabilities:
        sizes.append(len(batch))
        return sees_an_eye(batch)

    explain_crop(FACE, crop, classify)
    assert sizes == [145]


def test_a_small_drop_from_certainty_is_exact(crop: Batch) -> None:
    def classify(batch: Batch) -> Probabilities:
        answers = np.zeros((len(batch), 7), np.float32)
        # 1 - 1e-9 is 1 in float32
        answers[:, SAD] = (1 - batch[(slice(None), *EYE, 0)].mean(axis=(1, 2))) * np.float32(1e-9)
        answers[:, HAPPY] = 1 - answers[:, SAD]
        return answers

    assert occlusion_map(crop, Expression.HAPPY, classify).max() == pytest.approx(1e-9 * (1 - crop.mean()), rel=1e-3)


def test_an_explanation_has_crop_answer_and_second_guess(crop: Batch) -> None:
    explanation = explain_crop(FACE, crop * np.float32(0.75), sees_an_eye)
    assert explanation.crop.dtype == np.uint8
    assert explanation.crop.max() == 191
    assert explanation.probability == pytest.approx(0.75)
    assert explanation.second == (Expression.SAD, pytest.approx(0.25))
    assert explanation.map.max() > 0.7


def test_the_second_guess_is_another_expression_than_the_label() -> None:
    # The label is smoothed over several crops, and this crop gives another answer
    labelled = Face(Box(0, 0, 48, 48), FACE.probabilities, label=Expression.HAPPY)
    explanation = explain_crop(labelled, np.zeros((1, 48, 48, 1), np.float32), sees_an_eye)
    assert explanation.probability == 0
    assert explanation.second == (Expression.SAD, 1.0)


def test_a_smile_is_read_from_the_mouth(astronaut: Image) -> None:
    classifier = open_classifier((MODELS / "emotiondetector.tflite").read_bytes())
    crop = crop_faces(astronaut, [Box(174, 64, 101, 101)], 1.05)
    drops = occlusion_map(crop, Expression.HAPPY, classifier.classify)
    row, _ = np.unravel_index(int(drops.argmax()), drops.shape)
    # Below the nose
    assert row > CROP_SIDE * 0.6
