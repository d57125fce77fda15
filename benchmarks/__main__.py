"""Run the benchmarks of `ALL` and print one table, in about six minutes; the other benchmarks are started one by one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks import at_rest, forward, frozen, memory, startup, throughput, window
from benchmarks.figures import Figure, build_parser, print_report
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable

ALL = (throughput, forward, window, memory, startup, frozen, at_rest)
SECONDS = sum(part.SECONDS for part in ALL)


def figures(seconds: float) -> list[Figure]:
    """Run all benchmarks and return their rows. A benchmark that cannot run is reported on stderr and left out.

    Raises:
        EmodjError: no benchmark can run.
    """
    rows: list[Figure] = []
    failure: EmodjError | None = None
    for part in ALL:
        measure: Callable[[float], list[Figure]] = part.figures
        name = part.__name__.rpartition(".")[2]
        print(f"benchmarks: {name} …", file=sys.stderr, flush=True)
        try:
            rows += measure(part.SECONDS * seconds / SECONDS)
        except EmodjError as error:
            print(f"benchmarks: {name} is left out: {error}", file=sys.stderr)
            failure = error
    if not rows and failure:
        raise failure
    return rows


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
