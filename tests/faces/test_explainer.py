from __future__ import annotations

import numpy as np

from realtime.classifier.crops import crop_faces
from realtime.domain import EXPRESSIONS, Batch, Box, Face, Image, Probabilities
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


def test_the_largest_faces_stay_in_their_order() -> None:
    faces = [face(0, 20), face(100, 50), face(200, 10), face(300, 30)]
    assert largest_faces(faces, 2) == [faces[1], faces[3]]
    assert largest_faces(faces, 9) == faces
    assert largest_faces([], 1) == []
    twins = [face(0, 20), face(0, 20)]
    assert len(largest_faces(twins, 1)) == 1
