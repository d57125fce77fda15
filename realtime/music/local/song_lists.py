"""Read M3U8 and CSV lists of songs, as players and people write them, within bounds."""

from __future__ import annotations

import codecs
import csv
import os
from contextlib import contextmanager
from io import BytesIO, TextIOWrapper
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.music.links import parse_link
from realtime.music.local.path_guard import FILE_SCHEME
from realtime.music.songs import parse_expression
from realtime.printable import one_line, quoted
from realtime.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from realtime.music.local.path_guard import PathGuard

SONG_SUFFIXES = (".mp3", ".ogg", ".opus", ".flac", ".wav")
"""Suffixes of song files, in lower case; a file name may have them in upper case too."""
M3U8_SUFFIX = ".m3u8"
"""Suffix of a list that is UTF-8 by its definition; one that ends in .m3u may have any encoding."""
M3U_SUFFIXES = (M3U8_SUFFIX, ".m3u")
CSV_SUFFIX = ".csv"
MAX_BYTES = 16 * 10**6
"""Maximum size of a list, in bytes; a hundred thousand songs take ten million."""
MAX_SONGS = 100_000
"""Songs of a list that are used; the others are left out."""
MAX_LINES = 3 * MAX_SONGS
"""Lines of a list that are read; a song may have three: title, path, and an empty one."""
MAX_LINE = 10_000
"""Maximum length of a title or path in a list, in characters; paths of Linux have 4,096 bytes at most."""
_MAX_ROW = 10 * MAX_LINE
_MAX_COLUMNS = 100
_MAX_SENTENCES = 3
_COLUMNS = ("mood", "path", "url", "title", "artist")
_EXTINF = "#EXTINF:"
# The mark of UTF-32 begins with that of UTF-16
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOODS = {each.value: each for each in EXPRESSIONS}

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

    @property
    def full(self) -> bool:
        """Whether further sentences are only counted."""
        return self.count >= _MAX_SENTENCES

    def add(self, sentence: str) -> None:
        """Add a warning."""
        if not self.full:
            self._sentences.append(one_line(sentence))
        self.count += 1

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
        EmodjError: the system cannot read the file, or the file is too large.
    """

    def __init__(self, path: Path, notices: Warnings, *, with_moods: bool = True) -> None:
        self._path = path
        self._notices = notices
        # Line, path, url, title and artist of each row
        self._rows_by_mood = dict[Expression | None, list[tuple[int, str, str, str, str]]]()
        rows = _read_rows(path)
        _, header = next(rows, (0, list[str]()))
        names = [name.strip().lower() for name in header]
        _check_columns(path, names, header, with_moods=with_moods)
        columns = {name: names.index(name) for name in ("mood", "path", "url", "title", "artist") if name in names}
        for count, (number, row) in enumerate(rows):
            if count >= MAX_SONGS or number > MAX_LINES:
                notices.add(_too_long_sentence(path, number))
                break
            cells = {name: row[index] if index < len(row) else "" for name, index in columns.items()}
            try:
                mood = _parse_mood(cells.get("mood", ""), notices) if with_moods else None
            except ValueError as error:
                notices.add(f"{path}, line {number} is left out: {error}")
            else:
                path_cell, url, title, artist = (cells.get(name, "") for name in ("path", "url", "title", "artist"))
                self._rows_by_mood.setdefault(mood, []).append((number, path_cell, url, title, artist))

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
        for number, path, url, title, artist in self._rows_by_mood.get(mood, ()):
            try:
                found.append(_parse_entry(path.strip(), url.strip(), title, artist, guard=guard))
            except ValueError as error:
                which = f": {quoted(path or url)}" if path or url else ""
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
        EmodjError: the system cannot read the file, or the file is too large.
    """
    songs, named = list[Entry](), ("", "")
    # A text stream splits at CR, LF and both, and not at Unicode line separators as splitlines() does
    with _open_text(path, newline=None) as lines:
        for number, raw in enumerate(lines, 1):
            if number > MAX_LINES or len(songs) >= MAX_SONGS:
                notices.add(_too_long_sentence(path, number))
                break
            line = raw.strip()
            if line.startswith("#"):
                named = _parse_extinf(line) or named
                if _may_be_song(line, path):
                    notices.add(f"{path}, line {number}: {quoted(line)} is read as a comment: write {quoted(f'./{line}')}")
            elif line:
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


def _may_be_song(line: str, source: Path) -> bool:
    """Whether a comment of a list is the name of a song that begins with #."""
    return (
        len(line) <= MAX_LINE
        and line.lower().endswith(SONG_SUFFIXES)
        # It never raises
        and os.path.isfile(source.parent / line)  # noqa: PTH113
    )


def _parse_extinf(line: str) -> tuple[str, str] | None:
    """Title and artist of a line `#EXTINF:215 key="value",Artist - Title`; None for any other comment."""
    if len(line) > MAX_LINE or line[: len(_EXTINF)].upper() != _EXTINF:
        return None
    # Every other part is in quotes
    parts = line[len(_EXTINF) :].split('"')
    outside = next((number for number in range(0, len(parts), 2) if "," in parts[number]), 0)
    text = '"'.join(parts[outside:]).partition(",")[2]
    artist, dash, title = text.partition(" - ")
    return (title, artist) if dash else (artist, "")


