"""Pictures of drawn faces that the shipped network reads without doubt, cut out of a picture of the documentation."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import Expression
from tests.support.places import ROOT

if TYPE_CHECKING:
    from realtime.domain import Image

SIDE = 72
_PLACES = {Expression.HAPPY: (216, 216), Expression.SURPRISE: (720, 432), Expression.NEUTRAL: (144, 288)}
"""Left and top of a face with that expression, in pixels of the picture."""


@cache
def drawn_face(expression: Expression) -> Image:
    """A face with an expression, (480, 480, 3) uint8 BGR."""
    sheet = cv2.imread(str(ROOT / "docs" / "drawn-faces.jpg"))
    assert sheet is not None
    left, top = _PLACES[expression]
    return cv2.resize(sheet[top : top + SIDE, left : left + SIDE], (480, 480), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def drawn_scene(step: int, expression: Expression | None) -> Image:
    """The face before a wall, or the wall alone, (480, 640, 3) uint8 BGR; a mark moves: no two pictures are the same."""
    picture = np.full((480, 640, 3), 90, np.uint8)
    if expression is not None:
        picture[:, 80:560] = drawn_face(expression)
    picture[10 * (step % 40) : 10 * (step % 40) + 20, :24] = (0, 0, 255)
    return picture
