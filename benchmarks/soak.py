"""Soak test: memory, threads and open files of a live session over many minutes, with faces that come and go.

The session is a separate process, observed through /proc (Linux). The first two minutes do not count. The last line says
whether the bar is met; as with the other benchmarks, the exit status reports only errors.
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

from benchmarks.children import ROOT, STOP_TIMEOUT_S, child_environment, live_source, module_command, virtual_screen
from benchmarks.scene import Scene
from realtime.errors import EmodjError

MINUTES = 30.0
SETTLE_MIN = 2.0
MAX_GROWTH_MIB = 5.0
INTERVAL_MIN = 3.0
MEMORY_SAMPLES = 5
"""A figure of memory is the median of this many samples, a second apart, since memory fluctuates."""

PEOPLE = Scene(640, 480, 2)


@dataclass(frozen=True, slots=True)
class Sample:
    """Resources of a process at one time.

    Attributes:
        minutes: minutes since its start.
        memory_mib: resident memory.
        threads: number of threads.
        handles: number of open files, pipes and sockets.
    """

    minutes: float
    memory_mib: float
    threads: int
    handles: int


class ProcessMonitor:
    """Observes the resources of a process.

    Args:
        process: a running process.
        pause_s: seconds between two samples of its memory.
    """

    def __init__(self, process: subprocess.Popen[str], pause_s: float) -> None:
        self._process = process
        self._pause_s = pause_s
        self._began = time.monotonic()

    @property
    def minutes(self) -> float:
        """Minutes since the start."""
        return (time.monotonic() - self._began) / 60

    def wait(self, minutes: float) -> None:
        """Wait until this many minutes after the start.

        Raises:
            EmodjError: the process ended.
        """
        try:
            self._process.wait(max(0.0, (minutes - self.minutes) * 60))
        except subprocess.TimeoutExpired:
            return
        _, errors = self._process.communicate()
        raise EmodjError(f"the session ended after {self.minutes:.1f} minutes: {(errors.strip().splitlines() or ['?'])[-1]}")

    def sample(self) -> Sample:
        """Measure the current resources.

        Raises:
            EmodjError: the process ended.
        """
        memory: list[float] = []
        for _ in range(MEMORY_SAMPLES):
            memory.append(self._status("VmRSS") / 1024)
            self.wait(self.minutes + self._pause_s / 60)
        handles = len(list(self._proc_folder.joinpath("fd").iterdir()))
        return Sample(self.minutes, median(memory), self._status("Threads"), handles)

    def _status(self, name: str) -> int:
        lines = self._proc_folder.joinpath("status").read_text(encoding="ascii").splitlines()
        return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)

    @property
    def _proc_folder(self) -> Path:
        return Path("/proc", str(self._process.pid))


def soak(minutes: float, *, window: bool, every: float = INTERVAL_MIN) -> tuple[Sample, Sample]:
    """Run a session and print its resources at an interval.

    Args:
        minutes: duration.
        window: whether to open a window, on a virtual screen.
        every: minutes from one line to the next.

    Returns:
        The samples after the settling time and at the end.

    Raises:
        EmodjError: the session ended too early.
    """
    with ExitStack() as stack:
        display = stack.enter_context(virtual_screen()) if window else None
        source = stack.enter_context(live_source(PEOPLE))
        # The limit is longer than the test, since the last sample needs a running session
        command = module_command(
            "benchmarks.live", source, "--seconds", str(minutes * 60 + 600), *(["--window"] if window else [])
        )
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        process = subprocess.Popen(command, env=child_environment(display), cwd=ROOT, stdout=null, stderr=pipe, text=True)
        stack.callback(_end, process)
        settled = min(SETTLE_MIN, minutes / 2)
        monitor = ProcessMonitor(process, min(1.0, minutes * 60 / 50))
        print("minutes  resident MiB  threads  handles", flush=True)
        monitor.wait(settled)
        first = last = _print_sample(monitor.sample())
        while monitor.minutes < minutes:
            monitor.wait(min(monitor.minutes + every, minutes))
            last = _print_sample(monitor.sample())
    return first, last


def _print_sample(sample: Sample) -> Sample:
    print(f"{sample.minutes:7.1f}  {sample.memory_mib:12.1f}  {sample.threads:7}  {sample.handles:7}", flush=True)
    return sample


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def format_verdict(first: Sample, last: Sample) -> str:
    """Format the last line."""
    grown = last.memory_mib - first.memory_mib
    met = "met" if grown < MAX_GROWTH_MIB else "NOT MET"
    more = f"threads {last.threads - first.threads:+d}, handles {last.handles - first.handles:+d}"
    span = last.minutes - first.minutes
    return (
        f"memory grew by {grown:.1f} MiB in the last {span:.1f} minutes (below {MAX_GROWTH_MIB:g} in 28 wanted: {met}); {more}"
    )


def main() -> int:
    """Run and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=MINUTES, help="how long (default: %(default)g)")
    options.add_argument("--window", action="store_true", help="in a window on a virtual screen")
    given = options.parse_args()
    try:
        print(format_verdict(*soak(given.minutes, window=given.window)))
    except EmodjError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.status
    return 0


if __name__ == "__main__":
    sys.exit(main())
