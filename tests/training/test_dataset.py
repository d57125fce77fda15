from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import UsageError
from realtime.training.dataset import Dataset, missing_expressions, select_faces
from realtime.training.formats import dataset_kind, read_dataset
from realtime.training.targets import expression_targets

VOTE_COLUMNS = ["neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF"]
NAMED = {
    "anger": Expression.ANGRY,
    "disgust": Expression.DISGUST,
    "fear": Expression.FEAR,
    "happiness": Expression.HAPPY,
    "neutral": Expression.NEUTRAL,
    "sadness": Expression.SAD,
    "surprise": Expression.SURPRISE,
}

Build = Callable[..., Dataset]


@pytest.mark.parametrize(("vote", "expression"), NAMED.items())
def test_a_vote_counts_for_its_expression(people: Build, vote: str, expression: Expression) -> None:
    data = people([0], [{vote: 4, "contempt": 3, "unknown": 2, "NF": 1}])
    wanted = [4 if member is expression else 0 for member in Expression]
    assert data.expression_votes().tolist() == [wanted]
    assert expression_targets(data, 0.0, 0.0).tolist() == [[value / 4 for value in wanted]]


def test_the_label_share_blends_label_and_votes(people: Build) -> None:
    data = people([0, 4], [{"happiness": 6, "fear": 2, "contempt": 2}, {"neutral": 5, "sadness": 5}])
    np.testing.assert_array_equal(expression_targets(data, 1.0, 0.0), np.eye(7)[[0, 4]])
    np.testing.assert_allclose(expression_targets(data, 0.0, 0.0), [[0, 0, 0.25, 0.75, 0, 0, 0], [0, 0, 0, 0, 0.5, 0.5, 0]])
    np.testing.assert_allclose(expression_targets(data, 0.4, 0.0)[0], [0.4, 0, 0.15, 0.45, 0, 0, 0], rtol=1e-6)


def test_smoothing_spreads_a_share_over_all_seven(people: Build) -> None:
    np.testing.assert_allclose(
        expression_targets(people([2]), 1.0, 0.14), [[0.02, 0.02, 0.88, 0.02, 0.02, 0.02, 0.02]], rtol=1e-6
    )
    np.testing.assert_allclose(expression_targets(people([2]), 0.3, 1.0), np.full((1, 7), 1 / 7), rtol=1e-6)


def test_without_a_vote_for_the_seven_the_label_is_the_target(people: Build) -> None:
    data = people([5, 1], [{"contempt": 10}, {}])
    np.testing.assert_array_equal(expression_targets(data, 0.0, 0.0), np.eye(7)[[5, 1]])


votes = st.lists(st.integers(0, 20).map(lambda twentieths: twentieths / 2), min_size=10, max_size=10)


@given(st.lists(st.tuples(st.integers(0, 6), votes), min_size=1, max_size=5), st.floats(0, 1), st.floats(0, 1))
def test_targets_are_distributions(
    people: Build, rows: list[tuple[int, list[float]]], label_share: float, smoothing: float
) -> None:
    ballots = [dict(zip(VOTE_COLUMNS, row, strict=True)) for _, row in rows]
    mixed = expression_targets(people([label for label, _ in rows], ballots), label_share, smoothing)
    assert mixed.dtype == np.float32
    assert mixed.shape == (len(rows), 7)
    assert mixed.min() >= 0
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-5)


def test_less_than_one_pooled_vote_gives_a_distribution(people: Build) -> None:
    assert expression_targets(people([0], [{"fear": 0.5, "NF": 9.5}]), 0.0, 0.0).tolist() == [[0, 0, 1, 0, 0, 0, 0]]


def test_images_without_a_face_are_not_trained_on(people: Build) -> None:
    kept = select_faces(people([0, 1, 2, 3], [{"NF": 10}, {"NF": 4, "fear": 6}, {"NF": 5, "fear": 5}, {"unknown": 10}]))
    assert kept.labels.tolist() == [1, 3]
    assert len(kept.images) == len(kept.votes) == 2


def test_has_votes_is_true_if_an_image_has_a_vote(people: Build) -> None:
    assert people([0, 1], [{}, {"NF": 1}]).has_votes
    assert not people([0, 1], [{}, {}]).has_votes


def test_expressions_without_an_image_are_listed(people: Build) -> None:
    assert missing_expressions(people([0, 3, 3, 6])) == ["disgust", "fear", "neutral", "sad"]
    assert missing_expressions(people(range(7))) == []


def test_the_fingerprint_depends_on_the_content(people: Build) -> None:
    data = people([0, 3])
    assert data.fingerprint() == people([0, 3]).fingerprint()
    assert len(bytes.fromhex(data.fingerprint())) == 32
    images = data.images.copy()
    images[1, 47, 47] = 1
    others = [
        replace(data, images=images),
        people([3, 0]),
        people([0, 3], [{"anger": 10}, {"happiness": 9}]),
        people([0, 3], usage=[0, 1]),
        data.select(np.array([True, False])),
    ]
    assert len({data.fingerprint(), *(other.fingerprint() for other in others)}) == 6


def test_a_fingerprint_does_not_depend_on_the_machine(people: Build) -> None:
    data = people([0, 3], [{"anger": 2.5}, {"fear": 10}])
    swapped = replace(data, votes=data.votes.astype(">f4"), images=np.asfortranarray(data.images))
    assert swapped.fingerprint() == data.fingerprint()


