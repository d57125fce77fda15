"""Files are written whole or not at all, and never through a link."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from realtime.errors import EmodjError
from realtime.storage import atomic


def test_files_are_written_together(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    atomic.write({tmp_path / "a": b"new", tmp_path / "b": b"other"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new", "b": b"other"}


def test_if_one_file_cannot_be_written_no_file_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(EmodjError, match=r"^cannot write .*a and .*b \(No such file or directory\): choose another place$"):
        atomic.write({tmp_path / "a": b"new", tmp_path / "missing" / "b": b"other"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


@pytest.mark.posix("a file of Windows has the rights of its folder")
@pytest.mark.parametrize(("private", "mode"), [(False, 0o640), (True, 0o600)])
def test_only_a_private_file_has_private_permissions(tmp_path: Path, private: bool, mode: int) -> None:  # noqa: FBT001
    before = os.umask(0o027)
    try:
        atomic.write({tmp_path / "a": b"new"}, private=private)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_a_link_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"old")
    (tmp_path / "a").symlink_to("precious")
    atomic.write({tmp_path / "a": b"new"})
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"old"


def test_the_name_of_the_unfinished_file_cannot_be_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    opened = os.open

    def record(path: str, flags: int, mode: int) -> int:
        names.append(path)
        assert flags & os.O_EXCL
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", record)
    for _ in range(2):
        atomic.write({tmp_path / "a": b"new"})
    assert len(set(names)) == 2
    assert all(len(Path(name).name) > 20 for name in names)


@pytest.fixture(params=["links", "no links"])
def file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system with hard links, and one without, such as FAT on a stick."""
    if request.param == "no links":

        def refuse(*_: object) -> None:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("file_system")
def test_a_new_file_is_whole_and_alone(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    atomic.create(tmp_path / "a", data, private=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": data}
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


@pytest.mark.usefixtures("file_system")
@pytest.mark.parametrize("kind", ["file", "folder", "link to a file", "link to nothing"])
def test_what_has_the_name_of_a_new_file_stays(tmp_path: Path, kind: str) -> None:
    place, target = tmp_path / "a", tmp_path / "precious"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.write_bytes(b"old")
    else:
        place.symlink_to(target)
    if kind == "link to a file":
        target.write_bytes(b"old")
    before = {path.name: path.lstat() for path in tmp_path.iterdir()}
    with pytest.raises(FileExistsError):
        atomic.create(place, b"new")
    after = {path.name: path.lstat() for path in tmp_path.iterdir()}
    assert {name: (found.st_ino, found.st_size) for name, found in after.items()} == {
        name: (found.st_ino, found.st_size) for name, found in before.items()
    }


def test_a_new_file_in_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(EmodjError, match=r"^cannot write .*b \(No such file or directory\): choose another place$"):
        atomic.create(tmp_path / "missing" / "b", b"new")


def test_a_new_folder_is_whole_and_alone(tmp_path: Path) -> None:
    atomic.create_folder(tmp_path / "above" / "a", {"one": b"1", "two": b"2"})
    assert [path.name for path in (tmp_path / "above").iterdir()] == ["a"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "above" / "a").iterdir()} == {"one": b"1", "two": b"2"}


@pytest.mark.parametrize("kind", ["file", "empty folder", "folder"])
def test_what_has_the_name_of_a_new_folder_stays(tmp_path: Path, kind: str) -> None:
    if kind == "file":
        (tmp_path / "a").write_bytes(b"old")
    else:
        (tmp_path / "a").mkdir()
    if kind == "folder":
        (tmp_path / "a" / "old").write_bytes(b"old")
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    with pytest.raises(FileExistsError):
        atomic.create_folder(tmp_path / "a", {"new": b"new"})
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before


def test_a_folder_of_which_one_file_cannot_be_written_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EmodjError, match=r"^cannot write .*a \(.+\): make room$"):
        atomic.create_folder(tmp_path / "a", {"one": b"1", "missing/two": b"2"}, advice="make room")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EmodjError, match=r"^cannot write .*a \("):
        atomic.create_folder(tmp_path / "file" / "a", {"one": b"1"})


def test_a_removed_folder_leaves_nothing(tmp_path: Path) -> None:
    atomic.create_folder(tmp_path / "a", {"one": b"1"})
    atomic.remove_folder(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        atomic.remove_folder(tmp_path / "a")


@pytest.mark.usefixtures("file_system")
def test_a_full_disk_leaves_no_part_of_a_new_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs limits of POSIX")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python ignores SIGXFSZ, so that the write fails with EFBIG as on a disk without room
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(EmodjError, match=r"^cannot write .*a \(File too large\): make room$"):
            atomic.create(tmp_path / "a", bytes(5000), advice="make room")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - hidden files count too
