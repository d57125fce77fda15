"""Hand a link to the Spotify app, if it runs, or start it: no account, no API."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from itertools import count
from struct import error as StructError  # noqa: N812 - it is a class
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from jeepney import Message

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""How long the app may take to answer, all in all."""

NAME = "org.mpris.MediaPlayer2.spotify"
"""What the app calls itself on the session's bus, with `.instanceNUMBER` behind it if there are several."""


def open_in_app(uri: str) -> bool:
    """Let the Spotify app play what a `spotify:KIND:ID` names. Where it does not run, Linux and macOS do not start it.

    Returns:
        False if the app does not run, or refuses. One that was told and says nothing within two seconds has the link: it
        may be late, and whoever opens the link elsewhere would open it twice.
    """
    if sys.platform == "win32":
        return _by_windows(uri)
    if sys.platform == "darwin":
        return _by_script(uri)
    try:
        return _by_bus(uri)
    # All that a bus can be: not there, at an address that is none, silent, refusing, or talking nonsense. Or jeepney is not
    # installed.
    except (ImportError, OSError, LookupError, ValueError, RuntimeError, StructError) as error:
        log.info("no session bus: %s", error)
        return False


def start_command(uri: str) -> list[str] | None:
    """The command line that starts this computer's Spotify app with what a `spotify:KIND:ID` names; None without an app."""
    if sys.platform == "darwin":
        return ["open", "-g", "-a", "Spotify"]
    try:
        return ["xdg-open", uri] if _registered() else None
    except (OSError, subprocess.TimeoutExpired) as error:
        log.info("no Spotify app to start: %s", error)
        return None


def _registered() -> bool:
    """Whether a program of this desktop takes `spotify:` links: without one `xdg-open` would ask a browser."""
    asked = subprocess.run(
        ["xdg-mime", "query", "default", "x-scheme-handler/spotify"],
        check=False,
        capture_output=True,
        timeout=PATIENCE_S,
        stdin=subprocess.DEVNULL,
    )
    return asked.returncode == 0 and bool(asked.stdout.strip())


def player(names: Sequence[str]) -> str | None:
    """The app among the names on a bus. `spotifyd` and its like are no window that somebody looks at."""
    return next((name for name in sorted(names) if name == NAME or name.startswith(f"{NAME}.")), None)


def _by_bus(uri: str) -> bool:
    """MPRIS, the way of Linux desktops to speak to players."""
    from jeepney import DBusAddress, MessageType, message_bus, new_method_call
    from jeepney.bus import find_session_bus
    from jeepney.io.blocking import prep_socket

    deadline = time.monotonic() + PATIENCE_S
    with prep_socket(find_session_bus(), timeout=PATIENCE_S) as connected:
        bus = _Bus(connected, deadline)
        bus.ask(message_bus.Hello())
        listed = bus.ask(message_bus.ListNames())
        name = player(listed.body[0]) if listed.header.message_type is MessageType.method_return else None
        if name is None:
            return False
        address = DBusAddress("/org/mpris/MediaPlayer2", name, "org.mpris.MediaPlayer2.Player")
        told = bus.tell(new_method_call(address, "OpenUri", "s", (uri,)))
        try:
            answer = bus.answer(told)
        except OSError as error:
            log.info("%s has the link and says nothing: %s", name, error)
            return True
        if answer.header.message_type is MessageType.method_return:
            return True
        log.info("%s refuses: %s", name, answer.body)
        return False


class _Bus:
    """Questions and answers over one deadline. jeepney's own connection would wait for ever for the first answer."""

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        from jeepney import Parser

        self._socket = connected
        self._deadline = deadline
        self._parser = Parser()
        self._serials = count(1)

    def ask(self, message: Message) -> Message:
        """Send a call; returns the answer, which may be an error."""
        return self.answer(self.tell(message))

    def tell(self, message: Message) -> int:
        """Send a call; returns its number."""
        from jeepney import MessageFlag

        # The app may have ended since it was listed: calling it must not start it
        message.header.flags |= MessageFlag.no_auto_start
        serial = next(self._serials)
        self._wait()
        self._socket.sendall(message.serialise(serial=serial))
        return serial

    def answer(self, serial: int) -> Message:
        """Wait for the answer to a call."""
        from jeepney import HeaderFields

        while True:
            got = self._parser.get_next_message()
            if got is None:
                self._wait()
                if not (data := self._socket.recv(4096)):
                    raise ConnectionResetError("the bus has closed")
                self._parser.add_data(data, [])
            elif got.header.fields.get(HeaderFields.reply_serial) == serial:
                return got

    def _wait(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {PATIENCE_S:g} s")
        self._socket.settimeout(left)


def _by_script(uri: str) -> bool:
    """AppleScript. Our tests cannot run it; `pgrep` first, for a script that names an absent app asks where it is."""
    try:
        return _succeeds(["pgrep", "-x", "Spotify"]) and _told(script(uri))
    except (OSError, subprocess.TimeoutExpired) as error:
        log.info("no Spotify app: %s", error)
        return False


def _told(command: list[str]) -> bool:
    try:
        return _succeeds(command)
    except subprocess.TimeoutExpired as error:
        log.info("the Spotify app has the link and says nothing: %s", error)
        return True


def _succeeds(command: list[str]) -> bool:
    ended = subprocess.run(command, check=False, capture_output=True, timeout=PATIENCE_S, stdin=subprocess.DEVNULL)
    return ended.returncode == 0


def script(uri: str) -> list[str]:
    """The command line that lets the app of macOS play something; the link is an argument and no part of the script."""
    lines = ["on run argv", 'tell application "Spotify" to play track (item 1 of argv)', "end run"]
    return ["osascript", *(part for line in lines for part in ("-e", line)), uri]


def _by_windows(uri: str) -> bool:
    """Windows hands `spotify:` to the app that has registered it. Our tests cannot run it."""
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
