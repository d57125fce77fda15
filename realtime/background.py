"""One call in a thread that starts at once, while the caller does what does not depend on it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class BackgroundCall(Generic[Result]):
    """Calls a function in a thread when the block begins, and waits for it at the end of the block.

    It is worth its thread where the function is native code for the most part: that lets other threads run.

    Args:
        name: of the thread.
        function: called once. It may neither print nor expect signals, which are for the main thread.
    """

    def __init__(self, name: str, function: Callable[[], Result]) -> None:
        self._function = function
        self._result: tuple[Result] | None = None
        self._error: BaseException | None = None
        # After Ctrl-C in `Thread.join`, Python 3.11 takes a thread that still runs for one that has ended
        self._done = threading.Event()
        # No daemon: native code that still runs while the process ends would crash it
        self._thread = threading.Thread(target=self._run, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.wait()
        self._thread.join()

    def result(self) -> Result:
        """Wait for what the function returns; what it raises is raised here, each time."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        assert self._result is not None  # noqa: S101 - one of both is set
        return self._result[0]

    def _run(self) -> None:
        try:
            self._result = (self._function(),)
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error
        self._done.set()
