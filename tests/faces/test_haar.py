import re
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.domain import Box, Image
from realtime.errors import AssetError
from realtime.faces.cascade_view import MAX_CASCADE_BYTES
from realtime.faces.haar import HaarDetector
from tests.support.places import CASCADES

FAST, THOROUGH = CASCADES / "haarcascade_frontalface_alt2.xml", CASCADES / "haarcascade_frontalface_alt.xml"
SCAN, PROFILE = CASCADES / "haarcascade_frontalface_default.xml", CASCADES / "haarcascade_profileface.xml"
FACE = Box(174, 64, 101, 101)
"""Box of the astronaut's face."""

SAME = 0.7
"""Overlap from which two boxes are the same face."""


def live_detector(cascade: Path = FAST, *, min_neighbors: int = 3, min_face: int = 36) -> HaarDetector:
    """The detector of a session, without a close cascade."""
    return HaarDetector(cascade, search_size=(640, 360), scale_factor=1.2, min_neighbors=min_neighbors, min_face=min_face)


def still_detector() -> HaarDetector:
    """The detector of still pictures, without a close cascade."""
    return HaarDetector(THOROUGH, search_size=(1280, 1280), scale_factor=1.2, min_neighbors=3, min_face=24)


both = pytest.mark.parametrize("build", [live_detector, still_detector])
Build = Callable[[], HaarDetector]


def paste_on_grey(face: Image, left: int, top: int, *, width: int = 640, height: int = 360) -> Image:
    """A grey image with `face` pasted at (left, top), as far as it lies inside."""
    wide = np.full((height + 800, width + 800, 3), 110, np.uint8)
    wide[400 + top : 400 + top + face.shape[0], 400 + left : 400 + left + face.shape[1]] = face
    return wide[400 : 400 + height, 400 : 400 + width].copy()


@pytest.fixture
def head(astronaut: Image) -> Image:
    """The astronaut's head alone, 180×180."""
    return astronaut[20:200, 130:310]


def is_inside(box: Box, image: Image) -> bool:
    return box.left >= 0 and box.top >= 0 and box.right <= image.shape[1] and box.bottom <= image.shape[0]


@both
@pytest.mark.parametrize("factor", [1, 3])
def test_a_face_is_found_also_in_a_large_photo(astronaut: Image, build: Build, factor: int) -> None:
    image = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    before = image.copy()
    (box,) = build().detect(image)
    assert box.overlap(FACE.scaled(factor)) > SAME
    assert (image == before).all(), "a frame is never written to"


@both
def test_a_tall_and_a_wide_picture_are_shrunk_evenly(head: Image, build: Build) -> None:
    for width, height in ((300, 900), (1200, 300)):
        (box,) = build().detect(paste_on_grey(cv2.resize(head, (300, 300)).astype(np.uint8), 0, 0, width=width, height=height))
        assert box.overlap(Box(73, 73, 170, 170)) > SAME
        assert abs(box.width - box.height) <= 0.05 * box.width


@both
def test_a_view_of_another_array_is_searched_too(astronaut: Image, build: Build) -> None:
    (box,) = build().detect(astronaut[:, ::-1])
    assert box.overlap(FACE.mirrored(512)) > SAME
    assert build().detect(astronaut[200:]) == []


