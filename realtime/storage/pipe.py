"""Write to a pipe or a terminal that may not take anything for a while, or ever."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_S = 0.1
"""How often a write that waits looks whether it may stop."""

_AT_ONCE = 512
"""Bytes that POSIX lets through whole wherever a pipe is ready at all (PIPE_BUF is 512 or more)."""


def write_unless(stopped: Callable[[], bool], descriptor: int, data: bytes) -> bool:
    """Write all of the data, waiting for the reader as long as it takes, unless `stopped` says so.

    Not through `sys.stdout.buffer`: its lock would be held meanwhile, and the interpreter ends with a fatal error where
    another thread holds that.

    Args:
        stopped: asked a few times a second while the reader takes nothing.
        descriptor: of a file, a pipe or a terminal, open for writing.
        data: written in pieces as the reader takes them.

    Returns:
        False where it was stopped before the end.

    Raises:
        BrokenPipeError: the reader is gone.
        OSError: the disk behind it refuses.
    """
    left = memoryview(data)
    while left:
        if not _is_ready(descriptor):
            if stopped():
                return False
            continue
        left = left[os.write(descriptor, left[:_AT_ONCE]) :]
    return True


def _is_ready(descriptor: int) -> bool:
    """Whether a write goes through without waiting; waits for that for a moment."""
    if not hasattr(select, "poll"):
        # Windows cannot say; there the write itself waits
        return True
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(LOOK_S * 1000))
