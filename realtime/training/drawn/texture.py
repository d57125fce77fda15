"""Texture of the face: a picture of the neutral face seen from the front, in the units of the mesh.

Paint is put on the neutral face and moves with the vertices, whoever the face belongs to and whatever it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Point = tuple[float, float]

LEFT, TOP = -10.0, 14.0
SCALE = 10
"""Pixels of the texture in a unit of the mesh."""
WIDTH, HEIGHT = 200, 280


def texture_pixels(places: Floats) -> Floats:
    """Pixels (…, 2) of the texture for places (…, 2 or more) on the neutral face."""
    return np.stack([(places[..., 0] - LEFT) * SCALE, (TOP - places[..., 1]) * SCALE], axis=-1).astype(np.float32)


def sample_texture(texture: Floats, places: Floats) -> Floats:
    """Values (h, w) or (h, w, k) of a texture at places (h, w, 2 or more) on the neutral face."""
    pixels = texture_pixels(places)
    return np.asarray(
        cv2.remap(texture, pixels[..., 0], pixels[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def empty_texture() -> Floats:
    """A texture of zeros."""
    return np.zeros((HEIGHT, WIDTH), np.float32)


def draw_line(texture: Floats, points: Sequence[Point], width: float, value: float = 1.0) -> None:
    """Draw a line through points of the neutral face into a texture, at least one pixel wide."""
    pixels = texture_pixels(np.array(points, np.float32))
    shifted = np.round(pixels * 16).astype(np.int32)
    cv2.polylines(texture, [shifted], False, value, max(1, round(width * SCALE)), cv2.LINE_8, 4)


def fill_area(texture: Floats, points: Sequence[Point] | Floats, value: float = 1.0) -> None:
    """Fill the area inside points of the neutral face."""
    pixels = texture_pixels(np.asarray(points, np.float32))
    cv2.fillPoly(texture, [np.round(pixels * 16).astype(np.int32)], value, cv2.LINE_8, 4)


def soften(texture: Floats, radius: float) -> Floats:
    """Blur a texture with a Gaussian whose standard deviation is `radius` units."""
    return np.asarray(cv2.GaussianBlur(texture, (0, 0), radius * SCALE), np.float32)


def mirror(points: Sequence[Point]) -> list[Point]:
    """The same points on the other side of the face."""
    return [(-x, y) for x, y in points]


def cloud(rng: np.random.Generator, grain: float) -> Floats:
    """Smooth noise with patches of about `grain` units; mean 0, standard deviation 1."""
    rows, columns = max(2, round(HEIGHT / SCALE / grain)), max(2, round(WIDTH / SCALE / grain))
    coarse = rng.normal(0, 1, (rows, columns)).astype(np.float32)
    smooth = np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)
    return (smooth - smooth.mean()) / (smooth.std() + np.float32(1e-6))
