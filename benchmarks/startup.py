"""Time for one picture, from the start of the process to the answer: `emodj image` and the reference, in turns."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.children import child_environment, module_command, run_child
from benchmarks.figures import Figure, build_parser, figure_of_turns, print_report
from benchmarks.reference import save_untrained_pair
from benchmarks.scene import PORTRAIT

SECONDS = 40.0
TURNS = 5


def figures(seconds: float = SECONDS, *, turns: int = TURNS) -> list[Figure]:
    """Measure the row of the table, in `turns` turns, or fewer if they take longer than `seconds`.

    Raises:
        EmodjError: TensorFlow is not installed, or a process failed.
    """
    env = child_environment()
    pairs: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder) / "ancestor.json"
        save_untrained_pair(pair)
        ours = module_command("realtime", "image", str(PORTRAIT), "--json")
        theirs = module_command("benchmarks.reference", str(PORTRAIT), "--pair", str(pair))
        # Both once unmeasured: the first start after an install compiles the bytecode and reads the disk
        _seconds(ours, env)
        _seconds(theirs, env)
        end = time.monotonic() + seconds
        while not pairs or (len(pairs) < turns and time.monotonic() < end):
            pairs.append((_seconds(ours, env), _seconds(theirs, env)))
    return [
        figure_of_turns("one picture, start to answer", pairs, unit=" s", must=1 / 10, moonshot=1 / 12, more_is_better=False)
    ]


def _seconds(command: list[str], env: dict[str, str]) -> float:
    began = time.perf_counter()
    run_child(command, env)
    return time.perf_counter() - began


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
