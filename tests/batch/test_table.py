"""A table is read back, whichever format it has; anything else is one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.batch.results import SUFFIXES, write_results
from realtime.batch.rows import error_row, face_rows
from realtime.batch.table import is_table, read_table
from realtime.domain import Box, Face
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

FACE = Face(Box(1, 2, 30, 40), (0.1, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0), track=3, reason="too dark")
ROWS = [*face_rows("a,b.jpg", [FACE, FACE]), *face_rows("film.mkv", [], 3, 0.5), error_row("c.jpg", 'it is "damaged"\nreally')]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_rows_are_those_that_were_written(suffix: str, tmp_path: Path) -> None:
    table = tmp_path / f"t{suffix}"
    write_results(table, [(0, ROWS)])
    assert is_table(table)
    assert list(read_table(table)) == ROWS


def test_a_log_of_a_session_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"schema": 1, "t": 0.0}\n', encoding="utf-8")
    assert [is_table(tmp_path / name) for name in ("log.jsonl", "none.jsonl", "film.mkv", "t.csv")] == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "content", [b"no table at all\n1,2\n", b'{"source": 1}\n', b"[1]\n", b"PAR1\xff\x00", b"\xff\xfe\n\xff"]
)
def test_another_file_is_refused(suffix: str, content: bytes, tmp_path: Path) -> None:
    table = tmp_path / f"t{suffix}"
    table.write_bytes(content)
    with pytest.raises(EmodjError, match="is no table of emodj batch, or it is damaged") as refused:
        list(read_table(table))
    assert refused.value.status == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_missing_table_and_a_folder_are_said(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        list(read_table(tmp_path / f"t{suffix}"))
    (tmp_path / f"d{suffix}").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        list(read_table(tmp_path / f"d{suffix}"))
