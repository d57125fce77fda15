"""Read M3U8 and CSV lists of songs; keep their paths inside the folder of the list."""

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
from realtime.music.links import parse_link
from realtime.music.songs import parse_expression
from realtime.printable import one_line, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path


SONG_SUFFIXES = (".mp3", ".ogg", ".opus", ".flac", ".wav")
"""Suffixes of song files, in lower case; a file name may have them in upper case too."""
M3U_SUFFIXES = (".m3u8", ".m3u")
CSV_SUFFIX = ".csv"
MAX_BYTES = 64 * 2**20
"""Maximum size of a list, in bytes; a hundred thousand songs take ten million."""
_MAX_SENTENCES = 3
_EXTINF = re.compile(r'#EXTINF:\s*[-+\d.]*(?:\s+[\w-]+="[^"]*")*\s*,(.*)', re.IGNORECASE)
_WINDOWS_DRIVE = re.compile(r"[A-Za-z]:[\\/]")

Entry = tuple[str, str, str | None, str | None]
"""Title, artist, path and url of a song in a list. A tuple, since a `Song` takes longer to make."""


class Warnings:
    """Collects sentences on lines, files and folders that are left out; keeps only the first few.

    Attributes:
        count: number of all warnings, kept or not.
    """

    def __init__(self) -> None:
        self._sentences = list[str]()
        self.count = 0

    def add(self, sentence: str) -> None:
        """Add a warning."""
        self.count += 1
        if self.count <= _MAX_SENTENCES:
            self._sentences.append(one_line(sentence))

    def all(self) -> tuple[str, ...]:
        """The sentences that were kept, then the number of the others."""
        more = self.count - len(self._sentences)
        return (*self._sentences, f"and {more} more") if more else tuple(self._sentences)


class SongTable:
    """A CSV of songs. Its columns are mood, path or url or both, and optionally title and artist.

    Args:
        path: path of the file.
        notices: collects sentences on rows that are left out.
        with_moods: whether to read the column mood; if not, the column may be missing.

    Raises:
        UsageError: the file or one of its columns is missing, or the file is no CSV.
        EmodjError: the system cannot read the file.
    """

    def __init__(self, path: Path, notices: Warnings, *, with_moods: bool = True) -> None:
        self._path = path
        self._notices = notices
        self._rows_by_mood = dict[Expression | None, list[tuple[int, list[str]]]]()
        lines = _read_rows(path)
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
        # Index -1 stands for a missing column: the last cell of a row is always empty
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
                self._rows_by_mood.setdefault(mood, []).append((number, row))

    @property
    def moods(self) -> set[Expression]:
        """Moods that have rows."""
        return {mood for mood in self._rows_by_mood if mood is not None}

    def songs(self, mood: Expression | None, guard: PathGuard) -> list[Entry]:
        """The songs of a mood, in the order of the rows.

        Args:
            mood: None for all rows, if the table was read without moods.
            guard: folder that paths must not leave.
        """
        found = list[Entry]()
        path, url, title, artist = self._columns
        for number, row in self._rows_by_mood.get(mood, ()):
            try:
                found.append(_parse_entry(row[path].strip(), row[url].strip(), row[title], row[artist], guard=guard))
            except ValueError as error:
                named = row[path] or row[url]
                which = f": {quoted(named)}" if named else ""
                self._notices.add(f"{self._path}, line {number}{which} is left out, {error}")
        return found


def read_m3u8(path: Path, guard: PathGuard, notices: Warnings) -> list[Entry]:
    """Read the songs of an M3U8, with the titles of its `#EXTINF` lines.

    Args:
        path: path of the list.
        guard: folder that paths must not leave.
        notices: collects sentences on lines that are left out.

    Raises:
        UsageError: the file does not exist, or is no text.
        EmodjError: the system cannot read the file.
    """
    songs, named = list[Entry](), ("", "")
    # Not splitlines(), which also splits at Unicode line separators
    for number, raw in enumerate(StringIO(_read_text(path), newline=None), 1):
        line = raw.strip()
        if extinf := _EXTINF.fullmatch(line):
            artist, dash, title = extinf[1].partition(" - ")
            named = (title, artist) if dash else (artist, "")
        elif line and not line.startswith("#"):
            try:
                songs.append(_parse_entry(line, "", *named, guard=guard))
            except ValueError as error:
                notices.add(f"{path}, line {number}: {quoted(line)} is left out, {error}")
            named = ("", "")
    return songs


@contextmanager
def translate_read_errors(path: Path | str) -> Generator[None]:
    """Translate errors of reading a file or folder into sentences.

    Raises:
        UsageError: the path does not exist.
        EmodjError: the system cannot read it.
    """
    where = one_line(str(path))
    try:
        yield
    # ValueError: the path has a NUL, or a letter that the system cannot encode, so no such file can exist
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise UsageError(f"there is no folder or list of songs at {where}: check the name") from error
    except OSError as error:
        raise EmodjError(
            f"cannot read {where} ({error.strerror or error}): correct this, or name another folder or list of songs"
        ) from error


