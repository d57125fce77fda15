from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.classifier.keras_pair import import_tensorflow, predict, save_pair
from realtime.errors import AssetError, UsageError
from realtime.training import distillation
from realtime.training.dataset import Dataset
from realtime.training.split import split_tuning
from tests.support.arrays import claim_array
from tests.support.tiny_network import tiny

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

Build = Callable[..., Dataset]
SOFT_LABELS = np.random.default_rng(1).dirichlet(np.ones(7), 5).astype(np.float32)


@pytest.fixture(scope="module")
def faces(people: Build) -> Dataset:
    images = np.random.default_rng(2).integers(0, 256, (5, 48, 48)).astype(np.uint8)
    return people([0, 1, 2, 3, 4], images=images)


def test_several_teachers_are_averaged_and_a_pair_also_reads_the_mirror_image(faces: Dataset, tmp_path: Path) -> None:
    import_tensorflow("testing").keras.utils.set_random_seed(1)
    network = tiny()
    save_pair(network, tmp_path / "pair.json")
    np.save(tmp_path / "teacher.npy", SOFT_LABELS)
    both = distillation.read_teachers([tmp_path / "pair.json", tmp_path / "teacher.npy"], faces)
    crops = (faces.images[..., None] / 255).astype(np.float32)
    predicted = (predict(network, crops) + predict(network, crops[:, :, ::-1])) / 2
    assert both.dtype == np.float32
    np.testing.assert_allclose(both, (predicted + SOFT_LABELS) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (SOFT_LABELS[:4], r"holds float32 of shape \(4, 7\): it must be floats of \(5, 7\)"),
        (SOFT_LABELS.argmax(axis=1), r"holds int64 of shape \(5,\)"),
        (SOFT_LABELS * 2, "holds no probabilities"),
        (SOFT_LABELS * np.nan, "holds no probabilities"),
        (SOFT_LABELS - SOFT_LABELS[:, ::-1] + 1 / 7, "holds no probabilities"),
    ],
)
def test_arrays_that_are_no_probabilities_of_these_faces_are_refused(
    faces: Dataset, tmp_path: Path, found: Any, sentence: str
) -> None:
    np.save(tmp_path / "teacher.npy", found)
    with pytest.raises(UsageError, match=sentence):
        distillation.read_teachers([tmp_path / "teacher.npy"], faces)


def test_files_that_are_no_teachers_are_refused(faces: Dataset, tmp_path: Path) -> None:
    (tmp_path / "teacher.npy").write_bytes(b"no array")
    for name, sentence in (("teacher.npy", "NumPy cannot read the teacher"), ("missing.npy", "missing.npy is missing")):
        path = tmp_path / name
        with pytest.raises(UsageError, match=sentence):
            distillation.read_teachers([path], faces)
    for kind, shape in (("<f4", "(1000000000000000, 7)"), ("|O", "(5, 7)")):
        (tmp_path / "teacher.npy").write_bytes(claim_array(kind, shape))
        with pytest.raises(UsageError, match="NumPy cannot read the teacher"):
            distillation.read_teachers([tmp_path / "teacher.npy"], faces)
    np.savez(tmp_path / "two.npz", SOFT_LABELS, SOFT_LABELS)
    with pytest.raises(UsageError, match="NumPy cannot read the teacher"):
        distillation.read_teachers([(tmp_path / "two.npz").rename(tmp_path / "two.npy")], faces)
    with pytest.raises(AssetError, match=r"missing\.json cannot be read"):
        distillation.read_teachers([tmp_path / "missing.json"], faces)


@pytest.mark.parametrize("public", [0, 3], ids=["held out", "of its own"])
def test_rows_are_the_training_rows_of_the_split(people: Build, public: int) -> None:
    images = np.random.default_rng(3).integers(0, 256, (80, 48, 48)).astype(np.uint8)
    usage = [0] * (70 - public) + [1] * public + [2] * 10
    data = people([index % 7 for index in range(80)], images=images, usage=usage)
    data = replace(data, usage=np.roll(data.usage, 5))
    rows = distillation.training_rows(data, 1)
    assert np.array_equal(data.part("training").images[rows], split_tuning(data, 1)[0].images)
    assert (len(rows) == 70 - public) is bool(public)
