from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.training.drawn.face_mesh import FaceMesh, load_face_mesh
from tests.support.face_model import write_face_model

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_face_model(tmp_path_factory.mktemp("face") / "model.npz")


@pytest.fixture(scope="session")
def mesh(model_path: Path) -> FaceMesh:
    return load_face_mesh(model_path)
