"""One request through the real spotipy, and each way in which it can fail."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import requests.utils

from realtime.http_session import MAX_BYTES
from realtime.music.spotify import transport
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from tests.support.slow_answers import STARTS
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
    made = transport.make_client(PATIENCE_S)
    made.set_auth(token.access)
    yield made
    transport.close(made)


def error_of(client: Any, method: str = "GET") -> SpotifyError:
    """The error of a request that fails."""
    with pytest.raises(SpotifyError) as caught:
        transport.parse_object(
            transport.send(client.current_user if method == "GET" else client.next_track, [], client.requests_timeout)
        )
    return caught.value


def test_answer_is_returned(client: Any, spotify: Spotify) -> None:
    assert transport.parse_object(transport.send(client.current_user, []))["display_name"] == "Anna"
    assert spotify.requests[-1].bearer in spotify.access


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_silent_server_times_out_without_a_retry(client: Any, spotify: Spotify, method: str) -> None:
    client.requests_timeout = QUICK_S
    spotify.fail(*(ME if method == "GET" else NEXT), Fault(silent=True))
    error = error_of(client, method)
    assert (error.kind, str(error)) == (ErrorKind.UNAVAILABLE, "Spotify did not answer for 0.2 s: try again in a moment")
    assert len(spotify.requests) == 1


def test_answer_that_stalls_times_out(client: Any, spotify: Spotify) -> None:
    client.requests_timeout = QUICK_S
    spotify.fail(*ME, Fault(200, b'{"id": ', {"Connection": "keep-alive"}, cut=True))
    assert error_of(client).kind is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("part", STARTS)
def test_server_that_sends_a_byte_now_and_then_times_out(client: Any, spotify: Spotify, part: str, method: str) -> None:
    client.requests_timeout = QUICK_S
    spotify.fail(*(ME if method == "GET" else NEXT), Fault(slow=part))
    error = error_of(client, method)
    assert (error.kind, str(error)) == (ErrorKind.UNAVAILABLE, "Spotify did not answer for 0.2 s: try again in a moment")
    # The time of the next request is its own
    client.requests_timeout = PATIENCE_S
    assert transport.send(client.current_user, [])["id"] == "anna"


def profile_of(size: int) -> bytes:
    """A profile of so many bytes, as Spotify could send it."""
    body = b'{"id": "anna", "name": "'
    return body + b"a" * (size - len(body) - 2) + b'"}'


@pytest.mark.parametrize("packed", [False, True])
def test_answer_of_more_than_a_megabyte_is_refused(client: Any, spotify: Spotify, packed: bool) -> None:  # noqa: FBT001
    def answer(size: int) -> Fault:
        body = profile_of(size)
        return Fault(200, gzip.compress(body), {"Content-Encoding": "gzip"}) if packed else Fault(200, body)

    spotify.fail(*ME, answer(MAX_BYTES), answer(MAX_BYTES + 1), answer(64 * MAX_BYTES))
    assert transport.send(client.current_user, [])["id"] == "anna"
    for _ in range(2):
        assert str(error_of(client)) == NOT_SPOTIFYS
    assert transport.send(client.current_user, [])["id"] == "anna"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirect_is_not_followed(client: Any, spotify: Spotify, status: int, method: str) -> None:
    spotify.fail(*(ME if method == "GET" else NEXT), Fault(status, headers={"Location": f"{spotify.address}/v1/elsewhere"}))
    assert str(error_of(client, method)) == NOT_SPOTIFYS
    assert len(spotify.requests) == 1


def test_file_without_certificates_is_named(
    client: Any, spotify: Spotify, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificate\n")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    client.prefix = f"{spotify.address.replace('http:', 'https:')}/v1/"
    error = error_of(client)
    assert error.kind is ErrorKind.UNAVAILABLE
    assert str(error).endswith("; or REQUESTS_CA_BUNDLE in your environment names the wrong certificates")


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_missing_file_of_certificates_is_a_sentence(
    client: Any, spotify: Spotify, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "/missing/bundle.pem")
    client.prefix = f"{spotify.address.replace('http:', 'https:')}/v1/"
    error = error_of(client)
    assert error.kind is ErrorKind.UNAVAILABLE
    assert str(error) == (
        f"there are no certificates at /missing/bundle.pem: correct {variable} in your environment, or unset it"
    )
    assert spotify.requests == []


TEMPORARY_FAULTS = {
    "hung up": (Fault(close=True), "Spotify cannot be reached: is this computer online?"),
    "broke off": (Fault(200, {"id": "anna"}, cut=True), "Spotify's answer was cut off: try again in a moment"),
    "half": (Fault(200, b'{"id": "an'), NOT_SPOTIFYS),
    "a page": (Fault(200, b"<html>log in to this cafe</html>"), NOT_SPOTIFYS),
    "a list": (Fault(200, b"[]"), NOT_SPOTIFYS),
    "text": (Fault(200, b'"anna"'), NOT_SPOTIFYS),
    "null": (Fault(200, b"null"), NOT_SPOTIFYS),
    "nothing": (Fault(200), NOT_SPOTIFYS),
    "no content": (Fault(204), NOT_SPOTIFYS),
    "deep": (Fault(200, b"[" * 100_000), NOT_SPOTIFYS),
    "500": (refusal(500, "Server error"), "Spotify has an internal error (500): try again in a moment"),
    "502 as a page": (Fault(502, b"<html>Bad gateway</html>"), "Spotify has an internal error (502): try again in a moment"),
    "503 without words": (Fault(503), "Spotify has an internal error (503): try again in a moment"),
}


@pytest.mark.parametrize(("fault", "sentence"), TEMPORARY_FAULTS.values(), ids=TEMPORARY_FAULTS)
def test_temporary_faults_are_translated(client: Any, spotify: Spotify, fault: Fault, sentence: str) -> None:
    spotify.fail(*ME, fault)
    error = error_of(client)
    assert (error.kind, str(error), error.wait_s) == (ErrorKind.UNAVAILABLE, sentence, 0)
    assert len(spotify.requests) == 1
    # The next request succeeds
    assert transport.send(client.current_user, [])["id"] == "anna"


def test_redirect_loop_raises(client: Any, spotify: Spotify) -> None:
    spotify.always[ME] = Fault(302, headers={"Location": f"{spotify.address}/v1/me/"})
    error = error_of(client)
    assert (error.kind, str(error)) == (ErrorKind.UNAVAILABLE, NOT_SPOTIFYS)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch, spotify: Spotify) -> Iterator[None]:
    """An address that refuses connections."""
    del spotify
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(
            transport, "SERVICE", transport.Service(f"{address}/v1/", f"{address}/authorize", f"{address}/api/token")
        )
        yield


@pytest.mark.usefixtures("closed")
def test_refused_connection_is_translated(tokens: CredentialStore) -> None:
    client = transport.make_client(PATIENCE_S)
    client.set_auth(tokens.path.name)
    error = error_of(client)
    assert (error.kind, str(error)) == (ErrorKind.UNAVAILABLE, "Spotify cannot be reached: is this computer online?")
    transport.close(client)


def test_failed_tls_handshake_is_translated(client: Any, spotify: Spotify) -> None:
    client.prefix = f"{spotify.address.replace('http:', 'https:')}/v1/"
    error = error_of(client)
    assert error.kind is ErrorKind.UNAVAILABLE
    assert str(error).startswith("this network changes the connection to Spotify: ")


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
        (401, ErrorKind.EXPIRED),
        (403, ErrorKind.NOT_FOUND),
        (404, ErrorKind.NOT_FOUND),
        (429, ErrorKind.RATE_LIMITED),
        (503, ErrorKind.UNAVAILABLE),
    ],
)
def test_refusal_is_translated_whatever_its_body(
    client: Any, spotify: Spotify, status: int, kind: ErrorKind, body: bytes
) -> None:
    spotify.fail(*ME, Fault(status, body, {"Retry-After": "77"}))
    error = error_of(client)
    assert (error.kind, error.wait_s) == (kind, 77 if status == 429 else 0)
    assert len(spotify.requests) == 1


@pytest.mark.parametrize("seconds", [3, 48925])
def test_client_does_not_sleep_for_retry_after(client: Any, spotify: Spotify, seconds: int) -> None:
    spotify.fail(*ME, refusal(429, "Too many requests", headers={"Retry-After": str(seconds)}))
    assert (error_of(client).wait_s, len(spotify.requests)) == (seconds, 1)


@pytest.mark.parametrize("fault", [Fault(500), Fault(502), Fault(503), Fault(504), refusal(429, "slow"), Fault(close=True)])
def test_command_is_never_sent_twice(client: Any, spotify: Spotify, fault: Fault) -> None:
    spotify.always[NEXT] = fault
    error_of(client, "POST")
    assert [(each.method, each.path) for each in spotify.requests] == [NEXT]


def test_address_of_a_request_is_not_read_as_a_message(client: Any, spotify: Spotify) -> None:
    spotify.device("Kitchen", active=True)
    spotify.fail("PUT", "/v1/me/player/volume", refusal(403, "Forbidden"))
    with pytest.raises(SpotifyError) as caught:
        transport.send(lambda: client.volume(50, "the-premium-of-its-owner"), [])
    assert caught.value.kind is ErrorKind.NOT_FOUND


def test_netrc_password_does_not_replace_the_token(
    client: Any, spotify: Spotify, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NETRC", raising=False)
    (home / ".netrc").write_text("machine 127.0.0.1 login anna password secret\n")
    (home / ".netrc").chmod(0o600)
    assert requests.utils.get_netrc_auth(spotify.address) == ("anna", "secret")
    transport.send(client.current_user, [])
    assert spotify.requests[-1].bearer in spotify.access


def test_traceback_shows_the_library_error_without_secrets(
    client: Any, spotify: Spotify, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secrets = ["BQsecret", "AQanother"]
    spotify.fail(*ME, refusal(400, f"no such thing as {secrets[0]} of {secrets[1]}"))
    with pytest.raises(SpotifyError) as caught:
        transport.send(client.current_user, [*secrets, None, ""])
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "no such thing as … of …" in shown
    assert "SpotifyException" in shown
    assert not [secret for secret in secrets if secret in shown]


def test_error_of_emodj_is_not_translated() -> None:
    def broken() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        transport.send(broken, [])


@pytest.mark.parametrize("answer", [None, [], "text", 7, True])
def test_answers_that_are_no_object_raise(answer: object) -> None:
    with pytest.raises(SpotifyError, match="is not Spotify's"):
        transport.parse_object(answer)
    with pytest.raises(SpotifyError, match="is not Spotify's"):
        transport.parse_objects(answer, "items")
    with pytest.raises(SpotifyError, match="is not Spotify's"):
        transport.parse_objects({"items": {} if answer == [] else answer}, "items")


def test_only_objects_of_a_list_are_returned() -> None:
    assert transport.parse_object({"a": 1}) == {"a": 1}
    assert transport.parse_objects({"items": [None, {"a": 1}, 7, "text", [], {}]}, "items") == [{"a": 1}, {}]


@pytest.mark.parametrize("known", [True, False])
def test_spotipy_is_imported_late_and_without_redis(known: bool) -> None:  # noqa: FBT001
    program = (
        f"import sys; known = {known}\n"
        "if known: import redis\n"
        "from realtime.music.spotify import transport; assert 'spotipy' not in sys.modules; "
        "transport.close(transport.make_client(1.0)); "
        "assert 'spotipy' in sys.modules; assert ('redis' in sys.modules) is known; "
        "assert not known or sys.modules['redis'].__file__"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_default_addresses_are_spotifys() -> None:
    hosts = {
        address.split("/")[2] for address in (transport.Service().api, transport.Service().authorize, transport.Service().token)
    }
    assert hosts == {"api.spotify.com", "accounts.spotify.com"}
    assert transport.Service().api.startswith("https://")
    assert transport.Service().api.endswith("/")
