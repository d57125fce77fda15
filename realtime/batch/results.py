"""The table of a batch as one file, written whole or not at all: Parquet, CSV or JSON lines."""

from __future__ import annotations

import csv
import io
import os
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, Any, Protocol

from realtime.batch.rows import ERROR, NO_FACE, ROW_COLUMNS, encode_rows
from realtime.errors import EmodjError, UsageError
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from realtime.batch.rows import Row

SUFFIXES = (".parquet", ".csv", ".jsonl")
MOST_ERRORS = 20
"""As many sentences of errors are kept to be shown; the table has all of them."""


@dataclass(slots=True)
class BatchTotals:
    """What a table holds.

    Attributes:
        files: pictures and films in it.
        failed: those of them that have an error.
        faces: rows of faces.
        unsure: those of them whose expression is not sure.
        errors: the first sentences of errors.
    """

    files: int = 0
    failed: int = 0
    faces: int = 0
    unsure: int = 0
    errors: list[str] = field(default_factory=list[str])

    def add(self, rows: Sequence[Row]) -> None:
        """Count rows."""
        for row in rows:
            if row["status"] == ERROR:
                self.failed += 1
                if len(self.errors) < MOST_ERRORS:
                    self.errors.append(row["error"])
            elif row["status"] != NO_FACE:
                self.faces += 1
                self.unsure += row["unsure"]


class TableWriter(Protocol):
    """Writes rows in one format."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Write what is left; the caller closes the file."""
        ...


def check_output(path: Path) -> None:
    """Check that a table can be written.

    Raises:
        UsageError: its name has no suffix of `SUFFIXES`, its folder does not exist, or it is a folder itself.
        EmodjError: the suffix is `.parquet`, and pyarrow is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"cannot write {path}: the name of a table ends in .parquet, .csv or .jsonl")
    if os.path.isdir(path):  # noqa: PTH112 - never raises
        raise UsageError(f"{path} is a folder: add the name of a file for the table")
    if not os.path.isdir(path.parent):  # noqa: PTH112 - never raises
        raise UsageError(f"cannot write {path}: no such folder: {path.parent}")
    if path.suffix.lower() == ".parquet" and find_spec("pyarrow") is None:
        raise EmodjError(
            f"cannot write {path}: a Parquet file needs pyarrow: pip install 'emodj[batch]', or name a .csv or .jsonl"
        )


def write_results(path: Path, parts: Iterable[tuple[int, list[Row]]]) -> BatchTotals:
    """Write a table; what has its path is replaced at the very end. Only its owner can read it.

    Args:
        path: ends in one of `SUFFIXES`.
        parts: rows in their order, each with the place of its file.

    Raises:
        EmodjError: the disk refuses.
    """
    totals, before = BatchTotals(), -1
    with (
        atomic.replacing(path, advice="make room, or choose another --output") as file,
        # An exception must not leave a writer that ends its file later
        closing(_open_writer(path.suffix.lower(), file)) as writer,
    ):
        for number, rows in parts:
            totals.files += number != before
            before = number
            totals.add(rows)
            writer.write(rows)
    return totals


def _open_writer(suffix: str, file: IO[bytes]) -> TableWriter:
    if suffix == ".parquet":
        # An extra of 40 MB
        from realtime.batch.parquet import ParquetWriter

        return ParquetWriter(file)
    return CsvWriter(file) if suffix == ".csv" else JsonLinesWriter(file)


class JsonLinesWriter:
    """A JSON object a line, with all columns; UTF-8."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        self._file.write(encode_rows(rows))

    def close(self) -> None:
        """Nothing is left."""


class CsvWriter:
    """A line of names, then a line a row (RFC 4180): commas, quotes where a text needs them; UTF-8.

    A missing value is an empty field, a truth `true` or `false`. No text of a row is empty.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._file, lineterminator="\r\n")
        self._writer.writerow(ROW_COLUMNS)

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        self._writer.writerows([[_csv_value(value) for value in row.values()] for row in rows])

    def close(self) -> None:
        """Leave the file to its caller."""
        self._file.detach()


def _csv_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
