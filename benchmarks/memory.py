"""Peak resident memory of a live session, with and without a window, compared with the reference on the same clip (Linux)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.children import child_environment, live_source, module_command, read_numbers, virtual_screen
from benchmarks.figures import Figure, build_parser, print_report
from benchmarks.reference import save_untrained_pair
from benchmarks.scene import Scene

SECONDS = 20.0
CAMERA = Scene(640, 480, 1)


def figures(seconds: float, *, windowed: bool = True) -> list[Figure]:
    """Measure the rows of the table; with `windowed` also sessions in a window.

    Raises:
        DisplayError: the tools for a virtual screen are missing.
        EmodjError: TensorFlow is not installed, or a session failed.
    """
    limit = ("--seconds", str(seconds))
    with tempfile.TemporaryDirectory() as folder, live_source(CAMERA) as source:
        pair = Path(folder) / "ancestor.json"
        save_untrained_pair(pair)
        live, reference = (
            module_command("benchmarks.live", source, *limit),
            module_command("benchmarks.reference", source, *limit),
        )
        reference += ["--pair", str(pair)]
        env = child_environment()
        found = [_figure("no window", read_numbers(live, env), read_numbers(reference, env))]
        if windowed:
            with virtual_screen() as display:
                env = child_environment(display)
                found += [
                    _figure("in a window", read_numbers([*live, "--window"], env), read_numbers([*reference, "--window"], env))
                ]
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
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
