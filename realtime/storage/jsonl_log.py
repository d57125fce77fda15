"""A log of documents: one line of JSON each, whole whatever happens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from realtime.storage.append_file import RESERVE, AppendFile

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

LOOK_EVERY = 64
"""Lines between two looks at the free space of the disk."""

WHAT = "the log"


class JsonlLog:
    """Writes a new file, readable by its owner alone. Once open it raises nothing: a failure ends the log, not the session.

    A log without a line is removed when it is closed.

    Args:
        path: of a file that does not exist.
        reserve: bytes that are left free on the disk.

    Raises:
        UsageError: the file is there already, is a folder, or stands in a folder that does not exist.
        EmodjError: the disk refuses, or is nearly full.
    """

    def __init__(self, path: Path, *, reserve: int = RESERVE) -> None:
        self._file = AppendFile(path, WHAT, reserve=reserve)
        self._lines = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, document: dict[str, Any]) -> None:
        """Add a line in UTF-8; nothing after the log has ended. A kill of the process loses no line before it.

        Raises:
            ValueError: the document holds a number that JSON has not, as NaN: an error in the program.
        """
        line = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"
        # A name may hold bytes that are no text: JSON has an escape for what Python reads them as
        self._lines += self._file.append(line.encode(errors="backslashreplace"))
        if self._lines % LOOK_EVERY == 0:
            self._file.check_disk()
        if self._file.ended:
            self._file.close()

    def problem(self) -> str | None:
        """Why the log has ended, once; None if there is nothing new."""
        return self._file.problem()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()
