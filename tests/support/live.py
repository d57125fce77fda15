"""`emodj live` with its window, and a person in front of it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.places import ROOT
from tests.support.x11 import in_front_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from tests.support.x11 import Person


@contextmanager
def watching(display: str, folder: Path, *options: str, program: Sequence[str] = ("-m", "realtime")) -> Generator[Person]:
    """Run `emodj live` with options in a folder; Python is started with another program if need be."""
    command = [sys.executable, *program, "live", *options]
    with in_front_of(command, folder, display=display, environment={"PYTHONPATH": str(ROOT)}) as person:
        person.sees_the_window()
        yield person
