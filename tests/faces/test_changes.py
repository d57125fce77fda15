import numpy as np
import pytest

from realtime.domain import Box, Image
from realtime.faces.changes import ScannedCells

WHOLE = Box(0, 0, 640, 480)
PERSON = Box(400, 200, 48, 48)
"""As small as the faces that a session looks for."""


def room(seed: int = 0, *people: Box, sigma: float = 5.0, light: float = 1.0) -> Image:
    """A wall with a gradient, squares in the place of people, and noise."""
    image = np.broadcast_to(np.linspace(80, 160, 640)[:, None], (480, 640, 3)).copy()
    for box in people:
        image[box.top : box.bottom, box.left : box.right] += 40
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(image * light + noise, 0, 255).astype(np.uint8)


def scanned(*people: Box, sigma: float = 5.0) -> ScannedCells:
    cells = ScannedCells()
    cells.note_whole(room(1, *people, sigma=sigma))
    return cells


def contains(area: Box | None, box: Box) -> bool:
    return (
        area is not None
        and area.left <= box.left
        and area.top <= box.top
        and area.right >= box.right
        and area.bottom >= box.bottom
    )


def test_the_first_frame_is_scanned_as_a_whole() -> None:
    assert ScannedCells().find_changed(room(), []) == WHOLE


@pytest.mark.parametrize("sigma", [0, 5, 20])
def test_noise_is_no_change(sigma: float) -> None:
    assert scanned(sigma=sigma).find_changed(room(2, sigma=sigma), []) is None


def test_a_new_person_is_inside_the_changed_area_and_scanned_once() -> None:
    cells = scanned()
    area = cells.find_changed(room(2, PERSON), [])
    assert contains(area, PERSON)
    assert area is not None
    assert area.area < WHOLE.area / 8
    assert cells.find_changed(room(3, PERSON), []) is None


def test_a_face_that_changes_in_part_is_inside_the_changed_area() -> None:
    half = Box(PERSON.left, PERSON.top, PERSON.width, PERSON.height // 2 + 10)
    assert contains(scanned().find_changed(room(2, half), []), PERSON)


def test_the_place_that_a_person_left_is_scanned() -> None:
    assert contains(scanned(PERSON).find_changed(room(2), []), PERSON)


def test_a_known_face_that_moves_is_no_change_and_somebody_beside_it_is() -> None:
    moved, beside = Box(PERSON.left + 12, PERSON.top, 48, 48), Box(PERSON.left + 120, PERSON.top, 60, 60)
    assert scanned(PERSON).find_changed(room(2, moved), [moved]) is None
    assert contains(scanned(PERSON).find_changed(room(2, moved, beside), [moved]), beside)


def test_slow_changes_add_up() -> None:
    cells = scanned(sigma=1)
    found = [cells.find_changed(room(2 + step, sigma=1, light=1 + step / 100), []) for step in range(8)]
    assert WHOLE in found


def test_another_light_or_size_gives_the_whole_frame() -> None:
    assert scanned().find_changed(room(2, light=1.3), []) == WHOLE
    assert scanned().find_changed(room(2)[:240], []) == Box(0, 0, 640, 240)


def test_after_an_interruption_the_whole_frame_is_scanned() -> None:
    cells = scanned()
    cells.clear()
    assert cells.find_changed(room(1), []) == WHOLE
