"""Read songs from disk: a folder, an M3U8 or a CSV, or the user's library, which has songs for each mood.

It opens no song file and does not check whether a listed file exists, so that a hundred thousand songs load fast. The player
reports a missing or broken file when it reaches it.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR
from typing import TYPE_CHECKING, overload

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.music.local.path_guard import PathGuard
from realtime.music.local.song_lists import (
    CSV_SUFFIX,
    M3U_SUFFIXES,
    SONG_SUFFIXES,
    Entry,
    SongTable,
    Warnings,
    read_m3u8,
    translate_read_errors,
)
from realtime.music.songs import Song, nearest_with_songs
from realtime.printable import clean_text, one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePath


_MOOD_OF_NAME = {each.value: each for each in EXPRESSIONS}
_NUMBER = re.compile(r"\d+")


class _LazySongs(Sequence[Song]):
    """Makes a `Song` only when it is read: to make all songs of a large list takes longer than to find them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Song: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Song]: ...
    def __getitem__(self, index: int | slice) -> Song | Sequence[Song]:
        if isinstance(index, slice):
            return _LazySongs(self._entries[index])
        title, artist, path, url = self._entries[index]
        return Song(clean_text(title), clean_text(artist), None if path is None else Path(path), url)


@dataclass(frozen=True, slots=True)
class FoundSongs:
    """Result of a search for songs: at least one song.

    Attributes:
        songs: in the order of their list; the songs of a folder are sorted by name.
        notices: sentences on items that were left out.
        mood: mood of the songs; None if no mood was requested. A library may return the songs of another mood than the
            requested one, with a notice.
        left_out: number of lines, files or folders that were left out; the notices describe only the first few.
    """

    songs: Sequence[Song]
    notices: tuple[str, ...] = ()
    mood: Expression | None = None
    left_out: int = 0


def read_songs(path: PurePath, mood: Expression | None) -> FoundSongs:
    """Read the songs of a folder, an M3U8 or a CSV.

    Args:
        path: path of the folder or file.
        mood: mood whose rows of a CSV are read; None for all rows. All songs of a folder or an M3U8 count for the mood.

    Raises:
        UsageError: the path does not exist, is of another kind, contains no song, or has invalid content.
        EmodjError: the system cannot read it.
    """
    source, notices = _absolute_path(path), Warnings()
    if _is_folder(source):
        guard = PathGuard(str(source))
        entries = walk_files(guard.root, guard, notices)
        empty = f"there is no song in {source}: the name of a song ends in {', '.join(SONG_SUFFIXES)}"
    elif source.suffix.lower() in M3U_SUFFIXES:
        entries = read_m3u8(source, _parent_guard(source), notices)
        empty = f"there is no song in {source}: each line is a link, or a path relative to the folder of the list"
    else:
        entries = _read_table(source, notices, with_moods=mood is not None).songs(mood, _parent_guard(source))
        empty = f"there is no song{f' for {mood.value}' if mood else ''} in {source}: each line names one"
    if not entries:
        raise _no_songs_error(empty, notices)
    return FoundSongs(_LazySongs(entries), notices.all(), mood, notices.count)


def read_library(path: PurePath, mood: Expression) -> FoundSongs:
    """Read the songs of a library for a mood, or for the nearest mood that has songs.

    Args:
        path: path of a CSV, or of a folder that contains folders such as `happy`, lists such as `happy.m3u8`, or both.
        mood: requested mood.

    Raises:
        UsageError: the path does not exist, is of another kind, has no song for any mood, or has invalid content.
        EmodjError: the system cannot read it.
    """
    source, notices = _absolute_path(path), Warnings()
    location = one_line(str(source))
    if _is_folder(source):
        find_songs = _folder_lookup(source, mood, notices)
    elif source.suffix.lower() in M3U_SUFFIXES:
        raise UsageError(f"{location} names no moods: name the folder that contains {mood.value}.m3u8, or a CSV")
    else:
        if source.suffix.lower() != CSV_SUFFIX:
            raise UsageError(
                f"{location} is no library: name a folder with folders of songs for each mood, or a {CSV_SUFFIX} file"
            )
        find_songs = _csv_lookup(source, notices)
    found = nearest_with_songs(find_songs, mood)
    if found is None:
        raise _no_songs_error(
            f"there is no song for any mood in {source}: a song is a link, or its name ends in {', '.join(SONG_SUFFIXES)}",
            notices,
        )
    used, songs = found
    other = () if used is mood else (f"{location} has no song for {mood.value}: using the nearest mood, {used.value}",)
    return FoundSongs(songs, (*notices.all(), *other), used, notices.count)