def _read_text(path: Path) -> str:
    where = one_line(str(path))
    with translate_read_errors(path):
        status = path.stat()
        if S_ISDIR(status.st_mode):
            raise UsageError(f"{where} is a folder, but its name is that of a list: rename it")
        # To open a pipe would block until another program writes to it
        if not S_ISREG(status.st_mode):
            raise UsageError(f"{where} is neither a file nor a folder: name a folder of songs, an M3U8 or a CSV")
        if status.st_size > MAX_BYTES:
            raise UsageError(f"{where} has {status.st_size // 2**20} MiB, too many for a list of songs: name another file")
        data = path.read_bytes()
    try:
        # Editors on Windows write a byte order mark at the start
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{where} is no UTF-8 text (at line {line}): save it as UTF-8") from error


def _read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the number of its first line."""
    reader = csv.reader(StringIO(_read_text(path), newline=""), strict=True)
    start = 1
    try:
        for row in reader:
            if any(row):
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(
            f"{one_line(str(path))} is no CSV from line {start} on ({error}): look for a missing quote in that line"
        ) from error


def _parse_entry(path: str, url: str, title: str, artist: str, *, guard: PathGuard) -> Entry:
    """Check the cells of a line.

    Raises:
        ValueError: the line names no valid song; the message ends a sentence.
    """
    if "://" in path or path[:8].lower() == "spotify:":
        path, url = "", url or path
    if not path and not url:
        raise ValueError("it names neither a path nor a url")
    if path and not path.lower().endswith(SONG_SUFFIXES):
        raise ValueError(f"it is no song: the name of a song ends in {', '.join(SONG_SUFFIXES)}")
    return title, artist, guard.resolve(path) if path else None, parse_link(url) if url else None


class PathGuard:
    """Checks that a path stays inside a folder after symbolic links are followed.

    It reads each folder once instead of checking each file, since a list may name a hundred thousand files.

    Args:
        root: path of the folder.

    Attributes:
        root: path of the folder, absolute and without symbolic links.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._prefix = self.root.rstrip(os.sep) + os.sep
        # For each folder that was read, a function that checks a name in it
        self._checks = dict[str, "Callable[[str], bool]"]()

    def contains(self, real: str) -> bool:
        """Whether an absolute path without symbolic links is the folder, or is inside it."""
        return real == self.root or real.startswith(self._prefix)

    def resolve(self, text: str) -> str:
        """Make a path of a list absolute, relative to the folder.

        Raises:
            ValueError: the path leads out of the folder, or is invalid; the message ends a sentence.
        """
        path = self._prefix + text if _is_simple_path(text) else self._normalise(text)
        folder, _, name = path.rpartition(os.sep)
        if folder not in self._checks:
            self._checks[folder] = self._make_name_check(folder + os.sep)
        if not self._checks[folder](name):
            raise ValueError(f"it leads out of {self.root}: put the song into that folder")
        return path

    def _normalise(self, text: str) -> str:
        if "\0" in text:
            raise ValueError("a path must not contain a NUL")
        # Windows would log in to the server of such a path with the user's name
        if os.sep != "/" and is_server_path(text) and not os.path.normpath(text).lower().startswith(self._prefix.lower()):
            raise ValueError(f"it leads out of {self.root}: put the song into that folder")
        if os.sep == "/" and _WINDOWS_DRIVE.match(text):
            raise ValueError("it is a path of Windows: write a path relative to the folder of the list")
        # A list from Windows; on other systems a backslash in a name is rare
        if os.sep == "/" and "/" not in text:
            text = text.replace("\\", "/")
        return os.path.normpath(text if os.path.isabs(text) else self._prefix + text)  # noqa: PTH117 - faster than Path

    def _make_name_check(self, folder: str) -> Callable[[str], bool]:
        """Return a function that checks whether a name in this folder stays inside the guarded folder."""
        if not self.contains(os.path.realpath(folder)):
            return lambda _: False

        def target_is_inside(name: str) -> bool:
            return self.contains(os.path.realpath(folder + name))

        try:
            with os.scandir(folder) as found:
                links = frozenset(_fold_name(entry.name) for entry in found if entry.is_symlink())
        except OSError:
            # The folder does not exist, or cannot be listed
            return target_is_inside
        # Folded names, since many disks treat names as equal that differ in case or in Unicode normalisation
        return lambda name: not links or _fold_name(name) not in links or target_is_inside(name)


def is_server_path(text: str) -> bool:
    r"""Whether a path of Windows names a device or another computer, as in `\\server\music`."""
    return text.replace("/", "\\").startswith(("\\\\", "\\??\\"))


def _fold_name(name: str) -> str:
    return unicodedata.normalize("NFKD", name.casefold()).casefold()


def _is_simple_path(text: str) -> bool:
    """Whether a path is relative and needs no normalisation. A fast check, since most paths are so."""
    if text[0] in "./" or os.sep != "/":
        return False
    return "/." not in text and "//" not in text and "\\" not in text and "\0" not in text and ":" not in text
