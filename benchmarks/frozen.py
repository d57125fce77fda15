"""Processor use of a live session in a window while its picture is frozen with the space key."""

from __future__ import annotations

import sys

from benchmarks.children import child_environment, live_source, module_command, read_numbers, virtual_screen
from benchmarks.figures import Figure, build_parser, print_report
from benchmarks.live import FREEZE_AFTER_S, SETTLE_S
from benchmarks.scene import Scene

SECONDS = 10.0
CAMERA = Scene(640, 480, 1)


def figures(seconds: float) -> list[Figure]:
    """Measure the row of the table.

    Raises:
        DisplayError: the tools for a virtual screen are missing.
        EmodjError: the session failed.
    """
    with virtual_screen() as display, live_source(CAMERA) as source:
        total = str(FREEZE_AFTER_S + SETTLE_S + seconds)
        found = read_numbers(
            module_command("benchmarks.live", source, "--window", "--freeze", "--seconds", total), child_environment(display)
        )
    share = 100 * found["frozen_share"]
    return [Figure("frozen by space, share of a core", share, 5.0, 5.0, more_is_better=False, unit="%")]


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
