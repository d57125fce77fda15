"""Write to a pipe or a terminal that may take nothing for a while, or for ever."""

from __future__ import annotations

import errno
import os
import select
import sys
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

TURN_S = 0.1
"""How often a write that waits for the reader looks whether it must stop."""

PIECE: int | None = getattr(select, "PIPE_BUF", None)
"""Bytes that a ready pipe takes at once and whole; None on Windows, where each write waits for the reader."""


def is_closed_pipe(error: OSError) -> bool:
    """Whether an error of a write says that the reader of a pipe has closed it: `emodj … | head -1`.

    Windows answers EINVAL, which Python leaves as it is (cpython#79935). A file that has a name is no pipe.
    """
    if isinstance(error, BrokenPipeError):
        return True
    return sys.platform == "win32" and error.errno == errno.EINVAL and error.filename is None


class RawStream(Protocol):
    """A stream without a buffer, as `io.FileIO`."""

    def fileno(self) -> int:
        """The file descriptor. Raises `OSError` where there is none."""
        ...

    def write(self, data: memoryview, /) -> int | None:
        """Write a part of the data; returns its length in bytes, None where nothing can be written now."""
        ...


def raw_stream(stream: TextIO) -> RawStream:
    """The stream below a text stream and its buffer, which is flushed.

    A thread that writes to the buffer holds its lock meanwhile, and Python ends with a fatal error if it finds that lock held.
    """
    stream.flush()
    # Where Python does not buffer (-u), the text stream writes to the raw one
    return cast("RawStream", getattr(stream.buffer, "raw", stream.buffer))


def write_unless(stopped: Callable[[], bool], stream: RawStream, data: bytes) -> bool:
    """Write data, and wait for the reader as long as it takes, unless `stopped` says so.

    A pipe gets data of at most `PIECE` bytes whole or not at all.

    Args:
        stopped: called every `TURN_S` seconds while the reader takes nothing.
        stream: a file, a pipe or a terminal, open for writing.
        data: a line.

    Returns:
        False where `stopped` ended it early.

    Raises:
        BrokenPipeError: the reader closed the pipe.
        OSError: the disk refuses.
    """
    left = memoryview(data)
    while left:
        written = _write_piece(stream, left[:PIECE]) if _is_ready(stream) else None
        if written:
            left = left[written:]
        elif stopped():
            return False
    return True


def _write_piece(stream: RawStream, piece: memoryview) -> int | None:
    try:
        return stream.write(piece)
    except OSError as error:
        if is_closed_pipe(error):
            raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
        raise


def _is_ready(stream: RawStream) -> bool:
    """Whether the stream takes a piece without waiting; wait for that for `TURN_S` seconds."""
    if sys.platform == "win32" or not hasattr(select, "poll"):
        return True
    try:
        descriptor = stream.fileno()
    except OSError:
        # A stream in memory
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(TURN_S * 1000))
