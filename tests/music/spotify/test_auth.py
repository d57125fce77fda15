"""How somebody logs in, at a server that checks what a login has to prove."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from realtime.music.spotify import transport
from realtime.music.spotify.auth import Login, renew_token
from realtime.music.spotify.credentials import Token
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from tests.support.browsing import visit
from tests.support.spotify_server import Fault

if TYPE_CHECKING:
    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Spotify

BACK = "http://127.0.0.1:4711/callback"
STATE = "a-state-that-nobody-guesses"
TOKEN = "POST", "/api/token"
NOT_SPOTIFYS = "the answer is not Spotify's: does this network want you to log in first?"


@pytest.fixture
def login(spotify: Spotify) -> Login:
    return Login(spotify.client_id, BACK, STATE)


def agreed(login: Login) -> str:
    """The person agrees; the code."""
    code = login.code(visit(login.address).headers["location"])
    assert isinstance(code, str)
    return code


def test_the_address_asks_for_what_is_needed_and_no_more(login: Login, spotify: Spotify) -> None:
    query = {name: texts[0] for name, texts in parse_qs(urlsplit(login.address).query).items()}
    assert query.pop("code_challenge")
    assert query == {
        "client_id": spotify.client_id,
        "response_type": "code",
        "redirect_uri": BACK,
        "code_challenge_method": "S256",
        "state": STATE,
        "scope": "user-read-playback-state user-modify-playback-state playlist-read-private playlist-modify-private",
    }
    assert Login(spotify.client_id, BACK, STATE).address != login.address


def test_who_agrees_gets_a_token(login: Login, spotify: Spotify) -> None:
    before = time.time()
    token = login.finish(agreed(login))
    assert token.access in spotify.access
    assert token.refresh in spotify.refresh
    assert (token.client_id, token.premium, token.missing(transport.SCOPES)) == (spotify.client_id, None, [])
    assert before + 3500 < token.expires_at < time.time() + 3700


def test_who_refuses_is_told_how_to_agree(login: Login, spotify: Spotify) -> None:
    spotify.grants = "refuse"
    answer = login.code(visit(login.address).headers["location"])
    assert isinstance(answer, SpotifyError)
    assert (answer.kind, str(answer)) == (
        ErrorKind.LOGGED_OUT,
        "Spotify was not allowed to let emodj in: log in again and agree",
    )


@pytest.mark.parametrize(
    "address",
    [
        f"{BACK}?code=AQcode&state={STATE}",
        f"  \n{BACK}?code=AQcode&state={STATE} \r\n",
        f"{BACK}?state={STATE}&code=AQcode#_=_",
        f"127.0.0.1:4711/callback?code=AQcode&state={STATE}",
        f"http://[::1]:4711/callback?code=AQcode&state={STATE}&more=less",
        f"?code=AQcode&state={STATE}",
    ],
)
def test_an_address_that_is_pasted_may_look_as_it_likes(login: Login, address: str) -> None:
    assert login.code(address) == "AQcode"


@pytest.mark.parametrize(
    "address",
    [
        f"{BACK}?code=AQcode&state=of-another-login",
        f"{BACK}?code=AQcode&state={STATE}x",
        f"{BACK}?code=AQcode&state=",
        f"{BACK}?code=AQcode",
        f"{BACK}?error=access_denied",
        f"{BACK}?error=access_denied&state=of-another-login",
        f"{BACK}?state={STATE}",
        f"{BACK}?code=&state={STATE}",
        BACK,
        *("", " ", "http://[", "AQcode", "\x00", "http://[::1", "?" * 1000, "♥", f"{BACK}?code=AQcode&state=\udcff"),
    ],
)
def test_an_address_of_another_login_or_of_none_is_no_answer(login: Login, address: str) -> None:
    assert login.code(address) is None


def test_a_refusal_counts_before_a_code(login: Login) -> None:
    assert isinstance(login.code(f"{BACK}?code=AQcode&error=server_error&state={STATE}"), SpotifyError)


def test_each_code_is_good_once(login: Login) -> None:
    code = agreed(login)
    login.finish(code)
    with pytest.raises(SpotifyError) as caught:
        login.finish(code)
    assert caught.value.kind is ErrorKind.LOGGED_OUT
    assert str(caught.value) == "Spotify does not take that answer any more: run emodj spotify login again"


def test_a_code_is_good_for_its_login_alone(login: Login, spotify: Spotify) -> None:
    code = agreed(login)
    thief = Login(spotify.client_id, BACK, STATE)
    with pytest.raises(SpotifyError, match="does not take that answer any more"):
        thief.finish(code)


def test_an_app_that_is_unknown_is_told_how_to_name_another(spotify: Spotify, login: Login) -> None:
    code = agreed(login)
    spotify.client_id = "f" * 32
    with pytest.raises(
        SpotifyError, match=r"knows no app with this client id: .*emodj spotify login --client-id ID$"
    ) as caught:
        login.finish(code)
    assert caught.value.kind is ErrorKind.LOGGED_OUT


GIVEN = {"access_token": "BQa", "refresh_token": "AQr", "expires_in": 3600, "scope": "one", "token_type": "Bearer"}
STRANGE: dict[str, Fault] = {
    "a page": Fault(200, b"<html>log in to this cafe</html>"),
    "nothing": Fault(200),
    "a list": Fault(200, b"[]"),
    "text": Fault(200, b'"BQa"'),
    "empty": Fault(200, b"{}"),
    **{
        f"without {name}": Fault(200, {key: text for key, text in GIVEN.items() if key != name})
        for name in ("access_token", "expires_in")
    },
    **{
        f"{name} is null": Fault(200, GIVEN | {name: None}) for name in ("access_token", "refresh_token", "expires_in", "scope")
    },
    "a token of two lines": Fault(200, GIVEN | {"access_token": "BQa\nb"}),
    "an endless token": Fault(200, GIVEN | {"expires_in": 10**400}),
    "an endless token, in other words": Fault(200, b'{"access_token": "BQa", "refresh_token": "AQr", "expires_in": Infinity}'),
    "a token of never": Fault(200, b'{"access_token": "BQa", "refresh_token": "AQr", "expires_in": NaN, "scope": ""}'),
    "an empty token": Fault(200, GIVEN | {"access_token": ""}),
    "a number as text": Fault(200, GIVEN | {"expires_in": "3600"}),
    "a refusal that is a list": Fault(400, b'["invalid_grant"]'),
}


@pytest.mark.parametrize("fault", STRANGE.values(), ids=STRANGE)
def test_an_answer_that_is_no_token_is_told(login: Login, tokens: CredentialStore, spotify: Spotify, fault: Fault) -> None:
    code, token = agreed(login), tokens.load()
    assert token is not None
    spotify.always[TOKEN] = fault
    with pytest.raises(SpotifyError) as caught:
        login.finish(code)
    assert (caught.value.kind, str(caught.value)) == (ErrorKind.AWAY, NOT_SPOTIFYS)
    with pytest.raises(SpotifyError) as caught:
        renew_token(replace(token, refresh="AQr"))
    assert (caught.value.kind, str(caught.value)) == (ErrorKind.AWAY, NOT_SPOTIFYS)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(500, b"<html>"), ErrorKind.AWAY),
        (Fault(503), ErrorKind.AWAY),
        (Fault(429, {"error": "slow_down"}), ErrorKind.BUSY),
        (Fault(400, {"error": "invalid_request", "error_description": "AQr is none"}), ErrorKind.OTHER),
        (Fault(400, {"error": {"status": 400}}), ErrorKind.OTHER),
        (Fault(close=True), ErrorKind.AWAY),
        (Fault(200, GIVEN, cut=True), ErrorKind.AWAY),
    ],
)
def test_a_refusal_of_a_token_says_what_it_is(tokens: CredentialStore, spotify: Spotify, fault: Fault, kind: ErrorKind) -> None:
    token = tokens.load()
    assert token is not None
    spotify.fail(*TOKEN, fault)
    with pytest.raises(SpotifyError) as caught:
        renew_token(token)
    assert caught.value.kind is kind
    assert len(spotify.asked) == 1


def test_a_silent_server_is_given_up(tokens: CredentialStore, spotify: Spotify) -> None:
    token = tokens.load()
    assert token is not None
    spotify.fail(*TOKEN, Fault(silent=True))
    with pytest.raises(SpotifyError, match=r"^Spotify said nothing for 0\.2 s: try again in a moment$"):
        renew_token(token, 0.2)


def test_a_token_is_exchanged_for_the_next(tokens: CredentialStore, spotify: Spotify) -> None:
    token = tokens.load()
    assert token is not None
    fresh = renew_token(replace(token, premium=True, expires_at=0))
    assert (fresh.access in spotify.access, fresh.refresh in spotify.refresh) == (True, True)
    assert not {fresh.access, fresh.refresh} & {token.access, token.refresh}
    assert (fresh.client_id, fresh.scope, fresh.premium) == (token.client_id, token.scope, True)
    assert fresh.lasts(time.time() + 3000)


def test_what_a_new_token_does_not_say_is_as_it_was(spotify: Spotify) -> None:
    spotify.fail(*TOKEN, Fault(200, json.dumps({"access_token": "BQb", "expires_in": 60}).encode()))
    fresh = renew_token(Token(spotify.client_id, "BQa", "AQa", 0, "one two", premium=False))
    assert (fresh.access, fresh.refresh, fresh.scope, fresh.premium) == ("BQb", "AQa", "one two", False)
