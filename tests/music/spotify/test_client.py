"""What a person's login lets us ask, each answer and each refusal provoked at a server."""

from __future__ import annotations

import threading
import time
import traceback
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from realtime.music.spotify.auth import Callback, Login
from realtime.music.spotify.client import MOST_ITEMS, PAGE, SEARCH_PAGE, SpotifyClient
from realtime.music.spotify.credentials import CredentialStore
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.music.spotify.remote_player import SpotifyPlayer
from tests.support.browsing import visit
from tests.support.player_keys import COMMAND_KEYS
from tests.support.spotify_server import EDITORIAL, Fault, refusal
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.music.spotify.credentials import Token
    from tests.support.spotify_server import Spotify as Server

LIST = f"spotify:playlist:{'a' * 22}"
EDITORIAL_ID = f"{EDITORIAL}DXdPec7aLTmlC"
ENDED = "your Spotify login has ended: log in with emodj spotify login"
TOKEN = "POST", "/api/token"
NEXT = "POST", "/v1/me/player/next"


def refused(ask: Callable[[], object]) -> SpotifyError:
    with pytest.raises(SpotifyError) as caught:
        ask()
    return caught.value


def count(spotify: Server, method: str, path: str) -> int:
    return sum((each.method, each.path) == (method, path) for each in spotify.asked)


def kept(tokens: CredentialStore) -> Token:
    token = tokens.load()
    assert token is not None
    return token


LONGEST_PATH = 4096
"""Bytes of a path on Linux, with its end (PATH_MAX)."""


@pytest.fixture
def kitchen(spotify: Server) -> dict[str, Any]:
    """A device that is playing three songs, the second one."""
    row = spotify.device("Kitchen", active=True)
    spotify.queue = [spotify.track(name, "Somebody") for name in "abc"]
    spotify.index, spotify.is_playing = 1, True
    return row


def test_who_is_logged_in_and_what_there_is_to_play_on(web: SpotifyClient, kitchen: dict[str, Any]) -> None:
    assert web.me()["display_name"] == "Anna"
    assert [row["name"] for row in web.devices()] == [kitchen["name"]]


