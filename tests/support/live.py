"""`emodj live` with its window, and a person in front of it."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.places import ROOT
from tests.support.x11 import Person, in_front_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path


class Viewer(Person):
    """In front of a session that runs with `--jsonl`, with an eye on what it writes."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The whole lines of JSON until now."""
        return [json.loads(line) for line in self.output.splitlines(keepends=True) if line.endswith("\n")]

    def mood(self) -> str | None:
        """The mood of the last frame that was analysed."""
        mood = self.lines[-1]["mood"] if self.lines else None
        return mood and mood["expression"]

    def choose_mood(self, key: str, mood: str) -> None:
        """Press a digit, and wait until it was heard: of two keys that come at once OpenCV's window drops the first."""
        self.press_until(key, lambda: self.lines and self.mood() == mood and self.lines[-1]["mood"]["share"] == 1)


@contextmanager
def watching(display: str, folder: Path, *options: str, program: Sequence[str] = ("-m", "realtime")) -> Generator[Viewer]:
    """Run `emodj live` with options in a folder; Python is started with another program if need be."""
    command = [sys.executable, *program, "live", *options]
    with in_front_of(command, folder, display=display, environment={"PYTHONPATH": str(ROOT)}, person=Viewer) as person:
        person.sees_the_window()
        yield person
