"""`emodj spotify login`: with a browser that follows redirects, or an address pasted into a real terminal."""

from __future__ import annotations

import json
import re
import shlex
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qs, urlsplit

import pytest

from realtime.cli.context import Context
from realtime.cli.spotify import log_in
from realtime.errors import EmodjError
from realtime.music.spotify import transport
from realtime.music.spotify.credentials import ClientIdFile, CredentialStore
from tests.support.browsing import visit
from tests.support.spotify_server import Fault, refusal
from tests.support.terminal import Terminal, in_a_terminal
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from subprocess import CompletedProcess

    from tests.support.spotify_server import Spotify

    Run = Callable[..., CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]
    Follow = Callable[..., Callable[[], list[dict[str, object]]]]

# Follows all redirects, as for a person who agrees to everything, and records the visited pages
BROWSER = """
import json, pathlib, sys, urllib.error, urllib.parse, urllib.request

def visit(address):
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()

def commands():
    found = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_bytes().decode(errors="replace").split("\\0"))
        except OSError:
            pass
    return found

record, start, *before = sys.argv[1], sys.argv[-1], *sys.argv[2:-1]
for address in [*(urllib.parse.urljoin(start, path) for path in before), start]:
    seen = {"address": address, "commands": commands()}
    seen["status"], seen["page"] = visit(address)
    seen["commands"] += commands()
    with open(record, "a") as file:
        file.write(json.dumps(seen) + "\\n")
"""


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Follow:
    """Install a browser that first visits some paths of a host, then follows the redirects of the given address."""

    def opened(*before: str) -> Callable[[], list[dict[str, object]]]:
        record, program, script = tmp_path / "seen", tmp_path / "browser.py", tmp_path / "browser.sh"
        program.write_text(BROWSER, encoding="utf-8")
        command = shlex.join([sys.executable, "-I", str(program), str(record), *before])
        script.write_text(f'#!/bin/sh\nexec {command} "$1"\n', encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setenv("BROWSER", f"{script} %s")
        return lambda: [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []

    return opened


def login_requests(spotify: Spotify) -> list[dict[str, str]]:
    """The queries that the login page has received."""
    return [request.query for request in spotify.requests if request.path == "/authorize"]


def redirect_target(address: str) -> str:
    """The address to which Spotify redirects a browser after the person has decided."""
    return visit(address).headers["location"]


def final_page(address: str) -> str:
    """The page after all redirects."""
    while (page := visit(address)).status == 302:
        address = page.headers["location"]
    return page.text


def test_a_browser_that_agrees_logs_in(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    seen = follow()
    ended = emodj("spotify", "login", "--client-id", f" {spotify.client_id} ")
    assert ended.returncode == 0
    output, address, logged_in = ended.stdout.splitlines()
    assert output == "Log in at Spotify with this address:"
    assert address.startswith(f"{spotify.address}/authorize?")
    assert logged_in == "logged in as Anna: p in emodj live plays on your devices now"
    assert [(page["status"], "Thank you" in str(page["page"])) for page in seen()] == [(200, True)]
    query = {name: texts[0] for name, texts in parse_qs(urlsplit(address).query).items()}
    assert login_requests(spotify) == [query]
    assert set(query["scope"].split()) == set(transport.SCOPES)
    stored = CredentialStore().load()
    assert stored is not None
    assert (stored.client_id, stored.missing_scopes(transport.SCOPES)) == (spotify.client_id, [])
    assert stored.access in spotify.access
    assert ClientIdFile().load() == spotify.client_id
    for file in (CredentialStore().path, ClientIdFile().path):
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_started_browser_gets_only_the_address_of_emodj(
    spotify_process: Start, spotify: Spotify, browser: Callable[[], list[str]]
) -> None:
    with spotify_process("spotify", "login", "--client-id", spotify.client_id) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == "emodj: your browser shows the page; emodj continues when you have agreed there\n"
        (start,) = browser()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", start)
        assert "Thank you" in final_page(start)
        out, err = waiting.communicate(timeout=PATIENCE_S)
    assert (waiting.returncode, err) == (0, "")
    assert out.endswith("logged in as Anna: p in emodj live plays on your devices now\n")


def test_quiet_still_prints_the_address(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    follow()
    ended = emodj("--quiet", "spotify", "login", "--client-id", spotify.client_id)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"\n{spotify.address}/authorize?" in ended.stdout


def test_the_option_comes_before_the_variable_and_the_variable_before_the_kept_id(
    emodj: Run, spotify: Spotify, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow()
    option, variable, stored = "a" * 32, "b" * 32, "c" * 32
    ClientIdFile().save(stored)
    for client_id, options in ((stored, ()), (variable, ()), (option, ("--client-id", option))):
        if client_id == variable:
            monkeypatch.setenv("SPOTIPY_CLIENT_ID", f" {variable}\n")
            ClientIdFile().save(stored)
        spotify.client_id = client_id
        assert emodj("spotify", "login", *options).returncode == 0
        assert login_requests(spotify)[-1]["client_id"] == client_id
        assert ClientIdFile().load() == client_id
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", " ")
    assert emodj("spotify", "login").returncode == 0
    assert login_requests(spotify)[-1]["client_id"] == option


def test_without_a_client_id_the_sentence_explains_how_to_register(
    emodj: Run, spotify: Spotify, browser: Callable[[], list[str]]
) -> None:
    for damaged in (False, True):
        if damaged:
            ClientIdFile().path.parent.mkdir(parents=True)
            ClientIdFile().path.write_text("a secret of something else\n", encoding="utf-8")
        ended = emodj("spotify", "login")
        assert (ended.returncode, ended.stdout) == (2, "")
        for needed in (
            "developer.spotify.com/dashboard",
            "http://127.0.0.1/callback",
            "Premium",
            "emodj spotify login --client-id ID",
        ):
            assert needed in ended.stderr
        assert "secret" not in ended.stderr
    assert not spotify.requests
    assert not browser()


@pytest.mark.parametrize("wrong", ["my-password", "0123456789abcdef" * 2 + "0", "0123456789abcdef0123456789abcde", "é" * 32])
def test_an_invalid_client_id_is_refused_and_not_printed(
    wrong: str, emodj: Run, spotify: Spotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = emodj("-vv", "spotify", "login", "--client-id", wrong)
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", wrong)
    from_variable = emodj("-vv", "spotify", "login")
    for named_by, refused in (("--client-id", ended), ("SPOTIPY_CLIENT_ID", from_variable)):
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"emodj: {named_by} is no client id: a client id has 32 letters and digits" in refused.stderr
        assert wrong not in refused.stderr
    assert not spotify.requests


def nothing_stored() -> bool:
    return CredentialStore().version() is None and ClientIdFile().load() is None


def test_a_person_who_does_not_agree_is_not_logged_in(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    spotify.grants = "refuse"
    seen = follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 8
    assert "you did not allow emodj to use Spotify: log in again and agree" in ended.stderr
    assert "Not logged in" in str(seen()[0]["page"])
    assert nothing_stored()


def test_a_login_that_fails_leaves_the_one_before_it(
    emodj: Run, spotify: Spotify, follow: Follow, tokens: CredentialStore
) -> None:
    spotify.grants = "refuse"
    follow()
    ClientIdFile().save("c" * 32)
    before = tokens.version()
    assert emodj("spotify", "login", "--client-id", spotify.client_id).returncode == 8
    assert tokens.version() == before
    assert ClientIdFile().load() == "c" * 32


@pytest.mark.parametrize(
    ("fault", "output"),
    [
        (Fault(400, {"error": "invalid_client"}), "Spotify knows no app with this client id"),
        (
            Fault(400, {"error": "invalid_grant", "error_description": "code_verifier was incorrect"}),
            "emodj spotify login again",
        ),
        (Fault(503, b"<html>"), "Spotify's login has an internal error (503)"),
        (Fault(200, b"<html>Log in to this hotel</html>"), "the answer is not Spotify's"),
        (Fault(200, {"access_token": 1, "expires_in": 3600}), "the answer is not Spotify's"),
        (Fault(close=True), "Spotify cannot be reached"),
    ],
)
def test_without_a_token_nothing_is_stored(fault: Fault, output: str, emodj: Run, spotify: Spotify, follow: Follow) -> None:
    spotify.fail("POST", "/api/token", fault)
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 8
    assert output in ended.stderr
    assert "logged in as" not in ended.stdout
    assert nothing_stored()


def test_a_login_that_times_out_names_what_to_check(
    spotify: Spotify, follow: Follow, capsys: pytest.CaptureFixture[str]
) -> None:
    for grants in ("nothing", "agree"):
        spotify.grants = grants
        # With the second client id, Spotify's page shows an error, and the browser does not come back
        seen = follow()
        with pytest.raises(EmodjError, match=r"no login within 1\.5 s.*invalid client.*127\.0\.0\.1/callback") as raised:
            log_in(Context(), spotify.client_id if grants == "nothing" else "a" * 32, browser=True, timeout_s=1.5)
        assert raised.value.status == 1
    assert [page["status"] for page in seen()] == [200, 400]
    assert "INVALID_CLIENT" in str(seen()[1]["page"])
    assert "/authorize?" in capsys.readouterr().out
    assert nothing_stored()


def test_other_requests_of_a_browser_are_no_answer(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    forged = (
        "/callback?code=stolen&state=guessed",
        "/callback?code=stolen",
        "/callback?error=access_denied&state=",
        "/callback",
    )
    seen = follow("/favicon.ico", "/nowhere?state=", *forged)
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    assert [page["status"] for page in seen()] == [404, 404, 400, 400, 400, 400, 200]
    assert "Another login" in str(seen()[2]["page"])
    assert [request.fields["code"] for request in spotify.requests if request.path == "/api/token"] != ["stolen"]


def test_a_second_tab_does_not_disturb_the_login(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    # The first page redirects to Spotify and back; the second one finds a finished login, or a closed server
    seen = follow("/")
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    assert "Thank you" in str(seen()[0]["page"])
    assert len([request for request in spotify.requests if request.path == "/api/token"]) == 1


def test_a_user_who_is_not_registered_in_the_app_gets_a_remedy(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    for output in (
        Fault(403, b"User not registered in the Developer Dashboard"),
        Fault(403, b"Check settings on developer.spotify.com/dashboard, the user may not be registered."),
        refusal(403, "The user is not registered for this application. Please check your settings."),
    ):
        follow()
        spotify.fail("GET", "/v1/me", output)
        ended = emodj("spotify", "login", "--client-id", spotify.client_id)
        assert ended.returncode == 8
        assert "your account is not among the five users of this Spotify app" in ended.stderr
        assert "logged in as" not in ended.stdout


@pytest.mark.parametrize(
    ("me", "who"),
    [
        ({"display_name": None, "id": "anna"}, " as anna"),
        ({"display_name": "\x1b[31mA\nB", "id": "anna"}, " as \ufffd[31mA B"),
        ({"id": 5}, " as a user without a name"),
        ({}, " as a user without a name"),
    ],
)
def test_the_account_is_named_if_spotify_names_it(
    me: dict[str, object], who: str, emodj: Run, spotify: Spotify, follow: Follow
) -> None:
    spotify.me = me
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[2] == f"logged in{who}: p in emodj live plays on your devices now"


@pytest.mark.parametrize("fault", [Fault(503), refusal(429, "", headers={"Retry-After": "7"})])
def test_a_temporary_fault_right_after_a_login_is_a_remark(fault: Fault, emodj: Run, spotify: Spotify, follow: Follow) -> None:
    spotify.fail("GET", "/v1/me", fault)
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    assert "try again in" in ended.stderr
    assert ended.stdout.splitlines()[2].startswith("logged in: ")
    assert CredentialStore().load() is not None


def test_missing_permissions_are_a_remark(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    given = spotify.issue(" ".join(scope for scope in transport.SCOPES if not scope.startswith("playlist-")))
    spotify.fail("POST", "/api/token", Fault(200, given))
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    output = "Spotify did not allow playlist-read-private, playlist-modify-private: some functions will not work"
    assert output in ended.stderr


def test_an_unwritable_disk_is_a_sentence(emodj: Run, spotify: Spotify, follow: Follow, home: Path) -> None:
    (home / ".config").write_text("no folder", encoding="utf-8")
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 1
    assert f"cannot write {CredentialStore().path}" in ended.stderr
    assert not [request for request in spotify.requests if request.path.startswith("/v1/")]


def test_an_unavailable_port_is_a_sentence(emodj: Run, spotify: Spotify, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("socket.socket.bind", refuses)
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 1
    assert "cannot wait for a browser at 127.0.0.1 (Permission denied)" in ended.stderr


def test_ctrl_c_ends_a_login_without_a_terminal(
    spotify_process: Start, spotify: Spotify, ctrl_c: Callable[[subprocess.Popen[str]], None]
) -> None:
    line = ("spotify", "login", "--client-id", spotify.client_id, "--no-browser")
    with spotify_process(*line) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline().startswith(
            "emodj: open the address in a browser of this computer; to use another computer, start"
        )
        ctrl_c(waiting)
        _, output = waiting.communicate(timeout=PATIENCE_S)
        assert (waiting.returncode, output) == (130, "\n")
    assert nothing_stored()


def test_no_secret_is_on_a_command_line_that_others_can_see(
    spotify_process: Start, spotify: Spotify, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", spotify.client_id)
    seen, lines = follow(), set[str]()

    def ended() -> bool:
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                lines.add(file.read_bytes().decode(errors="replace"))
        return login.poll() is not None

    with spotify_process("spotify", "login") as login:
        until(ended)
        out, err = login.communicate()
    assert login.returncode == 0, err
    (visit,) = seen()
    commands = visit["commands"]
    assert isinstance(commands, list)
    lines |= {"\0".join(command) for command in commands}
    (query,) = login_requests(spotify)
    assert any(str(visit["address"]) in line for line in lines), "else no command line was read"
    assert str(visit["address"]).startswith("http://127.0.0.1:")
    secrets = {spotify.client_id, query["state"], query["code_challenge"], *spotify.secrets, *spotify.issued}
    assert len(secrets) == 7
    assert not [secret for secret in secrets for line in lines if secret in line]
    for secret in {*spotify.secrets, *spotify.issued}:
        assert secret not in out + err


@pytest.fixture
def terminal(spotify_process: Start, spotify: Spotify) -> Iterator[Terminal]:
    """A login in a terminal of a computer without a screen."""

    def start(child_fd: int) -> subprocess.Popen[str]:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), child_fd)
        # Else prompt_toolkit requests the cursor position from the terminal, and this test would not answer
        environment = {"PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm"}
        return spotify_process("spotify", "login", "--client-id", spotify.client_id, env=environment, **streams)

    with in_a_terminal(start, 100) as running:
        yield running


def address_in(terminal: Terminal) -> str:
    return terminal.wait_for(r"Log in at Spotify with this address:\r\n(http://\S+)\r\n")[1]


def test_the_address_of_another_computers_browser_can_be_pasted(terminal: Terminal, spotify: Spotify) -> None:
    address = address_in(terminal)
    terminal.wait_for("open the address in a browser.*paste the address of that page here.*address, if you have one to paste:")
    back = redirect_target(address)
    for garbage in ("hello", "", back.replace("state=", "state=x"), back.replace("code=", "c="), "http://[::1", "é\u2603"):
        terminal.press(f"{garbage}\r")
        if garbage:
            terminal.wait_for("that is no answer to this login: an answer begins with http://127.0.0.1")
    terminal.press(f"  {back} \r")
    terminal.wait_for("logged in as Anna: p in emodj live plays on your devices now")
    assert terminal.wait_for_end() == 0
    assert terminal.echoes()
    assert "Trace" not in terminal.all
    assert spotify.client_id == ClientIdFile().load()


def test_a_refusal_can_be_pasted_too(terminal: Terminal, spotify: Spotify) -> None:
    spotify.grants = "refuse"
    address = address_in(terminal)
    terminal.wait_for("address, if you have one to paste:")
    terminal.press(f"{redirect_target(address)}\r")
    terminal.wait_for("you did not allow emodj to use Spotify")
    assert terminal.wait_for_end() == 8
    assert terminal.echoes()
    assert nothing_stored()


def test_a_browser_comes_back_while_the_terminal_waits_for_an_address(terminal: Terminal) -> None:
    address = address_in(terminal)
    terminal.wait_for("address, if you have one to paste:")
    assert "Thank you" in final_page(address)
    terminal.wait_for("logged in as Anna")
    assert terminal.wait_for_end() == 0
    assert terminal.echoes()
    assert "Trace" not in terminal.all


def test_ctrl_d_leaves_the_login_to_the_browser(terminal: Terminal) -> None:
    address = address_in(terminal)
    terminal.wait_for("address, if you have one to paste:")
    terminal.press("\x04")
    until(terminal.echoes)
    assert "Thank you" in final_page(address)
    terminal.wait_for("logged in as Anna")
    assert terminal.wait_for_end() == 0


def test_ctrl_c_restores_the_terminal(terminal: Terminal) -> None:
    terminal.wait_for("address, if you have one to paste:")
    until(lambda: not terminal.echoes())
    terminal.press("abc\x03")
    assert terminal.wait_for_end() == 130
    assert terminal.echoes()
    assert "emodj: " not in re.sub("emodj: open the address in a browser[^\n]*", "", terminal.all)
    assert not re.search("Trace|Error|retrieved|pending", terminal.all)
    assert nothing_stored()


def test_the_address_is_printed_before_the_login_ends_if_stdout_is_a_pipe(spotify_process: Start, spotify: Spotify) -> None:
    with spotify_process("spotify", "login", "--client-id", spotify.client_id, "--no-browser") as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "Log in at Spotify with this address:\n"
        address = waiting.stdout.readline().rstrip("\n")
        assert "Thank you" in final_page(address)
        out, _ = waiting.communicate(timeout=PATIENCE_S)
        assert out.startswith("logged in as Anna")
        assert waiting.returncode == 0
