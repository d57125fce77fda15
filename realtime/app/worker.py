"""One thread that works on the newest task it can get, and publishes its newest result."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Task = TypeVar("Task")
Result = TypeVar("Result")

IDLE_S = 0.2
"""Seconds between two calls of `idle` while there is no task."""

JOIN_S = 2.0
"""Seconds that closing waits for the current task."""


class Worker(Generic[Task, Result]):
    """A thread with one slot for the next task and one for the newest result; `submit` and `result` never wait.

    A new task replaces a task that was not begun, and a new result replaces a result that was not taken.

    Args:
        name: of the thread.
        work: called in the thread, one task at a time; None is no result. `result` raises again what it raises.
        merge: joins a task that was not begun with the next one; without it, the next one replaces it.
        idle: called in the thread every `IDLE_S` while there is no task; returns a result, too.
        end: called in the thread when it ends.
        notify: called in the thread after each new result or error.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Task], Result | None],
        *,
        merge: Callable[[Task, Task], Task] | None = None,
        idle: Callable[[], Result | None] | None = None,
        end: Callable[[], None] | None = None,
        notify: Callable[[], None] | None = None,
    ) -> None:
        self._work = work
        self._merge = merge
        self._idle = idle
        self._end = end
        self._notify = notify
        self._changed = threading.Condition()
        self._task: tuple[Task] | None = None
        self._result: tuple[Result] | None = None
        self._error: BaseException | None = None
        self._working = False
        self._stopped = False
        # Work that hangs (a browser's starter) must not keep the process alive
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(JOIN_S)

    @property
    def busy(self) -> bool:
        """Whether a task waits or runs, or a result or an error was not taken yet."""
        with self._changed:
            return self._working or any(part is not None for part in (self._task, self._result, self._error))

    def submit(self, task: Task) -> None:
        """Hand over a task: it replaces a task that was not begun, or is merged with it."""
        with self._changed:
            waiting, self._task = self._task, (task,)
            if waiting is not None and self._merge is not None:
                self._task = (self._merge(waiting[0], task),)
            self._changed.notify_all()

    def result(self) -> Result | None:
        """The newest result, once; None if there is no new one.

        Raises:
            BaseException: an error of `work` or `idle`; the thread has ended then.
        """
        with self._changed:
            if self._error is not None:
                raise self._error
            result, self._result = self._result, None
            return None if result is None else result[0]

    def _run(self) -> None:
        try:
            self._work_on()
        finally:
            if self._end is not None:
                self._end()

    def _work_on(self) -> None:
        while True:
            with self._changed:
                self._working = False
                wait_s = None if self._idle is None else IDLE_S
                self._changed.wait_for(lambda: self._stopped or self._task is not None, wait_s)
                if self._stopped:
                    return
                task, self._task = self._task, None
                self._working = task is not None
            try:
                result = self._work(task[0]) if task is not None else self._idle() if self._idle is not None else None
            except BaseException as error:  # noqa: BLE001 - `result` raises it again
                self._publish(error=error)
                return
            if result is not None:
                self._publish((result,))

    def _publish(self, result: tuple[Result] | None = None, error: BaseException | None = None) -> None:
        with self._changed:
            self._result, self._error = result or self._result, error
            self._working = False
        if self._notify is not None:
            self._notify()
