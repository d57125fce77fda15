"""`emodj page`: its link, its browser, its end."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from realtime.storage.user_folders import state_folder
from tests.cli.conftest import START
from tests.support.page_server import PageClient
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from subprocess import CompletedProcess


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--lan"], "--lan needs --cert and --key: without a certificate, browsers give no camera"),
        (["--lan", "--cert", "a.pem"], "--lan needs --cert and --key"),
        (["--cert", "a.pem", "--key", "b.pem"], "--cert and --key are for --lan"),
        (["--lan", "--cert", "a.pem", "--key", "b.pem"], "no such file: a.pem"),
        (["--port", "65536"], "65536 is not in the range 0<=x<=65535"),
    ],
)
def test_what_cannot_be_served_is_said(emodj: Callable[..., CompletedProcess[str]], options: list[str], sentence: str) -> None:
    ended = emodj("page", *options)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr


@contextmanager
def start(*options: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    """Start the command; yields the process and the link that it prints. A test that fails does not leave it behind."""
    command = [sys.executable, "-c", START, "page", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.posix
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_page_is_served_until_a_signal(number: signal.Signals, status: int) -> None:
    with start("--no-open") as (process, link):
        client = PageClient(link)
        assert client.begin()["in_network"] is False
        assert b"<title>emodj</title>" in client.request("GET", "/").body
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (status, "")
    # click ends the line of a terminal that shows ^C
    assert err.rstrip("\n") == "emodj: the page is open until you press Ctrl-C here"


@pytest.mark.posix
def test_thumbs_that_the_disk_refused_are_kept_at_the_end() -> None:
    folder = state_folder()
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file in place of the folder")
    with start("--no-open") as (process, link):
        client = PageClient(link)
        client.begin()
        client.ask("choose", {"mood": "happy"})
        choice = client.ask("offers").document["music"]["choices"][0]["thumb"]
        said = client.ask("thumb", {"choice": choice, "verdict": "like"}).document["said"]
        assert "your thumbs are not kept: cannot write" in said
        folder.unlink()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert b'"likes": 1.0' in (folder / "feedback.json").read_bytes()


@pytest.mark.posix
def test_the_browser_gets_a_link_that_works_once(browser: Callable[[], list[str]]) -> None:
    with start("--strategy", "lift") as (process, printed):
        until(browser)
        (opened,) = browser()
        assert opened.partition("#")[0] == printed.partition("#")[0]
        ticket = PageClient(opened)
        answer = ticket.ask("enter")
        assert answer.document == {"key": PageClient(printed).key}
        assert ticket.ask("enter").status == 403
        assert PageClient(printed).begin()["strategy"] == "lift"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
