"""The published face model, where it lies beside the checkout: drawn smiles and surprise look so to the shipped network."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.classifier.crops import to_batch
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS, Expression
from realtime.training.drawn.action_units import draw_units
from realtime.training.drawn.drawn_set import draw_setting
from realtime.training.drawn.face_mesh import PARTS, FaceMesh, load_face_mesh
from realtime.training.drawn.people import draw_person
from realtime.training.drawn.picture import Model, build_model, draw_face
from tests.support.places import MODELS, SHARED

PATH = SHARED / "ict_facekit" / "ict.npz"


@pytest.fixture(scope="module")
def real_mesh() -> FaceMesh:
    if not PATH.exists():
        pytest.skip("needs ICT-FaceKit beside the checkout")
    return load_face_mesh(PATH)


@pytest.fixture(scope="module")
def people(real_mesh: FaceMesh) -> list[Model]:
    return [build_model(real_mesh, draw_person(real_mesh, np.random.default_rng(seed))) for seed in range(15)]


def test_every_part_of_the_face_is_there(real_mesh: FaceMesh) -> None:
    assert set(np.unique(real_mesh.part)) == set(range(len(PARTS)))


@pytest.mark.parametrize("expression", [Expression.HAPPY, Expression.SURPRISE, Expression.NEUTRAL])
def test_the_shipped_network_reads_what_was_drawn(real_mesh: FaceMesh, people: list[Model], expression: Expression) -> None:
    crops = []
    for seed, model in enumerate(people):
        rng = np.random.default_rng(seed)
        crops.append(draw_face(real_mesh, model, draw_units(expression, 1.2, rng), draw_setting(rng), rng))
    network = open_classifier((MODELS / "emotiondetector.tflite").read_bytes())
    read = network.classify(to_batch(np.array(crops))).argmax(axis=1)
    assert (read == EXPRESSIONS.index(expression)).mean() >= 0.6
