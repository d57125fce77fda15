"""Draw one face: its mesh, paint, hair and glasses under a light, through a camera."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.training.drawn.action_units import shape_weights
from realtime.training.drawn.creases import crease_texture
from realtime.training.drawn.face_mesh import PARTS
from realtime.training.drawn.hair import Hair, grow_hair
from realtime.training.drawn.lighting import shade
from realtime.training.drawn.paint import EYE_CENTRE, Paint, paint_person
from realtime.training.drawn.rasteriser import rasterise
from realtime.training.drawn.sensor import expose
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
RELIEF = 1.6
"""Slope of a fold of depth 1."""
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
    folds = crease_texture(units, model.person.age, model.person.prominence)
    slope = np.stack([cv2.Sobel(folds, cv2.CV_32F, 1, 0), -cv2.Sobel(folds, cv2.CV_32F, 0, 1), folds], axis=-1)
    slope[..., :2] *= -SCALE / 8 * 0.12
    fine = sample_texture(slope.astype(np.float32), places)
    part = np.where(coverage.triangle < 0, 255, mesh.part[coverage.triangle])
    skin = np.isin(part, [PARTS.index("skin"), PARTS.index("head")])
    fine *= skin[..., None]
    lit, gloss = shade(values[..., :3], RELIEF * fine[..., :2], coverage.distance, projection.pixels, setting.light)
    reflectance = _reflectance(model, part, places, values[..., 6], fine[..., 2], coverage)
    picture = reflectance * lit + gloss * (skin & (values[..., 6] < 0.5)) * (0.3 + reflectance)
    picture = np.where(part == 255, setting.background, picture)
    _draw_catchlights(picture, part, mesh, vertices, projection, setting.light)
    _draw_hair(picture, model, coverage, projection, setting.light)
    if setting.glasses is not None:
        _draw_glasses(picture, model.vertices[mesh.landmarks], projection, setting.glasses)
    return picture.astype(np.float32)


def draw_face(mesh: FaceMesh, model: Model, units: Floats, setting: Setting, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a face as a crop (48, 48) uint8; `rng` is the chance in the camera."""
    return expose(draw_light_on_face(mesh, model, units, setting), rng)


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


def _draw_hair(picture: Floats, model: Model, coverage: Coverage, projection: Projection, light: Light) -> None:
    """Draw the strands that nothing hides, far ones first."""
    strands = model.hair.strands
    if not len(strands):
        return
    points, distance = projection.project(strands.reshape(-1, 3))
    points, distance = points.reshape(*strands.shape[:2], 2), distance.reshape(strands.shape[:2])
    rows = np.clip(np.round(points), 0, SIDE - 1).astype(int)
    seen = (distance < coverage.distance[rows[..., 1], rows[..., 0]] + 0.35) & (np.abs(points - SIDE / 2) < SIDE).all(axis=-1)
    along = np.diff(strands, axis=1) @ projection.rotation.T
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + np.float32(1e-6)
    # A hair is lit all around its axis (Kajiya & Kay 1989)
    facing = np.sqrt(np.clip(1 - (along @ light.direction) ** 2, 0, 1))
    out = (strands[:, :-1] - np.array([0, 4, 1], np.float32)) @ projection.rotation.T
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    lit = light.ambient + (1 - light.ambient) * facing * np.clip(0.3 + out @ light.direction, 0, 1)
    tone = model.person.hair_tone * model.hair.sheen[:, None] * lit + 0.06 * light.gloss * facing**20
    visible = seen[:, :-1] & seen[:, 1:]
    which, segment = np.nonzero(visible)
    order = np.argsort(-distance[which, segment], kind="stable")
    which, segment = which[order], segment[order]
    lines = np.round(np.stack([points[which, segment], points[which, segment + 1]], axis=1) * 16).astype(np.int32)
    values = tone[which, segment].astype(float).tolist()
    # Strokes of one value in one call, in a few layers from far to near
    layers = np.array_split(np.arange(len(which)), 6)
    for layer in layers:
        levels = np.clip(np.round(np.log(np.maximum(np.array([values[i] for i in layer]), 1e-3)) * 5), -35, 5).astype(int)
        for level in np.unique(levels):
            cv2.polylines(picture, list(lines[layer[levels == level]]), False, float(np.exp(level / 5)), 1, cv2.LINE_8, 4)


def _draw_glasses(picture: Floats, landmarks: Floats, projection: Projection, glasses: tuple[float, float]) -> None:
    width, tone = glasses
    turn = np.linspace(0, 2 * np.pi, 28)
    front = float(landmarks[27, 2]) + 0.9
    strokes = []
    for side in (-1, 1):
        x, y = side * (EYE_CENTRE[0] + 0.15), EYE_CENTRE[1] - 0.45
        bow = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.75, np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.75
        rim = np.stack([x + 2.55 * bow[0], y + 1.75 * bow[1], front - 0.12 * np.abs(x + 2.55 * bow[0])], axis=1)
        strokes += [rim, np.array([[side * 5.8, y + 0.5, front - 0.7], [side * 7.8, y + 0.7, 3.0]])]
    strokes.append(np.array([[-0.75, 3.4, front], [0, 3.65, front + 0.1], [0.75, 3.4, front]]))
    for stroke in strokes:
        points = projection.project(stroke.astype(np.float32))[0]
        thick = max(1, round(width * projection.pixels))
        cv2.polylines(picture, [np.round(points * 16).astype(np.int32)], False, tone, thick, cv2.LINE_8, 4)
