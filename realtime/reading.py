"""Read files that come from outside whole, with a bound on their size and on the wait for them.

A file may have no end (`/dev/zero`), be larger than the memory (a sparse file takes no disk), or never begin (a pipe that
nobody writes to). `Path.read_bytes` takes all memory, or waits for ever.
"""

from __future__ import annotations

import errno
import io
import os
import select
import stat
import sys
import time
from typing import IO

PIPE_TIMEOUT_S = 10.0
"""How long a pipe that was named as a file may give nothing; seconds. A person who types waits at `read_stream`."""

_CHUNK = 2**20


def read_file(path: str | os.PathLike[str], most: int) -> bytes:
    """Read a file whole. Pipes, such as a shell's `<(…)`, can be read, too.

    Args:
        path: of the file.
        most: the largest size; bytes.

    Raises:
        OSError: it cannot be read. `strerror` says why, also where the file is larger than `most` (EFBIG), where a pipe gives
            nothing for `PIPE_TIMEOUT_S` (ETIMEDOUT), and for a path that no system takes (EINVAL).
    """
    try:
        stream = io.FileIO(path, opener=_open_at_once)
    except ValueError as error:
        raise OSError(errno.EINVAL, "no file has such a name", str(path)) from error
    except OSError as error:
        named = name_refusal(error, path)
        if named is error:
            raise
        raise named from error
    with stream:
        status = os.fstat(stream.fileno())
        if stat.S_ISREG(status.st_mode) and status.st_size > most:
            raise _too_large(most, path)
        if stat.S_ISFIFO(status.st_mode) and sys.platform != "win32":
            return _read_pipe(stream, most, path)
        if stat.S_ISREG(status.st_mode):
            # One piece takes half the time of many. A system may give less, or the file may grow meanwhile
            data = stream.read(status.st_size + 1)
            if len(data) == status.st_size:
                return data
            stream.seek(0)
        return _read_to_end(stream, most, path)


def name_refusal(error: OSError, path: str | os.PathLike[str], platform: str = sys.platform) -> OSError:
    """The error that says why a file cannot be opened, in the words of POSIX.

    Windows denies the permission to open a folder, and calls a name with a character that it allows in no name, such as `?`, an
    invalid argument.

    Args:
        error: of the opening.
        path: of the file.
        platform: as in `sys.platform`.
    """
    if platform == "win32" and error.errno == errno.EACCES and os.path.isdir(path):  # noqa: PTH112 - never raises
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if platform == "win32" and error.errno == errno.EINVAL:
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    return error


def read_stream(stream: IO[bytes], most: int, name: str) -> bytes:
    """Read a stream, such as the standard input, to its end.

    Args:
        stream: binary.
        most: the largest size; bytes.
        name: of the stream, for the error.

    Raises:
        OSError: it cannot be read, or is larger than `most` (EFBIG).
    """
    return _read_to_end(stream, most, name)


def _open_at_once(path: str, flags: int) -> int:
    # Without O_NONBLOCK the opening of a pipe waits until somebody writes to it
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read_to_end(stream: io.FileIO | IO[bytes], most: int, name: str | os.PathLike[str]) -> bytes:
    data = bytearray()
    while chunk := stream.read(min(_CHUNK, most + 1 - len(data))):
        data += chunk
        if len(data) > most:
            raise _too_large(most, name)
    return bytes(data)


def _read_pipe(stream: io.FileIO, most: int, name: str | os.PathLike[str]) -> bytes:
    data = bytearray()
    deadline = time.monotonic() + PIPE_TIMEOUT_S
    while True:
        ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
        chunk = stream.read(min(_CHUNK, most + 1 - len(data))) if ready else None
        if chunk:
            data += chunk
            deadline = time.monotonic() + PIPE_TIMEOUT_S
        elif chunk is not None and data:
            return bytes(data)
        elif time.monotonic() >= deadline:
            raise TimeoutError(errno.ETIMEDOUT, f"the pipe gave nothing for {PIPE_TIMEOUT_S:g} seconds", os.fspath(name))
        elif chunk is not None:
            # Nobody has opened the other end yet, which reads as the end of the file
            time.sleep(0.01)
        if len(data) > most:
            raise _too_large(most, name)


def _too_large(most: int, name: str | os.PathLike[str]) -> OSError:
    size = f"{most / 10**6:g} MB" if most >= 10**6 else f"{most} bytes"
    return OSError(errno.EFBIG, f"it is larger than {size}", os.fspath(name))
