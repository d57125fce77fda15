"""Real processes under each watcher: a promise that is broken is seen, and one that is kept is not in doubt."""

from __future__ import annotations

import errno
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from realtime.errors import EmodjError
from realtime.privacy import namespace, strace
from realtime.privacy.events import Event, Kind
from realtime.privacy.proof import Command, Proof, Step, Watcher, choose_watcher, watch_command
from realtime.privacy.samples import sample_commands

if TYPE_CHECKING:
    from pathlib import Path

WORKS = {Watcher.STRACE: strace.works, Watcher.NAMESPACE: namespace.can_leave_network, Watcher.AUDIT: lambda: True}
REASONS = {
    Watcher.STRACE: "needs strace (apt install strace), and leave to trace",
    Watcher.NAMESPACE: "needs leave for a network namespace",
    Watcher.AUDIT: "",
}


@pytest.fixture(params=list(Watcher), ids=lambda watcher: watcher.value)
def watcher(request: pytest.FixtureRequest) -> Watcher:
    chosen: Watcher = request.param
    if not WORKS[chosen]():
        pytest.skip(REASONS[chosen])
    return chosen


def step(*events: Event, status: int = 0) -> Step:
    return Step(Command("picture", ("image", "x")), status, "", 1.0, events)


def test_a_picture_and_a_session_leave_no_trace(watcher: Watcher, tmp_path: Path) -> None:
    steps = tuple(watch_command(command, watcher) for command in sample_commands(tmp_path, window=False, song=False))
    assert [(each.command.name, each.status, each.message) for each in steps] == [("picture", 0, ""), ("session", 0, "")]
    proof = Proof(watcher, steps)
    assert (proof.of(Kind.WRITTEN), proof.of(Kind.CONNECTED)) == ((), ())
    assert proof.kept


def test_a_file_that_is_written_is_seen(watcher: Watcher, tmp_path: Path, portrait: Path) -> None:
    drawn = tmp_path / "gezeichnet ü.png"
    found = watch_command(Command("command", ("image", str(portrait), "-o", str(drawn))), watcher)
    assert found.status == 0, found.message
    assert Event(Kind.WRITTEN, str(drawn)) in found.events
    assert not Proof(watcher, (found,)).kept


def test_a_connection_is_seen(watcher: Watcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = watch_command(Command("command", ("model", "pull", "anna/faces@v1")), watcher)
    assert found.status == 8
    assert "127.0.0.1" in found.message
    assert Event(Kind.CONNECTED, "127.0.0.1:9") in found.events
    assert not Proof(watcher, (found,)).kept


def test_modules_of_the_folder_are_not_run(watcher: Watcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "realtime.py").write_text("open('caught', 'w')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = watch_command(Command("command", ("fact",)), watcher)
    assert (found.status, found.events) == (0, ())
    assert not (tmp_path / "caught").exists()


def test_a_proof_is_kept_only_without_files_connections_and_failures() -> None:
    local, written, connected = (Event(kind, "x") for kind in (Kind.LOCAL, Kind.WRITTEN, Kind.CONNECTED))
    assert Proof(Watcher.AUDIT, (step(), step(local))).kept
    assert not Proof(Watcher.AUDIT, (step(written), step())).kept
    assert not Proof(Watcher.AUDIT, (step(), step(connected))).kept
    assert not Proof(Watcher.AUDIT, (step(status=5),)).kept


def test_what_two_commands_did_is_counted_once() -> None:
    written = Event(Kind.WRITTEN, "/x")
    assert Proof(Watcher.AUDIT, (step(written), step(written))).of(Kind.WRITTEN) == ("/x",)


def test_the_best_watcher_that_works_is_chosen() -> None:
    assert choose_watcher() is next(watcher for watcher in Watcher if WORKS[watcher]())
    assert choose_watcher(Watcher.AUDIT) is Watcher.AUDIT


def test_a_watcher_that_is_not_installed_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmodjError, match="strace is not installed"):
        choose_watcher(Watcher.STRACE)
    assert choose_watcher() is not Watcher.STRACE


@pytest.mark.skipif(not namespace.can_leave_network(), reason=REASONS[Watcher.NAMESPACE])
def test_a_namespace_has_no_network_not_even_for_native_code() -> None:
    program = """
import ctypes, os, socket, struct, subprocess, sys
from realtime.privacy.namespace import leave_network
user = os.getuid()
leave_network()
assert os.getuid() == user
libc = ctypes.CDLL(None, use_errno=True)
address = struct.pack("=HH4s8x", socket.AF_INET, socket.htons(9), socket.inet_aton("127.0.0.1"))
assert libc.connect(libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0), address, 16) == -1
print(ctypes.get_errno())
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert int(ended.stdout) == errno.ENETUNREACH


@pytest.mark.skipif(not strace.works(), reason=REASONS[Watcher.STRACE])
def test_strace_sees_native_code_and_child_processes(tmp_path: Path) -> None:
    program = "import subprocess; subprocess.run(['touch', 'new'], check=True)"
    reports = tmp_path / "reports"
    reports.mkdir()
    subprocess.run(strace.traced([sys.executable, "-c", program], reports), check=True, cwd=tmp_path)
    assert Event(Kind.WRITTEN, str(tmp_path / "new")) in strace.read_reports(reports, tmp_path, None)
