"""The folders in which emodj keeps something for a person, and what lies in them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.storage.user_folders import (
    NoHomeError,
    cache_folder,
    config_folder,
    networks_folder,
    pictures_folder,
    state_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST_NAMES = 50
"""Names of a folder that are listed."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the person.

    Attributes:
        holds: what lies there, such as "settings and logins".
        path: of the folder; it need not exist.
        exists: whether it does.
        names: of what lies in it, sorted, folders with a / at the end; at most `MOST_NAMES`.
    """

    holds: str
    path: Path
    exists: bool
    names: tuple[str, ...]


def list_places() -> list[Place]:
    """The folders of the person who runs emodj; none for a user without a home. One folder for two things is listed once."""
    folders: dict[Path, list[str]] = {}
    found: list[tuple[str, Callable[[], Path], str]] = [
        ("settings and logins", config_folder, "*"),
        ("data", lambda: networks_folder().parent, "*"),
        ("state", state_folder, "*"),
        ("cache", cache_folder, "*"),
        ("snapshots", pictures_folder, "emodj-*"),
    ]
    patterns: dict[Path, str] = {}
    for holds, folder, pattern in found:
        with suppress(NoHomeError):
            path = folder()
            folders.setdefault(path, []).append(holds)
            patterns.setdefault(path, pattern)
    return [_look(" and ".join(holds), path, patterns[path]) for path, holds in folders.items()]


def _look(holds: str, path: Path, pattern: str) -> Place:
    names: list[str] = []
    with suppress(OSError):
        names = sorted(entry.name + "/" * entry.is_dir() for entry in path.glob(pattern))
    return Place(holds, path, path.is_dir(), tuple(names[:MOST_NAMES]))
