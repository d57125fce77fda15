"""Frames analysed per second, and the cost of one more face: our loop and the reference, each without a window.

A frame is analysed when every face in it has a box and an answer, and the result was drawn. The reference searches and
classifies all of each frame; ours searches and classifies what changed, as a live session does. The frames are in memory
before. The two loops take turns, so that other load on the machine affects both.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol

from benchmarks.figures import Figure, build_parser, figure_of_turns, print_report
from benchmarks.ours import build_frame_reader, build_session
from benchmarks.reference import Reference
from benchmarks.scene import LOOP_S, RATE, Scene, compose
from realtime.app.build import shipped_settings
from realtime.classifier.architectures import build_network
from realtime.domain import Frame
from realtime.overlay.draw import draw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Image

TURNS = 5
SECONDS = 60.0

ONE = Scene(640, 480, 1)
FOUR = Scene(1280, 720, 4, head=0.45)
ALONE = Scene(1280, 720, 1, head=0.45, leaving=False)
GROUP = Scene(1280, 720, 4, head=0.45, leaving=False)


Point = tuple[float, float]


class Loop(Protocol):
    """Loop that analyses frames."""

    def read(self, image: Image, index: int) -> list[Point]:
        """Search, classify and draw frame number `index`; returns the middle of each face."""
        ...


class OurLoop:
    """Live session without threads and window."""

    def __init__(self) -> None:
        settings = shipped_settings()
        self._reader, self._session = build_frame_reader(settings), build_session(settings)

    def read(self, image: Image, index: int) -> list[Point]:
        """Search, classify and draw frame number `index`; returns the middle of each face."""
        frame = Frame(image, index, index / RATE)
        faces = self._reader.read(frame)
        self._session.add_frame(faces, frame.time_s)
        draw(image, self._session.view(frame.time_s, ""))
        return [(face.box.left + face.box.width / 2, face.box.top + face.box.height / 2) for face in faces]


class ReferenceLoop:
    """Loop of the reference."""

    def __init__(self, network: object) -> None:
        self._reference = Reference(network)

    def read(self, image: Image, index: int) -> list[Point]:
        """Search, classify and draw frame number `index`, into it; returns the middle of each face."""
        del index
        return [(face.left + face.width / 2, face.top + face.height / 2) for face in self._reference.read(image)]


@dataclass(frozen=True, slots=True)
class Turn:
    """Results of one turn of a loop.

    Attributes:
        frames: number of analysed frames.
        seconds: time for them.
        cpu_s: processor time for them, of all threads.
        faces: number of faces in all frames.
        found: number of detected faces among them.
        false: number of boxes without a face.
    """

    frames: int
    seconds: float
    cpu_s: float
    faces: int
    found: int
    false: int

    @property
    def rate(self) -> float:
        """Frames per second."""
        return self.frames / self.seconds


class Runner:
    """Runs a loop, turn by turn, over the frames of a scene, which are repeated.

    Args:
        loop: the loop.
        scene: the scene of the frames.
        clip: the first frames of the scene.
        stride: step from one frame to the next. With a long stride the slow reference, which needs no tracking, covers as
            much of the clip as the fast loop.
    """

    def __init__(self, loop: Loop, scene: Scene, clip: Sequence[Image], stride: int = 1) -> None:
        self._loop, self._scene, self._clip, self._stride = loop, scene, clip, stride
        self._indices = count()
        # The first call builds caches and belongs to no turn
        self.turn(0.0)

    def turn(self, seconds: float) -> Turn:
        """Analyse frames for the given seconds, at least one frame."""
        frames = there = found = false = 0
        used = cpu_s = 0.0
        while not frames or used < seconds:
            index = next(self._indices) * self._stride
            image = self._clip[index % len(self._clip)].copy()
            began, busy = time.perf_counter(), time.process_time()
            spots = self._loop.read(image, index)
            used += time.perf_counter() - began
            cpu_s += time.process_time() - busy
            frames += 1
            heads = self._scene.heads(index % len(self._clip))
            there += sum(head.in_place for head in heads)
            found += sum(head.in_place and any(head.is_near(*spot) for spot in spots) for head in heads)
            false += sum(not any(head.is_near(*spot) for head in heads) for spot in spots)
        return Turn(frames, used, cpu_s, there, found, false)


Pair = tuple[Turn, Turn]


def figures(seconds: float, *, clip_s: float = LOOP_S, turns: int = TURNS) -> list[Figure]:
    """The rows of the table.

    Raises:
        EmodjError: TensorFlow is not installed.
    """
    network = build_network("ancestor")
    share = seconds / turns / 8

    def measured(scenes: Sequence[Scene]) -> list[list[Pair]]:
        """For each turn and each scene: our turn and the turn of the reference."""
        clips = [(scene, compose(scene, max(1, round(clip_s * RATE)))) for scene in scenes]
        runners = [
            (Runner(OurLoop(), scene, clip), Runner(ReferenceLoop(network), scene, clip, _stride(len(clip))))
            for scene, clip in clips
        ]
        return [[(own.turn(share), other.turn(share)) for own, other in runners] for _ in range(turns)]

    found: list[Figure] = []
    for scene, must, moonshot in ((ONE, 15.0, 25.0), (FOUR, 18.0, 30.0)):
        pairs = [pairs[0] for pairs in measured([scene])]
        name = f"frames analysed/s, {scene.name}"
        rates = [(own.rate, other.rate) for own, other in pairs]
        found += [
            figure_of_turns(name, rates, unit="/s", must=must, moonshot=moonshot),
            _processor_time_figure(scene, pairs),
            _detection_figure(scene, pairs),
        ]
    added = [_cost_per_face(alone, group) for alone, group in measured([ALONE, GROUP])]
    # With noise a face may cost nothing or less: such a turn is left out
    added = [pair for pair in added if min(pair) > 0] or [(1.0, 1.0)]
    name = f"one more face, {ALONE.width}×{ALONE.height}"
    return [*found, figure_of_turns(name, added, unit=" ms", must=1 / 20, moonshot=1 / 30, more_is_better=False)]


def _stride(length: int) -> int:
    """A stride that visits every frame, and spreads few frames over the whole clip."""
    return next((step for step in (37, 31, 29, 23) if length % step), 1)


def _processor_time_figure(scene: Scene, pairs: Sequence[Pair]) -> Figure:
    """Processor time per frame: on a busy machine it changes less than the rate."""
    costs = [(1000 * own.cpu_s / own.frames, 1000 * other.cpu_s / other.frames) for own, other in pairs]
    return figure_of_turns(f"processor time of a frame, {scene.name}", costs, unit=" ms")


def _detection_figure(scene: Scene, pairs: Sequence[Pair]) -> Figure:
    """Share of detected faces of both loops: a loop that is fast because it misses faces would be worth nothing."""
    own, other = (_detection_rates(column) for column in zip(*pairs, strict=True))
    shown = (f"{found:.1%}, {false:.2g} false a frame" for found, false in (own, other))
    name = f"faces found, {scene.name}"
    return Figure(name, own[0] / max(other[0], 1e-9), ours=next(shown), reference=next(shown))


def _detection_rates(turns: Sequence[Turn]) -> tuple[float, float]:
    """Share of detected faces, and false boxes per frame."""
    there, frames = sum(turn.faces for turn in turns), sum(turn.frames for turn in turns)
    return sum(turn.found for turn in turns) / max(1, there), sum(turn.false for turn in turns) / frames


def _cost_per_face(alone: Pair, group: Pair) -> tuple[float, float]:
    """Milliseconds that each further face adds to a frame, for our loop and the reference."""
    more = GROUP.faces - ALONE.faces
    own, other = (1000 * (1 / after.rate - 1 / before.rate) / more for before, after in zip(alone, group, strict=True))
    return own, other


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
