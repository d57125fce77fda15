"""check_link, at a test server on this computer."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

from realtime.music import link_check
from realtime.music.link_check import LinkState, LinkStatus, check_link
from tests.support.pages import Page, Pages, embed, serving
from tests.support.slow_answers import STARTS

if TYPE_CHECKING:
    from collections.abc import Iterator

HAPPY = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC"
QUICK_S = 0.2


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as running:
        yield running


def test_spotify_list_has_a_title(pages: Pages) -> None:
    pages.lists[HAPPY] = embed("Happy Hits! ♥")
    assert check_link(HAPPY, spotify=pages.address) == LinkStatus(LinkState.OK, "Happy Hits! ♥")
    assert pages.requests == [("GET", HAPPY)]
    assert {agent.split()[0] for agent in pages.agents} == {"emodj"}


@pytest.mark.parametrize("status", [400, 404, 410])
def test_unknown_spotify_item_is_gone(pages: Pages, status: int) -> None:
    pages.lists[HAPPY] = Page(status)
    result = check_link(HAPPY, spotify=pages.address)
    assert (result.state, result.title, result.server_available) == (LinkState.GONE, None, True)


@pytest.mark.parametrize(("status", "server_available"), [(401, True), (403, True), (429, False), (500, False), (503, False)])
def test_refusal_leaves_the_state_unclear(pages: Pages, status: int, server_available: bool) -> None:  # noqa: FBT001
    pages.lists[HAPPY] = Page(status)
    result = check_link(HAPPY, spotify=pages.address)
    assert (result.state, result.server_available) == (LinkState.UNCLEAR, server_available)
    assert str(status) in result.why


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>log in</html>", b"[]", b"{}", b'"title"', b'{"title": 3}', b'{"title": " "}', b"\xff\xfe", b"[" * 60000],
)
def test_invalid_answer_leaves_the_state_unclear(pages: Pages, body: bytes) -> None:
    pages.lists[HAPPY] = Page(body=body)
    assert check_link(HAPPY, spotify=pages.address).state is LinkState.UNCLEAR


def test_endless_answer_is_not_read_to_its_end(pages: Pages) -> None:
    pages.lists[HAPPY] = Page(body=b'{"title": "' + b"a" * 2**22)
    assert check_link(HAPPY, spotify=pages.address).state is LinkState.UNCLEAR


def test_silent_server_times_out(pages: Pages) -> None:
    pages.lists[HAPPY] = Page(silent=True)
    result = check_link(HAPPY, spotify=pages.address, timeout_s=QUICK_S)
    assert (result.state, result.server_available) == (LinkState.UNCLEAR, False)
    assert "did not answer for 0.2 s" in result.why


@pytest.mark.parametrize("part", STARTS)
def test_server_that_sends_a_byte_now_and_then_times_out(pages: Pages, part: str) -> None:
    pages.lists[HAPPY] = Page(slow=part)
    result = check_link(HAPPY, spotify=pages.address, timeout_s=QUICK_S)
    assert (result.state, result.server_available) == (LinkState.UNCLEAR, False)
    assert "did not answer for 0.2 s" in result.why


def test_slow_page_of_a_redirect_is_not_read(pages: Pages) -> None:
    # HEAD is refused, and GET redirects with an endless page
    pages.pages["/old"] = Page(302, body=b"a" * 2**26, head=405, to=f"{pages.address}/new")
    assert check_link(f"{pages.address}/old").why == "it leads to a page without https"


def test_truncated_answer_leaves_the_state_unclear(pages: Pages) -> None:
    pages.lists[HAPPY] = Page(body=b'{"title": "Hap', cut=True)
    assert check_link(HAPPY, spotify=pages.address, timeout_s=QUICK_S).state is LinkState.UNCLEAR


def test_refused_connection_leaves_the_state_unclear() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        result = check_link(HAPPY, spotify=address)
    assert (result.state, result.server_available) == (LinkState.UNCLEAR, False)


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_AGAIN, "no name server"), OSError(errno.ENETUNREACH, "unreachable")]
)
def test_unresolved_name_and_unreachable_network_are_offline(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    # A test cannot unplug the network
    def unplugged(*_: object, **__: object) -> None:
        raise URLError(error)

    monkeypatch.setattr(link_check, "_open_address", unplugged)
    assert check_link(HAPPY).state is check_link("https://example.org/").state is LinkState.OFFLINE


def test_other_links_are_checked_with_head(pages: Pages) -> None:
    pages.pages["/music"] = Page()
    assert check_link(f"{pages.address}/music") == LinkStatus(LinkState.OK)
    assert pages.requests == [("HEAD", "/music")]


@pytest.mark.parametrize("head", [400, 403, 404, 405, 501])
def test_server_that_refuses_head_gets_a_get(pages: Pages, head: int) -> None:
    pages.pages["/music"] = Page(head=head)
    assert check_link(f"{pages.address}/music").state is LinkState.OK
    assert pages.requests == [("HEAD", "/music"), ("GET", "/music")]


@pytest.mark.parametrize(
    ("status", "state"), [(404, LinkState.GONE), (410, LinkState.GONE), (403, LinkState.UNCLEAR), (418, LinkState.UNCLEAR)]
)
def test_other_links_can_be_gone(pages: Pages, status: int, state: LinkState) -> None:
    pages.pages["/music"] = Page(status)
    result = check_link(f"{pages.address}/music")
    assert result.state is state
    assert str(status) in result.why


def test_spotify_search_is_checked_like_any_other_link(pages: Pages) -> None:
    pages.pages["/search/dark%20suspense/playlists"] = Page()
    assert check_link(f"{pages.address}/search/dark%20suspense/playlists").state is LinkState.OK


def test_redirect_is_followed_only_to_https(pages: Pages) -> None:
    pages.pages["/old"] = Page(301, to=f"{pages.address}/new")
    pages.pages["/new"] = Page()
    result = check_link(f"{pages.address}/old")
    assert result == LinkStatus(LinkState.UNCLEAR, why="it leads to a page without https")
    assert pages.requests == [("HEAD", "/old")]


def test_invalid_certificate_leaves_the_state_unclear(pages: Pages) -> None:
    result = check_link(f"{pages.address.replace('http:', 'https:')}/music", timeout_s=60)
    assert result.state is LinkState.UNCLEAR
    assert result.why.startswith("no proper answer: ")


def test_link_in_any_script_reaches_the_server(pages: Pages) -> None:
    pages.pages["/m%C3%BCsik"] = Page()
    assert check_link(f"{pages.address}/müsik").state is LinkState.OK


def test_a_link_to_a_text_that_can_be_no_host_is_like_an_unknown_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    result = check_link(f"https://{'a' * 70}.org/music")
    assert (result.state, result.why) == (LinkState.OFFLINE, "its server cannot be found")
