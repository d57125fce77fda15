"""Draw one face: its mesh, paint, hair and glasses under a light, through a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.training.drawn.action_units import shape_weights
from realtime.training.drawn.creases import crease_texture
from realtime.training.drawn.face_mesh import NOSE_ROOT, PARTS
from realtime.training.drawn.hair import Hair, grow_hair
from realtime.training.drawn.lighting import shade
from realtime.training.drawn.paint import Paint, paint_person
from realtime.training.drawn.rasteriser import rasterise
from realtime.training.drawn.sensor import expose
from realtime.training.drawn.strokes import draw_glasses, draw_hair
from realtime.training.drawn.texture import SCALE, sample_texture
from realtime.training.drawn.view import project_face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.drawn.face_mesh import FaceMesh
    from realtime.training.drawn.lighting import Light
    from realtime.training.drawn.people import Person
    from realtime.training.drawn.rasteriser import Coverage
    from realtime.training.drawn.view import Projection, View

    Floats = NDArray[np.float32]

SIDE = 144
"""Pixels of the side that a face is drawn at, three for each pixel of the crop."""
TEETH, MOUTH = 0.55, 0.1
RELIEF = 1.6 * 0.12 * SCALE / 8
"""Slope of the skin for a change of a fold's depth that OpenCV's Sobel filter measures as 1."""
BACKGROUND = 255
"""Number of the part where a picture shows no part of the mesh."""
FOLD_DARKNESS = 0.55


@dataclass(frozen=True, slots=True)
class Model:
    """A person, ready to be drawn.

    Attributes:
        person: the person.
        vertices: (n, 3) float32, the person's neutral face.
        paint: textures.
        hair: scalp and strands.
    """

    person: Person
    vertices: Floats
    paint: Paint
    hair: Hair


@dataclass(frozen=True, slots=True)
class Setting:
    """What surrounds a face in a picture.

    Attributes:
        view: pose and camera.
        light: the light.
        glasses: None, or the frame's (width, darkness) in units of the mesh and as reflectance.
        background: (side, side) float32 light.
    """

    view: View
    light: Light
    glasses: tuple[float, float] | None
    background: Floats


def build_model(mesh: FaceMesh, person: Person) -> Model:
    """Shape, paint and comb a person."""
    vertices = mesh.neutral + np.tensordot(person.shape, mesh.identity, 1)
    return Model(person, vertices, paint_person(mesh, person), grow_hair(mesh, vertices, person))


def draw_background(rng: np.random.Generator) -> Floats:
    """Draw a plain wall, or the blurred shapes of a room."""
    level = rng.choice([0.6 * rng.uniform(0.1, 1) ** 2, rng.uniform(0.5, 1.0)], p=(0.75, 0.25))
    wall = np.full((SIDE, SIDE), level, np.float32)
    wall *= 1 + np.float32(rng.normal(0, 0.25)) * np.linspace(-1, 1, SIDE, dtype=np.float32)
    if rng.random() < 0.6:
        for _ in range(rng.integers(2, 9)):
            corner, size = rng.integers(-30, SIDE, 2), rng.integers(10, 110, 2)
            end = corner + size
            cv2.rectangle(wall, corner.tolist(), end.tolist(), float(0.7 * rng.uniform(0.1, 1) ** 2), -1)
        wall = np.asarray(cv2.GaussianBlur(wall, (0, 0), rng.uniform(0.5, 8)), np.float32)
    return np.maximum(wall, 0.003)


def draw_light_on_face(mesh: FaceMesh, model: Model, units: Floats, setting: Setting) -> Floats:
    """Draw a face: the light (`SIDE`, `SIDE`) float32 that reaches the camera.

    Args:
        mesh: the mesh.
        model: the person.
        units: (2, units) float32 action units of the right and the left side.
        setting: pose, camera, light and background.
    """
    vertices = mesh.move(model.vertices, shape_weights(units))
    projection = project_face(setting.view, model.vertices[mesh.landmarks], SIDE)
    points, distance = projection.project(vertices)
    coverage = rasterise(points, distance, mesh.triangles, SIDE)
    normals = mesh.vertex_normals(vertices) @ projection.rotation.T
    scalp = model.hair.scalp[:, None]
    values = coverage.interpolate(np.concatenate([normals, mesh.neutral, scalp], axis=1), mesh.triangles)
    places = values[..., 3:6]
    part = np.where(coverage.triangle < 0, BACKGROUND, mesh.part[coverage.triangle])
    skin = np.isin(part, [PARTS.index("skin"), PARTS.index("head")])
    relief, folds = _folds(model.person, units, places)
    relief *= skin[..., None]
    lit, gloss = shade(values[..., :3], relief, coverage.distance, projection.pixels, setting.light)
    reflectance = _reflectance(model, part, places, values[..., 6], folds * skin, coverage)
    picture = reflectance * lit + gloss * (skin & (values[..., 6] < 0.5)) * (0.3 + reflectance)
    picture = np.where(part == BACKGROUND, setting.background, picture)
    _draw_catchlights(picture, part, mesh, vertices, projection, setting.light)
    draw_hair(picture, model.hair, model.person.hair_tone, coverage, projection, setting.light)
    if setting.glasses is not None:
        draw_glasses(picture, model.vertices[mesh.landmarks[NOSE_ROOT]], setting.glasses, projection)
    return picture.astype(np.float32)


def draw_face(mesh: FaceMesh, model: Model, units: Floats, setting: Setting, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a face as a crop (48, 48) uint8; `rng` is the chance in the camera."""
    return expose(draw_light_on_face(mesh, model, units, setting), rng)


