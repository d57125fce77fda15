"""Files that grow by whole records: refusals, full disks, and the content after a failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtime.errors import EmodjError, UsageError
from realtime.storage.append_file import AppendFile
from tests.support.rights import unprivileged

if TYPE_CHECKING:
    from collections.abc import Iterator

MORE_THAN_ANY_DISK = 2**62
MISSING = Path("nowhere")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs mount")
    if mounted.returncode:
        pytest.skip("may not mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_records_are_written_one_after_the_other(tmp_path: Path) -> None:
    with AppendFile(tmp_path / "file", "the log") as file:
        assert file.append(b"one ")
        assert file.append(b"two")
        assert file.size == 7
        file.patch(0, b"ONE")
        assert file.append(b" three")
        assert file.finish(b"!")
    assert (tmp_path / "file").read_bytes() == b"ONE two three!"
    assert file.problem() is None


def test_a_record_can_be_read_before_the_file_is_closed(tmp_path: Path) -> None:
    with AppendFile(tmp_path / "file", "the log") as file:
        file.append(b"one")
        assert (tmp_path / "file").read_bytes() == b"one"


@pytest.mark.posix("a file of Windows has the rights of its folder")
def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    with AppendFile(tmp_path / "file", "the log") as file:
        assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_file_without_a_record_is_removed(tmp_path: Path) -> None:
    with AppendFile(tmp_path / "file", "the log"):
        assert (tmp_path / "file").exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.posix("Windows removes no open file")
def test_a_file_of_another_program_at_the_same_path_stays(tmp_path: Path) -> None:
    with AppendFile(tmp_path / "file", "the log") as file:
        file.path.unlink()
        file.path.write_bytes(b"")
    assert (tmp_path / "file").exists()


def test_closing_twice_leaves_no_handle(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "file", "the log")
    file.append(b"x")
    file.close()
    file.close()
    assert file.ended
    assert not file.append(b"y")
    assert not file.finish(b"y")
    file.patch(0, b"y")
    file.check_disk()
    assert file.path.read_bytes() == b"x"
    assert str(file.path) not in open_files()


def open_files() -> set[str]:
    """Paths of the files that this process holds open."""
    folder = Path("/proc/self/fd")
    # Wine has /proc, and cannot read its links
    if sys.platform == "win32" or not folder.exists():
        pytest.skip("needs /proc")
    return {str(handle.readlink()) for handle in folder.iterdir() if handle.is_symlink()}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("file", "exists already: choose another name for the log"),
        ("dangling", "exists already"),
        ("folder", "is a folder: add the name of a file"),
        ("missing/file", "no such folder"),
        ("file/inside", "no such folder"),
        ("x" * 300, "choose another place for the log"),
        ("a\0b", "choose another place for the log"),
    ],
)
def test_the_error_says_why_a_file_cannot_be_created(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / MISSING)
    before = open_files()
    with pytest.raises(EmodjError, match=sentence):
        AppendFile(tmp_path / name, "the log")
    assert (tmp_path / "file").read_bytes() == b"mine"
    assert not (tmp_path / MISSING).exists()
    assert open_files() == before


def test_a_mistake_in_the_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        AppendFile(tmp_path, "the log")
    with pytest.raises(UsageError):
        AppendFile(tmp_path / "missing" / "file", "the log")


def test_a_second_writer_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with AppendFile(tmp_path / "file", "the log") as first:
        first.append(b"one")
        with pytest.raises(UsageError, match="exists already"):
            AppendFile(tmp_path / "file", "the log")
        first.append(b" two")
    assert (tmp_path / "file").read_bytes() == b"one two"


@unprivileged
def test_a_folder_without_permission_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(EmodjError, match="Permission denied"):
            AppendFile(tmp_path / "file", "the log")
    finally:
        tmp_path.chmod(0o700)


def test_a_nearly_full_disk_is_refused_before_anything_is_created(tmp_path: Path) -> None:
    with pytest.raises(EmodjError, match="nearly full"):
        AppendFile(tmp_path / "file", "the log", reserve=MORE_THAN_ANY_DISK)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.posix("Windows removes no open file")
def test_a_removed_file_has_ended(tmp_path: Path) -> None:
    with AppendFile(tmp_path / "file", "the log") as file:
        file.append(b"one")
        file.check_disk()
        assert not file.ended
        file.path.unlink()
        file.check_disk()
        assert file.ended
        assert file.problem() == "the log has ended: its file was removed, and its content is lost"
        assert file.problem() is None


def test_a_full_disk_keeps_whole_records_only(small_disk: Path) -> None:
    record = bytes(range(256)) * 273
    with AppendFile(small_disk / "file", "the log", reserve=0) as file:
        while file.append(record):
            pass
        assert file.problem() == "the log has ended: the disk is full, make room; file is complete up to here"
        assert file.problem() is None
        content = file.path.read_bytes()
        assert content == record * (len(content) // len(record))
        assert len(content) > 10 * len(record)
        # The partial record that was cut off left room for a short last record
        assert not file.finish(record)
        assert file.finish(b"end")
    assert (small_disk / "file").read_bytes() == content + b"end"


def test_a_nearly_full_disk_ends_the_file_while_other_programs_can_write(small_disk: Path) -> None:
    with AppendFile(small_disk / "file", "the log", reserve=2**18) as file:
        while file.append(bytes(2**16)):
            file.check_disk()
        assert "nearly full" in (file.problem() or "")
        (small_disk / "other").write_bytes(bytes(2**16))


@pytest.mark.posix("needs limits of POSIX")
def test_a_limit_on_the_size_of_files_ends_the_file(tmp_path: Path) -> None:
    limited = (
        "import resource, sys; from pathlib import Path; from realtime.storage.append_file import AppendFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "file = AppendFile(Path(sys.argv[1]), 'the log')\n"
        "while file.append(b'x' * 300): pass\n"
        "print(file.problem()); file.close()\n"
    )
    path = tmp_path / "file"
    done = subprocess.run([sys.executable, "-c", limited, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "the log has ended: its file may not grow further; file is complete up to here"
    assert path.stat().st_size == 900


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and /sys")
@pytest.mark.parametrize("folder", ["/proc", "/sys"])
def test_a_folder_without_a_disk_is_not_called_a_full_disk(folder: str) -> None:
    with pytest.raises(EmodjError, match=rf"^cannot write {folder}/file \(.+\): choose another place for the log$") as refused:
        AppendFile(Path(folder, "file"), "the log")
    assert "full" not in str(refused.value)
