from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.training.drawn.paint import EYE_CENTRE, IRIS_RADIUS, paint_person, skin_reflectance
from realtime.training.drawn.people import Person, draw_person
from realtime.training.drawn.texture import sample_texture

if TYPE_CHECKING:
    from realtime.training.drawn.face_mesh import FaceMesh


@pytest.fixture(scope="module")
def person(mesh: FaceMesh) -> Person:
    return replace(draw_person(mesh, np.random.default_rng(1)), skin=0.8, beard="none", hair_tone=0.02)


def value_at(texture: np.ndarray, x: float, y: float) -> float:
    return float(sample_texture(texture, np.array([[[x, y]]], np.float32))[0, 0])


def test_skin_has_its_tone_and_lips_and_brows_are_darker(mesh: FaceMesh, person: Person) -> None:
    skin = paint_person(mesh, person).skin
    assert value_at(skin, 5, -1) == pytest.approx(skin_reflectance(0.8), rel=0.25)
    lips, brow = value_at(skin, 0, -4.0), min(value_at(skin, 3.0, height) for height in np.arange(5.2, 6.4, 0.1))
    assert lips < 0.85 * value_at(skin, 0, -6.5)
    assert brow < 0.5 * value_at(skin, 3.0, 8.5)


def test_dark_skin_reflects_a_tenth_of_light_skin(mesh: FaceMesh, person: Person) -> None:
    dark, light = (value_at(paint_person(mesh, replace(person, skin=tone)).skin, 5, -1) for tone in (0, 1))
    assert light / dark == pytest.approx(0.62 / 0.055, rel=0.05)


def test_a_beard_darkens_the_chin_and_leaves_the_cheek(mesh: FaceMesh, person: Person) -> None:
    bare, full = (paint_person(mesh, replace(person, beard=beard)).skin for beard in ("none", "full"))
    assert value_at(full, 0, -6.5) < 0.4 * value_at(bare, 0, -6.5)
    assert value_at(full, 4, 1) == pytest.approx(value_at(bare, 4, 1), rel=0.2)


def test_eyes_are_light_around_a_dark_iris(mesh: FaceMesh, person: Person) -> None:
    eyes = paint_person(mesh, person).eyes
    for side in (-1, 1):
        iris = value_at(eyes, side * EYE_CENTRE[0], EYE_CENTRE[1] - 0.3)
        white = value_at(eyes, side * (EYE_CENTRE[0] + IRIS_RADIUS + 0.4), EYE_CENTRE[1] - 0.3)
        assert iris < 0.3 * white
