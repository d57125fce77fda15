"""Pipes with a small buffer, for tests with a full pipe."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Generator

posix = pytest.mark.posix
"""Marks a test that needs a full pipe: on Windows a write to one cannot be stopped."""

LEAST = 4096
"""Bytes that the smallest pipe of Linux holds."""


def shrink(descriptor: int) -> None:
    """Limit the buffer of a pipe to `LEAST` bytes, if the system can; `descriptor` is that of either end."""
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, LEAST)


@contextmanager
def small_pipe() -> Generator[tuple[FileIO, FileIO]]:
    """A pipe with a small buffer: its reading and its writing end, both unbuffered."""
    read, write = os.pipe()
    with FileIO(read, "rb") as reader, FileIO(write, "wb") as writer:
        shrink(write)
        yield reader, writer


def drain(reader: FileIO) -> bytes:
    """Read all bytes that the pipe holds now."""
    os.set_blocking(reader.fileno(), False)
    parts: list[bytes] = []
    while part := reader.read(1 << 16):
        parts.append(part)
    return b"".join(parts)


class PipeReader:
    """Reads a pipe to its end, in a thread."""

    def __init__(self, reader: FileIO) -> None:
        self._reader = reader
        self._data = b""
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self) -> None:
        """Start to read, if not started yet."""
        if self._thread.ident is None:
            self._thread.start()

    def finish(self) -> bytes:
        """Wait for the end of the pipe; returns all bytes that were read."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the pipe has no end"
        return self._data

    def _read(self) -> None:
        while part := self._reader.read(1000):
            self._data += part
