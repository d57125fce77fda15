"""Reads songs from disk: a folder, an M3U8 or a CSV, and a person's own library with songs for each mood.

No song is opened and none is looked for, so that a hundred thousand of them take no time: what is missing or broken shows
when it is played.
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
from realtime.music.local.song_lists import CSV, KINDS, M3U, Entry, PathGuard, Table, Warnings, read_m3u8, refused_entries
from realtime.music.songs import Song, nearest_with_songs
from realtime.printable import clean_text, one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePath


_LONG = 12
"""Characters of a name that is no mistyped mood."""
_MOODS = {each.value: each for each in EXPRESSIONS}


class _Songs(Sequence[Song]):
    """Makes each song when it is asked for: to make them all takes longer than to find them."""

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
            return _Songs(self._entries[index])
        title, artist, path, url = self._entries[index]
        return Song(clean_text(title), clean_text(artist), None if path is None else Path(path), url)


@dataclass(frozen=True, slots=True)
class FoundSongs:
    """Songs that were found, at least one.

    Attributes:
        songs: in the order of their list, or by their names.
        notices: sentences on what was left out.
        mood: whose they are; of a library it may be another one than was asked for, and then a notice says so. None if
            no mood was asked for.
        left_out: how many lines, files or folders were left out; of many the notices tell of the first few.
    """

    songs: Sequence[Song]
    notices: tuple[str, ...] = ()
    mood: Expression | None = None
    left_out: int = 0


def read_songs(path: PurePath, mood: Expression | None) -> FoundSongs:
    """The songs of a folder, an M3U8 or a CSV.

    Args:
        path: of one of them.
        mood: of a CSV only its rows are taken; None for all rows. All that a folder or an M3U8 has is for the mood.

    Raises:
        UsageError: it is not there, is something else, has no song, or cannot be understood.
        EmodjError: it cannot be read.
    """
    source, notices = _absolute(path), Warnings()
    if _is_folder(source):
        fence = PathGuard(str(source))
        entries = walk_files(fence.root, fence, notices)
        none = f"there is no song in {source}: their names end in {', '.join(KINDS)}"
    elif source.suffix.lower() in M3U:
        entries = read_m3u8(source, _beside(source), notices)
        none = f"there is no song in {source}: each line names one, from the folder of the list on, or is a link"
    else:
        entries = _table(source, notices, with_moods=mood is not None).songs(mood, _beside(source))
        none = f"there is no song{f' for {mood.value}' if mood else ''} in {source}: each line names one"
    if not entries:
        raise _nothing(none, notices)
    return FoundSongs(_Songs(entries), notices.all(), mood, notices.count)


def read_library(path: PurePath, mood: Expression) -> FoundSongs:
    """The songs of a library for a mood, or where it has none those for its nearest neighbour that has some.

    Args:
        path: of a folder with folders `happy` and so on in it, or lists `happy.m3u8`, or both; or of a CSV.
        mood: whose songs are wanted.

    Raises:
        UsageError: it is not there, is something else, has no song for any mood, or cannot be understood.
        EmodjError: it cannot be read.
    """
    source, notices = _absolute(path), Warnings()
    where = one_line(str(source))
    if _is_folder(source):
        songs_of = _shelves(source, mood, notices)
    elif source.suffix.lower() in M3U:
        raise UsageError(f"{where} says nothing of moods: name the folder that holds {mood.value}.m3u8, or a CSV")
    else:
        if source.suffix.lower() != CSV:
            raise UsageError(f"{where} is no library: name a folder with folders of songs for each mood, or a {CSV} file")
        songs_of = _rows(source, notices)
    found = nearest_with_songs(songs_of, mood)
    if found is None:
        raise _nothing(
            f"there is no song for any mood in {source}: their names end in {', '.join(KINDS)}, or they are links", notices
        )
    used, songs = found
    other = () if used is mood else (f"{where} has no song for {mood.value}: here is the nearest it has, for {used.value}",)
    return FoundSongs(songs, (*notices.all(), *other), used, notices.count)


def moods_with_songs(path: Path) -> frozenset[Expression]:
    """The moods that a library has something for: folders with a song in them, lists, or rows of a CSV.

    Raises:
        UsageError: it is not there, is something else, or cannot be understood.
        EmodjError: it cannot be read.
    """
    source, notices = _absolute(path), Warnings()
    if _is_folder(source):
        shelves = _named(source, None, notices).items()
        return frozenset(mood for mood, names in shelves if any(_may_hold_songs(source / name) for name in names))
    return frozenset(_table(source, notices, with_moods=True).moods)


def _may_hold_songs(path: Path) -> bool:
    """Whether there is a song below a folder, or a link that may lead to some; of a list that is not looked after."""
    if path.suffix.lower() in M3U:
        return True
    below = os.walk(path)
    return any(
        name.lower().endswith(KINDS) or (folder / name).is_symlink()
        for folder, names in ((Path(top), [*folders, *files]) for top, folders, files in below)
        for name in names
    )


def _rows(source: Path, notices: Warnings) -> Callable[[Expression], Sequence[Song]]:
    """What looks up the songs of a mood in a CSV."""
    table, fence = _table(source, notices, with_moods=True), _beside(source)
    return lambda mood: _Songs(table.songs(mood, fence))


def _shelves(library: Path, wanted: Expression, notices: Warnings) -> Callable[[Expression], Sequence[Song]]:
    """What looks up the songs of a mood in a folder of moods."""
    shelves = _named(library, wanted, notices)
    if not shelves:
        moods = ", ".join(_MOODS)
        raise _nothing(f"{library} has no mood in it: a library has folders or lists (.m3u8) named {moods}", notices)
    fence = PathGuard(str(library))

    def songs_of(mood: Expression) -> Sequence[Song]:
        entries = list[Entry]()
        for name in shelves.get(mood, ()):
            # Where one of two cannot be read, the other can
            try:
                entries += _shelf(library / name, fence, notices)
            except EmodjError as error:
                notices.add(str(error))
        return _Songs(entries)

    return songs_of


def _named(library: Path, wanted: Expression | None, notices: Warnings) -> dict[Expression, list[str]]:
    """The names of folders and lists for each mood; one that is nearly that of the wanted mood is a slip."""
    shelves = dict[Expression, list[str]]()
    with refused_entries(library), os.scandir(library) as there:
        for name in sorted(entry.name for entry in there):
            stem, suffix = os.path.splitext(name.lower())  # noqa: PTH122 - of a name
            mood = _MOODS.get(stem if suffix in M3U else name.lower())
            if mood is not None:
                shelves.setdefault(mood, []).append(name)
            elif wanted and difflib.get_close_matches(name.lower(), [wanted.value], cutoff=0.75):
                notices.add(f"{library / name} is left out, {name!r} is no mood: did you mean {wanted.value}?")
    return shelves


def _shelf(path: Path, fence: PathGuard, notices: Warnings) -> list[Entry]:
    real = os.path.realpath(path)
    if not fence.contains(real):
        raise UsageError(one_line(leads_out(str(path), real, fence)))
    return read_m3u8(path, fence, notices) if path.suffix.lower() in M3U else walk_files(real, fence, notices)


def _absolute(path: PurePath) -> Path:
    return Path(path).absolute()


def _is_folder(path: Path) -> bool:
    with refused_entries(path):
        return S_ISDIR(path.stat().st_mode)


def _beside(path: Path) -> PathGuard:
    return PathGuard(str(path.parent))


def _table(path: Path, notices: Warnings, *, with_moods: bool) -> Table:
    if path.suffix.lower() != CSV:
        where = one_line(str(path))
        raise UsageError(f"{where} is no list of songs: name a folder, or a file that ends in {M3U[0]} or {CSV}")
    return Table(path, notices, with_moods=with_moods)


def _nothing(sentence: str, notices: Warnings) -> UsageError:
    return UsageError("; ".join([one_line(sentence), *notices.all()]))


_DIGITS = re.compile(r"\d+")


def walk_files(top: str, fence: PathGuard, notices: Warnings) -> list[Entry]:
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
                with refused_entries(folder):
                    raise
            notices.add(f"what is in {folder} is left out: it cannot be read ({error.strerror or error})")
            continue
        for path in linked:
            real = os.path.realpath(path)
            is_song, is_folder = path.lower().endswith(KINDS), os.path.isdir(real)  # noqa: PTH112 - never raises
            if (is_song or is_folder) and not fence.contains(real):
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


def leads_out(path: str, real: str, fence: PathGuard) -> str:
    """The sentence on a symbolic link that leads out of a folder."""
    return f"{path} is left out, it leads out of {fence.root} to {real}: put a copy there"
