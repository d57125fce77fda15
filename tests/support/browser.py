"""A real Chromium for tests of the page, with a clip in place of a camera."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from playwright.sync_api import Browser

    from realtime.domain import Image

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
RATE = 15
SIZE = (640, 480)
"""Width and height of the clip, pixels."""


@contextmanager
def run_browser(clip: Path) -> Generator[Browser]:
    """Run a browser whose camera shows a clip; a page gets it by the permission "camera".

    It skips where there is no Chromium, and fails in CI.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        reason = "tests of the page need Chromium: apt install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    options = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={clip}", "--disable-dev-shm-usage"]
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()


def write_camera_clip(path: Path, picture: Image) -> Path:
    """Write a clip of two seconds for the browser's camera: a picture, with a mark that moves. Returns the path.

    It is a YUV4MPEG2 file, each frame with its planes at 4:2:0, as Chromium reads it.
    """
    frame = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    frame[:, 80:560] = cv2.resize(picture, (480, 480))
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{SIZE[0]} H{SIZE[1]} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for step in range(2 * RATE):
            shown = frame.copy()
            shown[440:460, 4 + step : 24 + step] = (0, 255, 0)
            file.write(b"FRAME\n" + cv2.cvtColor(shown, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path
