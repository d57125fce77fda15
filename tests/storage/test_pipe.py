"""Writing to pipes that are full, read slowly, closed, or no pipes at all."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtime.storage import pipe
from realtime.storage.pipe import is_closed_pipe, raw_stream, write_unless
from tests.support.pipes import PipeReader, drain, posix, small_pipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.storage.pipe import RawStream

LINE = b"x" * 199 + b"\n"


def fail_if_called() -> bool:
    pytest.fail("nothing had to wait")


def stop_after(calls: int) -> Callable[[], bool]:
    """A stop condition that is true after this number of calls."""
    left = iter(range(calls))
    return lambda: next(left, None) is None


def act_while_waiting(action: Callable[[], object]) -> Callable[[], bool]:
    """A stop condition that runs an action at each call and is never true."""

    def stopped() -> bool:
        action()
        return False

    return stopped


def fill(stream: RawStream) -> int:
    """Write lines until the pipe is full; returns their number."""
    count = 0
    while write_unless(lambda: True, stream, LINE):
        count += 1
    return count


@posix
def test_a_full_pipe_keeps_whole_lines_and_the_write_stops_on_demand() -> None:
    with small_pipe() as (reader, stream):
        count = fill(stream)
        assert not write_unless(stop_after(3), stream, LINE)
        assert drain(reader) == LINE * count
        assert count > 0


@posix
def test_a_write_waits_for_a_reader_that_begins_late() -> None:
    with small_pipe() as (reader, stream):
        count, reading = fill(stream), PipeReader(reader)
        # The reader begins once the write waits
        assert write_unless(act_while_waiting(reading.start), stream, LINE)
        stream.close()
        assert reading.finish() == LINE * (count + 1)


@posix
def test_a_line_of_any_length_arrives_whole() -> None:
    line = bytes(range(256)) * 1000
    with small_pipe() as (reader, stream):
        reading = PipeReader(reader)
        reading.start()
        assert write_unless(lambda: False, stream, line)
        stream.close()
        assert reading.finish() == line


@posix
def test_a_line_that_is_longer_than_the_pipe_can_be_stopped() -> None:
    line = bytes(range(256)) * 1000
    with small_pipe() as (reader, stream):
        assert not write_unless(stop_after(1), stream, line)
        begun = drain(reader)
        assert begun
        assert line.startswith(begun)


@posix
def test_a_write_waits_for_a_non_blocking_pipe() -> None:
    with small_pipe() as (reader, stream):
        os.set_blocking(stream.fileno(), False)
        count, reading = fill(stream), PipeReader(reader)
        assert write_unless(act_while_waiting(reading.start), stream, LINE)
        stream.close()
        assert reading.finish() == LINE * (count + 1)


@posix
def test_a_closed_reader_is_an_error() -> None:
    with small_pipe() as (reader, stream):
        reader.close()
        with pytest.raises(BrokenPipeError):
            write_unless(fail_if_called, stream, LINE)


@posix
def test_a_reader_that_closes_while_the_write_waits_is_an_error() -> None:
    with small_pipe() as (reader, stream):
        fill(stream)
        with pytest.raises(BrokenPipeError):
            write_unless(act_while_waiting(reader.close), stream, LINE)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that has no room")
def test_a_full_disk_is_an_error() -> None:
    with open("/dev/full", "wb", buffering=0) as stream, pytest.raises(OSError, match="No space") as caught:  # noqa: PTH123
        write_unless(fail_if_called, stream, LINE)
    assert caught.value.errno == errno.ENOSPC


def test_a_file_is_written_at_once(tmp_path: Path) -> None:
    with (tmp_path / "lines").open("wb", buffering=0) as stream:
        assert write_unless(fail_if_called, stream, LINE * 1000)
    assert (tmp_path / "lines").read_bytes() == LINE * 1000


class Console(io.RawIOBase):
    """Takes a part of each write, as a console of Windows does."""

    def __init__(self, most: int) -> None:
        self.parts: list[bytes] = []
        self._most = most

    def writable(self) -> bool:
        return True

    def write(self, data: memoryview, /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        self.parts.append(bytes(data[: self._most]))
        return len(self.parts[-1])


def test_without_poll_the_write_itself_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll", raising=False)
    monkeypatch.setattr(pipe, "PIECE", None)
    console = Console(most=10_000)
    assert write_unless(fail_if_called, console, LINE * 100)
    assert [len(part) for part in console.parts] == [10_000, 10_000]
    assert b"".join(console.parts) == LINE * 100


def test_the_raw_stream_is_below_the_buffer_which_is_flushed(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    with path.open("w", encoding="utf-8", newline="\n") as text:
        text.write("before\n")
        assert write_unless(fail_if_called, raw_stream(text), b"after\n")
        assert path.read_bytes() == b"before\nafter\n"


def test_a_stream_without_a_buffer_and_one_in_memory_are_raw_already(tmp_path: Path) -> None:
    with (tmp_path / "lines").open("wb", buffering=0) as file:
        unbuffered = io.TextIOWrapper(file, write_through=True)
        assert raw_stream(unbuffered) is file
        unbuffered.detach()
    memory = io.BytesIO()
    text = io.TextIOWrapper(memory)
    assert write_unless(fail_if_called, raw_stream(text), LINE)
    assert memory.getvalue() == LINE


@pytest.mark.parametrize(
    ("system", "number", "closed"),
    [
        ("linux", errno.EPIPE, True),
        ("win32", errno.EPIPE, True),
        # Windows says that the argument of the write is invalid
        ("win32", errno.EINVAL, True),
        ("linux", errno.EINVAL, False),
        ("win32", errno.ENOSPC, False),
        ("linux", errno.EIO, False),
    ],
)
def test_a_closed_pipe_is_known_on_each_system(
    system: str,
    number: int,
    closed: bool,  # noqa: FBT001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert is_closed_pipe(OSError(number, os.strerror(number))) is closed


def test_a_file_with_a_name_is_no_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert not is_closed_pipe(OSError(errno.EINVAL, "Invalid argument", "a?.jpg"))


def test_a_pipe_that_windows_calls_invalid_is_a_broken_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        """The stdout of Windows after its reader has left."""

        def fileno(self) -> int:
            """It has none here."""
            raise OSError(errno.EBADF, "none")

        def write(self, data: memoryview, /) -> int | None:
            """Refuse as Windows does."""
            raise OSError(errno.EINVAL, f"Invalid argument of {len(data)} bytes")

    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(BrokenPipeError):
        write_unless(lambda: False, Closed(), b"line")
