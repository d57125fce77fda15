"""Files are read whole within bounds, whatever a path stands for."""

from __future__ import annotations

import errno
import io
import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from realtime import reading
from realtime.reading import name_refusal, read_file, read_stream

posix = pytest.mark.posix


def error_number(path: str | Path, most: int) -> int | None:
    with pytest.raises(OSError, match=r".") as caught:
        read_file(path, most)
    assert caught.value.strerror
    return caught.value.errno


@pytest.mark.parametrize("size", [0, 1, 1000, 2**20, 2**20 + 1])
def test_a_file_up_to_the_bound_is_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    data = bytes(range(256)) * (size // 256 + 1)
    path.write_bytes(data[:size])
    assert read_file(path, size) == data[:size]
    if size:
        assert error_number(path, size - 1) == errno.EFBIG


@pytest.mark.posix
def test_a_sparse_file_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(10**11)
    with pytest.raises(OSError, match="larger than 5 MB"):
        read_file(path, 5 * 10**6)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a device without an end")
def test_a_device_without_an_end_is_refused() -> None:
    assert error_number("/dev/zero", 10**6) == errno.EFBIG


def test_what_is_no_file_says_why(tmp_path: Path) -> None:
    assert error_number(tmp_path / "missing", 10) == errno.ENOENT
    assert error_number("a\0b", 10) == errno.EINVAL
    assert error_number(tmp_path, 10) == errno.EISDIR


@pytest.mark.parametrize(
    ("platform", "number", "name", "named"),
    [
        ("win32", errno.EACCES, "folder", errno.EISDIR),
        ("win32", errno.EACCES, "file", errno.EACCES),
        ("win32", errno.EINVAL, "what?", errno.ENOENT),
        ("win32", errno.ENOENT, "none", errno.ENOENT),
        ("linux", errno.EACCES, "folder", errno.EACCES),
        ("linux", errno.EINVAL, "what?", errno.EINVAL),
    ],
)
def test_what_windows_refuses_is_said_in_the_words_of_posix(
    platform: str, number: int, name: str, named: int, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    found = name_refusal(OSError(number, os.strerror(number), str(tmp_path / name)), tmp_path / name, platform)
    assert (found.errno, found.strerror, found.filename) == (named, os.strerror(named), str(tmp_path / name))


@posix
def test_a_pipe_that_nobody_writes_to_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIPE_TIMEOUT_S", 0.05)
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert error_number(path, 10) == errno.ETIMEDOUT


@posix
@pytest.mark.parametrize("most", [300_000, 299_999])
def test_a_pipe_is_read_to_its_end(tmp_path: Path, most: int) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        with suppress(BrokenPipeError):
            path.write_bytes(b"x" * 300_000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        if most < 300_000:
            assert error_number(path, most) == errno.EFBIG
        else:
            assert read_file(path, most) == b"x" * 300_000
    finally:
        writer.join()


def test_a_stream_has_the_same_bound() -> None:
    assert read_stream(io.BytesIO(b"abc"), 3, "the standard input") == b"abc"
    with pytest.raises(OSError, match="larger than 2 bytes"):
        read_stream(io.BytesIO(b"abc"), 2, "the standard input")
