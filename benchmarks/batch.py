"""`emodj batch` over generated pictures: what a second process brings, and whether memory grows (Linux).

    python -m benchmarks.batch                    2,000 pictures: pace of one and of two processes, and their memory
    python -m benchmarks.batch --pictures 100000  the same for 100,000
    python -m benchmarks.batch --plain            without faces, about ten times as fast: for the memory alone

The pace is also given by processor time: on a busy machine two processes do not get two cores. Memory is what the command and
its processes have together, each shared page counted once (PSS), after the first thousand pictures and at its highest later.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from benchmarks.children import ROOT, child_environment, module_command

WARM = 1000
"""Pictures after which memory is taken for the first time."""

SAMPLE_S = 0.5
MOST_MIB = 400
KINDS = 50
"""Different pictures; the others are further names of their files."""


def make_pictures(folder: Path, count: int, *, plain: bool) -> None:
    """Write pictures: nine of ten show a face, in different places and brightness; with `plain` none does."""
    portrait = np.asarray(cv2.imread(str(ROOT / "tests" / "data" / "astronaut.jpg")), np.uint8)[40:190, 140:300]
    face, rng = cv2.resize(portrait, (128, 120)), np.random.default_rng(0)
    for number in range(min(KINDS, count)):
        image = np.roll(cv2.convertScaleAbs(face, alpha=0.8 + number / 200), number % 16, axis=1)
        if plain or number % 10 == 0:
            image = rng.integers(90, 110, (48, 64, 3) if plain else (120, 128, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number:07}.png"), image)
    for number in range(KINDS, count):
        os.link(folder / f"{number % KINDS:07}.png", folder / f"{number:07}.png")


def measure(folder: Path, table: Path, jobs: int, count: int) -> dict[str, float]:
    """Run a batch; seconds, processor seconds, and MiB after the first thousand pictures and at the highest after them."""
    command = module_command("realtime", "batch", str(folder), "-o", str(table), "--jobs", str(jobs), "-q")
    rows = table.with_name(table.name + ".parts") / "rows.jsonl"
    used, started_s = _children_s(), time.monotonic()
    first, most, read_s = 0.0, 0.0, 0.0
    with subprocess.Popen(command, env=child_environment(), cwd=ROOT) as process:
        while process.poll() is None:
            time.sleep(SAMPLE_S)
            if not read_s and rows.exists():
                read_s = time.monotonic()
            # About 300 bytes a row
            if rows.exists() and rows.stat().st_size >= 300 * min(WARM, count // 2):
                now = _tree_mib(process.pid)
                first, most = first or now, max(most, now)
        assert process.returncode == 0
    ended_s = time.monotonic()
    return {"seconds": ended_s - (read_s or started_s), "cpu": _children_s() - used, "first": first, "most": most}


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree_mib(root: int) -> float:
    """Memory of a process and of those that it started; MiB."""
    total, processes = 0, [root]
    while processes:
        number = processes.pop()
        with suppress(OSError):
            text = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii")
            total += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
            processes += map(int, Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii").split())
    return total / 1024


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--plain", action="store_true", help="pictures without faces")
    parser.add_argument("--jobs", type=int, nargs="*", default=[1, 2])
    given = parser.parse_args()
    found: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        folder.mkdir()
        make_pictures(folder, given.pictures, plain=given.plain)
        for jobs in given.jobs:
            found[jobs] = seen = measure(folder, Path(place) / f"{jobs}.jsonl", jobs, given.pictures)
            print(
                f"--jobs {jobs}: {given.pictures / seen['seconds']:7.1f} pictures a second, "
                f"{1000 * seen['cpu'] / given.pictures:6.2f} ms of processor time for each; "
                f"memory {seen['first']:.0f} MiB after the first {min(WARM, given.pictures // 2)}, "
                f"{seen['most']:.0f} MiB at most (must: {MOST_MIB})",
                flush=True,
            )
    if {1, 2} <= found.keys():
        one, two = found[1], found[2]
        print(f"two processes: ×{one['seconds'] / two['seconds']:.2f} by the clock (must: 1.8)")
        print(
            f"               ×{2 * one['cpu'] / two['cpu']:.2f} by processor time, as two idle cores would give "
            f"(load of this machine: {os.getloadavg()[0]:.1f})"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
