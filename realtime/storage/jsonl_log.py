"""A log with one JSON document on each line; every line is complete, however the session ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from realtime.printable import escape_json
from realtime.storage.append_file import RESERVE, AppendFile

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

CHECK_EVERY = 64
"""Lines between two checks of the free space on the disk."""

LABEL = "the log"


class JsonlLog:
    """Writes a new file that only its owner can read. Once open it raises no disk error: a failure ends only the log.

    A log without a line is removed when it is closed.

    Args:
        path: path of the new file.
        reserve: bytes that stay free on the disk.

    Raises:
        UsageError: the path exists already, is a folder, or lies in a folder that does not exist.
        EmodjError: the disk refuses, or is nearly full.
    """

    def __init__(self, path: Path, *, reserve: int = RESERVE) -> None:
        self._file = AppendFile(path, LABEL, reserve=reserve)
        self._lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, document: dict[str, Any]) -> None:
        """Add a line in UTF-8; does nothing after the log has ended. A kill of the process loses none of the lines before.

        Raises:
            ValueError: the document holds a number that JSON cannot express, such as NaN: an error in the program.
        """
        line = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._lines += self._file.append(f"{escape_json(line)}\n".encode())
        if self._lines % CHECK_EVERY == 0:
            self._file.check_disk()
        if self._file.ended:
            self._file.close()

    def problem(self) -> str | None:
        """Why the log has ended early; returned once, then None."""
        return self._file.problem()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()
