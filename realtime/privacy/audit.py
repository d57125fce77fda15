"""Watch a process with audit hooks: what Python opens, connects and starts, but not what native libraries do."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.privacy.events import Event, Kind, SoundServer, address_event, socket_event, written_event

if TYPE_CHECKING:
    from collections.abc import Sequence


def audited(arguments: Sequence[str], report: Path, *, leaves_network: bool) -> list[str]:
    """The command line that runs a command line of emodj with audit hooks; `report` is made here.

    Args:
        arguments: of emodj.
        report: a new file for what the hooks report.
        leaves_network: whether it runs without a network, see `namespace`.
    """
    report.touch()
    leaves = "yes" if leaves_network else "no"
    return [sys.executable, "-P", "-m", "realtime.privacy.audited", str(report), leaves, *arguments]


def read_report(report: Path, start: Path, sound: SoundServer | None) -> list[Event]:
    """What the report of the hooks holds.

    Args:
        report: as written by `audited`.
        start: where the process started.
        sound: what a sound server keeps, if a song was played.
    """
    lines = report.read_text(encoding="utf-8").splitlines()
    events = [event_of_line(json.loads(line), start, sound) for line in lines]
    return [event for event in events if event is not None]


def event_of_line(line: Sequence[object], start: Path, sound: SoundServer | None = None) -> Event | None:
    """The event of one line of the report; None for the null device."""
    match line:
        case ["path", str(path)]:
            is_null = path.lower() == os.devnull
            return None if is_null else written_event(Path(os.path.normpath(start / path)), sound)
        case ["address" | "listens" as what, str(host), int(port)]:
            return address_event(host, port, listens=what == "listens")
        case ["socket", str(path)]:
            return socket_event(path)
        case ["name", str(host)]:
            return None if _is_address(host) else Event(Kind.CONNECTED, f"asked for the address of {host}")
        case ["starts", str(program)]:
            return Event(Kind.LOCAL, f"started {program}, which was not watched")
        case ["relative", str(path)]:
            found = Event(Kind.WRITTEN, f"{path} in the working folder, or in another one that is open")
        case _:
            # Perhaps an address
            found = Event(Kind.CONNECTED, f"an action that was not understood: {line}")
    return found


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(host))
    return False
