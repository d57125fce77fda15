"""Which streams a person reads or types at."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from realtime.cli.console import is_terminal


def test_files_pipes_and_texts_are_no_terminal(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w", encoding="utf-8") as file, Path(os.devnull).open(encoding="utf-8") as null:
        # On Windows `isatty` is true of the null device
        assert [is_terminal(stream) for stream in (file, null, io.StringIO(), io.BytesIO())] == [False] * 4
    assert not is_terminal(file), "a closed stream"


def test_a_pseudo_terminal_is_one() -> None:
    pty = pytest.importorskip("pty", reason="Windows has none")
    controller, terminal = pty.openpty()
    with os.fdopen(terminal) as stream:
        assert is_terminal(stream)
    os.close(controller)
