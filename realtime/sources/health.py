"""How a camera fares: what its pictures tell, what is wrong, and when to try it again; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from realtime.errors import Cause, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Image

SILENCE_S = 2.0
"""A live source without a new picture for so long is not live: drivers repeat the last one for ever, or never return."""

RETRIES_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each new attempt; the last of them from then on."""

STEADY_S = 5.0
"""A source that lives for so long starts again with the first of the seconds when it is lost."""

DARK_S = 1.0
"""A picture that is black for so long is said to be: shorter than a face that is out of sight is remembered."""

# A covered lens: sensors answer darkness with a little noise, video levels put black at 16
BLACK_MEAN = 18.0
BLACK_SPREAD = 6.0

_STEP = 8
"""Every eighth pixel of every eighth row says whether a picture is black, and mostly whether it is a new one."""


class SourceState(Enum):
    """Where a source is in its life."""

    OPENING = "opening"
    LIVE = "live"
    LOST = "lost"
    ABSENT = "absent"
    BUSY = "busy"
    DENIED = "denied"
    BLACK = "black"
    FROZEN = "frozen"
    CLOSED = "closed"


SILENT = "no new picture comes from {}: is it still there?"
SENTENCES = {
    SourceState.LIVE: "{}",
    SourceState.BLACK: "the picture of {} is black: is the lens covered, or its shutter closed?",
    SourceState.FROZEN: "{} sends the same picture over and over: if that goes on, unplug it and plug it in again",
}
"""What is said of a source by its name."""

STATE_OF = {
    Cause.ABSENT: SourceState.ABSENT,
    Cause.BUSY: SourceState.BUSY,
    Cause.DENIED: SourceState.DENIED,
    Cause.LOST: SourceState.LOST,
    Cause.UNREADABLE: SourceState.LOST,
}


@dataclass(frozen=True, slots=True)
class Health:
    """How a source fares.

    Attributes:
        state: where it is in its life.
        sentence: what is wrong and what to try; what is going on while it opens, its name while it lives.
        retry_at: when it is tried again, on the clock of frames; None if it is not, or is being tried.
    """

    state: SourceState
    sentence: str = ""
    retry_at: float | None = None

    @property
    def ok(self) -> bool:
        """Whether there is nothing to say about it."""
        return self.state in {SourceState.LIVE, SourceState.CLOSED}

    def message_at(self, now_s: float) -> str | None:
        """What the screen says about it at `now_s`; None while all is well."""
        if self.ok:
            return None
        if self.retry_at is None:
            return self.sentence
        left = self.retry_at - now_s
        return f"{self.sentence} · trying again" + (f" in {left:.0f} s" if left >= 0.5 else "")  # noqa: PLR2004 - rounds to 0


class FreezeDetector:
    """Tells from the pictures of a live source whether they are black or always the same.

    Args:
        silence_s: for so long they have to be the same.
        dark_s: for so long they have to be black.

    Attributes:
        still: whether they have been the same for so long, black or not.
    """

    def __init__(self, silence_s: float = SILENCE_S, dark_s: float = DARK_S) -> None:
        self.still = False
        self._silence_s = silence_s
        self._dark_s = dark_s
        self._before: Image | None = None
        self._same_s = 0.0
        self._since_s: float | None = None

    def check(self, image: Image, now_s: float) -> SourceState:
        """Take the next picture, BGR, seen at `now_s`; returns LIVE, BLACK or FROZEN.

        A picture alone is neither, whatever the clock did before it.
        """
        if self._is_new(image):
            self._same_s = now_s
        self._before = image
        self.still = now_s - self._same_s >= self._silence_s
        thin = image[::_STEP, ::_STEP]
        if float(thin.mean()) > BLACK_MEAN or float(thin.std()) > BLACK_SPREAD:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        # Black before frozen: a lens that is covered is the likelier reason, and easier mended
        if self._since_s is not None and now_s - self._since_s >= self._dark_s:
            return SourceState.BLACK
        return SourceState.FROZEN if self.still else SourceState.LIVE

    def _is_new(self, image: Image) -> bool:
        before = self._before
        if before is None or before.shape != image.shape:
            return True
        # The thin picture mostly answers; all pixels are compared only where it does not
        return not (np.array_equal(before[::_STEP, ::_STEP], image[::_STEP, ::_STEP]) and np.array_equal(before, image))


class Backoff:
    """How long to wait before a source is tried again: longer each time, until it has lived for a while.

    Args:
        retries_s: seconds before each attempt, not falling; the last is used from then on.
    """

    def __init__(self, retries_s: Sequence[float] = RETRIES_S) -> None:
        self._retries_s = tuple(retries_s)
        self._lives_since: float | None = None
        self.restart()

    def restart(self) -> None:
        """Another source takes its place."""
        self._attempts = 0
        self._lives_since = None

    def note_alive(self, now_s: float) -> None:
        """The source gave a good frame at `now_s`."""
        if self._lives_since is None:
            self._lives_since = now_s
        if now_s - self._lives_since >= STEADY_S:
            self._attempts = 0

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        self._lives_since = None
        wait_s = self._retries_s[min(self._attempts, len(self._retries_s) - 1)]
        self._attempts += 1
        return wait_s


def source_error(name: str, error: Exception) -> SourceError:
    """What a source's own exception comes to, whatever it was."""
    lost = SourceError(f"{name} failed ({type(error).__name__}): unplug it and plug it in again", Cause.LOST)
    lost.__cause__ = error
    return lost
