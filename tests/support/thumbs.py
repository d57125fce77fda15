"""Counts of thumbs in memory alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.music.feedback import Feedback

if TYPE_CHECKING:
    from realtime.music.feedback import FeedbackKey, Verdict


class Thumbs:
    """Counts each verdict at once; implements `FeedbackCounts`."""

    def __init__(self) -> None:
        self.feedback = Feedback()
        self.given: list[tuple[FeedbackKey, Verdict]] = []
        self.begun: list[FeedbackKey] = []

    def add(self, key: FeedbackKey, verdict: Verdict) -> None:
        self.given.append((key, verdict))
        self.feedback = self.feedback.plus([(key, verdict)])

    def begin_play(self, key: FeedbackKey) -> None:
        self.begun.append(key)
