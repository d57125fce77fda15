"""SpotifyClient: each answer and each refusal, caused at a test server."""

from __future__ import annotations

import threading
import time
import traceback
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from realtime.music.spotify.auth import CallbackServer, Login
from realtime.music.spotify.client import MAX_ITEMS, PAGE_SIZE, SEARCH_PAGE_SIZE, SpotifyClient
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


def error_of(call: Callable[[], object]) -> SpotifyError:
    with pytest.raises(SpotifyError) as caught:
        call()
    return caught.value


def count(spotify: Server, method: str, path: str) -> int:
    return sum((each.method, each.path) == (method, path) for each in spotify.requests)


def load_token(tokens: CredentialStore) -> Token:
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


def test_user_and_devices_are_read(client: SpotifyClient, kitchen: dict[str, Any]) -> None:
    assert client.current_user()["display_name"] == "Anna"
    assert [row["name"] for row in client.devices()] == [kitchen["name"]]


def test_playback_is_read(client: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    state = client.playback()
    assert state is not None
    assert (state["item"]["name"], state["device"]["name"], state["is_playing"]) == ("b", "Kitchen", True)
    spotify.queue[1]["type"] = "episode"
    state = client.playback()
    assert state is not None
    assert state["item"]["name"] == "b"
    kitchen["is_active"] = False
    assert client.playback() is None


def test_commands_reach_the_player(client: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    client.pause()
    assert not spotify.is_playing
    client.play(None, None)
    assert spotify.is_playing
    client.skip()
    assert spotify.index == 2
    client.skip(back=True)
    assert spotify.index == 1
    client.set_shuffle(on=True)
    assert spotify.shuffle
    client.set_shuffle(on=False)
    assert not spotify.shuffle
    client.set_volume(70)
    assert kitchen["volume_percent"] == 70


@pytest.mark.parametrize("kind", ["playlist", "album", "artist", "show"])
def test_list_is_played_as_a_context(client: SpotifyClient, spotify: Server, kitchen: dict[str, Any], kind: str) -> None:
    client.play(f"spotify:{kind}:{'a' * 22}", kitchen["id"])
    assert (spotify.context, spotify.requests[-1].query) == (f"spotify:{kind}:{'a' * 22}", {"device_id": kitchen["id"]})


@pytest.mark.parametrize("kind", ["track", "episode"])
@pytest.mark.usefixtures("kitchen")
def test_song_is_played_as_a_song(client: SpotifyClient, spotify: Server, kind: str) -> None:
    client.play(f"spotify:{kind}:{'a' * 22}", None)
    assert (spotify.context, spotify.queue[0]["uri"]) == (None, f"spotify:{kind}:{'a' * 22}")


def test_inactive_device_becomes_active(client: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    cellar = spotify.device("Cellar")
    client.play(LIST, cellar["id"])
    assert (cellar["is_active"], kitchen["is_active"]) == (True, False)


def test_odd_answers_to_commands_are_accepted(client: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    spotify.odd_bodies = True
    client.play(LIST, kitchen["id"])
    client.skip()
    client.skip(back=True)
    assert (spotify.context, spotify.index, len(spotify.requests)) == (LIST, 0, 3)


def player_calls(client: SpotifyClient) -> dict[str, Callable[[], object]]:
    return {
        "play": lambda: client.play(LIST, None),
        "pause": client.pause,
        "next": client.skip,
        "previous": lambda: client.skip(back=True),
        "shuffle": lambda: client.set_shuffle(on=True),
        "volume": lambda: client.set_volume(50),
    }


COMMANDS = ["play", "pause", "next", "previous", "shuffle", "volume"]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.usefixtures("kitchen")
def test_commands_need_premium(client: SpotifyClient, spotify: Server, name: str) -> None:
    spotify.premium = False
    error = error_of(player_calls(client)[name])
    assert (error.kind, str(error)) == (ErrorKind.NO_PREMIUM, "Spotify lets only Premium accounts be controlled")
    assert client.playback() is not None


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_need_a_device(client: SpotifyClient, spotify: Server, name: str) -> None:
    spotify.device("Asleep")
    error = error_of(player_calls(client)[name])
    assert (error.kind, str(error)) == (ErrorKind.NO_DEVICE, "no Spotify device is on: open Spotify on one and try again")


@pytest.mark.parametrize("name", COMMANDS)
def test_restricted_device_refuses_commands(client: SpotifyClient, kitchen: dict[str, Any], name: str) -> None:
    kitchen["is_restricted"] = True
    error = error_of(player_calls(client)[name])
    assert error.kind is ErrorKind.NO_DEVICE
    assert str(error) == "this device does not let other programs control it: choose another one in Spotify"


def test_missing_device_raises(client: SpotifyClient, kitchen: dict[str, Any]) -> None:
    del kitchen
    assert error_of(lambda: client.play(LIST, "gone")).kind is ErrorKind.NO_DEVICE


def test_missing_list_is_not_reported_as_missing_device(
    client: SpotifyClient, spotify: Server, kitchen: dict[str, Any]
) -> None:
    spotify.unplayable.add("a" * 22)
    error = error_of(lambda: client.play(LIST, kitchen["id"]))
    assert (error.kind, str(error)) == (ErrorKind.NOT_FOUND, "Spotify does not offer this list to other programs")


def test_device_may_refuse_volume_changes(client: SpotifyClient, kitchen: dict[str, Any]) -> None:
    kitchen["supports_volume"] = False
    assert (
        str(error_of(lambda: client.set_volume(10)))
        == "this device does not let other programs set its volume: set it on the device"
    )


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("Active premium subscription required for the owner of the app.", "Premium for the owner of your client id's app"),
        ("User not registered in the Developer Dashboard", "not among the five users of this Spotify app"),
    ],
)
def test_app_without_access_raises(client: SpotifyClient, spotify: Server, message: str, sentence: str) -> None:
    for fault in (refusal(403, message), Fault(403, message.encode())):
        spotify.fail("GET", "/v1/me", fault)
        error = error_of(client.current_user)
        assert (error.kind, sentence in str(error)) == (ErrorKind.LOGGED_OUT, True)


def test_missing_permission_raises(client: SpotifyClient, spotify: Server, kitchen: dict[str, Any]) -> None:
    del kitchen
    spotify.access = dict.fromkeys(spotify.access, "user-read-playback-state")
    error = error_of(client.pause)
    assert (error.kind, str(error)) == (
        ErrorKind.LOGGED_OUT,
        "this login does not allow that: log in again with emodj spotify login",
    )
    assert error_of(lambda: client.create_playlist("a", "b")).kind is ErrorKind.LOGGED_OUT


def test_no_request_without_a_login(client: SpotifyClient, spotify: Server, tokens: CredentialStore) -> None:
    tokens.delete()
    error = error_of(client.current_user)
    assert (error.kind, str(error)) == (
        ErrorKind.LOGGED_OUT,
        "you are not logged in to Spotify: log in with emodj spotify login",
    )
    assert spotify.requests == []


@pytest.mark.usefixtures("kitchen")
def test_revoked_token_is_renewed_once_and_the_command_runs_once(
    client: SpotifyClient, spotify: Server, tokens: CredentialStore
) -> None:
    before = load_token(tokens)
    spotify.expire_access()
    client.skip()
    assert spotify.index == 2
    assert [each.path for each in spotify.requests] == [NEXT[1], TOKEN[1], NEXT[1]]
    after = load_token(tokens)
    assert after.access in spotify.access
    assert after.refresh != before.refresh
    assert client.current_user()["id"] == "anna"
    assert count(spotify, *TOKEN) == 1


@pytest.mark.parametrize("left_s", [-1e6, 0, 50])
def test_expiring_token_is_renewed_before_the_request(
    client: SpotifyClient, spotify: Server, tokens: CredentialStore, left_s: float
) -> None:
    tokens.save(replace(load_token(tokens), expires_at=time.time() + left_s))
    assert client.current_user()["id"] == "anna"
    assert [each.path for each in spotify.requests] == [TOKEN[1], "/v1/me"]
    assert load_token(tokens).is_valid_at(time.time() + 3000)


def test_refused_new_token_is_not_renewed_again(client: SpotifyClient, spotify: Server) -> None:
    spotify.always["GET", "/v1/me"] = refusal(401, "The access token expired")
    error = error_of(client.current_user)
    assert (error.kind, str(error)) == (ErrorKind.EXPIRED, ENDED)
    assert (count(spotify, "GET", "/v1/me"), count(spotify, *TOKEN)) == (2, 1)


@pytest.mark.parametrize("expired", [True, False])
def test_expired_login_is_deleted_and_reported(
    client: SpotifyClient,
    spotify: Server,
    tokens: CredentialStore,
    expired: bool,  # noqa: FBT001
) -> None:
    spotify.revoke()
    if expired:
        tokens.save(replace(load_token(tokens), expires_at=0))
    else:
        spotify.expire_access()
    error = error_of(client.current_user)
    assert (error.kind, str(error)) == (ErrorKind.EXPIRED, ENDED)
    assert not tokens.path.exists()
    assert error_of(client.current_user).kind is ErrorKind.LOGGED_OUT
    assert count(spotify, *TOKEN) == 1


@pytest.mark.parametrize("fault", [Fault(503), Fault(close=True), Fault(200, b"<html>"), Fault(429)])
def test_login_is_kept_after_a_temporary_fault(
    client: SpotifyClient, spotify: Server, tokens: CredentialStore, fault: Fault
) -> None:
    tokens.save(replace(load_token(tokens), expires_at=0))
    before = load_token(tokens)
    spotify.fail(*TOKEN, fault)
    assert error_of(client.current_user).kind in {ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED}
    assert load_token(tokens) == before


class StoreRenewedMeanwhile(CredentialStore):
    """A store into which another process saves its token, between the load and the renewal."""

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
def test_token_renewed_by_another_process_is_used(
    spotify: Server,
    tokens: CredentialStore,
    expired: bool,  # noqa: FBT001
) -> None:
    token = load_token(tokens)
    if expired:
        tokens.save(replace(token, expires_at=0))
    else:
        spotify.expire_access()
    shared = StoreRenewedMeanwhile(spotify, token)
    with closing(SpotifyClient(shared)) as client:
        client.skip()
        client.current_user()
    assert spotify.index == 2
    assert count(spotify, *TOKEN) == 0
    assert load_token(tokens).refresh in spotify.refresh


def test_one_of_several_clients_renews_the_token(spotify: Server, tokens: CredentialStore) -> None:
    tokens.save(replace(load_token(tokens), expires_at=0))
    found = list[str]()

    def read_user() -> None:
        with closing(SpotifyClient(CredentialStore())) as client:
            found.append(client.current_user()["id"])

    threads = [threading.Thread(target=read_user) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["anna"] * 4
    assert count(spotify, *TOKEN) == 1


def test_unsaved_new_token_is_still_used(spotify: Server, tokens: CredentialStore) -> None:
    # The path is so long that the file can be read, but no temporary file with a longer name can be written beside it
    folder = tokens.path.parent
    while len(str(folder)) < LONGEST_PATH - 20:
        folder /= "d" * min(200, LONGEST_PATH - 16 - len(str(folder)))
    folder.mkdir(parents=True)
    full = CredentialStore(folder / "t")
    full.path.write_bytes(tokens.path.read_bytes())
    full.path.chmod(0o600)
    with closing(SpotifyClient(full)) as client:
        for _ in range(2):
            spotify.expire_access()
            assert client.current_user()["id"] == "anna"
            assert client.current_user()["id"] == "anna"
        client.save_premium(premium=True)
    assert count(spotify, *TOKEN) == 2
    assert full.path.read_bytes() == tokens.path.read_bytes()


@pytest.mark.parametrize("seconds", [3, 48925])
@pytest.mark.parametrize("reason", [None, "QUOTA_EXCEEDED"])
def test_no_request_before_the_waiting_time_is_over(
    client: SpotifyClient, spotify: Server, clock: list[float], seconds: int, reason: str | None
) -> None:
    spotify.fail("GET", "/v1/me", refusal(429, "Too many requests", reason, {"Retry-After": str(seconds)}))
    first = error_of(client.current_user)
    assert (first.kind, first.wait_s) == (ErrorKind.RATE_LIMITED, seconds)
    clock[0] = seconds - 0.5
    for call in (client.current_user, client.devices, client.playback, client.skip):
        later = error_of(call)
        assert (later.kind, later.wait_s) == (ErrorKind.RATE_LIMITED, 0.5)
        assert str(later).partition(": ") == (*str(first).partition(": ")[:2], "try again in a second")
    assert len(spotify.requests) == 1
    clock[0] = seconds
    assert client.current_user()["id"] == "anna"
    assert len(spotify.requests) == 2


def test_exceeded_quota_is_named(client: SpotifyClient, spotify: Server) -> None:
    spotify.fail("GET", "/v1/me", refusal(429, "Too many requests", "QUOTA_EXCEEDED", {"Retry-After": "48925"}))
    assert str(error_of(client.current_user)) == "the daily quota of your Spotify app is used up: try again in 14 hours"


def test_rate_limited_renewal_waits_too(client: SpotifyClient, spotify: Server, clock: list[float]) -> None:
    spotify.expire_access()
    spotify.fail(*TOKEN, Fault(429))
    assert error_of(client.current_user).wait_s == 30
    assert error_of(client.current_user).wait_s == 30
    assert len(spotify.requests) == 2
    clock[0] = 30
    assert client.current_user()["id"] == "anna"


@pytest.mark.parametrize("fault", [Fault(500), Fault(503), Fault(close=True), Fault(silent=True), Fault(cut=True, status=200)])
@pytest.mark.usefixtures("kitchen")
def test_skip_is_sent_once_despite_faults(spotify: Server, tokens: CredentialStore, fault: Fault) -> None:
    spotify.fail(*NEXT, fault)
    with closing(SpotifyClient(tokens, timeout_s=0.2 if fault.silent else 60)) as client:
        assert error_of(client.skip).kind is ErrorKind.UNAVAILABLE
        assert count(spotify, *NEXT) == 1
        assert spotify.index == 1


def test_search_respects_the_page_limit(client: SpotifyClient, spotify: Server) -> None:
    songs = [spotify.track(f"Song {number}", "Somebody") for number in range(14)]
    spotify.found["funk"] = [*songs[:5], None, *songs[5:]]
    assert [row["name"] for row in client.search("funk")] == [song["name"] for song in songs[:9]]
    assert [row["name"] for row in client.search("funk", SEARCH_PAGE_SIZE)] == [song["name"] for song in songs[9:]]
    assert client.search("nothing") == []
    assert {each.query["limit"] for each in spotify.requests} == {"10"}


@pytest.mark.parametrize("body", [{}, {"tracks": None}, {"tracks": {}}, {"tracks": {"items": None}}, {"tracks": []}])
def test_empty_search_answer_raises(client: SpotifyClient, spotify: Server, body: dict[str, Any]) -> None:
    spotify.fail("GET", "/v1/search", Fault(200, body))
    assert "is not Spotify's" in str(error_of(lambda: client.search("funk")))


def test_playlists_are_read_page_by_page_without_nulls(client: SpotifyClient, spotify: Server) -> None:
    for number in range(120):
        spotify.playlist(f"List {number}")
        if number % 40 == 0:
            spotify.playlists.append(None)
    assert [row["name"] for row in client.playlists(1000)] == [f"List {number}" for number in range(120)]
    assert [each.query for each in spotify.requests] == [
        {"limit": f"{PAGE_SIZE}", "offset": f"{offset}"} for offset in (0, 50, 100)
    ]
    assert len(client.playlists(60)) == 60
    assert len(spotify.requests) == 5


def test_playlist_items_are_read(client: SpotifyClient, spotify: Server) -> None:
    songs = [spotify.track(f"Song {number}", "Somebody") for number in range(70)]
    made = spotify.playlist("Mine", tracks=[*songs[:60], None, *songs[60:]])
    # For older apps Spotify still calls the field `track`
    spotify.contents[made["id"]][-1] = {"track": songs[-1]}
    assert [row["name"] for row in client.playlist_items(made["id"], 1000)] == [song["name"] for song in songs]
    assert count(spotify, "GET", f"/v1/playlists/{made['id']}/items") == 2


def test_lists_of_other_owners_cannot_be_read(client: SpotifyClient, spotify: Server) -> None:
    theirs = spotify.playlist("Theirs", owner="bob")
    error = error_of(lambda: client.playlist_items(theirs["id"], 50))
    assert (error.kind, str(error)) == (ErrorKind.NOT_FOUND, "Spotify does not allow that for this account or list")
    error = error_of(lambda: client.playlist_items(EDITORIAL_ID, 50))
    assert (error.kind, str(error)) == (ErrorKind.NOT_FOUND, "Spotify does not offer this list to other programs")


def test_playlist_is_created_private_and_filled(client: SpotifyClient, spotify: Server) -> None:
    made = client.create_playlist("emodj: happy", "Words")
    assert (made["name"], made["public"], made["description"]) == ("emodj: happy", False, "Words")
    uris = [spotify.track(f"Song {number}", "Somebody")["uri"] for number in range(MAX_ITEMS)]
    client.replace_items(made["id"], uris)
    assert [row["item"]["uri"] for row in spotify.contents[made["id"]]] == uris
    client.replace_items(made["id"], uris[:1])
    assert [row["item"]["uri"] for row in spotify.contents[made["id"]]] == uris[:1]


def test_premium_is_saved(client: SpotifyClient, tokens: CredentialStore) -> None:
    before = load_token(tokens)
    client.save_premium(premium=True)
    assert load_token(tokens) == replace(before, premium=True)
    stamp = tokens.version()
    client.save_premium(premium=True)
    assert tokens.version() == stamp
    tokens.delete()
    client.save_premium(premium=False)
    assert tokens.load() is None


def test_no_secret_appears_in_logs_or_tracebacks(spotify: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    tokens, printed = CredentialStore(), list[str]()

    def note_error(call: Callable[[], object]) -> SpotifyError:
        error = error_of(call)
        printed.extend(traceback.format_exception(error))
        return error

    with CallbackServer() as callback:
        login = callback.login = Login(spotify.client_id, callback.redirect_uri, "a-state-that-nobody-guesses")
        back = visit(visit(callback.start_address, lambda: callback.handle_connection(60)).headers["location"]).headers[
            "location"
        ]
        printed.append(visit(back, lambda: callback.handle_connection(60)).text)
        until(lambda: callback.answer)
    code = callback.answer
    assert isinstance(code, str)
    spotify.fail(*TOKEN, Fault(400, {"error": "invalid_request", "error_description": f"no {code} of {spotify.client_id}"}))
    note_error(lambda: login.exchange_code(code))
    tokens.save(login.exchange_code(code))
    spotify.device("Kitchen", active=True)
    with closing(SpotifyClient(tokens)) as client:
        player = SpotifyPlayer(client, "", lambda _: False)
        player.play(LIST, "Mine")
        player.handle(COMMAND_KEYS["n"])
        for status in (400, 401, 403, 404, 429, 500):
            token = load_token(tokens)
            # Some proxies repeat the request in their error messages
            spotify.fail(*NEXT, refusal(status, f"Bearer {token.access}", token.refresh, {"Retry-After": "0"}))
            with suppress(SpotifyError):
                player.handle(COMMAND_KEYS["n"])
        note_error(lambda: client.replace_items("no such list", []))
        spotify.expire_access()
        client.current_user()
        token = load_token(tokens)
        again = f"no {token.refresh} of {token.client_id} with {token.access}"
        for error in ("invalid_request", token.refresh, "invalid_grant"):
            spotify.expire_access()
            spotify.fail(*TOKEN, Fault(400, {"error": error, "error_description": again}))
            note_error(client.current_user)
    assert not tokens.path.exists()
    assert len(spotify.issued) >= 4
    visible = "".join(printed) + "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "SpotifyOauthError" in visible
    secrets = spotify.issued | spotify.secrets | {spotify.client_id, urlsplit(back).query}
    assert not [secret for secret in secrets if secret in visible]
