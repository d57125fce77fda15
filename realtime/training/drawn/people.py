"""People: the shape of a face, its skin, age, brows, hair, beard and glasses, all drawn by chance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from realtime.training.drawn.creases import CREASES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.drawn.face_mesh import FaceMesh

    Floats = NDArray[np.float32]

HAIR_STYLES = ("bald", "shaved", "short", "back", "parted", "long", "fringe", "curly")
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
MASCULINE_SHIFT = 2.0
"""Standard deviations between the mean and a face whose `sex` is 1, along the direction of `masculine_direction`."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person.

    Attributes:
        shape: (modes,) weights of the mesh's identity offsets, in standard deviations.
        skin: tone from 0, dark, to 1, light.
        age: 0 (about 18 years) to 1 (about 80 years).
        sex: shape score from -1, feminine, to 1, masculine.
        prominence: (creases,) factor on the person's wrinkles.
        brow: thickness, darkness, arch and tilt of the brows.
        lip: reflectance of the lips relative to the skin.
        make_up: 0 to 1, dark lines around the eyes.
        iris: reflectance of the iris.
        hair: one of `HAIR_STYLES`.
        hair_tone: reflectance of hair, .02 (black) to .6 (white).
        hairline: height of the hairline above the usual one, in units of the mesh.
        beard: one of `BEARDS`.
        seed: for the details, such as each strand of hair.
    """

    shape: Floats
    skin: float
    age: float
    sex: float
    prominence: Floats
    brow: tuple[float, float, float, float]
    lip: float
    make_up: float
    iris: float
    hair: str
    hair_tone: float
    hairline: float
    beard: str
    seed: int


def masculine_direction(mesh: FaceMesh) -> Floats:
    """Unit vector (modes,) of shapes that people read as a man's: a larger lower face and nose, smaller eyes, lower brows.

    After the differences between the sexes that Burton, Bruce & Dench 1993 (Perception 22:153) measured.
    """
    offsets = mesh.identity[:, mesh.landmarks]
    points = mesh.neutral[mesh.landmarks] + np.concatenate([np.zeros_like(offsets[:1]), offsets])

    def distance(first: int, second: int) -> Floats:
        lengths = np.linalg.norm(points[:, first] - points[:, second], axis=1)
        change = lengths[1:] - lengths[0]
        return change / np.linalg.norm(change)

    jaw, chin, nose, face = distance(4, 12), distance(57, 8), distance(31, 35), distance(27, 8)
    eye, brow, lips = distance(37, 41) + distance(44, 46), distance(19, 37) + distance(24, 44), distance(51, 57)
    direction = 1.2 * jaw + 1.2 * chin + 0.8 * nose + 0.8 * face - 0.6 * eye - 0.8 * brow - 0.4 * lips
    return (direction / np.linalg.norm(direction)).astype(np.float32)


def change_sex(mesh: FaceMesh, person: Person, sex: float) -> Person:
    """The same person with another shape score; brows, beard and hair stay."""
    shift = np.float32(MASCULINE_SHIFT * (sex - person.sex)) * masculine_direction(mesh)
    return replace(person, sex=sex, shape=person.shape + shift)


def draw_person(mesh: FaceMesh, rng: np.random.Generator) -> Person:
    """Draw a person."""
    sex = float(np.clip(rng.choice([-0.6, 0.6]) + rng.normal(0, 0.3), -1, 1))
    male = (sex + 1) / 2
    shape = rng.normal(0, 1, len(mesh.identity)).astype(np.float32) * np.float32(rng.uniform(0.6, 1.15))
    direction = masculine_direction(mesh)
    shape += (np.float32(MASCULINE_SHIFT * sex) - 0.5 * (shape @ direction)) * direction
    skin, age = float(rng.beta(1.3, 1.0)), float(rng.beta(1.2, 1.8))
    brow = (
        float(np.clip(rng.normal(0.3 + 0.16 * male, 0.07), 0.15, 0.65)),
        float(np.clip(rng.normal(0.85 - 0.3 * max(age - 0.6, 0), 0.15), 0.3, 1)),
        float(rng.normal(0.12 - 0.1 * male, 0.12)),
        float(rng.normal(0, 0.1)),
    )
    style = _draw_hair_style(male, age, rng)
    beard = "none"
    if rng.random() < 0.5 * max(0.0, sex):
        beard = str(rng.choice(BEARDS[1:], p=(0.4, 0.15, 0.2, 0.25)))
    return Person(
        shape,
        skin,
        age,
        sex,
        np.exp(rng.normal(0, 0.35, len(CREASES))).astype(np.float32),
        brow,
        float(np.clip(rng.normal(0.52 + 0.2 * male, 0.1), 0.25, 0.9)),
        float(rng.uniform(0.2, 1) * (rng.random() < 0.6 * (1 - male))),
        float(rng.choice([0.03, 0.05, 0.12, 0.2], p=(0.4, 0.3, 0.2, 0.1)) * (1 if skin > 0.5 else 0.5)),
        style,
        _draw_hair_tone(skin, age, rng),
        float(rng.normal(0, 0.4) + max(0.0, rng.normal(0.2, 0.6)) * male * age * 2),
        beard,
        int(rng.integers(2**31)),
    )


def _draw_hair_style(male: float, age: float, rng: np.random.Generator) -> str:
    men = (0.04 + 0.16 * age, 0.14, 0.46, 0.08, 0.14, 0.03, 0.05, 0.1)
    women = (0.0, 0.01, 0.08, 0.26, 0.14, 0.3, 0.13, 0.08)
    shares = np.array(men) * male + np.array(women) * (1 - male)
    return str(rng.choice(HAIR_STYLES, p=shares / shares.sum()))


def _draw_hair_tone(skin: float, age: float, rng: np.random.Generator) -> float:
    if rng.random() < max(0.02, 1.6 * (age - 0.45)):
        return float(rng.uniform(0.15, 0.6))
    light = rng.random() < 0.5 * max(0.0, skin - 0.45) / 0.55
    return float(rng.uniform(0.12, 0.4) if light else rng.uniform(0.012, 0.07))