def _parse_mood(text: str, notices: Warnings) -> Expression:
    if (mood := _MOODS.get(text.strip().lower())) is not None:
        return mood
    if notices.full:
        # The search for the nearest name takes as long as a hundred rows
        raise ValueError("unknown mood")
    return parse_expression(text)


def _parse_entry(path: str, url: str, title: str, artist: str, *, guard: PathGuard) -> Entry:
    """Check the cells of a line.

    Raises:
        ValueError: the line names no valid song; the message ends a sentence.
    """
    if not path and url[: len(FILE_SCHEME)].lower() == FILE_SCHEME:
        path, url = url, ""
    if max(len(path), len(url)) > MAX_LINE:
        raise ValueError(f"it is longer than {MAX_LINE} characters")
    if _is_link(path):
        path, url = "", url or path
    if not path and not url:
        raise ValueError("it names neither a path nor a url")
    if path and not path.lower().endswith(SONG_SUFFIXES):
        raise ValueError(f"it is no song: the name of a song ends in {', '.join(SONG_SUFFIXES)}")
    return title, artist, guard.resolve(path) if path else None, parse_link(url) if url else None


def _is_link(path: str) -> bool:
    return ("://" in path and path[: len(FILE_SCHEME)].lower() != FILE_SCHEME) or path[:8].lower() == "spotify:"


def _check_columns(path: Path, names: list[str], header: list[str], *, with_moods: bool) -> None:
    where = one_line(str(path))
    if len(names) > _MAX_COLUMNS:
        raise UsageError(f"{where} has {len(names)} columns, too many for a list of songs: name another file")
    twice = [name for name in _COLUMNS if names.count(name) > 1]
    if twice:
        raise UsageError(f"{where} has several columns {twice[0]}, and it is not clear which one counts: rename the others")
    missing = [
        *(["mood"] if with_moods and "mood" not in names else []),
        *([] if {"path", "url"} & {*names} else ["path or url"]),
    ]
    if missing:
        raise UsageError(
            f"{where} has no column {' and no column '.join(missing)}: its first line has to name the "
            f"columns, with commas between them, as in mood,path,url,title,artist, and reads {quoted(','.join(header))}"
        )


def _read_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the number of its first line."""
    start = 1
    with _open_text(path, newline="") as stream:
        lines = _RowLines(stream)
        reader = csv.reader(lines, strict=True)
        try:
            for row in reader:
                lines.start_row()
                if any(row):
                    yield start, row
                start = reader.line_num + 1
        except csv.Error as error:
            raise UsageError(
                f"{one_line(str(path))} is no CSV from line {start} on ({error}): look for a missing quote in that line"
            ) from error


class _RowLines:
    """Yields the lines of a CSV; a row may have several. Ends with an error where a row is too long: it would take much memory.

    Args:
        stream: the text.

    Raises:
        csv.Error: a row has more than a hundred thousand characters.
    """

    def __init__(self, stream: TextIOWrapper) -> None:
        self._stream = stream
        self._length = 0

    def start_row(self) -> None:
        """Count from here: a row has ended."""
        self._length = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(_MAX_ROW + 1)
        self._length += len(line)
        if self._length > _MAX_ROW:
            raise csv.Error(f"it is longer than {_MAX_ROW} characters")
        if not line:
            raise StopIteration
        return line


def _open_text(path: Path, *, newline: str | None) -> TextIOWrapper:
    where = one_line(str(path))
    with translate_read_errors(path):
        mode = path.stat().st_mode
        if S_ISDIR(mode):
            raise UsageError(f"{where} is a folder, but its name is that of a list: rename it")
        if not S_ISREG(mode):
            raise UsageError(f"{where} is neither a file nor a folder: name a folder of songs, an M3U8 or a CSV")
        data = read_file(path, MAX_BYTES)
    encoding = _find_encoding(data)
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        if path.suffix.lower() in {M3U8_SUFFIX, CSV_SUFFIX} or encoding != "utf-8":
            line = error.object[: error.start].count(b"\n") + 1
            name = encoding.removesuffix("-sig").upper()
            raise UsageError(f"{where} is no {name} text (at line {line}): save it as UTF-8") from error
        from realtime.music.local.code_pages import guess_code_page

        encoding = guess_code_page(data)
    return TextIOWrapper(BytesIO(data), encoding, "replace", newline)


def _find_encoding(data: bytes) -> str:
    """UTF-8, or what the first bytes say: editors on Windows write a mark there, and Music on a Mac writes UTF-16."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    # Without a mark: the first character of a list is in ASCII nearly always
    if data.startswith(b"\0"):
        return "utf-16-be"
    return "utf-16-le" if data[1:2] == b"\0" else "utf-8"


def _too_long_sentence(path: Path, number: int) -> str:
    return f"{path} is too long: all from line {number} on is left out"
