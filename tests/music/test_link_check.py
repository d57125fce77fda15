"""Whether links still lead somewhere, asked of a server on this computer."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING
from urllib.error import URLError

import pytest

from realtime.music import link_check
from realtime.music.link_check import LinkState, LinkStatus, check_link
from tests.support.pages import Page, Pages, embed, serving

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


def test_spotify_names_its_lists(pages: Pages) -> None:
    pages.lists[HAPPY] = embed("Happy Hits! ♥")
    assert check_link(HAPPY, spotify=pages.address) == LinkStatus(LinkState.OK, "Happy Hits! ♥")
    assert pages.asked == [("GET", HAPPY)]
    assert {agent.split()[0] for agent in pages.agents} == {"emodj"}


@pytest.mark.parametrize("status", [400, 404, 410])
def test_what_spotify_does_not_know_is_gone(pages: Pages, status: int) -> None:
    pages.lists[HAPPY] = Page(status)
    checked = check_link(HAPPY, spotify=pages.address)
    assert (checked.state, checked.title, checked.ask_on) == (LinkState.GONE, None, True)


@pytest.mark.parametrize(("status", "ask_on"), [(401, True), (403, True), (429, False), (500, False), (503, False)])
def test_a_server_that_refuses_says_nothing_of_the_list(pages: Pages, status: int, ask_on: bool) -> None:  # noqa: FBT001
    pages.lists[HAPPY] = Page(status)
    checked = check_link(HAPPY, spotify=pages.address)
    assert (checked.state, checked.ask_on) == (LinkState.UNCLEAR, ask_on)
    assert str(status) in checked.why


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>log in</html>", b"[]", b"{}", b'"title"', b'{"title": 3}', b'{"title": " "}', b"\xff\xfe", b"[" * 60000],
)
def test_an_answer_that_is_none_tells_nothing(pages: Pages, body: bytes) -> None:
    pages.lists[HAPPY] = Page(body=body)
    assert check_link(HAPPY, spotify=pages.address).state is LinkState.UNCLEAR


def test_an_endless_answer_is_not_read_to_its_end(pages: Pages) -> None:
    pages.lists[HAPPY] = Page(body=b'{"title": "' + b"a" * 2**22)
    assert check_link(HAPPY, spotify=pages.address).state is LinkState.UNCLEAR


def test_a_silent_server_is_given_up(pages: Pages) -> None:
    pages.lists[HAPPY] = Page(silent=True)
    checked = check_link(HAPPY, spotify=pages.address, patience_s=QUICK_S)
    assert (checked.state, checked.ask_on) == (LinkState.UNCLEAR, False)
    assert "said nothing for 0.2 s" in checked.why


def test_an_answer_that_stops_in_the_middle_tells_nothing(pages: Pages) -> None:
    pages.lists[HAPPY] = Page(body=b'{"title": "Hap', cut=True)
    assert check_link(HAPPY, spotify=pages.address, patience_s=QUICK_S).state is LinkState.UNCLEAR


def test_a_server_that_is_not_there_tells_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        checked = check_link(HAPPY, spotify=address)
    assert (checked.state, checked.ask_on) == (LinkState.UNCLEAR, False)


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_AGAIN, "no name server"), OSError(errno.ENETUNREACH, "unreachable")]
)
def test_no_name_and_no_way_are_off_line(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    # The one thing that a test cannot have for real without pulling the cable
    def unplugged(*_: object, **__: object) -> None:
        raise URLError(error)

    monkeypatch.setattr(link_check, "_request", unplugged)
    assert check_link(HAPPY).state is check_link("https://example.org/").state is LinkState.OFFLINE


def test_other_links_are_asked_for_without_their_content(pages: Pages) -> None:
    pages.pages["/music"] = Page()
    assert check_link(f"{pages.address}/music") == LinkStatus(LinkState.OK)
    assert pages.asked == [("HEAD", "/music")]


@pytest.mark.parametrize("head", [400, 403, 404, 405, 501])
def test_a_server_that_refuses_to_be_asked_so_is_asked_otherwise(pages: Pages, head: int) -> None:
    pages.pages["/music"] = Page(head=head)
    assert check_link(f"{pages.address}/music").state is LinkState.OK
    assert pages.asked == [("HEAD", "/music"), ("GET", "/music")]


@pytest.mark.parametrize(
    ("status", "state"), [(404, LinkState.GONE), (410, LinkState.GONE), (403, LinkState.UNCLEAR), (418, LinkState.UNCLEAR)]
)
def test_other_links_can_be_gone_too(pages: Pages, status: int, state: LinkState) -> None:
    pages.pages["/music"] = Page(status)
    checked = check_link(f"{pages.address}/music")
    assert checked.state is state
    assert str(status) in checked.why


def test_a_search_of_spotify_is_a_page_like_any_other(pages: Pages) -> None:
    pages.pages["/search/dark%20suspense/playlists"] = Page()
    assert check_link(f"{pages.address}/search/dark%20suspense/playlists").state is LinkState.OK


def test_a_redirect_is_followed_to_https_alone(pages: Pages) -> None:
    pages.pages["/old"] = Page(301, to=f"{pages.address}/new")
    pages.pages["/new"] = Page()
    checked = check_link(f"{pages.address}/old")
    assert checked == LinkStatus(LinkState.UNCLEAR, why="it leads to a page without https")
    assert pages.asked == [("HEAD", "/old")]


def test_a_server_without_a_proper_certificate_is_not_believed(pages: Pages) -> None:
    checked = check_link(f"{pages.address.replace('http:', 'https:')}/music", patience_s=60)
    assert checked.state is LinkState.UNCLEAR
    assert checked.why.startswith("no proper answer: ")


def test_letters_of_any_script_reach_the_server(pages: Pages) -> None:
    pages.pages["/m%C3%BCsik"] = Page()
    assert check_link(f"{pages.address}/müsik").state is LinkState.OK
