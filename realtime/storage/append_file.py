"""A new, private file that grows by whole records; it stays readable after a full disk or a kill of the process."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Self

from realtime.errors import EmodjError, UsageError
from realtime.storage.atomic import PRIVATE, creation_reason, free_bytes

if TYPE_CHECKING:
    from pathlib import Path

RESERVE = 64 * 2**20
"""Bytes that stay free on the disk: a full disk harms every other program."""


class AppendFile:
    """Creates a file and appends whole records to it. After the first failure the file has ended: `append` does nothing.

    The operating system holds a record once `append` returns, so that a kill of the process loses none of them.

    Args:
        path: path of the new file.
        label: name of the file in sentences, such as "the recording".
        reserve: bytes that stay free on the disk.

    Raises:
        UsageError: the path exists already, is a folder, or lies in a folder that does not exist.
        EmodjError: the disk refuses, or is nearly full.
    """

    def __init__(self, path: Path, label: str, *, reserve: int = RESERVE) -> None:
        self.path = path
        self._label = label
        self._reserve = reserve
        self._size = 0
        self._ended = False
        self._problem: str | None = None
        self._check_free_space()
        try:
            # Mode "x" also refuses a link that leads nowhere
            self._file = open(path, "xb", buffering=0, opener=_open_private)  # noqa: SIM115 - Path.open has no opener
        except (OSError, ValueError) as error:
            raise _creation_error(path, label, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Bytes of all whole records."""
        return self._size

    @property
    def ended(self) -> bool:
        """Whether the file was closed, or a write failed."""
        return self._ended

    def problem(self) -> str | None:
        """Why the file has ended early; returned once, then None."""
        problem, self._problem = self._problem, None
        return problem

    def append(self, record: bytes) -> bool:
        """Write a record at the end, whole or not at all; returns whether it was written."""
        if self._ended:
            return False
        try:
            self._write(record)
        except OSError as error:
            self.fail(_write_error_reason(error))
            return False
        self._size += len(record)
        return True

    def finish(self, record: bytes) -> bool:
        """Write the last record, also after a failure: the partial record that was cut off may have left room for it."""
        if self._file.closed:
            return False
        try:
            self._write(record)
        except OSError:
            self._truncate()
            return False
        self._size += len(record)
        return True

    def patch(self, offset: int, data: bytes) -> None:
        """Replace bytes inside a whole record; if that fails, the old bytes stay."""
        if self._file.closed:
            return
        try:
            self._file.seek(offset)
            self._write(data)
        except OSError:
            # A patch makes a file more convenient to read; the file is readable without it
            pass
        finally:
            self._file.seek(self._size)

    def check_disk(self) -> None:
        """End the file if the disk is nearly full, or if the file was removed; call it about once a second."""
        if self._ended:
            return
        try:
            if os.fstat(self._file.fileno()).st_nlink == 0:
                self.fail("its file was removed, and its content is lost", kept=False)
            elif (free := free_bytes(self.path.parent)) is not None and free < self._reserve:
                self.fail("the disk is nearly full, make room")
        except OSError:
            # The folder was moved, or must not be read: the next write shows whether the file is still usable
            return

    def fail(self, reason: str, *, kept: bool = True) -> None:
        """End the file: cut off a partial record, and keep a sentence for `problem`.

        Args:
            reason: part of the sentence, after "the recording has ended: ".
            kept: whether the file still exists; the sentence then says that it is complete up to here.
        """
        if self._ended:
            return
        self._ended = True
        state = f"; {self.path.name} is complete up to here" if kept and self._size else ""
        self._problem = f"{self._label} has ended: {reason}{state}"
        self._truncate()

    def close(self) -> None:
        """Close the file, and remove it if it holds no record; safe to call twice."""
        if self._file.closed:
            return
        self._ended = True
        self._truncate()
        opened = os.fstat(self._file.fileno())
        try:
            self._file.close()
        except OSError:
            # A network disk is gone: the handle is closed all the same
            return
        if self._size == 0:
            self._remove_if_same(opened)

    def _truncate(self) -> None:
        try:
            self._file.truncate(self._size)
            self._file.seek(self._size)
        except OSError:
            return

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            # A nearly full disk first takes a part and refuses the rest at the next write
            left = left[self._file.write(left) or 0 :]

    def _check_free_space(self) -> None:
        # Without a number, the attempt to create the file says why the folder cannot be used
        if (free := free_bytes(self.path.parent)) is not None and free < self._reserve:
            raise EmodjError(f"cannot start {self._label}: the disk of {self.path} is nearly full, make room or choose another")

    def _remove_if_same(self, opened: os.stat_result) -> None:
        # Another program may have put its file at this path
        try:
            if os.path.samestat(opened, self.path.lstat()):
                self.path.unlink()
        except OSError:
            return


def _open_private(name: str, flags: int) -> int:
    # It holds faces, or what emodj reads in them
    return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), PRIVATE)


def _creation_error(path: Path, label: str, error: OSError | ValueError) -> EmodjError:
    # `Path.is_dir` raises where the parent folder must not be read
    if os.path.isdir(path):  # noqa: PTH112
        return UsageError(f"{path} is a folder: add the name of a file for {label}")
    if isinstance(error, FileExistsError):
        return UsageError(f"{path} exists already: choose another name for {label}")
    if isinstance(error, (FileNotFoundError, NotADirectoryError)) and not os.path.isdir(path.parent):  # noqa: PTH112
        return UsageError(f"cannot write {path}: no such folder: {path.parent}")
    return EmodjError(f"cannot write {path} ({creation_reason(error)}): choose another place for {label}")


def _write_error_reason(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}:
        return "the disk is full, make room"
    if error.errno == errno.EFBIG:
        return "its file may not grow further"
    return f"the disk refuses ({error.strerror or error})"
