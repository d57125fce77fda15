"""A network camera on this computer: an HTTP server of JPEG parts, with faults that a test sets."""

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
    """Sends its pictures in a loop to every client. A test may change all attributes while it runs.

    Args:
        pictures: bodies of the parts: JPEG, or any other bytes.

    Attributes:
        pictures: as above.
        rate: pictures a second.
        hurry: number of the next pictures that are sent without a pause.
        absent: whether it answers requests with status 503, as a server without a camera does.
        visits: number of requests.
        sent: number of pictures that were sent.
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
        self.connection_epoch = 0
        self.closing = threading.Event()
        self.flows = threading.Event()
        self.flows.set()

    def drop(self) -> None:
        """Close the connection to every client; a client may connect again."""
        self.connection_epoch += 1

    def stall(self) -> None:
        """Keep the connections open and send nothing."""
        self.flows.clear()

    def go_on(self) -> None:
        """End a stall: send pictures again."""
        self.flows.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: a client may hang up at any time."""


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
        connection_epoch = camera.connection_epoch
        while connection_epoch == camera.connection_epoch and not camera.closing.is_set():
            if not camera.flows.wait(0.01):
                continue
            picture = camera.pictures[camera.sent % len(camera.pictures)]
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            self.wfile.write(head.encode() + picture + b"\r\n")
            camera.sent += 1
            if camera.hurry:
                camera.hurry -= 1
            else:
                self._pause(camera, connection_epoch)

    def _pause(self, camera: NetworkCamera, connection_epoch: int) -> None:
        # In small steps, so that a slow camera closes its connections as fast as a quick one
        left = 1 / camera.rate
        while left > 0 and connection_epoch == camera.connection_epoch and not camera.closing.wait(min(left, 0.05)):
            left -= 0.05

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the base class


class SlowFilmServer(http.server.ThreadingHTTPServer):
    """Sends a film whole to its first clients, and to the others its start, then a byte now and then.

    Args:
        film: the bytes of the file.
        start: number of bytes that the other clients get at once.
        whole: number of the clients that get all of it at once.

    Attributes:
        visits: number of requests.
        drips: set once it sends single bytes.
    """

    daemon_threads = False
    block_on_close = True

    def __init__(self, film: bytes, start: int, whole: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _SlowHandler)
        self.film, self.start, self.whole = film, start, whole
        self.visits = 0
        self.drips = threading.Event()
        self.closing = threading.Event()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: a client may hang up at any time."""


class _SlowHandler(http.server.BaseHTTPRequestHandler):
    timeout = 10

    def do_GET(self) -> None:
        server = cast("SlowFilmServer", self.server)
        server.visits += 1
        is_slow = server.visits > server.whole
        self.send_response(200)
        self.send_header("Content-Type", "video/x-matroska")
        self.send_header("Content-Length", str(len(server.film)))
        self.end_headers()
        self.wfile.write(server.film[: server.start] if is_slow else server.film)
        for place in range(server.start, len(server.film) if is_slow else 0):
            server.drips.set()
            if server.closing.wait(0.02):
                return
            self.wfile.write(server.film[place : place + 1])

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the base class


@contextmanager
def streaming(camera: http.server.HTTPServer) -> Generator[str]:
    """Run a server; yields its address, such as `127.0.0.1:8080`."""
    thread = threading.Thread(target=camera.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{camera.server_port}"
    finally:
        if isinstance(camera, NetworkCamera):
            camera.flows.set()
        if isinstance(camera, NetworkCamera | SlowFilmServer):
            camera.closing.set()
        camera.shutdown()
        camera.server_close()
        thread.join()


# Bodies of parts


def jpeg(image: Image) -> bytes:
    """Encode a picture as the body of a part."""
    return cv2.imencode(".jpg", image)[1].tobytes()


def moving(image: Image, count: int = 8) -> list[bytes]:
    """The picture, shifted left and right by some pixels: no two parts in a row are the same."""
    return [jpeg(np.roll(image, 2 * min(index, count - index), axis=1)) for index in range(count)]


def darkness(count: int = 8, size: tuple[int, int] = (240, 320)) -> list[bytes]:
    """Pictures of a camera with a covered lens; `size` is (height, width)."""
    noise = np.random.default_rng(0).integers(0, 4, (count, *size, 3), np.uint8)
    return [jpeg(picture) for picture in noise]


def open_handles() -> list[str]:
    """Targets of the open file descriptors of this process, on disk and network; sorted."""
    return sorted(_target(handle) for handle in Path("/proc/self/fd").iterdir())


def _target(handle: Path) -> str:
    try:
        return os.readlink(handle)  # noqa: PTH115 - a socket has no path
    except OSError:
        # The descriptor of the folder that is being listed is closed by now
        return ""
