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
"""Where the cascades see the astronaut's face."""

needs_model = pytest.mark.skipif(not MODEL.is_file(), reason=f"no YuNet file at {MODEL}")


@needs_model
@pytest.mark.parametrize("side", [320, 640])
@pytest.mark.parametrize("factor", [0.5, 1, 3])
def test_the_astronaut_is_framed_as_a_cascade_would(astronaut: Image, side: int, factor: float) -> None:
    image = cv2.resize(astronaut, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA).astype(np.uint8)
    before = image.copy()
    (box,) = YuNetDetector(MODEL, search_side=side).detect(image)
    assert box.overlap(Box(*(round(factor * number) for number in (174, 64, 101, 101)))) > 0.7
    assert abs(box.width - box.height) <= 1
    assert (image == before).all(), "a frame is never written to"


@needs_model
def test_faces_come_from_left_to_right_and_known_ones_make_no_difference(astronaut: Image) -> None:
    image = np.hstack([astronaut, astronaut[:, ::-1], astronaut])
    detector = YuNetDetector(MODEL, search_side=640)
    boxes = detector.detect(image)
    assert [box.left // 512 for box in boxes] == [0, 1, 2]
    assert detector.detect(image, boxes[:1]) == boxes


@needs_model
@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (10, 2000), (2000, 10), (32, 320), (33, 47), (480, 640)])
def test_a_picture_of_any_shape_without_a_face_has_none(shape: tuple[int, int]) -> None:
    detector = YuNetDetector(MODEL, search_side=320)
    # What OpenCV finds in memory that was freed must not count
    waste = [np.full(80 * size, value, np.float32) for size in range(1, 60) for value in (1e38, 3e5, np.nan, -1e30)]
    del waste
    assert detector.detect(np.full((*shape, 3), 128, np.uint8)) == []
    # It is there by luck, so look at the cause as well: 32 pixels are one number at the coarsest
    assert min(detector._network.getInputSize()) > 32  # pyright: ignore[reportPrivateUsage]


@needs_model
def test_a_face_at_the_edge_stays_inside_and_the_size_may_change(astronaut: Image) -> None:
    detector = YuNetDetector(MODEL, search_side=320)
    assert len(detector.detect(astronaut)) == 1
    cut = astronaut[80:400, 190:500]
    (box,) = detector.detect(cut)
    assert box.left >= 0
    assert box.top >= 0
    assert box.overlap(Box(0, 0, 85, 85)) > 0.5


def test_a_file_that_is_not_there_says_where_it_is_published(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"there is no YuNet file .*no\.onnx: it is published by OpenCV Zoo on GitHub"):
        YuNetDetector(tmp_path / "no.onnx", search_side=320)


@pytest.mark.parametrize("path", ["", "x\0y.onnx"], ids=["a folder", "no path"])
def test_a_file_that_cannot_be_read(tmp_path: Path, path: str) -> None:
    with pytest.raises(AssetError, match=r"cannot read the YuNet file .* \(it is published by OpenCV Zoo"):
        YuNetDetector(tmp_path / path, search_side=320)


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"\0" * 1000])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "face_detection_yunet_2023mar.onnx"
    model.write_bytes(content)
    with pytest.raises(AssetError, match=r"is not face_detection_yunet_2023mar\.onnx as published by OpenCV Zoo"):
        YuNetDetector(model, search_side=320)


def test_a_file_that_opencv_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "network.onnx"
    model.write_bytes(b"")
    # Of an empty file, so that OpenCV gets to see it
    monkeypatch.setattr(yunet, "SHA256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    with pytest.raises(AssetError, match="cannot run the YuNet file"):
        YuNetDetector(model, search_side=320)
