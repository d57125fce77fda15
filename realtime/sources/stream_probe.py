"""Ask a server once why its stream cannot be opened, or what it sends: FFmpeg says neither through OpenCV.

A question is one request. It takes a few seconds and a few kilobytes at most, follows no redirect, and holds no password.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from email.message import Message

TIMEOUT_S = 5.0
"""How long a question may take."""

MAX_HEAD = 32 * 1024
"""Bytes of an answer, more than which are not read."""

_SNIFFED = 64
"""Bytes of the body that show what it is, if the server does not say."""

_LONGEST_BOUNDARY = 200
"""Bytes; RFC 2046 allows 70."""

_URL_CHARACTERS = "/?&=%:;@+,$!*'()~#[]"
"""Characters of a URL that stand for themselves; a blank or a line end does not."""

_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"BM")
_LISTS = (b"#EXTM3U", b"v=0", b"<?xml", b"<MPD", b"[playlist]", b"ffconcat")
_PAGES = (b"<!doctype html", b"<html")


@dataclass(frozen=True, slots=True)
class Answer:
    """First bytes of the answer of a server.

    Attributes:
        status: such as 200 or 404.
        content_type: as the server names it, in lower case; empty if it does not.
        length: bytes of the body; None if the server does not say, as for a stream without an end.
        location: absolute URL that a redirect leads to; None for any other answer.
        start: the first bytes of the body; few or none.
        challenges: what the server asks of a login (RFC 9110, section 11.3).
        is_chunked: whether the body comes in chunks.
        encoding: how the body is compressed, in lower case, such as "gzip"; empty if it is not.
        boundary: what the server announces between the pictures of a multipart body; empty if it does not.
        content_range: which bytes of a file a part is, such as "bytes 0-99/500"; empty if the server does not say.
    """

    status: int
    content_type: str = ""
    length: int | None = None
    location: str | None = None
    start: bytes = b""
    challenges: tuple[str, ...] = ()
    is_chunked: bool = False
    encoding: str = ""
    boundary: bytes = b""
    content_range: str = ""

    @property
    def is_multipart(self) -> bool:
        """Whether the body is a row of pictures, as network cameras send it."""
        return self.content_type.startswith("multipart/") or (not self.content_type and self.start.startswith(b"--"))


class ProbeError(Exception):
    """No answer; the message says why, in words that follow a colon."""


def probe(url: str, timeout_s: float = TIMEOUT_S) -> Answer:
    """Ask for a stream by its URL: http, https, rtsp or rtsps.

    Raises:
        ProbeError: there is no answer.
    """
    parts, address = split_url(url)
    if uses_proxy(parts):
        raise ProbeError("a proxy is set for this server: does it answer in a browser?")
    deadline = time.monotonic() + timeout_s
    with explained(), connect(parts, address, deadline) as connection:
        connection.sendall(request(parts))
        received = receive(connection, deadline)
    return parse_answer(received, url)


def split_url(url: str) -> tuple[SplitResult, tuple[str, int]]:
    """The parts of a URL, and the host and the port to connect to.

    Raises:
        ProbeError: it is not valid.
    """
    try:
        parts = urlsplit(url)
        return parts, (parts.hostname or "", parts.port or _PORTS[parts.scheme])
    except ValueError as error:
        raise ProbeError("the URL is not valid") from error


def uses_proxy(parts: SplitResult) -> bool:
    """Whether the system has a proxy for a URL."""
    return parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")


@contextmanager
def explained() -> Generator[None]:
    """Raise `ProbeError` for each failure of a connection."""
    try:
        yield
    except socket.gaierror as error:
        raise ProbeError("no such server is known: is the name right, and the network connected?") from error
    except ConnectionRefusedError as error:
        raise ProbeError("the server refuses the connection: is the port right, and does it run?") from error
    except TimeoutError as error:
        raise ProbeError("the server does not answer: is it switched on, and on this network?") from error
    except (OSError, ValueError) as error:
        raise ProbeError("the connection fails: does it answer in a browser?") from error


def redirect_target(answer: Answer, url: str) -> str | None:
    """The URL that a redirect leads to if it is on the same host, and not from https to http; else None.

    It has the login of `url` if that stays with the same server: the same scheme and port, or https in place of http.
    """
    if answer.location is None:
        return None
    try:
        before, after = urlsplit(url), urlsplit(answer.location)
        same_host = before.hostname == after.hostname and after.scheme in {"http", "https"}
        same_port = (before.port or _PORTS[before.scheme]) == (after.port or _PORTS.get(after.scheme))
    except ValueError:
        return None
    if not same_host or (before.scheme, after.scheme) == ("https", "http"):
        return None
    login = before.netloc.rpartition("@")[0]
    same_server = (before.scheme == after.scheme and same_port) or (before.scheme, after.scheme) == ("http", "https")
    netloc = after.netloc if "@" in after.netloc or not login or not same_server else f"{login}@{after.netloc}"
    return urlunsplit(after._replace(netloc=netloc))


def explain(answer: Answer, *, with_password: bool, elsewhere: str | None = None) -> str:
    """Why an answer is no stream that emodj can read, in words that follow a colon.

    Args:
        answer: of the server.
        with_password: whether the URL has a name or a password.
        elsewhere: name of the server that a redirect leads to; None for any other answer.
    """
    if elsewhere is not None:
        return f"the server sends us on to {elsewhere}: if you trust that server, name its address instead"
    if answer.status == HTTPStatus.UNAUTHORIZED:
        if with_password:
            return "the server refuses this name and password"
        return "the server asks for a name and a password: write them into the URL, SCHEME://NAME:PASSWORD@SERVER/…"
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return f"the server answers {_status_name(answer.status)}"
    return f"the server answers {_describe_body(answer)}"


def _describe_body(answer: Answer) -> str:
    start = answer.start.lstrip()
    if "html" in answer.content_type or start.lower().startswith(_PAGES):
        return "with a web page: name the address of the stream itself"
    if answer.content_type.startswith("image/") or start.startswith(_PICTURES):
        return "with one picture: name the address of its stream, or save the picture for `emodj image`"
    if "mpegurl" in answer.content_type or start.startswith(_LISTS):
        return "with a list of other addresses (HLS, DASH or SDP), which emodj does not follow"
    return "with nothing that emodj can read as a video"


def connect(parts: SplitResult, address: tuple[str, int], deadline: float) -> socket.socket:
    """Connect to a server until `deadline`, a time of `time.monotonic`; the caller closes the socket.

    Raises:
        OSError: it does not answer.
    """
    plain = socket.create_connection(address, timeout=left_s(deadline))
    if parts.scheme not in {"https", "rtsps"}:
        return plain
    try:
        plain.settimeout(left_s(deadline))
        # As FFmpeg does: cameras sign their certificates themselves
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(plain, server_hostname=address[0])
    except BaseException:
        plain.close()
        raise


def request_target(parts: SplitResult) -> str:
    """Path and query of a URL, as a request names them: without blanks and line ends."""
    return quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe=_URL_CHARACTERS)


def request(parts: SplitResult, headers: Sequence[str] = ()) -> bytes:
    """The request for a URL, with more headers if need be; it holds no login."""
    host = parts.netloc.rpartition("@")[2]
    target = request_target(parts)
    if parts.scheme.startswith("rtsp"):
        lines = [f"DESCRIBE {parts.scheme}://{host}{target} RTSP/1.0", "CSeq: 1", "Accept: application/sdp"]
    else:
        lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "User-Agent: emodj", "Accept: */*"]
        lines += ["Accept-Encoding: identity", "Connection: close"]
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def receive(connection: socket.socket, deadline: float) -> bytes:
    """The headers of an answer and the first bytes of its body, if they come until `deadline`; at most `MAX_HEAD`.

    Raises:
        ProbeError: the server sends no whole headers in time.
    """
    received = b""
    while len(received) < MAX_HEAD:
        head, end, body = received.partition(b"\r\n\r\n")
        if end and (len(body) >= _SNIFFED or not head.startswith(b"HTTP/1.")):
            break
        try:
            connection.settimeout(left_s(deadline))
            piece = connection.recv(4096)
        except TimeoutError as error:
            if end:
                break
            raise ProbeError("the server accepts the connection, and sends nothing") from error
        if not piece:
            break
        received += piece
    return received


def parse_answer(received: bytes, url: str) -> Answer:
    """Parse the first bytes of an answer to a request for `url`.

    Raises:
        ProbeError: they are none.
    """
    head, _, body = received.partition(b"\r\n\r\n")
    first, _, rest = head.partition(b"\r\n")
    words = first.split(maxsplit=2)
    if len(words) < 2 or not words[1].isdigit() or len(words[1]) != 3:  # noqa: PLR2004 - a version and a status of three digits
        raise ProbeError(
            "the server answers in another protocol: is the port right?"
            if received
            else "the server closes the connection without an answer"
        )
    try:
        headers = http.client.parse_headers(io.BytesIO(rest + b"\r\n\r\n"))
    except http.client.HTTPException as error:
        raise ProbeError("the server answers with a damaged header") from error
    status, location, length = int(words[1]), headers.get("Location"), headers.get("Content-Length", "")
    moved = location is not None and HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    try:
        target = urljoin(url, location) if location is not None and moved else None
    except ValueError as error:
        raise ProbeError("the server sends us to an address that is not valid") from error
    return Answer(
        status,
        headers.get("Content-Type", "").lower(),
        int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None,  # noqa: PLR2004 - fits 64 bits
        target,
        body[:_SNIFFED],
        tuple(headers.get_all("WWW-Authenticate", [])),
        "chunked" in headers.get("Transfer-Encoding", "").lower(),
        headers.get("Content-Encoding", "").strip().lower().replace("identity", ""),
        _announced_boundary(headers),
        headers.get("Content-Range", "").strip(),
    )


def _announced_boundary(headers: Message) -> bytes:
    try:
        boundary = headers.get_boundary("")
    except (ValueError, TypeError):
        # A parameter in the form of RFC 2231 that is damaged
        return b""
    return boundary.encode("latin-1", "ignore")[:_LONGEST_BOUNDARY]


def left_s(deadline: float) -> float:
    """Seconds until a time of `time.monotonic`.

    Raises:
        TimeoutError: it is over.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _status_name(status: int) -> str:
    try:
        return f"{status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return str(status)
