"""The page of the diary that a running session will write: one line, at its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from realtime.diary.entry import entry_of
from realtime.diary.store import Diary

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.diary.entry import SourceKind
    from realtime.session.summary import Summary


class DiaryPage:
    """Opened before a session; the diary is checked here, and nothing is written yet.

    Args:
        notify: says a sentence that is neither data nor an error.

    Raises:
        NewerDiaryError: the diary was written by a newer emodj.
        EmodjError: the diary cannot be used.
    """

    def __init__(self, notify: Callable[[str], None]) -> None:
        self._notify = notify
        self._diary = Diary(notify)
        self._diary.check()

    def add(self, summary: Summary, source: SourceKind, started: datetime | None) -> None:
        """Write the line of the session; or say why it gets none.

        Args:
            summary: its result.
            source: where the pictures came from.
            started: local time of its first frame, with its offset; None: no frame came, and it is this moment.

        Raises:
            EmodjError: the disk refuses; the diary is as it was before.
        """
        entry = entry_of(summary, started or datetime.now(UTC).astimezone(), source)
        if isinstance(entry, str):
            self._notify(f"no line in the diary: {entry}")
        else:
            self._diary.add(entry)
            self._notify("one line is in the diary: emodj diary")
