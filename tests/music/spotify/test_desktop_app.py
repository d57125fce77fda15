"""The Spotify app, played by a fake player on a private bus."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from realtime.music.spotify import desktop_app
from realtime.music.spotify.desktop_app import BUS_NAME, applescript_command, find_app, open_in_app, start_command
from tests.support.bus import PrivateBus, private_bus
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

URI = "spotify:playlist:37i9dQZF1DXdPec7aLTmlC"
CALL = f"/org/mpris/MediaPlayer2 org.mpris.MediaPlayer2.Player.OpenUri {URI}\n"


@pytest.fixture(autouse=True)
def long_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine must not cause a timeout."""
    monkeypatch.setattr(desktop_app, "TIMEOUT_S", 60.0)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    with private_bus(tmp_path) as running:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", running.address)
        yield running


@pytest.mark.parametrize("name", [BUS_NAME, f"{BUS_NAME}.instance123"])
def test_running_app_receives_the_link_once(bus: PrivateBus, name: str) -> None:
    with bus.player("answers", name) as calls:
        assert open_in_app(URI)
        assert calls.read_text() == CALL


def test_missing_app_returns_false(bus: PrivateBus) -> None:
    del bus
    assert not open_in_app(URI)


def test_other_players_receive_nothing(bus: PrivateBus) -> None:
    with bus.player("answers", "org.mpris.MediaPlayer2.spotifyd") as calls:
        assert not open_in_app(URI)
        assert calls.read_text() == ""


def test_app_is_not_started_by_a_link(bus: PrivateBus, tmp_path: Path) -> None:
    program, started = tmp_path / "program", tmp_path / "started"
    program.write_text(f"#!/bin/sh\ntouch {started}\n")
    program.chmod(0o755)
    bus.offer(BUS_NAME, program)
    assert not open_in_app(URI)
    assert not started.exists()


def test_refusal_returns_false(bus: PrivateBus) -> None:
    with bus.player("refuses") as calls:
        assert not open_in_app(URI)
        assert calls.read_text() == CALL


class Clock:
    """Replaces `time`: stands still until an event, then is past every deadline."""

    def __init__(self, happened: Callable[[], bool]) -> None:
        self._happened = happened

    def monotonic(self) -> float:
        return 1e9 if self._happened() else 0.0


def test_app_that_does_not_answer_has_the_link(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    with bus.player("sends other signals") as calls:
        monkeypatch.setattr(desktop_app, "time", Clock(lambda: calls.read_text() == CALL))
        # The app may open the link late, and a browser would open it a second time
        assert open_in_app(URI)


def test_timeout_before_sending_returns_false(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop_app, "TIMEOUT_S", 0.0)
    with bus.player("answers") as calls:
        assert not open_in_app(URI)
        assert calls.read_text() == ""


def test_missing_jeepney_returns_false(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    del bus
    for name in [name for name in sys.modules if name.partition(".")[0] == "jeepney"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "jeepney", None)
    assert not open_in_app(URI)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "nonsense",
        "unix:",
        "unix:path",
        "tcp:host=127.0.0.1,port=1",
        "unix:path=/nowhere/bus",
        "unix:path=/" + "a" * 200,
    ],
)
def test_missing_bus_returns_false(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    if address is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert not open_in_app(URI)


@pytest.mark.parametrize("replies", [[], [b"OK 1234\r\n"], [b"REJECTED\r\n"], [b"OK 1234\r\n", b"no message at all" * 100]])
def test_broken_bus_times_out(replies: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop_app, "TIMEOUT_S", 0.3)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "bus"))
        listening.listen()
        server = threading.Thread(target=_serve, args=(listening, replies))
        server.start()
        assert not open_in_app(URI)
        server.join()


def _serve(listening: socket.socket, replies: list[bytes]) -> None:
    """Reply to each message with the next line, then read until the other side closes the connection."""
    connected, _ = listening.accept()
    with connected, suppress(ConnectionError):
        # D-Bus sends a single zero byte first
        connected.recv(1)
        for line in replies:
            connected.recv(4096)
            connected.sendall(line)
        while connected.recv(4096):
            pass


