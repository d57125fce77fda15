"""Rules for requests to the page: which hosts and origins, with which key, how large and how slow.

A server on this computer can be reached by every web page that the person opens, and by every program. Each rule stops one way:

- `Host` is one of ours, or another site could reach the server by a name of its own (DNS rebinding: Jackson et al. 2007,
  "Protecting Browsers from DNS Rebinding Attacks", CCS).
- `Origin` and `Sec-Fetch-Site` say that our own page sends (Fetch Metadata Request Headers, W3C).
- The key, which only the printed link has, keeps out other programs and other users of this computer. It is a header of its
  own, so a browser asks before another site may send it, and that is refused: there are no CORS headers, and no cookie.
- A body has a length that is known before, a bound, and a time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEY_HEADER = "x-emodj-key"
MAX_BODY_BYTES = 12_000_000
"""Largest picture: a photograph of 50 megapixels, as phones take them, has about 10 MB."""
MAX_HEADER_BYTES = 16_384
"""Most bytes of all headers together; a browser sends about 1,000."""
BODY_S = 30.0
"""Seconds that a body may take: at 0.4 MB a second, the largest one arrives in time."""

SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
        "media-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
"""Headers of every answer."""

ENTER = "/api/enter"
"""Where a ticket is exchanged for the key; the guard itself answers it."""
TICKET_PREFIX = "once."
"""How a ticket begins behind the `#` of a link, so that the page knows it from the key."""

_API = "/api/"


class Ticket:
    """A secret that is exchanged for the key, once.

    The link that is opened by a command has it in place of the key: other users of this computer can read command lines.
    """

    def __init__(self) -> None:
        self._secret: str | None = new_key()

    @property
    def text(self) -> str:
        """What stands behind the `#`; of a ticket that was used, the prefix alone."""
        return TICKET_PREFIX + (self._secret or "")

    def use(self, given: str) -> bool:
        """Use it up; False if it is another one, or was used before."""
        is_right = self._secret is not None and secrets.compare_digest(given.encode(), self.text.encode())
        if is_right:
            self._secret = None
        return is_right


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the page.

    Attributes:
        scheme: "http", or "https" with a certificate.
        hosts: values of `Host` that name this server, in lower case, each with its port.
        key: secret of the printed link.
        ticket: secret of the link that is opened.
    """

    scheme: str
    hosts: frozenset[str]
    key: str
    ticket: Ticket = field(default_factory=Ticket)

    def is_own_origin(self, origin: str) -> bool:
        """Whether an `Origin` is this page."""
        scheme, separator, host = origin.partition("://")
        return bool(separator) and scheme == self.scheme and host.lower() in self.hosts


def new_key() -> str:
    """A secret of 128 bits for a link."""
    return secrets.token_urlsafe(16)


