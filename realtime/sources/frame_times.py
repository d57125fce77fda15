"""Times of the frames of a film, from what its file states, and frames that are shown for long; pure.

OpenCV gives the presentation time of a frame, in milliseconds since the start of the film, as `CAP_PROP_POS_MSEC` after the
frame was read. It gives 0 where a frame has no time, and the decoding time, which can be below 0, for a frame at the start.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.domain import Frame

MAX_GAP_S = 900.0
"""A longer step from one frame to the next is not believed. The longest delay of a GIF is 655 s."""

RESTART_S = 0.2
"""Times that fall by so much or more begin again, as in recordings that were put together: the film goes on. Times that fall by
less may be those of frames that come in another order than they are shown: such a frame belongs behind all that were shown
before the latest one."""

MAX_STEP_S = 0.15
"""A frame that is shown for longer is repeated. Tracks and votes then see it as they see a film of ten frames a second."""

HELD_STEP_S = 0.1
"""Longest time between two repeats."""

MAX_HELD_S = 60.0
"""A frame is repeated for no longer: a film of a few bytes can show one frame for hours. The vote looks back for less."""


class FrameTimes:
    """Gives each frame of a film its time in seconds since the first frame: times that never fall, whatever the file states.

    - A time that the file states is kept.
    - A time that is a little lower than the one before is raised to it.
    - After times that begin again, or that jump ahead by more than `MAX_GAP_S`, the film goes on one frame later.
    - A frame without a time comes one frame after the one before.

    Args:
        frame_s: seconds from one frame to the next where the file does not say.

    Attributes:
        stated: whether the file has stated a time other than 0.
    """

    def __init__(self, frame_s: float) -> None:
        self._frame_s = frame_s
        self._now_s = 0.0
        # What the file stated for the frame before, for the latest frame, and for the latest one before that
        self._stated_s: float | None = None
        self._latest_s = self._second_s = 0.0
        # Our time of the last frame if that had none, or if times begin again with it: the next frame shows which
        self._zero_at_s: float | None = None
        self._shift_s = 0.0
        self.stated = False

    def next(self, stated_ms: float) -> float:
        """The time of the next frame, in seconds.

        Args:
            stated_ms: what the file states, in milliseconds; 0 also where it states nothing. It may be any number, or NaN.
        """
        stated_s = max(stated_ms / 1000, 0.0) if isfinite(stated_ms) else 0.0
        if self._stated_s is None:
            self._begin(stated_s)
            self.stated = stated_s > 0
            return self._now_s
        if stated_s == 0:
            self._now_s += self._frame_s
            self._zero_at_s = self._now_s
            return self._now_s
        self.stated = True
        zero_at_s, self._zero_at_s = self._zero_at_s, None
        if not self._begins_again(stated_s, after_zero=zero_at_s is not None):
            self._now_s = max(self._now_s, stated_s + self._shift_s)
            self._stated_s = stated_s
            if stated_s > self._latest_s:
                self._second_s, self._latest_s = self._latest_s, stated_s
        elif zero_at_s is not None and 0 < stated_s < RESTART_S:
            self._now_s = zero_at_s + stated_s
            self._begin(stated_s)
        else:
            self._now_s += self._frame_s
            self._begin(stated_s)
        return self._now_s

    def _begin(self, stated_s: float) -> None:
        """From this frame on, the times of the film go on from ours."""
        self._stated_s = self._latest_s = stated_s
        # A frame that is shown before this one may come behind it
        self._second_s = -1.0
        self._shift_s = self._now_s - stated_s

    def _begins_again(self, stated_s: float, *, after_zero: bool) -> bool:
        before_s = self._stated_s or 0.0
        if stated_s - before_s > MAX_GAP_S or before_s - stated_s >= RESTART_S:
            return True
        return (after_zero and stated_s <= before_s) or stated_s <= min(before_s - 1e-6, self._second_s)


def held_frames(before: Frame, after: Frame) -> Iterator[Frame]:
    """The frame `before` again, at the times until `after` at which a film of a steady rate would show it again.

    A frame of a screen recording or of a GIF can be shown for seconds. For tracks and votes it must count for all of them.
    """
    shown_s = after.time_s - before.time_s
    if shown_s > MAX_STEP_S:
        # Less a little: a duration of two steps that was computed from two times may be a hair longer
        steps = ceil(shown_s / HELD_STEP_S - 1e-6)
        for step in range(1, min(steps, ceil(MAX_HELD_S / HELD_STEP_S))):
            yield replace(before, time_s=before.time_s + shown_s * step / steps, held=True)


def last_shown_s(delay_s: float | None, rest_s: float, frame_s: float, longest_s: float) -> float:
    """How long the last frame of a film is shown, `MAX_HELD_S` at most; 0 if not for long, or if that is not known.

    Args:
        delay_s: what the file states for this frame, in seconds; None if it states nothing.
        rest_s: from the last frame to the end that the film states.
        frame_s: from one frame to the next where the file does not say.
        longest_s: the longest time from one frame to the next. Where all are usual, a rest is not believed: the film is cut
            off, or its sound is longer than its pictures.
    """
    usual_s = max(MAX_STEP_S, 1.5 * frame_s)
    if delay_s is None:
        delay_s = rest_s if min(rest_s, longest_s) > usual_s else 0.0
    return min(delay_s, MAX_HELD_S) if delay_s > MAX_STEP_S else 0.0
