"""Synthetic clips with known expressions: one person who changes expression, with sensor noise and small movement.

The face comes from a freely licensed portrait. The other expressions are drawn from it: smooth displacement fields move the
brows, and the mouth is repainted. Since they are drawn and not acted, the network must be run to learn its label for each.
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

FACE_CENTRE, FACE_POSITION, FACE_SCALE = (224.0, 115.0), (320.0, 200.0), 1.5
"""Centre of the face in the portrait and in a frame, in pixels, and its scale: the face takes about 150 of 480 rows."""

NOISE = 6.0
"""Standard deviation of the sensor noise in grey levels."""

MARGIN = 256
"""Pixels by which the noise image is larger than a frame. Noise is costly, so each frame takes another part of one image."""

SWAY, TURN, GROWTH, LIGHT = 10.0, 2.0, 0.03, 0.04
"""Amplitudes of movement (pixels), rotation (degrees), scale and brightness (shares)."""

FADE_S = 0.15
"""Seconds in which one expression fades into the next."""

MOUTH, MOUTH_SIZE = (223, 146), (25, 13)
BROWS = ((214, 92), (236, 94), (192, 91), (260, 94))
"""Ends of the brows in pixels of the portrait: the inner ends first."""

LIP_COLOUR, MOUTH_COLOUR = (115.0, 115.0, 185.0), (45.0, 45.0, 80.0)


@dataclass(frozen=True, slots=True)
class DrawnExpression:
    """Portrait with one drawn expression.

    Attributes:
        name: description of the expression.
        image: (512, 512, 3) uint8 BGR.
    """

    name: str
    image: Image


def draw_expressions() -> list[DrawnExpression]:
    """Draw the expressions; the first is the unchanged portrait.

    Raises:
        EmodjError: the portrait cannot be read.
    """
    smile = cv2.imread(str(PORTRAIT))
    if smile is None:
        raise EmodjError(f"{PORTRAIT} cannot be read: run the benchmarks from a checkout of emodj")
    bare = _remove_mouth(smile.astype(np.uint8, copy=False))
    down = _draw_line_mouth(_draw_line_mouth(bare, 17, 6, 5, LIP_COLOUR, 1.2), 17, 6, 1.6, MOUTH_COLOUR, 0.6)
    tight = _draw_line_mouth(_draw_line_mouth(bare, 14, 6, 5, LIP_COLOUR, 1.2), 14, 6, 1.6, MOUTH_COLOUR, 0.6)
    wide = _draw_oval_mouth(_draw_oval_mouth(bare, 13, 13, LIP_COLOUR, 1.0), 10, 10, MOUTH_COLOUR, 0.8)
    return [
        DrawnExpression("smile", smile.astype(np.uint8, copy=False)),
        DrawnExpression("open mouth", _move_brows(wide, inner=-5, outer=-5, closer=0)),
        DrawnExpression("corners down, brows up", _move_brows(down, inner=-7, outer=4, closer=3)),
        DrawnExpression("corners down, brows knit", _move_brows(tight, inner=7, outer=-2, closer=3)),
    ]


class Clip:
    """Clip of 30 frames a second in which the person changes expression at a fixed interval.

    Args:
        faces: the expressions, two or more.
        seed: seed of movement, noise and the order of the expressions.
        seconds: length of the clip.
        every_s: seconds from one change of expression to the next.
    """

    def __init__(self, faces: Sequence[DrawnExpression], seed: int, *, seconds: float = 180.0, every_s: float = 10.0) -> None:
        self._random = np.random.default_rng(seed)
        self._faces = [face.image.astype(np.float32) for face in faces]
        self._count = round(seconds * RATE)
        self._every = round(every_s * RATE)
        self._order = self._draw_order(self._count // self._every + 1)
        self._noise = self._random.normal(0, NOISE, (HEIGHT + MARGIN, WIDTH + MARGIN, 3)).astype(np.float32)
        # A slow and a fast oscillation, each with its own frequency
        self._beats = self._random.uniform((0.05, 0.7), (0.3, 1.5), (5, 2))
        self._starts = self._random.uniform(0, 2 * pi, (5, 2))

    def __len__(self) -> int:
        """Number of frames."""
        return self._count

    def expression_index(self, index: int) -> int:
        """Index of the expression in a frame; during a fade, the new one."""
        return self._order[index // self._every]

    def frames(self) -> Iterator[Image]:
        """Yield the frames in order. Call it once for each clip, since it consumes random numbers."""
        for index in range(self._count):
            canvas = self._transform(self._expression(index), index / RATE)
            top, left = self._random.integers(0, MARGIN, 2)
            canvas += self._noise[top : top + HEIGHT, left : left + WIDTH]
            yield np.clip(canvas, 0, 255, out=canvas).astype(np.uint8)

    def _draw_order(self, count: int) -> list[int]:
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

    def _transform(self, face: NDArray[np.float32], time_s: float) -> NDArray[np.float32]:
        waves = np.sin(2 * pi * self._beats * time_s + self._starts) @ (0.85, 0.15)
        right, down, turn, growth, light = map(float, waves * (SWAY, SWAY, TURN, GROWTH, LIGHT))
        return frame_face(face, right, down, turn, 1 + growth) * np.float32(1 + light)


def frame_face(
    face: NDArray[np.float32], right: float = 0.0, down: float = 0.0, turn: float = 0.0, growth: float = 1.0
) -> NDArray[np.float32]:
    """Place the portrait in a frame: (480, 640, 3) float32 BGR, 0..255; moved by pixels, rotated by degrees, scaled."""
    matrix = cv2.getRotationMatrix2D(FACE_CENTRE, turn, FACE_SCALE * growth)
    matrix[:, 2] += (FACE_POSITION[0] - FACE_CENTRE[0] + right, FACE_POSITION[1] - FACE_CENTRE[1] + down)
    moved = cv2.warpAffine(face, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)
    return cast("NDArray[np.float32]", moved)


def _remove_mouth(image: Image) -> Image:
    area = np.zeros(image.shape[:2], np.uint8)
    cv2.ellipse(area, MOUTH, MOUTH_SIZE, 1, 0, 360, 255, -1)
    skin = cv2.GaussianBlur(cv2.inpaint(image, area, 5, cv2.INPAINT_TELEA), (0, 0), 3)
    return _blend(image, skin.astype(np.float32), cv2.GaussianBlur(area.astype(np.float32) / 255, (0, 0), 2))


def _draw_line_mouth(image: Image, half: float, bend: float, width: float, colour: tuple[float, ...], soft: float) -> Image:
    """Draw a mouth as a line whose ends lie `bend` pixels below its middle."""
    along = np.linspace(-1, 1, 41)
    points = np.stack([MOUTH[0] + half * along, MOUTH[1] + bend * along**2], axis=1)
    area = np.zeros(image.shape[:2], np.uint8)
    # Fixed-point coordinates with four fractional bits, on a canvas four times as large
    sheet = cv2.resize(area, None, fx=4, fy=4)
    cv2.polylines(sheet, [np.round(points * 64).astype(np.int32)], False, 255, round(width * 4), cv2.LINE_AA, 4)
    return _paint(image, sheet, colour, soft)


def _draw_oval_mouth(image: Image, across: int, down: int, colour: tuple[float, ...], soft: float) -> Image:
    sheet = np.zeros((image.shape[0] * 4, image.shape[1] * 4), np.uint8)
    cv2.ellipse(sheet, (MOUTH[0] * 4, (MOUTH[1] + 4) * 4), (across * 4, down * 4), 0, 0, 360, 255, -1)
    return _paint(image, sheet, colour, soft)


def _paint(image: Image, sheet: NDArray[np.uint8] | cv2.typing.MatLike, colour: tuple[float, ...], soft: float) -> Image:
    share = cv2.resize(sheet, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return _blend(image, np.full(image.shape, colour, np.float32), cv2.GaussianBlur(share, (0, 0), soft))


def _blend(image: Image, over: NDArray[np.float32], share: NDArray[np.float32] | cv2.typing.MatLike) -> Image:
    return (image + share[..., None] * (over - image)).astype(np.uint8)


def _move_brows(image: Image, *, inner: float, outer: float, closer: float) -> Image:
    """Move the ends of the brows and the skin around them: down by `inner` and `outer`, inner ends together by `closer`.

    All three are pixels.
    """
    down, right = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    from_x, from_y = right.copy(), down.copy()
    for (x, y), by, aside in zip(BROWS, (inner, inner, outer, outer), (closer, -closer, 0.0, 0.0), strict=True):
        pull = np.exp(-(((right - x) / 8) ** 2 + ((down - y) / 7) ** 2) / 2)
        from_x -= aside * pull
        from_y -= by * pull
    return cv2.remap(image, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
