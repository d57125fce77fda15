from __future__ import annotations

import numpy as np
import pytest

from realtime.training.drawn.face_mesh import CHIN, EYES, FaceMesh
from realtime.training.drawn.view import EYE_LINE, View, draw_view, project_face


def landmarks_in_crop(mesh: FaceMesh, view: View, side: int = 100) -> np.ndarray:
    landmarks = mesh.neutral[mesh.landmarks]
    return project_face(view, landmarks, side).project(landmarks)[0] + 0.5


def test_the_crop_lies_around_the_face_as_in_fer_2013(mesh: FaceMesh) -> None:
    points = landmarks_in_crop(mesh, View())
    right, left = (points[eye].mean(axis=0) for eye in EYES)
    assert right[1] == pytest.approx(100 * EYE_LINE, abs=0.5)
    assert (right[0] + left[0]) / 2 == pytest.approx(50, abs=0.5)
    assert 30 < left[0] - right[0] < 40
    assert 88 < points[CHIN, 1] < 104


def test_a_turn_to_the_left_moves_the_nose_to_the_right_of_the_picture(mesh: FaceMesh) -> None:
    def nose(view: View) -> np.ndarray:
        points = landmarks_in_crop(mesh, view)
        return points[30] - np.mean([points[eye].mean(axis=0) for eye in EYES], axis=0)

    assert nose(View(yaw=20))[0] > 1
    assert nose(View(yaw=-20))[0] < -1
    assert nose(View(pitch=15))[1] < nose(View())[1] - 1


def test_a_tilt_turns_the_face_in_the_crop_and_keeps_its_size(mesh: FaceMesh) -> None:
    def eyes(view: View) -> np.ndarray:
        points = landmarks_in_crop(mesh, view)
        return points[EYES[1]].mean(axis=0) - points[EYES[0]].mean(axis=0)

    level, tilted = eyes(View()), eyes(View(roll=10))
    assert np.degrees(np.arctan2(-tilted[1], tilted[0])) == pytest.approx(10, abs=0.5)
    assert np.hypot(*tilted) == pytest.approx(np.hypot(*level), rel=0.02)


def test_a_near_camera_enlarges_the_nose(mesh: FaceMesh) -> None:
    def nose_to_jaw(view: View) -> float:
        points = landmarks_in_crop(mesh, view)
        return float((points[35] - points[31])[0] / (points[14] - points[2])[0])

    assert nose_to_jaw(View(distance=35)) > 1.1 * nose_to_jaw(View(distance=160))


def test_people_in_a_studio_look_straighter_into_the_camera() -> None:
    views = [[draw_view(np.random.default_rng(seed), studio=studio) for seed in range(300)] for studio in (False, True)]
    spread = [np.std([view.yaw for view in drawn]) for drawn in views]
    assert spread[1] < 0.6 * spread[0]
    assert np.mean([view.pitch for view in views[0]]) > 2
