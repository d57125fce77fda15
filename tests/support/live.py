"""Run `emodj live` with its window, press keys and read its output."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.places import ROOT
from tests.support.x11 import WindowDriver, run_in_window

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path


class LiveDriver(WindowDriver):
    """Controls the window of `emodj live --jsonl` and reads its documents."""

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The complete documents until now."""
        return [json.loads(line) for line in self.output.splitlines(keepends=True) if line.endswith("\n")]

    def mood(self) -> str | None:
        """The mood of the last frame that was analysed."""
        mood = self.lines[-1]["mood"] if self.lines else None
        return mood and mood["expression"]

    def choose_mood(self, key: str, mood: str) -> None:
        """Press a digit, and wait until it has chosen the mood."""
        self.press_until(key, lambda: self.lines and self.mood() == mood and self.lines[-1]["mood"]["share"] == 1)


@contextmanager
def run_live(display: str, folder: Path, *options: str, program: Sequence[str] = ("-m", "realtime")) -> Generator[LiveDriver]:
    """Run `emodj live` with options in a folder; `program` replaces the arguments of Python."""
    command = [sys.executable, *program, "live", *options]
    with run_in_window(command, folder, display=display, environment={"PYTHONPATH": str(ROOT)}, driver=LiveDriver) as driver:
        driver.wait_for_window()
        yield driver
