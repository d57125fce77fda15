"""Capture thread: it keeps the newest frame of a source, and opens a lost source again."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from realtime.errors import EmodjError, SourceError
from realtime.sources.demand import Demand
from realtime.sources.frame_times import held_frames
from realtime.sources.health import (
    RETRY_DELAYS_S,
    STALL_S,
    STALLED_SENTENCE,
    STATE_BY_CAUSE,
    STATE_SENTENCES,
    Backoff,
    FreezeDetector,
    Health,
    PaceMeter,
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

    A file is read at its recorded pace and can be paused. A live source goes on whether its frames are used or not; those that
    nobody will have time for are not decoded. When it is lost, it is opened again: the indices continue, and the frames belong
    to another stretch.

    Args:
        opener: opens the source, in the capture thread; the same thread closes it.
        wait_for_source: whether to try again also when the first attempt to open the source fails.
        opening: message for the screen until the first frame.
        retry_delays_s: seconds before each new attempt.
        stall_s: a live source without a new picture for so many seconds is not live, unless it is always that slow.
        clock: seconds.

    Attributes:
        name: name of the source that was opened last, for sentences.
        wait_for_source: as above; always true after `switch`.
    """

    def __init__(
        self,
        opener: Callable[[], Source],
        *,
        wait_for_source: bool = False,
        opening: str = "opening the camera",
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        stall_s: float = STALL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._stall_s = stall_s
        self._opener = opener
        self.wait_for_source = wait_for_source
        self._changed = threading.Condition()
        self._backoff = Backoff(retry_delays_s)
        self._freeze_detector = FreezeDetector(stall_s)
        self._pace = PaceMeter(stall_s)
        self._health = Health(SourceState.OPENING, opening)
        self.name = "the source"
        self._newest: Frame | None = None
        self._last_read_s: float | None = None
        self._error: BaseException | None = None
        self._index = self._stretch = 0
        self._ended = self._stopped = self._paused = self._switched = self._gap = self._woken = False
        self._demand = Demand()
        # A thread cannot be joined while its driver never returns from a read; a daemon does not keep the process alive
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
        """Whether the source has ended, so that the newest frame is its last one."""
        with self._changed:
            return self._ended

    def health(self, now_s: float) -> Health:
        """Health of the source at `now_s`, seconds on the clock of frames."""
        with self._changed:
            stalled = self._last_read_s is not None and now_s - self._last_read_s >= self._pace.patience_s
            if stalled and not self._ended:
                return Health(SourceState.LOST, STALLED_SENTENCE.format(self.name))
            return self._health

    def pause(self, paused: bool) -> None:  # noqa: FBT001 - a switch
        """Pause or continue: a file stays where it is, the frames of a live source are dropped meanwhile."""
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def slow_down(self, interval_s: float) -> None:
        """Take a picture of a live source only every `interval_s` seconds, and drop the others undecoded; 0 takes all."""
        self._demand.interval_s = interval_s

    def switch(self, opener: Callable[[], Source], opening: str) -> None:
        """Close the source, as soon as its driver returns, and open another one in its place.

        Args:
            opener: opens the other source, in the capture thread.
            opening: message for the screen until its first frame.
        """
        with self._changed:
            self._opener = opener
            # After a change of camera the window stays open, even if the next camera fails, too
            self._switched = self.wait_for_source = True
            self._last_read_s = None
            self._backoff.restart()
            self._freeze_detector = FreezeDetector(self._stall_s)
            self._pace = PaceMeter(self._stall_s)
            self._health = Health(SourceState.OPENING, opening)
            self._changed.notify_all()

    def latest_after(self, index: int = -1, timeout_s: float = 0.0) -> Frame | None:
        """The newest frame if its index is above `index`, else None once `timeout_s` has passed or the source has ended.

        Raises:
            SourceError: the source failed, and is not tried again.
        """

        def ready() -> bool:
            return self._ended or (self._newest is not None and self._newest.index > index)

        with self._changed:
            self._demand.asked(self._clock())
            if timeout_s > 0:
                self._changed.wait_for(ready, timeout_s)
            if self._newest is not None and self._newest.index > index:
                self._demand.took(self._clock())
                return self._newest
            if self._error is not None:
                raise self._error
            return None

    def wait_after(self, index: int, timeout_s: float) -> bool:
        """Wait until there is a frame with an index above `index`, or `wake` or the end of the source ends the wait.

        Returns:
            False if nothing of that came within `timeout_s`.
        """
        with self._changed:
            # Who waits has time for the next frame
            self._demand.asked(self._clock())
            came = self._changed.wait_for(
                lambda: self._woken or (self._newest is not None and self._newest.index > index), timeout_s
            )
            self._woken = False
            return came

    def wake(self) -> None:
        """End the wait of `wait_after`, or else the next one; for any thread."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            while not self._stopped and self._open_and_read():
                pass
        except BaseException as error:  # noqa: BLE001 - `latest_after` raises it again, in the thread of its caller
            self._error = error
        finally:
            with self._changed:
                self._ended = self._woken = True
                self._health = Health(SourceState.CLOSED)
                self._changed.notify_all()

    def _open_and_read(self) -> bool:
        """Open the source and read it until it ends or fails; returns whether to try again."""
        with self._changed:
            opener, self._switched = self._opener, False
        try:
            source = opener()
            try:
                self.name = source.name
                return self._read_live(source) if source.live else self._read_file(source)
            finally:
                source.close()
        except Exception as error:
            # An exception of a driver, whichever it is, must not end a session
            log.info("%s failed", self.name, exc_info=error)
            self._report_and_wait(error if isinstance(error, EmodjError) else source_error(self.name, error))
        return True

    def _read_live(self, source: Source) -> bool:
        """Read a live source until it ends, freezes or is replaced; returns whether to try again."""
        reopen_at: float | None = None
        self._gap = True
        # Streams of some cameras give a picture every few seconds; a camera of this computer gives many a second
        first_pause_s: float = getattr(source, "first_pause_s", 0.0)
        self._pace.restart(first_pause_s)
        self._demand.restart()
        while not (self._stopped or self._switched):
            if self._paused:
                self._skip_frame(source, first_pause_s)
                continue
            with self._changed:
                wanted = self._demand.wants_next(self._clock())
            if not wanted:
                self._drop_frame(source)
                continue
            frame = source.read()
            if frame is None:
                return self._switched
            now = self._clock()
            self._demand.came(now, decoded=True)
            # The detector is kept when a source is opened again: the same picture then does not count as its return
            state = self._freeze_detector.check(frame.image, now)
            if state is SourceState.LIVE:
                self._backoff.note_alive(now)
            if not self._freeze_detector.frozen:
                reopen_at = None
            elif reopen_at is None:
                reopen_at = now + self._backoff.next()
            elif now >= reopen_at:
                return True
            health = Health(state, STATE_SENTENCES[state].format(source.name), reopen_at)
            self._gap |= state is not SourceState.LIVE
            self._publish(frame if state is SourceState.LIVE else None, health)
        return True

    def _drop_frame(self, source: Source) -> None:
        """Drop a picture that nobody waits for: no gap, and the source is alive."""
        source.skip()
        now = self._clock()
        self._demand.came(now, decoded=False)
        with self._changed:
            if not self._switched:
                self._last_read_s = now

    def _skip_frame(self, source: Source, first_pause_s: float) -> None:
        source.skip()
        with self._changed:
            if not self._switched:
                self._gap = True
                self._pace.restart(first_pause_s)
                self._demand.restart()
                self._last_read_s = self._clock()
                self._health = Health(SourceState.LIVE, source.name)

    def _read_file(self, source: Source) -> bool:
        """Read a file to its end, at its recorded pace; returns whether another source takes its place."""
        due, previous_s = self._clock(), 0.0
        before: Frame | None = None
        while not (self._stopped or self._switched) and (frame := source.read()) is not None:
            shown_s = frame.time_s - previous_s
            if before is not None and due + shown_s > self._clock():
                for held in held_frames(before, frame):
                    passed_s = held.time_s - previous_s
                    due = self._wait_until_due(due + passed_s) - passed_s
                    self._publish(held, Health(SourceState.LIVE, source.name), live=False)
            # After a slow read the clip plays late from then on: it is never hurried to catch up more than a second
            due = max(self._wait_until_due(due + shown_s), self._clock() - 1.0)
            before, previous_s = frame, frame.time_s
            self._publish(frame, Health(SourceState.LIVE, source.name), live=False)
        return self._switched

    def _publish(self, frame: Frame | None, health: Health, *, live: bool = True) -> None:
        with self._changed:
            if self._stopped or self._switched:
                return
            self._health = health
            self._last_read_s = self._clock() if live else None
            patience_s = self._pace.patience_s
            if live:
                self._pace.add(self._last_read_s or 0.0)
            if frame is not None:
                previous = self._newest
                # Compare the times of the frames, as tracks and votes do: the clock may jump between a read and this line
                late = live and previous is not None and frame.time_s - previous.time_s >= patience_s
                if previous is not None and (self._gap or late):
                    self._stretch += 1
                self._gap = False
                self._newest = replace(frame, index=self._index, stretch=self._stretch)
                self._index += 1
            self._changed.notify_all()

    def _report_and_wait(self, error: EmodjError) -> None:
        """Show the error, and wait until the next attempt is due; raise it where there is no next attempt."""
        if self._newest is None and not self.wait_for_source:
            raise error
        # Not every error is a SourceError: a second camera that is plugged in can make a name ambiguous
        state = STATE_BY_CAUSE[error.cause] if isinstance(error, SourceError) else SourceState.LOST
        with self._changed:
            if self._switched:
                return
            delay_s = self._backoff.next()
            self._last_read_s = None
            self._health = Health(state, str(error), self._clock() + delay_s)
            self._changed.wait_for(lambda: self._stopped or self._switched, delay_s)

    def _wait_until_due(self, due: float) -> float:
        """Wait until `due`, and as much longer as the source is paused; returns the time when the frame was due then."""
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
            return due
