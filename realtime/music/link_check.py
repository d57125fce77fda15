"""Ask whether a link still leads somewhere, without an account: Spotify's oEmbed, and for any other link its own server."""

from __future__ import annotations

import errno
import json
import socket
import time
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from realtime.music.links import spotify_uri
from realtime.music.open_link import ascii_link

if TYPE_CHECKING:
    from http.client import HTTPResponse

SPOTIFY = "https://open.spotify.com"
PATIENCE_S = 5.0
"""How long a server may be silent."""

_AGENT = {"User-Agent": "emodj (checks the links of its configuration)"}
_LONGEST = 64 * 2**10
"""Bytes of an answer; Spotify's have one or two thousand."""

_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
# Spotify says so of an id that it never gave out
_UNKNOWN = {*_GONE, HTTPStatus.BAD_REQUEST}
# Of these a server that does not care for HEAD has its pick
_ASK_AGAIN = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED, *_GONE}


class LinkState(Enum):
    """What is known of a link."""

    OK = "ok"
    GONE = "gone"
    UNCLEAR = "cannot tell"
    OFFLINE = "off line"


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """What the server of a link said.

    Attributes:
        state: what is known now.
        title: what others call the music today, as the server sent it; None if it did not say.
        why: in words, why no more is known.
        ask_on: whether the same server is worth another question now.
    """

    state: LinkState
    title: str | None = None
    why: str = ""
    ask_on: bool = True


class _NotHttpsError(URLError):
    """A redirect to where nobody would notice that the answer was changed on its way."""


class _HttpsOnly(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if not newurl.lower().startswith("https:"):
            fp.close()
            raise _NotHttpsError("it leads to a page without https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_link(url: str, *, spotify: str = SPOTIFY, patience_s: float = PATIENCE_S) -> LinkStatus:
    """Ask about a link. Waits for the network.

    Args:
        url: as `links.parse` returns it.
        spotify: where Spotify's oEmbed is asked.
        patience_s: how long the server may be silent.
    """
    try:
        if spotify_uri(url) is not None:
            return _embedded(f"{spotify}/oembed?url={quote(url, safe='')}", patience_s)
        return _reached(ascii_link(url), patience_s)
    except HTTPError as error:
        with error:
            return _refused(error.code)
    except (OSError, HTTPException, ValueError) as error:
        # urllib wraps what fails before the answer, and nothing that fails within it
        return _broken(error.reason if isinstance(error, URLError) else error, patience_s)


def _embedded(address: str, patience_s: float) -> LinkStatus:
    try:
        with _request(address, "GET", patience_s) as response:
            document: object = json.loads(_body(response, patience_s))
    except HTTPError as error:
        if error.code not in _UNKNOWN:
            raise
        error.close()
        return LinkStatus(LinkState.GONE, why="Spotify has nothing there any more")
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        # The login page of a hotel's network, say
        return LinkStatus(LinkState.UNCLEAR, why="the answer is not Spotify's", ask_on=False)
    title = document.get("title") if isinstance(document, dict) else None
    if not isinstance(title, str) or not title.strip():
        return LinkStatus(LinkState.UNCLEAR, why="the answer names no title")
    return LinkStatus(LinkState.OK, title.strip())


def _reached(address: str, patience_s: float) -> LinkStatus:
    try:
        with _request(address, "HEAD", patience_s):
            return LinkStatus(LinkState.OK)
    except HTTPError as error:
        if error.code not in _ASK_AGAIN:
            raise
        error.close()
    try:
        with _request(address, "GET", patience_s):
            return LinkStatus(LinkState.OK)
    except HTTPError as error:
        if error.code not in _GONE:
            raise
        error.close()
        return LinkStatus(LinkState.GONE, why=f"its server answers {error.code}")


def _request(address: str, method: str, patience_s: float) -> HTTPResponse:
    opener: OpenerDirector = build_opener(_HttpsOnly)
    # Links are https alone, see `links.parse`; Spotify's address is ours
    response: HTTPResponse = opener.open(Request(address, headers=_AGENT, method=method), timeout=patience_s)  # noqa: S310
    return response


def _body(response: HTTPResponse, patience_s: float) -> bytes:
    """The first bytes of an answer; a server that sends one now and then is as good as silent."""
    deadline = time.monotonic() + patience_s
    body = b""
    while len(body) < _LONGEST and (piece := response.read1(_LONGEST - len(body))):
        body += piece
        if time.monotonic() > deadline:
            raise TimeoutError
    return body


def _refused(code: int) -> LinkStatus:
    busy = code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR
    why = f"its server is busy ({code}): try again later" if busy else f"its server answers {code}"
    return LinkStatus(LinkState.UNCLEAR, why=why, ask_on=not busy)


def _broken(error: object, patience_s: float) -> LinkStatus:
    """No answer at all, or the wrong one."""
    if isinstance(error, TimeoutError):
        return LinkStatus(LinkState.UNCLEAR, why=f"its server said nothing for {patience_s:g} s", ask_on=False)
    if isinstance(error, socket.gaierror) or (isinstance(error, OSError) and error.errno in _NO_WAY):
        return LinkStatus(LinkState.OFFLINE, why="its server cannot be found", ask_on=False)
    if isinstance(error, str):
        return LinkStatus(LinkState.UNCLEAR, why=error)
    detail = str(getattr(error, "reason", "") or getattr(error, "strerror", "") or error)
    return LinkStatus(LinkState.UNCLEAR, why=f"no proper answer: {detail}", ask_on=False)
