"""A local server of a web service: it answers as the service, or with the fault that a test wants."""

from __future__ import annotations

import http.server
import json
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from tests.support.slow_answers import send_slowly

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

Row = dict[str, Any]
"""A JSON object."""


@dataclass(frozen=True)
class Fault:
    """A response. As a fault it replaces the real one, and the request has no effect.

    Attributes:
        silent: whether the server sends no response until it closes.
        cut: whether the body is shorter than its `Content-Length`.
        close: whether the server hangs up without a response.
        slow: the part that is sent a byte now and then, of `slow_answers.STARTS`; None for a fast response.
    """

    status: int = 500
    body: bytes | Row | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    silent: bool = False
    cut: bool = False
    close: bool = False
    slow: str | None = None


@dataclass
class Request:
    """One request; `body` is the decoded JSON or form, None if it cannot be decoded."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    bearer: str | None

    @property
    def fields(self) -> Row:
        """The body, if it is an object."""
        return self.body if isinstance(self.body, dict) else {}


class WebService(Protocol):
    """What answers the requests.

    Attributes:
        lock: held while it answers.
        closing: set when the server closes.
    """

    lock: threading.RLock
    closing: threading.Event

    def answer(self, request: Request) -> Fault:
        """The response to a request."""
        ...


class _Handler(http.server.BaseHTTPRequestHandler):
    def __init__(self, service: WebService, *rest: Any) -> None:
        self.service = service
        super().__init__(*rest)

    def handle(self) -> None:
        # In some tests the client hangs up
        with suppress(OSError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Log nothing."""

    def do_GET(self) -> None:
        service, request = self.service, self._read_request()
        with service.lock:
            answer = service.answer(request)
            body = json.dumps(answer.body).encode() if isinstance(answer.body, dict) else answer.body or b""
        if answer.silent:
            service.closing.wait()
        if answer.slow is not None:
            send_slowly(self.wfile, answer.slow, service.closing)
        if answer.silent or answer.close or answer.slow is not None:
            return
        self.send_response(answer.status)
        kind = {"Content-Type": "application/json" if isinstance(answer.body, dict) else "text/html"}
        for name, value in (kind | dict(answer.headers)).items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body) + (100 if answer.cut else 0)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - their names in the library

    def _read_request(self) -> Request:
        parts = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
            body = dict(parse_qsl(data.decode())) if form else json.loads(data)
        except ValueError:
            body = None
        bearer = self.headers.get("Authorization", "").partition("Bearer ")[2]
        return Request(self.command, parts.path.rstrip("/"), dict(parse_qsl(parts.query)), body, bearer or None)


@contextmanager
def serving(service: WebService) -> Generator[str]:
    """Run the server of a service; yield its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, service)) as server:
        # Closing waits for the requests in progress
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            service.closing.set()
            server.shutdown()
            thread.join()
