from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.training.drawn.hair import STYLES, Hair, grow_hair
from realtime.training.drawn.people import HAIR_STYLES, draw_person

if TYPE_CHECKING:
    from realtime.training.drawn.face_mesh import FaceMesh


def grow(mesh: FaceMesh, style: str) -> Hair:
    person = replace(draw_person(mesh, np.random.default_rng(1)), hair=style, hairline=0.0)
    return grow_hair(mesh, mesh.neutral, person)


def test_every_style_is_known() -> None:
    assert set(HAIR_STYLES) == set(STYLES)


def test_a_bald_head_has_no_hair_and_a_shaved_one_a_dark_scalp(mesh: FaceMesh) -> None:
    bald, shaved = grow(mesh, "bald"), grow(mesh, "shaved")
    assert not bald.scalp.any()
    assert len(bald.strands) == len(shaved.strands) == 0
    above = mesh.neutral[:, 1] > 11
    assert (shaved.scalp[above] == 1).all()
    face = (mesh.neutral[:, 1] < 8) & (mesh.neutral[:, 2] > 8.5)
    assert not shaved.scalp[face].any()


@pytest.mark.parametrize(("style", "lowest"), [("short", 0), ("long", -6)])
def test_long_hair_hangs_lower_than_short_hair(mesh: FaceMesh, style: str, lowest: float) -> None:
    ends = grow(mesh, style).strands[:, -1, 1]
    assert np.isfinite(ends).all()
    assert (np.percentile(ends, 20) < -1) == (lowest < -1)


@pytest.mark.parametrize("style", ["short", "back", "parted", "long"])
def test_hair_without_a_fringe_leaves_the_face_free(mesh: FaceMesh, style: str) -> None:
    points = grow(mesh, style).strands[:, 1:].reshape(-1, 3)
    face = (np.abs(points[:, 0]) < 4) & (points[:, 1] < 8) & (points[:, 2] > 4)
    assert face.mean() < 0.01


def test_a_fringe_ends_above_the_eyes(mesh: FaceMesh) -> None:
    points = grow(mesh, "fringe").strands.reshape(-1, 3)
    before = (np.abs(points[:, 0]) < 4) & (points[:, 2] > 9)
    # It hangs down over the forehead
    assert (points[before, 1] < 8).sum() > 40
    assert np.percentile(points[before, 1], 2) > 3.5
