from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.training.drawn.action_units import UNITS
from realtime.training.drawn.lighting import Light
from realtime.training.drawn.people import draw_person
from realtime.training.drawn.picture import SIDE, Model, Setting, build_model, draw_background, draw_face, draw_light_on_face
from realtime.training.drawn.view import View

if TYPE_CHECKING:
    from realtime.training.drawn.face_mesh import FaceMesh

FRONT = Light(np.array([0, 0, 1], np.float32), 0.4, 0.0, 0.5)
AT_REST = np.zeros((2, len(UNITS)), np.float32)


@pytest.fixture(scope="module")
def model(mesh: FaceMesh) -> Model:
    person = replace(draw_person(mesh, np.random.default_rng(1)), skin=0.8, hair="bald", beard="none", age=0.1)
    return build_model(mesh, replace(person, shape=np.zeros(3, np.float32)))


def setting(light: Light = FRONT, glasses: tuple[float, float] | None = None) -> Setting:
    return Setting(View(), light, glasses, np.full((SIDE, SIDE), 0.9, np.float32))


def changed_rows(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """The first and the last row that differ, as shares of the side."""
    rows = np.flatnonzero((np.abs(first - second) > 0.02).any(axis=1))
    return rows[0] / SIDE, rows[-1] / SIDE


def test_skin_is_in_the_middle_and_the_background_around(mesh: FaceMesh, model: Model) -> None:
    picture = draw_light_on_face(mesh, model, AT_REST, setting())
    assert (picture.shape, picture.dtype) == ((SIDE, SIDE), np.float32)
    assert picture[2, 2] == picture[2, -3] == pytest.approx(0.9)
    assert 0.1 < picture[SIDE // 2, SIDE // 2] < 0.8


def test_brows_change_the_upper_half_and_a_smile_the_lower_one(mesh: FaceMesh, model: Model) -> None:
    rest = draw_light_on_face(mesh, model, AT_REST, setting())
    brows, smile = AT_REST.copy(), AT_REST.copy()
    brows[:, UNITS.index(4)] = smile[:, UNITS.index(12)] = 1
    assert changed_rows(rest, draw_light_on_face(mesh, model, brows, setting()))[1] < 0.5
    assert changed_rows(rest, draw_light_on_face(mesh, model, smile, setting()))[0] > 0.5


def test_light_from_the_side_lights_this_side(mesh: FaceMesh, model: Model) -> None:
    right = replace(FRONT, direction=np.array([0.8, 0, 0.6], np.float32))
    picture = draw_light_on_face(mesh, model, AT_REST, setting(right))
    cheeks = picture[80:96, 30:50].mean(), picture[80:96, 94:114].mean()
    assert cheeks[1] > 1.5 * cheeks[0]


def test_glasses_are_drawn_around_the_eyes(mesh: FaceMesh, model: Model) -> None:
    bare, glasses = (draw_light_on_face(mesh, model, AT_REST, setting(glasses=frame)) for frame in (None, (0.3, 0.01)))
    first, last = changed_rows(bare, glasses)
    assert 0.15 < first < 0.37 < last < 0.6
    assert glasses[glasses != bare].max() == pytest.approx(0.01)


def test_hair_covers_the_head_and_not_the_cheeks(mesh: FaceMesh, model: Model) -> None:
    dark = replace(model.person, hair="short", hair_tone=0.02, hairline=0.0)
    bald, haired = (
        draw_light_on_face(mesh, other, AT_REST, setting())
        for other in (model, build_model(mesh, replace(dark, shape=model.person.shape)))
    )
    assert haired[3, 72] < 0.3 * bald[3, 72]
    np.testing.assert_allclose(haired[80:100, 50:94], bald[80:100, 50:94], atol=0.02)


def test_a_crop_has_the_size_of_the_networks_input(mesh: FaceMesh, model: Model) -> None:
    crop = draw_face(mesh, model, AT_REST, setting(), np.random.default_rng(1))
    assert (crop.shape, crop.dtype) == ((48, 48), np.uint8)


def test_backgrounds_differ_and_are_never_black() -> None:
    walls = [draw_background(np.random.default_rng(seed)) for seed in range(40)]
    assert min(wall.min() for wall in walls) > 0
    assert np.std([wall.mean() for wall in walls]) > 0.1
