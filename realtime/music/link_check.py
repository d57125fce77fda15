"""Check whether a link still exists, without an account: ask Spotify's oEmbed, or the server of any other link."""

from __future__ import annotations

import errno
import json
import socket
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from realtime.http_deadline import Deadline, PlainHandler, SecureHandler
from realtime.music.links import spotify_uri
from realtime.music.open_link import ascii_link

if TYPE_CHECKING:
    from http.client import HTTPResponse

SPOTIFY_ADDRESS = "https://open.spotify.com"
TIMEOUT_S = 5.0
"""Longest time for a check, in seconds: with all its redirects, and however slowly the server sends."""

_HEADERS = {"User-Agent": "emodj (checks the links of its configuration)"}
_MAX_BYTES = 64 * 2**10
"""Bytes read of an answer; an answer of Spotify has one or two thousand."""

_UNREACHABLE_ERRNOS = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_GONE_STATUSES = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
# Spotify answers 400 for an id that it never issued
_SPOTIFY_GONE_STATUSES = {*_GONE_STATUSES, HTTPStatus.BAD_REQUEST}
# A server that does not support HEAD may answer with any of these
_RETRY_WITH_GET = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.NOT_IMPLEMENTED,
    *_GONE_STATUSES,
}


class LinkState(Enum):
    """State of a link."""

    OK = "ok"
    GONE = "gone"
    UNCLEAR = "cannot tell"
    OFFLINE = "off line"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """Result of a check.

    Attributes:
        state: state of the link.
        title: current title of the music, as the server sent it; None if the server sent none.
        why: reason for any state but OK, in words.
        server_available: whether the same server may answer another request now.
    """

    state: LinkState
    title: str | None = None
    why: str = ""
    server_available: bool = True


class _NotHttpsError(URLError):
    """A redirect to a page without https: an attacker on the network could change the answer unnoticed."""


class _HttpsRedirectHandler(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        # urllib would read the page of the redirect to its end, which a server can put off
        fp.close()
        if not newurl.lower().startswith("https:"):
            raise _NotHttpsError("it leads to a page without https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_link(url: str, *, spotify: str = SPOTIFY_ADDRESS, timeout_s: float = TIMEOUT_S) -> LinkStatus:
    """Check a link. Blocks until the network answers or times out; never raises.

    Args:
        url: link as `links.parse_link` returns it.
        spotify: base address of Spotify's oEmbed.
        timeout_s: longest time for the check, in seconds.
    """
    deadline = Deadline()
    deadline.start(timeout_s)
    try:
        if spotify_uri(url) is not None:
            return _check_spotify_link(f"{spotify}/oembed?url={quote(url, safe='')}", deadline)
        return _check_other_link(ascii_link(url), deadline)
    except HTTPError as error:
        with error:
            return _explain_status(error.code)
    except (OSError, HTTPException, ValueError) as error:
        # urllib wraps an error before the answer in URLError, but not an error within the answer
        return _explain_failure(error.reason if isinstance(error, URLError) else error, timeout_s)


def _check_spotify_link(address: str, deadline: Deadline) -> LinkStatus:
    try:
        with _open_address(address, "GET", deadline) as response:
            document: object = json.loads(_read_body(response))
    except HTTPError as error:
        if error.code not in _SPOTIFY_GONE_STATUSES:
            raise
        error.close()
        return LinkStatus(LinkState.GONE, why="Spotify has no such item any more")
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        # For example the login page of a hotel's network
        return LinkStatus(LinkState.UNCLEAR, why="the answer is not Spotify's", server_available=False)
    title = document.get("title") if isinstance(document, dict) else None
    if not isinstance(title, str) or not title.strip():
        return LinkStatus(LinkState.UNCLEAR, why="the answer names no title")
    return LinkStatus(LinkState.OK, title.strip())


def _check_other_link(address: str, deadline: Deadline) -> LinkStatus:
    try:
        with _open_address(address, "HEAD", deadline):
            return LinkStatus(LinkState.OK)
    except HTTPError as error:
        if error.code not in _RETRY_WITH_GET:
            raise
        error.close()
    try:
        with _open_address(address, "GET", deadline):
            return LinkStatus(LinkState.OK)
    except HTTPError as error:
        if error.code not in _GONE_STATUSES:
            raise
        error.close()
        return LinkStatus(LinkState.GONE, why=f"its server answers {error.code}")


def _open_address(address: str, method: str, deadline: Deadline) -> HTTPResponse:
    opener: OpenerDirector = build_opener(_HttpsRedirectHandler, PlainHandler(deadline), SecureHandler(deadline))
    # `links.parse_link` admits only https; the address of Spotify is a constant
    request = Request(address, headers=_HEADERS, method=method)  # noqa: S310
    response: HTTPResponse = opener.open(request, timeout=deadline.left_s())
    return response


def _read_body(response: HTTPResponse) -> bytes:
    """The first bytes of an answer."""
    body = b""
    while len(body) < _MAX_BYTES and (piece := response.read1(_MAX_BYTES - len(body))):
        body += piece
    return body


def _explain_status(code: int) -> LinkStatus:
    busy = code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR
    why = f"its server is busy ({code}): try again later" if busy else f"its server answers {code}"
    return LinkStatus(LinkState.UNCLEAR, why=why, server_available=not busy)


def _explain_failure(error: object, timeout_s: float) -> LinkStatus:
    """Explain a missing or broken answer; a string is an explanation already."""
    if isinstance(error, TimeoutError):
        return LinkStatus(LinkState.UNCLEAR, why=f"its server did not answer for {timeout_s:g} s", server_available=False)
    if isinstance(error, socket.gaierror) or (isinstance(error, OSError) and error.errno in _UNREACHABLE_ERRNOS):
        return LinkStatus(LinkState.OFFLINE, why="its server cannot be found", server_available=False)
    if isinstance(error, str):
        return LinkStatus(LinkState.UNCLEAR, why=error)
    detail = str(getattr(error, "reason", "") or getattr(error, "strerror", "") or error)
    return LinkStatus(LinkState.UNCLEAR, why=f"no proper answer: {detail}", server_available=False)
