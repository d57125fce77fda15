import json
import os
import zipfile
from pathlib import Path

import pytest

from realtime.classifier.network_files import pair_digest, read_network_files, weights_path
from realtime.errors import AssetError

ARCHITECTURE = {"class_name": "Sequential", "config": {"name": "s", "layers": []}}
ENTRIES = {"config.json": json.dumps(ARCHITECTURE).encode(), "metadata.json": b"{}", "model.weights.h5": b"weights"}


def write_pair(folder: Path, suffix: str = ".h5") -> Path:
    path = folder / "net.json"
    path.write_text(json.dumps(ARCHITECTURE), encoding="utf-8")
    path.with_suffix(suffix).write_bytes(b"weights")
    return path


def write_saved(folder: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    path = folder / "net.keras"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(AssetError) as caught:
        read_network_files(path)
    sentence = str(caught.value)
    assert sentence.startswith(str(path.with_suffix("")))
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
def test_a_pair_is_read_by_either_name_of_its_weights(tmp_path: Path, suffix: str) -> None:
    path = write_pair(tmp_path, suffix)
    files = read_network_files(path)
    assert (files.path, files.weights_path, files.weights) == (path, tmp_path / f"net{suffix}", b"weights")
    assert files.architecture == ARCHITECTURE
    assert files.digest == pair_digest(path)


def test_the_usual_name_of_the_weights_comes_first(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    path.with_suffix(".weights.h5").write_bytes(b"others")
    assert weights_path(path) == path.with_suffix(".h5")
    assert read_network_files(path).weights == b"weights"


def test_a_missing_file_is_named_as_the_usual_one(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    path.with_suffix(".h5").unlink()
    assert "net.h5 cannot be read (No such file or directory): a network is a pair" in refusal(path)
    path.unlink()
    assert "net.json cannot be read (No such file or directory)" in refusal(path)


@pytest.mark.posix
@pytest.mark.parametrize(("suffix", "most"), [(".json", "8 MB"), (".h5", "600 MB")])
def test_a_sparse_file_of_a_terabyte_is_not_read(tmp_path: Path, suffix: str, most: str) -> None:
    path = write_pair(tmp_path)
    with path.with_suffix(suffix).open("r+b") as file:
        file.truncate(10**12)
    assert f"it is larger than {most}" in refusal(path)
    with pytest.raises(AssetError, match=f"it is larger than {most}"):
        pair_digest(path)


@pytest.mark.skipif(os.name == "nt", reason="a device of POSIX")
def test_a_device_without_an_end_is_not_read_on(tmp_path: Path) -> None:
    path = write_pair(tmp_path)
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "it is larger than 8 MB" in refusal(path)


def test_a_network_in_one_file_is_read(tmp_path: Path) -> None:
    path = write_saved(tmp_path, ENTRIES)
    files = read_network_files(path)
    assert (files.path, files.weights_path, files.weights, files.architecture) == (path, path, b"weights", ARCHITECTURE)
    assert files.digest


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({}, "does not hold config.json"),
        ({"config.json": b"{}"}, "does not hold config.json"),
        (ENTRIES | {"assets/code.py": b"code"}, "it holds 'assets/code.py' too"),
        (ENTRIES | {"../../evil": b""}, "it holds '../../evil' too"),
        (ENTRIES | {f"{number}": b"" for number in range(101)}, "more than 100 files"),
        (ENTRIES | {"config.json": b'{"class_name": "Lambda"}'}, "it is a 'Lambda'"),
    ],
)
def test_an_archive_of_other_content_is_refused(tmp_path: Path, entries: dict[str, bytes], why: str) -> None:
    assert why in refusal(write_saved(tmp_path, entries))


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_an_archive_that_grows_to_many_times_its_size_is_refused(tmp_path: Path, name: str) -> None:
    path = write_saved(tmp_path, ENTRIES | {name: bytes(10**8)}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6
    assert f"its {name} is larger than" in refusal(path)


def test_an_archive_with_one_name_twice_is_refused(tmp_path: Path) -> None:
    path = write_saved(tmp_path, ENTRIES)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", b"{}")
    assert "does not hold config.json, metadata.json and model.weights.h5 once" in refusal(path)
