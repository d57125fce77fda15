from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from realtime.errors import UsageError
from realtime.training.formats import read_folders

CLASSES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")

Write = Callable[..., Path]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one grey face a class in train, each of another brightness."""
    for number, name in enumerate(CLASSES):
        place = tmp_path / "data" / "train" / name
        place.mkdir(parents=True)
        cv2.imwrite(str(place / "1.png"), flat(20 * number))
    return tmp_path / "data"


@pytest.fixture
def add(data: Path) -> Write:
    """Write one more picture: its path inside the data, its pixels."""

    def write(name: str, image: Any) -> Path:
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), image)
        return path

    return write


def flat(grey: int, height: int = 48, width: int = 48) -> Any:
    return np.full((height, width), grey, np.uint8)


def refusal(folder: Path, at: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_folders(folder)
    sentence = str(caught.value)
    assert str(at) in sentence
    assert "\n" not in sentence
    return sentence


def test_folders_are_read_with_the_label_of_their_name(data: Path) -> None:
    faces = read_folders(data)
    assert faces.labels.tolist() == [*range(7)]
    assert faces.images[:, 0, 0].tolist() == [0, 20, 40, 60, 80, 100, 120]
    assert faces.images.shape == (7, 48, 48)
    assert faces.images.dtype == faces.labels.dtype == faces.usage.dtype == np.uint8
    assert faces.votes.shape == (7, 10)
    assert not faces.has_votes
    assert not faces.copy_of_training.any()
    assert len(set(faces.photo_group.tolist())) == 7


@pytest.mark.parametrize(("name", "part"), [("val", 1), ("valid", 1), ("Validation", 1), ("test", 2), ("TEST", 2)])
def test_the_name_of_a_folder_determines_the_part(data: Path, add: Write, name: str, part: int) -> None:
    add(f"{name}/sad/9.png", flat(200))
    faces = read_folders(data)
    assert faces.usage.tolist().count(0) == 7
    assert faces.labels[faces.usage == part].tolist() == [5]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("anger", 0),
        ("disgusted", 1),
        ("fearful", 2),
        ("Happiness", 3),
        ("NEUTRAL", 4),
        ("sadness", 5),
        ("surprised", 6),
    ],
)
def test_other_names_of_a_class_are_known(data: Path, add: Write, name: str, label: int) -> None:
    add(f"test/{name}/9.png", flat(200))
    faces = read_folders(data)
    assert faces.labels[faces.usage == 2].tolist() == [label]


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "JPG", "png", "bmp", "webp"])
def test_every_common_kind_of_picture_is_read(data: Path, add: Write, suffix: str) -> None:
    add(f"test/happy/9.{suffix}", flat(200))
    faces = read_folders(data)
    np.testing.assert_allclose(faces.images[faces.usage == 2], 200, atol=2)


def test_a_picture_is_cut_to_its_central_square_and_shrunk_without_aliasing(data: Path, add: Write) -> None:
    stripes = flat(0, 96, 200)
    stripes[:, 52:148:2] = 200
    stripes[:, :52] = stripes[:, 148:] = 255
    add("test/happy/9.png", stripes)
    faces = read_folders(data)
    np.testing.assert_array_equal(faces.images[faces.usage == 2], 100)


def test_a_tall_and_a_small_picture_are_read_too(data: Path, add: Write) -> None:
    tall = flat(255, 40, 20)
    tall[10:30] = 90
    add("test/happy/9.png", tall)
    faces = read_folders(data)
    np.testing.assert_array_equal(faces.images[faces.usage == 2], 90)


def test_grey_pixels_of_the_right_size_are_kept_as_they_are(data: Path, add: Write) -> None:
    image = np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8)
    add("test/happy/9.png", image)
    faces = read_folders(data)
    np.testing.assert_array_equal(faces.images[faces.usage == 2][0], image)


def test_a_coloured_picture_is_read_as_grey(data: Path, add: Write) -> None:
    add("test/happy/9.png", np.full((48, 48, 3), (0, 0, 255), np.uint8))
    faces = read_folders(data)
    # The share of red in what OpenCV calls grey (ITU-R BT.601)
    np.testing.assert_array_equal(faces.images[faces.usage == 2], round(0.299 * 255))


def test_equal_pictures_are_one_photo_and_copies_in_test_are_marked(data: Path, add: Write) -> None:
    add("train/angry/2.png", flat(0))
    add("test/angry/1.png", flat(0))
    add("test/sad/1.png", flat(201))
    add("val/sad/1.png", flat(201))
    faces = read_folders(data)
    black = faces.images[:, 0, 0] == 0
    light = faces.images[:, 0, 0] == 201
    assert len(set(faces.photo_group[black].tolist())) == len(set(faces.photo_group[light].tolist())) == 1
    assert len(set(faces.photo_group.tolist())) == 8
    assert faces.copy_of_training.tolist() == (black & (faces.usage == 2)).tolist()


def test_system_files_and_other_folders_are_ignored(data: Path) -> None:
    for name in (
        ".DS_Store",
        "train/.DS_Store",
        "train/angry/._1.png",
        "train/sad/Thumbs.db",
        "train/sad/desktop.ini",
        "README.txt",
    ):
        (data / name).write_bytes(b"no picture")
    (data / "licences").mkdir()
    (data / "train" / ".cache").mkdir()
    assert len(read_folders(data)) == 7


def test_a_folder_with_test_only_is_read(data: Path) -> None:
    (data / "train").rename(data / "test")
    assert read_folders(data).usage.tolist() == [2] * 7


def test_a_folder_without_any_part_is_refused(data: Path) -> None:
    sentence = refusal(data / "train", data / "train")
    assert "holds no folder train, validation or test" in sentence
    assert "angry, disgust, fear, happy, neutral, sad, surprise" in sentence


@pytest.mark.parametrize("name", ["contempt", "smile", "0"])
def test_a_folder_of_an_unknown_class_is_refused(data: Path, add: Write, name: str) -> None:
    path = add(f"test/{name}/1.png", flat(0))
    assert "angry, disgust, fear, happy, neutral, sad, surprise" in refusal(data, path.parent)


def test_a_picture_among_the_class_folders_is_refused(data: Path, add: Write) -> None:
    assert "no folder of a class" in refusal(data, add("train/1.png", flat(0)))


def test_a_class_that_training_lacks_is_named(data: Path) -> None:
    for name in ("fear", "sad"):
        (data / "train" / name / "1.png").unlink()
        (data / "train" / name).rmdir()
    assert "has no folder fear, sad" in refusal(data, data / "train")


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_an_empty_class_folder_is_named(data: Path, part: str) -> None:
    empty = data / part / "happiness"
    empty.mkdir(parents=True)
    (empty / ".DS_Store").write_bytes(b"")
    assert "is empty" in refusal(data, empty)


def test_a_part_without_a_class_is_refused(data: Path) -> None:
    (data / "test").mkdir()
    assert "has no folder angry" in refusal(data, data / "test")


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_picture_that_cannot_be_read_is_named(data: Path, content: bytes) -> None:
    path = data / "train" / "sad" / "2.png"
    path.write_bytes(content)
    refusal(data, path)


def test_a_truncated_picture_is_named(data: Path, add: Write) -> None:
    path = add("train/sad/2.jpg", np.random.default_rng(1).integers(0, 256, (48, 48), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:-200])
    assert "damaged" in refusal(data, path)


def test_a_file_or_a_folder_among_the_pictures_is_named(data: Path) -> None:
    notes = data / "train" / "sad" / "notes.txt"
    notes.write_bytes(b"me")
    assert "is no picture" in refusal(data, notes)
    notes.unlink()
    deeper = data / "train" / "sad" / "more.jpg"
    deeper.mkdir()
    assert "is no picture" in refusal(data, deeper)
