"""The socket, the links, certificates, and connections that are silent."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from http.client import HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from realtime.app.build import build_page, shipped_settings
from realtime.errors import UsageError
from realtime.page import server
from realtime.page.guard import SECURITY_HEADERS
from realtime.page.routes import build_app
from realtime.page.server import Certificate, PageAddress
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.page_server import PageClient


def test_the_link_is_of_this_computer_with_a_key_behind_the_hash() -> None:
    with PageAddress(0) as address:
        (link,) = address.links
        parts = urlsplit(link)
        assert (parts.scheme, parts.hostname, parts.path, parts.query) == ("http", "127.0.0.1", "/", "")
        assert parts.fragment == address.access.key
        assert address.socket.getsockname() == ("127.0.0.1", parts.port)
        assert address.access.hosts == {f"127.0.0.1:{parts.port}", f"localhost:{parts.port}"}


def test_a_port_can_be_named_and_a_taken_one_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken by another program"):
            PageAddress(port)
    with PageAddress(port) as address:
        assert urlsplit(address.links[0]).port == port


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """A certificate of this test for localhost, made by OpenSSL."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")
    files = Certificate(tmp_path / "page.pem", tmp_path / "key.pem")
    options = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", *options, *names, "-keyout", files.key, "-out", files.chain]
    subprocess.run(command, check=True, capture_output=True)
    return files


def test_a_network_is_served_by_https_alone(certificate: Certificate) -> None:
    parts = build_page(shipped_settings(), lambda _: None, in_network=True)
    with PageAddress(0, certificate) as address:
        running = address.server(build_app(parts))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [address.socket]}, name="page")
        thread.start()
        try:
            until(lambda: running.started)
            port = address.socket.getsockname()[1]
            assert address.socket.getsockname()[0] == "0.0.0.0"  # noqa: S104 - that is asked for
            assert address.links[0] == f"https://localhost:{port}/#{address.access.key}"
            context = ssl.create_default_context(cafile=str(certificate.chain))
            connection = HTTPSConnection("localhost", port, context=context)
            origin = f"https://localhost:{port}"
            connection.request("POST", "/api/visit", headers={"origin": origin, "x-emodj-key": address.access.key})
            response = connection.getresponse()
            assert response.status == 200
            assert b'"in_network": true' in response.read()
            # A page by http of the same name is another origin
            connection.request("POST", "/api/visit", headers={"origin": origin.replace("https", "http")})
            assert connection.getresponse().status == 403
            connection.close()
        finally:
            running.should_exit = True
            thread.join()


def test_what_is_no_certificate_is_said(tmp_path: Path, certificate: Certificate) -> None:
    text = tmp_path / "text.pem"
    text.write_text("no certificate", encoding="utf-8")
    for chain, key in ((text, certificate.key), (certificate.chain, text), (certificate.key, certificate.chain)):
        with pytest.raises(UsageError, match="are no certificate and its key in PEM"):
            PageAddress(0, Certificate(chain, key))
    with pytest.raises(UsageError, match="no such file"):
        PageAddress(0, Certificate(certificate.chain, tmp_path / "missing.pem"))


def test_a_key_with_a_password_is_said_and_not_asked_for(tmp_path: Path, certificate: Certificate) -> None:
    locked = tmp_path / "locked.pem"
    command = ["openssl", "rsa", "-in", certificate.key, "-aes256", "-passout", "pass:secret", "-out", locked]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(UsageError, match="the key without a password"):
        PageAddress(0, Certificate(certificate.chain, locked))


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: 127", b"GET /icon.svg HTTP/1.1\r\nHost: HOST\r\n\r\nGET /"])
def test_a_silent_connection_is_closed(page: PageClient, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SILENT_S", 0.05)
    host = f"{page.address[0]}:{page.address[1]}".encode()
    # It returns when the server closes the connection
    answer = page.send_raw(sent.replace(b"HOST", host))
    assert answer.startswith(b"HTTP/1.1 200 ") == sent.endswith(b"GET /")


@pytest.mark.parametrize(
    "sent",
    [
        b"no request\r\n\r\n",
        b"POST /api/visit HTTP/1.1\r\nHost: HOST\r\nContent-Length: many\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000,
    ],
)
def test_what_is_no_http_gets_our_headers_and_is_not_printed(
    page: PageClient, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    host = f"{page.address[0]}:{page.address[1]}".encode()
    head, _, body = page.send_raw(sent.replace(b"HOST", host)).decode().partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    assert status == "HTTP/1.1 400 Bad Request"
    assert {f"{name}: {value}" for name, value in SECURITY_HEADERS.items()} <= set(lines)
    assert f"content-length: {len(body)}" in lines
    assert body == "this is no request by HTTP/1.1: open the link that emodj printed\n"
    assert caplog.messages == []


def test_a_server_ends_with_open_connections() -> None:
    parts = build_page(shipped_settings(), lambda _: None, in_network=False)
    with PageAddress(0) as address:
        running = address.server(build_app(parts))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [address.socket]}, name="page")
        thread.start()
        until(lambda: running.started)
        with socket.create_connection(address.socket.getsockname()) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            until(lambda: running.server_state.connections)
            running.should_exit = True
            thread.join()
            assert connection.recv(1) == b""


def test_a_name_of_this_computer_that_python_takes_for_none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "a" * 64)
    assert server.network_names()[:2] == ["a" * 64, f"{'a' * 64}.local"]


def test_the_address_in_the_network_is_named_where_the_name_means_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    # As on Debian and Ubuntu
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.1.1", 0))]

    def answer(value: object) -> Callable[..., object]:
        return lambda *_given: value

    monkeypatch.setattr(socket, "gethostname", lambda: "desk")
    monkeypatch.setattr(socket, "getaddrinfo", answer(found))
    monkeypatch.setattr(socket.socket, "connect", answer(None))
    monkeypatch.setattr(socket.socket, "getsockname", answer(("192.168.1.7", 40000)))
    assert server.network_names() == ["desk", "desk.local", "192.168.1.7"]


def test_a_connection_too_many_is_told_so(page: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    with socket.create_connection(page.address), socket.create_connection(page.address):
        # One after the other: the server has taken both when it answers the third
        answer = page.request("GET", "/")
    assert (answer.status, answer.sentence) == (
        503,
        "as many connections are open as emodj takes: close some tabs, and reload this one",
    )
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == dict(SECURITY_HEADERS)
    until(lambda: page.request("GET", "/").status == 200)
