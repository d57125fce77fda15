"""The page of the diary that a running session will write: one line, at its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from realtime.diary.entry import entry_of
from realtime.diary.store import Diary

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.diary.entry import SourceKind
    from realtime.session.state import Summary


class DiaryPage:
    """Opened at the start of a session, whose time it notes; the diary is checked here, and nothing is written yet.

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
        self._started = datetime.now(UTC).astimezone()

    def add(self, summary: Summary, source: SourceKind) -> None:
        """Write the line of the session; or say why it gets none.

        Raises:
            EmodjError: the disk refuses; the diary is as it was before.
        """
        entry = entry_of(summary, self._started, source)
        if isinstance(entry, str):
            self._notify(f"no line in the diary: {entry}")
        else:
            self._diary.add(entry)
            self._notify("one line is in the diary: emodj diary")
