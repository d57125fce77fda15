"""One request by the real spotipy, and all that can become of it."""

from __future__ import annotations

import socket
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests.utils

from realtime.music.spotify import transport
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from tests.support.spotify_server import Fault, refusal
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Spotify

ME = "GET", "/v1/me"
NEXT = "POST", "/v1/me/player/next"
QUICK_S = 0.2
NOT_SPOTIFYS = "the answer is not Spotify's: does this network want you to log in first?"


@pytest.fixture
def client(tokens: CredentialStore) -> Iterator[Any]:
    token = tokens.load()
    assert token is not None
    made = transport.client(PATIENCE_S)
    made.set_auth(token.access)
    yield made
    transport.close(made)


def refused(client: Any, method: str = "GET") -> SpotifyError:
    """What becomes of a request that does not succeed."""
    with pytest.raises(SpotifyError) as caught:
        transport.document(
            transport.send(client.current_user if method == "GET" else client.next_track, [], client.requests_timeout)
        )
    return caught.value


def test_an_answer_is_handed_on(client: Any, spotify: Spotify) -> None:
    assert transport.document(transport.send(client.current_user, []))["display_name"] == "Anna"
    assert spotify.asked[-1].bearer in spotify.access


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_silent_server_is_given_up_and_not_asked_again(client: Any, spotify: Spotify, method: str) -> None:
    client.requests_timeout = QUICK_S
    spotify.fail(*(ME if method == "GET" else NEXT), Fault(silent=True))
    error = refused(client, method)
    assert (error.kind, str(error)) == (ErrorKind.AWAY, "Spotify said nothing for 0.2 s: try again in a moment")
    assert len(spotify.asked) == 1


def test_a_server_that_is_silent_in_the_middle_is_given_up(client: Any, spotify: Spotify) -> None:
    client.requests_timeout = QUICK_S
    spotify.fail(*ME, Fault(200, b'{"id": ', {"Connection": "keep-alive"}, cut=True))
    assert refused(client).kind is ErrorKind.AWAY


AWAY = {
    "hung up": (Fault(close=True), "Spotify cannot be reached: is this computer on line?"),
    "broke off": (Fault(200, {"id": "anna"}, cut=True), "Spotify's answer broke off: try again in a moment"),
    "half": (Fault(200, b'{"id": "an'), NOT_SPOTIFYS),
    "a page": (Fault(200, b"<html>log in to this cafe</html>"), NOT_SPOTIFYS),
    "a list": (Fault(200, b"[]"), NOT_SPOTIFYS),
    "text": (Fault(200, b'"anna"'), NOT_SPOTIFYS),
    "null": (Fault(200, b"null"), NOT_SPOTIFYS),
    "nothing": (Fault(200), NOT_SPOTIFYS),
    "no content": (Fault(204), NOT_SPOTIFYS),
    "deep": (Fault(200, b"[" * 100_000), NOT_SPOTIFYS),
    "500": (refusal(500, "Server error"), "Spotify has a fault of its own (500): try again in a moment"),
    "502 as a page": (Fault(502, b"<html>Bad gateway</html>"), "Spotify has a fault of its own (502): try again in a moment"),
    "503 without words": (Fault(503), "Spotify has a fault of its own (503): try again in a moment"),
}


@pytest.mark.parametrize(("fault", "sentence"), AWAY.values(), ids=AWAY)
def test_what_passes_says_so(client: Any, spotify: Spotify, fault: Fault, sentence: str) -> None:
    spotify.fail(*ME, fault)
    error = refused(client)
    assert (error.kind, str(error), error.wait_s) == (ErrorKind.AWAY, sentence, 0)
    assert len(spotify.asked) == 1
    # The next one is a new beginning
    assert transport.send(client.current_user, [])["id"] == "anna"


def test_a_way_that_leads_nowhere_is_given_up(client: Any, spotify: Spotify) -> None:
    spotify.always[ME] = Fault(302, headers={"Location": f"{spotify.address}/v1/me/"})
    error = refused(client)
    assert (error.kind, str(error)) == (ErrorKind.AWAY, NOT_SPOTIFYS)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch, spotify: Spotify) -> Iterator[None]:
    """A port where nobody listens."""
    del spotify
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(
            transport, "SERVICE", transport.Service(f"{address}/v1/", f"{address}/authorize", f"{address}/api/token")
        )
        yield


@pytest.mark.usefixtures("closed")
def test_no_network_is_told(tokens: CredentialStore) -> None:
    client = transport.client(PATIENCE_S)
    client.set_auth(tokens.path.name)
    error = refused(client)
    assert (error.kind, str(error)) == (ErrorKind.AWAY, "Spotify cannot be reached: is this computer on line?")
    transport.close(client)


def test_a_network_that_opens_what_is_sent_is_told(client: Any, spotify: Spotify) -> None:
    client.prefix = f"{spotify.address.replace('http:', 'https:')}/v1/"
    error = refused(client)
    assert error.kind is ErrorKind.AWAY
    assert str(error).startswith("this network does not let Spotify through unchanged: ")


