"""All figures in one table, in about five minutes. `python -m benchmarks.soak` and those of detection run for themselves."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks import forward, frozen, memory, startup, throughput, window
from benchmarks.figures import Figure, parser, report
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = (throughput, forward, window, memory, startup, frozen)
SECONDS = sum(part.SECONDS for part in ALL)


def figures(seconds: float) -> list[Figure]:
    """The rows of all benchmarks; one that cannot run here says so on stderr, and the others go on.

    Raises:
        EmodjError: none of them can run.
    """
    found: list[Figure] = []
    failure: EmodjError | None = None
    for part in ALL:
        measure: Callable[[float], list[Figure]] = part.figures
        name = part.__name__.rpartition(".")[2]
        print(f"benchmarks: {name} …", file=sys.stderr, flush=True)
        try:
            found += measure(part.SECONDS * seconds / SECONDS)
        except EmodjError as error:
            print(f"benchmarks: {name} is left out: {error}", file=sys.stderr)
            failure = error
    if not found and failure:
        raise failure
    return found


def main() -> int:
    """Measure and print."""
    given = parser(__doc__, seconds=SECONDS).parse_args()
    return report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
