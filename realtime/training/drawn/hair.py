"""Hair: a dark scalp, and strands that grow out of it, are combed, and fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.training.drawn.face_mesh import PARTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.drawn.face_mesh import FaceMesh
    from realtime.training.drawn.people import Person

    Floats = NDArray[np.float32]

MIDDLE = np.array([0.0, 4.0, 1.0], np.float32)
"""Middle of the skull."""
FRONT_HAIRLINE, TEMPLE_HAIRLINE, NAPE = 9.6, 2.5, -3.0
"""Heights of the hairline at the forehead, before the ear and at the back."""
POINTS = 12
"""Points of a strand."""


@dataclass(frozen=True, slots=True)
class Style:
    """How hair is worn.

    Attributes:
        length: of a strand in units of the mesh.
        strands: how many strands are drawn.
        lift: how far strands stand off the scalp.
        fall: how fast they turn downwards.
        comb: direction (right, up, front) that strands are combed to; the first is mirrored on the other side of the parting.
        curl: how far strands wander.
        fringe: whether strands may fall onto the forehead.
    """

    length: float
    strands: int
    lift: float
    fall: float
    comb: tuple[float, float, float]
    curl: float
    fringe: bool = False


STYLES = {
    "bald": Style(0, 0, 0, 0, (0, 0, 0), 0),
    "shaved": Style(0.25, 0, 1, 0, (0, 0, 0), 0),
    "short": Style(1.4, 1800, 0.3, 0.1, (0.3, 0.2, 0.5), 0.12),
    "back": Style(4.0, 1300, 0.03, 0.02, (0.1, 0.5, -1.0), 0.04),
    "parted": Style(6.0, 1200, 0.3, 0.2, (1.0, 0.25, -0.2), 0.08),
    "long": Style(17.0, 1300, 0.3, 0.35, (1.0, 0.1, -0.3), 0.06),
    "fringe": Style(6.0, 1300, 0.3, 0.3, (0.15, 0.0, 1.0), 0.08, fringe=True),
    "curly": Style(3.0, 1800, 0.7, 0.05, (0.2, 0.2, 0.2), 0.9),
}


@dataclass(frozen=True, slots=True)
class Hair:
    """Hair of one person on the person's neutral face.

    Attributes:
        scalp: (n,) float32, how much hair covers each vertex, 0 to 1.
        strands: (strands, `POINTS`, 3) float32.
        sheen: (strands,) float32, factor on each strand's reflectance.
    """

    scalp: Floats
    strands: Floats
    sheen: Floats


def grow_hair(mesh: FaceMesh, vertices: Floats, person: Person) -> Hair:
    """Grow the hair of a person.

    Args:
        mesh: the mesh.
        vertices: (n, 3) float32, the person's neutral face.
        person: the person.
    """
    rng = np.random.default_rng((person.seed, 1))
    style = STYLES[person.hair]
    scalp = _scalp(mesh, person.hairline) if person.hair != "bald" else np.zeros(len(mesh.neutral), np.float32)
    roots = np.flatnonzero((scalp > 0.75) & (mesh.neutral[:, 2] > -3))
    count = style.strands if len(roots) else 0
    chosen = rng.choice(roots, count) if count else np.zeros(0, np.intp)
    strands = _comb(vertices[chosen], mesh.vertex_normals(vertices)[chosen], style, rng)
    return Hair(scalp, strands, np.exp(rng.normal(0, 0.15, count)).astype(np.float32))


def _scalp(mesh: FaceMesh, hairline: float) -> Floats:
    x, y, z = mesh.neutral.T
    front = np.interp(z, (-1, 3.5, 5.0, 8.0, 10.0), (NAPE, 0.5, TEMPLE_HAIRLINE + 2, 8.6, FRONT_HAIRLINE))
    # Ears stand off the head
    ear = (np.abs(x) > 7.75) & (y < 5.5) & (z < 4.5) & (z > -2.5)
    parts = np.isin(mesh.vertex_part, [PARTS.index("head"), PARTS.index("skin")])
    above = (y - front - hairline * np.clip((z - 3) / 5, 0, 1)) / 0.7
    return (np.clip(above, 0, 1) * parts * ~ear).astype(np.float32)


def _comb(roots: Floats, normals: Floats, style: Style, rng: np.random.Generator) -> Floats:
    """Let strands grow step by step: combed at first, falling later, and never into the head."""
    count = len(roots)
    parting = rng.normal(0, 2.0)
    side = np.sign(roots[:, 0] - parting + rng.normal(0, 0.6, count))
    comb = np.tile(np.array(style.comb, np.float32), (count, 1))
    comb[:, 0] *= side
    comb += rng.normal(0, 0.25 + 0.4 * style.curl, (count, 3)).astype(np.float32)
    lengths = style.length * rng.uniform(0.6, 1.1, count).astype(np.float32)
    step = (lengths / (POINTS - 1))[:, None]
    heading = normals * np.float32(style.lift) + comb
    place, points = roots.copy(), [roots]
    aside = rng.uniform(5.4, 7.4) + rng.normal(0, 0.3, count).astype(np.float32)
    ending = rng.uniform(4.8, 7.5) + rng.normal(0, 0.4, count).astype(np.float32)
    reach = np.linalg.norm((roots - MIDDLE) / (1, 1.12, 1.15), axis=1, keepdims=True) + np.float32(0.1)
    for _ in range(POINTS - 1):
        heading = heading + np.array([0, -style.fall, 0], np.float32) * step
        heading += rng.normal(0, 0.3 * style.curl, (count, 3)).astype(np.float32)
        heading /= np.linalg.norm(heading, axis=1, keepdims=True) + np.float32(1e-6)
        place = place + heading * step
        out = (place - MIDDLE) / np.array([1, 1.12, 1.15], np.float32)
        radius = np.linalg.norm(out, axis=1, keepdims=True)
        # The skull is narrow below the ears: hair may hang inside its radius there
        inside = (radius < reach) & (place[:, 1:2] > 0)
        place = np.where(inside, MIDDLE + (place - MIDDLE) * (reach / np.maximum(radius, 1e-3)), place)
        if not style.fringe:
            # Hair is kept out of the face: it slides outwards beside the eyes
            face = (place[:, 1] < 8.5) & (place[:, 2] > 3)
            place[:, 0] = np.where(face, np.sign(place[:, 0]) * np.maximum(np.abs(place[:, 0]), aside), place[:, 0])
        else:
            # A fringe ends above the eyes
            stopped = (place[:, 1:2] < ending[:, None]) & (np.abs(place[:, :1]) < 6.0) & (place[:, 2:] > 4)
            place = np.where(stopped, points[-1], place)
        points.append(place)
    return np.stack(points, axis=1).astype(np.float32)
