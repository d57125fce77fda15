"""Peak resident memory of a live session, with a window and without, beside the reference over the same clip (Linux)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.children import environment, live_clip, numbers, python, screen
from benchmarks.figures import Figure, parser, report
from benchmarks.reference import save
from benchmarks.scene import Scene

SECONDS = 20.0
CAMERA = Scene(640, 480, 1)


def figures(seconds: float, *, windowed: bool = True) -> list[Figure]:
    """The rows of the table; `windowed`: the one of sessions in a window, too.

    Raises:
        DisplayError: there are no tools for a virtual screen.
        EmodjError: TensorFlow is not installed, or a session failed.
    """
    limit = ("--seconds", str(seconds))
    with tempfile.TemporaryDirectory() as folder, live_clip(CAMERA) as source:
        pair = Path(folder) / "ancestor.json"
        save(pair)
        live, reference = python("benchmarks.live", source, *limit), python("benchmarks.reference", source, *limit)
        reference += ["--pair", str(pair)]
        env = environment()
        found = [_figure("no window", numbers(live, env), numbers(reference, env))]
        if windowed:
            with screen() as display:
                env = environment(display)
                found += [_figure("in a window", numbers([*live, "--window"], env), numbers([*reference, "--window"], env))]
    return found


def _figure(name: str, own: dict[str, float], other: dict[str, float]) -> Figure:
    ours, theirs = own["peak_kib"] / 1024, other["peak_kib"] / 1024
    return Figure(
        f"peak resident memory, {name}",
        ours / theirs,
        must=1 / 3,
        moonshot=1 / 5,
        more_is_better=False,
        ours=f"{ours:.0f} MiB",
        reference=f"{theirs:.0f} MiB",
    )


def main() -> int:
    """Measure and print."""
    given = parser(__doc__, seconds=SECONDS).parse_args()
    return report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
