"""The capture thread: it keeps the newest frame of a source."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from realtime.capture import Source
    from realtime.domain import Frame

JOIN_S = 2.0
"""How long closing waits for a driver to return from a read."""


class LatestFrames:
    """Reads a source in a thread and keeps the newest frame, so that no queue grows and no reader waits for a device.

    A file is read at its own pace and can be paused; a live source goes on whether anybody looks or not.

    Args:
        source: read by the thread alone from here on; not closed here.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._stopped = False
        self._paused = False
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

    def pause(self, paused: bool) -> None:  # noqa: FBT001 - a switch
        """Hold a file where it is, or let it go on; a live source cannot be held."""
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def newest(self, after: int = -1, timeout_s: float = 0.0) -> Frame | None:
        """The newest frame if its index is above `after`, else None once `timeout_s` has passed or the source ended.

        Raises:
            SourceError: what the source raised.
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
            due = time.monotonic()
            before = 0.0
            while (frame := self._source.read()) is not None:
                if not self._source.live:
                    due = self._wait(due + frame.time_s - before)
                    before = frame.time_s
                with self._changed:
                    if self._stopped:
                        return
                    self._newest = frame
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever asks for a frame
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _wait(self, due: float) -> float:
        """Wait until `due`, longer while paused; returns when the frame was due, so that the pause does not count."""
        with self._changed:
            while not self._stopped:
                if self._paused:
                    left = max(0.0, due - time.monotonic())
                    self._changed.wait_for(lambda: self._stopped or not self._paused)
                    due = time.monotonic() + left
                    continue
                wait_s = due - time.monotonic()
                if wait_s <= 0:
                    break
                self._changed.wait(wait_s)
            # A slow disk makes the clip late once, not hurried for ever after
            return max(due, time.monotonic() - 1.0)
