"""Light on a face: a key light, light from all around, and the shadows that the face casts on itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

KEY_YAW_DEG, KEY_PITCH_DEG = (0.0, 32.0), (24.0, 18.0)
"""Mean and standard deviation of the key light's direction: from the side, and from above."""
AMBIENT = (0.15, 0.65)
"""Share of the light that comes from all around."""
SCREEN_SHARE = 0.12
"""Share of the pictures that a screen below the face lights."""
SHADOW_STEPS = 9
SHADOW_REACH = 0.18
"""How far shadows are searched, of the picture's side."""


@dataclass(frozen=True, slots=True)
class Light:
    """The light on a face.

    Attributes:
        direction: (3,) float32 unit vector to the key light; x to the right of the picture, y up, z to the camera.
        ambient: share of the light that comes from all around, 0 to 1.
        gloss: strength of highlights on the skin.
        hardness: how dark a cast shadow is, 0 to 1.
    """

    direction: Floats
    ambient: float
    gloss: float
    hardness: float


def draw_studio_light(rng: np.random.Generator) -> Light:
    """Draw the even light of a studio, or of a window behind the camera."""
    yaw, pitch = np.deg2rad(rng.normal(0, 12)), np.deg2rad(rng.normal(18, 9))
    ambient, hardness = rng.uniform(0.35, 0.7), rng.uniform(0, 0.4)
    return Light(_direction(yaw, pitch), float(ambient), float(rng.uniform(0, 0.12)), float(hardness))


def draw_light(rng: np.random.Generator) -> Light:
    """Draw the light of a room, from anywhere before the face."""
    yaw, pitch = np.deg2rad(rng.normal(*KEY_YAW_DEG)), np.deg2rad(rng.normal(*KEY_PITCH_DEG))
    if rng.random() < SCREEN_SHARE:
        pitch = np.deg2rad(rng.normal(-20, 10))
    yaw, pitch = np.clip(yaw, -1.35, 1.35), np.clip(pitch, -0.6, 1.1)
    return Light(_direction(yaw, pitch), float(rng.uniform(*AMBIENT)), float(rng.uniform(0, 0.18)), float(rng.uniform(0.2, 1)))


def _direction(yaw: float, pitch: float) -> Floats:
    return np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], np.float32)


def shade(normals: Floats, relief: Floats, distance: Floats, scale: float, light: Light) -> tuple[Floats, Floats]:
    """Light that falls on each pixel.

    Args:
        normals: (side, side, 3) float32 unit normals in the camera's axes.
        relief: (side, side, 2) float32, slope of fine folds: the change of height to the right and upwards.
        distance: (side, side) float32; infinite for the background.
        scale: pixels of the picture in a unit of the mesh.
        light: the light.

    Returns:
        Light for the reflectance, about 1 where the light falls straight, and highlights to be added, both (side, side).
    """
    bent = normals.copy()
    bent[..., :2] -= relief
    bent /= np.linalg.norm(bent, axis=-1, keepdims=True) + np.float32(1e-6)
    facing = bent @ light.direction
    # Skin scatters light past the edge of its shadow
    lit = np.clip((facing + 0.12) / 1.12, 0, 1)
    height = np.where(np.isfinite(distance), -distance, -1e3).astype(np.float32)
    lit *= 1 - np.float32(light.hardness) * cast_shadows(height, scale, light.direction)
    around = light.ambient * (0.75 + 0.25 * bent[..., 1]) * occlude(height, scale)
    half = light.direction + np.array([0, 0, 1], np.float32)
    gloss = light.gloss * np.clip(bent @ (half / np.linalg.norm(half)), 0, 1) ** 18 * lit
    return (around + (1 - light.ambient) * lit).astype(np.float32), gloss.astype(np.float32)


def cast_shadows(height: Floats, scale: float, direction: Floats) -> Floats:
    """How far each pixel (side, side) lies in the shadow of others, 0 to 1, by steps towards the light over the heights."""
    side = len(height)
    across = float(np.hypot(direction[0], direction[1]))
    if across < 0.05:
        return np.zeros_like(height)
    right, down = direction[0] / across, -direction[1] / across
    rise = float(direction[2]) / across / scale
    covered = np.zeros_like(height)
    for number in range(1, SHADOW_STEPS + 1):
        reach = SHADOW_REACH * side * number / SHADOW_STEPS
        matrix = np.array([[1, 0, reach * right], [0, 1, reach * down]], np.float32)
        moved = cv2.warpAffine(
            height, matrix, (side, side), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        )
        np.maximum(covered, moved - (height + np.float32(rise * reach)), out=covered)
    # A small step is the surface's own slope
    return np.asarray(cv2.GaussianBlur(np.clip((covered - 0.12) / 0.35, 0, 1), (0, 0), side / 110), np.float32)


def occlude(height: Floats, scale: float) -> Floats:
    """Share of the light from all around that reaches each pixel: less in pits (Luft, Colditz & Deussen 2006)."""
    ground = np.maximum(height, np.median(height[height > -1e2]) - 4 if (height > -1e2).any() else 0)
    open_to = np.ones_like(height)
    for radius, strength in ((0.35, 0.9), (1.0, 0.5), (2.2, 0.16)):
        pit = np.asarray(cv2.GaussianBlur(ground, (0, 0), radius * scale), np.float32) - ground
        open_to *= 1 - np.clip(strength * pit, 0, 0.6)
    return open_to
