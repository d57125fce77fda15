"""How somebody logs in, and how a login is kept alive."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import parse_qs, urlsplit

from realtime.music.spotify import transport
from realtime.music.spotify.credentials import Token, fit_to_send, is_moment
from realtime.music.spotify.errors import ErrorKind, SpotifyError, explain_login_refusal, login_too_late


class Login:
    """One attempt, by PKCE (RFC 7636): no secret of the app is needed.

    Args:
        client_id: of the person's own app.
        redirect_uri: where Spotify sends the browser: `http://127.0.0.1:PORT/callback`, which the app registers without a port.
        state: comes back with the answer, so that nobody else can send one (RFC 6749, 10.12).

    Attributes:
        address: where the person logs in.
    """

    def __init__(self, client_id: str, redirect_uri: str, state: str) -> None:
        self._client_id = client_id
        self._state = state
        self._manager = transport.pkce(client_id, redirect_uri=redirect_uri)
        self.address: str = self._manager.get_authorize_url(state)

    def code(self, address: str) -> str | SpotifyError | None:
        """What the address says that Spotify sent the browser to.

        Returns:
            The code, why there is none, or None for an address that belongs to no login, or to another one.
        """
        try:
            query = parse_qs(urlsplit(address.strip()).query)
        except ValueError:
            return None
        state, code, error = (query.get(name, [""])[0] for name in ("state", "code", "error"))
        # What is pasted can have halves of letters in it
        if not hmac.compare_digest(state.encode(errors="replace"), self._state.encode()) or not (code or error):
            return None
        return code if code and not error else explain_login_refusal(error)

    def finish(self, code: str) -> Token:
        """Exchange the code for a token.

        Raises:
            SpotifyError: Spotify refuses or cannot be reached.
        """

        def exchange() -> Token:
            self._manager.get_access_token(code, check_cache=False)
            return _token(self._manager.cache_handler.get_cached_token(), Token(self._client_id, "", "", 0, ""))

        try:
            return transport.send(exchange, (code, self._manager.code_verifier, self._client_id))
        except SpotifyError as error:
            raise login_too_late() if error.kind is ErrorKind.ENDED else error from error.__cause__
        finally:
            transport.close(self._manager)


def renew_token(token: Token, patience_s: float = transport.PATIENCE_S) -> Token:
    """The token that this one is exchanged for; Spotify may not take the old one a second time.

    Raises:
        SpotifyError: Spotify refuses or cannot be reached.
    """
    manager = transport.pkce(token.client_id, patience_s=patience_s)
    try:
        return transport.send(lambda: _token(manager.refresh_access_token(token.refresh), token), token.secrets, patience_s)
    finally:
        transport.close(manager)


def _token(given: Any, before: Token) -> Token:
    """Of what was given out; where that says nothing, what the token before it had."""
    access, refresh, scope = given["access_token"], given.get("refresh_token", before.refresh), given.get("scope", before.scope)
    expires_at = given["expires_at"]
    if not (fit_to_send(access) and fit_to_send(refresh) and isinstance(scope, str) and is_moment(expires_at)):
        raise TypeError("a token that is none")
    return Token(before.client_id, access, refresh, float(expires_at), scope, before.premium)


_SILENT_S = 2.0
"""How long a browser may be silent that has connected: some connect ahead of time and say nothing."""
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>emodj</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:1.1em/1.5 system-ui,sans-serif;margin:15vh auto;max-width:30em;padding:0 1em;text-align:center;
background:#10141a;color:#fafafa}}</style><h1>{title}</h1><p>{text}</p></html>
"""


class Callback:
    """Waits for a browser on a free port of this computer alone.

    Attributes:
        redirect_uri: where Spotify is to send the browser.
        start: an address that leads on to Spotify, once: what starts a browser is seen by all users of a computer, and
            Spotify's address holds what they should not see.
        answer: the code, or why there is none, once there is an answer.
    """

    def __init__(self) -> None:
        self._server = _Server(self)
        place = f"127.0.0.1:{self._server.server_port}"
        self.start = f"http://{place}/"
        self.redirect_uri = f"http://{place}/callback"
        self.host = place
        self.login: Login | None = None
        self.answer: str | SpotifyError | None = None
        self._starts = [self.start]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def take_start(self) -> bool:
        """Whether this is the first browser that asks to be led on."""
        # One of several threads gets it
        try:
            self._starts.pop()
        except IndexError:
            return False
        return True

    def serve(self, patience_s: float) -> None:
        """Let one browser ask, or wait in vain."""
        self._server.timeout = patience_s
        self._server.handle_request()


class _Server(ThreadingHTTPServer):
    # Who says nothing, or a byte a second, keeps nobody waiting
    daemon_threads = True
    # Another program that listens there would get the code
    allow_reuse_address = False

    def __init__(self, callback: Callback) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.callback = callback

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no fault of ours, and its address holds the code."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _SILENT_S
    server_version = "emodj"
    sys_version = ""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Nothing: the line would hold the code."""

    def do_GET(self) -> None:
        callback = cast("_Server", self.server).callback
        login, path = callback.login, urlsplit(self.path).path
        # A page elsewhere can give our address a name of its own and read what we say
        if self.headers.get("Host") != callback.host or login is None or path not in {"/", "/callback"}:
            self._say(HTTPStatus.NOT_FOUND, "Nothing here", "This is emodj, waiting for a login at Spotify.")
        elif path == "/callback":
            self._take(login, callback)
        elif callback.take_start():
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", login.address)
            self._end_headers(0)
        else:
            self._say(HTTPStatus.OK, "Opened already", "Use the other page, or the address that emodj has printed.")

    def _take(self, login: Login, callback: Callback) -> None:
        answer = login.code(self.path)
        if answer is None:
            self._say(HTTPStatus.BAD_REQUEST, "Another login", "This belongs to another login: use the page opened last.")
            return
        try:
            if isinstance(answer, str):
                self._say(HTTPStatus.OK, "Thank you", "You can close this page and go back to emodj.")
            else:
                self._say(HTTPStatus.OK, "Not logged in", "emodj was not allowed in. You can close this page.")
        finally:
            # Of two pages the first counts, also if its browser has gone. Only now: with the answer emodj may end, and nobody
            # waits for this page.
            if callback.answer is None:
                callback.answer = answer

    def _say(self, status: HTTPStatus, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self._end_headers(len(body))
        self.wfile.write(body)

    def _end_headers(self, length: int) -> None:
        self.send_header("Content-Length", str(length))
        # The address of this page holds the code: it is for no cache, and for no other page
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Connection", "close")
        self.end_headers()