def test_faces_come_from_left_to_right(head: Image) -> None:
    image = paste_on_grey(head, 420, 0)
    image[100:280, 20:200] = head
    small = cv2.resize(head, (140, 140), interpolation=cv2.INTER_AREA)
    image[200:340, 240:380] = small
    boxes = live_detector().detect(image)
    assert len(boxes) == 3
    assert [box.left for box in boxes] == sorted(box.left for box in boxes)
    assert [box.left // 220 for box in boxes] == [0, 1, 2]


@both
@pytest.mark.parametrize("shape", [(1, 1), (10, 20000), (20000, 10), (23, 23), (2, 500)])
def test_no_face_is_found_in_a_tiny_or_narrow_picture(build: Build, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 128, np.uint8)
    assert build().detect(image) == []
    assert build().detect(image, [Box(0, 0, 1, 1)]) == []


@pytest.mark.parametrize("shape", [(1, 1), (10, 10), (19, 19), (1, 100)])
def test_no_face_is_found_in_a_picture_smaller_than_the_cascade(shape: tuple[int, int]) -> None:
    assert live_detector(min_face=1).detect(np.zeros((*shape, 3), np.uint8)) == []


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(30, 1500), st.integers(30, 1500), st.integers(2, 40))
def test_boxes_stay_inside_the_picture(seed: int, width: int, height: int, cell: int) -> None:
    # Without a minimum of neighbours, blocks of noise give hits up to the edges
    detector = HaarDetector(FAST, search_size=(100, 70), scale_factor=1.3, min_neighbors=0, min_face=20)
    blocks = np.random.default_rng(seed).integers(0, 256, (height // cell + 1, width // cell + 1, 3), np.uint8)
    image = np.kron(blocks, np.ones((cell, cell, 1), np.uint8))[:height, :width]
    boxes = detector.detect(image)
    assert all(is_inside(box, image) for box in boxes)
    assert boxes == sorted(boxes, key=lambda box: box.left)
    assert all(is_inside(box, image) for box in detector.detect(image, boxes))


@pytest.mark.parametrize("height", range(1205, 1246, 2))
def test_the_box_of_a_face_at_the_lower_edge_stays_inside_the_picture(head: Image, height: int) -> None:
    face = cv2.resize(head[40:150, 40:150], (1000, 1000), interpolation=cv2.INTER_CUBIC)
    image = np.full((height, 2000, 3), 110, np.uint8)
    image[-1000:, -1000:] = face
    detector = HaarDetector(FAST, search_size=(200, 200), scale_factor=1.05, min_neighbors=0, min_face=60)
    boxes = detector.detect(image)
    assert boxes
    assert all(is_inside(box, image) for box in boxes)


def test_the_same_picture_gives_the_same_boxes(astronaut: Image) -> None:
    detector = live_detector()
    assert detector.detect(astronaut) == detector.detect(astronaut) == live_detector().detect(astronaut)


@both
@pytest.mark.parametrize("factor", [1, 3])
@pytest.mark.parametrize("moved", [-15, 0, 15])
def test_the_search_near_a_known_face_finds_it_again(astronaut: Image, build: Build, factor: int, moved: int) -> None:
    image = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    known = Box(FACE.left + moved, FACE.top - moved, FACE.width, FACE.height).scaled(factor)
    (box,) = build().detect(image, [known])
    assert box.overlap(FACE.scaled(factor)) > SAME


@both
def test_the_search_near_a_known_face_finds_no_face_elsewhere(head: Image, build: Build) -> None:
    image = paste_on_grey(head, 20, 90)
    image[90:270, 400:580] = head
    detector = build()
    left, right = detector.detect(image)
    assert detector.detect(image, [left])[0].overlap(left) > SAME
    assert len(detector.detect(image, [left])) == 1
    (alone,) = detector.detect(image, [right])
    assert alone.overlap(right) > SAME
    verified = detector.detect(image, [right, left])
    assert [box.overlap(known) > SAME for box, known in zip(verified, (left, right), strict=True)] == [True, True]


@pytest.mark.parametrize("factor", [0.5, 2])
def test_the_search_near_a_known_face_finds_only_faces_of_its_size(astronaut: Image, factor: float) -> None:
    side = round(FACE.width * factor)
    centred = Box(FACE.left + (FACE.width - side) // 2, FACE.top + (FACE.height - side) // 2, side, side)
    assert still_detector().detect(astronaut, [centred]) == []
    assert live_detector().detect(astronaut, [centred]) == []


@both
def test_a_face_near_several_known_boxes_is_found_once(astronaut: Image, build: Build) -> None:
    known = [Box(FACE.left + step, FACE.top, FACE.width, FACE.height) for step in (-12, 0, 12)]
    assert len(build().detect(astronaut, known)) == 1


@pytest.mark.parametrize(
    "outside",
    [
        Box(5000, 5000, 100, 100),
        Box(100, 5000, 100, 100),
        # It ends left of the picture by less than its width: a negative end of a slice counts from the other side
        Box(-300, 64, 101, 101),
        Box(174, -300, 101, 101),
        Box(-5000, -5000, 100, 100),
    ],
)
def test_nothing_is_found_near_a_box_outside_the_picture(astronaut: Image, outside: Box) -> None:
    assert live_detector().detect(astronaut, [outside]) == []


def test_a_known_face_at_the_edge_is_found_again(head: Image) -> None:
    image = paste_on_grey(head, -40, -30)
    detector = live_detector()
    (box,) = detector.detect(image)
    (again,) = detector.detect(image, [box])
    assert box.left < 20
    assert again.overlap(box) > SAME


def test_a_face_below_the_smallest_size_is_not_found(astronaut: Image) -> None:
    # 512 rows are shrunk to 360, and the face with them, from 101 to 71
    assert len(live_detector(min_face=60).detect(astronaut)) == 1
    assert live_detector(min_face=90).detect(astronaut) == []
    assert live_detector(min_face=90).detect(astronaut, [FACE]) == []


def test_more_neighbours_mean_fewer_faces(astronaut: Image) -> None:
    assert len(live_detector(min_neighbors=3).detect(astronaut)) == 1
    assert live_detector(min_neighbors=1000).detect(astronaut) == []
    assert live_detector(min_neighbors=1000).detect(astronaut, [FACE]) == []


def test_a_larger_search_size_finds_smaller_faces(head: Image) -> None:
    image = paste_on_grey(
        cv2.resize(head, (70, 70), interpolation=cv2.INTER_AREA).astype(np.uint8), 600, 300, width=1280, height=720
    )
    assert live_detector().detect(image) == []
    (box,) = still_detector().detect(image)
    assert box.overlap(Box(617, 317, 39, 39)) > SAME


def verifying_detector(*, min_neighbors: int = 2) -> HaarDetector:
    """The shipped detector of a session: with a close cascade that verifies hits."""
    size = (640, 360)
    return HaarDetector(SCAN, search_size=size, scale_factor=1.2, min_neighbors=min_neighbors, min_face=36, close_cascade=FAST)


def thorough_detector() -> HaarDetector:
    """The shipped detector of still pictures: it also finds tilted and turned heads."""
    size = (1280, 1280)
    return HaarDetector(
        THOROUGH, search_size=size, scale_factor=1.2, min_neighbors=3, min_face=24, close_cascade=FAST, profile_cascade=PROFILE
    )


def fine_detector(ratio: float = 2.5) -> HaarDetector:
    """The shipped detector of still pictures, which scans large pictures twice."""
    return HaarDetector(
        THOROUGH,
        search_size=(1280, 1280),
        scale_factor=1.2,
        min_neighbors=3,
        min_face=24,
        close_cascade=FAST,
        fine_ratio=ratio,
    )


def crowd(head: Image, width: int, height: int) -> tuple[Image, list[Box]]:
    """A large picture of small faces in rows, and their boxes."""
    image = np.full((height, width, 3), 110, np.uint8)
    small = cv2.resize(head, (160, 160), interpolation=cv2.INTER_AREA)
    boxes: list[Box] = []
    for top in range(50, height - 160, 500):
        for left in range(50 + top % 97, width - 160, 500):
            image[top : top + 160, left : left + 160] = small
            boxes.append(Box(left + 39, top + 39, 90, 90))
    return image, boxes


def test_small_faces_of_a_large_picture_are_found_once_each(head: Image) -> None:
    image, known = crowd(head, 6000, 2000)
    assert fine_detector(ratio=1).detect(image) == []
    boxes = fine_detector().detect(image)
    assert len(boxes) == len(known)
    assert all(any(box.overlap(face) > 0.6 for box in boxes) for face in known)
    assert boxes == sorted(boxes, key=lambda box: (box.left, box.top))


def test_faces_of_both_scans_are_found_once_each(head: Image) -> None:
    image, known = crowd(head, 6000, 1200)
    # Between the rows; the smallest face of the first scan has 112 pixels
    image[230:530, 290:590] = cv2.resize(head, (300, 300), interpolation=cv2.INTER_AREA)
    assert len(fine_detector(ratio=1).detect(image)) == 1
    assert len(fine_detector().detect(image)) == len(known) + 1


def test_small_faces_behind_a_near_one_are_found(head: Image) -> None:
    image, known = crowd(head, 6000, 2000)
    image[600:1900, 2000:3300] = cv2.resize(head, (1300, 1300), interpolation=cv2.INTER_CUBIC)
    near = Box(2000, 600, 1300, 1300)
    behind = [face for face in known if not near.overlap(face)]
    (face,) = fine_detector(ratio=1).detect(image)
    boxes = fine_detector().detect(image)
    assert face in boxes
    assert len(boxes) == len(behind) + 1
    assert all(any(box.overlap(small) > 0.6 for box in boxes) for small in behind)


def test_a_large_portrait_is_one_face(astronaut: Image) -> None:
    image = cv2.resize(astronaut, (4000, 4000), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    assert fine_detector().detect(image) == fine_detector(ratio=1).detect(image)
    assert len(fine_detector().detect(image)) == 1


@pytest.mark.parametrize("size", [(640, 480), (1280, 960), (2500, 1600)])
def test_an_ordinary_picture_is_scanned_once(head: Image, size: tuple[int, int]) -> None:
    image, _ = crowd(head, *size)
    assert fine_detector().detect(image) == fine_detector(ratio=1).detect(image)


def tilted(image: Image, angle: float) -> Image:
    """The image rotated about the centre of the face, so that the face stays in place."""
    matrix = cv2.getRotationMatrix2D(FACE.centre, angle, 1)
    return cv2.warpAffine(image, matrix, (512, 512), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)


@pytest.mark.parametrize("build", [verifying_detector, thorough_detector])
def test_an_upright_face_that_several_views_find_is_one_box(astronaut: Image, head: Image, build: Build) -> None:
    (box,) = build().detect(astronaut)
    assert box.overlap(FACE) > SAME
    two = paste_on_grey(head, 20, 90)
    two[90:270, 400:580] = head
    assert len(build().detect(two)) == 2


@pytest.mark.parametrize("angle", [-25, 30])
def test_a_known_face_is_kept_when_the_head_tilts(astronaut: Image, angle: float) -> None:
    image = tilted(astronaut, angle)
    assert live_detector().detect(image, [FACE]) == []
    (box,) = verifying_detector().detect(image, [FACE])
    assert box.overlap(FACE) > SAME


@pytest.mark.parametrize("angle", [-27, 27])
def test_a_tilted_head_in_a_picture_is_found_by_the_tilted_views(astronaut: Image, angle: float) -> None:
    image = cv2.resize(tilted(astronaut, angle), None, fx=2, fy=2).astype(np.uint8)
    assert still_detector().detect(image) == []
    (box,) = thorough_detector().detect(image)
    assert box.overlap(FACE.scaled(2)) > SAME


@pytest.mark.parametrize(("side", "found"), [(35, 0), (56, 1)])
def test_a_tilted_head_is_looked_for_from_the_smallest_face_that_can_be_read(astronaut: Image, side: int, found: int) -> None:
    scale = side / FACE.width
    image = cv2.resize(tilted(astronaut, 27), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.uint8)
    assert len(thorough_detector().detect(image)) == found


def noise(seed: int) -> Image:
    blocks = np.random.default_rng(seed).integers(0, 256, (30, 40, 3), np.uint8)
    return np.kron(blocks, np.ones((12, 12, 1), np.uint8))


def test_a_close_cascade_removes_doubtful_hits_and_adds_none() -> None:
    alone = HaarDetector(SCAN, search_size=(640, 360), scale_factor=1.1, min_neighbors=0, min_face=24)
    verified = HaarDetector(SCAN, search_size=(640, 360), scale_factor=1.1, min_neighbors=0, min_face=24, close_cascade=FAST)
    before, after = 0, 0
    for seed in range(20):
        image = noise(seed)
        hits, kept = alone.detect(image), verified.detect(image)
        before, after = before + len(hits), after + len(kept)
        assert all(is_inside(box, image) for box in kept)
    assert before > 10
    assert after < before / 2


def test_a_hit_with_many_neighbours_needs_no_verification(astronaut: Image, tmp_path: Path) -> None:
    # A close cascade that confirms no face: it finds number plates
    other = tmp_path / "other.xml"
    other.write_bytes((Path(cv2.__file__).parent / "data" / "haarcascade_russian_plate_number.xml").read_bytes())
    large = cv2.resize(astronaut, None, fx=1.4, fy=1.4).astype(np.uint8)
    found = HaarDetector(
        SCAN, search_size=(720, 720), scale_factor=1.05, min_neighbors=2, min_face=36, close_cascade=other
    ).detect(large)
    assert any(box.overlap(FACE.scaled(1.4)) > SAME for box in found)


@pytest.mark.parametrize("is_close", [True, False])
def test_a_missing_close_or_profile_cascade_is_refused(tmp_path: Path, *, is_close: bool) -> None:
    missing = tmp_path / "no.xml"
    close, profile = (missing, None) if is_close else (None, missing)
    with pytest.raises(AssetError, match="no cascade at"):
        HaarDetector(
            FAST,
            search_size=(9, 9),
            scale_factor=1.2,
            min_neighbors=3,
            min_face=9,
            close_cascade=close,
            profile_cascade=profile,
        )


def test_a_missing_cascade_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nose.xml", tmp_path):
        with pytest.raises(AssetError, match=f"no cascade at {re.escape(str(path))}: name a file"):
            live_detector(path)


def test_the_path_of_a_cascade_may_have_any_letters(tmp_path: Path, astronaut: Image) -> None:
    path = tmp_path / "Gesichter für 顔 .xml"
    path.write_bytes(FAST.read_bytes())
    assert live_detector(path).detect(astronaut) == live_detector().detect(astronaut)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux allows file names that are not UTF-8")
def test_opencv_does_not_open_the_path_itself(tmp_path: Path, astronaut: Image) -> None:
    # On Windows OpenCV opens no path with a letter of another language; on Linux none that UTF-8 cannot encode
    path = tmp_path / "\udcff.xml"
    path.write_bytes(FAST.read_bytes())
    assert live_detector(path).detect(astronaut) == live_detector().detect(astronaut)


def test_a_cascade_without_an_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge.xml"
    with path.open("wb") as file:
        file.truncate(MAX_CASCADE_BYTES + 1)
    with pytest.raises(AssetError, match=r"cannot read the cascade .*huge.xml \(it is larger than 32 MB\)"):
        live_detector(path)


WHOLE = FAST.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no XML",
        b"\0" * 1000,
        b'<?xml version="1.0"?>\n<opencv_storage><a>1</a></opencv_storage>\n',
        b'<?xml version="1.0"?>\n<opencv_storage><cascade type_id="opencv-cascade-classifier"/></opencv_storage>\n',
        b"<!DOCTYPE html><html><body>404</body></html>",
        b'{"cascade": 1}',
        "Käse".encode("latin-1"),
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:-40],
    ],
    ids=["empty", "text", "zeros", "another document", "hollow", "web page", "json", "latin", "half", "cut off"],
)
def test_a_damaged_cascade_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.xml"
    path.write_bytes(content)
    with pytest.raises(AssetError, match=f"cannot read the cascade {re.escape(str(path))}: is it an OpenCV cascade") as refusal:
        live_detector(path)
    assert refusal.value.__cause__ is not None


def test_an_opencv_without_cascades_is_refused_with_the_version_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(AssetError, match="install opencv-python below 5"):
        live_detector()


def test_the_shipped_cascades_are_those_of_opencv() -> None:
    theirs = Path(cv2.__file__).parent / "data"
    for path in CASCADES.glob("*.xml"):
        assert path.read_bytes() == (theirs / path.name).read_bytes()


def test_a_face_near_its_box_has_the_same_place_in_a_large_frame(astronaut: Image) -> None:
    large = cv2.resize(astronaut, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    near = Box(3 * FACE.left + 20, 3 * FACE.top - 20, 3 * FACE.width, 3 * FACE.height)
    (found,) = live_detector().detect(large, [near])
    assert found.overlap(Box(3 * FACE.left, 3 * FACE.top, 3 * FACE.width, 3 * FACE.height)) > SAME


@pytest.mark.parametrize("side", [75, 140])
def test_a_face_that_has_come_nearer_or_gone_back_is_found_near_its_box(astronaut: Image, side: int) -> None:
    x, y = FACE.centre
    (found,) = live_detector().detect(astronaut, [Box(round(x - side / 2), round(y - side / 2), side, side)])
    assert found.overlap(FACE) > SAME


def test_a_scan_of_a_part_finds_the_faces_of_this_part_in_pixels_of_the_image(head: Image) -> None:
    image = paste_on_grey(head, 60, 80, width=960, height=720)
    image[400:580, 700:880] = head
    right = Box(600, 300, 360, 420)
    (found,) = live_detector().scan_area(image, right)
    assert found.overlap(Box(744, 444, 101, 101)) > SAME
    assert live_detector().scan_area(image, Box(300, 0, 200, 720)) == []
    assert live_detector().scan_area(image, Box(300, 0, 5, 5)) == []
