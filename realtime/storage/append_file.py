"""A new, private file that grows by whole pieces: whatever happens to the disk or the process, no half piece stays in it."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Self

from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

RESERVE = 64 * 2**20
"""Bytes that are left free on the disk: a full one hurts every other program."""

PRIVATE = 0o600
"""Only its owner may read it: it holds faces, or what is said of them."""


class AppendFile:
    """Holds a file that was not there before. After the first failure it has ended, and `append` does nothing more.

    A piece is with the operating system once `append` returns, so that a kill of the process loses none before it.

    Args:
        path: of a file that does not exist.
        what: of what the sentences speak, as "the recording".
        reserve: bytes that are left free on the disk.

    Raises:
        UsageError: the file is there already, is a folder, or stands in a folder that does not exist.
        EmodjError: the disk refuses, or is nearly full.
    """

    def __init__(self, path: Path, what: str, *, reserve: int = RESERVE) -> None:
        self.path = path
        self._what = what
        self._reserve = reserve
        self._size = 0
        self._ended = False
        self._problem: str | None = None
        self._check_room()
        try:
            # A link that leads nowhere counts as a file that is there
            self._file = open(path, "xb", buffering=0, opener=_private)  # noqa: SIM115 - Path.open has no opener
        except (OSError, ValueError) as error:
            raise _refusal(path, what, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Bytes of all whole pieces."""
        return self._size

    @property
    def ended(self) -> bool:
        """Whether it was closed, or something failed."""
        return self._ended

    def problem(self) -> str | None:
        """Why the file has ended early, once; None if there is nothing new."""
        problem, self._problem = self._problem, None
        return problem

    def append(self, piece: bytes) -> bool:
        """Write a piece at the end, whole or not at all; False if it was not written."""
        if self._ended:
            return False
        try:
            self._write(piece)
        except OSError as error:
            self.fail(_reason(error))
            return False
        self._size += len(piece)
        return True

    def finish(self, piece: bytes) -> bool:
        """Write the last piece, also after a failure: what was half written may have left room for it."""
        if self._file.closed:
            return False
        try:
            self._write(piece)
        except OSError:
            self._cut()
            return False
        self._size += len(piece)
        return True

    def patch(self, offset: int, bytes_: bytes) -> None:
        """Replace bytes within a whole piece; where that fails, the old ones stay."""
        if self._file.closed:
            return
        try:
            self._file.seek(offset)
            self._write(bytes_)
        except OSError:
            # What is patched makes a file handier, it is whole without
            pass
        finally:
            self._file.seek(self._size)

    def check_disk(self) -> None:
        """End if the disk is nearly full, or the file was removed meanwhile; for once a second or so."""
        if self._ended:
            return
        try:
            if os.fstat(self._file.fileno()).st_nlink == 0:
                self.fail("its file was removed, and with it what it held", kept=False)
            elif shutil.disk_usage(self.path.parent).free < self._reserve:
                self.fail("the disk is nearly full, make room")
        except OSError:
            # The folder was moved, or is not for us to look at: the next write tells whether that matters
            return

    def fail(self, reason: str, *, kept: bool = True) -> None:
        """Cut off a half piece, write nothing more, and have `problem` give the reason, and say whether the file is kept."""
        if self._ended:
            return
        self._ended = True
        left = f"; {self.path.name} is whole up to here" if kept and self._size else ""
        self._problem = f"{self._what} has ended: {reason}{left}"
        self._cut()

    def close(self) -> None:
        """Close the file, and remove it if nothing was written; safe to call twice."""
        if self._file.closed:
            return
        self._ended = True
        self._cut()
        ours = os.fstat(self._file.fileno())
        try:
            self._file.close()
        except OSError:
            # A disk over the network that is gone: the handle is free all the same
            return
        if self._size == 0:
            self._remove(ours)

    def _cut(self) -> None:
        try:
            self._file.truncate(self._size)
            self._file.seek(self._size)
        except OSError:
            return

    def _write(self, piece: bytes) -> None:
        left = memoryview(piece)
        while left:
            # A nearly full disk takes a part first and refuses the rest
            left = left[self._file.write(left) or 0 :]

    def _check_room(self) -> None:
        try:
            free = shutil.disk_usage(self.path.parent).free
        except (OSError, ValueError):
            # Opening the file tells better what is wrong with the folder
            return
        if free < self._reserve:
            raise EmodjError(f"cannot begin {self._what}: the disk of {self.path} is nearly full, make room or choose another")

    def _remove(self, ours: os.stat_result) -> None:
        try:
            if os.path.samestat(ours, self.path.lstat()):
                self.path.unlink()
        except OSError:
            return


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, PRIVATE)


def _refusal(path: Path, what: str, error: OSError | ValueError) -> EmodjError:
    # `Path.is_dir` raises where the folder above may not be looked into
    if os.path.isdir(path):  # noqa: PTH112
        return UsageError(f"{path} is a folder: add the name of a file for {what}")
    if isinstance(error, FileExistsError):
        return UsageError(f"{path} is there already: choose another name for {what}")
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return UsageError(f"cannot write {path}: no such folder: {path.parent}")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return EmodjError(f"cannot write {path} ({reason}): choose another place for {what}")


def _reason(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}:
        return "the disk is full, make room"
    if error.errno == errno.EFBIG:
        return "its file may not grow further"
    return f"the disk refuses ({error.strerror or error})"
