"""The page that a login comes back to, as a browser sees it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from realtime.music.spotify.auth import Callback, Login
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
def callback(spotify: Spotify) -> Iterator[Callback]:
    with Callback() as made:
        made.login = Login(spotify.client_id, made.redirect_uri, STATE)
        yield made


@pytest.fixture
def tab(callback: Callback) -> Tab:
    """Opens a path of the page."""

    def open_(path: str, **more: str) -> Visited:
        visited = visit(f"http://{callback.host}{path}", lambda: callback.serve(PATIENCE_S), **more)
        assert "AQcode" not in visited.text
        assert STATE not in visited.text
        if visited.status != 501:
            assert visited.headers["cache-control"] == "no-store"
            assert visited.headers["referrer-policy"] == "no-referrer"
        assert "Python" not in visited.headers["server"]
        return visited

    return open_


def test_it_is_for_this_computer_alone(callback: Callback) -> None:
    parts = urlsplit(callback.redirect_uri)
    assert (parts.scheme, parts.hostname, parts.path) == ("http", "127.0.0.1", "/callback")
    assert callback.start == f"http://127.0.0.1:{parts.port}/"


def test_a_person_agrees_and_the_code_is_here(callback: Callback, tab: Tab, spotify: Spotify) -> None:
    begun = tab("/")
    assert callback.login is not None
    assert (begun.status, begun.headers["location"]) == (302, callback.login.address)
    back = urlsplit(visit(begun.headers["location"]).headers["location"])
    visited = tab(f"{back.path}?{back.query}")
    until(lambda: callback.answer)
    assert (visited.status, callback.answer) == (200, next(iter(spotify.codes)))
    assert "<h1>Thank you</h1>" in visited.text
    assert str(callback.answer) not in visited.text


def test_a_person_refuses_and_is_told_so(callback: Callback, tab: Tab) -> None:
    visited = tab(f"/callback?error=access_denied&state={STATE}")
    assert (visited.status, "<h1>Not logged in</h1>" in visited.text) == (200, True)
    until(lambda: callback.answer)
    assert isinstance(callback.answer, SpotifyError)
    assert callback.answer.kind is ErrorKind.LOGGED_OUT


@pytest.mark.parametrize(
    "path",
    ["/favicon.ico", "/robots.txt", "/callback/", "/callback/more", "//callback", "/Callback", f"/x?code=AQcode&state={STATE}"],
)
def test_other_paths_are_nothing(callback: Callback, tab: Tab, path: str) -> None:
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
def test_what_is_of_another_login_is_no_answer(callback: Callback, tab: Tab, query: str) -> None:
    visited = tab(f"/callback?{query}")
    assert (visited.status, "<h1>Another login</h1>" in visited.text) == (400, True)
    assert callback.answer is None
    tab(GOOD)
    until(lambda: callback.answer == "AQcode")


@pytest.mark.parametrize("later", [f"/callback?code=AQother&state={STATE}", f"/callback?error=access_denied&state={STATE}"])
def test_of_two_tabs_the_first_counts(callback: Callback, tab: Tab, later: str) -> None:
    tab(GOOD)
    assert tab(later).status == 200
    assert callback.answer == "AQcode"


def test_it_leads_on_once_for_what_starts_a_browser_is_seen_by_others(callback: Callback, tab: Tab) -> None:
    assert tab("/").status == 302
    again = tab("/")
    assert (again.status, "location" in again.headers, "<h1>Opened already</h1>" in again.text) == (200, False, True)
    # Whoever uses the printed address comes back all the same
    assert tab(GOOD).status == 200
    until(lambda: callback.answer == "AQcode")


@pytest.mark.parametrize("host", ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""])
@pytest.mark.parametrize("path", ["/", GOOD])
def test_a_page_that_gives_us_another_name_learns_nothing(callback: Callback, tab: Tab, host: str, path: str) -> None:
    visited = tab(path, Host=host.format(port=urlsplit(callback.start).port))
    assert (visited.status, "location" in visited.headers, callback.answer) == (404, False, None)


def test_before_there_is_a_login_there_is_nothing(callback: Callback, tab: Tab) -> None:
    callback.login = None
    assert (tab("/").status, tab(GOOD).status, callback.answer) == (404, 404, None)


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "DELETE", "OPTIONS"])
def test_whoever_does_not_ask_for_a_page_gets_none(callback: Callback, tab: Tab, method: str) -> None:
    assert (tab(GOOD, method=method).status, callback.answer) == (501, None)


def test_a_connection_that_says_nothing_keeps_nobody_waiting(callback: Callback, tab: Tab) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(callback.start).port or 0)) as silent:
        callback.serve(PATIENCE_S)
        silent.setblocking(False)
        # It is waited for still, by a thread of its own
        with pytest.raises(BlockingIOError):
            silent.recv(1)
        assert tab(GOOD).status == 200
        until(lambda: callback.answer == "AQcode")


def test_a_connection_that_says_nothing_is_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.music.spotify.auth._Handler.timeout", 0.1)
    callback = Callback()
    with callback, socket.create_connection(("127.0.0.1", urlsplit(callback.start).port or 0)) as silent:
        callback.serve(PATIENCE_S)
        silent.settimeout(PATIENCE_S)
        assert silent.recv(1) == b""


def test_a_connection_that_says_a_little_at_a_time_keeps_nobody_from_ending(callback: Callback) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(callback.start).port or 0)) as slow:
        slow.sendall(b"G")
        callback.serve(PATIENCE_S)
        callback.__exit__()
        slow.setblocking(False)
        # It is no matter of ours any more, and still there
        with pytest.raises(BlockingIOError):
            slow.recv(1)


@pytest.mark.parametrize("said", [b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 99])
def test_a_connection_that_talks_nonsense_is_no_answer(
    callback: Callback, tab: Tab, said: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(callback.start).port or 0)) as odd:
        odd.sendall(said)
        odd.shutdown(socket.SHUT_WR)
        callback.serve(PATIENCE_S)
        odd.settimeout(PATIENCE_S)
        while odd.recv(4096):
            pass
    assert tab(GOOD).status == 200
    until(lambda: callback.answer == "AQcode")
    assert capfd.readouterr() == ("", "")


def test_a_browser_that_goes_away_leaves_its_answer_and_no_word(callback: Callback, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(callback.start).port or 0)) as gone:
        gone.sendall(f"GET {GOOD} HTTP/1.1\r\nHost: {callback.host}\r\n\r\n".encode())
    callback.serve(PATIENCE_S)
    until(lambda: callback.answer)
    assert callback.answer == "AQcode"
    assert capfd.readouterr() == ("", "")


def test_it_can_wait_in_vain(callback: Callback) -> None:
    callback.serve(0.01)
    assert callback.answer is None


def test_two_at_a_time_have_a_port_each(callback: Callback) -> None:
    with Callback() as other:
        assert other.start != callback.start


def test_when_it_is_over_nobody_listens(callback: Callback) -> None:
    port = urlsplit(callback.start).port or 0
    callback.__exit__()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
