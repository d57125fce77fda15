"""Read a table of a batch back: its rows, whichever of the three formats it has."""

from __future__ import annotations

import csv
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from realtime.batch.results import SUFFIXES
from realtime.batch.rows import ROW_COLUMNS
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from realtime.batch.rows import Row

_MOST_LINE = 2**22
"""Characters of a line of JSON: a row has some hundreds."""


def is_table(path: Path) -> bool:
    """Whether a file is named as a table and, where a log may have the name, too, begins as one. It may be missing."""
    if path.suffix.lower() != ".jsonl":
        return path.suffix.lower() in SUFFIXES
    try:
        with path.open("rb") as file:
            return file.read(64).startswith(b'{"source":')
    except (OSError, ValueError):
        return False


def read_table(path: Path) -> Iterator[Row]:
    """The rows of a table, in their order; columns that are unknown are left out.

    Args:
        path: ends in one of `results.SUFFIXES`.

    Raises:
        UsageError: it does not exist, or is a folder.
        EmodjError: it cannot be read, is no table of a batch, or is Parquet and pyarrow is not installed.
    """
    with _explained(path):
        rows = {".csv": _csv_rows, ".jsonl": _json_rows}.get(path.suffix.lower(), _parquet_rows)(path)
        for row in rows:
            yield {name: row[name] for name in ROW_COLUMNS}


def _json_rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        while line := file.readline(_MOST_LINE):
            row = json.loads(line)
            if not isinstance(row, dict):
                raise TypeError(row)
            yield row


def _csv_rows(path: Path) -> Iterator[Row]:
    convert: dict[str, Callable[[str], Any]] = {
        "string": str,
        "bigint": int,
        "double": float,
        "boolean": {"true": True, "false": False}.__getitem__,
    }
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if not ROW_COLUMNS.keys() <= set(reader.fieldnames or ()):
            raise KeyError(path)
        for row in reader:
            yield {name: None if row[name] == "" else convert[kind](row[name]) for name, kind in ROW_COLUMNS.items()}


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        from realtime.batch.parquet import read_rows
    except ModuleNotFoundError as error:
        raise EmodjError(f"cannot read {path}: a Parquet file needs pyarrow: pip install 'emodj[batch]'") from error
    return read_rows(path)


@contextmanager
def _explained(path: Path) -> Generator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}") from error
    except OSError as error:
        if path.is_dir():
            raise UsageError(f"{path} is a folder: name a table of emodj batch") from error
        raise EmodjError(f"cannot read {path} ({error.strerror or error})") from error
    except (ValueError, TypeError, KeyError, csv.Error) as error:
        raise EmodjError(f"{path} is no table of emodj batch, or it is damaged") from error
