"""Paint of a face: skin, lips, brows, lashes and beard as one texture, and eyes as another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.training.drawn.face_mesh import EYES
from realtime.training.drawn.texture import (
    HEIGHT,
    SCALE,
    TOP,
    cloud,
    draw_line,
    empty_texture,
    fill_area,
    soften,
    texture_pixels,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.drawn.face_mesh import FaceMesh
    from realtime.training.drawn.people import Person

    Floats = NDArray[np.float32]

SKIN_REFLECTANCE = (0.055, 0.62)
"""Share of the light that the darkest and the lightest skin reflect."""
LIPS, LIP_SEAM = slice(48, 60), slice(60, 68)
BROWS = (slice(17, 22), slice(22, 27))
EYE_CENTRE = (3.1, 3.6)
"""Middle of the left eyeball on the neutral face."""
IRIS_RADIUS, PUPIL_RADIUS = 0.74, 0.3
SCLERA = 0.42
BROW_HAIRS = 90

MOUSTACHE = ((-2.9, -2.9), (-1.6, -1.3), (0.0, -1.15), (1.6, -1.3), (2.9, -2.9), (1.2, -2.4), (0.0, -2.3), (-1.2, -2.4))
GOATEE = ((-2.4, -4.2), (-1.2, -4.9), (1.2, -4.9), (2.4, -4.2), (2.7, -7.0), (0.0, -9.0), (-2.7, -7.0))
FULL_BEARD = (
    (-8.6, 2.6), (-6.9, 2.4), (-6.0, -1.2), (-4.2, -2.6), (-2.9, -2.9), (-2.4, -4.3), (-1.0, -5.0), (1.0, -5.0), (2.4, -4.3),
    (2.9, -2.9), (4.2, -2.6), (6.0, -1.2), (6.9, 2.4), (8.6, 2.6), (8.0, -8.0), (3.0, -10.5), (-3.0, -10.5), (-8.0, -8.0),
)  # fmt: skip
BEARD_AREAS = {
    "none": (),
    "stubble": (MOUSTACHE, FULL_BEARD),
    "moustache": (MOUSTACHE,),
    "goatee": (MOUSTACHE, GOATEE),
    "full": (MOUSTACHE, FULL_BEARD),
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Reflectance of one person's face, as textures of the neutral face.

    Attributes:
        skin: (height, width) float32.
        eyes: (height, width) float32.
        ragged: (height, width) float32 noise, for edges such as the hairline.
    """

    skin: Floats
    eyes: Floats
    ragged: Floats


def skin_reflectance(tone: float) -> float:
    """Share of the light that skin of a tone from 0 to 1 reflects."""
    dark, light = SKIN_REFLECTANCE
    return dark * (light / dark) ** tone


def paint_person(mesh: FaceMesh, person: Person) -> Paint:
    """Paint the textures of a person."""
    rng = np.random.default_rng(person.seed)
    points = mesh.neutral[mesh.landmarks][:, :2]
    skin = _paint_skin(person, rng)
    lips = soften(_filled(points[LIPS]), 0.14)
    skin *= 1 - lips * np.float32(1 - person.lip)
    nostrils = empty_texture()
    for side in (-1, 1):
        draw_line(nostrils, [(side * 0.45, -1.1), (side * 0.95, -1.0)], 0.3)
    skin *= 1 - 0.65 * np.minimum(soften(nostrils, 0.12), 1)
    seam = soften(_filled(points[LIP_SEAM]), 0.07)
    skin *= 1 - 0.6 * np.minimum(seam * 1.5, 1)
    _blend(skin, _paint_beard(person, rng), person.hair_tone)
    # Brows turn grey later than hair, and are darker than the skin
    brow_tone = min(0.6 * person.hair_tone + 0.008, 0.09, 0.45 * skin_reflectance(person.skin))
    _blend(skin, _paint_brows(points, person, rng), brow_tone)
    _blend(skin, _paint_lash_lines(points, person), 0.03)
    return Paint(skin, _paint_eyes(person, rng), cloud(rng, 0.7))


