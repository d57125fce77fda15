"""Watch a process with strace, which sees each of its calls to the kernel, native libraries and child processes included."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.privacy.events import Event, Kind, SoundServer, address_event, socket_event, written_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAM = "strace"
WRITES = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"}
CHANGES = {
    *("mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("mknod", "mknodat", "truncate", "chmod", "fchmodat", "creat", "unlink", "unlinkat", "rmdir"),
}
"""Calls that change a path. With two paths, such as in a rename, the second one is new."""
SENDS = {"connect", "sendto", "sendmsg", "sendmmsg", "bind"}
# Not every kernel has every call; `?` lets strace pass over an unknown name
TRACED = ",".join(f"?{name}" for name in ["open", "openat", "openat2", "io_uring_setup", *sorted(CHANGES), *sorted(SENDS)])

# Texts, and paths of descriptors, can hold what looks like the end of a call
_CALL = re.compile(r'(\w+)\(((?:"(?:[^"\\]|\\.)*"|<[^<>]*>(?!$)|[^"<])*?)(?:\) += (-?\d+|\?)(.*)| <unfinished \.\.\.>)$')
_RESULT = re.compile(r"<(/(?!memfd:)[^<>]*)>")
"""The path behind a descriptor that a call returned: where a link led to."""
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
# The option -y prints the path of a descriptor behind it
_FOLDER = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>, $")
_ADDRESS = re.compile(r"\{sa_family=AF_(\w+)(?:, ([^{}]*))?\}")
_HOST = re.compile(r'(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
_PORT = re.compile(r"htons\((\d+)\)")
_SOCKET = re.compile(r'sun_path=(@?)"((?:[^"\\]|\\.)*)"')


def works() -> bool:
    """Whether strace is installed and may trace; containers can forbid it."""
    try:
        return subprocess.run([PROGRAM, "-qq", "-o", os.devnull, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def traced(command: Sequence[str], reports: Path) -> list[str]:
    """The command line that runs a command under strace; `reports` is an empty folder for what strace writes."""
    # A file for each thread: otherwise the lines of two threads are cut into each other
    return [PROGRAM, "-ff", "-qq", "-y", "-s", "4096", "-e", f"trace={TRACED}", "-o", str(reports / "calls"), *command]


def read_reports(reports: Path, start: Path, sound: SoundServer | None) -> list[Event]:
    """What the reports of strace hold.

    Args:
        reports: the folder that strace wrote to.
        start: where the process started.
        sound: what a sound server keeps, if a song was played.
    """
    lines = (line for report in sorted(reports.iterdir()) for line in report.read_bytes().decode("latin-1").splitlines())
    return [event for line in lines for event in events_of_call(line, start, sound)]


def events_of_call(line: str, start: Path, sound: SoundServer | None = None) -> Iterator[Event]:
    """The events of one line of strace.

    A path that was not there, or could not be written, is no event. An address that did not answer is one, and so is a call
    that is not understood. A file that is opened by a link is named by the place that the link leads to.
    """
    call = _CALL.match(line)
    if call is None:
        if re.match(r"\w+\(", line):
            # Perhaps an address
            yield Event(Kind.CONNECTED, f"a call that was not understood: {line}")
        return
    name, arguments, result, opened = call[1], call[2], call[3] or "?", call[4] or ""
    failed = result.startswith("-")
    if name in SENDS:
        yield from _addresses(name, arguments, failed=failed)
    elif name == "io_uring_setup" and not failed:
        yield Event(Kind.CONNECTED, "io_uring, which strace does not see through")
    elif not failed and (path := _changed_path(name, arguments, opened, start)) is not None:
        event = written_event(path, sound)
        if event is not None:
            yield event


def _changed_path(name: str, arguments: str, opened: str, start: Path) -> Path | None:
    opens = name.startswith("open") or name == "creat"
    flags = re.split(r"\W+", re.sub("<[^<>]*>", "", _TEXT.sub("", arguments)))
    texts = list(_TEXT.finditer(arguments))
    if not texts or not (name in CHANGES or (opens and not WRITES.isdisjoint(flags))):
        return None
    if opens and (found := _RESULT.match(opened)) is not None:
        return Path(_unescape(found[1]))
    text = texts[-1]
    given = _FOLDER.search(arguments, 0, text.start())
    folder = start if given is None else Path(_unescape(given[1]))
    return Path(os.path.normpath(folder / _unescape(text[1])))


def _addresses(name: str, arguments: str, *, failed: bool) -> Iterator[Event]:
    # What is sent may look like an address
    without_data = _TEXT.sub('""', arguments, count=1) if name == "sendto" else arguments
    for family, details in _ADDRESS.findall(without_data):
        host, port, path = _HOST.search(details), _PORT.search(details), _SOCKET.search(details)
        if host is not None and port is not None:
            if name != "bind" or not failed:
                yield address_event(host[1], int(port[1]), listens=name == "bind")
        elif family in {"UNIX", "LOCAL"}:
            if path is not None and path[2] and not failed:
                yield socket_event(path[1] + _unescape(path[2]))
        elif family not in {"NETLINK", "UNSPEC"} and (name != "bind" or not failed):
            # Bluetooth, virtual machines, raw packets: not on this computer alone, as far as we know
            yield Event(Kind.CONNECTED, f"address of the family {family}")


def _unescape(text: str) -> str:
    r"""A path as strace escapes it: `\303\274` are the two bytes of an ü."""
    raw = text.encode("latin-1").decode("unicode_escape").encode("latin-1") if "\\" in text else text.encode("latin-1")
    return os.fsdecode(raw)
