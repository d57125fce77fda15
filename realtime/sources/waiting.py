"""Wait for native code in such a way that a signal can end the wait.

Python handles a signal in the main thread, and only between two steps of Python. While that thread is inside OpenCV, which
waits for a server, Ctrl-C and SIGTERM do nothing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_TURN_S = 0.2
"""Windows handles a signal only between two waits."""


def run_interruptibly(call: Callable[[], T]) -> T:
    """Run a call, and return what it returns; what it raises is raised.

    In the main thread, a signal that raises ends the wait at once. The call itself goes on in another thread, which does not
    keep the process alive, so it must hold a lock while it uses what the caller may close.
    """
    if threading.current_thread() is not threading.main_thread():
        return call()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread of the caller
            errors.append(error)

    thread = threading.Thread(target=run, name="waiting", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_TURN_S)
    if errors:
        raise errors[0]
    return results[0]
