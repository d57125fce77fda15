"""The Spotify app, as a player on a bus of the test's own."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from realtime.music import app
from realtime.music.app import NAME, open_in_app, player, script
from tests.bus import PrivateBus, private_bus
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URI = "spotify:playlist:37i9dQZF1DXdPec7aLTmlC"
CALL = f"/org/mpris/MediaPlayer2 org.mpris.MediaPlayer2.Player.OpenUri {URI}\n"


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


def test_an_app_that_never_answers_is_given_up(bus: PrivateBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "PATIENCE_S", 0.3)
    with bus.player("keeps silent") as calls:
        assert not open_in_app(URI)
        until(lambda: calls.read_text() == CALL)


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
    monkeypatch.setattr(app, "PATIENCE_S", 0.3)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/bus")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "bus"))
        listening.listen()
        talking = threading.Thread(target=_talk, args=(listening, said))
        talking.start()
        assert not open_in_app(URI)
        talking.join()


def _talk(listening: socket.socket, said: list[bytes]) -> None:
    """Say something for each thing that is heard, then listen until the other side has gone."""
    connected, _ = listening.accept()
    with connected:
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


def test_a_link_is_no_part_of_the_script_of_macos() -> None:
    *lines, uri = script(URI)
    assert uri == URI
    assert URI not in " ".join(lines)
