"""The Spotify app, as a player on a bus of the test's own."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from realtime.music.spotify import desktop_app
from realtime.music.spotify.desktop_app import NAME, open_in_app, player, script, start_command
from tests.support.bus import PrivateBus, private_bus
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

URI = "spotify:playlist:37i9dQZF1DXdPec7aLTmlC"
CALL = f"/org/mpris/MediaPlayer2 org.mpris.MediaPlayer2.Player.OpenUri {URI}\n"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loaded machine is no reason to give an app up."""
    monkeypatch.setattr(desktop_app, "PATIENCE_S", 60.0)


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    with private_bus(tmp_path) as running:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", running.address)
        yield running


@pytest.mark.parametrize("name", [NAME, f"{NAME}.instance123"])
def test_a_running_app_is_handed_the_link_once(bus: PrivateBus, name: str) -> None:
    with bus.player("answers", name) as calls:
        assert open_in_app(URI)
        assert calls.read_text() == CALL


def test_no_app_is_no_answer(bus: PrivateBus) -> None:
    del bus
    assert not open_in_app(URI)


def test_other_players_are_left_alone(bus: PrivateBus) -> None:
    with bus.player("answers", "org.mpris.MediaPlayer2.spotifyd") as calls:
        assert not open_in_app(URI)
        assert calls.read_text() == ""


def test_an_app_that_does_not_run_is_never_started(bus: PrivateBus, tmp_path: Path) -> None:
    program, started = tmp_path / "program", tmp_path / "started"
    program.write_text(f"#!/bin/sh\ntouch {started}\n")
    program.chmod(0o755)
    bus.offer(NAME, program)
    assert not open_in_app(URI)
    assert not started.exists()


def test_an_app_that_refuses_has_not_opened_it(bus: PrivateBus) -> None:
    with bus.player("refuses") as calls:
        assert not open_in_app(URI)
        assert calls.read_text() == CALL


class Clock:
    """Takes the place of `time`; stands still until something has happened, and then it is late."""

    def __init__(self, happened: Callable[[], bool]) -> None:
        self._happened = happened

    def monotonic(self) -> float:
        return 1e9 if self._happened() else 0.0


def test_an_app_that_was_told_and_never_answers_has_the_link(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    with bus.player("talks of something else") as calls:
        monkeypatch.setattr(desktop_app, "time", Clock(lambda: calls.read_text() == CALL))
        # It may be late, and the browser would be a second one
        assert open_in_app(URI)


def test_an_app_that_was_not_told_in_time_has_no_link(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop_app, "PATIENCE_S", 0.0)
    with bus.player("answers") as calls:
        assert not open_in_app(URI)
        assert calls.read_text() == ""


def test_without_the_library_there_is_no_app(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_no_bus_or_none_at_its_address_is_no_answer(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    if address is not None:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert not open_in_app(URI)


@pytest.mark.parametrize("said", [[], [b"OK 1234\r\n"], [b"REJECTED\r\n"], [b"OK 1234\r\n", b"no message at all" * 100]])
def test_a_bus_that_hangs_or_talks_nonsense_is_given_up(
    said: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktop_app, "PATIENCE_S", 0.3)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "bus"))
        listening.listen()
        talking = threading.Thread(target=_talk, args=(listening, said))
        talking.start()
        assert not open_in_app(URI)
        talking.join()


def _talk(listening: socket.socket, said: list[bytes]) -> None:
    """Say something for each thing that is heard, then listen until the other side has gone, or until it has."""
    connected, _ = listening.accept()
    with connected, suppress(ConnectionError):
        # The first byte is a zero alone
        connected.recv(1)
        for line in said:
            connected.recv(4096)
            connected.sendall(line)
        while connected.recv(4096):
            pass


def test_the_app_among_many_names() -> None:
    assert player([":1.1", "org.mpris.MediaPlayer2.vlc", "org.mpris.MediaPlayer2.spotify_player"]) is None
    assert player([f"{NAME}.instance2", f"{NAME}.instance1", NAME]) == NAME


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """A computer that is a Mac as far as its two programs; gives the file that the second one writes its link into."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def programs(pgrep: str, osascript: str) -> Path:
        told = tmp_path / "told"
        for name, text in (("pgrep", pgrep), ("osascript", f'for each; do :; done; echo "$each" >> {told}\n{osascript}')):
            program(tmp_path, name, text)
        return told

    return programs


@pytest.mark.parametrize(("status", "opened"), [(0, True), (1, False)])
def test_the_app_of_macos_is_told_once(mac: Callable[[str, str], Path], status: int, opened: bool) -> None:  # noqa: FBT001
    told = mac("exit 0", f"exit {status}")
    assert open_in_app(URI) is opened
    assert told.read_text() == f"{URI}\n"


def test_an_app_of_macos_that_does_not_run_is_not_told(
    mac: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = mac("exit 1", "exit 0")
    assert not open_in_app(URI)
    monkeypatch.setattr(desktop_app, "PATIENCE_S", 0.1)
    told = mac("exec sleep 600", "exit 0")
    assert not open_in_app(URI)
    assert not told.exists()


def test_an_app_of_macos_that_was_told_and_hangs_has_the_link(
    mac: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = mac("exit 0", "exec sleep 600")
    communicate = subprocess.Popen[bytes].communicate

    def late(process: subprocess.Popen[bytes], data: bytes | None = None, timeout: float | None = None) -> tuple[bytes, bytes]:
        if isinstance(process.args, list) and process.args[0] == "osascript" and timeout is not None:
            until(told.exists)
            timeout = 0.1
        return communicate(process, data, timeout)

    monkeypatch.setattr(subprocess.Popen, "communicate", late)
    assert open_in_app(URI)
    assert told.read_text() == f"{URI}\n"


def test_the_app_of_macos_is_started_without_a_window_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert start_command(URI) == ["open", "-g", "-a", "Spotify"]


@pytest.fixture
def mime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A desktop that knows which app takes which links; gives the file that it writes what it was asked into."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def knows(text: str) -> Path:
        told = tmp_path / "told"
        program(tmp_path, "xdg-mime", f'echo "$@" >> {told}\n{text}')
        return told

    return knows


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("echo spotify.desktop", True),
        # Without a program for such links a browser would be asked
        ("exit 0", False),
        ("echo", False),
        ("echo spotify.desktop; exit 1", False),
    ],
)
def test_the_app_of_linux_is_started_where_there_is_one(
    mime: Callable[[str], Path],
    text: str,
    there: bool,  # noqa: FBT001
    capfd: pytest.CaptureFixture[str],
) -> None:
    told = mime(f"echo noise >&2; {text}")
    assert start_command(URI) == (["xdg-open", URI] if there else None)
    assert told.read_text() == "query default x-scheme-handler/spotify\n"
    assert capfd.readouterr() == ("", "")


def test_a_desktop_without_its_programs_has_no_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start_command(URI) is None


def test_a_desktop_that_does_not_say_which_app_has_none(mime: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desktop_app, "PATIENCE_S", 0.1)
    mime("exec sleep 600")
    assert start_command(URI) is None


def test_a_link_is_no_part_of_the_script_of_macos() -> None:
    *lines, uri = script(URI)
    assert uri == URI
    assert URI not in " ".join(lines)
