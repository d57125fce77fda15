"""One time limit for all addresses of a host. `test_link_check.py` and `test_transport.py` have the slow answers."""

from __future__ import annotations

import socket
import sys
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
import requests

from realtime.http_deadline import Deadline, connection_class, open_socket
from realtime.http_session import new_session
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.tmdb_server import Tmdb

Place = tuple[str, int]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture
def closed() -> Iterator[Place]:
    """An address that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()


def give_addresses(monkeypatch: pytest.MonkeyPatch, *places: Place) -> None:
    """Let each name have these addresses, as a name server could give them."""
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", place) for place in places]

    def lookup(*_: object, **__: object) -> list[Any]:
        return rows

    monkeypatch.setattr(socket, "getaddrinfo", lookup)


def deadline(*times: float) -> Deadline:
    """A deadline of a second, with a clock that shows these times, the last one again and again."""
    left = [0.0, *times]
    made = Deadline(lambda: left.pop(0) if len(left) > 1 else left[0])
    made.start(1)
    return made


def test_the_next_address_is_tried_where_one_refuses(
    monkeypatch: pytest.MonkeyPatch, listening: socket.socket, closed: Place
) -> None:
    give_addresses(monkeypatch, closed, listening.getsockname())
    with open_socket(("example.org", 80), deadline(0.5, 0.75), options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]) as opened:
        assert opened.getpeername() == listening.getsockname()
        # What was left for the second address
        assert opened.gettimeout() == 0.25
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_no_address_is_tried_when_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch, listening: socket.socket, closed: Place
) -> None:
    give_addresses(monkeypatch, closed, listening.getsockname())
    with pytest.raises(TimeoutError):
        open_socket(("example.org", 80), deadline(0.5, 1.5))


def test_a_host_that_refuses_everywhere_raises_the_last_refusal(monkeypatch: pytest.MonkeyPatch, closed: Place) -> None:
    give_addresses(monkeypatch, closed, closed)
    with pytest.raises(ConnectionRefusedError):
        open_socket(("example.org", 80), deadline(0.5))
    give_addresses(monkeypatch)
    with pytest.raises(OSError, match="no address"):
        open_socket(("example.org", 80), deadline(0.5))


def test_connections_of_the_standard_library_share_the_time(
    monkeypatch: pytest.MonkeyPatch, listening: socket.socket, closed: Place
) -> None:
    give_addresses(monkeypatch, closed, listening.getsockname())
    connection = connection_class(HTTPConnection, deadline(0.5, 1.5))("example.org", timeout=1)
    with pytest.raises(TimeoutError):
        connection.connect()


def test_sessions_try_all_addresses_of_a_host(tmdb: Tmdb, monkeypatch: pytest.MonkeyPatch, closed: Place) -> None:
    port = int(tmdb.address.rpartition(":")[2])
    give_addresses(monkeypatch, closed, ("127.0.0.1", port))
    monkeypatch.setenv("NO_PROXY", "*")
    with new_session() as session:
        assert session.get("http://example.org/3/authentication", timeout=PATIENCE_S).status_code == 401


def test_sessions_translate_what_keeps_them_from_a_host(monkeypatch: pytest.MonkeyPatch, closed: Place) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    give_addresses(monkeypatch, closed)
    with new_session() as session:
        with pytest.raises(requests.ConnectionError) as caught:
            session.get("http://example.org/", timeout=PATIENCE_S)
        assert not isinstance(caught.value, requests.Timeout)
        if sys.platform != "win32":
            # The clock of Windows has steps of 16 ms
            with pytest.raises(requests.ConnectTimeout):
                session.get("http://example.org/", timeout=1e-9)

        def no_name(*_: object, **__: object) -> list[Any]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", no_name)
        with pytest.raises(requests.ConnectionError, match="Name or service not known"):
            session.get("http://example.org/", timeout=PATIENCE_S)


@pytest.mark.parametrize("host", ["a..b", f"{'a' * 70}.org"])
def test_a_text_that_can_be_no_host_is_an_unknown_one(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(socket.gaierror, match="no name of a host"):
        open_socket((host, 443), deadline(0.5))
    monkeypatch.setenv("NO_PROXY", "*")
    with new_session() as session, pytest.raises(requests.RequestException):
        session.get(f"http://{host}/", timeout=PATIENCE_S)


def test_encryption_behind_a_proxy_looks_at_the_name_of_the_host_too() -> None:
    class Refusing:
        def __init__(self) -> None:
            self.sock = None

        def connect(self) -> None:
            "a..b".encode("idna")

    with pytest.raises(socket.gaierror, match="no name of a host"):
        connection_class(Refusing, deadline(0.5))().connect()
