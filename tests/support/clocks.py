"""A clock for tests of threads: it stands still, and counts how often it is read."""

from __future__ import annotations

import threading

from tests.support.waiting import PATIENCE_S


class CountedClock:
    """Takes the place of the module `time`."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._reads = threading.Semaphore(0)

    def monotonic(self) -> float:
        """The time in seconds."""
        self._reads.release()
        return self.now_s

    def wait_for_reads(self, count: int) -> None:
        """Wait until the clock is read `count` more times than earlier calls of this method waited for."""
        for _ in range(count):
            assert self._reads.acquire(timeout=PATIENCE_S), "the clock was not read"
