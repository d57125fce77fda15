from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime.classifier.crops import crop_faces
from realtime.domain import EXPRESSIONS, Batch, Box, Expression, Face, Image, Probabilities
from realtime.faces.calibration import Calibration
from realtime.faces.explainer import FaceExplainer, largest_faces

HAPPY = (0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0)


def face(left: int, side: int) -> Face:
    return Face(Box(left, 0, side, side), HAPPY)


class Recorder:
    def __init__(self) -> None:
        self.batches: list[Batch] = []

    def classify(self, batch: Batch, /) -> Probabilities:
        self.batches.append(batch)
        return np.tile(np.array(HAPPY, np.float32), (len(batch), 1))


def test_the_explained_crop_is_what_the_network_gets(astronaut: Image) -> None:
    network = Recorder()
    found = Face(Box(174, 64, 101, 101), HAPPY)
    explanation = FaceExplainer(network, 1.05).explain(astronaut, found)
    crop = crop_faces(astronaut, [found.box], 1.05)
    assert (network.batches[0][:1] == crop).all()
    assert (explanation.crop == np.round(crop[0, :, :, 0] * 255)).all()
    assert explanation.face is found
    assert len(explanation.probabilities) == len(EXPRESSIONS)
    assert not explanation.map.any()


class Brightness:
    """Finds sad as probable as a crop is bright, else neutral: a covered part changes the answer."""

    def classify(self, batch: Batch, /) -> Probabilities:
        bright = 0.9 * batch[:, :, :, 0].max(axis=(1, 2))
        answers = np.zeros((len(batch), 7), np.float32)
        answers[:, EXPRESSIONS.index(Expression.SAD)], answers[:, EXPRESSIONS.index(Expression.NEUTRAL)] = bright, 1 - bright
        return answers


def test_a_face_at_rest_corrects_all_answers_as_it_corrected_the_label() -> None:
    image = np.full((60, 60, 3), 90, np.uint8)
    image[20:26, 20:26] = 255
    found, explainer = face(0, 60), FaceExplainer(Brightness(), 1.0)
    found = replace(found, label=Expression.SAD)
    calibration = Calibration((0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 0.0))
    plain, corrected = explainer.explain(image, found), explainer.explain(image, found, calibration)
    assert (plain.calibrated, corrected.calibrated) == (False, True)
    assert corrected.probabilities == pytest.approx(calibration.apply(plain.probabilities))
    # Without the bright spot the probability drops to another one, which is corrected too
    covered = list(plain.probabilities)
    drop = float(plain.map.max())
    assert drop > 0.1
    covered[5], covered[4] = covered[5] - drop, covered[4] + drop
    assert float(corrected.map.max()) == pytest.approx(corrected.probability - calibration.apply(covered)[5], abs=1e-4)


def test_the_largest_faces_stay_in_their_order() -> None:
    faces = [face(0, 20), face(100, 50), face(200, 10), face(300, 30)]
    assert largest_faces(faces, 2) == [faces[1], faces[3]]
    assert largest_faces(faces, 9) == faces
    assert largest_faces([], 1) == []
    twins = [face(0, 20), face(0, 20)]
    assert len(largest_faces(twins, 1)) == 1
