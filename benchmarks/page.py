"""Time from a picture of 640×480 to its answer: by the page, and by the same reader in this process, in turns."""

from __future__ import annotations

import sys
import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import cv2
import numpy as np

from benchmarks.figures import Figure, build_parser, figure_of_turns, print_report
from benchmarks.scene import PORTRAIT
from realtime import PictureReader
from realtime.app.build import build_page, shipped_settings
from realtime.errors import AssetError
from realtime.page.routes import build_app
from realtime.page.server import PageAddress

SECONDS = 20.0
TURNS = 20


def figures(seconds: float = SECONDS, *, turns: int = TURNS) -> list[Figure]:
    """Measure the row of the table, in `turns` turns, or fewer if they take longer than `seconds`; not the loading.

    Raises:
        AssetError: a cascade or the network cannot be used, or the portrait is missing.
    """
    picture, reader = _picture(), PictureReader()
    pairs: list[tuple[float, float]] = []
    with PageAddress(0) as address:
        server = address.server(build_app(build_page(shipped_settings(), lambda _: None, in_network=False)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [address.socket]})
        thread.start()
        try:
            client = _Client(address.links[0])
            client.read(picture)
            reader.read(picture)
            end = time.monotonic() + seconds
            while not pairs or (len(pairs) < turns and time.monotonic() < end):
                began = time.perf_counter()
                client.read(picture)
                between = time.perf_counter()
                reader.read(picture)
                pairs.append((between - began, time.perf_counter() - between))
        finally:
            server.should_exit = True
            thread.join()
    return [figure_of_turns("one picture by the page", pairs, unit=" s", must=1.5, moonshot=1.1, more_is_better=False)]


class _Client:
    """A tab of the page, on one connection.

    Args:
        link: of the page, with its key.
    """

    def __init__(self, link: str) -> None:
        parts = urlsplit(link)
        self._connection = HTTPConnection(parts.netloc, timeout=60)
        self._headers = {"origin": f"{parts.scheme}://{parts.netloc}", "x-emodj-key": parts.fragment}
        visit = self._ask("visit", b"").partition(b'"visit": "')[2].partition(b'"')[0]
        self._headers["x-emodj-visit"] = visit.decode()

    def read(self, picture: bytes) -> None:
        """Have a picture read."""
        assert b"happy" in self._ask("picture", picture)

    def _ask(self, name: str, body: bytes) -> bytes:
        self._connection.request("POST", f"/api/{name}", body, {**self._headers, "content-length": str(len(body))})
        return self._connection.getresponse().read()


def _picture() -> bytes:
    portrait = cv2.imread(str(PORTRAIT))
    if portrait is None:
        raise AssetError(f"{PORTRAIT} cannot be read: run the benchmark from a checkout")
    frame = np.full((480, 640, 3), 120, np.uint8)
    frame[:, 80:560] = cv2.resize(portrait, (480, 480))
    return cv2.imencode(".jpg", frame)[1].tobytes()


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
