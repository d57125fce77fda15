"""Prints documents on stdout, each of them whole."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from realtime.documents import Document


def print_document(document: Document, *, indent: int | None = None) -> None:
    """Print a JSON document in UTF-8, whatever the encoding of the terminal is.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed meanwhile; the document is whole.
    """
    text = json.dumps(document, ensure_ascii=False, indent=indent) + "\n"
    # A file name may hold bytes that are no text: JSON has an escape for what Python reads them as
    left = memoryview(text.encode(errors="backslashreplace"))
    with _ctrl_c_waits():
        sys.stdout.flush()
        # Where Python does not buffer (-u), a signal makes a long write return early
        while left:
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.buffer.flush()


@contextmanager
def _ctrl_c_waits() -> Generator[None]:
    handler = signal.getsignal(signal.SIGINT)
    # A shell can wish that Ctrl-C be ignored
    if not callable(handler):
        yield
        return
    pressed: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if pressed:
        handler(*pressed[0])
