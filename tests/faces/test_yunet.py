from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.domain import Box, Image
from realtime.errors import AssetError
from realtime.faces import yunet
from realtime.faces.yunet import YuNetDetector
from tests.support.places import SHARED

MODEL = SHARED / "faces" / "yunet" / "face_detection_yunet_2023mar.onnx"
FACE = Box(174, 64, 101, 101)
"""Box that the cascades draw around the astronaut's face."""

needs_model = pytest.mark.skipif(not MODEL.is_file(), reason=f"no YuNet file at {MODEL}")


@needs_model
@pytest.mark.parametrize("side", [320, 640])
@pytest.mark.parametrize("factor", [0.5, 1, 3])
def test_the_box_is_the_square_that_a_cascade_would_draw(astronaut: Image, side: int, factor: float) -> None:
    image = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8)
    before = image.copy()
    (box,) = YuNetDetector(MODEL, search_side=side).detect(image)
    assert box.overlap(FACE.scaled(factor)) > 0.7
    assert abs(box.width - box.height) <= 1
    assert (image == before).all(), "a frame is never written to"


@needs_model
def test_faces_come_from_left_to_right_and_known_faces_have_no_effect(astronaut: Image) -> None:
    image = np.hstack([astronaut, astronaut[:, ::-1], astronaut])
    detector = YuNetDetector(MODEL, search_side=640)
    boxes = detector.detect(image)
    assert [box.left // 512 for box in boxes] == [0, 1, 2]
    assert detector.detect(image, boxes[:1]) == boxes


@needs_model
@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (10, 2000), (2000, 10), (32, 320), (33, 47), (480, 640)])
def test_no_face_is_found_in_an_empty_picture_of_any_shape(shape: tuple[int, int]) -> None:
    detector = YuNetDetector(MODEL, search_side=320)
    # Values in freed memory that OpenCV may read by mistake must not count
    waste = [np.full(80 * size, value, np.float32) for size in range(1, 60) for value in (1e38, 3e5, np.nan, -1e30)]
    del waste
    assert detector.detect(np.full((*shape, 3), 128, np.uint8)) == []
    # The mistake shows only by chance, so check its cause, too: at 32 pixels the coarsest map is one number wide
    assert min(detector._network.getInputSize()) > 32  # pyright: ignore[reportPrivateUsage]


@needs_model
def test_a_box_at_the_edge_stays_inside_and_the_picture_size_may_change(astronaut: Image) -> None:
    detector = YuNetDetector(MODEL, search_side=320)
    assert len(detector.detect(astronaut)) == 1
    cut = astronaut[80:400, 190:500]
    (box,) = detector.detect(cut)
    assert box.left >= 0
    assert box.top >= 0
    assert box.overlap(Box(0, 0, 85, 85)) > 0.5


def test_a_missing_file_is_refused_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"there is no YuNet file .*no\.onnx: `emodj model pull yunet` fetches it$"):
        YuNetDetector(tmp_path / "no.onnx", search_side=320)


@pytest.mark.parametrize("path", ["", "x\0y.onnx"], ids=["a folder", "no path"])
def test_an_unreadable_file_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(AssetError, match=r"cannot read the YuNet file .* \(`emodj model pull yunet` fetches one\)$"):
        YuNetDetector(tmp_path / path, search_side=320)


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"\0" * 1000])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "face_detection_yunet_2023mar.onnx"
    model.write_bytes(content)
    with pytest.raises(AssetError, match=r"is not face_detection_yunet_2023mar\.onnx as published by OpenCV Zoo"):
        YuNetDetector(model, search_side=320)


def test_a_file_that_opencv_cannot_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "network.onnx"
    model.write_bytes(b"")
    # The digest of an empty file, so that the file reaches OpenCV
    monkeypatch.setattr(yunet, "SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    with pytest.raises(AssetError, match="cannot run the YuNet file"):
        YuNetDetector(model, search_side=320)
