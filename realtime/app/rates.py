"""Frame rate and latency of a session, for the info line. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Expression, Face, Frame

AVERAGED = 30
"""Events over which a rate is averaged, about a second of frames."""

LONGEST_S = 2.0
"""After a longer gap, in seconds, the average starts again: a pause must not lower it for a while."""


SLOW_LOOK_S = 1.0
"""Seconds between two looks of a session that runs behind one's work, while nothing changes."""

FAST_LOOK_S = 0.2
"""The same while something changes: a face comes or goes, its label changes, or the music is about to."""

FAST_FOR_S = 4.0
"""Seconds for which a change of the faces keeps the looks fast."""


class LookPace:
    """How often a session that runs behind one's work looks at the faces."""

    def __init__(self) -> None:
        self._faces: frozenset[tuple[int | None, Expression, bool]] = frozenset()
        self._fast_until_s = 0.0

    def interval_s(self, now_s: float, faces: Sequence[Face], *, near_change: bool) -> float:
        """Seconds to the next look.

        Args:
            now_s: time of a monotonic clock, seconds.
            faces: faces of the last look.
            near_change: whether the music may change soon.
        """
        seen = frozenset((face.track, face.expression, face.unsure) for face in faces)
        if seen != self._faces:
            self._faces, self._fast_until_s = seen, now_s + FAST_FOR_S
        return FAST_LOOK_S if near_change or now_s < self._fast_until_s else SLOW_LOOK_S


class EvenSteps:
    """Lets events through at most so often: on average at the given interval, however these events come."""

    def __init__(self) -> None:
        self._next_s = -math.inf

    def take(self, now_s: float, interval_s: float) -> bool:
        """Whether the event at `now_s` may pass; `interval_s` is that to the next one, seconds, 0 for all."""
        if now_s < self._next_s:
            return False
        # The next one is due by the interval, not by an event that came late; what was missed is not caught up
        late = now_s - self._next_s
        self._next_s = (self._next_s if late < interval_s else now_s) + interval_s
        return True


class FrameRate:
    """Events a second, averaged over about the last second."""

    def __init__(self) -> None:
        self._before: float | None = None
        self._gap_s = 0.0

    def tick(self, now_s: float) -> None:
        """Count an event at `now_s`, in seconds."""
        if self._before is not None:
            gap = now_s - self._before
            averaged = gap if self._gap_s == 0 else self._gap_s + (gap - self._gap_s) / AVERAGED
            self._gap_s = averaged if gap <= LONGEST_S else 0.0
        self._before = now_s

    @property
    def per_second(self) -> float:
        """Events a second; 0 before the second event."""
        return 1 / self._gap_s if self._gap_s > 0 else 0.0


class RateMeter:
    """Frames shown and analysed a second, and how old the labels are when they are drawn.

    Attributes:
        saving: whether the session saves power.
    """

    def __init__(self) -> None:
        self.saving = False
        self._shown, self._analysed = FrameRate(), FrameRate()
        self._labelled: Frame | None = None
        self._seen_s = self._age_s = 0.0

    def analysed(self, frame: Frame, seen_s: float, now_s: float) -> None:
        """Count an analysed frame that the loop took at `seen_s`, in seconds."""
        self._analysed.tick(now_s)
        self._labelled, self._seen_s = frame, seen_s

    def shown(self, frame: Frame, now_s: float) -> None:
        """Count a new frame that is drawn, with the faces of the newest analysed frame."""
        del frame
        self._shown.tick(now_s)
        if self._labelled is not None:
            self._age_s = now_s - self._seen_s

    @property
    def summary(self) -> str:
        """The info line of the screen."""
        rates = f"{self._shown.per_second:.0f} frames/s shown, {self._analysed.per_second:.0f} analysed"
        return f"{rates}, labels {self._age_s * 1000:.0f} ms old{', saving power' if self.saving else ''}"
