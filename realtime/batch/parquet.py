"""The table as Parquet: the one module that knows pyarrow, which the extra `batch` installs."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import pyarrow as pa
from pyarrow import parquet

from realtime.batch.rows import ROW_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realtime.batch.rows import Row

GROUP_ROWS = 20_000
"""Rows that are written together: about 10 MB of memory."""

_TYPES = {"string": pa.string(), "bigint": pa.int64(), "double": pa.float64(), "boolean": pa.bool_()}
SCHEMA = pa.schema([(name, _TYPES[kind]) for name, kind in ROW_COLUMNS.items()])


class ParquetWriter:
    """Writes rows in groups; missing values are null.

    Args:
        file: binary; the caller closes it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._writer = parquet.ParquetWriter(file, SCHEMA, compression="zstd")
        self._rows: list[Row] = []

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        self._rows.extend(rows)
        if len(self._rows) >= GROUP_ROWS:
            self._write_group()

    def close(self) -> None:
        """Write the last group and the end of the file."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
            self._rows = []


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a table, some at a time in memory.

    Raises:
        ValueError: it is no Parquet file, or is damaged.
        KeyError: a column is missing.
        OSError: it cannot be read.
    """
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(GROUP_ROWS):
            yield from batch.to_pylist()
