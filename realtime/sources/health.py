"""Health of a live source: black, frozen or lost pictures, and when to open the source again; pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.errors import BlackSourceError, Cause, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Image

STALL_S = 2.0
"""A live source without a new picture for so long is not live: some drivers repeat the last one for ever, or never return."""

PATIENCE = 3.0
GAPS = 5
MAX_PATIENCE_S = 60.0
"""A source is lost after `PATIENCE` times the median of its last `GAPS` times between two pictures, or `MAX_PATIENCE_S`."""

RETRY_DELAYS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each new attempt; the last delay is repeated."""

BACKOFF_RESET_S = 5.0
"""A source that was live for so long starts with the first delay again when it is lost."""

BLACK_S = 1.0
"""A picture that is black for so long is reported: shorter than the tracker remembers a face that is out of sight."""

# A covered lens is not exactly 0: sensors add a little noise, and limited-range video puts black at 16
BLACK_MEAN = 18.0
BLACK_SPREAD = 6.0

_SAMPLE_STEP = 8
"""Every eighth pixel of every eighth row is enough to see black, and mostly enough to see a change."""

_SAMPLE_ROWS = 30
"""So many rows of a larger picture are enough, too: 1,200 pixels of 640×480. A lamp that lights one of them is seen."""


class SourceState(Enum):
    """State of a source, from opening to closing."""

    OPENING = "opening"
    LIVE = "live"
    LOST = "lost"
    ABSENT = "absent"
    BUSY = "busy"
    DENIED = "denied"
    BLACK = "black"
    FROZEN = "frozen"
    CLOSED = "closed"


STALLED_SENTENCE = "no new picture comes from {}: is it still connected?"
STATE_SENTENCES = {
    SourceState.LIVE: "{}",
    SourceState.BLACK: "the picture of {} is black: is the lens covered, or its shutter closed?",
    SourceState.FROZEN: "{} sends the same picture over and over: if that goes on, unplug it and plug it in again",
}
"""Sentence for each state that pictures show; the name of the source takes the place of the braces."""

STATE_BY_CAUSE = {
    Cause.ABSENT: SourceState.ABSENT,
    Cause.BUSY: SourceState.BUSY,
    Cause.DENIED: SourceState.DENIED,
    Cause.LOST: SourceState.LOST,
    Cause.UNREADABLE: SourceState.LOST,
}


