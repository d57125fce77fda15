"""The same table in three formats, read back by pandas and DuckDB."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest

from realtime.batch.results import MOST_ERRORS, SUFFIXES, check_output, write_results
from realtime.batch.rows import ROW_COLUMNS, error_row, face_rows, source_text
from realtime.domain import Box, Face
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.machinery import ModuleSpec
    from pathlib import Path

FACE = Face(Box(1, 2, 30, 40), (0.1, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0), track=3)
UNSURE = Face(Box(5, 6, 7, 8), (0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1), reason="too dark")
ROWS = [
    *face_rows("a,b.jpg", [FACE, UNSURE]),
    *face_rows('"quoted"\nand more.jpg', []),
    # A name can hold an end of a line of another kind than that of the table
    *face_rows("\ra\rb.jpg\r", []),
    error_row("é漢.jpg", 'no such file: "é漢.jpg", really'),
    error_row(source_text("caf\udce9.jpg"), "true"),
    *face_rows("film.mkv", [FACE], 0, 0.0),
    *face_rows("film.mkv", [], 1, 0.04),
]
PANDAS = {"string": "string", "bigint": "Int64", "double": "Float64", "boolean": "boolean"}


def parts() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    yield 0, ROWS[:2]
    yield 1, ROWS[2:3]
    yield 2, ROWS[3:4]
    yield 3, ROWS[4:5]
    yield 4, ROWS[5:6]
    yield 5, ROWS[6:7]
    yield 5, ROWS[7:]


def by_pandas(path: Path) -> list[dict[str, Any]]:
    types: Any = {name: PANDAS[kind] for name, kind in ROW_COLUMNS.items()}
    if path.suffix == ".csv":
        # An empty field is a missing value, and the text "NA" is none
        frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
    elif path.suffix == ".jsonl":
        frame = pd.read_json(path, lines=True, dtype=types)
    else:
        frame = pd.read_parquet(path)
    frame = frame.astype(types).astype(object)
    return frame.where(frame.notna(), None).to_dict("records")


def by_duckdb(path: Path) -> tuple[list[dict[str, Any]], dict[str, str]]:
    found = duckdb.connect().sql(f"select * from '{path}'")  # noqa: S608 - a path of this test
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    return rows, {name: str(kind) for name, kind in zip(found.columns, found.types, strict=True)}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_pandas_and_duckdb_read_the_rows_back(suffix: str, tmp_path: Path) -> None:
    table = tmp_path / f"t{suffix}"
    totals = write_results(table, parts())
    assert (totals.files, totals.failed, totals.faces, totals.unsure) == (6, 2, 3, 1)
    assert totals.errors == [ROWS[4]["error"], "true"]
    assert by_pandas(table) == ROWS
    rows, types = by_duckdb(table)
    assert rows == ROWS
    names = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}
    assert types == {name: names[kind] for name, kind in ROW_COLUMNS.items()}


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    for suffix in (".csv", ".parquet"):
        write_results(tmp_path / f"t{suffix}", [])
        assert by_duckdb(tmp_path / f"t{suffix}")[1].keys() == ROW_COLUMNS.keys()
    write_results(tmp_path / "t.jsonl", [])
    assert (tmp_path / "t.jsonl").read_bytes() == b""


def test_only_the_first_errors_are_kept(tmp_path: Path) -> None:
    totals = write_results(tmp_path / "t.csv", ((n, [error_row(f"{n}.jpg", f"error {n}")]) for n in range(50)))
    assert totals.failed == 50
    assert totals.errors == [f"error {n}" for n in range(MOST_ERRORS)]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_error_leaves_the_old_table(suffix: str, tmp_path: Path) -> None:
    table = tmp_path / f"t{suffix}"
    table.write_bytes(b"old")

    def broken() -> Iterator[tuple[int, list[dict[str, Any]]]]:
        yield 0, ROWS[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_results(table, broken())
    assert table.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [table]
    write_results(table, parts())
    if os.name != "nt":
        assert table.stat().st_mode & 0o777 == 0o600


def test_a_place_that_takes_no_table_is_said(tmp_path: Path) -> None:
    for name, sentence in (
        ("t.txt", "ends in .parquet, .csv or .jsonl"),
        ("none/t.csv", "no such folder"),
        ("d.csv", "is a folder"),
    ):
        (tmp_path / "d.csv").mkdir(exist_ok=True)
        with pytest.raises(UsageError, match=sentence):
            check_output(tmp_path / name)


def test_without_pyarrow_the_way_to_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec

    def without_pyarrow(name: str) -> ModuleSpec | None:
        return None if name == "pyarrow" else found(name)

    monkeypatch.setattr("realtime.batch.results.find_spec", without_pyarrow)
    with pytest.raises(EmodjError, match=r"needs pyarrow: pip install 'emodj\[batch\]', or name a .csv or .jsonl"):
        check_output(tmp_path / "t.parquet")
    check_output(tmp_path / "t.csv")
