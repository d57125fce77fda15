"""Silence for libraries that write to stderr below Python: TensorFlow and LiteRT announce themselves there."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

STDERR = 2


@contextmanager
def muted_stderr() -> Generator[None]:
    """Send all that the process writes to stderr to nowhere while the block runs.

    The descriptor itself is turned away, since C++ code knows nothing of `sys.stderr`. Exceptions travel as always.
    Not for two threads at once: the second would restore the silence of the first.
    """
    try:
        kept = os.dup(STDERR)
    except OSError:
        # A process that was started without stderr: nobody would read the noise
        yield
        return
    _flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    os.close(nowhere)
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, STDERR)
        os.close(kept)


def _flush() -> None:
    # What Python holds back belongs to the side of the switch on which it was written
    if sys.stderr is not None and not sys.stderr.closed:  # pyright: ignore[reportUnnecessaryComparison] - None under pythonw
        sys.stderr.flush()
