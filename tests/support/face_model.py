"""A small face model in the form of ICT-FaceKit: a smooth mask with its landmarks, eyes and shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime.training.drawn.action_units import UNIT_SHAPES, WHOLE_SHAPES
from realtime.training.drawn.face_mesh import LANDMARKS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

GRID = 81
"""Vertices of a side of the mask; 81 times 81 are more than the highest landmark."""
# x and y of the landmarks of the person's left half and of the middle, in the units of the model
JAW = ((7.4, 3.7), (7.3, 1.5), (6.9, -0.5), (6.6, -2.4), (5.7, -4.5), (4.3, -6.2), (3.0, -6.9), (1.5, -7.3), (0.0, -7.6))
BROW = ((1.2, 5.9), (2.4, 6.2), (3.8, 6.3), (4.9, 6.0), (5.8, 5.2))
NOSE = ((0.0, 3.7), (0.0, 2.6), (0.0, 1.6), (0.0, 0.4), (-1.25, -1.1), (-0.6, -1.1), (0.0, -1.2), (0.6, -1.1), (1.25, -1.1))
EYE = ((1.8, 3.2), (2.8, 3.9), (3.9, 3.9), (4.5, 3.4), (3.9, 3.1), (2.7, 3.1))
OUTER_LIPS = (
    (-2.5, -3.5), (-1.7, -2.8), (-0.7, -2.4), (0.0, -2.5), (0.7, -2.4), (1.7, -2.8), (2.5, -3.5), (1.8, -4.1), (1.0, -4.3),
    (0.0, -4.4), (-1.0, -4.3), (-1.8, -4.1),
)  # fmt: skip
INNER_LIPS = ((-2.2, -3.5), (-1.0, -3.3), (0.0, -3.3), (1.0, -3.3), (2.2, -3.5), (1.0, -3.4), (0.0, -3.4), (-1.0, -3.4))


def landmark_places() -> NDArray[np.float32]:
    """(68, 2) x and y of the landmarks."""
    right_jaw = [(-x, y) for x, y in JAW]
    right_brow = [(-x, y) for x, y in BROW][::-1]
    right_eye = [(-EYE[number][0], EYE[number][1]) for number in (3, 2, 1, 0, 5, 4)]
    places = [*right_jaw, *JAW[-2::-1], *right_brow, *BROW, *NOSE, *right_eye, *EYE, *OUTER_LIPS, *INNER_LIPS]
    return np.array(places, np.float32)


def write_face_model(path: Path) -> Path:
    """Write the model as scripts/pack_face_model.py does."""
    angle = np.deg2rad(np.linspace(-80, 80, GRID))
    across, up = np.meshgrid(angle, angle)
    surface = np.stack([9.5 * np.sin(across), 2 + 12.5 * np.sin(up), 13 * np.cos(across) * np.cos(up)], axis=-1)
    vertices = surface.reshape(-1, 3).astype(np.float32)
    place = np.arange(GRID * GRID).reshape(GRID, GRID)
    a, b, c, d = (part.ravel() for part in (place[:-1, :-1], place[:-1, 1:], place[1:, 1:], place[1:, :-1]))
    triangles = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    number = _number_landmarks(vertices)
    vertices[number] = vertices.copy()
    triangles = number[triangles]
    middle = vertices[triangles].mean(axis=1)
    eye = np.hypot(np.abs(middle[:, 0]) - 3.1, middle[:, 1] - 3.5) < 0.6
    np.savez_compressed(
        path,
        vertices=vertices,
        triangles=triangles.astype(np.uint16),
        material=np.where(eye, 1 + (middle[:, 0] < 0), 0).astype(np.uint8),
        materials=np.array(["M_Face", "M_ScleraLeft", "M_ScleraRight"]),
        identity=_identity(vertices),
        expression=_expression(vertices),
        expression_names=np.array(shape_names()),
    )
    return path


def shape_names() -> list[str]:
    """Names of the shapes of expressions, those of both sides apart."""
    shapes = [shape for rows in UNIT_SHAPES.values() for shape, _ in rows if shape != "eyeLookLeft"] + [
        "eyeLookIn",
        "eyeLookOut",
    ]
    return [name for shape in shapes for name in ([shape] if shape in WHOLE_SHAPES else [f"{shape}_L", f"{shape}_R"])]


def _number_landmarks(vertices: NDArray[np.float32]) -> NDArray[np.intp]:
    """New number of each vertex, so that the vertex nearest to a landmark has the number of the landmark."""
    free = np.ones(len(vertices), bool)
    number = np.full(len(vertices), -1)
    for landmark, place in zip(LANDMARKS, landmark_places(), strict=True):
        away = np.where(free, np.hypot(*(vertices[:, :2] - place).T), np.inf)
        nearest = int(away.argmin())
        number[nearest], free[nearest] = landmark, False
    number[free] = np.setdiff1d(np.arange(len(vertices)), LANDMARKS)
    return number


def _identity(vertices: NDArray[np.float32]) -> NDArray[np.float16]:
    """Three modes: a wider jaw, a longer face, a larger nose."""
    x, y = vertices[:, 0], vertices[:, 1]
    low = np.clip(-y / 8, 0, 1)
    nose = np.exp(-((x / 1.5) ** 2) - (y / 2) ** 2)
    zero = np.zeros_like(x)
    modes = [(0.1 * x * low, zero, zero), (zero, -0.5 * low, zero), (0.1 * x * nose, zero, 0.4 * nose)]
    return np.array(modes, np.float16).transpose(0, 2, 1)


def _expression(vertices: NDArray[np.float32]) -> NDArray[np.float16]:
    """Each shape moves a part of the face downwards: the brows, the eyes or the mouth of its side."""
    x, y = vertices[:, 0], vertices[:, 1]
    offsets = np.zeros((len(shape_names()), *vertices.shape), np.float16)
    for row, name in enumerate(shape_names()):
        height = 6.0 if name.startswith("brow") else 3.5 if name.startswith(("eye", "cheek")) else -3.5
        side = np.ones_like(x) if name in WHOLE_SHAPES else (x > 0) if name.endswith("_L") else (x < 0)
        offsets[row, :, 1] = (-0.6 * side * np.exp(-(((y - height) / 1.2) ** 2))).astype(np.float16)
    return offsets
