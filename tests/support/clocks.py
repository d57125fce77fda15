"""A clock for tests of threads: it stands still, and each look at it is counted."""

from __future__ import annotations

import threading

from tests.support.waiting import PATIENCE_S


class CountedClock:
    """Takes the place of the module `time`."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._looks = threading.Semaphore(0)

    def monotonic(self) -> float:
        """The time in seconds."""
        self._looks.release()
        return self.now_s

    def wait_for_looks(self, count: int) -> None:
        """Wait until the time was looked at so often, since the looks that were waited for before."""
        for _ in range(count):
            assert self._looks.acquire(timeout=PATIENCE_S), "the clock was not looked at"
