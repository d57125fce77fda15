"""When Python looks for garbage: not while it imports, and not while it ends.

What is imported stays, and Python would look at all of it again and again: a tenth of the time of the imports, and 30 ms at the
end of the process (`perf stat -e task-clock emodj image …`).
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def without_collection() -> Generator[None]:
    """Look for no garbage within a block, which imports much and makes little of it."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()


def leave_garbage() -> None:
    """Look for none from here on: the process ends next. What a reference or `atexit` ends is ended as before."""
    gc.freeze()
