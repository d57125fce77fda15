"""Login and renew_token, at a test server that checks the PKCE proof."""

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
from tests.support.slow_answers import STARTS
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


def agree(login: Login) -> str:
    """Agree on the login page; return the code."""
    code = login.read_answer(visit(login.address).headers["location"])
    assert isinstance(code, str)
    return code


def test_login_address_requests_exactly_the_needed_permissions(login: Login, spotify: Spotify) -> None:
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


def test_agreement_gives_a_token(login: Login, spotify: Spotify) -> None:
    before = time.time()
    token = login.exchange_code(agree(login))
    assert token.access in spotify.access
    assert token.refresh in spotify.refresh
    assert (token.client_id, token.premium, token.missing_scopes(transport.SCOPES)) == (spotify.client_id, None, [])
    assert before + 3500 < token.expires_at < time.time() + 3700


def test_refusal_says_how_to_agree(login: Login, spotify: Spotify) -> None:
    spotify.grants = "refuse"
    answer = login.read_answer(visit(login.address).headers["location"])
    assert isinstance(answer, SpotifyError)
    assert (answer.kind, str(answer)) == (
        ErrorKind.LOGGED_OUT,
        "you did not allow emodj to use Spotify: log in again and agree",
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
def test_pasted_address_may_have_any_form(login: Login, address: str) -> None:
    assert login.read_answer(address) == "AQcode"


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
def test_address_of_another_login_is_no_answer(login: Login, address: str) -> None:
    assert login.read_answer(address) is None


def test_refusal_wins_over_a_code(login: Login) -> None:
    assert isinstance(login.read_answer(f"{BACK}?code=AQcode&error=server_error&state={STATE}"), SpotifyError)


def test_each_code_is_valid_once(login: Login) -> None:
    code = agree(login)
    login.exchange_code(code)
    with pytest.raises(SpotifyError) as caught:
        login.exchange_code(code)
    assert caught.value.kind is ErrorKind.LOGGED_OUT
    assert str(caught.value) == "Spotify no longer accepts this answer: run emodj spotify login again"


def test_code_is_valid_only_for_its_login(login: Login, spotify: Spotify) -> None:
    code = agree(login)
    thief = Login(spotify.client_id, BACK, STATE)
    with pytest.raises(SpotifyError, match="no longer accepts this answer"):
        thief.exchange_code(code)


def test_unknown_app_raises_with_advice(spotify: Spotify, login: Login) -> None:
    code = agree(login)
    spotify.client_id = "f" * 32
    with pytest.raises(
        SpotifyError, match=r"knows no app with this client id: .*emodj spotify login --client-id ID$"
    ) as caught:
        login.exchange_code(code)
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
def test_invalid_token_answer_raises(login: Login, tokens: CredentialStore, spotify: Spotify, fault: Fault) -> None:
    code, token = agree(login), tokens.load()
    assert token is not None
    spotify.always[TOKEN] = fault
    with pytest.raises(SpotifyError) as caught:
        login.exchange_code(code)
    assert (caught.value.kind, str(caught.value)) == (ErrorKind.UNAVAILABLE, NOT_SPOTIFYS)
    with pytest.raises(SpotifyError) as caught:
        renew_token(replace(token, refresh="AQr"))
    assert (caught.value.kind, str(caught.value)) == (ErrorKind.UNAVAILABLE, NOT_SPOTIFYS)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(500, b"<html>"), ErrorKind.UNAVAILABLE),
        (Fault(503), ErrorKind.UNAVAILABLE),
        (Fault(429, {"error": "slow_down"}), ErrorKind.RATE_LIMITED),
        (Fault(400, {"error": "invalid_request", "error_description": "AQr is none"}), ErrorKind.OTHER),
        (Fault(400, {"error": {"status": 400}}), ErrorKind.OTHER),
        (Fault(close=True), ErrorKind.UNAVAILABLE),
        (Fault(200, GIVEN, cut=True), ErrorKind.UNAVAILABLE),
    ],
)
def test_refused_renewal_has_the_right_kind(tokens: CredentialStore, spotify: Spotify, fault: Fault, kind: ErrorKind) -> None:
    token = tokens.load()
    assert token is not None
    spotify.fail(*TOKEN, fault)
    with pytest.raises(SpotifyError) as caught:
        renew_token(token)
    assert caught.value.kind is kind
    assert len(spotify.requests) == 1


def test_silent_server_times_out(tokens: CredentialStore, spotify: Spotify) -> None:
    token = tokens.load()
    assert token is not None
    spotify.fail(*TOKEN, Fault(silent=True))
    with pytest.raises(SpotifyError, match=r"^Spotify did not answer for 0\.2 s: try again in a moment$"):
        renew_token(token, 0.2)


@pytest.mark.parametrize("part", STARTS)
def test_server_that_sends_a_byte_now_and_then_times_out(tokens: CredentialStore, spotify: Spotify, part: str) -> None:
    token = tokens.load()
    assert token is not None
    spotify.always["POST", "/api/token"] = Fault(slow=part)
    with pytest.raises(SpotifyError, match=r"did not answer for 0\.2 s"):
        renew_token(token, 0.2)


@pytest.mark.parametrize("status", [302, 307, 308])
def test_redirect_of_the_token_service_gets_no_token(tokens: CredentialStore, spotify: Spotify, status: int) -> None:
    token = tokens.load()
    assert token is not None
    spotify.always["POST", "/api/token"] = Fault(status, headers={"Location": f"{spotify.address}/elsewhere"})
    with pytest.raises(SpotifyError, match="is not Spotify's"):
        renew_token(token)
    assert [request.path for request in spotify.requests] == ["/api/token"]


def test_token_is_renewed(tokens: CredentialStore, spotify: Spotify) -> None:
    token = tokens.load()
    assert token is not None
    fresh = renew_token(replace(token, premium=True, expires_at=0))
    assert (fresh.access in spotify.access, fresh.refresh in spotify.refresh) == (True, True)
    assert not {fresh.access, fresh.refresh} & {token.access, token.refresh}
    assert (fresh.client_id, fresh.scope, fresh.premium) == (token.client_id, token.scope, True)
    assert fresh.is_valid_at(time.time() + 3000)


def test_fields_missing_in_a_new_token_keep_their_value(spotify: Spotify) -> None:
    spotify.fail(*TOKEN, Fault(200, json.dumps({"access_token": "BQb", "expires_in": 60}).encode()))
    fresh = renew_token(Token(spotify.client_id, "BQa", "AQa", 0, "one two", premium=False))
    assert (fresh.access, fresh.refresh, fresh.scope, fresh.premium) == ("BQb", "AQa", "one two", False)