ODD = [
    *(b"[]", b'"Too many requests"', b"null", b"7", b"{}", b'{"error": "x"}', b'{"error": ["x"]}', b'{"error": null}'),
    *(b'{"error": {"message": ["x"], "reason": {"a": 1}}}', b"Too many requests", b"", b"[" * 100_000),
    b"<html>device-width owner</html>",
]


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorKind.OTHER),
        (401, ErrorKind.ENDED),
        (403, ErrorKind.GONE),
        (404, ErrorKind.GONE),
        (429, ErrorKind.BUSY),
        (503, ErrorKind.AWAY),
    ],
)
def test_a_refusal_counts_whatever_its_body_is(
    client: Any, spotify: Spotify, status: int, kind: ErrorKind, body: bytes
) -> None:
    spotify.fail(*ME, Fault(status, body, {"Retry-After": "77"}))
    error = refused(client)
    assert (error.kind, error.wait_s) == (kind, 77 if status == 429 else 0)
    assert len(spotify.asked) == 1


@pytest.mark.parametrize("seconds", [3, 48925])
def test_nobody_sleeps_as_long_as_the_server_says(client: Any, spotify: Spotify, seconds: int) -> None:
    spotify.fail(*ME, refusal(429, "Too many requests", headers={"Retry-After": str(seconds)}))
    assert (refused(client).wait_s, len(spotify.asked)) == (seconds, 1)


@pytest.mark.parametrize("fault", [Fault(500), Fault(502), Fault(503), Fault(504), refusal(429, "slow"), Fault(close=True)])
def test_a_command_is_never_sent_twice(client: Any, spotify: Spotify, fault: Fault) -> None:
    spotify.always[NEXT] = fault
    refused(client, "POST")
    assert [(each.method, each.path) for each in spotify.asked] == [NEXT]


def test_the_address_of_a_request_is_no_word_of_the_server(client: Any, spotify: Spotify) -> None:
    spotify.device("Kitchen", active=True)
    spotify.fail("PUT", "/v1/me/player/volume", refusal(403, "Forbidden"))
    with pytest.raises(SpotifyError) as caught:
        transport.send(lambda: client.volume(50, "the-premium-of-its-owner"), [])
    assert caught.value.kind is ErrorKind.GONE


def test_a_password_for_the_server_does_not_replace_the_token(
    client: Any, spotify: Spotify, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NETRC", raising=False)
    (home / ".netrc").write_text("machine 127.0.0.1 login anna password secret\n")
    (home / ".netrc").chmod(0o600)
    assert requests.utils.get_netrc_auth(spotify.address) == ("anna", "secret")
    transport.send(client.current_user, [])
    assert spotify.asked[-1].bearer in spotify.access


def test_a_traceback_tells_what_the_library_said_without_the_secrets(
    client: Any, spotify: Spotify, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secrets = ["BQsecret", "AQanother"]
    spotify.fail(*ME, refusal(400, f"no such thing as {secrets[0]} of {secrets[1]}"))
    with pytest.raises(SpotifyError) as caught:
        transport.send(client.current_user, [*secrets, None, ""])
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "no such thing as … of …" in told
    assert "SpotifyException" in told
    assert not [secret for secret in secrets if secret in told]


def test_what_is_ours_is_not_taken_for_a_fault_of_spotify() -> None:
    def broken() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        transport.send(broken, [])


@pytest.mark.parametrize("answer", [None, [], "text", 7, True])
def test_a_document_is_an_object(answer: object) -> None:
    with pytest.raises(SpotifyError, match="is not Spotify's"):
        transport.document(answer)
    with pytest.raises(SpotifyError, match="is not Spotify's"):
        transport.rows(answer, "items")
    with pytest.raises(SpotifyError, match="is not Spotify's"):
        transport.rows({"items": {} if answer == [] else answer}, "items")


def test_rows_are_objects_and_the_rest_is_left_out() -> None:
    assert transport.document({"a": 1}) == {"a": 1}
    assert transport.rows({"items": [None, {"a": 1}, 7, "text", [], {}]}, "items") == [{"a": 1}, {}]


@pytest.mark.parametrize("known", [True, False])
def test_spotipy_is_loaded_late_and_without_what_it_needs_for_no_call(known: bool) -> None:  # noqa: FBT001
    program = (
        f"import sys; known = {known}\n"
        "if known: import redis\n"
        "from realtime.music.spotify import transport; assert 'spotipy' not in sys.modules; "
        "transport.close(transport.client(1.0)); "
        "assert 'spotipy' in sys.modules; assert ('redis' in sys.modules) is known; "
        "assert not known or sys.modules['redis'].__file__"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_its_addresses_are_spotifys_own() -> None:
    hosts = {
        address.split("/")[2] for address in (transport.Service().api, transport.Service().authorize, transport.Service().token)
    }
    assert hosts == {"api.spotify.com", "accounts.spotify.com"}
    assert transport.Service().api.startswith("https://")
    assert transport.Service().api.endswith("/")
