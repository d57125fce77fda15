from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.errors import UsageError
from realtime.training.drawn.face_mesh import EYES, PARTS, FaceMesh, load_face_mesh
from tests.support.face_model import landmark_places

if TYPE_CHECKING:
    from pathlib import Path


def test_landmarks_are_where_the_model_says(mesh: FaceMesh) -> None:
    np.testing.assert_allclose(mesh.neutral[mesh.landmarks][:, :2], landmark_places(), atol=0.6)
    right, left = (mesh.neutral[mesh.landmarks[eye], 0].mean() for eye in EYES)
    assert right < 0 < left


def test_each_vertex_has_the_part_of_its_triangles(mesh: FaceMesh) -> None:
    eyes = mesh.vertex_part == PARTS.index("sclera")
    assert 4 < eyes.sum() < 200
    assert (np.abs(mesh.neutral[eyes, 1] - 3.5) < 1.2).all()


def test_normals_point_out_of_the_head(mesh: FaceMesh) -> None:
    normals = mesh.vertex_normals(mesh.neutral)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-4)
    assert ((normals * (mesh.neutral - [0, 2, 0])).sum(axis=1) > 0).all()
    assert normals[mesh.landmarks[30], 2] > 0.9


def test_a_shape_moves_the_vertices_by_its_weight(mesh: FaceMesh) -> None:
    before = mesh.neutral.copy()
    moved = mesh.move(mesh.neutral, {"browDown_L": 2.0})
    np.testing.assert_array_equal(mesh.neutral, before)
    left, right = mesh.landmarks[24], mesh.landmarks[19]
    assert (moved - before)[left, 1] == pytest.approx(-1.2, abs=0.15)
    assert not (moved - before)[right].any()


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    missing, other = tmp_path / "none.npz", tmp_path / "other.npz"
    np.savez(other, images=np.zeros(3))
    text = tmp_path / "text.npz"
    text.write_text("no archive", encoding="utf-8")
    for path in (missing, other, text):
        with pytest.raises(UsageError, match=path.name):
            load_face_mesh(path)


def test_an_archive_with_other_shapes_is_refused(tmp_path: Path, model_path: Path) -> None:
    with np.load(model_path) as archive:
        arrays = dict(archive)
    for name, value in (
        ("vertices", arrays["vertices"][:100]),
        ("identity", arrays["identity"][:, :100]),
        ("expression_names", arrays["expression_names"][:3]),
        ("material", arrays["material"][:5]),
    ):
        path = tmp_path / f"{name}.npz"
        np.savez(path, **{**arrays, name: value})
        with pytest.raises(UsageError, match=path.name):
            load_face_mesh(path)
