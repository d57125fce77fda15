"""Live session with a camera of 30 frames a second and a real window: frames shown, age of labels, processor time.

The window is on a virtual screen; the camera is a clip, played in real time. Each session is a separate process. A gap is the
time from one new frame in the window to the next. The age of a label is the time from the grab of its frame until the window
gets the picture with this label.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import camera
from benchmarks.children import child_environment, module_command, read_numbers, virtual_screen
from benchmarks.figures import Figure, build_parser, print_report
from benchmarks.reference import save_untrained_pair
from benchmarks.scene import Scene
from realtime.errors import EmodjError

SECONDS = 60.0
REFERENCE_S = 20.0
"""Longest run of the reference, and of a session that saves power, in seconds: their use per second does not change."""

RATE_TOLERANCE = 0.05
"""How far a camera may be below 30 frames a second, since its clock differs from ours."""

CAMERA = Scene(640, 480, 1)


def figures(seconds: float) -> list[Figure]:
    """Measure the rows of the table.

    Raises:
        DisplayError: the tools for a virtual screen are missing.
        EmodjError: TensorFlow is not installed, or a session failed.
    """
    with tempfile.TemporaryDirectory() as folder, virtual_screen() as display:
        source = str(camera.write_raw_clip(CAMERA, Path(folder)))
        pair, env = Path(folder) / "ancestor.json", child_environment(display)
        save_untrained_pair(pair)
        own = read_numbers(module_command("benchmarks.live", source, "--window", "--seconds", str(seconds)), env)
        least = str(min(seconds, REFERENCE_S))
        saving = read_numbers(module_command("benchmarks.live", source, "--window", "--save-power", "--seconds", least), env)
        command = module_command("benchmarks.reference", source, "--window", "--pair", str(pair), "--seconds", least)
        other = read_numbers(command, env)
    if "age_p50_s" not in own or not other["analysed"]:
        raise EmodjError(f"{seconds:g} seconds are too few: no face was labelled in them")
    return [
        Figure("frames shown/s of 30, in a window", own["shown_per_s"], 29.5, 30.0 - RATE_TOLERANCE),
        _latency_figure("gap between shown frames, p99", own["gap_p99_s"], 50, 38),
        _latency_figure("age of a label when drawn, p50", own["age_p50_s"], 50, 30),
        _latency_figure("age of a label when drawn, p95", own["age_p95_s"], 45, 35),
        _processor_time_figure(own, other, "wall_s", "processor time of that run, a second", (1 / 6, 1 / 10)),
        _processor_time_figure(own, other, "analysed", "the same, an analysed frame", (None, None)),
        _processor_time_figure(saving, other, "wall_s", "processor time a second that saves power", (None, None)),
    ]


def _latency_figure(name: str, seconds: float, must: float, moonshot: float) -> Figure:
    return Figure(name, seconds * 1000, must, moonshot, more_is_better=False, unit=" ms")


def _processor_time_figure(
    own: dict[str, float], other: dict[str, float], per: str, name: str, bars: tuple[float | None, float | None]
) -> Figure:
    ours, theirs = (1000 * found["cpu_s"] / found[per] for found in (own, other))
    must, moonshot = bars
    shown = {"ours": f"{ours:.3g} ms", "reference": f"{theirs:.3g} ms"}
    return Figure(name, ours / theirs, must, moonshot, more_is_better=False, **shown)


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
