"""Sets of drawn faces: which faces are drawn, in several processes, and the file that they are written to."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, TypeVar

import cv2
import numpy as np

from realtime.domain import CROP_SIDE, EXPRESSIONS, Expression
from realtime.training.drawn.action_units import UNITS, draw_units
from realtime.training.drawn.face_mesh import load_face_mesh
from realtime.training.drawn.lighting import draw_light, draw_studio_light
from realtime.training.drawn.people import change_sex, draw_person
from realtime.training.drawn.picture import Setting, build_model, draw_background, draw_face
from realtime.training.drawn.styles import STYLES
from realtime.training.drawn.view import draw_view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.drawn.face_mesh import FaceMesh
    from realtime.training.drawn.people import Person
    from realtime.training.drawn.picture import Model
    from realtime.training.drawn.styles import Style

    Arrays = dict[str, NDArray[Any]]

Row = TypeVar("Row")
Drawn = TypeVar("Drawn")

NEUTRAL_SHARE = 0.2
"""Share of neutral faces; the other expressions share the rest equally."""
FACES_A_PERSON = 6
MIXED = STYLES["mixed"]
HALF_STRENGTH = 0.6
"""Factor on `strength` of a face that shows an expression with the brows and eyes alone or the mouth alone."""


@dataclass(frozen=True, slots=True)
class DrawnFace:
    """One drawn face and what was drawn.

    Attributes:
        image: (48, 48) uint8.
        label: index into `Expression`.
        strength: factor on the prototype; 0 for neutral.
        units: (2, units) float32 action units.
        person: the person.
        yaw: turn to the person's left in degrees.
        pitch: turn upwards in degrees.
    """

    image: NDArray[np.uint8]
    label: int
    strength: float
    units: NDArray[np.float32]
    person: Person
    yaw: float
    pitch: float


def plan_labels(count: int, seed: int) -> NDArray[np.uint8]:
    """Labels (count,) uint8 of the faces in random order, with the shares of `NEUTRAL_SHARE`."""
    others = [number for number, expression in enumerate(EXPRESSIONS) if expression is not Expression.NEUTRAL]
    neutral = round(count * NEUTRAL_SHARE)
    rest = np.resize(np.array(others, np.uint8), count - neutral)
    labels = np.concatenate([np.full(neutral, EXPRESSIONS.index(Expression.NEUTRAL), np.uint8), rest])
    return np.random.default_rng(seed).permutation(labels)


def draw_setting(rng: np.random.Generator, style: Style = MIXED) -> Setting:
    """Draw pose, camera, light, glasses and background."""
    glasses = (float(rng.uniform(0.1, 0.35)), float(rng.uniform(0.01, 0.2))) if rng.random() < style.glasses_share else None
    studio = rng.random() < style.studio_share
    light = draw_studio_light(rng) if studio else draw_light(rng)
    return Setting(draw_view(rng, studio=studio), light, glasses, draw_background(rng))


def draw_one(mesh: FaceMesh, model: Model, label: int, rng: np.random.Generator, style: Style = MIXED) -> DrawnFace:
    """Draw one face of a person that shows the expression `label`."""
    expression = EXPRESSIONS[label]
    strength = 0.0 if expression is Expression.NEUTRAL else style.draw_strength(rng)
    half = str(rng.choice(["upper", "lower"])) if rng.random() < style.half_share and strength else ""
    units = draw_units(expression, strength, rng, half, style.prototypes)
    setting = draw_setting(rng, style)
    image = draw_face(mesh, model, units, setting, rng)
    return DrawnFace(
        image, label, strength * (HALF_STRENGTH if half else 1), units, model.person, setting.view.yaw, setting.view.pitch
    )


def draw_faces(path: Path, count: int, seed: int, jobs: int = 1, style: Style = MIXED) -> Arrays:
    """Draw a set of faces. The same seed draws the same faces, whatever `jobs` is.

    Args:
        path: the packed face model.
        count: number of faces.
        seed: of all chance.
        jobs: processes.
        style: what the set is like.

    Returns:
        Arrays of `count` rows: `images` (n, 48, 48) uint8, `labels` uint8, `strength` float16, `identity` int32, `skin`,
        `age`, `sex`, `yaw` and `pitch` float16, `units` (n, units) float16, mean of both sides; and `unit_numbers` (units,).
    """
    labels = plan_labels(count, seed)
    people = [labels[start : start + FACES_A_PERSON] for start in range(0, count, FACES_A_PERSON)]
    faces = list(chain.from_iterable(_map(partial(_draw_person_faces, path, seed, style), list(enumerate(people)), jobs)))
    arrays = _columns(faces)
    arrays["identity"] = np.repeat(np.arange(len(people), dtype=np.int32), [len(rows) for rows in people])
    return arrays


def draw_pairs(path: Path, groups: int, seed: int, jobs: int = 1) -> Arrays:
    """Draw groups of faces that are equal but for one attribute, to compare how a network reads them.

    A group shares action units, pose, camera, light, background and the camera's noise. Its first face has the attributes of
    a person who was drawn by chance; each other face changes one of them.

    Args:
        path: the packed face model.
        groups: number of groups.
        seed: of all chance.
        jobs: processes.

    Returns:
        The arrays of `draw_faces`, with `group` int32 and `change` (n,) str, such as "skin dark"; "" for the first face.
    """
    labels = plan_labels(groups, seed)
    drawn = list(_map(partial(_draw_group, path, seed), list(enumerate(labels.tolist())), jobs))
    arrays = _columns([face for group in drawn for face, _ in group])
    arrays["group"] = np.repeat(np.arange(groups, dtype=np.int32), [len(group) for group in drawn])
    arrays["identity"] = arrays["group"]
    arrays["change"] = np.array([change for group in drawn for _, change in group])
    return arrays


def _changes(mesh: FaceMesh, person: Person, setting: Setting) -> Iterator[tuple[str, Person, Setting]]:
    yield "", person, setting
    for name, tone in (("skin dark", 0.1), ("skin middle", 0.5), ("skin light", 0.95)):
        yield name, replace(person, skin=tone), setting
    for name, age in (("age young", 0.05), ("age old", 0.9)):
        yield name, replace(person, age=age), setting
    for name, sex in (("sex feminine", -0.9), ("sex masculine", 0.9)):
        yield name, change_sex(mesh, person, sex), setting
    for name, beard in (("beard none", "none"), ("beard full", "full")):
        yield name, replace(person, beard=beard), setting
    for name, glasses in (("glasses none", None), ("glasses", (0.2, 0.02))):
        yield name, person, replace(setting, glasses=glasses)
    for name, hair in (("hair short", "short"), ("hair long", "long")):
        yield name, replace(person, hair=hair), setting


def _draw_group(path: Path, seed: int, row: tuple[int, int]) -> list[tuple[DrawnFace, str]]:
    mesh = _mesh(path)
    number, label = row
    rng = np.random.default_rng((seed, number, 1))
    person = draw_person(mesh, rng)
    expression = EXPRESSIONS[label]
    strength = 0.0 if expression is Expression.NEUTRAL else float(rng.uniform(*MIXED.strengths[-1]))
    units, setting = draw_units(expression, strength, rng), draw_setting(rng)
    faces = []
    for change, other, around in _changes(mesh, person, setting):
        image = draw_face(mesh, build_model(mesh, other), units, around, np.random.default_rng((seed, number, 2)))
        faces.append((DrawnFace(image, label, strength, units, other, setting.view.yaw, setting.view.pitch), change))
    return faces


def _draw_person_faces(path: Path, seed: int, style: Style, row: tuple[int, NDArray[np.uint8]]) -> list[DrawnFace]:
    mesh = _mesh(path)
    number, labels = row
    rng = np.random.default_rng((seed, number))
    model = build_model(mesh, style.change_person(draw_person(mesh, rng), rng))
    return [draw_one(mesh, model, int(label), rng, style) for label in labels]


_meshes: dict[Path, FaceMesh] = {}


def _mesh(path: Path) -> FaceMesh:
    """The mesh of a file, read once in each process."""
    if path not in _meshes:
        cv2.setNumThreads(1)
        _meshes[path] = load_face_mesh(path)
    return _meshes[path]


def _map(draw: Callable[[Row], list[Drawn]], rows: Sequence[Row], jobs: int) -> Iterator[list[Drawn]]:
    if jobs == 1:
        yield from map(draw, rows)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(draw, rows, chunksize=16)


def _columns(faces: Sequence[DrawnFace]) -> Arrays:
    def column(value: Callable[[DrawnFace], float]) -> NDArray[np.float16]:
        return np.array([value(face) for face in faces], np.float16)

    return {
        "images": np.array([face.image for face in faces], np.uint8).reshape(-1, CROP_SIDE, CROP_SIDE),
        "labels": np.array([face.label for face in faces], np.uint8),
        "strength": column(lambda face: face.strength),
        "skin": column(lambda face: face.person.skin),
        "age": column(lambda face: face.person.age),
        "sex": column(lambda face: face.person.sex),
        "yaw": column(lambda face: face.yaw),
        "pitch": column(lambda face: face.pitch),
        "units": np.array([face.units.mean(axis=0) for face in faces], np.float16).reshape(-1, len(UNITS)),
        "unit_numbers": np.array(UNITS, np.uint8),
    }
