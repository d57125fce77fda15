"""A private D-Bus session bus, and a fake media player on it that records its calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

NAME = "org.mpris.MediaPlayer2.spotify"

_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <servicedir>{folder}/services</servicedir>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
"""

# Prints a line on stdout once its name is registered
_PLAYER = """
import sys
from jeepney import DBus, DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
from jeepney.io.blocking import open_dbus_connection

name, behaviour, record_file = sys.argv[1:]
with open_dbus_connection() as connection, open(record_file, "a", encoding="utf-8", buffering=1) as lines:
    connection.send_and_get_reply(DBus().RequestName(name))
    print("ready", flush=True)
    while True:
        call = connection.receive()
        if call.header.message_type is not MessageType.method_call:
            continue
        fields = {field.name: value for field, value in call.header.fields.items()}
        lines.write(f"{fields['path']} {fields['interface']}.{fields['member']} {' '.join(call.body)}\\n")
        if behaviour == "answers":
            connection.send(new_method_return(call))
        elif behaviour == "refuses":
            connection.send(new_error(call, "org.freedesktop.DBus.Error.Failed", "s", ("no such list",)))
        elif behaviour == "sends other signals":
            signal = new_signal(DBusAddress(fields["path"], interface=fields["interface"]), "Seeked", "x", (0,))
            signal.header.fields[HeaderFields.destination] = fields["sender"]
            connection.send(signal)
"""


class PrivateBus:
    """A running `dbus-daemon`.

    Attributes:
        address: value for DBUS_SESSION_BUS_ADDRESS.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = f"unix:path={folder}/bus"

    def offer(self, name: str, program: Path) -> None:
        """Register a service: the bus starts the program when a client calls the name."""
        service = f"[D-BUS Service]\nName={name}\nExec={program}\n"
        (self._folder / "services" / f"{name}.service").write_text(service, encoding="utf-8")

    @contextmanager
    def player(self, behaviour: str, name: str = NAME) -> Generator[Path]:
        """Run a player on the bus; yields the file into which it writes a line for each call.

        Args:
            behaviour: "answers", "refuses", or "sends other signals" and never answers.
            name: bus name of the player.
        """
        record = self._folder / "calls"
        record.touch()
        command = [sys.executable, "-c", _PLAYER, name, behaviour, str(record)]
        environment = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": self.address}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as player:
            try:
                assert player.stdout is not None
                assert player.stdout.readline() == "ready\n"
                yield record
            finally:
                player.kill()


@contextmanager
def private_bus(folder: Path) -> Generator[PrivateBus]:
    """Run a private session bus; skips the test on a machine without `dbus-daemon`."""
    if not sys.platform.startswith("linux") or shutil.which("dbus-daemon") is None:
        pytest.skip("the Spotify app is controlled through D-Bus: apt install dbus")
    (folder / "services").mkdir()
    config = folder / "bus.conf"
    config.write_text(_CONFIG.format(folder=folder), encoding="utf-8")
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as daemon:
        try:
            assert daemon.stdout is not None
            assert daemon.stdout.readline().startswith("unix:")
            yield PrivateBus(folder)
        finally:
            daemon.kill()
