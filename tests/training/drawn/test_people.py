from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.training.drawn.people import BEARDS, HAIR_STYLES, draw_person, masculine_direction

if TYPE_CHECKING:
    from realtime.training.drawn.face_mesh import FaceMesh


def test_the_masculine_direction_widens_the_jaw_and_lengthens_the_chin(mesh: FaceMesh) -> None:
    direction = masculine_direction(mesh)
    assert np.linalg.norm(direction) == pytest.approx(1, abs=1e-5)
    # The first modes of the model are a wider jaw and a longer face
    assert (direction[:2] > 0.3).all()


def test_the_same_seed_draws_the_same_person(mesh: FaceMesh) -> None:
    first, again, other = (asdict(draw_person(mesh, np.random.default_rng(seed))) for seed in (1, 1, 2))
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
    assert not np.array_equal(first["shape"], other["shape"])


def test_people_differ_within_their_ranges(mesh: FaceMesh) -> None:
    people = [draw_person(mesh, np.random.default_rng(seed)) for seed in range(400)]
    for values, low, high in (
        ([person.skin for person in people], 0, 1),
        ([person.age for person in people], 0, 1),
        ([person.sex for person in people], -1, 1),
    ):
        assert low <= min(values) < low + 0.15 * (high - low)
        assert high - 0.15 * (high - low) < max(values) <= high
    assert {person.hair for person in people} == set(HAIR_STYLES)
    assert {person.beard for person in people} == set(BEARDS)
    assert all(person.beard == "none" for person in people if person.sex < 0)
    # Hair greys with age
    assert max(person.hair_tone for person in people if person.age > 0.8) > 0.3
