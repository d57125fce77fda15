from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime.domain import Expression
from realtime.errors import UsageError
from realtime.training.archive import read_archive
from tests.support.places import SHARED

FER2013 = SHARED / "fer2013" / "fer2013.npz"
VOTE_COLUMNS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
GREYS = (10, 80, 150, 220)


def jpegs(*pictures: Any) -> dict[str, Any]:
    encoded = [cv2.imencode(".jpg", picture)[1].ravel() for picture in pictures]
    return {"jpeg": np.concatenate(encoded), "offsets": np.cumsum([0, *map(len, encoded)])}


def arrays(**changes: Any) -> dict[str, Any]:
    """The arrays of a file of four grey pictures; a change to None leaves one out."""
    pooled = np.zeros((4, 10), np.float16)
    pooled[:, 1] = (10, 9.5, 0.5, 0)
    return {
        key: value
        for key, value in {
            **jpegs(*(np.full((48, 48), grey, np.uint8) for grey in GREYS)),
            "labels": np.array([3, 0, 6, 5], np.uint8),
            "usage": np.array([0, 2, 1, 0], np.uint8),
            "names": np.array(["Training_1", "PrivateTest_2", "PublicTest_3", "Training_4"]),
            "votes": np.full((4, 10), 1, np.uint8),
            "pooled_votes": pooled,
            "copy_of_training": np.array([False, True, False, False]),
            "photo_group": np.array([7, 7, 8, 9], np.int32),
            "classes": np.array([expression.value for expression in Expression]),
            "vote_columns": np.array(VOTE_COLUMNS),
            **changes,
        }.items()
        if value is not None
    }


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(**changes: Any) -> Path:
        path = tmp_path / "faces.npz"
        np.savez(path, **arrays(**changes))
        return path

    return write


def test_a_file_is_read_in_its_order(file: Callable[..., Path]) -> None:
    data = read_archive(file())
    assert len(data) == 4
    assert data.images.shape == (4, 48, 48)
    assert data.images.dtype == np.uint8
    np.testing.assert_allclose(data.images.mean(axis=(1, 2)), GREYS, atol=1)
    assert data.labels.tolist() == [3, 0, 6, 5]
    assert data.usage.tolist() == [0, 2, 1, 0]
    assert data.copy_of_training.tolist() == [False, True, False, False]
    assert data.photo_group.tolist() == [7, 7, 8, 9]


def test_votes_are_those_pooled_over_equal_pictures(file: Callable[..., Path]) -> None:
    data = read_archive(file())
    assert data.votes.dtype == np.float32
    assert data.votes[:, 1].tolist() == [10, 9.5, 0.5, 0]
    assert data.expression_votes()[:, 3].tolist() == [10, 9.5, 0.5, 0]
    assert data.votes.sum() == 20


@pytest.mark.parametrize(("part", "labels", "copies"), [("training", [3, 5], 0), ("public", [6], 0), ("private", [0], 1)])
def test_a_part_has_the_images_of_its_usage(file: Callable[..., Path], part: str, labels: list[int], copies: int) -> None:
    chosen = read_archive(file()).part(part)
    assert chosen.labels.tolist() == labels
    assert chosen.copy_of_training.sum() == copies
    assert len(chosen.images) == len(chosen.votes) == len(chosen.usage) == len(chosen.photo_group) == len(labels)


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_archive(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("content", [b"", b"no archive\n", b"PK\x03\x04", b"\x93NUMPY\x01\x00"])
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    assert "not a complete .npz archive" in refusal(path)


def test_a_truncated_file_is_refused(file: Callable[..., Path]) -> None:
    path = file()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "download complete" in refusal(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_with_damaged_bytes_is_refused(tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / "faces.npz"
    save(path, **arrays())
    content = bytearray(path.read_bytes())
    # The first byte of the pictures, after the header with a name and an extra field of stated lengths
    start = 30 + int.from_bytes(content[26:28], "little") + int.from_bytes(content[28:30], "little")
    content[start] = 0x07
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize(
    "name",
    ["jpeg", "offsets", "labels", "usage", "pooled_votes", "copy_of_training", "photo_group", "classes", "vote_columns"],
)
def test_a_file_without_one_of_its_arrays_is_refused(file: Callable[..., Path], name: str) -> None:
    sentence = refusal(file(**{name: None}))
    assert name in sentence
    assert "'" not in sentence


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (jpegs(*[np.zeros((48, 47), np.uint8)] * 4), "48×48"),
        ({"jpeg": np.arange(40, dtype=np.uint8), "offsets": np.arange(0, 50, 10)}, "48×48"),
        ({"offsets": np.zeros(5, np.int64)}, "48×48"),
        ({"offsets": np.zeros(0, np.int64)}, "it has no pictures"),
        ({"offsets": np.array([0, 10, 5, 20, 30])}, "do not follow each other"),
        ({"offsets": np.array([-5, 0, 5, 20, 30])}, "do not follow each other"),
        ({"offsets": np.array([0, 1, 2, 3, 10**9])}, "do not follow each other"),
        ({"offsets": np.zeros((2, 2), np.int64)}, "it has no pictures"),
        ({"offsets": np.zeros(10**6 + 2, np.uint8)}, "more than 1000000 pictures"),
        ({"jpeg": np.zeros(10, np.float32)}, "it has no pictures"),
        ({"labels": np.array([None] * 4)}, "not numbers or text"),
        (jpegs(*[np.zeros((6000, 6000), np.uint8)] * 4), "48×48"),
        ({"offsets": np.linspace(0, 1, 5)}, "cannot read"),
        (jpegs(*[np.zeros((48, 48), np.uint8)] * 3), "3 pictures and 4"),
        ({"photo_group": np.zeros(5, np.int32)}, "4 pictures and 5"),
        ({"labels": np.array([0, 1, 2, 7], np.uint8)}, "out of range"),
        ({"labels": np.array([0, 1, 2, -1])}, "out of range"),
        ({"usage": np.array([0, 1, 2, 3], np.uint8)}, "out of range"),
        ({"pooled_votes": np.zeros((4, 9), np.float16)}, "votes"),
        ({"pooled_votes": np.full((4, 10), np.nan, np.float16)}, "votes"),
        ({"pooled_votes": np.full((4, 10), 11, np.float16)}, "votes"),
        (
            {"classes": np.array(["happy", "angry", "disgust", "fear", "neutral", "sad", "surprise"])},
            "its classes are not angry",
        ),
        ({"vote_columns": np.array(VOTE_COLUMNS[::-1])}, "its vote_columns are not neutral"),
    ],
)
def test_a_file_of_other_content_is_refused(file: Callable[..., Path], changes: dict[str, Any], reason: str) -> None:
    assert reason in refusal(file(**changes))


def test_the_real_data_have_the_counts_of_their_description() -> None:
    if not FER2013.is_file():
        pytest.skip("FER-2013 may not be redistributed, so only some checkouts have it, in ../shared/fer2013")
    data = read_archive(FER2013)
    assert [len(data.part(name)) for name in ("training", "public", "private")] == [28_709, 3_589, 3_589]
    assert [int(data.part(name).copy_of_training.sum()) for name in ("training", "public", "private")] == [0, 439, 461]
    votes = data.part("private").expression_votes()
    clear = votes.max(axis=1) > 5
    assert clear.sum() == 2_720
    assert np.bincount(votes[clear].argmax(axis=1)).tolist() == [219, 7, 50, 872, 936, 295, 341]
    left_out = np.count_nonzero(~data.face_mask())
    # Placeholders, and pictures in which hardly any voter saw a face
    assert 175 <= left_out <= 200
