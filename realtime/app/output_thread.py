"""A thread that does the slow work of writing in order, so that the window waits for neither disk nor pipe."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Self

MOST_WAITING = 256
"""Jobs that may wait: 8 s of a camera at 30 frames a second. More are left out, lest the memory fills up."""

PATIENCE_S = 2.0
"""Closing waits for as long as the work goes on, and gives up when nothing was finished for so long."""


class OutputThread:
    """Does jobs one after the other. Handing one over never waits; where too many wait already it is left out.

    Args:
        name: of the thread.
        too_slow: the sentence that is published once when a job was left out.
        end: called in the thread after the last job.
    """

    def __init__(self, name: str, too_slow: str, *, end: Callable[[], None] | None = None) -> None:
        self._too_slow = too_slow
        self._end = end
        self._changed = threading.Condition()
        self._jobs = deque[Callable[[], str | None]]()
        self._messages = deque[str]()
        self._error: BaseException | None = None
        self._left_out = self._done = 0
        self._closing = self._given_up = self._raised = False
        # A disk that never answers must not keep the process alive
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def stopped(self) -> bool:
        """Whether closing has given up: a job that waits by itself must end then. For the jobs, in any thread."""
        return self._given_up

    def submit(self, job: Callable[[], str | None], *, last: bool = False, wait: bool = False) -> bool:
        """Have a job done after those that wait.

        Args:
            job: returns a sentence to publish, or None. What it raises ends the thread, and `message` raises it again.
            last: the job is taken however many wait already.
            wait: wait for room where there is none, in place of leaving the job out.

        Returns:
            False where the job was left out.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: len(self._jobs) < MOST_WAITING or self._error is not None)
            if self._error is not None or (len(self._jobs) >= MOST_WAITING and not last):
                self._left_out += 1
                if self._left_out == 1 and self._error is None:
                    self._messages.append(self._too_slow)
                return False
            self._jobs.append(job)
            self._changed.notify_all()
            return True

    def message(self) -> str | None:
        """The next sentence of the jobs; None if there is none.

        Raises:
            BaseException: what a job raised, once; later jobs are left out.
        """
        with self._changed:
            if self._messages:
                return self._messages.popleft()
            if self._error is not None and not self._raised:
                self._raised = True
                raise self._error
            return None

    def close(self) -> bool:
        """Do the jobs that wait, for as long as the work goes on; safe to call twice.

        Returns:
            False where some are left: what they write to takes nothing.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            done = -1
            while self._thread.is_alive() and self._jobs_left() and done != self._done:
                done = self._done
                self._changed.wait_for(lambda done=done: self._done != done or not self._jobs_left(), PATIENCE_S)
            self._given_up = True
            left = self._jobs_left()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_S)
        return not left

    def _jobs_left(self) -> bool:
        return bool(self._jobs) and self._error is None

    def _run(self) -> None:
        try:
            while (job := self._next()) is not None:
                message = job()
                with self._changed:
                    self._jobs.popleft()
                    self._done += 1
                    if message is not None:
                        self._messages.append(message)
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - raised again by `message`
            with self._changed:
                self._error = error
                self._changed.notify_all()
        finally:
            if self._end is not None:
                self._end()

    def _next(self) -> Callable[[], str | None] | None:
        """The next job, which counts as waiting until it is done; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closing)
            return None if self._given_up or not self._jobs else self._jobs[0]
