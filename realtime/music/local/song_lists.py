"""Reads lists of songs, M3U8 and CSV: what each line names, as long as it stays where the list is."""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from contextlib import contextmanager
from io import StringIO
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from realtime.domain import Expression
from realtime.errors import EmodjError, UsageError
from realtime.music.links import parse
from realtime.music.songs import parse_expression
from realtime.printable import one_line, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path


KINDS = (".mp3", ".ogg", ".opus", ".flac", ".wav")
"""How the name of a song's file ends, in any case."""
M3U = (".m3u8", ".m3u")
CSV = ".csv"
LARGEST = 64 * 2**20
"""Bytes of a list; a hundred thousand songs take ten million."""
_IN_FULL = 3
_EXTINF = re.compile(r'#EXTINF:\s*[-+\d.]*(?:\s+[\w-]+="[^"]*")*\s*,(.*)', re.IGNORECASE)

Entry = tuple[str, str, str | None, str | None]
"""A song as a list has it, title, artist, path and url: `realtime.music.songs.Song` takes more work."""


class Warnings:
    """What was left out and why. Of many, only the first few are kept.

    Attributes:
        count: of all.
    """

    def __init__(self) -> None:
        self._sentences = list[str]()
        self.count = 0

    def add(self, sentence: str) -> None:
        """Note one more."""
        self.count += 1
        if self.count <= _IN_FULL:
            self._sentences.append(one_line(sentence))

    def all(self) -> tuple[str, ...]:
        """Every sentence that was kept, and how many were not."""
        more = self.count - len(self._sentences)
        return (*self._sentences, f"and {more} more") if more else tuple(self._sentences)


class Table:
    """A CSV of songs, with the columns mood, path or url or both, and maybe title and artist.

    Args:
        path: of the file.
        notices: takes what is left out.
        with_moods: whether the column mood counts; else it may be missing.

    Raises:
        UsageError: columns are missing, or the file is.
        EmodjError: it cannot be read.
    """

    def __init__(self, path: Path, notices: Warnings, *, with_moods: bool = True) -> None:
        self._path = path
        self._notices = notices
        self._rows = dict[Expression | None, list[tuple[int, list[str]]]]()
        lines = _rows(path)
        _, header = next(lines, (0, list[str]()))
        names = [name.strip().lower() for name in header]
        missing = [
            *(["mood"] if with_moods and "mood" not in names else []),
            *([] if {"path", "url"} & {*names} else ["path or url"]),
        ]
        if missing:
            raise UsageError(
                f"{one_line(str(path))} has no column {' and no column '.join(missing)}: its first line has to name the "
                f"columns, with commas between them, as in mood,path,url,title,artist, and reads {quoted(','.join(header))}"
            )
        # The last cell of a row is always an empty one
        self._columns = [names.index(name) if name in names else -1 for name in ("path", "url", "title", "artist")]
        moods = dict[str, Expression]()
        column = names.index("mood") if with_moods else -1
        for number, row in lines:
            row.extend([""] * max(1, len(names) + 1 - len(row)))
            mood, text = None, row[column]
            try:
                if with_moods and (mood := moods.get(text)) is None:
                    mood = moods[text] = parse_expression(text)
            except ValueError as error:
                notices.add(f"{path}, line {number} is left out: {error}")
            else:
                self._rows.setdefault(mood, []).append((number, row))

    @property
    def moods(self) -> set[Expression]:
        """Those that have rows."""
        return {mood for mood in self._rows if mood is not None}

    def songs(self, mood: Expression | None, fence: PathGuard) -> list[Entry]:
        """The songs of a mood, in their order; of all without regard to moods where the table was read so."""
        found = list[Entry]()
        path, url, title, artist = self._columns
        for number, row in self._rows.get(mood, ()):
            try:
                found.append(_entry(row[path].strip(), row[url].strip(), row[title], row[artist], fence=fence))
            except ValueError as error:
                named = row[path] or row[url]
                which = f": {quoted(named)}" if named else ""
                self._notices.add(f"{self._path}, line {number}{which} is left out, {error}")
        return found


def read_m3u8(path: Path, fence: PathGuard, notices: Warnings) -> list[Entry]:
    """The songs of an M3U8, with the titles of its `#EXTINF` lines.

    Raises:
        UsageError: it is not there, or no text.
        EmodjError: it cannot be read.
    """
    songs, named = list[Entry](), ("", "")
    # Not splitlines(), which takes the separators of other scripts for ends of lines, too
    for number, raw in enumerate(StringIO(_text(path), newline=None), 1):
        line = raw.strip()
        if told := _EXTINF.fullmatch(line):
            artist, dash, title = told[1].partition(" - ")
            named = (title, artist) if dash else (artist, "")
        elif line and not line.startswith("#"):
            try:
                songs.append(_entry(line, "", *named, fence=fence))
            except ValueError as error:
                notices.add(f"{path}, line {number}: {quoted(line)} is left out, {error}")
            named = ("", "")
    return songs


@contextmanager
def refused_entries(path: Path | str) -> Generator[None]:
    """Say in a sentence why a file or folder cannot be read.

    Raises:
        UsageError: it is not there.
        EmodjError: the system refuses.
    """
    where = one_line(str(path))
    try:
        yield
    # ValueError: no file can have such a name, with a NUL in it or in letters that the system has no bytes for
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise UsageError(f"there is no folder or list of songs at {where}: look for the right name") from error
    except OSError as error:
        raise EmodjError(
            f"cannot read {where} ({error.strerror or error}): mend that, or name another place of songs"
        ) from error


def _text(path: Path) -> str:
    where = one_line(str(path))
    with refused_entries(path):
        about = path.stat()
        if S_ISDIR(about.st_mode):
            raise UsageError(f"{where} is a folder, but its name is that of a list: rename it")
        # Opening a pipe would wait for whoever writes into it
        if not S_ISREG(about.st_mode):
            raise UsageError(f"{where} is neither a file nor a folder: name a folder of songs, an M3U8 or a CSV")
        if about.st_size > LARGEST:
            raise UsageError(f"{where} has {about.st_size // 2**20} MiB, and no list of songs is as long: name another file")
        data = path.read_bytes()
    try:
        # Editors on Windows put a byte order mark in front
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{where} is no UTF-8 text (at line {line}): save it as UTF-8") from error


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, and the line it starts at."""
    reader = csv.reader(StringIO(_text(path), newline=""), strict=True)
    start = 1
    try:
        for row in reader:
            if any(row):
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(
            f"{one_line(str(path))} is no CSV from line {start} on ({error}): look for a quote that is missing there"
        ) from error


def _entry(path: str, url: str, title: str, artist: str, *, fence: PathGuard) -> Entry:
    """Check what a line names.

    Raises:
        ValueError: it will not do; the message ends a sentence.
    """
    if "://" in path or path[:8].lower() == "spotify:":
        path, url = "", url or path
    if not path and not url:
        raise ValueError("it names neither a path nor a url")
    if path and not path.lower().endswith(KINDS):
        raise ValueError(f"it is no song: their names end in {', '.join(KINDS)}")
    return title, artist, fence.resolve(path) if path else None, parse(url) if url else None


_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class PathGuard:
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

    def contains(self, real: str) -> bool:
        """Whether an absolute path without symbolic links lies in the folder, or is it."""
        return real == self.root or real.startswith(self._above)

    def resolve(self, text: str) -> str:
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
        if not self.contains(os.path.realpath(folder)):
            return lambda _: False

        def followed(name: str) -> bool:
            return self.contains(os.path.realpath(folder + name))

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
