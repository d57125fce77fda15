"""Write files whole or not at all: the one writer of files that do not grow.

A file is first written beside its place, under a name that nobody can guess and that must be new (`O_EXCL`): a link that
somebody has put there is never followed.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from pathlib import Path
    from typing import IO

PRIVATE = 0o600
"""Mode of a file that only its owner can read. On Windows a file has the rights of its folder instead."""


def write(
    files: Mapping[Path, bytes], *, private: bool = False, rights: int | None = None, advice: str = "choose another place"
) -> None:
    """Write files so that a reader never meets half of one. Files that exist are replaced; a link is replaced, not followed.

    All are written beside their places first and are renamed at the very end. A disk that is full or read-only leaves what was
    there before. There is no wait for the disk (`fsync`): after a power cut an old file may be back.

    Args:
        files: contents by path; the folders exist.
        private: the owner alone can read them (mode 600), whatever the umask is; else they are ordinary files.
        rights: their mode, whatever the umask is, such as that of the file which is replaced; None to let `private` say it.
        advice: what to try where the disk refuses; the end of the sentence.

    Raises:
        EmodjError: a file cannot be written.
    """
    with _translate_errors(files, advice), _written_beside(files, private=private or rights is not None) as parts:
        for target, part in parts.items():
            # A disk without rights refuses to set any
            if rights is not None and stat.S_IMODE(part.stat().st_mode) != rights:
                part.chmod(rights)
            part.replace(target)


@contextmanager
def replacing(path: Path, *, advice: str = "choose another place") -> Generator[IO[bytes]]:
    """Write a large file piece by piece, so that a reader never meets half of it; only its owner can read it.

    What has this path is replaced at the end of the block; a link is not followed. An exception in the block leaves it.

    Args:
        path: of the file; the folder exists.
        advice: as for `write`.

    Raises:
        EmodjError: the file cannot be written.
    """
    part = path.with_name(f".emodj-{os.urandom(8).hex()}.part")
    try:
        with _translate_errors([path], advice):
            with open(part, "xb", opener=_opener(private=True)) as file:
                yield file
            part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()


def write_private(path: Path, content: bytes) -> None:
    """Write a secret of the user, a file that only its owner can read, as `write` does; make its folder if it is missing.

    Raises:
        EmodjError: the file cannot be written.
    """
    advice = "make room, or make its folder yours"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmodjError(f"cannot write {path} ({error.strerror or error}): {advice}") from error
    write({path: content}, private=True, advice=advice)


def delete_private(path: Path) -> bool:
    """Delete a secret of the user; False if there was none.

    Raises:
        EmodjError: the file cannot be deleted.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise EmodjError(f"cannot remove {path} ({error.strerror or error}): remove it by hand") from error
    return True


def create(path: Path, data: bytes, *, private: bool = False, advice: str = "choose another place") -> None:
    """Write a new file so that a reader never meets half of it. A file that appears meanwhile is not replaced.

    Args:
        path: of the new file; the folder exists.
        data: the content.
        private: as for `write`.
        advice: as for `write`.

    Raises:
        FileExistsError: something has this path already, be it a link that leads nowhere.
        EmodjError: the file cannot be written.
    """
    with _translate_errors([path], advice), _written_beside({path: data}, private=private) as parts:
        placed = _place(parts[path], path, data, private=private)
    if not placed:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def create_folder(path: Path, files: Mapping[str, bytes], *, advice: str = "choose another place") -> None:
    """Write a new folder so that a reader never meets half of it; folders above it are made.

    Args:
        path: of the new folder.
        files: contents by name.
        advice: as for `write`.

    Raises:
        FileExistsError: something has this path already.
        EmodjError: the folder cannot be written.
    """
    part = path.with_name(f".emodj-{os.urandom(8).hex()}.part")
    with _translate_errors([path], advice):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir()
        try:
            for name, data in files.items():
                (part / name).write_bytes(data)
            placed = _place_folder(part, path)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    if not placed:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def remove_folder(path: Path) -> None:
    """Remove a folder so that a reader never meets half of it. A link is removed, not what it leads to.

    Raises:
        FileNotFoundError: there is no such folder.
        EmodjError: the system refuses.
    """
    gone = path.with_name(f".emodj-{os.urandom(8).hex()}.part")
    try:
        path.rename(gone)
        if gone.is_symlink():
            gone.unlink()
        else:
            shutil.rmtree(gone)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise EmodjError(f"cannot remove {path} ({error.strerror or error}): remove it by hand") from error


