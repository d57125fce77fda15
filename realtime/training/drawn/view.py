"""Pose of the head, camera and crop: where the vertices of a face appear in the picture that the network gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.training.drawn.face_mesh import CHIN, EYES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

PIVOT = np.array([0.0, 0.0, 2.0], np.float32)
"""About where the head turns on the neck, in the units of the mesh."""
YAW_DEG, PITCH_DEG, ROLL_DEG = 10.0, 7.0, 4.0
"""Standard deviations of the pose."""
TURNED = 0.15
"""Share of the faces with twice the yaw."""
WEBCAM_SHARE = 0.35
WEBCAM_PITCH_DEG = 9.0
"""Mean angle from which a webcam below the eyes looks up."""
NEAR, FAR = 38.0, 160.0
"""Distances of the camera from the head: a laptop on the knees, and a studio."""
EYE_LINE = 0.37
"""Height of the eyes below the top of the crop, of its side; as in FER-2013."""
EYES_TO_CHIN = 0.585
"""Height of the chin below the eyes, of the side."""
EYE_DISTANCE = 0.365
"""Distance of the eyes, of the side."""
SCALE_SIGMA, SHIFT_SIGMA = 0.07, 0.022
"""Standard deviations of the crop's side (of its logarithm) and of its place (of the side): detectors differ as much."""


@dataclass(frozen=True, slots=True)
class View:
    """How a face is looked at.

    Attributes:
        yaw: turn to the person's left, in degrees.
        pitch: turn upwards, which is also a camera from below, in degrees.
        roll: tilt, in degrees.
        distance: of the camera from the head, in the units of the mesh.
        scale: factor on the crop's side.
        shift: (right, down) of the crop, of its side.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    distance: float = 90.0
    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


def draw_view(rng: np.random.Generator, *, studio: bool = False) -> View:
    """Draw a pose and a camera; in a studio people look straight into it."""
    calm = 0.4 if studio else 1.0
    yaw = rng.normal(0, YAW_DEG) * (2 if rng.random() < TURNED else 1)
    webcam = rng.random() < WEBCAM_SHARE and not studio
    pitch = rng.normal(WEBCAM_PITCH_DEG if webcam else 0.0, PITCH_DEG)
    distance = rng.uniform(NEAR, 75) if webcam else rng.uniform(60, FAR)
    right, down = rng.normal(0, SHIFT_SIGMA, 2)
    return View(
        float(np.clip(calm * yaw, -40, 40)),
        float(np.clip(calm * pitch, -22, 26)),
        float(rng.normal(0, ROLL_DEG)),
        float(distance),
        float(np.exp(rng.normal(0, SCALE_SIGMA))),
        (float(right), float(down)),
    )


@dataclass(frozen=True, slots=True)
class Projection:
    """A view of one face, in pixels of its crop.

    Attributes:
        rotation: (3, 3) float32, from the mesh to the camera.
        distance: of the camera from `PIVOT`.
        corner: (2,) x and y of the crop's upper left corner on the plane through the pivot, y up.
        pixels: pixels in a unit on this plane.
    """

    rotation: Floats
    distance: float
    corner: Floats
    pixels: float

    def project(self, vertices: Floats) -> tuple[Floats, Floats]:
        """Pixels (n, 2) and distances (n,) of vertices (n, 3)."""
        turned = (vertices - PIVOT) @ self.rotation.T
        away = np.float32(self.distance) - turned[:, 2]
        plane = turned[:, :2] * (np.float32(self.distance) / away)[:, None]
        pixels = (plane - self.corner) * np.array([self.pixels, -self.pixels], np.float32) - np.float32(0.5)
        return pixels.astype(np.float32), away.astype(np.float32)


def project_face(view: View, landmarks: Floats, side: int) -> Projection:
    """Place the crop around a face as a detector does.

    Args:
        view: pose and camera.
        landmarks: (68, 3) float32, landmarks of the face with its mouth closed; a detector's box hardly follows the jaw.
        side: pixels of the crop's side.
    """
    yaw, pitch, roll = (np.deg2rad(angle) for angle in (view.yaw, -view.pitch, view.roll))
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    about_x = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    about_z = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    level = (np.array(about_x) @ np.array(about_y)).astype(np.float32)
    whole = Projection((np.array(about_z) @ level).astype(np.float32), view.distance, np.zeros(2, np.float32), 1.0)
    straight = Projection(level, view.distance, np.zeros(2, np.float32), 1.0)
    points = straight.project(landmarks)[0]
    right, left = (points[eye].mean(axis=0) for eye in EYES)
    by_height = (points[CHIN, 1] - (right[1] + left[1]) / 2) / EYES_TO_CHIN
    by_width = (left[0] - right[0]) / EYE_DISTANCE
    extent = (0.5 * by_height + 0.5 * by_width) * view.scale
    points = whole.project(landmarks)[0]
    middle = (points[EYES[0]].mean(axis=0) + points[EYES[1]].mean(axis=0)) / 2
    centre = (0.55 * middle[0] + 0.45 * points[CHIN, 0] + 0.5, -middle[1] - 0.5)
    corner = (centre[0] - extent * (0.5 + view.shift[0]), centre[1] + extent * (EYE_LINE + view.shift[1]))
    return Projection(whole.rotation, view.distance, np.array(corner, np.float32), float(side / extent))
