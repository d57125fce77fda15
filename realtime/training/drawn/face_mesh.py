"""The three-dimensional face: ICT-FaceKit's neutral mesh with its shapes of identities and of expressions.

ICT-FaceKit is published by the USC Institute for Creative Technologies under the MIT licence (Li et al. 2020,
"Learning formation of physically-based face attributes", CVPR). Only its light model is used; the full one has another licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from realtime.errors import UsageError
from realtime.training.array_files import READ_ERRORS, ArrayArchive

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Indices = NDArray[np.int32]

PARTS = ("head", "skin", "mouth", "iris", "sclera", "teeth")
MATERIAL_PARTS = {
    "M_BackHead": "head",
    "M_Face": "skin",
    "M_GumsTongue": "mouth",
    "M_IrisLeft": "iris",
    "M_IrisRight": "iris",
    "M_ScleraLeft": "sclera",
    "M_ScleraRight": "sclera",
    "M_Teeth": "teeth",
}
"""The part that each material of the model belongs to; materials that are transparent in the model are left out."""

# Vertices of the 68 landmarks of Multi-PIE, from the model's vertex_indices.json (`idx_to_landmark_verts`)
# fmt: off
LANDMARKS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088, 3443,
    268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140, 2075, 1147,
    4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732, 5708, 5695, 2081,
    0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216, 6207, 6470, 5517, 5966,
)
# fmt: on
LOWEST, BACK = -14.0, -3.5
"""Height and depth that crops do not show; what lies beyond is left out."""
EYES = (slice(36, 42), slice(42, 48))
"""Landmarks around the right and the left eye of the person."""
CHIN, NOSE_ROOT = 8, 27


@dataclass(frozen=True)
class FaceMesh:
    """A neutral face, and the offsets that make other people and other expressions of it.

    A face is the sum of `neutral`, weighted `identity` and weighted `expression` offsets. The unit is about a centimetre;
    x is the person's left, y is up, z is to the front.

    Attributes:
        neutral: (n, 3) float32.
        triangles: (m, 3) int32, counter-clockwise from outside.
        part: (m,) uint8, index into `PARTS` for each triangle.
        identity: (modes, n, 3) float32, each at one standard deviation.
        expression: by the name of the shape, the vertices that it moves and their offsets (k, 3) float32 at full strength.
        landmarks: (68,) int32 vertices of the landmarks of Multi-PIE.
    """

    neutral: Floats
    triangles: Indices
    part: NDArray[np.uint8]
    identity: Floats
    expression: dict[str, tuple[NDArray[np.intp], Floats]]
    landmarks: Indices

    @cached_property
    def vertex_part(self) -> NDArray[np.uint8]:
        """(n,) uint8: index into `PARTS` of a triangle that each vertex belongs to."""
        parts = np.zeros(len(self.neutral), np.uint8)
        for corner in range(3):
            parts[self.triangles[:, corner]] = self.part
        return parts

    @cached_property
    def triangles_of_vertex(self) -> Indices:
        """(n, 8) int32: triangles around each vertex, at most eight; `len(triangles)` stands for none."""
        order = np.argsort(self.triangles, axis=None, kind="stable")
        vertices = self.triangles.ravel()[order]
        first = np.searchsorted(vertices, vertices)
        slot = np.arange(len(vertices)) - first
        table = np.full((len(self.neutral), 8), len(self.triangles), np.int32)
        keep = slot < table.shape[1]
        table[vertices[keep], slot[keep]] = (order // 3)[keep]
        return table

    def move(self, vertices: Floats, weights: dict[str, float]) -> Floats:
        """Vertices (n, 3) of a neutral face with weighted expression shapes added."""
        moved = vertices.copy()
        for name, weight in weights.items():
            rows, offsets = self.expression[name]
            moved[rows] += np.float32(weight) * offsets
        return moved

    def vertex_normals(self, vertices: Floats) -> Floats:
        """Unit normals (n, 3) of the surface at each vertex, to the outside."""
        corner = vertices[self.triangles[:, 0]]
        (ax, ay, az), (bx, by, bz) = ((vertices[self.triangles[:, edge]] - corner).T for edge in (1, 2))
        normals = np.zeros((len(self.triangles) + 1, 3), np.float32)
        normals[:-1] = np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=1)
        sums = normals[self.triangles_of_vertex[:, 0]]
        for column in self.triangles_of_vertex.T[1:]:
            sums += normals[column]
        return sums / (np.linalg.norm(sums, axis=1, keepdims=True) + np.float32(1e-9))


def load_face_mesh(path: Path) -> FaceMesh:
    """Read a mesh from a NumPy archive.

    Args:
        path: archive with `vertices`, `triangles`, `material`, `materials`, `identity`, `expression` and `expression_names`.

    Raises:
        UsageError: the file is not such an archive.
    """
    try:
        with ArrayArchive(path) as archive:
            names, shapes = archive.read("expression_names").tolist(), archive.read("expression")
            return _assemble(
                archive.read("vertices").astype(np.float32),
                archive.read("triangles").astype(np.int32),
                archive.read("materials")[archive.read("material")].tolist(),
                archive.read("identity").astype(np.float32),
                dict(zip(names, shapes, strict=True)),
            )
    except READ_ERRORS as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        raise UsageError(f"{path} cannot be read ({why}): pack a face model with scripts/pack_face_model.py") from error


def _assemble(
    vertices: Floats, triangles: Indices, materials: list[str], identity: Floats, expression: dict[str, NDArray[np.float16]]
) -> FaceMesh:
    """Keep what crops show, and number its vertices anew."""
    for offsets in (identity[0], *expression.values()):
        if offsets.shape != vertices.shape:
            raise ValueError(f"a shape has {len(offsets)} vertices and the face {len(vertices)}")
    corners = vertices[triangles]
    keep = np.array([name in MATERIAL_PARTS for name in materials])
    keep &= (corners[..., 1].max(axis=1) > LOWEST) & (corners[..., 2].max(axis=1) > BACK)
    used = np.unique(np.concatenate([triangles[keep].ravel(), LANDMARKS]))
    new_number = np.zeros(len(vertices), np.int32)
    new_number[used] = np.arange(len(used))
    parts = [PARTS.index(MATERIAL_PARTS[name]) for name, kept in zip(materials, keep, strict=True) if kept]
    return FaceMesh(
        vertices[used],
        new_number[triangles[keep]],
        np.array(parts, np.uint8),
        np.ascontiguousarray(identity[:, used]),
        {name: _moved(offsets[used].astype(np.float32)) for name, offsets in expression.items()},
        new_number[list(LANDMARKS)],
    )


def _moved(offsets: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The vertices that a shape moves by more than a hundredth of a millimetre, and their offsets."""
    rows = np.flatnonzero(np.abs(offsets).max(axis=1) > 1e-3)
    return rows, offsets[rows]
