import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from realtime.training.array_files import READ_ERRORS, ArrayArchive, read_array, read_array_file
from tests.support.arrays import claim_array


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)),
        np.array("a text"),
        np.array(["angry", "happy"]),
        np.zeros((0, 7), np.uint8),
        np.array([True, False]),
        np.arange(3, dtype=">u2"),
    ],
)
def test_an_array_is_read_as_it_was_saved(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "one.npy", array)
    np.savez_compressed(tmp_path / "two.npz", first=array, second=array)
    read = [read_array_file(tmp_path / "one.npy", 10**6)]
    with ArrayArchive(tmp_path / "two.npz") as archive:
        read += [archive.read("first"), archive.read("second")]
    for each in read:
        assert each.dtype == array.dtype
        np.testing.assert_array_equal(each, array)


@pytest.mark.parametrize(
    ("kind", "shape", "why"),
    [
        ("<f4", "(1000000000000000,)", "is larger than 1000 bytes"),
        ("<f8", "(100000, 100000)", "is larger than 1000 bytes"),
        ("<U1000000000", "(1,)", "not a valid dtype|larger than"),
        ("<f4", "(1" + "0" * 400 + ",)", "is larger than 1000 bytes"),
        ("<f4", "(-5,)", "has the shape"),
        ("<f4", "(200,)", "ends too early"),
        ("|O", "(1,)", "and not numbers or text"),
        ("<c8", "(1,)", "and not numbers or text"),
        ("|V8", "(1,)", "and not numbers or text"),
        ("<f4", "(1.5,)", "shape"),
        ("<f4", "__import__('os')", "malformed"),
    ],
)
def test_what_a_header_claims_is_not_believed(kind: str, shape: str, why: str) -> None:
    with pytest.raises(READ_ERRORS, match=why):
        read_array(io.BytesIO(claim_array(kind, shape)), 1000)


def test_an_archive_is_bounded_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, a=np.zeros(12 * 10**6, np.uint8), b=np.zeros(12 * 10**6, np.uint8))
    assert path.stat().st_size < 10**5
    with ArrayArchive(path) as archive:
        assert archive.read("a").nbytes == 12 * 10**6
        with pytest.raises(ValueError, match="is larger than"):
            archive.read("b")


def test_an_archive_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "claims.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("jpeg.npy", claim_array("|u1", "(1000000000000000,)"))
    with ArrayArchive(path) as arrays, pytest.raises(ValueError, match="is larger than"):
        arrays.read("jpeg")


@pytest.mark.posix
def test_a_sparse_file_of_a_terabyte_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.npz"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(OSError, match="larger than 2000 MB"):
        ArrayArchive(path)
