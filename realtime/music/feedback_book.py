"""Thumbs of a running program: counted in memory at once, kept in their file by a thread that may wait for the disk."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.feedback import THUMBS, Feedback

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.music.feedback import FeedbackKey, Verdict
    from realtime.music.feedback_file import FeedbackFile

RETRY_S = 30.0
"""Seconds after which what the disk has refused is tried again."""


class FeedbackBook:
    """Counts verdicts, and keeps them. Implements `FeedbackCounts`; any thread may call it.

    Songs that are heard or skipped count only for a person who uses thumbs: before the first thumb, of this session or of one
    before, they are forgotten. A person who skips songs then does not know that a skip could count.

    Args:
        file: keeps the counts.
        feedback: counts at the start; None for a person without a file, who has given no thumb yet.
        clock: monotonic time, seconds.
    """

    def __init__(self, file: FeedbackFile, feedback: Feedback | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock
        self._feedback = feedback or Feedback()
        self._uses_thumbs = feedback is not None
        self._pressed = False
        self._unsaved: list[tuple[FeedbackKey, Verdict]] = []
        # When the disk, which has refused them, is asked again; None asks at once
        self._retry_s: float | None = None
        # Choices with a thumb since they began to play
        self._judged: set[FeedbackKey] = set()
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
                self._judged.add(key)
                self._pressed = self._uses_thumbs = True
            elif key in self._judged:
                self._judged.remove(key)
                return
            elif not self._uses_thumbs:
                return
            self._unsaved.append((key, verdict))
            self._feedback = self._feedback.plus([(key, verdict)])
            self._retry_s = None

    def begin_play(self, key: FeedbackKey) -> None:
        """Note that a song begins to play: a thumb of before does not stand for this play."""
        with self._lock:
            self._judged.discard(key)

    def save(self, *, at_end: bool = False) -> str | None:
        """Keep the verdicts since the last call, if there are any; it waits for the disk.

        What the disk refuses is tried again with the next verdict, after `RETRY_S` seconds, and at the end.

        Args:
            at_end: whether this is the last call.

        Returns:
            A sentence if the disk refuses, once for each verdict and at the end, or if the file was damaged; None otherwise.
        """
        if not self._is_due(at_end=at_end):
            return None
        with self._saving:
            with self._lock:
                verdicts, self._unsaved = self._unsaved, []
                is_said, self._retry_s = self._retry_s is None or at_end, None
                create = self._pressed
            if not verdicts:
                return None
            try:
                kept, notice = self._file.add(verdicts, create=create)
            except EmodjError as error:
                with self._lock:
                    if not self._unsaved:
                        self._retry_s = self._clock() + RETRY_S
                    self._unsaved = [*verdicts, *self._unsaved]
                return f"your thumbs are not kept: {error}" if is_said else None
            with self._lock:
                self._feedback = kept.plus(self._unsaved)
        return notice

    def _is_due(self, *, at_end: bool) -> bool:
        with self._lock:
            return bool(self._unsaved) and (at_end or self._retry_s is None or self._clock() >= self._retry_s)
