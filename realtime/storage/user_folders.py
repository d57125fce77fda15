"""Folders of the person who runs emodj: for settings, a cache, networks, what is kept of its use, and pictures.

A service or a container may run as a user without a home. Then there are no such folders, and emodj goes on without them. A
folder is never searched below the one that emodj is started in, which may belong to anybody.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import platformdirs

from realtime.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "emodj"
_NO_HOME = "this user has no home folder: set HOME to the path of one"


class NoHomeError(UsageError):
    """The user has no home, and so no folder of its own."""


def config_folder() -> Path:
    """The folder of settings and secrets of the user, which need not exist. Raises `NoHomeError` for a user without a home."""
    folder = _find(lambda: platformdirs.user_config_path(NAME, appauthor=False))
    if sys.platform == "win32":
        # Until version 0.1, an author of the same name stood above the name
        move_content(platformdirs.user_config_path(NAME), folder)
    return folder


def cache_folder() -> Path:
    """The folder of compiled networks, which need not exist. Raises `NoHomeError` for a user without a home."""
    return _find(lambda: platformdirs.user_cache_path(NAME, appauthor=False))


def networks_folder() -> Path:
    """The folder of networks that the person has fetched, which need not exist. Raises `NoHomeError` without a home."""
    return _find(lambda: platformdirs.user_data_path(NAME, appauthor=False)) / "networks"


def state_folder() -> Path:
    """The folder of what emodj keeps of its use, which need not exist. Raises `NoHomeError` for a user without a home."""
    return _find(lambda: platformdirs.user_state_path(NAME, appauthor=False))


def diary_folder() -> Path:
    """The folder of the diary, which need not exist. Raises `NoHomeError` for a user without a home."""
    return _find(lambda: platformdirs.user_data_path(NAME, appauthor=False)) / "diary"


def pictures_folder() -> Path:
    """The folder of a person's pictures, which need not exist. Raises `NoHomeError` for a user without a home."""
    return _find(platformdirs.user_pictures_path)


def move_content(old: Path, new: Path) -> None:
    """Move what lies in a folder into another one, where nothing has the same name, and remove the folder if it is empty then.

    What the system refuses to move stays.

    Args:
        old: the folder; it need not exist.
        new: the other one, on the same disk.
    """
    with suppress(OSError):
        for entry in list(old.iterdir()) if old != new else ():
            target = new / entry.name
            # The old folder may lie in the new one
            if entry != target and not target.exists():
                entry.rename(target)
        old.rmdir()


def _find(folder: Callable[[], Path]) -> Path:
    try:
        found = folder()
    except RuntimeError as error:
        raise NoHomeError(_NO_HOME) from error
    # Some versions of platformdirs leave the ~ as it is
    if not found.is_absolute():
        raise NoHomeError(_NO_HOME)
    return found