def _paint_skin(person: Person, rng: np.random.Generator) -> Floats:
    tone = skin_reflectance(person.skin)
    mottled = 0.04 * cloud(rng, 4) + 0.015 * cloud(rng, 1.2) + 0.008 * person.age * cloud(rng, 0.3)
    skin = np.float32(tone) * np.exp(mottled)
    if rng.random() < 0.12 + 0.15 * person.age:
        freckles = (cloud(rng, 0.25) > 2.3).astype(np.float32)
        skin *= 1 - 0.2 * soften(freckles, 0.08)
    rings = empty_texture()
    for side in (-1, 1):
        draw_line(rings, [(side * 1.7, 2.9), (side * 2.7, 2.3), (side * 4.0, 2.7)], 0.5)
    skin *= 1 - np.float32(rng.uniform(0, 0.25) + 0.15 * person.age) * soften(rings, 0.35)
    return skin.astype(np.float32)


def _paint_brows(points: Floats, person: Person, rng: np.random.Generator) -> Floats:
    """How much brow hair covers each pixel, 0 to 1."""
    thick, dark, arch, tilt = person.brow
    texture = empty_texture()
    for side, brow in enumerate(BROWS):
        line = points[brow] if side else points[brow][::-1]
        across = np.linspace(0, 1, len(line))
        bent = line[:, 1] - 0.55 + arch * np.sin(np.pi * across * 0.9) - tilt * (across - 0.5)
        along = rng.uniform(-0.02, 1.02, BROW_HAIRS)
        x, y = np.interp(along, across, line[:, 0]), np.interp(along, across, bent)
        taper = thick * (1 - 0.65 * np.clip((along - 0.45) / 0.6, 0, 1))
        y = y + rng.uniform(-1, 1, BROW_HAIRS) * taper
        outward = 1 if side else -1
        for place, low, share in zip(x, y, along, strict=True):
            rise = 0.32 * (1 - 1.3 * share)
            draw_line(texture, [(place, low), (place + outward * 0.42, low + rise)], 0.1, 1.0)
    return np.minimum(soften(texture, 0.08) * np.float32(1.15), 1) * np.float32(dark)


def _paint_lash_lines(points: Floats, person: Person) -> Floats:
    texture = empty_texture()
    for eye in EYES:
        outline = points[eye]
        draw_line(texture, [tuple(point) for point in outline[:4]], 0.13, 1.0)
        lower = [outline[3], outline[4], outline[5], outline[0]]
        draw_line(texture, [tuple(point) for point in lower], 0.12, 0.5)
    return np.minimum(soften(texture, 0.07) * np.float32(0.8 + 0.6 * person.make_up), 0.95)


def _paint_beard(person: Person, rng: np.random.Generator) -> Floats:
    texture = empty_texture()
    for area in BEARD_AREAS[person.beard]:
        fill_area(texture, area)
    lips = empty_texture()
    fill_area(lips, ((-2.6, -3.5), (-1.0, -2.5), (0.0, -2.6), (1.0, -2.5), (2.6, -3.5), (1.0, -4.4), (-1.0, -4.4)))
    texture = np.clip(soften(texture, 0.3) - soften(lips, 0.1), 0, 1)
    density = rng.uniform(0.12, 0.4) if person.beard == "stubble" else rng.uniform(0.7, 0.95)
    hairs = 1 + 0.2 * cloud(rng, 0.25) + 0.15 * cloud(rng, 0.9)
    return np.clip(texture * np.float32(density) * hairs, 0, 0.97).astype(np.float32)


def _paint_eyes(person: Person, rng: np.random.Generator) -> Floats:
    eyes = empty_texture() + np.float32(SCLERA * rng.uniform(0.7, 1.2))
    for side in (-1, 1):
        x, y = texture_pixels(np.array([side * EYE_CENTRE[0], EYE_CENTRE[1]]))
        centre = (round(float(x) * 16), round(float(y) * 16))
        for radius, value in ((IRIS_RADIUS, 0.45 * person.iris), (IRIS_RADIUS - 0.1, person.iris), (PUPIL_RADIUS, 0.005)):
            cv2.circle(eyes, centre, round(radius * SCALE * 16), value, -1, cv2.LINE_8, 4)
    # The upper lid and its lashes shade the ball
    lines = TOP - np.arange(HEIGHT, dtype=np.float32) / SCALE - EYE_CENTRE[1]
    shadow = np.clip((lines + 0.15) / 0.7, 0, 1)
    return (soften(eyes, 0.06) * (1 - 0.75 * shadow[:, None])).astype(np.float32)


def _filled(points: Floats) -> Floats:
    texture = empty_texture()
    fill_area(texture, points)
    return texture


def _blend(texture: Floats, cover: Floats, value: float) -> None:
    texture += cover * (np.float32(value) - texture)
