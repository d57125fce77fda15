"""A network camera on this computer: an HTTP server of JPEG parts that a test lets drop, stall, hurry, or talk nonsense."""

from __future__ import annotations

import http.server
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from realtime.domain import Image

RATE = 30.0


class NetworkCamera(http.server.ThreadingHTTPServer):
    """Sends its pictures round and round to whoever asks. All may be changed while it runs.

    Args:
        pictures: bodies of the parts: JPEG, or whatever a test likes.

    Attributes:
        pictures: the same.
        rate: pictures a second.
        hurry: so many of the next pictures are sent at once.
        absent: whether it answers that there is no camera.
        visits: how often it was asked for pictures.
        sent: pictures until now.
    """

    daemon_threads = False
    block_on_close = True

    def __init__(self, pictures: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pictures = pictures
        self.rate = RATE
        self.hurry = 0
        self.absent = False
        self.visits = self.sent = 0
        self.line = 0
        self.closing = threading.Event()
        self.flows = threading.Event()
        self.flows.set()

    def drop(self) -> None:
        """Hang up on all who listen; they may come again."""
        self.line += 1

    def stall(self) -> None:
        """Stay on the line and say nothing."""
        self.flows.clear()

    def go_on(self) -> None:
        """End a stall."""
        self.flows.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up early is no fault."""


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        camera = cast("NetworkCamera", self.server)
        camera.visits += 1
        if camera.absent:
            self.send_error(503)
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        line = camera.line
        while line == camera.line and not camera.closing.is_set():
            if not camera.flows.wait(0.01):
                continue
            picture = camera.pictures[camera.sent % len(camera.pictures)]
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            self.wfile.write(head.encode() + picture + b"\r\n")
            camera.sent += 1
            if camera.hurry:
                camera.hurry -= 1
            else:
                self._pause(camera, line)

    def _pause(self, camera: NetworkCamera, line: int) -> None:
        # In small steps, so that a slow camera hangs up as fast as another
        left = 1 / camera.rate
        while left > 0 and line == camera.line and not camera.closing.wait(min(left, 0.05)):
            left -= 0.05

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the base class


@contextmanager
def streaming(camera: http.server.HTTPServer) -> Generator[str]:
    """Run a server; gives its address, `127.0.0.1:8080`."""
    thread = threading.Thread(target=camera.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{camera.server_port}"
    finally:
        if isinstance(camera, NetworkCamera):
            camera.closing.set()
            camera.flows.set()
        camera.shutdown()
        camera.server_close()
        thread.join()


# What it can send


def jpeg(image: Image) -> bytes:
    """A part."""
    return cv2.imencode(".jpg", image)[1].tobytes()


def moving(image: Image, count: int = 8) -> list[bytes]:
    """The picture, swaying by some pixels: no part is like the one before it."""
    return [jpeg(np.roll(image, 2 * min(index, count - index), axis=1)) for index in range(count)]


def darkness(count: int = 8, size: tuple[int, int] = (240, 320)) -> list[bytes]:
    """What a camera sends whose lens is covered, (height, width)."""
    noise = np.random.default_rng(0).integers(0, 4, (count, *size, 3), np.uint8)
    return [jpeg(picture) for picture in noise]


def open_handles() -> list[str]:
    """What this process has open on disk and network."""
    return sorted(_target(handle) for handle in Path("/proc/self/fd").iterdir())


def _target(handle: Path) -> str:
    try:
        return os.readlink(handle)  # noqa: PTH115 - a socket has no path
    except OSError:
        # That of the folder that is being listed
        return ""
