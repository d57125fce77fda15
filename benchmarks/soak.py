"""A live session for many minutes, with faces that come and go: does its memory grow, are threads or files left open?

The session is a process of its own, watched from without (Linux). The first two minutes are left to it to settle. The last
line says whether the bar is met; as with the other benchmarks, the exit status tells errors alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.children import END_S, ROOT, environment, live_clip, python, screen
from benchmarks.scene import Scene
from realtime.errors import EmodjError

MINUTES = 30.0
SETTLED_MIN = 2.0
MOST_MIB = 5.0
EVERY_MIN = 3.0
LOOKS = 5
"""One figure of memory is the median of so many, a second apart: it breathes."""

PEOPLE = Scene(640, 480, 2)


@dataclass(frozen=True, slots=True)
class Look:
    """What a process holds.

    Attributes:
        minutes: since it began.
        memory_mib: resident.
        threads: running.
        handles: open files, pipes and sockets.
    """

    minutes: float
    memory_mib: float
    threads: int
    handles: int


class Watched:
    """A process that is looked at from without.

    Args:
        process: running.
        pause_s: from one look at its memory to the next.
    """

    def __init__(self, process: subprocess.Popen[str], pause_s: float) -> None:
        self._process = process
        self._pause_s = pause_s
        self._began = time.monotonic()

    @property
    def minutes(self) -> float:
        """Since it began."""
        return (time.monotonic() - self._began) / 60

    def wait(self, minutes: float) -> None:
        """Wait until it is so old.

        Raises:
            EmodjError: it ended.
        """
        try:
            self._process.wait(max(0.0, (minutes - self.minutes) * 60))
        except subprocess.TimeoutExpired:
            return
        _, errors = self._process.communicate()
        raise EmodjError(f"the session ended after {self.minutes:.1f} minutes: {(errors.strip().splitlines() or ['?'])[-1]}")

    def look(self) -> Look:
        """What it holds now.

        Raises:
            EmodjError: it ended.
        """
        memory: list[float] = []
        for _ in range(LOOKS):
            memory.append(self._status("VmRSS") / 1024)
            self.wait(self.minutes + self._pause_s / 60)
        handles = len(list(self._place.joinpath("fd").iterdir()))
        return Look(self.minutes, median(memory), self._status("Threads"), handles)

    def _status(self, name: str) -> int:
        lines = self._place.joinpath("status").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)

    @property
    def _place(self) -> Path:
        return Path("/proc", str(self._process.pid))


def soak(minutes: float, *, window: bool, every: float = EVERY_MIN) -> tuple[Look, Look]:
    """Run a session and print what it holds, now and then.

    Args:
        minutes: how long.
        window: on a virtual screen, or without a window.
        every: minutes from one line to the next.

    Returns:
        The looks after it settled and at the end.

    Raises:
        EmodjError: it ended before its time.
    """
    with ExitStack() as stack:
        display = stack.enter_context(screen()) if window else None
        source = stack.enter_context(live_clip(PEOPLE))
        # It is ended from here: a look at the end needs it alive
        command = python("benchmarks.live", source, "--seconds", str(minutes * 60 + 600), *(["--window"] if window else []))
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment(display), cwd=ROOT, stdout=null, stderr=pipe, text=True)
        stack.callback(_end, process)
        settled = min(SETTLED_MIN, minutes / 2)
        watched = Watched(process, min(1.0, minutes * 60 / 50))
        print("minutes  resident MiB  threads  handles", flush=True)
        watched.wait(settled)
        first = last = _printed(watched.look())
        while watched.minutes < minutes:
            watched.wait(min(watched.minutes + every, minutes))
            last = _printed(watched.look())
    return first, last


def _printed(look: Look) -> Look:
    print(f"{look.minutes:7.1f}  {look.memory_mib:12.1f}  {look.threads:7}  {look.handles:7}", flush=True)
    return look


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def verdict(first: Look, last: Look) -> str:
    """The last line."""
    grown = last.memory_mib - first.memory_mib
    met = "met" if grown < MOST_MIB else "NOT MET"
    more = f"threads {last.threads - first.threads:+d}, handles {last.handles - first.handles:+d}"
    span = last.minutes - first.minutes
    return f"memory grew by {grown:.1f} MiB in the last {span:.1f} minutes (below {MOST_MIB:g} in 28 wanted: {met}); {more}"


def main() -> int:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=MINUTES, help="how long (default: %(default)g)")
    options.add_argument("--window", action="store_true", help="in a window on a virtual screen")
    given = options.parse_args()
    try:
        print(verdict(*soak(given.minutes, window=given.window)))
    except EmodjError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
