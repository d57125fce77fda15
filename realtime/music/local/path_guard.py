"""Find the file that a line of a list names, and keep it inside the folder of the list."""

from __future__ import annotations

import os
import re
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE_SCHEME = "file:"
"""Start of the address of a file, as VLC and Lollypop write it."""
_WINDOWS_DRIVE = re.compile(r"/?[A-Za-z][:|][\\/]")
_THIS_COMPUTER = ("", "localhost")


class PathGuard:
    """Resolves the paths of a list to files, and refuses those outside a folder after symbolic links are followed.

    Players write a path as it is, percent-encoded, or as a `file:` address, and may compose accents in another way than the
    disk does (NFC, NFD). The path as it is written wins where such a file exists.

    It reads each folder once instead of checking each file, since a list may name a hundred thousand files.

    Args:
        root: path of the folder.

    Attributes:
        root: path of the folder, absolute and without symbolic links.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._prefix = self.root.rstrip(os.sep) + os.sep
        # For each path of a folder in a list: the folder, or the nearest one above it that exists, and whether it is the former
        self._nearest: dict[str, tuple[_Folder, bool]] = {}

    def contains(self, real: str) -> bool:
        """Whether an absolute path without symbolic links is the folder, or is inside it."""
        return real == self.root or real.startswith(self._prefix)

    def resolve(self, text: str) -> str:
        """Make a path of a list absolute, relative to the folder.

        Args:
            text: path, or address that starts with `file:`.

        Returns:
            Path of the file in the first spelling that exists; without one, the path as the list means it.

        Raises:
            ValueError: the path leads out of the folder, or is invalid; the message ends a sentence.
        """
        missing: str | None = None
        refused: ValueError | None = None
        for spelling in _spellings(text):
            try:
                path, exists = self._find(self._absolute(spelling))
            except ValueError as error:
                refused = refused or error
                continue
            if exists:
                return path
            missing = missing or path
        if refused is not None:
            raise refused
        return missing or text

    def _absolute(self, text: str) -> str:
        if _is_simple_path(text):
            return self._prefix + text
        if "\0" in text:
            raise ValueError("a path must not contain a NUL")
        # Windows would log in to the server of such a path with the user's name
        if os.sep != "/" and is_server_path(text) and not os.path.normpath(text).lower().startswith(self._prefix.lower()):
            raise self._outside_error()
        if os.sep == "/" and _WINDOWS_DRIVE.match(text):
            raise ValueError("it is a path of Windows: write a path relative to the folder of the list")
        path = os.path.normpath(text if os.path.isabs(text) else self._prefix + text)  # noqa: PTH117 - faster than Path
        if os.sep != "/" and ":" in os.path.splitdrive(path)[1]:
            raise ValueError("no file of Windows has a colon in its name")
        return path

    def _find(self, path: str) -> tuple[str, bool]:
        """Return the path of a file as the disk spells it, and whether it exists.

        Raises:
            ValueError: the path leads out of the folder.
        """
        above, _, name = path.rpartition(os.sep)
        if above not in self._nearest:
            self._nearest[above] = self._find_folder(above)
        folder, complete = self._nearest[above]
        spelled = folder.spelling_of(name) if complete else None
        # A folder that cannot be listed may still have the file
        checked = folder.is_link(name) if complete else os.path.lexists(path)
        found = path if spelled is None else folder.path + os.sep + spelled
        if not folder.inside or (checked and not self.contains(os.path.realpath(found))):
            raise self._outside_error()
        return found, spelled is not None

    def _find_folder(self, path: str) -> tuple[_Folder, bool]:
        """Return a folder and True; or the nearest one above it that exists, and False."""
        if (folder := self._read(path)) is not None:
            return folder, True
        if not path.startswith(self._prefix):
            real = os.path.realpath(path)
            # A symbolic link above the guarded folder may give it another path
            return self._find_folder(real) if real.startswith(self._prefix) else (_Folder(path, inside=False), False)
        folder = self._open(self._prefix.removesuffix(os.sep)) or _Folder(self.root, inside=True)
        for part in path[len(self._prefix) :].split(os.sep):  # noqa: PTH206 - faster than Path
            spelled = folder.spelling_of(part)
            below = None if spelled is None else self._open(folder.path + os.sep + spelled)
            if below is None:
                # A broken link may lead anywhere
                leads_out = folder.is_link(part) and not self.contains(
                    os.path.realpath(folder.path + os.sep + (spelled or part))
                )
                return _Folder(folder.path, inside=False) if leads_out else folder, False
            folder = below
        return folder, True

    def _open(self, path: str) -> _Folder | None:
        """Read a folder on the first call, since many lines may name folders below it."""
        known, complete = self._nearest.get(path, (None, False))
        if not complete and (known := self._read(path)) is not None:
            self._nearest[path] = known, True
        return known

    def _read(self, path: str) -> _Folder | None:
        """Read a folder; None if it does not exist, or cannot be listed. A path that is empty stands for that of the root."""
        try:
            with os.scandir(path + os.sep) as found:
                names = {entry.name: entry.is_symlink() for entry in found}
            return _Folder(path, names, inside=self.contains(os.path.realpath(path + os.sep)))
        except (OSError, ValueError):
            return None

    def _outside_error(self) -> ValueError:
        return ValueError(f"it leads out of {self.root}: put the song into that folder")


class _Folder:
    """The names in a folder.

    Args:
        path: path of the folder, as the disk spells it, without a separator at its end.
        names: name of each entry, and whether it is a symbolic link.
        inside: whether the folder is inside the guarded one.
    """

    def __init__(self, path: str, names: Mapping[str, bool] | None = None, *, inside: bool) -> None:
        self.path = path
        self.inside = inside
        self._names = frozenset(names or ())
        # Folded names, since many disks treat names as equal that differ in case or in Unicode normalisation
        self._links = frozenset(_fold_name(name) for name, is_link in (names or {}).items() if is_link)

    def spelling_of(self, name: str) -> str | None:
        """The name of the entry that is this one, maybe with accents composed in another way; None without one."""
        return name if name in self._names else self._composed.get(unicodedata.normalize("NFC", name))

    def is_link(self, name: str) -> bool:
        """Whether the name may be that of a symbolic link."""
        return bool(self._links) and _fold_name(name) in self._links

    @cached_property
    def _composed(self) -> dict[str, str]:
        return {unicodedata.normalize("NFC", name): name for name in self._names}


def _spellings(text: str) -> Iterator[str]:
    """Yield the paths that a line may mean, the likeliest first.

    Raises:
        ValueError: it is the address of a file on another computer; the message ends a sentence.
    """
    if text[: len(FILE_SCHEME)].lower() == FILE_SCHEME:
        yield _path_of_address(text)
        yield text
        return
    # A list from Windows; on other systems a backslash in a name is rare
    slashed = text.replace("\\", "/") if os.sep == "/" and "/" not in text else text
    yield slashed
    if slashed != text:
        yield text
    if "%" in text:
        yield _decode_percent(text)


def _path_of_address(text: str) -> str:
    """The path of a `file:` address (RFC 8089); a server stays in it on Windows."""
    host, path = "", text[len(FILE_SCHEME) :]
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        path = slash + path
    path = _decode_percent(path)
    if os.sep != "/" and _WINDOWS_DRIVE.match(path):
        return path.lstrip("/").replace("|", ":", 1)
    if host.lower() in _THIS_COMPUTER:
        return path
    if os.sep == "/":
        raise ValueError("it is on another computer: write a path relative to the folder of the list")
    return f"//{unquote(host)}{path}"


def _decode_percent(text: str) -> str:
    # As the names of files that are no UTF-8
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def is_server_path(text: str) -> bool:
    r"""Whether a path of Windows names a device or another computer, as in `\\server\music`."""
    return text.replace("/", "\\").startswith(("\\\\", "\\??\\"))


def _fold_name(name: str) -> str:
    return unicodedata.normalize("NFKD", name.casefold()).casefold()


def _is_simple_path(text: str) -> bool:
    """Whether a path is relative and needs no normalisation. A fast check, since most paths are so."""
    if not text or text[0] in "./" or os.sep != "/":
        return False
    return "/." not in text and "//" not in text and "\\" not in text and "\0" not in text and ":" not in text
