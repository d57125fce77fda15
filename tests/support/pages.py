"""A local web server with pages that a test defines, among them those of Spotify's oEmbed."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.support.slow_answers import send_slowly

if TYPE_CHECKING:
    from collections.abc import Generator


@dataclass(frozen=True, slots=True)
class Page:
    """One response.

    Attributes:
        status: status of the response to GET.
        body: body of the response to GET.
        head: status of the response to HEAD; None for the same as GET.
        to: address of a redirect; None for no redirect.
        silent: whether the server sends no response until it closes.
        cut: whether the body is shorter than its `Content-Length`.
        slow: the part that is sent a byte now and then, of `slow_answers.STARTS`; None for a fast response.
    """

    status: int = 200
    body: bytes = b"hello"
    head: int | None = None
    to: str | None = None
    silent: bool = False
    cut: bool = False
    slow: str | None = None


@dataclass
class Pages:
    """Responses of a server, and the requests that it received.

    Attributes:
        address: `http://127.0.0.1:PORT`.
        pages: responses by path; 404 for any other path.
        lists: responses of oEmbed by the link in the query; 404 for any other link.
        requests: method and path, or method and link, of each request.
        agents: `User-Agent` headers of the requests.
    """

    address: str = ""
    pages: dict[str, Page] = field(default_factory=dict[str, Page])
    lists: dict[str, Page] = field(default_factory=dict[str, Page])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    agents: set[str] = field(default_factory=set[str])
    closing: threading.Event = field(default_factory=threading.Event)


def embed(title: object) -> Page:
    """The response of oEmbed for a playlist of that title."""
    return Page(body=json.dumps({"title": title, "type": "rich", "provider_name": "Spotify"}).encode())


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, pages: Pages) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages = pages

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: in some tests the client hangs up."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - it serves no other

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Log nothing."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def _answer(self, method: str) -> None:
        pages = self.server.pages
        parts = urlsplit(self.path)
        link = parse_qs(parts.query).get("url", [""])[0]
        page = (pages.lists if link else pages.pages).get(link or parts.path, Page(404))
        pages.requests.append((method, link or parts.path))
        pages.agents.add(self.headers["User-Agent"])
        if page.silent:
            pages.closing.wait()
            return
        if page.slow is not None:
            send_slowly(self.wfile, page.slow, pages.closing)
            return
        self.send_response(page.head if method == "HEAD" and page.head is not None else page.status)
        if page.to is not None:
            self.send_header("Location", page.to)
        self.send_header("Content-Length", str(len(page.body) + (100 if page.cut else 0)))
        self.end_headers()
        if method == "GET":
            self.wfile.write(page.body)


@contextmanager
def serving() -> Generator[Pages]:
    """Run a server; a test adds its pages."""
    pages = Pages()
    with _Server(pages) as server:
        pages.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield pages
        finally:
            pages.closing.set()
            server.shutdown()
            thread.join()
