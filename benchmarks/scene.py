"""Synthetic frames with moving faces, composed from one freely licensed portrait; identical on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from realtime.errors import EmodjError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.domain import Image

PORTRAIT = Path(__file__).parent.parent / "tests" / "data" / "astronaut.jpg"
"""Eileen Collins, NASA, public domain."""

HEAD = (150, 20, 165, 200)
"""Her head in the portrait: left, top, width, height in pixels; the side of the Haar box is .45 of this height."""

NOISE = 5.0
"""Standard deviation of the sensor noise in grey levels."""

LOOP_S = 8.0
"""Period of all movements in seconds, so that the frames can be played in a loop."""

AWAY_SHARE = 0.1
"""Share of the loop in which a face is out of the picture, in scenes where faces leave."""

BREATH = 0.5
"""How far the head of a person at rest moves up and down, pixels."""

RATE = 30.0


@dataclass(frozen=True, slots=True)
class Head:
    """Position of a head in a frame.

    Attributes:
        x: centre, pixels.
        y: centre, pixels.
        height: from hair to chin and a little more, pixels.
        in_place: whether it is in its place; false while it leaves, is away or comes back.
    """

    x: float
    y: float
    height: float
    in_place: bool

    def is_near(self, x: float, y: float) -> bool:
        """Whether the centre of a box lies near the centre of the face."""
        return max(abs(x - self.x), abs(y - self.y)) < self.height / 5


@dataclass(frozen=True, slots=True)
class Scene:
    """Scene with people in front of a wall.

    Attributes:
        width: width of the frames, pixels.
        height: height of the frames, pixels.
        faces: number of people.
        head: height of a head as a share of the height of the frame.
        leaving: whether each person leaves and comes back once in a loop.
        resting: whether everybody sits still, and only breathes: half a pixel up and down.
    """

    width: int
    height: int
    faces: int
    head: float = 0.5
    leaving: bool = True
    resting: bool = False

    @property
    def name(self) -> str:
        """Name in the table."""
        return f"{self.width}×{self.height}, {self.faces} {'face' if self.faces == 1 else 'faces'}"

    def heads(self, index: int) -> list[Head]:
        """Positions of all heads in frame number `index`."""
        return [self.head_of(person, index / RATE / LOOP_S) for person in range(self.faces)]

    def head_of(self, person: int, turn: float) -> Head:
        """Position of the head of one person, `turn` loops after the start."""
        angle = _angle(person, turn)
        lane = self.width / self.faces
        if self.resting:
            # Two breaths a loop are 15 a minute
            y = self.height / 2 + BREATH * sin(2 * angle)
            return Head(lane * (person + 0.5), y, self.head * self.height, in_place=True)
        # The head moves down, stays away, and comes up again
        into = (turn - 0.5 - person / self.faces) % 1 / AWAY_SHARE
        gone = min(1.0, 4 * into, 4 * (1 - into)) if self.leaving and into < 1 else 0.0
        x = lane * (person + 0.5) + 0.06 * lane * sin(2 * angle)
        y = self.height * (0.5 + 0.05 * cos(angle) + gone)
        return Head(x, y, self.head * self.height * (1 + 0.06 * sin(angle)), in_place=gone == 0)


class Composer:
    """Paints the frames of a scene.

    Args:
        scene: the scene.
        seed: seed of wall and noise.
    """

    def __init__(self, scene: Scene, seed: int = 1) -> None:
        portrait = cv2.imread(str(PORTRAIT))
        if portrait is None:
            raise EmodjError(f"{PORTRAIT} cannot be read: run the benchmarks from a checkout of emodj")
        left, top, width, height = HEAD
        self._scene = scene
        self._head = portrait[top : top + height, left : left + width].astype(np.float32)
        self._mask = _soft_oval(width, height)
        self._random = np.random.default_rng(seed)
        self._wall = self._paint_wall()
        # Noise is costly, so each frame takes another part of one large noise image
        self._noise = self._random.normal(0, NOISE, (scene.height + 64, scene.width + 64, 3)).astype(np.float32)

    def frame(self, index: int) -> Image:
        """Paint frame number `index` of a camera of 30 frames a second, BGR."""
        scene = self._scene
        canvas = self._wall.copy()
        for person in range(scene.faces):
            self._paint_head(canvas, person, index / RATE / LOOP_S)
        top, left = self._random.integers(0, 64, 2)
        canvas += self._noise[top : top + scene.height, left : left + scene.width]
        return np.clip(canvas, 0, 255).astype(np.uint8)

    def _paint_wall(self) -> NDArray[np.float32]:
        """Paint a wall with blots, edges and grain, so that the detector has work on the background, too."""
        scene = self._scene
        wall = np.full((scene.height, scene.width, 3), (112, 118, 125), np.float32)
        for cells, strength in ((6, 25.0), (24, 10.0), (96, 6.0)):
            blots = self._random.normal(0, strength, (cells, cells)).astype(np.float32)
            wall += cv2.resize(blots, (scene.width, scene.height), interpolation=cv2.INTER_CUBIC)[..., None]
        for _ in range(6):
            x, y = (int(self._random.integers(0, size)) for size in (scene.width, scene.height))
            corner = (x + scene.width // 8, y + scene.height // 5)
            cv2.rectangle(wall, (x, y), corner, tuple(map(float, self._random.uniform(40, 180, 3))), 2)
        return wall

    def _paint_head(self, canvas: NDArray[np.float32], person: int, turn: float) -> None:
        scene = self._scene
        head = scene.head_of(person, turn)
        angle, scale, x, y = 0.0 if scene.resting else _angle(person, turn), head.height / HEAD[3], head.x, head.y
        side = int(head.height * 1.2) // 2 * 2
        left, top = int(x) - side // 2, int(y) - side // 2
        matrix = cv2.getRotationMatrix2D((HEAD[2] / 2, HEAD[3] / 2), 4 * sin(3 * angle), scale)
        matrix[:, 2] += (side / 2 - HEAD[2] / 2 + x % 1, side / 2 - HEAD[3] / 2 + y % 1)
        pixels = cv2.warpAffine(self._head, matrix, (side, side))
        mask = cv2.warpAffine(self._mask, matrix, (side, side))[..., None]
        rows = slice(max(0, -top), max(0, min(side, scene.height - top)))
        columns = slice(max(0, -left), max(0, min(side, scene.width - left)))
        part = canvas[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
        if part.size and rows.stop > rows.start and columns.stop > columns.start:
            light = 1 + 0.08 * sin(5 * angle)
            part += mask[rows, columns] * (pixels[rows, columns] * light - part)


def compose(scene: Scene, count: int) -> list[Image]:
    """Paint the first frames of a scene, in memory."""
    composer = Composer(scene)
    return [composer.frame(index) for index in range(count)]


def write_clip(scene: Scene, path: Path, seconds: float = LOOP_S) -> Path:
    """Write frames of a scene as a clip of 30 frames a second, uncompressed YUV: as cheap to decode as those of a webcam.

    Raises:
        EmodjError: the file cannot be written.
    """
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"I420"), RATE, (scene.width, scene.height))
    if not writer.isOpened():
        raise EmodjError(f"{path} cannot be written: is there room, and may you write there?")
    composer = Composer(scene)
    for index in range(max(1, round(seconds * RATE))):
        writer.write(composer.frame(index))
    writer.release()
    return path


def _angle(person: int, turn: float) -> float:
    return 2 * pi * (turn + person * 0.29)


def _soft_oval(width: int, height: int) -> NDArray[np.float32]:
    mask = np.zeros((height, width), np.float32)
    cv2.ellipse(mask, (width // 2, height // 2), (width * 2 // 5, height * 2 // 5), 0, 0, 360, 1.0, -1)
    return cast("NDArray[np.float32]", cv2.GaussianBlur(mask, (0, 0), width / 30))
