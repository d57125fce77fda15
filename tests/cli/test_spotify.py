"""`emodj spotify status`, `devices` and `logout`, and the secrets that no command may print."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from realtime.music.spotify import transport
from realtime.music.spotify.credentials import ClientIdFile, CredentialStore
from tests.support.spotify_server import Fault, refusal
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from realtime.music.spotify.credentials import Token
    from tests.support.spotify_server import Spotify

    Run = Callable[..., CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]

LOG_IN = "log in with emodj spotify login"


def stored_token(tokens: CredentialStore) -> Token:
    token = tokens.load()
    assert token is not None
    return token


def expire_token(tokens: CredentialStore) -> None:
    """Make the token a day old."""
    token = stored_token(tokens)
    tokens.save(replace(token, expires_at=token.expires_at - 86400))


def run_status(emodj: Run, status: int) -> tuple[dict[str, object], list[str]]:
    """Run the command with and without --json; both have the same exit status. Return the document and the lines."""
    words, document = emodj("spotify", "status"), emodj("spotify", "status", "--json")
    assert (words.returncode, words.stderr) == (document.returncode, document.stderr) == (status, "")
    found = json.loads(document.stdout)
    assert found["schema"]
    assert found["ready"] is (status == 0)
    lines = words.stdout.splitlines()
    assert lines[-1].startswith(f"ready     {'yes: press p in emodj live' if status == 0 else 'no; p opens links'}")
    return found, lines


def test_status_of_a_login_that_can_play(emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    spotify.device("Kitchen \x1b[31m", active=True, type="Speaker")
    spotify.device("Car", is_restricted=True, supports_volume=False)
    tokens.save(replace(stored_token(tokens), premium=True))
    found, lines = run_status(emodj, 0)
    assert (found["logged_in"], found["account"], found["premium"], found["problem"]) == (True, "Anna", True, None)
    assert found["missing"] == []
    assert found["devices"] == [
        {"name": "Kitchen �[31m", "type": "Speaker", "active": True, "usable": True, "volume": 0.5},
        {"name": "Car", "type": "Computer", "active": False, "usable": False, "volume": None},
    ]
    assert lines[:-1] == [
        "login     Anna",
        "devices   Kitchen �[31m  (speaker, active, volume 50%)",
        "          Car  (computer, cannot be controlled)",
        "Premium   yes",
    ]
    assert all(request.method == "GET" for request in spotify.requests)


def test_status_without_a_login_sends_no_request(emodj: Run, spotify: Spotify) -> None:
    found, lines = run_status(emodj, 1)
    assert (found["logged_in"], found["account"], found["devices"]) == (False, None, [])
    assert lines[:-1] == ["login     no", f"problem   you are not logged in to Spotify: {LOG_IN}"]
    assert not spotify.requests


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"client_id": 5}', "\xff\xfe", "[" * 100_000])
def test_status_of_a_damaged_login(text: str, emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    tokens.path.write_bytes(text.encode("latin-1"))
    found, lines = run_status(emodj, 1)
    assert found["logged_in"] is False
    assert lines[1] == f"problem   your Spotify login {tokens.path} is damaged: emodj spotify logout, then login again"
    assert not spotify.requests


@pytest.mark.posix("the rights of Windows are others")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_status_of_a_login_that_others_can_read(mode: int, emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    tokens.path.chmod(mode)
    found, lines = run_status(emodj, 1)
    assert found["logged_in"] is False
    assert f"others can read your Spotify login {tokens.path} (mode {mode:o})" in lines[1]
    assert not spotify.requests


def test_status_of_a_login_that_is_no_file(emodj: Run, spotify: Spotify) -> None:
    CredentialStore().path.mkdir(parents=True)
    _, lines = run_status(emodj, 1)
    assert f"cannot read your Spotify login {CredentialStore().path} (Is a directory)" in lines[1]
    assert not spotify.requests
    out = emodj("spotify", "logout")
    assert out.returncode == 1
    reason = "Is a directory" if os.name == "posix" else "Access denied"
    assert f"cannot remove {CredentialStore().path} ({reason}): remove it by hand" in out.stderr


def test_status_renews_an_expired_token(emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    spotify.device("Kitchen")
    expire_token(tokens)
    before = stored_token(tokens)
    run_status(emodj, 0)
    assert stored_token(tokens).refresh != before.refresh
    assert stored_token(tokens).is_valid_at(time.time())
    # One renewal for both runs
    assert [request.path for request in spotify.requests].count("/api/token") == 1
    if os.name == "posix":
        assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("ended", ["by time", "by Spotify"])
def test_status_of_an_expired_login_reports_it_once_and_removes_it(
    ended: str, emodj: Run, spotify: Spotify, tokens: CredentialStore
) -> None:
    spotify.device("Kitchen")
    if ended == "by time":
        expire_token(tokens)
    else:
        spotify.expire_access()
    spotify.revoke()
    first = emodj("spotify", "status")
    assert first.returncode == 1
    assert first.stdout.splitlines()[:2] == ["login     no", f"problem   your Spotify login has ended: {LOG_IN}"]
    assert tokens.version() is None
    _, lines = run_status(emodj, 1)
    assert lines[1] == f"problem   you are not logged in to Spotify: {LOG_IN}"


def test_status_without_a_device(emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    found, lines = run_status(emodj, 1)
    assert (found["logged_in"], found["devices"], found["problem"]) == (True, [], None)
    assert lines[:-1] == [
        "login     Anna",
        "devices   none is on: open Spotify on one",
        "Premium   unknown until emodj has played something",
    ]
    spotify.device("Car", is_restricted=True)
    spotify.device("Nameless", id=None)
    _, lines = run_status(emodj, 1)
    assert lines[3] == "          none of them can be controlled: open Spotify on another one"


def test_status_of_an_account_that_is_not_premium(emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    spotify.device("Kitchen")
    tokens.save(replace(stored_token(tokens), premium=False))
    found, lines = run_status(emodj, 1)
    assert (found["premium"], found["problem"]) == (False, None)
    assert "Premium   no, when it was last tried; the next session tries again" in lines


@pytest.mark.parametrize("scope", transport.SCOPES)
def test_status_names_what_a_login_does_not_allow(scope: str, emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    spotify.device("Kitchen")
    given = spotify.issue(" ".join(each for each in transport.SCOPES if each != scope))
    tokens.save(replace(stored_token(tokens), access=given["access_token"], scope=given["scope"]))
    # Scopes for playlists are not needed to play
    found, lines = run_status(emodj, 0 if scope.startswith("playlist-") else 1)
    assert found["missing"] == [scope]
    assert f"missing   {scope}: emodj spotify login requests it again" in lines
    assert found["logged_in"] is True
    # Spotify refuses to list devices without the scope for the player
    assert (found["problem"] is not None) is (scope == "user-read-playback-state")


@pytest.mark.parametrize(
    ("fault", "output"),
    [
        (Fault(500), "Spotify has an internal error (500)"),
        (Fault(200, b"<html>Log in to this hotel</html>"), "the answer is not Spotify's"),
        (Fault(200, b"[]"), "the answer is not Spotify's"),
        (Fault(200, {"devices": None}), "the answer is not Spotify's"),
        (Fault(200, {"devices": []}, cut=True), "Spotify's answer was cut off"),
        (refusal(429, "", headers={"Retry-After": "7"}), "too many requests to Spotify: try again in 7 seconds"),
        (
            refusal(403, "Active premium subscription required for the owner of the app."),
            "Spotify requires Premium for the owner",
        ),
    ],
)
def test_status_reports_the_answer_of_spotify(
    fault: Fault, output: str, emodj: Run, spotify: Spotify, tokens: CredentialStore
) -> None:
    spotify.always["GET", "/v1/me/player/devices"] = fault
    found, lines = run_status(emodj, 1)
    assert (found["account"], found["devices"]) == ("Anna", [])
    assert lines[1].startswith(f"problem   {output}")
    failed = emodj("spotify", "devices", "--json")
    assert (failed.returncode, failed.stdout) == (8, "")
    assert output in failed.stderr
    assert tokens.version() is not None


def test_without_a_network_a_login_stays(emodj: Run, tokens: CredentialStore, monkeypatch: pytest.MonkeyPatch) -> None:
    # The port is bound, but no server listens
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(transport, "SERVICE", transport.Service(f"{place}/v1/", f"{place}/authorize", f"{place}/api/token"))
        found, lines = run_status(emodj, 1)
        assert found["logged_in"] is True
        assert lines[:2] == ["login     yes", "problem   Spotify cannot be reached: is this computer online?"]
        expire_token(tokens)
        failed = emodj("spotify", "devices")
        assert (failed.returncode, failed.stdout) == (8, "")
        assert "Spotify cannot be reached" in failed.stderr
    assert tokens.version() is not None


@pytest.mark.parametrize(
    ("me", "name"), [({"display_name": None, "id": "anna"}, "anna"), ({"display_name": 5}, "a user without a name")]
)
def test_status_names_the_account_as_far_as_spotify_does(
    me: dict[str, object], name: str, emodj: Run, spotify: Spotify, tokens: CredentialStore
) -> None:
    assert tokens.version() is not None
    spotify.me = me
    found, lines = run_status(emodj, 1)
    assert found["account"] == name
    assert lines[0] == f"login     {name}"


def test_devices_in_words_and_as_a_document(emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device("Küche", active=True, type="Speaker", volume_percent=0)
    spotify.device("a\nb", type=None, volume_percent=None)
    spotify.device("", id="")
    words, document = emodj("spotify", "devices"), emodj("spotify", "devices", "--json")
    assert (words.returncode, words.stderr) == (0, "")
    assert words.stdout.splitlines() == [
        "Küche  (speaker, active, volume 0%)",
        "a b  (unknown)",
        "a device without a name  (computer, cannot be controlled, volume 50%)",
    ]
    found = json.loads(document.stdout)
    assert set(found) == {"schema", "devices"}
    assert [(row["name"], row["usable"], row["volume"]) for row in found["devices"]] == [
        ("Küche", True, 0.0),
        ("a b", True, None),
        ("a device without a name", False, 0.5),
    ]


def test_no_devices_are_an_error_in_words_and_an_empty_list_in_a_document(
    emodj: Run, spotify: Spotify, tokens: CredentialStore
) -> None:
    assert tokens.version() is not None
    ended = emodj("spotify", "devices")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "emodj: no Spotify device is on: open Spotify on one\n"
    document = emodj("spotify", "devices", "--json")
    assert document.returncode == 0
    assert json.loads(document.stdout)["devices"] == []
    assert len(spotify.requests) == 2


def test_devices_without_a_login(emodj: Run, spotify: Spotify) -> None:
    ended = emodj("spotify", "devices")
    assert (ended.returncode, ended.stdout) == (8, "")
    assert ended.stderr == f"emodj: you are not logged in to Spotify: {LOG_IN}\n"
    assert not spotify.requests


def test_logout_removes_the_login_and_leaves_the_client_id(emodj: Run, spotify: Spotify, tokens: CredentialStore) -> None:
    ClientIdFile().save(spotify.client_id)
    ended = emodj("spotify", "logout")
    assert (ended.returncode, ended.stdout) == (0, "logged out\n")
    assert "https://www.spotify.com/account/apps" in ended.stderr
    assert [path.name for path in tokens.path.parent.iterdir()] == [ClientIdFile().path.name]
    assert ClientIdFile().load() == spotify.client_id
    again = emodj("spotify", "logout")
    assert (again.returncode, again.stdout, again.stderr) == (0, "there was no login\n", "")
    assert not spotify.requests


@pytest.mark.parametrize("damage", ["damaged", "world-readable"])
def test_logout_removes_a_damaged_login(damage: str, emodj: Run, tokens: CredentialStore) -> None:
    if damage == "damaged":
        tokens.path.write_text("no token", encoding="utf-8")
    else:
        tokens.path.chmod(0o644)
    assert emodj("spotify", "logout").stdout == "logged out\n"
    assert tokens.version() is None


def test_help_names_every_command(emodj: Run) -> None:
    output = emodj("spotify", "-h").stdout
    assert all(f"\n  {name} " in output for name in ("build", "devices", "login", "logout", "status"))


@pytest.mark.parametrize("command", [("devices",), ("status",), ("build", "happy"), ("devices", "--json")])
@pytest.mark.parametrize("fault", ["dead", "fault of the login", "fault", "silence", "silence of the login", "no JSON", "cut"])
def test_no_failure_prints_a_secret(
    fault: str, command: tuple[str, ...], spotify_process: Start, spotify: Spotify, tokens: CredentialStore
) -> None:
    token = stored_token(tokens)
    message = " ".join(token.secrets)
    spoilt = {
        "dead": Fault(400, {"error": "invalid_grant", "error_description": message}),
        "fault of the login": Fault(500, message.encode()),
        "silence of the login": Fault(silent=True),
        "fault": Fault(500, {"error": {"status": 500, "message": message, "reason": message}}, {"Retry-After": message}),
        "silence": Fault(silent=True),
        "no JSON": Fault(200, message.encode()),
        "cut": Fault(200, message.encode(), cut=True),
    }[fault]
    if fault in {"dead", "fault of the login", "silence of the login"}:
        expire_token(tokens)
        spotify.always["POST", "/api/token"] = spoilt
    for path in ("/v1/me", "/v1/me/player/devices", "/v1/search"):
        spotify.always["GET", path] = spoilt
    # Each request waits for the timeout once
    with spotify_process(
        "-vv", "spotify", *command, env={"PATIENCE_OF_THE_TEST": "0.5" if "silence" in fault else "60"}
    ) as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == (1 if command == ("status",) else 8), err
    assert ("realtime.http_session: " in err) is (fault != "no JSON"), "else -vv prints nothing"
    assert command == ("status",) or "Traceback" in err
    for secret in {*spotify.issued, *spotify.secrets, *token.secrets}:
        assert secret not in out + err


def test_no_success_prints_a_secret(spotify_process: Start, spotify: Spotify, tokens: CredentialStore) -> None:
    spotify.device("Kitchen")
    expire_token(tokens)
    with spotify_process("-vv", "spotify", "status") as process:
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    assert len(spotify.issued) == 4
    for secret in {*spotify.issued, spotify.client_id}:
        assert secret not in out + err


@pytest.mark.posix
def test_the_login_file_is_private_for_any_umask(tokens: CredentialStore, home: Path) -> None:
    assert tokens.path == home / ".config" / "emodj" / "spotify-token.json"
    if os.name == "posix":
        assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
