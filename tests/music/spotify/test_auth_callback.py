"""CallbackServer, as a browser sees it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from realtime.music.spotify.auth import CallbackServer, Login
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from tests.support.browsing import visit
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.browsing import Visited
    from tests.support.spotify_server import Spotify

    Tab = Callable[..., Visited]

STATE = "a-state-that-nobody-guesses"
GOOD = f"/callback?code=AQcode&state={STATE}"


@pytest.fixture
def callback(spotify: Spotify) -> Iterator[CallbackServer]:
    with CallbackServer() as made:
        made.login = Login(spotify.client_id, made.redirect_uri, STATE)
        yield made


@pytest.fixture
def tab(callback: CallbackServer) -> Tab:
    """Open a path on the server."""

    def open_(path: str, **more: str) -> Visited:
        visited = visit(f"http://{callback.host}{path}", lambda: callback.handle_connection(PATIENCE_S), **more)
        assert "AQcode" not in visited.text
        assert STATE not in visited.text
        if visited.status != 501:
            assert visited.headers["cache-control"] == "no-store"
            assert visited.headers["referrer-policy"] == "no-referrer"
        assert "Python" not in visited.headers["server"]
        return visited

    return open_


def test_server_listens_on_the_loopback_interface(callback: CallbackServer) -> None:
    parts = urlsplit(callback.redirect_uri)
    assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "/callback")
    assert callback.start_address == f"http://127.0.0.1:{parts.port}/"


def test_agreement_delivers_the_code(callback: CallbackServer, tab: Tab, spotify: Spotify) -> None:
    redirect = tab("/")
    assert callback.login is not None
    assert (redirect.status, redirect.headers["location"]) == (302, callback.login.address)
    back = urlsplit(visit(redirect.headers["location"]).headers["location"])
    visited = tab(f"{back.path}?{back.query}")
    until(lambda: callback.answer)
    assert (visited.status, callback.answer) == (200, next(iter(spotify.codes)))
    assert "<h1>Thank you</h1>" in visited.text
    assert str(callback.answer) not in visited.text


def test_refusal_shows_a_page(callback: CallbackServer, tab: Tab) -> None:
    visited = tab(f"/callback?error=access_denied&state={STATE}")
    assert (visited.status, "<h1>Not logged in</h1>" in visited.text) == (200, True)
    until(lambda: callback.answer)
    assert isinstance(callback.answer, SpotifyError)
    assert callback.answer.kind is ErrorKind.LOGGED_OUT


@pytest.mark.parametrize(
    "path",
    ["/favicon.ico", "/robots.txt", "/callback/", "/callback/more", "//callback", "/Callback", f"/x?code=AQcode&state={STATE}"],
)
def test_other_paths_are_not_found(callback: CallbackServer, tab: Tab, path: str) -> None:
    visited = tab(path)
    if path != "//callback":
        assert visited.status == 404
    assert callback.answer is None
    assert tab(GOOD).status == 200
    until(lambda: callback.answer == "AQcode")


@pytest.mark.parametrize(
    "query",
    [
        *("", "code=AQcode", "code=AQcode&state=", "code=AQcode&state=of-another-login", f"state={STATE}"),
        *("error=access_denied", "error=access_denied&state=of-another-login", "code=AQcode&state=%ff"),
    ],
)
def test_answer_of_another_login_is_ignored(callback: CallbackServer, tab: Tab, query: str) -> None:
    visited = tab(f"/callback?{query}")
    assert (visited.status, "<h1>Another login</h1>" in visited.text) == (400, True)
    assert callback.answer is None
    tab(GOOD)
    until(lambda: callback.answer == "AQcode")


@pytest.mark.parametrize("later", [f"/callback?code=AQother&state={STATE}", f"/callback?error=access_denied&state={STATE}"])
def test_first_of_two_answers_counts(callback: CallbackServer, tab: Tab, later: str) -> None:
    tab(GOOD)
    # It is stored after its page was sent, by a thread of its own
    until(lambda: callback.answer == "AQcode")
    assert tab(later).status == 200
    assert callback.answer == "AQcode"


def test_start_page_redirects_once(callback: CallbackServer, tab: Tab) -> None:
    assert tab("/").status == 302
    again = tab("/")
    assert (again.status, "location" in again.headers, "<h1>Opened already</h1>" in again.text) == (200, False, True)
    # The printed address of Spotify still leads to the answer
    assert tab(GOOD).status == 200
    until(lambda: callback.answer == "AQcode")


@pytest.mark.parametrize("host", ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""])
@pytest.mark.parametrize("path", ["/", GOOD])
def test_wrong_host_header_is_refused(callback: CallbackServer, tab: Tab, host: str, path: str) -> None:
    visited = tab(path, Host=host.format(port=urlsplit(callback.start_address).port))
    assert (visited.status, "location" in visited.headers, callback.answer) == (404, False, None)


def test_requests_before_the_login_are_not_found(callback: CallbackServer, tab: Tab) -> None:
    callback.login = None
    assert (tab("/").status, tab(GOOD).status, callback.answer) == (404, 404, None)


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE", "OPTIONS"])
def test_methods_other_than_get_are_refused(callback: CallbackServer, tab: Tab, method: str) -> None:
    assert (tab(GOOD, method=method).status, callback.answer) == (501, None)


def test_silent_connection_does_not_block_others(callback: CallbackServer, tab: Tab) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(callback.start_address).port or 0)) as silent:
        callback.handle_connection(PATIENCE_S)
        silent.setblocking(False)
        # A thread still waits for its request
        with pytest.raises(BlockingIOError):
            silent.recv(1)
        assert tab(GOOD).status == 200
        until(lambda: callback.answer == "AQcode")


def test_silent_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.music.spotify.auth._Handler.timeout", 0.1)
    callback = CallbackServer()
    with callback, socket.create_connection(("127.0.0.1", urlsplit(callback.start_address).port or 0)) as silent:
        callback.handle_connection(PATIENCE_S)
        silent.settimeout(PATIENCE_S)
        assert silent.recv(1) == b""


def test_slow_connection_does_not_block_the_end(callback: CallbackServer) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(callback.start_address).port or 0)) as slow:
        slow.sendall(b"G")
        callback.handle_connection(PATIENCE_S)
        callback.__exit__()
        slow.setblocking(False)
        # The connection is still open, and the server has closed
        with pytest.raises(BlockingIOError):
            slow.recv(1)


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 99])
def test_invalid_request_is_ignored(callback: CallbackServer, tab: Tab, sent: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(callback.start_address).port or 0)) as odd:
        odd.sendall(sent)
        odd.shutdown(socket.SHUT_WR)
        callback.handle_connection(PATIENCE_S)
        odd.settimeout(PATIENCE_S)
        while odd.recv(4096):
            pass
    assert tab(GOOD).status == 200
    until(lambda: callback.answer == "AQcode")
    assert capfd.readouterr() == ("", "")


def test_closed_connection_keeps_its_answer_and_prints_nothing(
    callback: CallbackServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(callback.start_address).port or 0)) as gone:
        gone.sendall(f"GET {GOOD} HTTP/1.1\r\nHost: {callback.host}\r\n\r\n".encode())
    callback.handle_connection(PATIENCE_S)
    until(lambda: callback.answer)
    assert callback.answer == "AQcode"
    assert capfd.readouterr() == ("", "")


def test_wait_can_time_out(callback: CallbackServer) -> None:
    callback.handle_connection(0.01)
    assert callback.answer is None


def test_two_servers_have_different_ports(callback: CallbackServer) -> None:
    with CallbackServer() as other:
        assert other.start_address != callback.start_address


def test_closed_server_refuses_connections(callback: CallbackServer) -> None:
    port = urlsplit(callback.start_address).port or 0
    callback.__exit__()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
