"""Keep the result of a session in a file: JSON, Markdown or HTML, by the suffix of its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.errors import UsageError
from realtime.session.documents import encode_line, kept_summary_document
from realtime.session.summary_html import summary_html
from realtime.session.summary_markdown import summary_markdown
from realtime.storage import atomic
from realtime.storage.append_file import AppendFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from realtime.session.summary import Summary

LABEL = "the summary"
_MOST_NAMES = 100

_WRITERS: dict[str, Callable[[Summary, datetime], bytes]] = {
    ".html": lambda summary, when: summary_html(summary, when).encode(),
    ".json": lambda summary, _: encode_line(kept_summary_document(summary), indent=2),
    ".md": lambda summary, when: summary_markdown(summary, when).encode(),
}


class SummaryFile:
    """A new file that only its owner can read. Its place is checked here, and nothing of it stays until it is written.

    Args:
        path: ends in .html, .json or .md.

    Raises:
        UsageError: another suffix; the path exists already, is a folder, or lies in a folder that does not exist.
        EmodjError: the disk refuses, or is nearly full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.suffix.lower() not in _WRITERS:
            raise UsageError(f"cannot write {path}: choose a name for {LABEL} that ends in .html, .json or .md")
        # A file without a record is removed when it is closed
        AppendFile(path, LABEL).close()

    def write(self, summary: Summary, when: datetime) -> Path:
        """Write the file whole, or not at all.

        Args:
            summary: the result of the session.
            when: local time, whose day HTML and Markdown show.

        Returns:
            Its path: another number is added to the name if a file has appeared there meanwhile.

        Raises:
            EmodjError: the disk refuses.
        """
        data = _WRITERS[self.path.suffix.lower()](summary, when)
        for number in range(1, _MOST_NAMES):
            path = self.path if number == 1 else self.path.with_stem(f"{self.path.stem}-{number}")
            try:
                atomic.create(path, data, private=True, advice=f"choose another place for {LABEL}")
            except FileExistsError:
                continue
            return path
        raise UsageError(f"{self.path} exists already: choose another name for {LABEL}")
