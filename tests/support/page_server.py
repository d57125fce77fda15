"""A served page for tests, in a thread of this process, and a client that speaks to it as the page's scripts do."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from realtime.app.build import build_page, shipped_settings
from realtime.page.routes import build_app
from realtime.page.server import PageAddress
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from realtime.config.schema import Settings


@dataclass
class Answer:
    """An answer of the server: its status, its headers by name in lower case, its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def sentence(self) -> str:
        return self.body.decode().rstrip("\n")


@dataclass
class PageClient:
    """Sends requests to a page. A header that is None is left out."""

    link: str
    visit: str = ""
    opening_link: str = ""
    _parts: Any = field(init=False)

    def __post_init__(self) -> None:
        self._parts = urlsplit(self.link)

    @property
    def origin(self) -> str:
        return f"{self._parts.scheme}://{self._parts.netloc}"

    @property
    def key(self) -> str:
        return self._parts.fragment

    @property
    def address(self) -> tuple[str, int]:
        return str(self._parts.hostname), int(self._parts.port)

    def begin(self) -> dict[str, Any]:
        """Begin a visit, as a tab does."""
        answer = self.ask("visit").document
        self.visit = answer["visit"]
        return answer

    def ask(self, name: str, body: bytes | object = b"", headers: Mapping[str, str | None] | None = None) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", f"/api/{name}", data, headers)

    def request(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str | None] | None = None) -> Answer:
        given: dict[str, str | None] = {}
        if method == "POST":
            given |= {"x-emodj-key": self.key, "x-emodj-visit": self.visit, "origin": self.origin}
        given |= headers or {}
        connection = HTTPConnection(*self.address, timeout=60)
        try:
            connection.request(method, path, body or None, {name: value for name, value in given.items() if value is not None})
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()

    def send_raw(self, data: bytes) -> bytes:
        """Send bytes, and return all that comes back until the server closes the connection."""
        with socket.create_connection(self.address, timeout=60) as connection:
            connection.sendall(data)
            parts = list[bytes]()
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts)


@contextmanager
def serving_page(
    settings: Settings | None = None,
    most_visits: int = 1000,
    clock: Callable[[], float] = time.monotonic,
    *,
    in_network: bool = False,
) -> Generator[PageClient]:
    """Serve a page with the settings that come with emodj, or others; yields a client with the link's key.

    Tests share a page, and leave their visits open, so it takes more of them.
    """
    parts = build_page(settings or shipped_settings(), lambda _: None, in_network=in_network)
    with PageAddress(0) as address:
        server = address.server(build_app(parts, clock, most_visits))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [address.socket]}, name="page")
        thread.start()
        try:
            until(lambda: server.started)
            yield PageClient(address.links[0], opening_link=address.opening_link)
        finally:
            server.should_exit = True
            thread.join()
            if parts.spotify is not None:
                parts.spotify.close()
