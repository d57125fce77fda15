"""A login: a browser that follows where Spotify sends it, or an address that is pasted into a real terminal."""

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

# Goes wherever it is sent, as a person who agrees to everything; writes down what it saw on the way
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
    seen = {"asked": address, "commands": commands()}
    seen["status"], seen["page"] = visit(address)
    seen["commands"] += commands()
    with open(record, "a") as file:
        file.write(json.dumps(seen) + "\\n")
"""


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Follow:
    """A browser that visits some paths of a host first, and then the address that it is given, wherever that leads."""

    def opened(*before: str) -> Callable[[], list[dict[str, object]]]:
        record, program, script = tmp_path / "seen", tmp_path / "browser.py", tmp_path / "browser.sh"
        program.write_text(BROWSER, encoding="utf-8")
        command = shlex.join([sys.executable, "-I", str(program), str(record), *before])
        script.write_text(f'#!/bin/sh\nexec {command} "$1"\n', encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setenv("BROWSER", f"{script} %s")
        return lambda: [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []

    return opened


def logins(spotify: Spotify) -> list[dict[str, str]]:
    """What the page of the login was asked."""
    return [asked.query for asked in spotify.asked if asked.path == "/authorize"]


def sent_back(address: str) -> str:
    """Where Spotify sends a browser when its person has decided."""
    return visit(address).headers["location"]


def visited(address: str) -> str:
    """The page that a person sees at last."""
    while (page := visit(address)).status == 302:
        address = page.headers["location"]
    return page.text


def test_a_browser_that_agrees_logs_in(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    seen = follow()
    ended = emodj("spotify", "login", "--client-id", f" {spotify.client_id} ")
    assert ended.returncode == 0
    said, address, logged_in = ended.stdout.splitlines()
    assert said == "Log in at Spotify with this address:"
    assert address.startswith(f"{spotify.address}/authorize?")
    assert logged_in == "logged in as Anna: p in emodj live plays on your devices now"
    assert [(page["status"], "Thank you" in str(page["page"])) for page in seen()] == [(200, True)]
    asked = {name: texts[0] for name, texts in parse_qs(urlsplit(address).query).items()}
    assert logins(spotify) == [asked]
    assert set(asked["scope"].split()) == set(transport.SCOPES)
    kept = CredentialStore().load()
    assert kept is not None
    assert (kept.client_id, kept.missing(transport.SCOPES)) == (spotify.client_id, [])
    assert kept.access in spotify.access
    assert ClientIdFile().load() == spotify.client_id
    for file in (CredentialStore().path, ClientIdFile().path):
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_browser_that_was_started_gets_no_more_than_our_own_address(
    at_spotify: Start, spotify: Spotify, browser: Callable[[], list[str]]
) -> None:
    with at_spotify("spotify", "login", "--client-id", spotify.client_id) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == "emodj: your browser shows it; emodj goes on as soon as you have agreed there\n"
        (start,) = browser()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", start)
        assert "Thank you" in visited(start)
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
    option, variable, kept = "a" * 32, "b" * 32, "c" * 32
    ClientIdFile().save(kept)
    for client_id, options in ((kept, ()), (variable, ()), (option, ("--client-id", option))):
        if client_id == variable:
            monkeypatch.setenv("SPOTIPY_CLIENT_ID", f" {variable}\n")
            ClientIdFile().save(kept)
        spotify.client_id = client_id
        assert emodj("spotify", "login", *options).returncode == 0
        assert logins(spotify)[-1]["client_id"] == client_id
        assert ClientIdFile().load() == client_id
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", " ")
    assert emodj("spotify", "login").returncode == 0
    assert logins(spotify)[-1]["client_id"] == option


def test_without_an_id_it_says_how_to_get_one(emodj: Run, spotify: Spotify, browser: Callable[[], list[str]]) -> None:
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
    assert not spotify.asked
    assert not browser()


@pytest.mark.parametrize("wrong", ["my-password", "0123456789abcdef" * 2 + "0", "0123456789abcdef0123456789abcde", "é" * 32])
def test_what_is_no_id_is_refused_and_not_repeated(
    wrong: str, emodj: Run, spotify: Spotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = emodj("-vv", "spotify", "login", "--client-id", wrong)
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", wrong)
    from_variable = emodj("-vv", "spotify", "login")
    for named_by, refused in (("--client-id", ended), ("SPOTIPY_CLIENT_ID", from_variable)):
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"emodj: {named_by} is no client id: it has 32 letters and digits" in refused.stderr
        assert wrong not in refused.stderr
    assert not spotify.asked


def nothing_kept() -> bool:
    return CredentialStore().version() is None and ClientIdFile().load() is None


def test_a_person_who_does_not_agree_is_not_logged_in(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    spotify.grants = "refuse"
    seen = follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 8
    assert "Spotify was not allowed to let emodj in: log in again and agree" in ended.stderr
    assert "Not logged in" in str(seen()[0]["page"])
    assert nothing_kept()


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
    ("fault", "said"),
    [
        (Fault(400, {"error": "invalid_client"}), "Spotify knows no app with this client id"),
        (
            Fault(400, {"error": "invalid_grant", "error_description": "code_verifier was incorrect"}),
            "emodj spotify login again",
        ),
        (Fault(503, b"<html>"), "Spotify's login has a fault of its own (503)"),
        (Fault(200, b"<html>Log in to this hotel</html>"), "the answer is not Spotify's"),
        (Fault(200, {"access_token": 1, "expires_in": 3600}), "the answer is not Spotify's"),
        (Fault(close=True), "Spotify cannot be reached"),
    ],
)
def test_where_no_token_is_given_out_nothing_is_kept(
    fault: Fault, said: str, emodj: Run, spotify: Spotify, follow: Follow
) -> None:
    spotify.fail("POST", "/api/token", fault)
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 8
    assert said in ended.stderr
    assert "logged in as" not in ended.stdout
    assert nothing_kept()


def test_nobody_who_comes_back_in_time_is_told_where_to_look(
    spotify: Spotify, follow: Follow, capsys: pytest.CaptureFixture[str]
) -> None:
    for grants in ("nothing", "agree"):
        spotify.grants = grants
        # The second one is told on Spotify's page that there is no such app, and comes back never
        seen = follow()
        with pytest.raises(
            EmodjError, match=r"nobody logged in within 1\.5 s.*invalid client.*127\.0\.0\.1/callback"
        ) as raised:
            log_in(Context(), spotify.client_id if grants == "nothing" else "a" * 32, browser=True, patience_s=1.5)
        assert raised.value.status == 1
    assert [page["status"] for page in seen()] == [200, 400]
    assert "INVALID_CLIENT" in str(seen()[1]["page"])
    assert "/authorize?" in capsys.readouterr().out
    assert nothing_kept()


def test_what_else_a_browser_asks_for_is_no_answer(emodj: Run, spotify: Spotify, follow: Follow) -> None:
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
    assert [asked.fields["code"] for asked in spotify.asked if asked.path == "/api/token"] != ["stolen"]


def test_a_second_tab_does_no_harm(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    # Its first page leads on to Spotify and back; the second one finds a login that is done, or nobody any more
    seen = follow("/")
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    assert "Thank you" in str(seen()[0]["page"])
    assert len([asked for asked in spotify.asked if asked.path == "/api/token"]) == 1


def test_somebody_who_is_not_among_the_users_of_the_app_is_told_who_can_add_them(
    emodj: Run, spotify: Spotify, follow: Follow
) -> None:
    for said in (
        Fault(403, b"User not registered in the Developer Dashboard"),
        Fault(403, b"Check settings on developer.spotify.com/dashboard, the user may not be registered."),
        refusal(403, "The user is not registered for this application. Please check your settings."),
    ):
        follow()
        spotify.fail("GET", "/v1/me", said)
        ended = emodj("spotify", "login", "--client-id", spotify.client_id)
        assert ended.returncode == 8
        assert "your account is not among the five users of that Spotify app" in ended.stderr
        assert "logged in as" not in ended.stdout


@pytest.mark.parametrize(
    ("me", "who"),
    [
        ({"display_name": None, "id": "anna"}, " as anna"),
        ({"display_name": "\x1b[31mA\nB", "id": "anna"}, " as \ufffd[31mA B"),
        ({"id": 5}, " as somebody without a name"),
        ({}, " as somebody without a name"),
    ],
)
def test_who_it_is_is_said_as_far_as_spotify_tells(
    me: dict[str, object], who: str, emodj: Run, spotify: Spotify, follow: Follow
) -> None:
    spotify.me = me
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[2] == f"logged in{who}: p in emodj live plays on your devices now"


@pytest.mark.parametrize("fault", [Fault(503), refusal(429, "", headers={"Retry-After": "7"})])
def test_a_fault_that_passes_right_after_a_login_is_a_remark(
    fault: Fault, emodj: Run, spotify: Spotify, follow: Follow
) -> None:
    spotify.fail("GET", "/v1/me", fault)
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    assert "try again in" in ended.stderr
    assert ended.stdout.splitlines()[2].startswith("logged in: ")
    assert CredentialStore().load() is not None


def test_what_spotify_did_not_allow_is_said(emodj: Run, spotify: Spotify, follow: Follow) -> None:
    given = spotify.issue(" ".join(scope for scope in transport.SCOPES if not scope.startswith("playlist-")))
    spotify.fail("POST", "/api/token", Fault(200, given))
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 0
    said = "Spotify did not allow playlist-read-private, playlist-modify-private: some of it will not work"
    assert said in ended.stderr


def test_a_disk_that_refuses_is_said(emodj: Run, spotify: Spotify, follow: Follow, home: Path) -> None:
    (home / ".config").write_text("no folder", encoding="utf-8")
    follow()
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 1
    assert f"cannot write {CredentialStore().path}" in ended.stderr
    assert not [asked for asked in spotify.asked if asked.path.startswith("/v1/")]


def test_a_port_that_cannot_be_had_is_said(emodj: Run, spotify: Spotify, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("socket.socket.bind", refuses)
    ended = emodj("spotify", "login", "--client-id", spotify.client_id)
    assert ended.returncode == 1
    assert "cannot wait for a browser at 127.0.0.1 (Permission denied)" in ended.stderr


def test_ctrl_c_ends_a_login_without_a_terminal(
    at_spotify: Start, spotify: Spotify, ctrl_c: Callable[[subprocess.Popen[str]], None]
) -> None:
    line = ("spotify", "login", "--client-id", spotify.client_id, "--no-browser")
    with at_spotify(*line) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline().startswith(
            "emodj: open it in a browser of this computer; for one of another computer start"
        )
        ctrl_c(waiting)
        _, said = waiting.communicate(timeout=PATIENCE_S)
        assert (waiting.returncode, said) == (130, "\n")
    assert nothing_kept()


def test_no_secret_is_on_a_command_line_that_others_can_see(
    at_spotify: Start, spotify: Spotify, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", spotify.client_id)
    seen, lines = follow(), set[str]()

    def ended() -> bool:
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                lines.add(file.read_bytes().decode(errors="replace"))
        return login.poll() is not None

    with at_spotify("spotify", "login") as login:
        until(ended)
        out, err = login.communicate()
    assert login.returncode == 0, err
    (visit,) = seen()
    commands = visit["commands"]
    assert isinstance(commands, list)
    lines |= {"\0".join(command) for command in commands}
    (asked,) = logins(spotify)
    assert any(str(visit["asked"]) in line for line in lines), "else nothing was looked at"
    assert str(visit["asked"]).startswith("http://127.0.0.1:")
    secrets = {spotify.client_id, asked["state"], asked["code_challenge"], *spotify.secrets, *spotify.issued}
    assert len(secrets) == 7
    assert not [secret for secret in secrets for line in lines if secret in line]
    for secret in {*spotify.secrets, *spotify.issued}:
        assert secret not in out + err


@pytest.fixture
def terminal(at_spotify: Start, spotify: Spotify) -> Iterator[Terminal]:
    """A login in a terminal of a computer that has no screen."""

    def start(theirs: int) -> subprocess.Popen[str]:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
        # Else prompt_toolkit asks the terminal where the cursor is, and nobody here would answer
        environment = {"PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm"}
        return at_spotify("spotify", "login", "--client-id", spotify.client_id, env=environment, **streams)

    with in_a_terminal(start, 100) as running:
        yield running


def address_in(terminal: Terminal) -> str:
    return terminal.reads(r"Log in at Spotify with this address:\r\n(http://\S+)\r\n")[1]


def test_the_address_of_another_computers_browser_can_be_pasted(terminal: Terminal, spotify: Spotify) -> None:
    address = address_in(terminal)
    terminal.reads("open it in a browser.*paste the address of that page here.*address, if you have one to paste:")
    back = sent_back(address)
    for garbage in ("hello", "", back.replace("state=", "state=x"), back.replace("code=", "c="), "http://[::1", "é\u2603"):
        terminal.press(f"{garbage}\r")
        if garbage:
            terminal.reads("that is no answer to this login: it begins with http://127.0.0.1")
    terminal.press(f"  {back} \r")
    terminal.reads("logged in as Anna: p in emodj live plays on your devices now")
    assert terminal.ends() == 0
    assert terminal.echoes()
    assert "Trace" not in terminal.all
    assert spotify.client_id == ClientIdFile().load()


def test_a_refusal_can_be_pasted_too(terminal: Terminal, spotify: Spotify) -> None:
    spotify.grants = "refuse"
    address = address_in(terminal)
    terminal.reads("address, if you have one to paste:")
    terminal.press(f"{sent_back(address)}\r")
    terminal.reads("Spotify was not allowed to let emodj in")
    assert terminal.ends() == 8
    assert terminal.echoes()
    assert nothing_kept()


def test_a_browser_comes_back_while_the_terminal_waits_for_an_address(terminal: Terminal) -> None:
    address = address_in(terminal)
    terminal.reads("address, if you have one to paste:")
    assert "Thank you" in visited(address)
    terminal.reads("logged in as Anna")
    assert terminal.ends() == 0
    assert terminal.echoes()
    assert "Trace" not in terminal.all


def test_ctrl_d_leaves_the_login_to_the_browser(terminal: Terminal) -> None:
    address = address_in(terminal)
    terminal.reads("address, if you have one to paste:")
    terminal.press("\x04")
    until(terminal.echoes)
    assert "Thank you" in visited(address)
    terminal.reads("logged in as Anna")
    assert terminal.ends() == 0


def test_ctrl_c_in_a_terminal_leaves_it_in_order(terminal: Terminal) -> None:
    terminal.reads("address, if you have one to paste:")
    until(lambda: not terminal.echoes())
    terminal.press("abc\x03")
    assert terminal.ends() == 130
    assert terminal.echoes()
    assert "emodj: " not in re.sub("emodj: open it in a browser[^\n]*", "", terminal.all)
    assert not re.search("Trace|Error|retrieved|pending", terminal.all)
    assert nothing_kept()


def test_the_address_is_there_before_the_login_ends_where_stdout_is_a_pipe(at_spotify: Start, spotify: Spotify) -> None:
    with at_spotify("spotify", "login", "--client-id", spotify.client_id, "--no-browser") as waiting:
        assert waiting.stdout is not None
        assert waiting.stdout.readline() == "Log in at Spotify with this address:\n"
        address = waiting.stdout.readline().rstrip("\n")
        assert "Thank you" in visited(address)
        out, _ = waiting.communicate(timeout=PATIENCE_S)
        assert out.startswith("logged in as Anna")
        assert waiting.returncode == 0
