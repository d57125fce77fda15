"""One picture, from the start of the process to the answer: `emodj image` beside the ancestors' way, in turns."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.children import environment, python, run
from benchmarks.figures import Figure, of_turns, parser, report
from benchmarks.reference import save
from benchmarks.scene import PORTRAIT

SECONDS = 40.0
TURNS = 5


def figures(seconds: float = SECONDS, *, turns: int = TURNS) -> list[Figure]:
    """The rows of the table; fewer turns than `turns` once they took longer than `seconds`.

    Raises:
        EmodjError: TensorFlow is not installed, or a process failed.
    """
    env = environment()
    pairs: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder) / "ancestor.json"
        save(pair)
        ours = python("realtime", "image", str(PORTRAIT), "--json")
        theirs = python("benchmarks.reference", str(PORTRAIT), "--pair", str(pair))
        end = time.monotonic() + seconds
        while not pairs or (len(pairs) < turns and time.monotonic() < end):
            pairs.append((_seconds(ours, env), _seconds(theirs, env)))
    return [of_turns("one picture, start to answer", pairs, unit=" s", must=1 / 5, moonshot=1 / 10, more_is_better=False)]


def _seconds(command: list[str], env: dict[str, str]) -> float:
    began = time.perf_counter()
    run(command, env)
    return time.perf_counter() - began


def main() -> int:
    """Measure and print."""
    given = parser(__doc__, seconds=SECONDS).parse_args()
    return report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
