"""Finds the songs in a folder."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from realtime.music.lists import KINDS, Entry, Notices, refusals

if TYPE_CHECKING:
    from realtime.music.fence import Fence

_DIGITS = re.compile(r"\d+")


def walk(top: str, fence: Fence, notices: Notices) -> list[Entry]:
    """The songs below a folder by their names, those of each folder before those of the folders in it."""
    songs, ahead, links, seen = list[Entry](), [top], list[str](), set[str]()
    while ahead or links:
        folder = ahead.pop() if ahead else links.pop(0)
        if folder in seen:
            continue
        seen.add(folder)
        try:
            folders, files, linked = _look(folder)
        except OSError as error:
            if folder == top:
                with refusals(folder):
                    raise
            notices.add(f"what is in {folder} is left out: it cannot be read ({error.strerror or error})")
            continue
        for path in linked:
            real = os.path.realpath(path)
            is_song, is_folder = path.lower().endswith(KINDS), os.path.isdir(real)  # noqa: PTH112 - never raises
            if (is_song or is_folder) and not fence.holds(real):
                notices.add(leads_out(path, real, fence))
            elif is_folder:
                # After the others, so that songs come once, and from where they lie
                links.append(real)
            elif is_song:
                files.append(path)
        songs += [("", "", path, None) for path in sorted(files, key=_natural)]
        ahead += sorted(folders, key=_natural, reverse=True)
    return songs


def _look(folder: str) -> tuple[list[str], list[str], list[str]]:
    """Paths of folders, of songs and of symbolic links in a folder, without those that are hidden."""
    folders, songs, links = list[str](), list[str](), list[str]()
    with os.scandir(folder) as there:
        for entry in there:
            name = entry.name
            if name.startswith("."):
                continue
            # The folder's own list says what an entry is: the entry is not looked at
            if entry.is_symlink():
                links.append(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif name.lower().endswith(KINDS) and entry.is_file(follow_symlinks=False):
                songs.append(entry.path)
    return folders, songs, links


def _natural(path: str) -> str:
    """Sorts "2 b" before "10 a", and "b" after "A"."""
    return _DIGITS.sub(_padded, path.casefold())


def _padded(number: re.Match[str]) -> str:
    return number[0].zfill(20)


def leads_out(path: str, real: str, fence: Fence) -> str:
    """The sentence on a symbolic link that leads out of a folder."""
    return f"{path} is left out, it leads out of {fence.root} to {real}: put a copy there"
