"""Mute the stderr of native code: TensorFlow and LiteRT write start-up messages to it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

STDERR = 2
"""File descriptor of stderr."""


@contextmanager
def muted_stderr() -> Generator[None]:
    """Discard everything that the process writes to stderr while the block runs. Exceptions pass through.

    The file descriptor is redirected, since C++ code does not use `sys.stderr`. Not for two threads at once: the second one
    would restore the muted stderr of the first.
    """
    try:
        original = os.dup(STDERR)
    except OSError:
        # The process was started without stderr, so no message can appear
        yield
        return
    _flush()
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, STDERR)
    os.close(null)
    try:
        yield
    finally:
        _flush()
        os.dup2(original, STDERR)
        os.close(original)


def _flush() -> None:
    # Buffered text must go to the stderr that was in place when it was written
    if sys.stderr is not None and not sys.stderr.closed:  # pyright: ignore[reportUnnecessaryComparison] - None under pythonw
        sys.stderr.flush()
