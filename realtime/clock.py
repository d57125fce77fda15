"""Session clock: seconds that never fall, whatever the clock of the source does."""

from __future__ import annotations

from math import isfinite


class SessionClock:
    """Seconds that passed for a session, whatever the clock of its source does: they never fall, and a pause takes none."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._last_s: float | None = None

    def at(self, time_s: float) -> float:
        """The session's time at `time_s` of the source, as if it came next; a clock that falls back or is no number stands."""
        if self._last_s is None or not isfinite(time_s):
            return self._now_s
        ahead = self._now_s + max(0.0, time_s - self._last_s)
        return ahead if isfinite(ahead) else self._now_s

    def advance(self, time_s: float) -> float:
        """Go on to `time_s` of the source; returns the session's time."""
        self._now_s = self.at(time_s)
        if isfinite(time_s):
            self._last_s = time_s
        return self._now_s

    def pause(self) -> None:
        """Let no time pass until the next reading, whatever it says."""
        self._last_s = None
