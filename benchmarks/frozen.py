"""What a live session in a window uses of the processor while space holds its picture still."""

from __future__ import annotations

import sys

from benchmarks.children import environment, live_clip, numbers, python, screen
from benchmarks.figures import Figure, parser, report
from benchmarks.live import FREEZE_AFTER_S, SETTLE_S
from benchmarks.scene import Scene

SECONDS = 10.0
CAMERA = Scene(640, 480, 1)


def figures(seconds: float) -> list[Figure]:
    """The row of the table.

    Raises:
        DisplayError: there are no tools for a virtual screen.
        EmodjError: the session failed.
    """
    with screen() as display, live_clip(CAMERA) as source:
        whole = str(FREEZE_AFTER_S + SETTLE_S + seconds)
        found = numbers(python("benchmarks.live", source, "--window", "--freeze", "--seconds", whole), environment(display))
    share = 100 * found["frozen_share"]
    return [Figure("frozen by space, share of a core", share, 5.0, 5.0, more_is_better=False, unit="%")]


def main() -> int:
    """Measure and print."""
    given = parser(__doc__, seconds=SECONDS).parse_args()
    return report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
