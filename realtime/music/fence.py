"""Keeps the paths of a list in its folder."""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class Fence:
    """Knows whether a path stays in a folder, symbolic links followed, by one look at each folder in place of one at each file.

    Args:
        root: path of the folder.

    Attributes:
        root: the same, absolute and without symbolic links.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._above = self.root.rstrip(os.sep) + os.sep
        self._folders = dict[str, "Callable[[str], bool]"]()

    def holds(self, real: str) -> bool:
        """Whether an absolute path without symbolic links lies in the folder, or is it."""
        return real == self.root or real.startswith(self._above)

    def located(self, text: str) -> str:
        """The absolute path that is meant by one in a list.

        Raises:
            ValueError: it leads out of the folder, or can be no path; the message ends a sentence.
        """
        path = self._above + text if _is_plain(text) else self._normal(text)
        folder, _, name = path.rpartition(os.sep)
        if folder not in self._folders:
            self._folders[folder] = self._look(folder + os.sep)
        if not self._folders[folder](name):
            raise ValueError(f"it leads out of {self.root}: put the song into that folder")
        return path

    def _normal(self, text: str) -> str:
        if "\0" in text:
            raise ValueError("no path has a NUL in it")
        # To follow such a path is to log in to its server, with the person's name
        if os.sep != "/" and names_a_server(text) and not os.path.normpath(text).lower().startswith(self._above.lower()):
            raise ValueError(f"it leads out of {self.root}: put the song into that folder")
        if os.sep == "/" and _DRIVE.match(text):
            raise ValueError("it is a path of Windows: write it from the folder of the list on")
        # Lists from Windows; elsewhere a backslash in a name is rare
        if os.sep == "/" and "/" not in text:
            text = text.replace("\\", "/")
        return os.path.normpath(text if os.path.isabs(text) else self._above + text)  # noqa: PTH117 - of many

    def _look(self, folder: str) -> Callable[[str], bool]:
        """What tells of a name in a folder whether it stays within."""
        if not self.holds(os.path.realpath(folder)):
            return lambda _: False

        def followed(name: str) -> bool:
            return self.holds(os.path.realpath(folder + name))

        try:
            with os.scandir(folder) as there:
                links = frozenset(_folded(entry.name) for entry in there if entry.is_symlink())
        except OSError:
            # It is not there, or does not let us look around
            return followed
        # Many disks take a name in other letters, or made up of other marks, for the same
        return lambda name: not links or _folded(name) not in links or followed(name)


def names_a_server(text: str) -> bool:
    r"""Whether a path of Windows begins as those on other computers do (`\\server\music`), or those of devices."""
    return text.replace("/", "\\").startswith(("\\\\", "\\??\\"))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKD", name.casefold()).casefold()


def _is_plain(text: str) -> bool:
    """Whether it is a relative path with no dots to go up by: most are, and it is found out fast."""
    if text[0] in "./" or os.sep != "/":
        return False
    return "/." not in text and "//" not in text and "\\" not in text and "\0" not in text and ":" not in text