# The same faces in the three formats


class Faces:
    """Seven classes in three parts, one test face equal to one of training, and votes."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.images = rng.integers(0, 256, (21, 48, 48), dtype=np.uint8)
        self.images[20] = self.images[6]
        self.labels = np.array([*range(7)] * 3, np.uint8)
        self.usage = np.repeat(np.arange(3, dtype=np.uint8), 7)
        self.votes = rng.integers(0, 11, (21, 10))
        # The archive pools the votes of equal pictures and the table does not, so they have equal votes
        self.votes[20] = self.votes[6]
        self.groups = np.array([*range(20), 6], np.int32)

    def archive(self, folder: Path) -> Path:
        # OpenCV decodes PNG in place of JPEG, and PNG keeps every pixel
        encoded = [cv2.imencode(".png", image)[1].ravel() for image in self.images]
        np.savez(
            folder / "fer2013.npz",
            jpeg=np.concatenate(encoded),
            offsets=np.cumsum([0, *map(len, encoded)]),
            labels=self.labels,
            usage=self.usage,
            pooled_votes=self.votes.astype(np.float16),
            copy_of_training=np.arange(21) == 20,
            photo_group=self.groups,
            classes=np.array([expression.value for expression in EXPRESSIONS]),
            vote_columns=np.array(VOTE_COLUMNS),
        )
        return folder / "fer2013.npz"

    def table(self, folder: Path, *, with_votes: bool = True) -> Path:
        original = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
        faces, ballots = ["emotion,pixels,Usage"], [f"Usage,Image name,{','.join(VOTE_COLUMNS)}"]
        for row, image in enumerate(self.images):
            used = ("Training", "PublicTest", "PrivateTest")[self.usage[row]]
            emotion = original.index(EXPRESSIONS[self.labels[row]].value)
            faces.append(f"{emotion},{' '.join(map(str, image.ravel().tolist()))},{used}")
            ballots.append(f"{used},fer{row:07d}.png,{','.join(map(str, self.votes[row].tolist()))}")
        (folder / "fer2013.csv").write_text("\n".join(faces) + "\n", encoding="utf-8")
        if with_votes:
            (folder / "fer2013new.csv").write_text("\n".join(ballots) + "\n", encoding="utf-8")
        return folder / "fer2013.csv"

    def folder(self, folder: Path) -> Path:
        for row, image in enumerate(self.images):
            place = folder / "faces" / ("train", "val", "test")[self.usage[row]] / EXPRESSIONS[self.labels[row]].value
            place.mkdir(parents=True)
            cv2.imwrite(str(place / f"{row}.png"), image)
        return folder / "faces"


def assert_equal_datasets(one: Dataset, other: Dataset) -> None:
    for field in fields(Dataset):
        left, right = getattr(one, field.name), getattr(other, field.name)
        assert left.dtype == right.dtype, field.name
        np.testing.assert_array_equal(left, right, field.name)


def sort_dataset(data: Dataset) -> Dataset:
    """The dataset sorted by part and class, with its groups numbered anew."""
    order = np.lexsort((data.labels, data.usage))
    picked = {field.name: getattr(data, field.name)[order] for field in fields(Dataset)}
    numbers: dict[int, int] = {}
    picked["photo_group"] = np.array([numbers.setdefault(g, len(numbers)) for g in picked["photo_group"].tolist()], np.int32)
    return Dataset(**picked)


def test_the_table_and_the_archive_of_the_same_faces_are_equal(tmp_path: Path) -> None:
    faces = Faces()
    archive, table = read_dataset(faces.archive(tmp_path)), read_dataset(faces.table(tmp_path))
    assert archive.has_votes
    assert archive.copy_of_training.sum() == 1
    assert_equal_datasets(archive, table)
    assert archive.fingerprint() == table.fingerprint()


def test_the_table_without_votes_and_the_folder_of_the_same_faces_are_equal(tmp_path: Path) -> None:
    faces = Faces()
    table, folder = read_dataset(faces.table(tmp_path, with_votes=False)), read_dataset(faces.folder(tmp_path))
    assert not table.has_votes
    assert table.copy_of_training.sum() == 1
    assert_equal_datasets(sort_dataset(table), sort_dataset(folder))
    np.testing.assert_array_equal(expression_targets(table, 0.4, 0.0), np.eye(7)[faces.labels])
    assert len(select_faces(table)) == 21


def test_the_path_determines_the_format(tmp_path: Path) -> None:
    assert dataset_kind(tmp_path) == "folder"
    assert dataset_kind(tmp_path / "icml_face_data.CSV") == "table"
    assert dataset_kind(tmp_path / "fer2013.npz") == dataset_kind(tmp_path / "fer2013") == "archive"


@pytest.mark.parametrize("name", ["nowhere.npz", "nowhere.csv", "nowhere"])
def test_a_path_without_data_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"no data at .*{name}: give a folder"):
        read_dataset(tmp_path / name)


def test_each_reader_refuses_the_other_formats(tmp_path: Path) -> None:
    for name, reason in (
        ("a.npz", "not a complete .npz archive"),
        ("a.csv", "has no column emotion"),
        ("folder", "holds no folder train"),
    ):
        path = tmp_path / name
        path.write_bytes(b"no data\n") if path.suffix else path.mkdir()
        with pytest.raises(UsageError, match=reason):
            read_dataset(path)
