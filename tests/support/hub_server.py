"""A local hub of networks, with a second server for the contents, as the Hugging Face Hub has its CDN."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tests.support.slow_answers import send_slowly

if TYPE_CHECKING:
    from collections.abc import Generator

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer in place of the right one.

    Attributes:
        status: of the answer.
        to: address of a redirect; `{hub}` and `{cdn}` stand for the addresses of the servers, `{path}` for the path.
        body: in place of the content of the file; None for that content.
        cut: whether the body is shorter than its `Content-Length`.
        unmeasured: whether the answer has no `Content-Length`.
        slow: the part that is sent a byte now and then, of `slow_answers.STARTS`; None for a fast answer.
    """

    status: int = 200
    to: str | None = None
    body: bytes | None = None
    cut: bool = False
    unmeasured: bool = False
    slow: str | None = None


@dataclass
class FakeHub:
    """Contents of the hub, and the requests that it received. A test may change all attributes while it runs.

    Attributes:
        address, contents: addresses of the hub and of the server with the contents.
        files: content by `OWNER/NAME/PATH`; the same in every revision.
        commit: commit that the hub names for each revision; None to name none.
        token: that a private hub asks for; None for a public one.
        faults: answers of the hub by the path of a file.
        content_faults: answers of the other server by the path of a file.
        requests: server, path and `Authorization` of each request, in order.
    """

    address: str = ""
    contents: str = ""
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    commit: str | None = COMMIT
    token: str | None = None
    faults: dict[str, Fault] = field(default_factory=dict[str, Fault])
    content_faults: dict[str, Fault] = field(default_factory=dict[str, Fault])
    requests: list[tuple[str, str, str | None]] = field(default_factory=list["tuple[str, str, str | None]"])
    closing: threading.Event = field(default_factory=threading.Event)

    def publish(self, repository: str, files: dict[str, bytes]) -> None:
        """Put files into a repository."""
        self.files |= {f"{repository}/{path}": content for path, content in files.items()}

    def asked(self) -> list[str]:
        """The paths that the hub itself was asked for, in order."""
        return [path for server, path, _ in self.requests if server == "hub"]


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, hub: FakeHub, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub
        self.name = name

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: in some tests the client hangs up."""


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server  # pyright: ignore[reportIncompatibleVariableOverride] - it serves no other

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Log nothing."""

    def do_GET(self) -> None:
        hub, path = self.server.hub, unquote(urlsplit(self.path).path)
        hub.requests.append((self.server.name, path, self.headers["Authorization"]))
        owner, name, what, _, file = (*path.strip("/").split("/", 4), "", "", "", "")[:5]
        content = hub.files.get(f"{owner}/{name}/{file}") if what == "resolve" else None
        if self.server.name == "hub":
            allowed = hub.token is None or self.headers["Authorization"] == f"Bearer {hub.token}"
            fault = hub.faults.get(file)
            if not allowed:
                fault = Fault(401)
            elif content is None:
                fault = fault or Fault(404)
            self._answer(fault or Fault(302, "{cdn}{path}"), content or b"", path)
        else:
            self._answer(hub.content_faults.get(file, Fault()), content or b"", path)

    def _answer(self, fault: Fault, content: bytes, path: str) -> None:
        hub = self.server.hub
        if fault.slow is not None:
            send_slowly(self.wfile, fault.slow, hub.closing)
            return
        body = content if fault.body is None else fault.body
        if fault.status != 200:
            body = fault.body or b""
        self.send_response(fault.status)
        if fault.to is not None:
            self.send_header("Location", fault.to.format(hub=hub.address, cdn=hub.contents, path=path))
        if self.server.name == "hub" and hub.commit is not None:
            self.send_header("X-Repo-Commit", hub.commit)
        if not fault.unmeasured:
            self.send_header("Content-Length", str(len(body) + (100 if fault.cut else 0)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving_hub() -> Generator[FakeHub]:
    """Run the two servers; a test publishes its files."""
    hub = FakeHub()
    with _Server(hub, "hub") as first, _Server(hub, "contents") as second:
        hub.address, hub.contents = (f"http://127.0.0.1:{server.server_port}" for server in (first, second))
        threads = [threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}) for server in (first, second)]
        for thread in threads:
            thread.start()
        try:
            yield hub
        finally:
            hub.closing.set()
            for server in (first, second):
                server.shutdown()
            for thread in threads:
                thread.join()
