"""`realtime.read_rows`, and the functions of docs/guide/batch.md that hand it to Ray and to Spark."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import realtime
from realtime import ROW_COLUMNS, AssetError, read_rows
from tests.support.batch_readers import write_clip
from tests.support.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "guide" / "batch.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"^```py\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_rows_are_those_of_the_faces(portrait: Path) -> None:
    (row,) = read_rows(portrait)
    (face,) = realtime.read_faces(portrait)
    assert list(row) == list(ROW_COLUMNS)
    assert (row["source"], row["status"]) == (str(portrait), "ok")
    assert (row["left"], row["top"], row["expression"]) == (face.box.left, face.box.top, face.expression.value)
    assert row["confidence"] == pytest.approx(face.confidence, abs=5e-5)


def test_a_film_is_read_whole_or_every_so_many_seconds(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "a.avi", 12)
    assert [row["frame"] for row in read_rows(film)] == list(range(12))
    assert [row["frame"] for row in read_rows(film, every=0.5)] == [0, 5, 10]


def test_a_file_that_cannot_be_read_raises_nothing(tmp_path: Path) -> None:
    (row,) = read_rows(tmp_path / "none.jpg")
    assert (row["status"], row["error"]) == ("error", f"no such file: {tmp_path / 'none.jpg'}")


@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf")])
def test_a_wrong_argument_is_an_error(every: float, portrait: Path) -> None:
    with pytest.raises(ValueError, match="every is a number of seconds above 0"):
        read_rows(portrait, every=every)


def test_a_missing_network_is_an_error(portrait: Path, tmp_path: Path) -> None:
    with pytest.raises(AssetError):
        read_rows(portrait, network=tmp_path / "none.json")


def test_threads_read_at_the_same_time(portrait: Path) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(read_rows(portrait))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [read_rows(portrait)] * 3


def test_the_functions_for_ray_and_spark_give_all_columns(portrait: Path, tmp_path: Path) -> None:
    paths = [str(portrait), str(tmp_path / "none.jpg")]
    ray, spark = (_read_of(program) for program in PROGRAMS)
    expected = [row for path in paths for row in read_rows(path)]
    for frame in (ray(pd.DataFrame({"path": paths})), *spark(iter([pd.DataFrame({"value": paths})]))):
        assert list(frame.columns) == list(ROW_COLUMNS)
        assert frame.astype(object).where(frame.notna(), None).to_dict("records") == expected
    assert all(len(program.splitlines()) <= 14 for program in PROGRAMS)


def _read_of(program: str) -> Any:
    """The function `read` of an example, without the library around it."""
    (function,) = re.findall(
        r"^def read.*?(?=^\S)", program.partition("def read")[1] + program.partition("def read")[2], re.MULTILINE | re.DOTALL
    )
    names: dict[str, Any] = {"pd": pd, "read_rows": read_rows, "ROW_COLUMNS": ROW_COLUMNS}
    exec(compile(function, "batch.md", "exec"), names)  # noqa: S102 - it is our page
    return names["read"]


def test_the_schema_for_spark_is_sql() -> None:
    import duckdb

    schema = ", ".join(f'"{name}" {kind}' for name, kind in ROW_COLUMNS.items())
    duckdb.connect().execute(f"create table faces ({schema})")
