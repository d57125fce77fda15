"""Hair and glasses: lines in space, drawn over the picture of a face where nothing hides them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.training.drawn.hair import MIDDLE
from realtime.training.drawn.paint import EYE_CENTRE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.drawn.hair import Hair
    from realtime.training.drawn.lighting import Light
    from realtime.training.drawn.rasteriser import Coverage
    from realtime.training.drawn.view import Projection

    Floats = NDArray[np.float32]

FRACTION_BITS = 4
"""Bits of a pixel's fraction in the coordinates of OpenCV's lines."""
LAYERS = 6
"""Groups of strokes from far to near. Within a group, strokes of one brightness are drawn in one call."""
LEVELS = 5
"""Steps of brightness for a factor e."""
STANDS_OFF = 0.35
"""How far behind the surface a strand may lie and still be seen, in units of the mesh: heads are rougher than the mesh."""
RIM = (2.55, 1.75)
"""Half of the width and height of a lens."""
RIM_POINTS = 28


def draw_hair(picture: Floats, hair: Hair, tone: float, coverage: Coverage, projection: Projection, light: Light) -> None:
    """Draw the strands of hair that nothing hides into a picture, far ones first.

    Args:
        picture: (side, side) float32 light.
        hair: the strands.
        tone: reflectance of the hair.
        coverage: what the picture shows.
        projection: from the mesh to the picture.
        light: the light.
    """
    strands, side = hair.strands, len(picture)
    if not len(strands):
        return
    points, distance = projection.project(strands.reshape(-1, 3))
    points, distance = points.reshape(*strands.shape[:2], 2), distance.reshape(strands.shape[:2])
    pixels = np.clip(np.round(points), 0, side - 1).astype(int)
    seen = distance < coverage.distance[pixels[..., 1], pixels[..., 0]] + STANDS_OFF
    seen &= (np.abs(points - side / 2) < side).all(axis=-1)
    strand, segment = np.nonzero(seen[:, :-1] & seen[:, 1:])
    order = np.argsort(-distance[strand, segment], kind="stable")
    strand, segment = strand[order], segment[order]
    lines = _to_lines(np.stack([points[strand, segment], points[strand, segment + 1]], axis=1))
    values = _light_on_strands(hair, tone, projection, light)[strand, segment].astype(float)
    levels = np.clip(np.round(np.log(np.maximum(values, 1e-3)) * LEVELS), -7 * LEVELS, LEVELS).astype(int)
    for layer in np.array_split(np.arange(len(strand)), LAYERS):
        for level in np.unique(levels[layer]):
            same = list(lines[layer[levels[layer] == level]])
            cv2.polylines(picture, same, False, float(np.exp(level / LEVELS)), 1, cv2.LINE_8, FRACTION_BITS)


def draw_glasses(picture: Floats, nose_root: Floats, frame: tuple[float, float], projection: Projection) -> None:
    """Draw glasses into a picture.

    Args:
        picture: (side, side) float32 light.
        nose_root: (3,) place of the bridge.
        frame: width in units of the mesh, and light that it reflects.
        projection: from the mesh to the picture.
    """
    width, tone = frame
    front = float(nose_root[2]) + 0.9
    turn = np.linspace(0, 2 * np.pi, RIM_POINTS)
    # Between an ellipse and a rectangle
    across, up = (np.sign(wave) * np.abs(wave) ** 0.75 for wave in (np.cos(turn), np.sin(turn)))
    strokes = [np.array([[-0.75, 3.4, front], [0, 3.65, front + 0.1], [0.75, 3.4, front]])]
    for side in (-1, 1):
        x, y = side * (EYE_CENTRE[0] + 0.15) + RIM[0] * across, EYE_CENTRE[1] - 0.45 + RIM[1] * up
        strokes.append(np.stack([x, y, front - 0.12 * np.abs(x)], axis=1))
        hinge = EYE_CENTRE[1] - 0.45 + 0.5
        strokes.append(np.array([[side * 5.8, hinge, front - 0.7], [side * 7.8, hinge + 0.2, 3.0]]))
    thick = max(1, round(width * projection.pixels))
    for stroke in strokes:
        points = projection.project(stroke.astype(np.float32))[0]
        cv2.polylines(picture, [_to_lines(points)], False, tone, thick, cv2.LINE_8, FRACTION_BITS)


def _light_on_strands(hair: Hair, tone: float, projection: Projection, light: Light) -> Floats:
    """Light that each segment (strands, points - 1) reflects. A hair is lit all around its axis (Kajiya & Kay 1989)."""
    along = np.diff(hair.strands, axis=1) @ projection.rotation.T
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + np.float32(1e-6)
    facing = np.sqrt(np.clip(1 - (along @ light.direction) ** 2, 0, 1))
    # The head shades the hair on its other side
    out = (hair.strands[:, :-1] - MIDDLE) @ projection.rotation.T
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    lit = light.ambient + (1 - light.ambient) * facing * np.clip(0.3 + out @ light.direction, 0, 1)
    return np.asarray(tone * hair.sheen[:, None] * lit + 0.06 * light.gloss * facing**20, np.float32)


def _to_lines(points: Floats) -> NDArray[np.int32]:
    return np.round(points * 2**FRACTION_BITS).astype(np.int32)
