"""A process that reports what Python does in it: `python -m realtime.privacy.audited REPORT yes|no ARGUMENTS…`.

It runs a command line of emodj. An audit hook writes a line of JSON for each action that Python announces (PEP 578). Native
libraries announce nothing. "yes" leaves the network before (see `namespace`).
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

from realtime.privacy.namespace import leave_network

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_PATHS: dict[str, tuple[int, int | None]] = {
    "os.mkdir": (0, 2),
    "os.rename": (1, 3),
    "os.link": (1, 3),
    "os.symlink": (1, 2),
    "os.truncate": (0, None),
    "os.chmod": (0, 2),
    "os.remove": (0, 1),
    "os.rmdir": (0, 1),
}
"""Events that change a path: which argument is the path, and which one the open folder that it is relative to."""
_SOCKETS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"}
_STARTS = {
    **dict.fromkeys(("subprocess.Popen", "os.posix_spawn", "os.exec", "os.startfile", "os.system", "pty.spawn"), 0),
    **dict.fromkeys(("os.spawn", "_winapi.CreateProcess"), 1),
}
"""Events that start a program, and which argument names it."""
_FORKS = {"os.fork", "os.forkpty"}
_IN_MEMORY = {"", ":memory:"}


def describe(event: str, arguments: tuple[Any, ...]) -> list[object] | None:
    """A line of the report for an event that matters: its kind and what it names; None for others."""
    return _write(event, arguments) or _reach(event, arguments) or _start(event, arguments)


def _write(event: str, arguments: tuple[Any, ...]) -> list[object] | None:
    """The line of a path that is opened for writing or changes; None for other events."""
    if event == "sqlite3.connect":
        # SQLite opens the file by itself, and Python announces no more of it
        name = os.fsdecode(arguments[0])
        if name.startswith("file:"):
            name = name.removeprefix("file:").partition("?")[0]
        return None if name in _IN_MEMORY else _path(name)
    # A number is a file that is open already
    if event == "open" and arguments[2] & _WRITING and not isinstance(arguments[0], int):
        # `os.open` has no mode, and does not tell Python's hooks the folder that a path is relative to
        return _path(arguments[0], known=arguments[1] is not None)
    place, folder = _PATHS.get(event, (0, None))
    if event not in _PATHS or isinstance(arguments[place], int):
        return None
    return _path(arguments[place], None if folder is None else arguments[folder])


def _reach(event: str, arguments: tuple[Any, ...]) -> list[object] | None:
    """The line of an address or a socket; None for other events."""
    if event in _SOCKETS:
        address = arguments[1]
        if isinstance(address, tuple):
            return ["listens" if event == "socket.bind" else "address", str(address[0]), int(address[1])]
        return None if address is None else ["socket", _socket_name(address)]
    if event == "socket.getaddrinfo":
        host = arguments[0]
        return None if host is None else ["name", host.decode() if isinstance(host, bytes) else str(host)]
    return None


def _path(path: str | bytes, folder: int | None = None, *, known: bool = True) -> list[object]:
    """The line of a path that changes.

    Args:
        path: as the process names it.
        folder: descriptor of the open folder that a relative path begins at; None, or below 0: the working folder.
        known: whether `folder` is known.
    """
    name = os.fsdecode(path)
    # The null device of Windows, `nul`, lies in no folder
    if Path(name).is_absolute() or name.lower() == os.devnull:
        return ["path", name]
    if not known:
        return ["relative", name]
    try:
        # The process may leave the folder that it was started in
        above = Path.cwd() if folder is None or folder < 0 else Path(f"/proc/self/fd/{folder}").readlink()
    except OSError:
        return ["relative", name]
    return ["path", os.path.join(above, name)]  # noqa: PTH118 - `..` behind a link stays as it is


def _socket_name(address: str | bytes) -> str:
    name = os.fsdecode(address)
    # An abstract name begins with a zero
    return f"@{name[1:]}" if name.startswith("\0") else name


def _start(event: str, arguments: tuple[Any, ...]) -> list[object] | None:
    """The line of another process; None for other events."""
    if event in _FORKS:
        return ["starts", "a copy of this process"]
    if event in _STARTS:
        program = arguments[_STARTS[event]]
        if program is None:
            # On Windows `Popen` names no program, and `CreateProcess`, which it calls, does
            return None
        return ["starts", os.fsdecode(program) if isinstance(program, bytes) else str(program)]
    return None


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
