"""Live session without a window before a camera of 30 frames a second and a face at rest: processor time a second.

The face sits still and breathes, half a pixel up and down; the sensor adds its noise. Each session is a separate process.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import camera
from benchmarks.children import child_environment, module_command, read_numbers
from benchmarks.figures import Figure, build_parser, print_report
from benchmarks.reference import save_untrained_pair
from benchmarks.scene import Scene
from realtime.errors import EmodjError

SECONDS = 60.0
CAMERA = Scene(640, 480, 1, resting=True)


def figures(seconds: float) -> list[Figure]:
    """Measure the rows of the table, each session for a third of the time.

    Raises:
        EmodjError: TensorFlow is not installed, or a session failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, env = str(camera.write_raw_clip(CAMERA, Path(folder))), child_environment()
        pair, each = Path(folder) / "ancestor.json", ("--seconds", str(seconds / 3))
        save_untrained_pair(pair)
        own = read_numbers(module_command("benchmarks.live", source, *each), env)
        saving = read_numbers(module_command("benchmarks.live", source, "--save-power", *each), env)
        other = read_numbers(module_command("benchmarks.reference", source, "--pair", str(pair), *each), env)
    if not all(found.get("analysed") for found in (own, saving, other)):
        raise EmodjError(f"{seconds:g} seconds are too few: a session has analysed no frame in its third of them")
    return [
        _figure("processor time a second without a window, face at rest", own, other, "wall_s", 1 / 12, 1 / 20),
        _figure("the same, an analysed frame", own, other, "analysed"),
        _figure("the same, a second that saves power", saving, other, "wall_s"),
        Figure("frames analysed/s of 30, without a window", own["analysed"] / own["wall_s"], 29.0, 29.5),
    ]


def _figure(
    name: str,
    own: dict[str, float],
    other: dict[str, float],
    per: str,
    must: float | None = None,
    moonshot: float | None = None,
) -> Figure:
    ours, theirs = (1000 * found["cpu_s"] / found[per] for found in (own, other))
    shown = {"ours": f"{ours:.3g} ms", "reference": f"{theirs:.3g} ms"}
    return Figure(name, ours / theirs, must, moonshot, more_is_better=False, **shown)


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
