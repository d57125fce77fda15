"""A paced camera of 30 frames a second and a real window: frames shown, age of labels, processor time.

The window stands on a virtual screen; the camera is a clip played at a camera's pace. Each session is a process of its own.
A gap is the time from one new frame in the window to the next; the age of a label is counted from the moment that its
frame was grabbed to the moment that it was handed to the window.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import camera
from benchmarks.children import environment, numbers, python, screen
from benchmarks.figures import Figure, parser, report
from benchmarks.reference import save
from benchmarks.scene import Scene
from realtime.errors import EmodjError

SECONDS = 60.0
REFERENCE_S = 20.0
"""The reference runs for so long at most: what it uses a second does not change."""

CLOCK = 0.05
"""By how much a camera's 30 frames a second may be off: its clock is not ours."""

CAMERA = Scene(640, 480, 1)


def figures(seconds: float) -> list[Figure]:
    """The rows of the table.

    Raises:
        DisplayError: there are no tools for a virtual screen.
        EmodjError: TensorFlow is not installed, or a session failed.
    """
    with tempfile.TemporaryDirectory() as folder, screen() as display:
        source = str(camera.write(CAMERA, Path(folder)))
        pair, env = Path(folder) / "ancestor.json", environment(display)
        save(pair)
        own = numbers(python("benchmarks.live", source, "--window", "--seconds", str(seconds)), env)
        least = str(min(seconds, REFERENCE_S))
        command = python("benchmarks.reference", source, "--window", "--pair", str(pair), "--seconds", least)
        other = numbers(command, env)
    if "age_p50_s" not in own or not other["analysed"]:
        raise EmodjError(f"{seconds:g} seconds are too few: no face was labelled in them")
    return [
        Figure("frames shown/s of 30, in a window", own["shown_per_s"], 29.5, 30.0 - CLOCK),
        _at_most("gap between shown frames, p99", own["gap_p99_s"], 50, 38),
        _at_most("age of a label when drawn, p50", own["age_p50_s"], 50, 30),
        _at_most("age of a label when drawn, p95", own["age_p95_s"], 90, 50),
        _used(own, other, "wall_s", "processor time of that run, a second", (1 / 3, 1 / 6)),
        _used(own, other, "analysed", "the same, an analysed frame", (None, None)),
    ]


def _at_most(name: str, seconds: float, must: float, moonshot: float) -> Figure:
    return Figure(name, seconds * 1000, must, moonshot, more_is_better=False, unit=" ms")


def _used(
    own: dict[str, float], other: dict[str, float], per: str, name: str, bars: tuple[float | None, float | None]
) -> Figure:
    ours, theirs = (1000 * found["cpu_s"] / found[per] for found in (own, other))
    must, moonshot = bars
    shown = {"ours": f"{ours:.3g} ms", "reference": f"{theirs:.3g} ms"}
    return Figure(name, ours / theirs, must, moonshot, more_is_better=False, **shown)


def main() -> int:
    """Measure and print."""
    given = parser(__doc__, seconds=SECONDS).parse_args()
    return report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
