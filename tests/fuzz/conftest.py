"""Shares the time of `python -m tests --fuzz MINUTES` between the tests, and bounds their memory."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_GROWTH_BYTES = 10**9
"""The damaged inputs have some megabytes at most."""


@pytest.fixture(autouse=True)
def share_of_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a test its share of the time until EMODJ_FUZZ_UNTIL: what an earlier test did not need goes to the later ones."""
    if until := os.environ.get("EMODJ_FUZZ_UNTIL"):
        items = request.session.items
        left = len(items) - items.index(request.node)
        monkeypatch.setenv("EMODJ_FUZZ_SECONDS", str((float(until) - time.time()) / left))


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    """Fail a test that takes much more memory than the tests before it."""
    before = peak_memory()
    yield
    assert peak_memory() - before < MAX_GROWTH_BYTES


def peak_memory() -> int:
    """Most memory that this process has taken so far, in bytes; 0 on Windows, which has no such count."""
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