def moods_with_songs(path: Path) -> frozenset[Expression]:
    """The moods for which a library has songs: a folder that contains a song, a list, or rows of a CSV.

    Raises:
        UsageError: the path does not exist, is of another kind, or has invalid content.
        EmodjError: the system cannot read it.
    """
    source, notices = _absolute_path(path), Warnings()
    if _is_folder(source):
        by_mood = _names_by_mood(source, None, notices).items()
        return frozenset(mood for mood, names in by_mood if any(_may_contain_songs(source / name) for name in names))
    return frozenset(_read_table(source, notices, with_moods=True).moods)


def _may_contain_songs(path: Path) -> bool:
    """Whether a folder contains a song or a symbolic link, at any depth. A list counts without a check of its content."""
    if path.suffix.lower() in M3U_SUFFIXES:
        return True
    below = os.walk(path)
    return any(
        name.lower().endswith(SONG_SUFFIXES) or (folder / name).is_symlink()
        for folder, names in ((Path(top), [*folders, *files]) for top, folders, files in below)
        for name in names
    )


def _csv_lookup(source: Path, notices: Warnings) -> Callable[[Expression], Sequence[Song]]:
    """Return a function that looks up the songs of a mood in a CSV."""
    table, guard = _read_table(source, notices, with_moods=True), _parent_guard(source)
    return lambda mood: _LazySongs(table.songs(mood, guard))


def _folder_lookup(library: Path, requested: Expression, notices: Warnings) -> Callable[[Expression], Sequence[Song]]:
    """Return a function that looks up the songs of a mood in a folder of moods."""
    by_mood = _names_by_mood(library, requested, notices)
    if not by_mood:
        moods = ", ".join(_MOOD_OF_NAME)
        raise _no_songs_error(f"{library} has no mood in it: a library has folders or lists (.m3u8) named {moods}", notices)
    guard = PathGuard(str(library))

    def find_songs(mood: Expression) -> Sequence[Song]:
        entries = list[Entry]()
        for name in by_mood.get(mood, ()):
            # If a folder and a list share a mood and one cannot be read, use the other
            try:
                entries += _read_entries(library / name, guard, notices)
            except EmodjError as error:
                notices.add(str(error))
        return _LazySongs(entries)

    return find_songs


def _names_by_mood(library: Path, requested: Expression | None, notices: Warnings) -> dict[Expression, list[str]]:
    """The names of folders and lists for each mood. A name close to the requested mood is reported as a typing error."""
    by_mood = dict[Expression, list[str]]()
    with translate_read_errors(library), os.scandir(library) as found:
        for name in sorted(entry.name for entry in found):
            stem, suffix = os.path.splitext(name.lower())  # noqa: PTH122 - of a name
            mood = _MOOD_OF_NAME.get(stem if suffix in M3U_SUFFIXES else name.lower())
            if mood is not None:
                by_mood.setdefault(mood, []).append(name)
            elif requested and difflib.get_close_matches(name.lower(), [requested.value], cutoff=0.75):
                notices.add(f"{library / name} is left out, {name!r} is no mood: did you mean {requested.value}?")
    return by_mood


def _read_entries(path: Path, guard: PathGuard, notices: Warnings) -> list[Entry]:
    real = os.path.realpath(path)
    if not guard.contains(real):
        raise UsageError(one_line(_outside_warning(str(path), real, guard)))
    return read_m3u8(path, guard, notices) if path.suffix.lower() in M3U_SUFFIXES else walk_files(real, guard, notices)


