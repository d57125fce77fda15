from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.errors import UsageError
from realtime.training.drawn.model_folder import NEUTRAL_FILE, read_model_folder

if TYPE_CHECKING:
    from pathlib import Path

CORNERS = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
FACES = ["usemtl M_Face", "f 1/1 2/2 3/3 4/4", "usemtl M_Teeth", "f 1/1 3/3 2/2"]


def write_mesh(path: Path, lift: float) -> None:
    vertices = [f"v {x} {y} {z + lift}" for x, y, z in CORNERS]
    path.write_text("\n".join(["mtllib a.mtl", *vertices, "vt 0 0", *FACES]) + "\n", encoding="ascii")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_mesh(tmp_path / NEUTRAL_FILE, 0)
    write_mesh(tmp_path / "identity000.obj", 0.5)
    write_mesh(tmp_path / "jawOpen.obj", -2)
    write_mesh(tmp_path / "browDown_L.obj", 1)
    return tmp_path


def test_a_folder_becomes_offsets_and_triangles(folder: Path) -> None:
    arrays = read_model_folder(folder)
    np.testing.assert_array_equal(arrays["vertices"], CORNERS)
    # A face of four corners is two triangles
    np.testing.assert_array_equal(arrays["triangles"], [[0, 1, 2], [0, 2, 3], [0, 2, 1]])
    assert [arrays["materials"][number] for number in arrays["material"]] == ["M_Face", "M_Face", "M_Teeth"]
    assert arrays["expression_names"].tolist() == ["browDown_L", "jawOpen"]
    np.testing.assert_array_equal(arrays["identity"][0, :, 2], [0.5] * 4)
    np.testing.assert_array_equal(arrays["expression"][:, 0], [[0, 0, 1], [0, 0, -2]])


@pytest.mark.parametrize("text", ["v 1 2 x\n", "v 0 0 0\n", "", "v 1 2\n"])
def test_a_damaged_shape_is_named(folder: Path, text: str) -> None:
    (folder / "jawOpen.obj").write_text(text, encoding="ascii")
    with pytest.raises(UsageError, match=r"jawOpen\.obj"):
        read_model_folder(folder)


@pytest.mark.parametrize("face", ["f 1 2 9", "f a b c", ""])
def test_faces_without_vertices_are_refused(folder: Path, face: str) -> None:
    path = folder / NEUTRAL_FILE
    path.write_text("\n".join(["v 0 0 0"] * 4 + [face]), encoding="ascii")
    with pytest.raises(UsageError, match=NEUTRAL_FILE):
        read_model_folder(folder)


def test_a_folder_without_the_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=NEUTRAL_FILE):
        read_model_folder(tmp_path)
    write_mesh(tmp_path / NEUTRAL_FILE, 0)
    with pytest.raises(UsageError, match="FaceXModel"):
        read_model_folder(tmp_path)
