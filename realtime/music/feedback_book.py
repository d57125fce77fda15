"""Thumbs of a running program: counted in memory at once, kept in their file by a thread that may wait for the disk."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.feedback import THUMBS, Feedback

if TYPE_CHECKING:
    from realtime.music.feedback import FeedbackKey, Verdict
    from realtime.music.feedback_file import FeedbackFile

_MOST_WAITING = 1000


class FeedbackBook:
    """Counts verdicts, and keeps them. Implements `FeedbackCounts`; any thread may call it.

    Songs that are heard or skipped count only for a person who uses thumbs: until the first thumb, of this session or of one
    before, they wait in memory and change nothing.

    Args:
        file: keeps the counts.
        feedback: counts at the start; None for a person without a file, who has given no thumb yet.
    """

    def __init__(self, file: FeedbackFile, feedback: Feedback | None) -> None:
        self._file = file
        self._feedback = feedback or Feedback()
        self._uses_thumbs = feedback is not None
        self._pressed = False
        self._waiting = deque[tuple["FeedbackKey", "Verdict"]](maxlen=_MOST_WAITING)
        self._unsaved: list[tuple[FeedbackKey, Verdict]] = []
        self._is_dirty = False
        self._judged: FeedbackKey | None = None
        self._lock = threading.Lock()
        self._saving = threading.Lock()

    @property
    def feedback(self) -> Feedback:
        """The counts at this moment."""
        return self._feedback

    def add(self, key: FeedbackKey, verdict: Verdict) -> None:
        """Count a verdict. A song that gets a thumb while it plays does not count again when it ends or is skipped."""
        with self._lock:
            if verdict in THUMBS:
                self._judged, self._pressed, self._uses_thumbs = key, True, True
            elif key == self._judged:
                self._judged = None
                return
            self._waiting.append((key, verdict))
            if not self._uses_thumbs:
                return
            self._unsaved += self._waiting
            self._feedback = self._feedback.plus(self._waiting)
            self._waiting.clear()
            self._is_dirty = True

    def save(self) -> str | None:
        """Keep the verdicts since the last call, if there are any; it waits for the disk.

        Returns:
            A sentence if the disk refuses, or if the file was damaged; None otherwise. What could not be kept is tried again
            after the next verdict.
        """
        if not self._is_dirty:
            return None
        with self._saving:
            with self._lock:
                verdicts, self._unsaved, self._is_dirty = self._unsaved, [], False
                create = self._pressed
            try:
                kept, notice = self._file.add(verdicts, create=create)
            except EmodjError as error:
                with self._lock:
                    self._unsaved = [*verdicts, *self._unsaved]
                return f"your thumbs are not kept: {error}"
            with self._lock:
                self._feedback = kept.plus(self._unsaved)
        return notice