def _place_folder(part: Path, target: Path) -> bool:
    """Give a whole folder its name; returns False where that is taken."""
    # A rename would take the place of an empty folder
    if os.path.lexists(target):
        return False
    try:
        part.rename(target)
    except OSError:
        # A folder that appeared meanwhile holds files, and no system replaces it
        if os.path.lexists(target):
            return False
        raise
    return True


def _place(part: Path, target: Path, data: bytes, *, private: bool) -> bool:
    """Give a whole file its name; returns False where that is taken."""
    try:
        if sys.platform == "win32":
            # There a rename never replaces a file
            part.rename(target)
        else:
            # A rename would replace what came meanwhile; a link does not
            os.link(part, target)
    except FileExistsError:
        return False
    except OSError:
        # A file system without hard links (FAT, some network disks)
        return _write_in_place(target, data, private=private)
    return True


def _write_in_place(target: Path, data: bytes, *, private: bool) -> bool:
    """Write a file under its own name, and remove it if the disk refuses; only a kill leaves half of it."""
    try:
        file = open(target, "xb", buffering=0, opener=_opener(private=private))  # noqa: SIM115 - Path.open has no opener
    except FileExistsError:
        return False
    with file:
        opened = os.fstat(file.fileno())
        try:
            left = memoryview(data)
            while left:
                left = left[file.write(left) or 0 :]
        except BaseException:
            with suppress(OSError):
                if os.path.samestat(opened, target.lstat()):
                    target.unlink()
            raise
    return True


@contextmanager
def _written_beside(files: Mapping[Path, bytes], *, private: bool) -> Generator[dict[Path, Path]]:
    """Write each file under another name in its folder; yield these names by path, and remove what has them at the end."""
    parts = {target: target.with_name(f".emodj-{os.urandom(8).hex()}.part") for target in files}
    try:
        for target, data in files.items():
            with open(parts[target], "xb", opener=_opener(private=private)) as file:
                file.write(data)
        yield parts
    finally:
        for part in parts.values():
            # A read-only disk refuses even to look for it
            with suppress(OSError):
                part.unlink()


@contextmanager
def _translate_errors(paths: Iterable[Path], advice: str) -> Generator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        names = " and ".join(str(path) for path in paths)
        raise EmodjError(f"cannot write {names} ({creation_reason(error)}): {advice}") from error


def creation_reason(error: OSError | ValueError) -> str:
    """Why a file or a folder cannot be created, in a few words.

    A folder such as /proc, in which a system only shows its state, answers as if it did not exist.
    """
    folder = os.path.dirname(os.fspath(error.filename)) if isinstance(error, FileNotFoundError) and error.filename else ""  # noqa: PTH120
    if folder and os.path.isdir(folder):  # noqa: PTH112 - never raises
        return f"the folder {folder} takes no files"
    return str(getattr(error, "strerror", None) or error)


def free_bytes(folder: Path) -> int | None:
    """Bytes that are free on the disk of a folder; None where there is no disk, as for /proc, or the system does not say it."""
    try:
        usage = shutil.disk_usage(folder)
    except (OSError, ValueError):
        return None
    return usage.free if usage.total else None


def _opener(*, private: bool) -> Callable[[str, int], int]:
    # The system applies the umask to a new file; asking for the umask would change it for all threads meanwhile
    mode = PRIVATE if private else 0o666
    return lambda path, flags: os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), mode)
