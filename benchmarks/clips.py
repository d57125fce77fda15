"""A clip with a known answer: one person before a camera whose expression changes, with sensor noise and small movement.

The face is that of a freely licensed portrait. Its other expressions are made from it: brows moved by smooth displacement
fields, the mouth painted anew. They are drawn expressions, no acted ones; what a network says of each has to be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from benchmarks.scene import PORTRAIT, RATE
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from realtime.domain import Image

WIDTH, HEIGHT = 640, 480

FACE, SHOWN_AT, ENLARGED = (224.0, 115.0), (320.0, 200.0), 1.5
"""Centre of the face in the portrait, where it is shown in a frame, and by how much larger: about 150 of 480 rows."""

NOISE = 6.0
"""Spread of the sensor's noise in grey levels, another one in each pixel of each frame."""

MARGIN = 256
"""Noise is costly to make: one large sheet, so many pixels larger than a frame, is looked at from another place each time."""

SWAY, TURN, GROWTH, LIGHT = 10.0, 2.0, 0.03, 0.04
"""How far the face moves (pixels, each way), turns (degrees), comes nearer and is lit otherwise (shares)."""

FADE_S = 0.15
"""A face takes so long to change."""

MOUTH, MOUTH_SIZE = (223, 146), (25, 13)
BROWS = ((214, 92), (236, 94), (192, 91), (260, 94))
"""Inner ends first; pixels of the portrait."""

LIPS, INSIDE = (115.0, 115.0, 185.0), (45.0, 45.0, 80.0)


@dataclass(frozen=True, slots=True)
class Still:
    """One expression of the person.

    Attributes:
        name: what was drawn.
        image: (512, 512, 3) uint8 BGR.
    """

    name: str
    image: Image


def stills() -> list[Still]:
    """The portrait as it is, and with other expressions.

    Raises:
        EmodjError: the portrait cannot be read.
    """
    smile = cv2.imread(str(PORTRAIT))
    if smile is None:
        raise EmodjError(f"{PORTRAIT} cannot be read: run the benchmarks from a checkout of emodj")
    bare = _without_mouth(smile.astype(np.uint8, copy=False))
    down = _line(_line(bare, 17, 6, 5, LIPS, 1.2), 17, 6, 1.6, INSIDE, 0.6)
    tight = _line(_line(bare, 14, 6, 5, LIPS, 1.2), 14, 6, 1.6, INSIDE, 0.6)
    wide = _oval(_oval(bare, 13, 13, LIPS, 1.0), 10, 10, INSIDE, 0.8)
    return [
        Still("smile", smile.astype(np.uint8, copy=False)),
        Still("open mouth", _brows(wide, inner=-5, outer=-5, closer=0)),
        Still("corners down, brows up", _brows(down, inner=-7, outer=4, closer=3)),
        Still("corners down, brows knit", _brows(tight, inner=7, outer=-2, closer=3)),
    ]


