"""Signals that end emodj: each of them ends it like Ctrl-C, with its summary, whole files and a status of its own.

A logout, a closed terminal and `kill` send SIGHUP or SIGTERM; Ctrl-Break, and the closed console, send SIGBREAK on Windows.
Without a handler the process would be gone at once, with half a picture left and no summary.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from realtime.cli.terminal_mode import read_terminal_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

    from realtime.cli.context import Context

SAME_EVENT_S = 2.0
"""Signals within so many seconds after the first one belong to the same event: a logout sends SIGTERM and SIGHUP together.
A later one is meant, and ends the wait for a slow disk or reader."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


class EndSignals:
    """Raises KeyboardInterrupt where a signal asks the process to end, and sets `interrupted` of the context.

    Args:
        context: of the command line that ends.
        clock: seconds; never falls.
    """

    def __init__(self, context: Context, clock: Callable[[], float] = time.monotonic) -> None:
        self._context = context
        self._clock = clock
        self._first: int | None = None
        self._first_s = 0.0

    @property
    def status(self) -> int:
        """Exit status of a process that was ended by a signal: 128 and the number of the first one, as in a shell."""
        return 128 + (self._first or signal.SIGINT)

    @contextmanager
    def handled(self) -> Generator[None]:
        """Handle the signals within a block. Signals that are ignored, as `nohup` does, or handled already are left alone.

        At the end, the terminal has the mode that it had before, whatever a signal has interrupted.
        """
        mode = read_terminal_mode()
        # Only the main thread of a process can have handlers
        ours = _unhandled() if threading.current_thread() is threading.main_thread() else {}
        for number in ours:
            signal.signal(number, self._handle)
        try:
            yield
        finally:
            if mode is not None:
                mode.restore()
            for number, before in ours.items():
                signal.signal(number, before)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        now_s = self._clock()
        if self._first is None:
            self._first, self._first_s = number, now_s
            self._context.interrupted = True
        elif number != signal.SIGINT and now_s - self._first_s < SAME_EVENT_S:
            # Who presses Ctrl-C twice means it twice
            return
        raise KeyboardInterrupt


@contextmanager
def delayed() -> Generator[None]:
    """Delay the signals that end emodj until the end of a block, so that what the block writes is complete."""
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in _numbers() if callable(signal.getsignal(number))}
    came: list[tuple[int, FrameType | None]] = []
    for number in handlers:
        signal.signal(number, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        for number, before in handlers.items():
            signal.signal(number, before)
    if came:
        handlers[came[0][0]](*came[0])


def _numbers() -> list[signal.Signals]:
    """The signals that this system has."""
    return [signal.Signals[name] for name in _NAMES if name in signal.Signals.__members__]


def _unhandled() -> dict[signal.Signals, Any]:
    """The signals that would end the process, with what Python does at them."""
    found = {number: signal.getsignal(number) for number in _numbers()}
    return {number: before for number, before in found.items() if before in {signal.SIG_DFL, signal.default_int_handler}}
