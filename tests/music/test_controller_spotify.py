"""Who is logged in, as a session asks: with a login on disk and a server behind it."""

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


def remote_of(account: SpotifyAccount) -> SpotifyPlayer:
    remote = account.remote()
    assert remote is not None
    return remote


def begun(account: SpotifyAccount) -> str:
    """Begin a list, or say why not as a session does: it gives up what has no hope."""
    try:
        return remote_of(account).begin(LIST, "Mine")
    except SpotifyError as error:
        account.note_error(error)
        return str(error)


def log_in(spotify: Spotify, tokens: CredentialStore, token: Token) -> None:
    given = spotify.issue()
    tokens.save(replace(token, access=given["access_token"], refresh=given["refresh_token"], premium=None))


def test_where_nobody_is_logged_in_there_is_nothing_to_control(account: SpotifyAccount, spotify: Spotify) -> None:
    assert (account.remote(), account.current, spotify.asked) == (None, None, [])


@pytest.mark.usefixtures("tokens")
def test_it_is_made_when_it_is_needed_and_asks_nothing(account: SpotifyAccount, spotify: Spotify) -> None:
    assert account.current is None
    remote = remote_of(account)
    assert (account.remote(), account.current, spotify.asked) == (remote, remote, [])


@pytest.mark.usefixtures("tokens")
def test_the_preferred_device_is_played_on(spotify: Spotify) -> None:
    spotify.device("Desk", active=True)
    spotify.device("Kitchen")
    with closing(SpotifyAccount("kitch")) as account:
        assert begun(account) == "playing Mine on Kitchen"


def test_the_login_may_be_kept_elsewhere(spotify: Spotify, tokens: CredentialStore) -> None:
    elsewhere = CredentialStore(tokens.path.with_name("elsewhere.json"))
    elsewhere.save(token_of(tokens))
    tokens.delete()
    spotify.device("Desk")
    with closing(SpotifyAccount("", elsewhere)) as account:
        assert begun(account) == "playing Mine on Desk"


@pytest.mark.usefixtures("tokens", "spotify")
def test_without_a_screen_no_app_is_started(account: SpotifyAccount) -> None:
    assert begun(account) == "no Spotify device is on: open Spotify on one and try again"
    assert account.remote() is account.current


def test_without_premium_it_is_given_up_until_the_next_login(
    account: SpotifyAccount, spotify: Spotify, tokens: CredentialStore
) -> None:
    spotify.device("Desk", active=True)
    spotify.premium = False
    assert begun(account) == "Spotify lets only Premium accounts be controlled"
    assert token_of(tokens).premium is False
    assert account.remote() is None
    # The next login may be of an account without Premium too
    log_in(spotify, tokens, token_of(tokens))
    assert begun(account) == "Spotify lets only Premium accounts be controlled"
    assert token_of(tokens).premium is False
    assert account.remote() is None
    spotify.premium = True
    log_in(spotify, tokens, token_of(tokens))
    assert begun(account) == "playing Mine on Desk"
    assert token_of(tokens).premium is True


def test_a_login_that_has_ended_is_given_up_until_the_next(
    account: SpotifyAccount, spotify: Spotify, tokens: CredentialStore
) -> None:
    token = token_of(tokens)
    spotify.device("Desk")
    spotify.expire_access()
    spotify.revoke()
    assert begun(account) == "your Spotify login has ended: log in with emodj spotify login"
    assert account.remote() is None
    log_in(spotify, tokens, token)
    assert begun(account) == "playing Mine on Desk"


def test_a_damaged_login_is_told_once(account: SpotifyAccount, spotify: Spotify, tokens: CredentialStore) -> None:
    token = token_of(tokens)
    spotify.device("Desk")
    tokens.path.write_text("damaged")
    assert "is damaged: emodj spotify logout, then login again" in begun(account)
    assert account.remote() is None
    tokens.delete()
    assert account.remote() is None
    log_in(spotify, tokens, token)
    assert begun(account) == "playing Mine on Desk"


@pytest.mark.parametrize("kind", ErrorKind)
@pytest.mark.usefixtures("tokens")
def test_only_what_has_no_hope_is_given_up(account: SpotifyAccount, spotify: Spotify, kind: ErrorKind) -> None:
    spotify.device("Desk", active=True)
    assert begun(account) == "playing Mine on Desk"
    remote = remote_of(account)
    account.note_error(SpotifyError("no", kind))
    if kind in {ErrorKind.LOGGED_OUT, ErrorKind.ENDED, ErrorKind.NO_PREMIUM}:
        assert (account.remote(), remote.now_playing) == (None, None)
    else:
        assert account.remote() is remote
        assert remote.now_playing is not None


@pytest.mark.usefixtures("tokens")
def test_an_app_that_may_not_be_used_is_given_up(account: SpotifyAccount, spotify: Spotify) -> None:
    spotify.fail("GET", "/v1/me/player/devices", refusal(403, "User not registered in the Developer Dashboard"))
    assert begun(account).startswith("your account is not among the five users of that Spotify app: ")
    assert account.remote() is None


def test_it_can_be_given_up_before_it_was_needed(account: SpotifyAccount, tokens: CredentialStore) -> None:
    account.note_error(SpotifyError("no", ErrorKind.ENDED))
    assert tokens.version() is not None
    assert account.remote() is None
