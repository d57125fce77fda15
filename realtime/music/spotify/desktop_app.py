"""Open links in the Spotify app of this computer, or start it: MPRIS, AppleScript, shell. Needs no account and no API."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from itertools import count
from struct import error as StructError  # noqa: N812 - it is a class
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from jeepney import Message

log = logging.getLogger(__name__)

TIMEOUT_S = 2.0
"""Longest wait for the app, in seconds, over all messages of one call."""

PROMPT_S = 60.0
"""Longest wait for the first answer of the app of macOS, in seconds: macOS asks the person once whether this program may
control Spotify, and the link is not sent before the answer."""

first_answer = threading.Event()
"""Set once the app of macOS has answered this process: after that, macOS asks nothing more."""

BUS_NAME = "org.mpris.MediaPlayer2.spotify"
"""Name of the app on the session bus, followed by `.instanceNUMBER` if it runs several times."""


def open_in_app(uri: str) -> bool:
    """Play a link in the Spotify app. Linux and macOS do not start the app if it does not run.

    Args:
        uri: `spotify:KIND:ID`.

    Returns:
        False if the app does not run, or refuses; on macOS also if the person refuses, or does not answer the first question
        of macOS within a minute. True if the app received the link but did not answer within two seconds: it may open the
        link late, and a caller that tried the browser then would open it twice.
    """
    if sys.platform == "win32":
        return _open_by_windows(uri)
    if sys.platform == "darwin":
        return _open_by_applescript(uri)
    try:
        return _open_by_mpris(uri)
    # The bus is missing, has an invalid address, does not answer, refuses, or breaks the protocol; or jeepney is not installed
    except (ImportError, OSError, LookupError, ValueError, RuntimeError, StructError) as error:
        log.info("no session bus: %s", error)
        return False


def start_command(uri: str) -> list[str] | None:
    """The command line that starts the Spotify app of this computer with a link; None without an app.

    Args:
        uri: `spotify:KIND:ID`; macOS starts the app without it.
    """
    if sys.platform == "darwin":
        return ["open", "-g", "-a", "Spotify"]
    try:
        return ["xdg-open", uri] if _has_link_handler() else None
    except (OSError, subprocess.TimeoutExpired) as error:
        log.info("no Spotify app to start: %s", error)
        return None


def find_app(names: Sequence[str]) -> str | None:
    """The name of the app among the names on a bus. Other players such as `spotifyd` have no window and do not count."""
    return next((name for name in sorted(names) if name == BUS_NAME or name.startswith(f"{BUS_NAME}.")), None)


def applescript_command(uri: str) -> list[str]:
    """The command line that plays a link in the app of macOS. The link is an argument, not a part of the script."""
    lines = ["on run argv", 'tell application "Spotify" to play track (item 1 of argv)', "end run"]
    return ["osascript", *(part for line in lines for part in ("-e", line)), uri]


def _has_link_handler() -> bool:
    """Whether a program of this desktop opens `spotify:` links; without one `xdg-open` would start a browser."""
    query = subprocess.run(
        ["xdg-mime", "query", "default", "x-scheme-handler/spotify"],
        check=False,
        capture_output=True,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )
    return query.returncode == 0 and bool(query.stdout.strip())


def _open_by_mpris(uri: str) -> bool:
    """Open a link through MPRIS, the D-Bus interface of players on Linux."""
    from jeepney import DBusAddress, MessageType, message_bus, new_method_call
    from jeepney.bus import find_session_bus
    from jeepney.io.blocking import prep_socket

    deadline = time.monotonic() + TIMEOUT_S
    with prep_socket(find_session_bus(), timeout=TIMEOUT_S) as connected:
        bus = _Bus(connected, deadline)
        bus.call(message_bus.Hello())
        listed = bus.call(message_bus.ListNames())
        name = find_app(listed.body[0]) if listed.header.message_type is MessageType.method_return else None
        if name is None:
            return False
        address = DBusAddress("/org/mpris/MediaPlayer2", name, "org.mpris.MediaPlayer2.Player")
        serial = bus.send(new_method_call(address, "OpenUri", "s", (uri,)))
        try:
            answer = bus.receive_reply(serial)
        except OSError as error:
            log.info("%s received the link but did not answer: %s", name, error)
            return True
        if answer.header.message_type is MessageType.method_return:
            return True
        log.info("%s refuses: %s", name, answer.body)
        return False


class _Bus:
    """Method calls and replies within one deadline. The connection class of jeepney has no timeout for the first reply."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        from jeepney import Parser

        self._socket = connected
        self._deadline = deadline
        self._parser = Parser()
        self._serials = count(1)

    def call(self, message: Message) -> Message:
        """Send a call and return the reply, which may be an error."""
        return self.receive_reply(self.send(message))

    def send(self, message: Message) -> int:
        """Send a call and return its serial number."""
        from jeepney import MessageFlag

        # The app may have exited since it was listed: the call must not start it
        message.header.flags |= MessageFlag.no_auto_start
        serial = next(self._serials)
        self._set_timeout()
        self._socket.sendall(message.serialise(serial=serial))
        return serial

    def receive_reply(self, serial: int) -> Message:
        """Wait for the reply to a call."""
        from jeepney import HeaderFields

        while True:
            message = self._parser.get_next_message()
            if message is None:
                self._set_timeout()
                if not (data := self._socket.recv(4096)):
                    raise ConnectionResetError("the bus has closed")
                self._parser.add_data(data, [])
            elif message.header.fields.get(HeaderFields.reply_serial) == serial:
                return message

    def _set_timeout(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {TIMEOUT_S:g} s")
        self._socket.settimeout(left)


def _open_by_applescript(uri: str) -> bool:
    """Open a link by AppleScript, which the tests cannot run.

    `pgrep` checks first that the app runs: for a missing app, macOS would ask the user where it is.
    """
    try:
        return _run(["pgrep", "-x", "Spotify"], TIMEOUT_S) and _send_script(applescript_command(uri))
    except (OSError, subprocess.TimeoutExpired) as error:
        log.info("no Spotify app: %s", error)
        return False


def _send_script(command: list[str]) -> bool:
    first = not first_answer.is_set()
    try:
        opened = _run(command, PROMPT_S if first else TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        log.info("the Spotify app did not answer: %s", error)
        # Without an answer to macOS the link was never sent
        return not first
    first_answer.set()
    return opened


def _run(command: list[str], timeout_s: float) -> bool:
    completed = subprocess.run(command, check=False, capture_output=True, timeout=timeout_s, stdin=subprocess.DEVNULL)
    if completed.returncode and completed.stderr:
        log.info("%s failed: %s", command[0], completed.stderr.decode(errors="replace").strip())
    return completed.returncode == 0


def _open_by_windows(uri: str) -> bool:
    """Open a link by Windows, which passes it to the app registered for `spotify:`. The tests cannot run it."""
    if sys.platform != "win32":
        return False
    import os
    import winreg

    try:
        winreg.CloseKey(winreg.OpenKey(winreg.HKEY_CLASSES_ROOT, "spotify"))
        os.startfile(uri)  # noqa: S606 - no shell: the link is letters, digits and colons
    except OSError as error:
        log.info("no Spotify app: %s", error)
        return False
    return True
