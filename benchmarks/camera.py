"""A camera of 30 frames a second that keeps its pace to the millisecond, for what is measured of paces.

FFmpeg's `realtime` filter does not: now and then it lets a frame wait for the next, and gaps of its own would be counted.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.scene import Scene

RATE = 30
LOOP_S = 8.0

SUFFIX = ".i420"


def write(scene: Scene, folder: Path, seconds: float = LOOP_S) -> Path:
    """Write frames of a scene as bare YUV 4:2:0; the name of the file tells their size."""
    from benchmarks.scene import Composer

    path = folder / f"{scene.width}x{scene.height}{SUFFIX}"
    composer = Composer(scene)
    with path.open("wb") as file:
        for index in range(max(1, round(seconds * RATE))):
            file.write(cv2.cvtColor(composer.frame(index), cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


class PacedCamera:
    """Plays such a file over and over, with the methods of `cv2.VideoCapture` that a session needs.

    Whoever comes late gets the newest frame, as from a driver that keeps one.
    """

    def __init__(self, path: str) -> None:
        width, height = map(int, Path(path).stem.split("x"))
        self._frames = np.memmap(path, np.uint8, "r").reshape(-1, height * 3 // 2, width)
        self._begin: float | None = None
        self._index = -1

    def read(self) -> tuple[bool, NDArray[np.uint8]]:
        """Wait for the next frame; BGR."""
        self.grab()
        image = cv2.cvtColor(self._frames[self._index % len(self._frames)], cv2.COLOR_YUV2BGR_I420)
        return True, image.astype(np.uint8, copy=False)

    def grab(self) -> bool:
        """Wait for the next frame."""
        now = time.monotonic()
        self._begin = now if self._begin is None else self._begin
        self._index = max(self._index + 1, int((now - self._begin) * RATE))
        time.sleep(max(0.0, self._begin + self._index / RATE - now))
        return True

    def get(self, _number: int) -> float:
        """Frames a second, whatever is asked."""
        return float(RATE)

    def release(self) -> None:
        """Nothing is held."""
