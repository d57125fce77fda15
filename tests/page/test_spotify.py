"""Spotify's player on the page: what each address sends to Spotify, and when it sends nothing."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import pytest

from realtime.app.build import build_page, shipped_settings
from realtime.errors import EmodjError
from realtime.music.catalog import Playlists
from realtime.music.controller import SpotifyAccount
from realtime.page.spotify import SETTLE_S, SpotifyRemote
from tests.support.page_server import PageClient, serving_page
from tests.support.spotify_server import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Spotify


@pytest.fixture
def page(spotify: Spotify, tokens: CredentialStore) -> Iterator[PageClient]:  # noqa: ARG001 - the user is logged in
    with serving_page() as client:
        client.begin()
        yield client


def asked(spotify: Spotify) -> list[str]:
    return [f"{request.method} {request.path.removeprefix('/v1/me/player')}" for request in spotify.requests]


def choose_happy(page: PageClient) -> str:
    """Choose a mood by hand; returns the link of its first list."""
    page.ask("choose", {"mood": "happy"})
    (best, *_) = page.ask("offers").document["music"]["choices"]
    assert best["on_spotify"] is True
    return best["url"]


def test_nothing_is_asked_before_a_press(page: PageClient, spotify: Spotify) -> None:
    assert page.begin()["spotify"] == {"playing": None, "active": False, "said": None}
    choose_happy(page)
    assert page.ask("spotify").document == {"playing": None, "active": False, "said": None}
    assert page.ask("spotify", {"press": "silence"}).document["playing"] is None
    assert spotify.requests == []


def test_a_user_without_a_login_gets_no_buttons(page: PageClient, tokens: CredentialStore) -> None:
    tokens.delete()
    assert page.begin()["spotify"] is None
    answer = page.ask("spotify", {"press": "toggle"})
    assert (answer.status, answer.sentence) == (422, "you are not logged in to Spotify: log in with emodj spotify login")


def test_a_list_plays_and_the_buttons_control_it(page: PageClient, spotify: Spotify) -> None:
    spotify.device("Kitchen", active=True)
    url = choose_happy(page)
    document = page.ask("spotify", {"play": url}).document
    assert document["said"].endswith("on Kitchen")
    assert (document["playing"]["device"], document["playing"]["paused"], document["active"]) == ("Kitchen", False, True)
    assert spotify.context == f"spotify:playlist:{url.rpartition('/')[2]}"
    steps = {
        "next": lambda: spotify.index == 1,
        "previous": lambda: spotify.index == 0,
        "toggle": lambda: not spotify.is_playing,
    }
    for name, holds in steps.items():
        assert page.ask("spotify", {"press": name}).status == 200
        assert holds(), name
    assert page.ask("spotify", {"press": "shuffle"}).document["playing"]["shuffled"] is True
    assert page.ask("spotify", {"press": "louder"}).document["said"] == "volume 60%"
    document = page.ask("spotify", {"press": "quieter"}).document
    assert (document["said"], document["playing"]["volume"], document["playing"]["paused"]) == ("volume 50%", 0.5, True)
    # Another tab knows it without a question to Spotify
    before = len(spotify.requests)
    assert PageClient(page.link).begin()["spotify"]["playing"] == document["playing"]
    assert len(spotify.requests) == before


def test_songs_of_this_computer_pause_spotify(page: PageClient, spotify: Spotify) -> None:
    spotify.device("Kitchen", active=True)
    page.ask("spotify", {"play": choose_happy(page)})
    assert page.ask("spotify", {"press": "silence"}).document == {"playing": None, "active": False, "said": None}
    assert not spotify.is_playing
    before = len(spotify.requests)
    page.ask("spotify")
    assert len(spotify.requests) == before


def test_a_refusal_has_the_sentence_of_the_window(page: PageClient, spotify: Spotify) -> None:
    spotify.premium = False
    spotify.device("Kitchen", active=True)
    sentence = "Spotify lets only Premium accounts be controlled"
    for _ in range(2):
        answer = page.ask("spotify", {"play": choose_happy(page)})
        assert (answer.status, answer.sentence) == (422, sentence)
    # The second one was not sent: only another login could change the answer
    assert len([line for line in asked(spotify) if line == "PUT /play"]) == 1


@pytest.mark.parametrize(
    ("question", "status"),
    [({"press": "explode"}, 400), ({"press": 3}, 400), ({"play": 3}, 400), ({"play": "https://example.org/"}, 422)],
)
def test_only_buttons_and_lists_of_the_settings_are_taken(
    page: PageClient, spotify: Spotify, question: dict[str, object], status: int
) -> None:
    assert page.ask("spotify", question).status == status
    assert page.ask("spotify", {"play": f"https://open.spotify.com/playlist/{'a' * 22}"}).status == 422
    assert spotify.requests == []


def test_the_key_of_the_page_is_needed(page: PageClient, spotify: Spotify) -> None:
    assert page.ask("spotify", {"press": "toggle"}, {"x-emodj-key": None}).status == 403
    assert page.ask("spotify", {"press": "toggle"}, {"x-emodj-visit": "another"}).status == 410
    assert spotify.requests == []


@pytest.mark.usefixtures("tokens")
def test_no_buttons_for_a_network(spotify: Spotify) -> None:
    parts = build_page(shipped_settings(), lambda _: None, in_network=True)
    assert parts.spotify is None
    assert "with --lan, the page has no buttons for your Spotify: others in your network could press them" in parts.notices
    assert spotify.requests == []


# The remote by itself, with a clock that the test sets


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def remote(tokens: CredentialStore, clock: list[float]) -> Iterator[SpotifyRemote]:  # noqa: ARG001 - the user is logged in
    with closing(SpotifyRemote(SpotifyAccount(""), shipped_settings().playlists, lambda: clock[0])) as made:
        yield made


def test_a_pause_ends_the_questions(remote: SpotifyRemote, spotify: Spotify, clock: list[float]) -> None:
    spotify.device("Kitchen", active=True)
    spotify.queue, spotify.is_playing = [spotify.track("Sun", "Anna")], True

    async def pause() -> None:
        shown = await remote.press("toggle")
        assert shown["playing"] is not None
        assert (shown["playing"]["title"], shown["playing"]["artist"]) == ("Sun", "Anna")
        assert (shown["playing"]["paused"], shown["active"]) == (True, True)
        clock[0] += SETTLE_S
        assert (await remote.poll())["active"] is False

    anyio.run(pause)
    assert asked(spotify) == ["GET ", "PUT /pause"]


def test_presses_that_wait_are_sent_as_one(remote: SpotifyRemote, spotify: Spotify) -> None:
    spotify.device("Kitchen", active=True)
    spotify.queue, spotify.is_playing = [spotify.track("Sun", "Anna")], True

    async def press() -> None:
        async with anyio.create_task_group() as tasks:
            for name in ("louder",) * 3:
                tasks.start_soon(remote.press, name)

    anyio.run(press)
    volumes = [request.query["volume_percent"] for request in spotify.requests if request.path.endswith("/volume")]
    assert volumes[-1] == "80"
    assert len(volumes) < 3


def test_presses_that_were_sent_as_one_share_the_refusal(remote: SpotifyRemote, spotify: Spotify) -> None:
    spotify.device("Kitchen", active=True)
    spotify.always["GET", "/v1/me/player"] = refusal(503, "Service unavailable")
    refused = list[str]()

    async def press(name: str) -> None:
        try:
            await remote.press(name)
        except EmodjError as error:
            refused.append(str(error))

    async def press_all() -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(press, "louder")

    anyio.run(press_all)
    assert len(refused) == 3


def test_a_list_that_is_no_link_of_spotify_is_refused(spotify: Spotify) -> None:
    settings = shipped_settings()
    (choice, *_) = settings.playlists.all()
    other = replace(choice, url="https://example.org/list")
    remote = SpotifyRemote(SpotifyAccount(""), Playlists({}, (other,)))
    with pytest.raises(EmodjError, match="no such list of Spotify"):
        anyio.run(remote.play, "https://example.org/list")
    assert spotify.requests == []