def test_app_is_found_among_many_names() -> None:
    assert find_app([":1.1", "org.mpris.MediaPlayer2.vlc", "org.mpris.MediaPlayer2.spotify_player"]) is None
    assert find_app([f"{BUS_NAME}.instance2", f"{BUS_NAME}.instance1", BUS_NAME]) == BUS_NAME


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Fake pgrep and osascript of macOS; returns the file into which osascript writes its link."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(desktop_app, "first_answer", threading.Event())

    def programs(pgrep: str, osascript: str) -> Path:
        record = tmp_path / "record"
        for name, text in (("pgrep", pgrep), ("osascript", f'for each; do :; done; echo "$each" >> {record}\n{osascript}')):
            program(tmp_path, name, text)
        return record

    return programs


@pytest.mark.parametrize(("status", "opened"), [(0, True), (1, False)])
def test_macos_app_receives_the_link_once(mac: Callable[[str, str], Path], status: int, opened: bool) -> None:  # noqa: FBT001
    record = mac("exit 0", f"exit {status}")
    assert open_in_app(URI) is opened
    assert record.read_text() == f"{URI}\n"


def test_macos_app_that_does_not_run_receives_nothing(mac: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    record = mac("exit 1", "exit 0")
    assert not open_in_app(URI)
    monkeypatch.setattr(desktop_app, "TIMEOUT_S", 0.1)
    record = mac("exec sleep 600", "exit 0")
    assert not open_in_app(URI)
    assert not record.exists()


@pytest.fixture
def impatient(mac: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """osascript never answers, and each wait for it ends early; the list gets the seconds of each wait."""
    record, waits = mac("exit 0", "exec sleep 600"), list[float]()
    communicate = subprocess.Popen[bytes].communicate

    def early(process: subprocess.Popen[bytes], data: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:
        if isinstance(process.args, list) and process.args[0] == "osascript" and timeout is not None:
            waits.append(timeout)
            until(record.exists)
            timeout = 0.1
        return communicate(process, data, timeout)

    monkeypatch.setattr(subprocess.Popen, "communicate", early)
    return waits


def test_macos_app_that_hangs_has_the_link(impatient: list[float], tmp_path: Path) -> None:
    desktop_app.first_answer.set()
    assert open_in_app(URI)
    assert impatient == [pytest.approx(desktop_app.TIMEOUT_S, abs=0.1)]
    assert (tmp_path / "record").read_text() == f"{URI}\n"


def test_macos_app_has_no_link_before_the_person_has_answered_macos(impatient: list[float]) -> None:
    assert not open_in_app(URI)
    assert not open_in_app(URI)
    assert impatient == [pytest.approx(desktop_app.PROMPT_S, abs=0.1)] * 2


def test_macos_asks_once(mac: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    mac("exit 0", "echo 'Not authorized to send Apple events to Spotify. (-1743)' >&2; exit 1")
    assert not open_in_app(URI)
    assert desktop_app.first_answer.is_set()
    monkeypatch.setattr(desktop_app, "PROMPT_S", 0.0)
    mac("exit 0", "exit 0")
    assert open_in_app(URI)


def test_macos_app_is_started_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert start_command(URI) == ["open", "-g", "-a", "Spotify"]


@pytest.fixture
def mime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Fake xdg-mime; returns the file into which it writes its arguments."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def install(text: str) -> Path:
        record = tmp_path / "record"
        program(tmp_path, "xdg-mime", f'echo "$@" >> {record}\n{text}')
        return record

    return install


@pytest.mark.parametrize(
    ("text", "registered"),
    [
        ("echo spotify.desktop", True),
        # Without a program for such links xdg-open would start a browser
        ("exit 0", False),
        ("echo", False),
        ("echo spotify.desktop; exit 1", False),
    ],
)
def test_linux_app_is_started_if_it_is_registered(
    mime: Callable[[str], Path],
    text: str,
    registered: bool,  # noqa: FBT001
    capfd: pytest.CaptureFixture[str],
) -> None:
    record = mime(f"echo noise >&2; {text}")
    assert start_command(URI) == (["xdg-open", URI] if registered else None)
    assert record.read_text() == "query default x-scheme-handler/spotify\n"
    assert capfd.readouterr() == ("", "")


def test_desktop_without_xdg_programs_has_no_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start_command(URI) is None


def test_desktop_that_does_not_answer_has_no_app(mime: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop_app, "TIMEOUT_S", 0.1)
    mime("exec sleep 600")
    assert start_command(URI) is None


def test_link_is_no_part_of_the_applescript() -> None:
    *lines, uri = applescript_command(URI)
    assert uri == URI
    assert URI not in " ".join(lines)
