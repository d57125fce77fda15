"""`emodj movies login`, `logout` and `status`, with a local server in place of TMDb."""

from __future__ import annotations

import io
import json
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from realtime.movies.tmdb import ATTRIBUTION, DISCLOSURE
from realtime.movies.tmdb_key import TmdbKeyFile
from tests.support.faulty_server import Fault
from tests.support.tmdb_server import TOKEN, refusal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.support.tmdb_server import Tmdb

    Run = Callable[..., CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]

REFUSED = "TMDb refuses the key "


@pytest.fixture
def type_text(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Replace the standard input."""

    def replace(text: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text), encoding="utf-8"))

    return replace


@pytest.fixture
def log_in(emodj: Run, type_text: Callable[[bytes], None]) -> Callable[..., CompletedProcess[str]]:
    def run(text: bytes = TOKEN.encode(), *arguments: str) -> CompletedProcess[str]:
        type_text(text)
        ended = emodj("movies", "login", *arguments)
        assert TOKEN not in ended.stdout + ended.stderr
        return ended

    return run


# Log in


@pytest.mark.parametrize("text", [TOKEN, f"  {TOKEN}\r\n", f"\ufeff{TOKEN}\n"])
def test_a_key_that_tmdb_accepts_is_kept(log_in: Run, tmdb: Tmdb, text: str) -> None:
    ended = log_in(text.encode())
    assert (ended.returncode, ended.stdout) == (0, f"the key is kept in {TmdbKeyFile().path}\n")
    assert ended.stderr == f"emodj: {DISCLOSURE}\n"
    assert TmdbKeyFile().path.read_text(encoding="utf-8") == f"{TOKEN}\n"
    assert [request.path for request in tmdb.requests] == ["/3/authentication"]
    if sys.platform != "win32":
        assert stat.S_IMODE(TmdbKeyFile().path.stat().st_mode) == 0o600


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_tmdb_refuses_is_not_kept(log_in: Run, tmdb: Tmdb, status: int) -> None:
    tmdb.always = refusal(status, 7, "Invalid API key")
    ended = log_in(TOKEN.encode(), "-q")
    assert (ended.returncode, ended.stdout) == (8, "")
    assert "the key that you gave" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert TmdbKeyFile().load() is None


def test_a_refused_key_leaves_the_old_one(log_in: Run, tmdb: Tmdb) -> None:
    log_in()
    assert log_in(b"another.one.here").returncode == 8
    assert len(tmdb.requests) == 2
    kept = TmdbKeyFile().load()
    assert kept is not None
    assert kept.token == TOKEN


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault(close=True), "TMDb cannot be reached: is this computer online?"),
        (refusal(503, 9, "Offline"), "TMDb has an internal error (503): try again in a moment"),
        (refusal(429, 25, "slow"), "too many requests to TMDb: try again in a moment"),
        (Fault(200, b"<html>"), "the answer is not TMDb's: does this network want you to log in first?"),
    ],
)
def test_a_key_that_cannot_be_checked_is_kept_and_that_is_said(log_in: Run, tmdb: Tmdb, fault: Fault, problem: str) -> None:
    tmdb.always = fault
    ended = log_in()
    assert (ended.returncode, ended.stdout) == (0, f"the key is kept in {TmdbKeyFile().path}\n")
    assert ended.stderr.endswith(f"emodj: TMDb has not accepted the key yet: {problem}\n")
    assert TmdbKeyFile().load() is not None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "no key was given: copy the API Read Access Token from https://www.themoviedb.org/settings/api"),
        (b" \n", "no key was given"),
        (b"secret", "this text is no key of TMDb: copy the API Read Access Token"),
        (b"0123456789abcdef0123456789abcdef", "this text is the API Key of TMDb, and emodj needs the longer text beside it"),
        (b"\xff\xfe\x00secret", "this text is no key of TMDb"),
        (b"a" * 5000, "the key cannot be read from the standard input (it is larger than 4096 bytes)"),
        (b"a.b.c\nd.e.f\n", "this text is no key of TMDb"),
    ],
)
def test_another_text_is_one_sentence_and_nobody_is_asked(log_in: Run, tmdb: Tmdb, text: bytes, sentence: str) -> None:
    ended = log_in(text, "-q")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"emodj: {sentence}")
    assert ended.stderr.count("\n") == 1
    assert "secret" not in ended.stderr
    assert "0123" not in ended.stderr
    assert not tmdb.requests
    assert TmdbKeyFile().load() is None


def test_the_key_is_not_taken_from_the_command_line(emodj: Run, tmdb: Tmdb) -> None:
    ended = emodj("movies", "login", TOKEN)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert not tmdb.requests


@pytest.mark.usefixtures("homeless", "tmdb")
def test_a_user_without_a_home_is_told_before_the_question(emodj: Run) -> None:
    ended = emodj("movies", "login", "-q")
    assert (ended.returncode, ended.stderr) == (2, "emodj: this user has no home folder: set HOME to the path of one\n")


def test_the_variable_that_wins_is_named(log_in: Run, monkeypatch: pytest.MonkeyPatch, tmdb: Tmdb) -> None:
    monkeypatch.setenv("TMDB_TOKEN", "another.one.here")
    assert log_in().stderr.endswith("emodj: TMDB_TOKEN in your environment wins over this file\n")
    assert tmdb.requests[0].bearer == TOKEN


@pytest.mark.posix
def test_a_terminal_does_not_show_the_key(process: Start, tmdb: Tmdb) -> None:
    from tests.support.terminal import in_a_terminal

    program = (
        "import sys; from realtime.movies import tmdb_client; from realtime.cli import main; "
        f"tmdb_client.SERVICE = tmdb_client.TmdbService('{tmdb.address}/3/'); tmdb_client.TIMEOUT_S = 300; sys.exit(main())"
    )

    def start(end: int) -> subprocess.Popen[str]:
        # In a session of its own, so that it does not ask at the terminal of the person who runs the tests
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), end)
        return process("movies", "login", program=program, start_new_session=True, **streams)

    with in_a_terminal(start, 200) as terminal:
        terminal.wait_for(r"key of TMDb \(API Read Access Token\): ")
        assert not terminal.echoes()
        terminal.press(f"{TOKEN}\n")
        assert terminal.wait_for_end() == 0
        assert terminal.echoes()
        assert "the key is kept in " in terminal.all
        assert TOKEN not in terminal.all


# Log out


def test_logging_out_removes_the_key(emodj: Run, tmdb: Tmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    assert emodj("movies", "logout").stdout == "there was no key\n"
    TmdbKeyFile().save(TOKEN)
    ended = emodj("movies", "logout")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "the key is removed\n", "")
    assert not TmdbKeyFile().path.exists()
    monkeypatch.setenv("TMDB_TOKEN", TOKEN)
    assert emodj("movies", "logout").stderr == "emodj: TMDB_TOKEN in your environment still holds a key\n"
    assert not tmdb.requests


@pytest.mark.posix
def test_a_key_that_cannot_be_removed_is_a_sentence(emodj: Run) -> None:
    (TmdbKeyFile().path / "kept").mkdir(parents=True)
    ended = emodj("movies", "logout")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"emodj: cannot remove {TmdbKeyFile().path} (")


# Status


def run_status(emodj: Run, status: int, *arguments: object) -> tuple[dict[str, object], list[str]]:
    """Run the command with and without --json; both have the same exit status. Return the document and the lines."""
    words, document = emodj("movies", "status", *arguments), emodj("movies", "status", "--json", *arguments)
    assert (words.returncode, words.stderr) == (document.returncode, document.stderr) == (status, "")
    assert TOKEN not in words.stdout + document.stdout
    return json.loads(document.stdout), words.stdout.splitlines()


def test_status_without_a_key_asks_nobody(emodj: Run, tmdb: Tmdb) -> None:
    found, lines = run_status(emodj, 1)
    problem = "there is no key: emodj movies login, or set TMDB_TOKEN"
    assert found == {"schema": 1, "ready": False, "key": None, "online": False, "problem": problem}
    assert lines == [
        "key       none",
        f"problem   {problem}",
        "online    with --online",
        "ready     no; movies come from the list on this computer",
        ATTRIBUTION,
    ]
    assert not tmdb.requests


def test_status_of_a_key_that_tmdb_accepts(emodj: Run, tmdb: Tmdb, settings: Callable[[str], Path]) -> None:
    TmdbKeyFile().save(TOKEN)
    found, lines = run_status(emodj, 0, "--config", settings("[movies]\nonline = true\n"))
    assert found == {"schema": 1, "ready": True, "key": str(TmdbKeyFile().path), "online": True, "problem": None}
    assert lines[:-1] == [
        f"key       {TmdbKeyFile().path}",
        "online    always (movies.online in your settings)",
        "ready     yes",
    ]
    assert {request.path for request in tmdb.requests} == {"/3/authentication"}


def test_status_of_a_key_that_tmdb_refuses(emodj: Run, tmdb: Tmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMDB_TOKEN", "another.one.here")
    found, _ = run_status(emodj, 1)
    assert found["key"] == "TMDB_TOKEN"
    assert str(found["problem"]).startswith(f"{REFUSED}in TMDB_TOKEN: ")
    assert tmdb.requests


@pytest.mark.posix
def test_status_of_a_key_that_others_can_read(emodj: Run, tmdb: Tmdb) -> None:
    TmdbKeyFile().save(TOKEN)
    TmdbKeyFile().path.chmod(0o644)
    found, lines = run_status(emodj, 1)
    assert found["key"] is None
    assert lines[1].startswith(f"problem   others can read your TMDb key {TmdbKeyFile().path} (mode 644): emodj movies logout")
    assert not tmdb.requests


# The names of the commands beside the names of moods


@pytest.mark.usefixtures("tmdb")
@pytest.mark.parametrize("before", [[], ["-q"], ["-v", "-q"], ["--config", "{file}"]])
def test_common_options_may_stand_before_the_name_of_a_command(
    emodj: Run, settings: Callable[[str], Path], before: list[str]
) -> None:
    arguments = [word.format(file=settings("")) for word in before]
    assert emodj("movies", *arguments, "logout").stdout == "there was no key\n"
    assert emodj("movies", *arguments, "sad", "-n", "1").stdout.startswith("Movies for sad\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["login", "--seed", "1"], "No such option '--seed'"),
        (["-n", "3", "login"], "No such option '-n'"),
        (["sad", "login"], "Got unexpected extra argument (login)"),
        (["log"], "unknown mood 'log'"),
        (["sad", "--token", "x"], "No such option '--token'"),
    ],
)
def test_mixed_up_arguments_are_one_sentence(emodj: Run, arguments: list[str], sentence: str) -> None:
    ended = emodj("movies", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr
