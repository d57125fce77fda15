"""Frames analysed a second, and what one more face costs: ours beside the reference, one loop each, without a window.

A frame counts as analysed when its own pixels were searched, every face in it was classified, and the result was drawn.
The frames lie in memory before. The two take turns, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Protocol

from benchmarks.figures import Figure, of_turns, parser, report
from benchmarks.ours import frame_reader, session
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


Spot = tuple[float, float]


class Loop(Protocol):
    """Analyses frames."""

    def read(self, image: Image, index: int) -> list[Spot]:
        """Search, classify and draw frame number `index`; returns the middle of each face."""
        ...


class Ours:
    """A live session without its threads and its window."""

    def __init__(self) -> None:
        settings = shipped_settings()
        self._reader, self._session = frame_reader(settings), session(settings)

    def read(self, image: Image, index: int) -> list[Spot]:
        """Search, classify and draw frame number `index`; returns the middle of each face."""
        frame = Frame(image, index, index / RATE)
        faces = self._reader.read(frame)
        self._session.add_frame(faces, frame.time_s)
        draw(image, self._session.view(frame.time_s, ""))
        return [(face.box.left + face.box.width / 2, face.box.top + face.box.height / 2) for face in faces]


class Theirs:
    """The reference."""

    def __init__(self, network: object) -> None:
        self._reference = Reference(network)

    def read(self, image: Image, index: int) -> list[Spot]:
        """Search, classify and draw frame number `index`, into it; returns the middle of each face."""
        del index
        return [(face.left + face.width / 2, face.top + face.height / 2) for face in self._reference.read(image)]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a loop did while it had its turn.

    Attributes:
        frames: analysed.
        seconds: that it took.
        cpu_s: processor time that it took, of all threads.
        there: faces in all of them together.
        found: of those.
        false: boxes where no face is.
    """

    frames: int
    seconds: float
    cpu_s: float
    there: int
    found: int
    false: int

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.frames / self.seconds


class Runner:
    """Gives a loop its turns over the frames of a scene, which it plays over and over.

    Args:
        loop: whose turns they are.
        scene: what the frames show.
        clip: its first frames.
        stride: frames from one to the next; the slow one sees as much of the clip as the fast one, and keeps no track.
    """

    def __init__(self, loop: Loop, scene: Scene, clip: Sequence[Image], stride: int = 1) -> None:
        self._loop, self._scene, self._clip, self._stride = loop, scene, clip, stride
        self._indices = count()
        # What is built at the first call belongs to no turn
        self.turn(0.0)

    def turn(self, seconds: float) -> Turn:
        """Analyse frames for so long, at least one."""
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
            there += sum(head.there for head in heads)
            found += sum(head.there and any(head.holds(*spot) for spot in spots) for head in heads)
            false += sum(not any(head.holds(*spot) for head in heads) for spot in spots)
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
        """Of each turn, for each scene, ours and the reference's."""
        clips = [(scene, compose(scene, max(1, round(clip_s * RATE)))) for scene in scenes]
        runners = [
            (Runner(Ours(), scene, clip), Runner(Theirs(network), scene, clip, _stride(len(clip)))) for scene, clip in clips
        ]
        return [[(own.turn(share), other.turn(share)) for own, other in runners] for _ in range(turns)]

    found: list[Figure] = []
    for scene, must, moonshot in ((ONE, 8.0, 15.0), (FOUR, 12.0, 25.0)):
        pairs = [pairs[0] for pairs in measured([scene])]
        name = f"frames analysed/s, {scene.name}"
        rates = [(own.rate, other.rate) for own, other in pairs]
        found += [of_turns(name, rates, unit="/s", must=must, moonshot=moonshot), _used(scene, pairs), _seen(scene, pairs)]
    added = [_added(alone, group) for alone, group in measured([ALONE, GROUP])]
    # Noise may make a face come for nothing: such a turn says nothing
    added = [pair for pair in added if min(pair) > 0] or [(1.0, 1.0)]
    name = f"one more face, {ALONE.width}×{ALONE.height}"
    return [*found, of_turns(name, added, unit=" ms", must=0.1, moonshot=0.05, more_is_better=False)]


def _stride(length: int) -> int:
    """A step that meets every frame, and spreads a few over the whole clip."""
    return next((step for step in (37, 31, 29, 23) if length % step), 1)


def _used(scene: Scene, pairs: Sequence[Pair]) -> Figure:
    """What a frame costs of the processor: that changes less than its rate where others want the processor, too."""
    costs = [(1000 * own.cpu_s / own.frames, 1000 * other.cpu_s / other.frames) for own, other in pairs]
    return of_turns(f"processor time of a frame, {scene.name}", costs, unit=" ms")


def _seen(scene: Scene, pairs: Sequence[Pair]) -> Figure:
    """The share of the faces that the two found: a ratio bought by missing faces would be worth nothing."""
    own, other = (_summed(column) for column in zip(*pairs, strict=True))
    shown = (f"{found:.1%}, {false:.2g} false a frame" for found, false in (own, other))
    name = f"faces found, {scene.name}"
    return Figure(name, own[0] / max(other[0], 1e-9), ours=next(shown), reference=next(shown))


def _summed(turns: Sequence[Turn]) -> tuple[float, float]:
    """The share of faces that was found, and false boxes a frame."""
    there, frames = sum(turn.there for turn in turns), sum(turn.frames for turn in turns)
    return sum(turn.found for turn in turns) / max(1, there), sum(turn.false for turn in turns) / frames


def _added(alone: Pair, group: Pair) -> tuple[float, float]:
    """Milliseconds that each further face adds to a frame, ours and the reference's."""
    more = GROUP.faces - ALONE.faces
    own, other = (1000 * (1 / after.rate - 1 / before.rate) / more for before, after in zip(alone, group, strict=True))
    return own, other


def main() -> int:
    """Measure and print."""
    given = parser(__doc__, seconds=SECONDS).parse_args()
    return report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
