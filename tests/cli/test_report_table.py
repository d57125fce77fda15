"""`emodj report` of a table of `emodj batch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.batch.results import SUFFIXES, write_results
from realtime.batch.rows import face_rows
from realtime.domain import Box, Face

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]

FACE = Face(Box(1, 2, 30, 40), (0.1, 0.0, 0.0, 0.9, 0.0, 0.0, 0.0))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_table_becomes_a_page(suffix: str, emodj: Run, tmp_path: Path) -> None:
    table = tmp_path / f"t{suffix}"
    write_results(table, [(0, face_rows("a.jpg", [FACE]))])
    ended = emodj("report", table)
    assert (ended.returncode, ended.stdout) == (0, f"{tmp_path / 't.html'}\n"), ended.stderr
    assert "Most faces looked happy" in (tmp_path / "t.html").read_text(encoding="utf-8")


def test_a_picture_of_a_table_and_a_damaged_table_are_refused(emodj: Run, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    write_results(table, [(0, face_rows("a.jpg", [FACE]))])
    refused = emodj("report", table, "-o", tmp_path / "t.png")
    assert (refused.returncode, refused.stderr) == (
        2,
        f"emodj: a table of emodj batch is drawn as a page alone, not as {tmp_path / 't.png'}: name a .html\n",
    )
    table.write_bytes(table.read_bytes().replace(b"happy,", b"furious,"))
    damaged = emodj("report", table)
    assert (damaged.returncode, damaged.stderr) == (1, f"emodj: {table} is no table of emodj batch, or it is damaged\n")
    assert list(tmp_path.iterdir()) == [table]
