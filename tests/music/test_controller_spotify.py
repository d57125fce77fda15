"""SpotifyAccount with a login on disk and a test server."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from realtime.music.controller import SpotifyAccount
from realtime.music.spotify.credentials import CredentialStore
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from tests.support.spotify_server import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.music.spotify.credentials import Token
    from realtime.music.spotify.remote_player import SpotifyPlayer
    from tests.support.spotify_server import Spotify

LIST = f"spotify:playlist:{'a' * 22}"


@pytest.fixture
def account() -> Iterator[SpotifyAccount]:
    with closing(SpotifyAccount("")) as made:
        yield made


def token_of(tokens: CredentialStore) -> Token:
    token = tokens.load()
    assert token is not None
    return token


def get_player(account: SpotifyAccount) -> SpotifyPlayer:
    player = account.get_player()
    assert player is not None
    return player


def play_list(account: SpotifyAccount) -> str:
    """Play a list; on an error note it, as a session does, and return its message."""
    try:
        return get_player(account).play(LIST, "Mine")
    except SpotifyError as error:
        account.note_error(error)
        return str(error)


def log_in(spotify: Spotify, tokens: CredentialStore, token: Token) -> None:
    given = spotify.issue()
    tokens.save(replace(token, access=given["access_token"], refresh=given["refresh_token"], premium=None))


def test_no_player_without_a_login(account: SpotifyAccount, spotify: Spotify) -> None:
    assert (account.get_player(), account.existing_player, spotify.requests) == (None, None, [])


@pytest.mark.usefixtures("tokens")
def test_player_is_made_late_and_sends_no_request(account: SpotifyAccount, spotify: Spotify) -> None:
    assert account.existing_player is None
    player = get_player(account)
    assert (account.get_player(), account.existing_player, spotify.requests) == (player, player, [])


@pytest.mark.usefixtures("tokens")
def test_preferred_device_is_used(spotify: Spotify) -> None:
    spotify.device("Desk", active=True)
    spotify.device("Kitchen")
    with closing(SpotifyAccount("kitch")) as account:
        assert play_list(account) == "playing Mine on Kitchen"


def test_login_may_be_in_another_file(spotify: Spotify, tokens: CredentialStore) -> None:
    elsewhere = CredentialStore(tokens.path.with_name("elsewhere.json"))
    elsewhere.save(token_of(tokens))
    tokens.delete()
    spotify.device("Desk")
    with closing(SpotifyAccount("", elsewhere)) as account:
        assert play_list(account) == "playing Mine on Desk"


@pytest.mark.usefixtures("tokens", "spotify")
def test_no_app_is_started_without_a_screen(account: SpotifyAccount) -> None:
    assert play_list(account) == "no Spotify device is on: open Spotify on one and try again"
    assert account.get_player() is account.existing_player


def test_account_without_premium_is_refused_until_the_next_login(
    account: SpotifyAccount, spotify: Spotify, tokens: CredentialStore
) -> None:
    spotify.device("Desk", active=True)
    spotify.premium = False
    assert play_list(account) == "Spotify lets only Premium accounts be controlled"
    assert token_of(tokens).premium is False
    assert account.get_player() is None
    # The next login may be of an account without Premium too
    log_in(spotify, tokens, token_of(tokens))
    assert play_list(account) == "Spotify lets only Premium accounts be controlled"
    assert token_of(tokens).premium is False
    assert account.get_player() is None
    spotify.premium = True
    log_in(spotify, tokens, token_of(tokens))
    assert play_list(account) == "playing Mine on Desk"
    assert token_of(tokens).premium is True


def test_expired_login_is_refused_until_the_next(account: SpotifyAccount, spotify: Spotify, tokens: CredentialStore) -> None:
    token = token_of(tokens)
    spotify.device("Desk")
    spotify.expire_access()
    spotify.revoke()
    assert play_list(account) == "your Spotify login has ended: log in with emodj spotify login"
    assert account.get_player() is None
    log_in(spotify, tokens, token)
    assert play_list(account) == "playing Mine on Desk"


def test_damaged_login_is_reported_once(account: SpotifyAccount, spotify: Spotify, tokens: CredentialStore) -> None:
    token = token_of(tokens)
    spotify.device("Desk")
    tokens.path.write_text("damaged")
    assert "is damaged: emodj spotify logout, then login again" in play_list(account)
    assert account.get_player() is None
    tokens.delete()
    assert account.get_player() is None
    log_in(spotify, tokens, token)
    assert play_list(account) == "playing Mine on Desk"


@pytest.mark.parametrize("kind", ErrorKind)
@pytest.mark.usefixtures("tokens")
def test_only_errors_that_need_a_new_login_refuse_the_account(
    account: SpotifyAccount, spotify: Spotify, kind: ErrorKind
) -> None:
    spotify.device("Desk", active=True)
    assert play_list(account) == "playing Mine on Desk"
    player = get_player(account)
    account.note_error(SpotifyError("no", kind))
    if kind in {ErrorKind.LOGGED_OUT, ErrorKind.EXPIRED, ErrorKind.NO_PREMIUM}:
        assert (account.get_player(), player.now_playing) == (None, None)
    else:
        assert account.get_player() is player
        assert player.now_playing is not None


@pytest.mark.usefixtures("tokens")
def test_app_without_access_is_refused(account: SpotifyAccount, spotify: Spotify) -> None:
    spotify.fail("GET", "/v1/me/player/devices", refusal(403, "User not registered in the Developer Dashboard"))
    assert play_list(account).startswith("your account is not among the five users of this Spotify app: ")
    assert account.get_player() is None


def test_login_can_be_refused_before_a_player_exists(account: SpotifyAccount, tokens: CredentialStore) -> None:
    account.note_error(SpotifyError("no", ErrorKind.EXPIRED))
    assert tokens.version() is not None
    assert account.get_player() is None