def _absolute_path(path: PurePath) -> Path:
    return Path(path).absolute()


def _is_folder(path: Path) -> bool:
    with translate_read_errors(path):
        return S_ISDIR(path.stat().st_mode)


_OTHER_LISTS = frozenset({".asx", ".pls", ".wpl", ".xspf"})
"""Suffixes of lists of songs that other players write."""


def _parent_guard(path: Path) -> PathGuard:
    return PathGuard(str(path.parent))


def _read_table(path: Path, notices: Warnings, *, with_moods: bool) -> SongTable:
    if path.suffix.lower() != CSV_SUFFIX:
        location = one_line(str(path))
        if path.suffix.lower() in _OTHER_LISTS:
            raise UsageError(f"{location} is a list of a kind that emodj does not read: export it as M3U from your player")
        raise UsageError(
            f"{location} is no list of songs: name a folder, or a file that ends in {M3U_SUFFIXES[0]} or {CSV_SUFFIX}"
        )
    return SongTable(path, notices, with_moods=with_moods)


def _no_songs_error(sentence: str, notices: Warnings) -> UsageError:
    return UsageError("; ".join([one_line(sentence), *notices.all()]))


def walk_files(top: str, guard: PathGuard, notices: Warnings) -> list[Entry]:
    """List the songs in a folder and its subfolders, sorted by name; the songs of a folder come before its subfolders.

    Args:
        top: absolute path of the folder, without symbolic links.
        guard: folder that symbolic links must not leave.
        notices: collects sentences on folders and links that are left out.

    Raises:
        UsageError: the folder does not exist.
        EmodjError: the system cannot read the folder; an unreadable subfolder is only left out.
    """
    songs, pending, links, visited = list[Entry](), [top], list[str](), set[str]()
    while pending or links:
        folder = pending.pop() if pending else links.pop(0)
        if folder in visited:
            continue
        visited.add(folder)
        try:
            folders, files, linked = _list_folder(folder)
        except OSError as error:
            if folder == top:
                with translate_read_errors(folder):
                    raise
            notices.add(f"the folder {folder} is left out: it cannot be read ({error.strerror or error})")
            continue
        for path in linked:
            real = os.path.realpath(path)
            is_song, is_folder = path.lower().endswith(SONG_SUFFIXES), os.path.isdir(real)  # noqa: PTH112 - never raises
            if (is_song or is_folder) and not guard.contains(real):
                notices.add(_outside_warning(path, real, guard))
            elif is_folder:
                # Linked folders come last, so that each song appears once, under its real folder
                links.append(real)
            elif is_song:
                files.append(path)
        songs += [("", "", path, None) for path in sorted(files, key=_natural_key)]
        pending += sorted(folders, key=_natural_key, reverse=True)
    return songs


def _list_folder(folder: str) -> tuple[list[str], list[str], list[str]]:
    """The paths of subfolders, songs and symbolic links in a folder; hidden ones are left out."""
    folders, songs, links = list[str](), list[str](), list[str]()
    with os.scandir(folder) as found:
        for entry in found:
            name = entry.name
            if name.startswith("."):
                continue
            # scandir knows the type of an entry, so that no entry is opened
            if entry.is_symlink():
                links.append(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            elif name.lower().endswith(SONG_SUFFIXES) and entry.is_file(follow_symlinks=False):
                songs.append(entry.path)
    return folders, songs, links


def _natural_key(path: str) -> str:
    """Sort key that puts "2 b" before "10 a", and "A" before "b"."""
    return _NUMBER.sub(_pad_number, path.casefold())


def _pad_number(number: re.Match[str]) -> str:
    return number[0].zfill(20)


def _outside_warning(path: str, real: str, guard: PathGuard) -> str:
    """The notice on a symbolic link that leads out of the folder."""
    return f"{path} is left out, it leads out of {guard.root} to {real}: put a copy into that folder"
