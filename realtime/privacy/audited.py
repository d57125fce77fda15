"""A process that reports what Python does in it: `python -m realtime.privacy.audited REPORT yes|no ARGUMENTS…`.

It runs a command line of emodj. An audit hook writes a line of JSON for each action that Python announces (PEP 578). Native
libraries announce nothing. "yes" leaves the network before (see `namespace`).
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from typing import Any

from realtime.privacy.namespace import leave_network

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_PATHS = {"os.mkdir": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1, "os.truncate": 0, "os.remove": 0, "os.rmdir": 0}
"""Events that change a path, and which of their arguments is the path."""
_SOCKETS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"}
_STARTS = {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.startfile"}


def describe(event: str, arguments: tuple[Any, ...]) -> list[object] | None:
    """A line of the report for an event that matters: its kind and what it names; None for others."""
    if event == "open":
        path, _, flags = arguments
        # A number is a file that is open already
        return ["path", os.fsdecode(path)] if flags & _WRITING and not isinstance(path, int) else None
    if event in _PATHS:
        path = arguments[_PATHS[event]]
        return None if isinstance(path, int) else ["path", os.fsdecode(path)]
    if event in _SOCKETS:
        address = arguments[1]
        if isinstance(address, tuple):
            return ["listens" if event == "socket.bind" else "address", str(address[0]), int(address[1])]
        return None if address is None else ["socket", os.fsdecode(address)]
    if event == "socket.getaddrinfo":
        host = arguments[0]
        return None if host is None else ["name", host.decode() if isinstance(host, bytes) else str(host)]
    return ["starts", str(arguments[0])] if event in _STARTS else None


def watch(report: int) -> None:
    """Report every later action of this process; it cannot be undone.

    Args:
        report: descriptor of the open report.
    """

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        try:
            found = describe(event, arguments)
        except (TypeError, ValueError, IndexError):
            found = ["unknown", event]
        if found is not None:
            os.write(report, json.dumps(found).encode() + b"\n")

    sys.addaudithook(hook)


def main() -> None:
    """Run the command line that the arguments name."""
    path, leaves, *arguments = sys.argv[1:]
    report = os.open(path, os.O_WRONLY | os.O_APPEND)
    if leaves == "yes":
        leave_network()
    watch(report)
    sys.argv[1:] = arguments
    runpy.run_module("realtime", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