@dataclass(frozen=True, slots=True)
class Health:
    """State of a source, with a sentence for the person.

    Attributes:
        state: the current state.
        sentence: what is wrong and what to try. While the source opens, what emodj is doing; while it is live, its name.
        retry_at: time of the next attempt to open it, seconds on the clock of frames; None if none is planned or one runs.
    """

    state: SourceState
    sentence: str = ""
    retry_at: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the screen has nothing to report: the source is live, or closed."""
        return self.state in {SourceState.LIVE, SourceState.CLOSED}

    def message_at(self, now_s: float) -> str | None:
        """Message for the screen at `now_s`, with the seconds until the next attempt; None while the source is ok."""
        if self.ok:
            return None
        if self.retry_at is None:
            return self.sentence
        left = self.retry_at - now_s
        return f"{self.sentence} · trying again" + (f" in {left:.0f} s" if left >= 0.5 else "")  # noqa: PLR2004 - rounds to 0


class FreezeDetector:
    """Detects black and unchanging pictures of a live source.

    Args:
        stall_s: seconds after which pictures that do not change count as frozen.
        black_s: seconds after which black pictures are reported.

    Attributes:
        frozen: whether the pictures have not changed for `stall_s`; also true of black ones, for which `check` returns BLACK.
    """

    def __init__(self, stall_s: float = STALL_S, black_s: float = BLACK_S) -> None:
        self.frozen = False
        self._stall_s = stall_s
        self._black_s = black_s
        self._previous: Image | None = None
        self._sample = b""
        self._changed_at_s = 0.0
        self._black_since_s: float | None = None

    def check(self, image: Image, now_s: float) -> SourceState:
        """Check the next picture, BGR, which was read at `now_s`; returns LIVE, BLACK or FROZEN.

        One picture alone is never black or frozen, even if the clock jumped before it.
        """
        # The pixels of a sample lie far apart, so they are gathered once, for both questions
        step = max(_SAMPLE_STEP, min(image.shape[:2]) // _SAMPLE_ROWS)
        sample = image[::step, ::step].tobytes()
        if self._is_new(image, sample):
            self._changed_at_s = now_s
        self._previous, self._sample = image, sample
        self.frozen = now_s - self._changed_at_s >= self._stall_s
        mean, spread = cv2.meanStdDev(np.frombuffer(sample, np.uint8))
        if mean.item() > BLACK_MEAN or spread.item() > BLACK_SPREAD:
            self._black_since_s = None
        elif self._black_since_s is None:
            self._black_since_s = now_s
        # Black before frozen: a covered lens is the likelier reason, and easier to put right
        if self._black_since_s is not None and now_s - self._black_since_s >= self._black_s:
            return SourceState.BLACK
        return SourceState.FROZEN if self.frozen else SourceState.LIVE

    def _is_new(self, image: Image, sample: bytes) -> bool:
        previous = self._previous
        if previous is None or previous.shape != image.shape:
            return True
        # The sample mostly shows the change; all pixels are compared only where it shows none
        return sample != self._sample or not np.array_equal(previous, image)


class BlackCheck:
    """Notices a source whose pictures are all black, every pixel 0: a shut camera, or a film that is decoded wrongly."""

    def __init__(self) -> None:
        self._black = 0
        self._seen = False

    def add(self, image: Image, *, held: bool = False) -> None:
        """Look at the next picture, BGR; `held` says that it is the one before, which is shown for long."""
        self._seen = self._seen or bool(image[::_SAMPLE_STEP, ::_SAMPLE_STEP].any()) or bool(image.any())
        self._black += not (self._seen or held)

    def raise_if_black(self, name: str, *, to_end: bool = True) -> None:
        """Raise the error of a source, by its name, that gave black pictures and no other.

        Args:
            name: of the source.
            to_end: whether the source was read to its end; no, if a limit of time or of frames came first.

        Raises:
            BlackSourceError: it did.
        """
        if not self._black or self._seen:
            return
        if to_end:
            raise BlackSourceError(f"every picture of {name} is black: is it shown rightly elsewhere, and no lens covered?")
        read = "the only picture that was read" if self._black == 1 else f"each of the {self._black} pictures that were read"
        raise BlackSourceError(f"{read} of {name} is black: does it begin in the dark? Then let the session run for longer")


class PaceMeter:
    """How long a live source may give no picture before it counts as lost: some cameras send one every few seconds.

    Args:
        stall_s: for a source whose pace is not known yet, and at least; seconds.
    """

    def __init__(self, stall_s: float = STALL_S) -> None:
        self._stall_s = stall_s
        self._first_pause_s = 0.0
        self._gaps_s = deque[float](maxlen=GAPS)
        self._last_s: float | None = None

    def restart(self, first_pause_s: float = 0.0) -> None:
        """Let the time until the next picture not count: the source is opened again, or is paused.

        Args:
            first_pause_s: how long a source of this kind may take for the second picture, while its pace is not known.
        """
        self._last_s = None
        self._first_pause_s = first_pause_s

    def add(self, now_s: float) -> None:
        """Count a picture that was read at `now_s`."""
        if self._last_s is not None and now_s > self._last_s:
            self._gaps_s.append(now_s - self._last_s)
        self._last_s = now_s

    @property
    def patience_s(self) -> float:
        """Seconds without a picture after which the source is lost: thrice the usual time between two, or `stall_s`."""
        if not self._gaps_s:
            return max(self._stall_s, self._first_pause_s)
        return max(self._stall_s, min(PATIENCE * median(self._gaps_s), MAX_PATIENCE_S))


class Backoff:
    """Delay before the next attempt to open a source: it grows, until the source has been live for a while.

    Args:
        retry_delays_s: seconds before each attempt, not falling; the last one is repeated.
    """

    def __init__(self, retry_delays_s: Sequence[float] = RETRY_DELAYS_S) -> None:
        self._retry_delays_s = tuple(retry_delays_s)
        self._live_since_s: float | None = None
        self.restart()

    def restart(self) -> None:
        """Start with the first delay again, for another source."""
        self._attempts = 0
        self._live_since_s = None

    def note_alive(self, now_s: float) -> None:
        """Note that the source gave a good frame at `now_s`."""
        if self._live_since_s is None:
            self._live_since_s = now_s
        if now_s - self._live_since_s >= BACKOFF_RESET_S:
            self._attempts = 0

    def next(self) -> float:
        """Count an attempt; returns the seconds to wait before it."""
        self._live_since_s = None
        delay_s = self._retry_delays_s[min(self._attempts, len(self._retry_delays_s) - 1)]
        self._attempts += 1
        return delay_s


def source_error(name: str, error: Exception) -> SourceError:
    """Turn any exception of a driver into a `SourceError` that says what to try; the exception is its cause."""
    lost = SourceError(f"{name} failed ({type(error).__name__}): unplug it and plug it in again", Cause.LOST)
    lost.__cause__ = error
    return lost
