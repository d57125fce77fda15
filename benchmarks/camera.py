"""Simulated camera of 30 frames a second, exact to the millisecond, to measure gaps between frames.

FFmpeg's `realtime` filter is not exact: now and then a frame waits for the next one, and the benchmark would count this gap.
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


def write_raw_clip(scene: Scene, folder: Path, seconds: float = LOOP_S) -> Path:
    """Write frames of a scene as raw YUV 4:2:0; the file name contains width and height."""
    from benchmarks.scene import Composer

    path = folder / f"{scene.width}x{scene.height}{SUFFIX}"
    composer = Composer(scene)
    with path.open("wb") as file:
        for index in range(max(1, round(seconds * RATE))):
            file.write(cv2.cvtColor(composer.frame(index), cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


class PacedCamera:
    """Play a raw clip in a loop, with the methods of `cv2.VideoCapture` that a session needs.

    A late reader gets the newest frame, as from a driver with a buffer of one frame.
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
        """Return the frame rate for every property."""
        return float(RATE)

    def release(self) -> None:
        """Do nothing: the camera holds no device."""
