"""Read ICT-FaceKit's light model as it is published: a folder of Wavefront OBJ files, one for each shape."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.errors import UsageError
from realtime.reading import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NEUTRAL_FILE = "generic_neutral_mesh.obj"
MOST_BYTES = 16 * 2**20
"""Most bytes of one file; those of the light model have 2.5 MB."""


def read_model_folder(folder: Path) -> dict[str, NDArray[Any]]:
    """Read the neutral mesh and the shapes of a folder `FaceXModel`.

    Returns:
        The arrays that `load_face_mesh` reads: `vertices` (n, 3) float32, `triangles` (m, 3) int32, `material` (m,) uint8 with
        `materials`, `identity` and `expression` (k, n, 3) float16 offsets, and `expression_names`.

    Raises:
        UsageError: a file is missing or is no such mesh.
    """
    vertices, triangles, material, materials = _parse_mesh(_read(folder / NEUTRAL_FILE), folder / NEUTRAL_FILE)
    shapes = sorted(path for path in folder.glob("*.obj") if path.name != NEUTRAL_FILE)
    identity = [path for path in shapes if path.stem.startswith("identity")]
    expression = [path for path in shapes if path not in identity]
    if not identity or not expression:
        raise UsageError(f"{folder} has no shapes: give the folder FaceXModel of ICT-FaceKit")

    def offsets(paths: list[Path]) -> NDArray[np.float16]:
        return np.stack([(_parse_vertices(_read(path), path, len(vertices)) - vertices).astype(np.float16) for path in paths])

    return {
        "vertices": vertices,
        "triangles": triangles,
        "material": material,
        "materials": np.array(materials),
        "identity": offsets(identity),
        "expression": offsets(expression),
        "expression_names": np.array([path.stem for path in expression]),
    }


def _read(path: Path) -> bytes:
    try:
        return read_file(path, MOST_BYTES)
    except OSError as error:
        raise UsageError(f"cannot read {path} ({error.strerror}): give the folder FaceXModel of ICT-FaceKit") from error


def _parse_vertices(data: bytes, path: Path, count: int | None = None) -> NDArray[np.float32]:
    words = b" ".join(line[2:] for line in data.splitlines() if line.startswith(b"v ")).split()
    try:
        vertices = np.array(words, np.float32).reshape(-1, 3)
    except ValueError as error:
        raise UsageError(f"{path} is not a mesh in Wavefront OBJ: download ICT-FaceKit again") from error
    if len(vertices) != (len(vertices) if count is None else count) or not len(vertices):
        raise UsageError(f"{path} has {len(vertices)} vertices and {NEUTRAL_FILE} has {count}: download ICT-FaceKit again")
    return vertices


def _parse_mesh(data: bytes, path: Path) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.uint8], list[str]]:
    """Vertices, triangles, the material of each triangle, and the names of the materials."""
    vertices = _parse_vertices(data, path)
    triangles: list[tuple[int, int, int]] = []
    material: list[int] = []
    names: list[str] = []
    current = 0
    try:
        for line in data.splitlines():
            kind, _, rest = line.partition(b" ")
            if kind == b"usemtl":
                name = rest.strip().decode("ascii")
                names += [] if name in names else [name]
                current = names.index(name)
            elif kind == b"f":
                # Each corner is VERTEX/TEXTURE, counted from 1
                corners = [int(corner.partition(b"/")[0]) - 1 for corner in rest.split()]
                fan = [(corners[0], second, third) for second, third in pairwise(corners[1:])]
                triangles += fan
                material += [current] * len(fan)
    except ValueError as error:
        raise UsageError(f"{path} is not a mesh in Wavefront OBJ: download ICT-FaceKit again") from error
    table = np.array(triangles, np.int32).reshape(-1, 3)
    if not len(table) or table.min() < 0 or table.max() >= len(vertices):
        raise UsageError(f"{path} has faces without vertices: download ICT-FaceKit again")
    return vertices, table, np.array(material, np.uint8), names
