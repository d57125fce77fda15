"""Run commands of emodj under a watcher, and add up what they wrote and where they connected."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.privacy import audit, namespace, strace
from realtime.privacy.events import Event, Kind, SoundServer, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Watcher(Enum):
    """What watches a process, the best first."""

    STRACE = "strace"
    NAMESPACE = "namespace"
    AUDIT = "audit"


BY = {
    Watcher.STRACE: "strace, which sees each call to the kernel",
    Watcher.NAMESPACE: "audit hooks of Python, in a network namespace without a network",
    Watcher.AUDIT: "audit hooks of Python",
}
"""A few words on each watcher."""

SEEN = {
    Watcher.STRACE: "native libraries and child processes were watched, too",
    Watcher.NAMESPACE: (
        "native libraries and child processes could not reach an internet address; "
        "their files and their sockets of this computer were not watched"
    ),
    Watcher.AUDIT: "native libraries (OpenCV, LiteRT) and child processes were not watched",
}
"""What it saw of native code."""

NOT_COUNTED = "files in which Python itself keeps compiled code (__pycache__); this test turns them off"


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of emodj to watch.

    Attributes:
        name: what it does, in a word.
        arguments: of emodj.
        plays: whether it plays a song: then the files of the sound server are not held against it.
    """

    name: str
    arguments: tuple[str, ...]
    plays: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A command that was watched.

    Attributes:
        command: what ran.
        status: its exit status; below zero the signal that ended it.
        message: last line of its stderr, "" without one.
        seconds: how long it took under watch.
        events: what it did, without repetitions.
    """

    command: Command
    status: int
    message: str
    seconds: float
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What all commands did.

    Attributes:
        watcher: what watched them.
        steps: in the order in which they ran.
    """

    watcher: Watcher
    steps: tuple[Step, ...]

    def of(self, kind: Kind) -> tuple[str, ...]:
        """What happened of one kind, without repetitions."""
        return tuple(dict.fromkeys(event.what for step in self.steps for event in step.events if event.kind is kind))

    @property
    def kept(self) -> bool:
        """Whether nothing was written and nothing connected, by commands that all succeeded."""
        return not self.of(Kind.WRITTEN) and not self.of(Kind.CONNECTED) and all(step.status == 0 for step in self.steps)


def choose_watcher(wanted: Watcher | None = None) -> Watcher:
    """The best watcher that works on this computer.

    Args:
        wanted: the one that is asked for; None takes the best.

    Raises:
        EmodjError: the one that is asked for does not work here.
    """
    if wanted is Watcher.STRACE and not strace.works():
        raise EmodjError("strace is not installed, or may not trace here: install it, or leave --watch out")
    if wanted is Watcher.NAMESPACE and not namespace.can_leave_network():
        raise EmodjError("this system does not allow a network namespace: leave --watch out")
    if wanted is not None:
        return wanted
    return Watcher.STRACE if strace.works() else Watcher.NAMESPACE if namespace.can_leave_network() else Watcher.AUDIT


def watch_command(command: Command, watcher: Watcher, environment: Mapping[str, str] | None = None) -> Step:
    """Run a command in another process under a watcher. It gets no input, and its output is not shown.

    Args:
        command: what runs.
        watcher: what watches it; it must work here.
        environment: variables that are added to those of this process.

    Raises:
        EmodjError: there is no room for the report, or the watcher cannot be started.
    """
    start = Path.cwd()
    sound = _sound_server() if command.plays else None
    begun = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="emodj-", ignore_cleanup_errors=True) as folder:
            ended, events = _run(command.arguments, watcher, Path(folder).resolve(), start, sound, environment or {})
    except OSError as error:
        raise EmodjError(f"the command cannot be watched ({error.strerror or error})") from error
    lines = ended.stderr.decode(errors="replace").strip().splitlines()
    return Step(command, ended.returncode, lines[-1] if lines else "", time.monotonic() - begun, in_order(events))


def _run(
    arguments: Sequence[str],
    watcher: Watcher,
    folder: Path,
    start: Path,
    sound: SoundServer | None,
    environment: Mapping[str, str],
) -> tuple[subprocess.CompletedProcess[bytes], list[Event]]:
    report = folder / "report"
    if watcher is Watcher.STRACE:
        report.mkdir()
        # -P: never modules of the folder that emodj is started in
        command = strace.traced([sys.executable, "-P", "-m", "realtime", *arguments], report)
    else:
        command = audit.audited(arguments, report, leaves_network=watcher is Watcher.NAMESPACE)
    ended = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    read = strace.read_reports if watcher is Watcher.STRACE else audit.read_report
    return ended, read(report, start, sound)


def _sound_server() -> SoundServer:
    settings = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return SoundServer(Path(settings), Path(tempfile.gettempdir()))
