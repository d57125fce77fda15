"""Every rule of the guard: first as a table, then by requests to a server."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import anyio
import pytest

from realtime.page.guard import MAX_BODY_BYTES, SECURITY_HEADERS, Access, Guard, Refusal, check_request, new_key
from realtime.page.server import PageAddress

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from tests.support.page_server import PageClient

ACCESS = Access("http", frozenset({"127.0.0.1:8000", "localhost:8000"}), "right")
GET = {"host": ["127.0.0.1:8000"]}
POST = {
    "host": ["localhost:8000"],
    "origin": ["http://localhost:8000"],
    "x-emodj-key": ["right"],
    "content-length": ["10"],
}


def status(method: str, path: str, headers: dict[str, list[str]]) -> int:
    """The status of the refusal; 200 without one."""
    try:
        check_request(ACCESS, method, path, headers)
    except Refusal as refusal:
        return refusal.status
    return 200


@pytest.mark.parametrize("fetched", [{}, {"sec-fetch-site": ["same-origin"]}, {"sec-fetch-site": ["none"]}])
def test_the_page_is_given_to_its_own_address(fetched: dict[str, list[str]]) -> None:
    assert status("GET", "/", GET | fetched) == 200
    assert status("HEAD", "/page.css", GET | fetched) == 200


def test_its_own_scripts_may_ask() -> None:
    assert status("POST", "/api/picture", POST) == 200
    assert status("POST", "/api/picture", POST | {"sec-fetch-site": ["same-origin"]}) == 200
    assert status("POST", "/api/picture", POST | {"host": ["LOCALHOST:8000"], "origin": ["http://LOCALHOST:8000"]}) == 200


@pytest.mark.parametrize(
    "hosts",
    [[], ["evil.example"], ["evil.example:8000"], ["127.0.0.1"], ["127.0.0.1:8001"], ["127.0.0.1:8000", "evil.example"]],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_another_host_is_refused_first(method: str, hosts: list[str]) -> None:
    assert status(method, "/api/picture", {"host": hosts}) == 421


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_another_site_may_not_send(site: str) -> None:
    assert status("POST", "/api/picture", POST | {"sec-fetch-site": [site]}) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_may_not_show_the_page(site: str) -> None:
    assert status("GET", "/", GET | {"sec-fetch-site": [site]}) == 403


@pytest.mark.parametrize(
    "origins",
    [
        [],
        ["null"],
        ["https://localhost:8000"],
        ["http://evil.example"],
        ["http://localhost:8000.evil.example"],
        ["http://localhost"],
        ["http://localhost:8000", "http://localhost:8000"],
    ],
)
def test_another_origin_may_not_send(origins: list[str]) -> None:
    assert status("POST", "/api/picture", POST | {"origin": origins}) == 403


@pytest.mark.parametrize("keys", [[], ["wrong"], [""], ["right", "right"], ["rightt"], ["righ"], ["ключ"]])
def test_without_the_key_nothing_is_answered(keys: list[str]) -> None:
    assert status("POST", "/api/picture", POST | {"x-emodj-key": keys}) == 403


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"])
def test_other_methods_are_refused(method: str) -> None:
    assert status(method, "/", POST) == 405


def test_reading_changes_nothing() -> None:
    assert status("GET", "/api/restart", GET | {"x-emodj-key": ["right"]}) == 405
    assert status("POST", "/", POST) == 405


@pytest.mark.parametrize("lengths", [[], ["-1"], ["+5"], ["1e3"], ["٣"], ["10", "10"], ["0x10"]])
def test_a_body_without_its_length_is_refused(lengths: list[str]) -> None:
    assert status("POST", "/api/picture", POST | {"content-length": lengths}) == 411


def test_a_body_in_parts_is_refused() -> None:
    assert status("POST", "/api/picture", POST | {"transfer-encoding": ["chunked"]}) == 411


def test_a_body_has_a_bound() -> None:
    assert status("POST", "/api/picture", POST | {"content-length": [str(MAX_BODY_BYTES)]}) == 200
    assert status("POST", "/api/picture", POST | {"content-length": [str(MAX_BODY_BYTES + 1)]}) == 413
    # Python reads no number of so many digits
    assert status("POST", "/api/picture", POST | {"content-length": ["9" * 5000]}) == 413


def test_a_ticket_is_exchanged_for_the_key_once(page: PageClient) -> None:
    with PageAddress(0) as address:
        access = address.access
        ticket = address.opening_link.partition("#")[2]
    assert ticket.startswith("once.")
    assert access.key not in address.opening_link
    headers = {
        "host": [next(iter(access.hosts))],
        "origin": [f"http://{next(iter(access.hosts))}"],
        "content-length": ["0"],
    }

    def enter(key: str, path: str = "/api/enter") -> int:
        try:
            check_request(access, "POST", path, headers | {"x-emodj-key": [key]})
        except Refusal as refusal:
            return refusal.status
        return 200

    assert enter(ticket, "/api/visit") == 403
    assert enter(access.key) == 403
    assert enter("once.") == 403
    assert enter(ticket) == 200
    assert enter(ticket) == 403
    assert enter("once.") == 403
    assert page.ask("enter").status == 403


def test_each_start_has_another_key() -> None:
    assert len({new_key() for _ in range(100)}) == 100
    assert all(len(new_key()) >= 22 for _ in range(10))


# By requests


def test_every_answer_has_the_headers_and_none_for_other_sites(page: PageClient) -> None:
    answers = [
        page.request("GET", "/"),
        page.request("GET", "/main.js"),
        page.request("GET", "/nothing"),
        page.request("GET", "/", headers={"Host": "evil.example"}),
        page.request("OPTIONS", "/api/picture", headers={"Origin": "http://evil.example"}),
        page.ask("visit"),
        page.ask("visit", headers={"x-emodj-key": "wrong"}),
        page.ask("alive"),
    ]
    assert [answer.status for answer in answers] == [200, 200, 404, 421, 405, 200, 403, 410]
    for answer in answers:
        assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == dict(SECURITY_HEADERS)
        assert not [name for name in answer.headers if name.startswith("access-control-") or name in {"set-cookie", "server"}]


def test_the_page_allows_no_source_but_itself(page: PageClient) -> None:
    policy = page.request("GET", "/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def post(page: PageClient, *lines: str) -> bytes:
    host = f"{page.address[0]}:{page.address[1]}"
    head = [
        "POST /api/visit HTTP/1.1",
        f"Host: {host}",
        f"Origin: http://{host}",
        f"X-Emodj-Key: {page.key}",
        *lines,
        "",
        "",
    ]
    return "\r\n".join(head).encode()


def test_a_large_body_is_refused_before_it_is_sent(page: PageClient) -> None:
    assert page.send_raw(post(page, "Content-Length: 1000000000")).startswith(b"HTTP/1.1 413 ")


def test_a_body_in_chunks_is_refused_before_it_is_sent(page: PageClient) -> None:
    assert page.send_raw(post(page, "Transfer-Encoding: chunked")).startswith(b"HTTP/1.1 411 ")


def test_headers_have_a_bound(page: PageClient) -> None:
    assert page.send_raw(post(page, "X-Long: " + "a" * 20_000)).startswith(b"HTTP/1.1 431 ")
    unfinished = post(page, "X-Long: " + "a" * 40_000).removesuffix(b"\r\n\r\n")
    assert page.send_raw(unfinished).startswith(b"HTTP/1.1 400 ")


def test_a_wrong_host_is_refused_by_its_name_alone(page: PageClient) -> None:
    answer = page.send_raw(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 421 ")
    assert b"open the link that emodj printed" in answer
    assert page.send_raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 421 ")


def test_only_this_computer_is_listened_to(page: PageClient) -> None:
    with socket.socket() as other:
        other.settimeout(5)
        # Another address of this computer: a server on all addresses would answer
        assert other.connect_ex(("127.0.0.2", page.address[1])) != 0


async def receive_body(*messages: Message, wait: bool = False) -> tuple[int, bytes]:
    """Send a body through a guard; returns the status, and what the application received."""
    received = b""
    waiting = list(messages)
    statuses = list[int]()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal received
        received = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def receive() -> Message:
        if not waiting and wait:
            await anyio.sleep_forever()
        return waiting.pop(0)

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(name.encode(), value.encode()) for name, (value,) in POST.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/picture", "headers": headers}
    await Guard(app, ACCESS, body_s=0.05)(scope, receive, send)
    return statuses[0], received


def part(size: int, *, more: bool) -> Message:
    return {"type": "http.request", "body": b"a" * size, "more_body": more}


def test_the_application_gets_the_whole_body() -> None:
    assert anyio.run(receive_body, part(3, more=True), part(2, more=False)) == (200, b"aaaaa")


def test_a_body_is_counted_while_it_is_read() -> None:
    half = part(MAX_BODY_BYTES // 2 + 1, more=True)
    assert anyio.run(receive_body, half, half) == (413, b"")


def test_a_body_that_does_not_come_is_given_up() -> None:
    assert anyio.run(lambda: receive_body(part(3, more=True), wait=True)) == (408, b"")


def test_a_sender_that_leaves_is_given_up() -> None:
    gone: Message = {"type": "http.disconnect"}
    assert anyio.run(receive_body, part(3, more=True), gone) == (408, b"")
