"""Record what a process writes and whom it asks, native libraries included, as the kernel sees it.

It reads the same reports as `realtime.privacy.strace`, with other code: the promise is not tested by what tells of it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WRITES = {"O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"}
# With two paths, such as in a rename, the second one is new
CHANGES = {
    *("mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("mknod", "mknodat", "truncate", "chmod", "fchmodat", "creat"),
}
SENDS = {"connect", "sendto", "sendmsg", "sendmmsg"}
TRACED = ",".join(["open", "openat", "openat2", *sorted(CHANGES), *sorted(SENDS)])

_CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+)")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
# The option -y prints the path of a descriptor behind it
_FOLDER = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>, $")
_HOST = re.compile(r'(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
_PORT = re.compile(r"htons\((\d+)\)")


@dataclass(frozen=True)
class Trace:
    """What a process and its children did.

    Attributes:
        status: exit status.
        output: its stdout.
        errors: its stderr.
        written: paths that it made, changed or opened for writing, but for devices and for what the kernel keeps in `/proc`.
        asked: `HOST:PORT` of each internet address that it connected or sent to; also of this computer, since a name server can
            listen here.
    """

    status: int
    output: str
    errors: str
    written: set[Path] = field(default_factory=set[Path])
    asked: set[str] = field(default_factory=set[str])

    @property
    def left(self) -> set[Path]:
        """The written paths that are still there."""
        return {path for path in self.written if os.path.lexists(path)}


def trace(command: Sequence[str], folder: Path, environment: Mapping[str, str], reports: Path) -> Trace:
    """Run a command of Python under strace.

    Args:
        command: arguments of the interpreter.
        folder: where it starts.
        environment: its environment variables.
        reports: an empty folder for what strace writes.
    """
    # A file for each thread: otherwise the lines of two threads are cut into each other
    recorder = ["strace", "-ff", "-qq", "-y", "-s", "4096", "-e", f"trace={TRACED}", "-o", str(reports / "calls")]
    ended = subprocess.run(
        [*recorder, sys.executable, *command],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    found = Trace(ended.returncode, ended.stdout, ended.stderr)
    for report in reports.iterdir():
        for line in report.read_text(encoding="utf-8", errors="replace").splitlines():
            call = _CALL.match(line)
            if call is not None:
                found.written.update(_written(call[1], call[2], int(call[3]), folder))
                found.asked.update(_asked(call[1], call[2]))
    return found


def works() -> bool:
    """Whether strace is installed and may trace; containers can forbid it."""
    try:
        return subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _written(name: str, arguments: str, result: int, start: Path) -> Iterator[Path]:
    opened = name.startswith("open") and not WRITES.isdisjoint(re.split(r"\W+", arguments))
    if result < 0 or not (opened or name in CHANGES):
        return
    *_, text = _TEXT.finditer(arguments)
    given = _FOLDER.search(arguments, 0, text.start())
    path = (start if given is None else Path(given[1])) / text[1]
    if path.parts[1] not in {"dev", "proc"}:
        yield path


def _asked(name: str, arguments: str) -> Iterator[str]:
    if name in SENDS:
        for host, port in zip(_HOST.findall(arguments), _PORT.findall(arguments), strict=True):
            yield f"{host}:{port}"
