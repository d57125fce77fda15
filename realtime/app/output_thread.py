"""A thread that writes slowly and in order, so that the window waits for neither a disk nor a pipe."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Self

MOST_WAITING = 256
"""Jobs that may wait: 8 s of a camera at 30 frames a second. More would fill the memory, and are left out."""

PATIENCE_S = 2.0
"""How long closing waits for a job that makes no progress."""

JOIN_S = 2.0
"""How long closing waits for the thread after the last job."""

TURN_S = 0.1
"""How often a wait wakes up: Windows delivers no Ctrl-C to a thread that waits for a lock without a limit."""

Job = Callable[[], bool]
"""One piece of work. Returns False where `OutputThread.stopped` ended it early."""


class OutputThread:
    """Does jobs one after the other in a thread. At most `MOST_WAITING` wait; `submit` leaves out one more, or waits for room.

    Args:
        name: of the thread.
        end: called in the thread after the last job.
    """

    def __init__(self, name: str, *, end: Callable[[], None] | None = None) -> None:
        self._end = end
        self._changed = threading.Condition()
        # The first job stays in the queue until it is done
        self._jobs = deque[Job]()
        self._done = self._left_out = 0
        self._error: BaseException | None = None
        self._closing = self._stopped = self._raised = False
        # A disk that never answers must not keep the process alive
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def stopped(self) -> bool:
        """Whether closing has given up. A job that waits for a reader must look at it, and end."""
        return self._stopped

    @property
    def left_out(self) -> int:
        """How many jobs were not done: the queue was full, or closing gave up. 0 after an error, which ends all jobs."""
        with self._changed:
            if self._error is not None:
                return 0
            return self._left_out + (len(self._jobs) if self._stopped else 0)

    def submit(self, job: Job, *, last: bool = False, wait: bool = False) -> bool:
        """Have a job done after those that wait.

        Args:
            job: what it raises ends the thread, and `check` raises it again.
            last: the job is taken although the queue is full.
            wait: wait for room in the queue, in place of leaving the job out.

        Returns:
            False where the job was left out: the queue was full, a job raised an error, or the thread is closed.
        """
        with self._changed:
            try:
                while wait and not last and self._is_full() and self._takes_jobs():
                    self._changed.wait(TURN_S)
            except KeyboardInterrupt:
                self._left_out += 1
                raise
            taken = self._takes_jobs() and (last or not self._is_full())
            if taken:
                self._jobs.append(job)
                self._changed.notify_all()
            else:
                self._left_out += 1
            return taken

    def check(self) -> None:
        """Raise what a job raised, once."""
        with self._changed:
            if self._error is not None and not self._raised:
                self._raised = True
                raise self._error

    def close(self, patience_s: float | None = PATIENCE_S, *, limit_s: float | None = None) -> None:
        """Do the jobs that wait, then end the thread; safe to call twice.

        Args:
            patience_s: give up where no job was finished for so many seconds; `left_out` counts the rest. None waits as long
                as it takes, until Ctrl-C.
            limit_s: give up after so many seconds in any case; None sets no limit.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            try:
                self._drain(patience_s, limit_s)
            finally:
                self._stopped = True
                self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)

    def _is_full(self) -> bool:
        return len(self._jobs) >= MOST_WAITING

    def _takes_jobs(self) -> bool:
        return self._error is None and not self._closing

    def _drain(self, patience_s: float | None, limit_s: float | None) -> None:
        done, since_s = self._done, time.monotonic()
        latest_s = None if limit_s is None else since_s + limit_s
        while self._jobs and self._thread.is_alive() and self._error is None and not self._stopped:
            self._changed.wait(TURN_S)
            now_s = time.monotonic()
            if self._done != done:
                done, since_s = self._done, now_s
            if patience_s is not None and now_s - since_s >= patience_s:
                return
            if latest_s is not None and now_s >= latest_s:
                return

    def _run(self) -> None:
        try:
            try:
                self._do_jobs()
            finally:
                if self._end is not None:
                    self._end()
        except BaseException as error:  # noqa: BLE001 - raised again by `check`
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _do_jobs(self) -> None:
        while (job := self._next_job()) is not None:
            finished = job()
            with self._changed:
                self._jobs.popleft()
                self._done += finished
                self._left_out += not finished
                self._changed.notify_all()

    def _next_job(self) -> Job | None:
        """The next job; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closing)
            return None if self._stopped or not self._jobs else self._jobs[0]
