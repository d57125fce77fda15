"""Session time: it never falls, and it stands during a pause."""

from __future__ import annotations

from math import isfinite


class SessionClock:
    """Turns the times of a source into session time, in seconds from 0.

    Session time never falls, even if the clock of the source does. A pause takes no session time.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        self._last_s: float | None = None

    def at(self, time_s: float) -> float:
        """Session time at the source time `time_s`, if that is the next reading; the clock is not advanced.

        Session time stands where the source time falls or is not finite.
        """
        if self._last_s is None or not isfinite(time_s):
            return self._now_s
        ahead_s = self._now_s + max(0.0, time_s - self._last_s)
        return ahead_s if isfinite(ahead_s) else self._now_s

    def advance(self, time_s: float) -> float:
        """Advance to the source time `time_s`. Returns the session time."""
        self._now_s = self.at(time_s)
        if isfinite(time_s):
            self._last_s = time_s
        return self._now_s

    def pause(self) -> None:
        """Let no session time pass until the next reading, whatever source time it has."""
        self._last_s = None
