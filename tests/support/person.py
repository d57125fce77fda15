"""A person in front of a running `emodj live`: sees its window, presses keys, closes it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.places import ROOT
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from realtime.domain import Image

PATIENCE_S = 60.0


class Person:
    """Looks at the process that was started in a folder, on a display."""

    def __init__(self, folder: Path, environment: dict[str, str], process: subprocess.Popen[str]) -> None:
        self.folder = folder
        self.process = process
        self._environment = environment
        self._number = ""

    def sees_the_window(self) -> None:
        """Wait until it is open, drawn and listens."""

        def there() -> bool:
            assert self.process.poll() is None, self.output + self.complaints
            self._number = self._tool("xdotool", "search", "--onlyvisible", "--name", "^emodj$", check=False).decode().strip()
            return bool(self._number)

        until(there)
        until(self._drawn)
        until(lambda: self._tool("xdotool", "getwindowfocus", check=False).decode().strip() == self._number)

    def _drawn(self) -> bool:
        # The Qt of OpenCV's wheel now and then loses the event that its window is on screen: put away and fetched back it
        # is well
        for _ in range(10):
            if float(self.picture().std()) > 1:
                return True
        self._tool("xdotool", "windowminimize", self._number)
        self._tool("xdotool", "windowactivate", self._number)
        return False

    def press(self, *keys: str) -> None:
        """Press keys of the keyboard, one after the other."""
        # Sent to the window by its number, a key would stay down for ever where it closes the window
        self._tool("xdotool", "key", "--delay", "100", *keys)

    def close(self) -> None:
        """Press the button of the window's frame."""
        self._tool("wmctrl", "-i", "-c", self._number)

    def picture(self) -> Image:
        """What is in the window now, BGR."""
        data = np.frombuffer(self._tool("import", "-window", self._number, "png:-"), np.uint8)
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert image is not None
        return image.astype(np.uint8, copy=False)

    @property
    def output(self) -> str:
        """What it printed."""
        return (self.folder / "output").read_text()

    @property
    def complaints(self) -> str:
        """What it printed on stderr."""
        return (self.folder / "errors").read_text()

    def _tool(self, *command: str, check: bool = True) -> bytes:
        return subprocess.run(command, env=self._environment, check=check, capture_output=True).stdout


@contextmanager
def watching(display: str, folder: Path, *options: str, program: Sequence[str] = ("-m", "realtime")) -> Generator[Person]:
    """Run `emodj live` with options in a folder; Python is started with another program if need be."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "DISPLAY": display}
    with (
        (folder / "output").open("w") as output,
        (folder / "errors").open("w") as errors,
        subprocess.Popen(
            [sys.executable, *program, "live", *options],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=errors,
            text=True,
        ) as process,
    ):
        person = Person(folder, environment, process)
        try:
            person.sees_the_window()
            yield person
        finally:
            process.kill()