def test_what_is_on_where(web: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    state = web.state()
    assert state is not None
    assert (state["item"]["name"], state["device"]["name"], state["is_playing"]) == ("b", "Kitchen", True)
    spotify.queue[1]["type"] = "episode"
    state = web.state()
    assert state is not None
    assert state["item"]["name"] == "b"
    kitchen["is_active"] = False
    assert web.state() is None


def test_commands_reach_the_player(web: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    web.pause()
    assert not spotify.is_playing
    web.play(None, None)
    assert spotify.is_playing
    web.skip()
    assert spotify.index == 2
    web.skip(back=True)
    assert spotify.index == 1
    web.shuffle(on=True)
    assert spotify.shuffle
    web.shuffle(on=False)
    assert not spotify.shuffle
    web.volume(70)
    assert kitchen["volume_percent"] == 70


@pytest.mark.parametrize("kind", ["playlist", "album", "artist", "show"])
def test_a_list_is_played_as_a_list(web: SpotifyClient, spotify: Server, kitchen: dict[str, Any], kind: str) -> None:
    web.play(f"spotify:{kind}:{'a' * 22}", kitchen["id"])
    assert (spotify.context, spotify.asked[-1].query) == (f"spotify:{kind}:{'a' * 22}", {"device_id": kitchen["id"]})


@pytest.mark.parametrize("kind", ["track", "episode"])
@pytest.mark.usefixtures("kitchen")
def test_a_song_is_played_as_a_song(web: SpotifyClient, spotify: Server, kind: str) -> None:
    web.play(f"spotify:{kind}:{'a' * 22}", None)
    assert (spotify.context, spotify.queue[0]["uri"]) == (None, f"spotify:{kind}:{'a' * 22}")


def test_a_device_that_sleeps_is_woken(web: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    cellar = spotify.device("Cellar")
    web.play(LIST, cellar["id"])
    assert (cellar["is_active"], kitchen["is_active"]) == (True, False)


def test_a_command_may_be_answered_oddly(web: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    spotify.odd_bodies = True
    web.play(LIST, kitchen["id"])
    web.skip()
    web.skip(back=True)
    assert (spotify.context, spotify.index, len(spotify.asked)) == (LIST, 0, 3)


def player(web: SpotifyClient) -> dict[str, Callable[[], object]]:
    return {
        "play": lambda: web.play(LIST, None),
        "pause": web.pause,
        "next": web.skip,
        "previous": lambda: web.skip(back=True),
        "shuffle": lambda: web.shuffle(on=True),
        "volume": lambda: web.volume(50),
    }


COMMANDS = ["play", "pause", "next", "previous", "shuffle", "volume"]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("kitchen")
def test_without_premium_nothing_can_be_controlled(web: SpotifyClient, spotify: Server, name: str) -> None:
    spotify.premium = False
    error = refused(player(web)[name])
    assert (error.kind, str(error)) == (ErrorKind.NO_PREMIUM, "Spotify lets only Premium accounts be controlled")
    assert web.state() is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_without_a_device_nothing_can_be_controlled(web: SpotifyClient, spotify: Server, name: str) -> None:
    spotify.device("Asleep")
    error = refused(player(web)[name])
    assert (error.kind, str(error)) == (ErrorKind.NO_DEVICE, "no Spotify device is on: open Spotify on one and try again")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_restricted_device_is_left_to_others(web: SpotifyClient, kitchen: dict[str, Any], name: str) -> None:
    kitchen["is_restricted"] = True
    error = refused(player(web)[name])
    assert error.kind is ErrorKind.NO_DEVICE
    assert str(error) == "this device lets nobody else control it: choose another one in Spotify"


def test_a_device_that_has_gone_is_no_device(web: SpotifyClient, kitchen: dict[str, Any]) -> None:
    del kitchen
    assert refused(lambda: web.play(LIST, "gone")).kind is ErrorKind.NO_DEVICE


def test_a_list_that_is_not_there_is_no_matter_of_devices(web: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    spotify.unplayable.add("a" * 22)
    error = refused(lambda: web.play(LIST, kitchen["id"]))
    assert (error.kind, str(error)) == (ErrorKind.GONE, "Spotify has no such list for other programs than its own")


def test_a_device_may_keep_its_volume_to_itself(web: SpotifyClient, kitchen: dict[str, Any]) -> None:
    kitchen["supports_volume"] = False
    assert str(refused(lambda: web.volume(10))) == "this device lets nobody else set its volume: turn it there"


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("Active premium subscription required for the owner of the app.", "Premium of whoever registered the app"),
        ("User not registered in the Developer Dashboard", "not among the five users of that Spotify app"),
    ],
)
def test_an_app_that_may_not_be_used_is_told(web: SpotifyClient, spotify: Server, message: str, sentence: str) -> None:
    for fault in (refusal(403, message), Fault(403, message.encode())):
        spotify.fail("GET", "/v1/me", fault)
        error = refused(web.me)
        assert (error.kind, sentence in str(error)) == (ErrorKind.LOGGED_OUT, True)


def test_a_login_that_does_not_allow_it_is_told(web: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    del kitchen
    spotify.access = dict.fromkeys(spotify.access, "user-read-playback-state")
    error = refused(web.pause)
    assert (error.kind, str(error)) == (
        ErrorKind.LOGGED_OUT,
        "this login does not allow that: log in again with emodj spotify login",
    )
    assert refused(lambda: web.make_playlist("a", "b")).kind is ErrorKind.LOGGED_OUT


def test_where_nobody_is_logged_in_nothing_is_asked(web: SpotifyClient, spotify: Server, tokens: CredentialStore) -> None:
    tokens.delete()
    error = refused(web.me)
    assert (error.kind, str(error)) == (
        ErrorKind.LOGGED_OUT,
        "you are not logged in to Spotify: log in with emodj spotify login",
    )
    assert spotify.asked == []


@pytest.mark.usefixtures("kitchen")
def test_a_token_that_was_withdrawn_is_renewed_once_and_the_command_done_once(
    web: SpotifyClient, spotify: Server, tokens: CredentialStore
) -> None:
    before = kept(tokens)
    spotify.expire_access()
    web.skip()
    assert spotify.index == 2
    assert [each.path for each in spotify.asked] == [NEXT[1], TOKEN[1], NEXT[1]]
    after = kept(tokens)
    assert after.access in spotify.access
    assert after.refresh != before.refresh
    assert web.me()["id"] == "anna"
    assert count(spotify, *TOKEN) == 1


@pytest.mark.parametrize("left_s", [-1e6, 0, 50])
def test_a_token_that_ends_is_renewed_beforehand(
    web: SpotifyClient, spotify: Server, tokens: CredentialStore, left_s: float
) -> None:
    tokens.save(replace(kept(tokens), expires_at=time.time() + left_s))
    assert web.me()["id"] == "anna"
    assert [each.path for each in spotify.asked] == [TOKEN[1], "/v1/me"]
    assert kept(tokens).lasts(time.time() + 3000)


def test_a_new_token_that_is_refused_too_is_not_renewed_for_ever(web: SpotifyClient, spotify: Server) -> None:
    spotify.always["GET", "/v1/me"] = refusal(401, "The access token expired")
    error = refused(web.me)
    assert (error.kind, str(error)) == (ErrorKind.ENDED, ENDED)
    assert (count(spotify, "GET", "/v1/me"), count(spotify, *TOKEN)) == (2, 1)


@pytest.mark.parametrize("expired", [True, False])
def test_a_dead_login_is_removed_and_told(web: SpotifyClient, spotify: Server, tokens: CredentialStore, expired: bool) -> None:  # noqa: FBT001
    spotify.revoke()
    if expired:
        tokens.save(replace(kept(tokens), expires_at=0))
    else:
        spotify.expire_access()
    error = refused(web.me)
    assert (error.kind, str(error)) == (ErrorKind.ENDED, ENDED)
    assert not tokens.path.exists()
    assert refused(web.me).kind is ErrorKind.LOGGED_OUT
    assert count(spotify, *TOKEN) == 1


@pytest.mark.parametrize("fault", [Fault(503), Fault(close=True), Fault(200, b"<html>"), Fault(429)])
def test_a_login_that_cannot_be_renewed_just_now_is_kept(
    web: SpotifyClient, spotify: Server, tokens: CredentialStore, fault: Fault
) -> None:
    tokens.save(replace(kept(tokens), expires_at=0))
    before = kept(tokens)
    spotify.fail(*TOKEN, fault)
    assert refused(web.me).kind in {ErrorKind.AWAY, ErrorKind.BUSY}
    assert kept(tokens) == before


class Meanwhile(CredentialStore):
    """A file in which another emodj puts its own token, between our look at it and our exchange."""

    def __init__(self, spotify: Server, token: Token) -> None:
        super().__init__()
        self._spotify = spotify
        self._token = token
        self.exchanged = False

    def load(self) -> Token | None:
        found = super().load()
        if not self.exchanged:
            self.exchanged = True
            self._spotify.revoke()
            given = self._spotify.issue()
            self.save(replace(self._token, access=given["access_token"], refresh=given["refresh_token"]))
        return found


@pytest.mark.parametrize("expired", [True, False])
@pytest.mark.usefixtures("kitchen")
def test_a_token_that_another_emodj_exchanged_meanwhile_is_used(
    spotify: Server,
    tokens: CredentialStore,
    expired: bool,  # noqa: FBT001
) -> None:
    token = kept(tokens)
    if expired:
        tokens.save(replace(token, expires_at=0))
    else:
        spotify.expire_access()
    shared = Meanwhile(spotify, token)
    with closing(SpotifyClient(shared)) as web:
        web.skip()
        web.me()
    assert spotify.index == 2
    assert count(spotify, *TOKEN) == 0
    assert kept(tokens).refresh in spotify.refresh


def test_of_two_at_the_same_time_one_exchanges_the_token(spotify: Server, tokens: CredentialStore) -> None:
    tokens.save(replace(kept(tokens), expires_at=0))
    found = list[str]()

    def ask() -> None:
        with closing(SpotifyClient(CredentialStore())) as web:
            found.append(web.me()["id"])

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert found == ["anna"] * 4
    assert count(spotify, *TOKEN) == 1


def test_a_new_token_that_cannot_be_written_is_used_and_the_login_not_lost(spotify: Server, tokens: CredentialStore) -> None:
    # So deep in the folders a name of one letter can be read, and no longer one can be written beside it
    folder = tokens.path.parent
    while len(str(folder)) < LONGEST_PATH - 20:
        folder /= "d" * min(200, LONGEST_PATH - 16 - len(str(folder)))
    folder.mkdir(parents=True)
    full = CredentialStore(folder / "t")
    full.path.write_bytes(tokens.path.read_bytes())
    full.path.chmod(0o600)
    with closing(SpotifyClient(full)) as web:
        for _ in range(2):
            spotify.expire_access()
            assert web.me()["id"] == "anna"
            assert web.me()["id"] == "anna"
        web.learn(premium=True)
    assert count(spotify, *TOKEN) == 2
    assert full.path.read_bytes() == tokens.path.read_bytes()


@pytest.mark.parametrize("seconds", [3, 48925])
@pytest.mark.parametrize("reason", [None, "QUOTA_EXCEEDED"])
def test_nothing_is_asked_until_spotify_has_been_left_alone_for_long_enough(
    web: SpotifyClient, spotify: Server, clock: list[float], seconds: int, reason: str | None
) -> None:
    spotify.fail("GET", "/v1/me", refusal(429, "Too many requests", reason, {"Retry-After": str(seconds)}))
    first = refused(web.me)
    assert (first.kind, first.wait_s) == (ErrorKind.BUSY, seconds)
    clock[0] = seconds - 0.5
    for ask in (web.me, web.devices, web.state, web.skip):
        later = refused(ask)
        assert (later.kind, later.wait_s) == (ErrorKind.BUSY, 0.5)
        assert str(later).partition(": ") == (*str(first).partition(": ")[:2], "try again in a second")
    assert len(spotify.asked) == 1
    clock[0] = seconds
    assert web.me()["id"] == "anna"
    assert len(spotify.asked) == 2


def test_a_quota_says_that_it_is_one(web: SpotifyClient, spotify: Server) -> None:
    spotify.fail("GET", "/v1/me", refusal(429, "Too many requests", "QUOTA_EXCEEDED", {"Retry-After": "48925"}))
    assert str(refused(web.me)) == "the daily quota of your Spotify app is used up: try again in 14 hours"


def test_a_refused_renewal_waits_as_well(web: SpotifyClient, spotify: Server, clock: list[float]) -> None:
    spotify.expire_access()
    spotify.fail(*TOKEN, Fault(429))
    assert refused(web.me).wait_s == 30
    assert refused(web.me).wait_s == 30
    assert len(spotify.asked) == 2
    clock[0] = 30
    assert web.me()["id"] == "anna"


@pytest.mark.parametrize("fault", [Fault(500), Fault(503), Fault(close=True), Fault(silent=True), Fault(cut=True, status=200)])
@pytest.mark.usefixtures("kitchen")
def test_a_skip_is_sent_once_whatever_becomes_of_it(spotify: Server, tokens: CredentialStore, fault: Fault) -> None:
    spotify.fail(*NEXT, fault)
    with closing(SpotifyClient(tokens, patience_s=0.2 if fault.silent else 60)) as web:
        assert refused(web.skip).kind is ErrorKind.AWAY
        assert count(spotify, *NEXT) == 1
        assert spotify.index == 1


def test_a_search_asks_for_no_more_than_an_app_of_today_may(web: SpotifyClient, spotify: Server) -> None:
    songs = [spotify.track(f"Song {number}", "Somebody") for number in range(14)]
    spotify.found["funk"] = [*songs[:5], None, *songs[5:]]
    assert [row["name"] for row in web.search("funk")] == [song["name"] for song in songs[:9]]
    assert [row["name"] for row in web.search("funk", SEARCH_PAGE)] == [song["name"] for song in songs[9:]]
    assert web.search("nothing") == []
    assert {each.query["limit"] for each in spotify.asked} == {"10"}


@pytest.mark.parametrize("body", [{}, {"tracks": None}, {"tracks": {}}, {"tracks": {"items": None}}, {"tracks": []}])
def test_a_search_that_says_nothing_is_not_spotifys(web: SpotifyClient, spotify: Server, body: dict[str, Any]) -> None:
    spotify.fail("GET", "/v1/search", Fault(200, body))
    assert "is not Spotify's" in str(refused(lambda: web.search("funk")))


def test_playlists_come_page_by_page_and_none_that_is_kept_back(web: SpotifyClient, spotify: Server) -> None:
    for number in range(120):
        spotify.playlist(f"List {number}")
        if number % 40 == 0:
            spotify.playlists.append(None)
    assert [row["name"] for row in web.playlists(1000)] == [f"List {number}" for number in range(120)]
    assert [each.query for each in spotify.asked] == [{"limit": f"{PAGE}", "offset": f"{offset}"} for offset in (0, 50, 100)]
    assert len(web.playlists(60)) == 60
    assert len(spotify.asked) == 5


def test_what_is_in_a_playlist(web: SpotifyClient, spotify: Server) -> None:
    songs = [spotify.track(f"Song {number}", "Somebody") for number in range(70)]
    made = spotify.playlist("Mine", tracks=[*songs[:60], None, *songs[60:]])
    # Apps of old are told `track`
    spotify.contents[made["id"]][-1] = {"track": songs[-1]}
    assert [row["name"] for row in web.items(made["id"], 1000)] == [song["name"] for song in songs]
    assert count(spotify, "GET", f"/v1/playlists/{made['id']}/items") == 2


def test_a_list_of_somebody_else_or_of_spotifys_own_may_not_be_read(web: SpotifyClient, spotify: Server) -> None:
    theirs = spotify.playlist("Theirs", owner="bob")
    error = refused(lambda: web.items(theirs["id"], 50))
    assert (error.kind, str(error)) == (ErrorKind.GONE, "Spotify does not allow that for this account or list")
    error = refused(lambda: web.items(EDITORIAL_ID, 50))
    assert (error.kind, str(error)) == (ErrorKind.GONE, "Spotify has no such list for other programs than its own")


def test_a_playlist_is_made_for_its_person_alone_and_filled(web: SpotifyClient, spotify: Server) -> None:
    made = web.make_playlist("emodj: happy", "Words")
    assert (made["name"], made["public"], made["description"]) == ("emodj: happy", False, "Words")
    uris = [spotify.track(f"Song {number}", "Somebody")["uri"] for number in range(MOST_ITEMS)]
    web.fill(made["id"], uris)
    assert [row["item"]["uri"] for row in spotify.contents[made["id"]]] == uris
    web.fill(made["id"], uris[:1])
    assert [row["item"]["uri"] for row in spotify.contents[made["id"]]] == uris[:1]


def test_whether_there_is_premium_is_kept(web: SpotifyClient, tokens: CredentialStore) -> None:
    before = kept(tokens)
    web.learn(premium=True)
    assert kept(tokens) == replace(before, premium=True)
    stamp = tokens.version()
    web.learn(premium=True)
    assert tokens.version() == stamp
    tokens.delete()
    web.learn(premium=False)
    assert tokens.load() is None


def test_no_secret_is_ever_seen(spotify: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    tokens, told = CredentialStore(), list[str]()

    def tell(ask: Callable[[], object]) -> SpotifyError:
        error = refused(ask)
        told.extend(traceback.format_exception(error))
        return error

    with Callback() as callback:
        login = callback.login = Login(spotify.client_id, callback.redirect_uri, "a-state-that-nobody-guesses")
        back = visit(visit(callback.start, lambda: callback.serve(60)).headers["location"]).headers["location"]
        told.append(visit(back, lambda: callback.serve(60)).text)
        until(lambda: callback.answer)
    code = callback.answer
    assert isinstance(code, str)
    spotify.fail(*TOKEN, Fault(400, {"error": "invalid_request", "error_description": f"no {code} of {spotify.client_id}"}))
    tell(lambda: login.finish(code))
    tokens.save(login.finish(code))
    spotify.device("Kitchen", active=True)
    with closing(SpotifyClient(tokens)) as web:
        remote = SpotifyPlayer(web, "", lambda _: False)
        remote.begin(LIST, "Mine")
        remote.handle(COMMAND_KEYS["n"])
        for status in (400, 401, 403, 404, 429, 500):
            token = kept(tokens)
            # Of some proxies the errors repeat all that they were sent
            spotify.fail(*NEXT, refusal(status, f"Bearer {token.access}", token.refresh, {"Retry-After": "0"}))
            with suppress(SpotifyError):
                remote.handle(COMMAND_KEYS["n"])
        tell(lambda: web.fill("no such list", []))
        spotify.expire_access()
        web.me()
        token = kept(tokens)
        again = f"no {token.refresh} of {token.client_id} with {token.access}"
        for error in ("invalid_request", token.refresh, "invalid_grant"):
            spotify.expire_access()
            spotify.fail(*TOKEN, Fault(400, {"error": error, "error_description": again}))
            tell(web.me)
    assert not tokens.path.exists()
    assert len(spotify.issued) >= 4
    seen = "".join(told) + "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "SpotifyOauthError" in seen
    secrets = spotify.issued | spotify.secrets | {spotify.client_id, urlsplit(back).query}
    assert not [secret for secret in secrets if secret in seen]