def _folds(person: Person, units: Floats, places: Floats) -> tuple[Floats, Floats]:
    """Slope (side, side, 2) of the folds to the right and upwards, and how deep they are (side, side)."""
    depth = crease_texture(units, person.age, person.prominence)
    right, down = cv2.Sobel(depth, cv2.CV_32F, 1, 0), cv2.Sobel(depth, cv2.CV_32F, 0, 1)
    # Where a fold deepens to the right, the surface falls to the right
    fine = sample_texture(np.stack([-right, down, depth], axis=-1).astype(np.float32), places)
    return np.float32(RELIEF) * fine[..., :2], fine[..., 2]


def _reflectance(
    model: Model, part: NDArray[np.intp], places: Floats, scalp: Floats, folds: Floats, coverage: Coverage
) -> Floats:
    reflectance = sample_texture(model.paint.skin, places) * (1 - FOLD_DARKNESS * np.clip(folds, 0, 1))
    ragged = sample_texture(model.paint.ragged, places)
    cover = np.clip(scalp * 1.6 - 0.3 + 0.35 * ragged, 0, np.minimum(1, 4 * scalp)) * (
        0.55 if model.person.hair == "shaved" else 0.97
    )
    reflectance += cover * (0.7 * model.person.hair_tone - reflectance)
    eye = np.isin(part, [PARTS.index("iris"), PARTS.index("sclera")])
    reflectance = np.where(eye, sample_texture(model.paint.eyes, places), reflectance)
    for name, value in (("teeth", TEETH), ("mouth", MOUTH)):
        reflectance = np.where(part == PARTS.index(name), value, reflectance)
    inner = np.isin(part, [PARTS.index("teeth"), PARTS.index("mouth")])
    if inner.any():
        front = np.min(coverage.distance[np.isfinite(coverage.distance)])
        # Light hardly reaches the back of the mouth
        deep = np.clip((coverage.distance - front - 2.3) / 1.4, 0, 4)
        reflectance = np.where(inner, reflectance * np.exp(-np.where(np.isfinite(deep), deep, 0)), reflectance)
    return reflectance.astype(np.float32)


def _draw_catchlights(
    picture: Floats, part: NDArray[np.intp], mesh: FaceMesh, vertices: Floats, projection: Projection, light: Light
) -> None:
    """Mirror the key light in the eyes."""
    eyes = np.isin(part, [PARTS.index("iris"), PARTS.index("sclera")])
    ball = mesh.vertex_part == PARTS.index("sclera")
    half = light.direction + np.array([0, 0, 1], np.float32)
    half = (half / np.linalg.norm(half)) @ projection.rotation
    for side in (-1, 1):
        middle = vertices[ball & (mesh.neutral[:, 0] * side > 0)].mean(axis=0)
        spot = projection.project((middle + 1.5 * half)[None].astype(np.float32))[0][0]
        x, y = np.round(spot).astype(int)
        if 1 <= x < SIDE - 2 and 1 <= y < SIDE - 2 and eyes[y, x]:
            picture[y - 1 : y + 1, x - 1 : x + 2] = np.maximum(picture[y - 1 : y + 1, x - 1 : x + 2], 0.8)
