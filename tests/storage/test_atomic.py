"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from realtime.errors import EmodjError
from realtime.storage import atomic

if TYPE_CHECKING:
    from pathlib import Path


def test_files_are_written_together(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    atomic.write({tmp_path / "a": b"new", tmp_path / "b": b"other"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"new", "b": b"other"}


def test_if_one_file_cannot_be_written_no_file_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(EmodjError, match=r"^cannot write .*a and .*b \(No such file or directory\): choose another place$"):
        atomic.write({tmp_path / "a": b"new", tmp_path / "missing" / "b": b"other"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old"}


@pytest.mark.parametrize(("private", "mode"), [(False, 0o640), (True, 0o600)])
def test_only_a_private_file_has_private_permissions(tmp_path: Path, private: bool, mode: int) -> None:  # noqa: FBT001
    before = os.umask(0o027)
    try:
        atomic.write({tmp_path / "a": b"new"}, private=private)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode
