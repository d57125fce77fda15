"""The capture thread: it opens a source, keeps its newest frame, and opens it again when it is lost."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from realtime.errors import EmodjError, SourceError
from realtime.sources.health import (
    RETRIES_S,
    SENTENCES,
    SILENCE_S,
    SILENT,
    STATE_OF,
    Backoff,
    FreezeDetector,
    Health,
    SourceState,
    source_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.domain import Frame
    from realtime.sources.video import Source

log = logging.getLogger(__name__)

JOIN_S = 2.0
"""How long closing waits for a driver to return from a read."""


class FrameGrabber:
    """Reads a source in a thread and keeps the newest frame, so that no queue grows and no reader waits for a device.

    A file is read at its own pace and can be paused. A live source goes on whether anybody looks or not, and is opened again
    when it is lost; indices and session go on then, in another stretch.

    Args:
        opener: opens the source, in the thread; closed there too.
        patient: whether a source that cannot be opened at first is tried again as well.
        opening: what the screen says until the first frame.
        retries_s: seconds before each new attempt.
        silence_s: a live source without a new picture for so long is not live.
        clock: seconds.

    Attributes:
        name: of the source that was opened last, for sentences.
        patient: as above; once another source was asked for, true.
    """

    def __init__(
        self,
        opener: Callable[[], Source],
        *,
        patient: bool = False,
        opening: str = "opening the camera",
        retries_s: Sequence[float] = RETRIES_S,
        silence_s: float = SILENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._silence_s = silence_s
        self._opener = opener
        self.patient = patient
        self._changed = threading.Condition()
        self._backoff = Backoff(retries_s)
        self._watch = FreezeDetector(silence_s)
        self._health = Health(SourceState.OPENING, opening)
        self.name = "the source"
        self._newest: Frame | None = None
        self._heard_at: float | None = None
        self._error: BaseException | None = None
        self._index = self._stretch = 0
        self._ended = self._stopped = self._paused = self._switched = self._gap = False
        # A driver whose read never returns cannot be joined; only then the thread is left behind
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(JOIN_S)

    @property
    def ended(self) -> bool:
        """Whether the source is at its end and its last frame was the newest one."""
        with self._changed:
            return self._ended

    def health(self, now_s: float) -> Health:
        """How the source fares at `now_s` on the clock of frames."""
        with self._changed:
            silent = self._heard_at is not None and now_s - self._heard_at >= self._silence_s
            return Health(SourceState.LOST, SILENT.format(self.name)) if silent and not self._ended else self._health

    def pause(self, paused: bool) -> None:  # noqa: FBT001 - a switch
        """Hold a file where it is, or let it go on; a live source goes by unseen meanwhile."""
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def switch(self, opener: Callable[[], Source], opening: str) -> None:
        """Close the source, as soon as its driver lets go of it, and open another one in its place."""
        with self._changed:
            self._opener = opener
            # Whoever looks for another camera wants the window to stay if the next one is no better
            self._switched = self.patient = True
            self._heard_at = None
            self._backoff.restart()
            self._watch = FreezeDetector(self._silence_s)
            self._health = Health(SourceState.OPENING, opening)
            self._changed.notify_all()

    def latest_after(self, after: int = -1, timeout_s: float = 0.0) -> Frame | None:
        """The newest frame if its index is above `after`, else None once `timeout_s` has passed or the source ended.

        Raises:
            SourceError: what the source raised, unless it is tried again.
        """

        def ready() -> bool:
            return self._ended or (self._newest is not None and self._newest.index > after)

        with self._changed:
            if timeout_s > 0:
                self._changed.wait_for(ready, timeout_s)
            if self._newest is not None and self._newest.index > after:
                return self._newest
            if self._error is not None:
                raise self._error
            return None

    def _run(self) -> None:
        try:
            while not self._stopped and self._attempt():
                pass
        except BaseException as error:  # noqa: BLE001 - raised again by whoever asks for a frame
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._health = Health(SourceState.CLOSED)
                self._changed.notify_all()

    def _attempt(self) -> bool:
        """Open the source and read it for as long as it goes; whether to try again."""
        with self._changed:
            opener, self._switched = self._opener, False
        try:
            source = opener()
            try:
                self.name = source.name
                return self._read(source)
            finally:
                source.close()
        except Exception as error:
            # No driver ends a session, whatever it does
            log.info("%s failed", self.name, exc_info=error)
            self._lose(error if isinstance(error, EmodjError) else source_error(self.name, error))
        return True

    def _read(self, source: Source) -> bool:
        if not source.live:
            return self._play(source)
        reopen_at: float | None = None
        self._gap = True
        while not (self._stopped or self._switched):
            if self._paused:
                self._pass_by(source)
                continue
            frame = source.read()
            if frame is None:
                return self._switched
            now = self._clock()
            # Kept while it is opened again: the same picture then is no return
            state = self._watch.check(frame.image, now)
            if state is SourceState.LIVE:
                self._backoff.note_alive(now)
            if not self._watch.still:
                reopen_at = None
            elif reopen_at is None:
                reopen_at = now + self._backoff.next()
            elif now >= reopen_at:
                return True
            health = Health(state, SENTENCES[state].format(source.name), reopen_at)
            self._gap |= state is not SourceState.LIVE
            self._publish(frame if state is SourceState.LIVE else None, health)
        return True

    def _pass_by(self, source: Source) -> None:
        source.skip()
        with self._changed:
            if not self._switched:
                self._gap = True
                self._heard_at = self._clock()
                self._health = Health(SourceState.LIVE, source.name)

    def _play(self, source: Source) -> bool:
        """Read a file to its end, at its own pace; whether another source takes its place."""
        due, before = self._clock(), 0.0
        while not (self._stopped or self._switched) and (frame := source.read()) is not None:
            due = self._wait(due + frame.time_s - before)
            before = frame.time_s
            self._publish(frame, Health(SourceState.LIVE, source.name), live=False)
        return self._switched

    def _publish(self, frame: Frame | None, health: Health, *, live: bool = True) -> None:
        with self._changed:
            if self._stopped or self._switched:
                return
            self._health = health
            self._heard_at = self._clock() if live else None
            if frame is not None:
                before = self._newest
                # By their own times, as whoever reads them reckons: a clock may jump between a frame and its coming here
                late = live and before is not None and frame.time_s - before.time_s >= self._silence_s
                if before is not None and (self._gap or late):
                    self._stretch += 1
                self._gap = False
                self._newest = replace(frame, index=self._index, stretch=self._stretch)
                self._index += 1
            self._changed.notify_all()

    def _lose(self, error: EmodjError) -> None:
        """Say what is wrong, and wait until the source is to be tried again."""
        if self._newest is None and not self.patient:
            raise error
        # Another one that is plugged in can make a name ambiguous that was not
        state = STATE_OF[error.cause] if isinstance(error, SourceError) else SourceState.LOST
        with self._changed:
            if self._switched:
                return
            wait_s = self._backoff.next()
            self._heard_at = None
            self._health = Health(state, str(error), self._clock() + wait_s)
            self._changed.wait_for(lambda: self._stopped or self._switched, wait_s)

    def _wait(self, due: float) -> float:
        """Wait until `due`, longer while paused; returns when the frame was due, so that the pause does not count."""
        with self._changed:
            while not (self._stopped or self._switched):
                if self._paused:
                    left = max(0.0, due - self._clock())
                    self._changed.wait_for(lambda: self._stopped or self._switched or not self._paused)
                    due = self._clock() + left
                    continue
                if (wait_s := due - self._clock()) <= 0:
                    break
                self._changed.wait(wait_s)
            # A slow disk makes the clip late once, not hurried for ever after
            return max(due, self._clock() - 1.0)
