"""PKCE login with its loopback callback page; renewal of tokens."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import parse_qs, urlsplit

from realtime.music.spotify import transport
from realtime.music.spotify.credentials import Token, is_timestamp, is_token_text
from realtime.music.spotify.errors import ErrorKind, SpotifyError, explain_login_refusal, login_too_late

_BROWSER_TIMEOUT_S = 2.0
"""Longest time without data on a connection, in seconds: some browsers connect ahead of time and send nothing."""
_PAGE_TEMPLATE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>emodj</title>
<meta name="viewport" content="width=device-width">
<style>body{{font:1.1em/1.5 system-ui,sans-serif;margin:15vh auto;max-width:30em;padding:0 1em;text-align:center;
background:#10141a;color:#fafafa}}</style><h1>{title}</h1><p>{text}</p></html>
"""


class Login:
    """One attempt to log in, by PKCE (RFC 7636), which needs no secret of the app.

    Args:
        client_id: client id of the user's Spotify app.
        redirect_uri: address to which Spotify redirects the browser: `http://127.0.0.1:PORT/callback`. The app registers it
            without a port.
        state: random text that the answer must repeat, so that no other page can forge an answer (RFC 6749, 10.12).

    Attributes:
        address: page of Spotify on which the user logs in.
    """

    def __init__(self, client_id: str, redirect_uri: str, state: str) -> None:
        self._client_id = client_id
        self._state = state
        self._manager = transport.make_login(client_id, redirect_uri=redirect_uri)
        self.address: str = self._manager.get_authorize_url(state)

    def read_answer(self, address: str) -> str | SpotifyError | None:
        """Read the answer from the address to which Spotify redirected the browser.

        Returns:
            The code, or an error with the reason for a refusal; None if the address does not belong to this login.
        """
        try:
            query = parse_qs(urlsplit(address.strip()).query)
        except ValueError:
            return None
        state, code, error = (query.get(name, [""])[0] for name in ("state", "code", "error"))
        # A pasted address may have lone surrogates, which compare_digest and encode() refuse
        if not hmac.compare_digest(state.encode(errors="replace"), self._state.encode()) or not (code or error):
            return None
        return code if code and not error else explain_login_refusal(error)

    def exchange_code(self, code: str) -> Token:
        """Exchange the code for a token. It works once for each code.

        Raises:
            SpotifyError: Spotify refuses or cannot be reached.
        """

        def exchange() -> Token:
            self._manager.get_access_token(code, check_cache=False)
            return _parse_token(self._manager.cache_handler.get_cached_token(), Token(self._client_id, "", "", 0, ""))

        try:
            return transport.send(exchange, (code, self._manager.code_verifier, self._client_id))
        except SpotifyError as error:
            raise login_too_late() if error.kind is ErrorKind.EXPIRED else error from error.__cause__
        finally:
            transport.close(self._manager)


def renew_token(token: Token, timeout_s: float = transport.TIMEOUT_S) -> Token:
    """Exchange a token for a new one. Spotify may refuse to exchange the old one a second time.

    Args:
        token: the token to renew.
        timeout_s: longest time for an answer of Spotify, in seconds.

    Raises:
        SpotifyError: Spotify refuses or cannot be reached.
    """
    manager = transport.make_login(token.client_id, timeout_s=timeout_s)
    try:
        return transport.send(
            lambda: _parse_token(manager.refresh_access_token(token.refresh), token), token.secrets, timeout_s
        )
    finally:
        transport.close(manager)


def _parse_token(answer: Any, before: Token) -> Token:
    """Parse the answer of the token service; fields that it leaves out keep the value of the token before."""
    access, refresh, scope = (
        answer["access_token"],
        answer.get("refresh_token", before.refresh),
        answer.get("scope", before.scope),
    )
    expires_at = answer["expires_at"]
    if not (is_token_text(access) and is_token_text(refresh) and isinstance(scope, str) and is_timestamp(expires_at)):
        raise TypeError("the answer is no valid token")
    return Token(before.client_id, access, refresh, float(expires_at), scope, before.premium)


class CallbackServer:
    """HTTP server for one login, on a free port of the loopback interface.

    Attributes:
        redirect_uri: address to which Spotify must redirect the browser.
        start_address: address that redirects to Spotify's login page, once. All users of a computer can see the command line
            that starts a browser, and Spotify's address has parts that they must not see.
        host: the value that the Host header of a request must have.
        login: the login whose answer is accepted; None before the login starts.
        answer: the code, or an error with the reason for a refusal; None before the answer.
    """

    def __init__(self) -> None:
        self._server = _Server(self)
        host = f"127.0.0.1:{self._server.server_port}"
        self.start_address = f"http://{host}/"
        self.redirect_uri = f"http://{host}/callback"
        self.host = host
        self.login: Login | None = None
        self.answer: str | SpotifyError | None = None
        self._unused_starts = [self.start_address]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def claim_start(self) -> bool:
        """Whether this is the first request for the redirect."""
        # pop() is atomic: of several threads, one gets the item
        try:
            self._unused_starts.pop()
        except IndexError:
            return False
        return True

    def handle_connection(self, timeout_s: float) -> None:
        """Accept one connection, or return after the timeout without one; a thread then answers its request."""
        self._server.timeout = timeout_s
        self._server.handle_request()


class _Server(ThreadingHTTPServer):
    # A connection that sends nothing, or one byte a second, must not delay the end of the program
    daemon_threads = True
    # Another program that listens on the same port could receive the code
    allow_reuse_address = False

    def __init__(self, callback: CallbackServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.callback = callback

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: a closed connection is no error of emodj, and the traceback could show the code."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _BROWSER_TIMEOUT_S
    server_version = "emodj"
    sys_version = ""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the library
        """Log nothing: the line would show the code."""

    def do_GET(self) -> None:
        callback = cast("_Server", self.server).callback
        login, path = callback.login, urlsplit(self.path).path
        # DNS rebinding: a foreign page can map its own host name to this address, and read the answer
        if self.headers.get("Host") != callback.host or login is None or path not in {"/", "/callback"}:
            self._send_page(HTTPStatus.NOT_FOUND, "Nothing here", "This is emodj, waiting for a login at Spotify.")
        elif path == "/callback":
            self._accept_answer(login, callback)
        elif callback.claim_start():
            self.send_response(HTTPStatus.FOUND)
            self.send_header("Location", login.address)
            self._end_headers(0)
        else:
            self._send_page(HTTPStatus.OK, "Opened already", "Use the other page, or the address that emodj has printed.")

    def _accept_answer(self, login: Login, callback: CallbackServer) -> None:
        answer = login.read_answer(self.path)
        if answer is None:
            self._send_page(HTTPStatus.BAD_REQUEST, "Another login", "This belongs to another login: use the page opened last.")
            return
        try:
            if isinstance(answer, str):
                self._send_page(HTTPStatus.OK, "Thank you", "You can close this page and go back to emodj.")
            else:
                self._send_page(HTTPStatus.OK, "Not logged in", "emodj was not allowed in. You can close this page.")
        finally:
            # The first answer counts, even if its browser has closed the connection. It is stored after the page is sent,
            # since emodj may end as soon as it has the answer.
            if callback.answer is None:
                callback.answer = answer

    def _send_page(self, status: HTTPStatus, title: str, text: str) -> None:
        body = _PAGE_TEMPLATE.format(title=title, text=text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self._end_headers(len(body))
        self.wfile.write(body)

    def _end_headers(self, length: int) -> None:
        self.send_header("Content-Length", str(length))
        # The address of this page contains the code: no cache may store it, and no other page may get it as a referrer
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Connection", "close")
        self.end_headers()