class Refusal(Exception):  # noqa: N818 - an answer, not a fault
    """A request that is not answered; the message is the sentence for the browser.

    Args:
        status: HTTP status.
        sentence: what is wrong, and what to try.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def check_request(access: Access, method: str, path: str, headers: Mapping[str, list[str]]) -> None:
    """Check everything of a request but its body.

    Args:
        access: who may use the page.
        method: "GET", "POST", …
        path: of the address, without the query.
        headers: values of each header, by its name in lower case.

    Raises:
        Refusal: with status 431 for too many headers, 421 for a host that is not ours, 405 for another method, 403 for another
            origin or a wrong key, 411 for a body without its length, 413 for one that is too large.
    """
    _check_address(access, headers)
    if method not in {"GET", "HEAD", "POST"}:
        raise Refusal(405, "emodj answers GET and POST only")
    sites = headers.get("sec-fetch-site", [])
    allowed = {"same-origin"} if method == "POST" else {"same-origin", "none"}
    if not allowed.issuperset(sites):
        raise Refusal(403, "another page asks: copy the link that emodj printed into the address bar")
    if path.startswith(_API) != (method == "POST"):
        raise Refusal(405, "the page asks by POST, below /api/ alone")
    if method == "POST":
        origins = headers.get("origin", [])
        if len(origins) != 1 or not access.is_own_origin(origins[0]):
            raise Refusal(403, "another page asks: use the page of emodj itself")
        _check_length(headers)
        _check_key(access, path, headers)


def _check_address(access: Access, headers: Mapping[str, list[str]]) -> None:
    if sum(len(name) + len(value) for name, values in headers.items() for value in values) > MAX_HEADER_BYTES:
        raise Refusal(431, "the headers are too long: open the link that emodj printed, in another browser")
    hosts = headers.get("host", [])
    if len(hosts) != 1 or hosts[0].lower() not in access.hosts:
        raise Refusal(421, "this is not the address of emodj: open the link that emodj printed")


def _check_key(access: Access, path: str, headers: Mapping[str, list[str]]) -> None:
    keys = headers.get(KEY_HEADER, [])
    if path == ENTER:
        if len(keys) != 1 or not access.ticket.use(keys[0]):
            raise Refusal(403, "this link was used already: open the link that emodj printed")
    elif len(keys) != 1 or not secrets.compare_digest(keys[0].encode(), access.key.encode()):
        raise Refusal(403, "the key is missing or old: open the link that emodj printed last")


def _check_length(headers: Mapping[str, list[str]]) -> None:
    lengths = headers.get("content-length", [])
    if "transfer-encoding" in headers or len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        raise Refusal(411, "the length of what is sent must be known before")
    if len(lengths[0]) > len(str(MAX_BODY_BYTES)) or int(lengths[0]) > MAX_BODY_BYTES:
        raise _too_large()


def _too_large() -> Refusal:
    megabytes = MAX_BODY_BYTES // 10**6
    return Refusal(413, f"this is larger than the {megabytes} MB that the page takes: shrink it, or use `emodj image`")


class Guard:
    """ASGI application in front of the page: it checks each request, and reads its body whole before the page sees it.

    Args:
        app: the page.
        access: who may use it.
        body_s: seconds that a body may take.
    """

    def __init__(self, app: ASGIApp, access: Access, *, body_s: float = BODY_S) -> None:
        self._app = app
        self._access = access
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            # uvicorn opens no WebSocket, and has no lifespan to run
            raise NotImplementedError(scope["type"])
        headers = dict[str, list[str]]()
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        try:
            check_request(self._access, scope["method"], scope["path"], headers)
            body = await self._read_body(receive) if scope["method"] == "POST" else b""
        except Refusal as refusal:
            await _answer(refusal.status, "text/plain; charset=utf-8", f"{refusal}\n", _with_security_headers(send))
            return
        if scope["path"] == ENTER:
            text = f'{{"key": "{self._access.key}"}}\n'
            await _answer(200, "application/json", text, _with_security_headers(send))
            return
        await self._app(scope, _replay(body, receive), _with_security_headers(send))

    async def _read_body(self, receive: Receive) -> bytes:
        """The body, counted while it is read: its stated length may be wrong.

        Raises:
            Refusal: with status 413 if it is too large, 408 if it does not come in time or its sender is gone.
        """
        parts, size = list[bytes](), 0
        with anyio.move_on_after(self._body_s):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    break
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MAX_BODY_BYTES:
                    raise _too_large()
                if not message.get("more_body", False):
                    return b"".join(parts)
        raise Refusal(408, f"the picture did not arrive within {self._body_s:.0f} seconds: try again, or a smaller one")


async def answer_busy(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer a request of a connection too many, whatever it asks."""
    sentence = "as many connections are open as emodj takes: close some tabs, and reload this one\n"
    await _answer(503, "text/plain; charset=utf-8", sentence, _with_security_headers(send))


def _replay(body: bytes, receive: Receive) -> Receive:
    """What the page receives: the body in one piece, then what the connection says."""
    waiting = [body]

    async def replayed() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replayed


def _with_security_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            named = {name.lower() for name, _ in given}
            given += [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items() if name.encode() not in named]
            message["headers"] = given
        await send(message)

    return sent


async def _answer(status: int, media_type: str, text: str, send: Send) -> None:
    body = text.encode()
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", str(len(body)).encode()),
        # What follows on this connection may be the rest of a body that was not read
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
