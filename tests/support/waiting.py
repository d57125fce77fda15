"""Wait for another process or thread that offers no event to wait on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 300.0
"""Only a failing test waits this long: it is enough for the slowest machine."""

POLL_S = 0.005


def until(condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
    """Check the condition again and again until it is true; fail after `patience_s` seconds."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(POLL_S)
