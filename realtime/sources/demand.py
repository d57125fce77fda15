"""Which pictures of a live source are worth decoding: those that somebody waits for. Pure."""

from __future__ import annotations

import math
from collections import deque
from statistics import median

REMEMBERED = 5
"""Times between two pictures, and times of the consumer between two questions, that an expectation is made of."""

EARLY = 2.5
"""Pictures are decoded from so many pictures' time before the consumer is expected on: the last ones may come late, or take
long to decode, and it gets one that is fresh all the same."""

LEAST_GAP_S = 1 / 250
"""Pictures that come faster are a backlog, which ends at any moment: each of them may be the newest for a while."""


class Demand:
    """Decides, before a picture comes, whether it is to be decoded.

    A consumer that is busy for longer than a picture lasts gets the last one before it asks again. Those before that are
    dropped: decoding MJPEG of 1920×1080 costs 7 ms each (`cv2.imdecode`). The shortest of its last times counts, so that
    a consumer that is ready earlier than usual does not wait.

    Attributes:
        interval_s: least seconds between two pictures that are decoded; 0 for all that are asked for.
    """

    def __init__(self) -> None:
        self.interval_s = 0.0
        self._came_s = self._decoded_s = -math.inf
        self._gaps_s = deque[float](maxlen=REMEMBERED)
        self._took_s: float | None = None
        self._busy_s = deque[float](maxlen=REMEMBERED)

    def restart(self) -> None:
        """Forget the pace of the source: another one takes its place, or it was paused. The consumer stays the same."""
        self._came_s = -math.inf
        self._gaps_s.clear()

    def came(self, now_s: float, *, decoded: bool) -> None:
        """Note that a picture came, and whether it was decoded."""
        if now_s > self._came_s > -math.inf:
            self._gaps_s.append(now_s - self._came_s)
        self._came_s = now_s
        if decoded:
            self._decoded_s = now_s

    def asked(self, now_s: float) -> None:
        """Note that the consumer asks for a picture that is newer than its last one, or begins to wait for one."""
        if self._took_s is not None:
            self._busy_s.append(max(0.0, now_s - self._took_s))
            self._took_s = None

    def took(self, now_s: float) -> None:
        """Note that the consumer got a picture that it did not have before."""
        self._took_s = now_s

    def wants_next(self, now_s: float) -> bool:
        """Whether the next picture is to be decoded, asked at `now_s`, before it comes."""
        gap_s = median(self._gaps_s) if self._gaps_s else 0.0
        comes_s = max(now_s, self._came_s + gap_s)
        # Half a picture early is nearer to the interval than half a picture late
        if comes_s - self._decoded_s < self.interval_s - gap_s / 2:
            return False
        if self._took_s is None or len(self._busy_s) < REMEMBERED or gap_s < LEAST_GAP_S:
            return True
        return self._took_s + min(self._busy_s) <= comes_s + EARLY * gap_s
