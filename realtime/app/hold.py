"""How long a new frame is held back for its own faces, so that boxes lie where the faces are. Pure."""

from __future__ import annotations

import statistics
from collections import deque

HOLD_S = 0.012
"""Longest time in seconds. Of a camera of 30 frames a second the next frame comes after 33 ms."""

_KEPT = 9
"""Analyses that are remembered, less than half a second of them."""


class FrameHold:
    """Holds frames back only where that helps: on a slow machine they would only be late, with old faces all the same."""

    def __init__(self) -> None:
        self._needed_s = deque[float](maxlen=_KEPT)

    def add(self, needed_s: float) -> None:
        """Add the seconds from a frame until its faces were known."""
        self._needed_s.append(needed_s)

    @property
    def seconds(self) -> float:
        """How long the next frame is held back at most: 0 where analyses mostly take longer than `HOLD_S`."""
        return HOLD_S if not self._needed_s or statistics.median_low(self._needed_s) < HOLD_S else 0.0
