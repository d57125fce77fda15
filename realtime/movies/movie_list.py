"""Read a list of movies: a CSV with the columns mood, title, year, and maybe genres, country, valence and arousal."""

from __future__ import annotations

import csv
import errno
import re
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from realtime.errors import EmodjError, UsageError
from realtime.mood.affect import POINTS, Point
from realtime.movies.catalog import FIRST_YEAR, LAST_YEAR, Movie
from realtime.music.catalog import CALM
from realtime.music.local.song_lists import Warnings
from realtime.music.songs import parse_expression
from realtime.printable import clean_text, one_line, quoted
from realtime.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realtime.domain import Expression

LIFT = "lift"
"""Name in the column mood of a movie that matches no mood and only lifts."""
MAX_BYTES = 2 * 10**6
"""Maximum size of a list, in bytes; ten thousand movies take six hundred thousand."""

_REQUIRED = ("mood", "title", "year")
_COLUMNS = (*_REQUIRED, "genres", "country", "valence", "arousal")
_MAX_GENRES = 10
_UNUSABLE = {errno.EFBIG, errno.EINVAL}
_YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class MovieList:
    """The movies of a list: at least one.

    Attributes:
        movies: in the order of the rows.
        notices: sentences on rows that were left out.
    """

    movies: tuple[Movie, ...]
    notices: tuple[str, ...] = ()


def read_movies(path: Path) -> MovieList:
    """Read a list of movies. A row that names no valid movie is left out, with a notice.

    Args:
        path: path of a CSV in UTF-8.

    Raises:
        UsageError: the file does not exist, is larger than `MAX_BYTES`, is no CSV, lacks a column, or names no movie.
        EmodjError: the system cannot read the file.
    """
    where, notices, movies = one_line(str(path)), Warnings(), list[Movie]()
    rows = _read_rows(_read_text(path), where)
    first, header = next(rows, (1, list[str]()))
    names = [name.strip().lower() for name in header]
    if missing := [name for name in _REQUIRED if name not in names]:
        raise UsageError(
            f"{where} has no column {' and no column '.join(missing)}: line {first} has to name the columns, with commas "
            f"between them, as in {','.join(_COLUMNS[:5])}, and reads {quoted(','.join(header))}"
        )
    places = {name: names.index(name) for name in _COLUMNS if name in names}
    for number, row in rows:
        cells = {name: row[place].strip() if place < len(row) else "" for name, place in places.items()}
        try:
            movies.append(_parse_movie(cells))
        except ValueError as error:
            notices.add(f"{where}, line {number} is left out: {error}")
    if not movies:
        why = "; ".join(notices.all()) or "each line below the first names one"
        raise UsageError(f"there is no movie in {where}: {why}")
    return MovieList(tuple(movies), notices.all())


def _parse_movie(cells: dict[str, str]) -> Movie:
    """Check the cells of a row.

    Raises:
        ValueError: the row names no valid movie; the message is a sentence.
    """
    mood = _parse_mood(cells["mood"])
    title = clean_text(cells["title"])
    if title is None:
        raise ValueError("it has no title")
    year = cells["year"]
    if not _YEAR.fullmatch(year) or not FIRST_YEAR <= int(year) <= LAST_YEAR:
        raise ValueError(f"a year is a number from {FIRST_YEAR} to {LAST_YEAR}, not {quoted(year)}")
    genres = (clean_text(genre) for genre in re.split("[;|]", cells.get("genres", ""), maxsplit=_MAX_GENRES)[:_MAX_GENRES])
    usual = CALM if mood is None else POINTS[mood]
    point = Point(
        _parse_coordinate("valence", cells.get("valence", ""), usual.valence),
        _parse_coordinate("arousal", cells.get("arousal", ""), usual.arousal),
    )
    return Movie(title, int(year), tuple(genre for genre in genres if genre), clean_text(cells.get("country")), point, mood)


def _parse_mood(text: str) -> Expression | None:
    if text.lower() == LIFT:
        return None
    try:
        return parse_expression(text)
    except ValueError as error:
        raise ValueError(f"{error}, and {LIFT} for a movie that only lifts") from error


def _parse_coordinate(name: str, text: str, usual: float) -> float:
    if not text:
        return usual
    try:
        value = float(text)
    except ValueError as error:
        raise ValueError(f"{name} is a number from -1 to 1, not {quoted(text)}") from error
    if not -1 <= value <= 1:
        raise ValueError(f"{name} is a number from -1 to 1, not {quoted(text)}")
    return value


def _read_text(path: Path) -> str:
    where = one_line(str(path))
    try:
        data = read_file(path, MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"there is no list of movies at {where}: check the name") from error
    except OSError as error:
        # Windows refuses to open a folder as if it were a question of rights
        if path.is_dir():
            raise UsageError(f"{where} is a folder: name the CSV in it") from error
        kind = UsageError if error.errno in _UNUSABLE else EmodjError
        raise kind(f"cannot read the list of movies {where} ({error.strerror or error}): name another file") from error
    try:
        # Editors on Windows write a byte order mark at the start
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{where} is no UTF-8 text (at line {line}): save it as UTF-8") from error


def _read_rows(text: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the number of its first line."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for row in reader:
            if any(row):
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(f"{where} is no CSV from line {start} on ({error}): look for a missing quote in that line") from error