class Clip:
    """Frames of 30 a second in which the person changes expression again and again; each seed moves and changes otherwise.

    Args:
        faces: its expressions, two or more.
        seed: of movement, noise and the order of expressions.
        seconds: how long it is.
        every_s: how long an expression stays.
    """

    def __init__(self, faces: Sequence[Still], seed: int, *, seconds: float = 180.0, every_s: float = 10.0) -> None:
        self._random = np.random.default_rng(seed)
        self._faces = [face.image.astype(np.float32) for face in faces]
        self._count = round(seconds * RATE)
        self._every = round(every_s * RATE)
        self._order = self._shuffled(self._count // self._every + 1)
        self._noise = self._random.normal(0, NOISE, (HEIGHT + MARGIN, WIDTH + MARGIN, 3)).astype(np.float32)
        # Slow swaying and a quick tremble, each with its own beat
        self._beats = self._random.uniform((0.05, 0.7), (0.3, 1.5), (5, 2))
        self._starts = self._random.uniform(0, 2 * pi, (5, 2))

    def __len__(self) -> int:
        """How many frames there are."""
        return self._count

    def shown(self, index: int) -> int:
        """Which of the expressions a frame shows; while one fades into another, already the new one."""
        return self._order[index // self._every]

    def frames(self) -> Iterator[Image]:
        """The frames, in their order; once for each clip, since its noise goes on."""
        for index in range(self._count):
            canvas = self._moved(self._expression(index), index / RATE)
            top, left = self._random.integers(0, MARGIN, 2)
            canvas += self._noise[top : top + HEIGHT, left : left + WIDTH]
            yield np.clip(canvas, 0, 255, out=canvas).astype(np.uint8)

    def _shuffled(self, count: int) -> list[int]:
        order = [int(self._random.integers(len(self._faces)))]
        while len(order) < count:
            order.append((order[-1] + int(self._random.integers(1, len(self._faces)))) % len(self._faces))
        return order

    def _expression(self, index: int) -> NDArray[np.float32]:
        turn, into = divmod(index, self._every)
        face = self._faces[self._order[turn]]
        share = (into + 1) / (FADE_S * RATE)
        if turn == 0 or share >= 1:
            return face
        blend = cv2.addWeighted(face, share, self._faces[self._order[turn - 1]], 1 - share, 0)
        return cast("NDArray[np.float32]", blend)

    def _moved(self, face: NDArray[np.float32], time_s: float) -> NDArray[np.float32]:
        waves = np.sin(2 * pi * self._beats * time_s + self._starts) @ (0.85, 0.15)
        right, down, turn, growth, light = map(float, waves * (SWAY, SWAY, TURN, GROWTH, LIGHT))
        return framed(face, right, down, turn, 1 + growth) * np.float32(1 + light)


def framed(
    face: NDArray[np.float32], right: float = 0.0, down: float = 0.0, turn: float = 0.0, growth: float = 1.0
) -> NDArray[np.float32]:
    """The portrait as the camera sees it: (480, 640, 3) BGR, 0..255; moved by pixels, turned by degrees, enlarged."""
    matrix = cv2.getRotationMatrix2D(FACE, turn, ENLARGED * growth)
    matrix[:, 2] += (SHOWN_AT[0] - FACE[0] + right, SHOWN_AT[1] - FACE[1] + down)
    moved = cv2.warpAffine(face, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)
    return cast("NDArray[np.float32]", moved)


def _without_mouth(image: Image) -> Image:
    area = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(area, MOUTH, MOUTH_SIZE, 1, 0, 360, 255, -1)
    skin = cv2.GaussianBlur(cv2.inpaint(image, area, 5, cv2.INPAINT_TELEA), (0, 0), 3)
    return _blended(image, skin.astype(np.float32), cv2.GaussianBlur(area.astype(np.float32) / 255, (0, 0), 2))


def _line(image: Image, half: float, bend: float, width: float, colour: tuple[float, ...], soft: float) -> Image:
    """A mouth as a line whose ends lie `bend` pixels lower than its middle."""
    along = np.linspace(-1, 1, 41)
    points = np.stack([MOUTH[0] + half * along, MOUTH[1] + bend * along**2], axis=1)
    area = np.zeros(image.shape[:2], np.uint8)
    # Points with four binary digits behind the point, on a sheet four times as large
    sheet = cv2.resize(area, None, fx=4, fy=4)
    cv2.polylines(sheet, [np.round(points * 64).astype(np.int32)], False, 255, round(width * 4), cv2.LINE_AA, 4)
    return _painted(image, sheet, colour, soft)


def _oval(image: Image, across: int, down: int, colour: tuple[float, ...], soft: float) -> Image:
    sheet = np.zeros((image.shape[0] * 4, image.shape[1] * 4), np.uint8)
    cv2.ellipse(sheet, (MOUTH[0] * 4, (MOUTH[1] + 4) * 4), (across * 4, down * 4), 0, 0, 360, 255, -1)
    return _painted(image, sheet, colour, soft)


def _painted(image: Image, sheet: NDArray[np.uint8] | cv2.typing.MatLike, colour: tuple[float, ...], soft: float) -> Image:
    share = cv2.resize(sheet, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return _blended(image, np.full(image.shape, colour, np.float32), cv2.GaussianBlur(share, (0, 0), soft))


def _blended(image: Image, over: NDArray[np.float32], share: NDArray[np.float32] | cv2.typing.MatLike) -> Image:
    return (image + share[..., None] * (over - image)).astype(np.uint8)


def _brows(image: Image, *, inner: float, outer: float, closer: float) -> Image:
    """Move the inner and outer ends of the brows down by pixels, the inner ones towards each other, and what is about them."""
    down, right = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    from_x, from_y = right.copy(), down.copy()
    for (x, y), by, aside in zip(BROWS, (inner, inner, outer, outer), (closer, -closer, 0.0, 0.0), strict=True):
        pull = np.exp(-(((right - x) / 8) ** 2 + ((down - y) / 7) ** 2) / 2)
        from_x -= aside * pull
        from_y -= by * pull
    return cv2.remap(image, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
