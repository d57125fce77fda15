"""The explanation of a face of a picture for the page: its map as a small picture with opacity, where it lies, and a sentence.

The page draws the map over the picture. Its colours are those of the window: orange where the expression gets less probable if
the part is covered, blue where it gets more probable (`overlay.explanation`).
"""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.classifier.crops import crop_square
from realtime.domain import Expression
from realtime.session.colours import RGB
from realtime.session.explanation_text import explanation_sentence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.classifier.occlusion import Explanation, Map
    from realtime.session.documents import Document

FALLS = RGB[Expression.SURPRISE]
"""Orange, red, green and blue: the expression gets less probable."""
RISES = RGB[Expression.SAD]
"""Blue: it gets more probable."""
MOST_INK = 0.75
"""Opacity of the largest drop: the face stays visible below it."""


def explanation_document(explanation: Explanation, side_ratio: float) -> Document:
    """What the page gets: a sentence, the map as a `data:` address of a PNG, and the square that it covers.

    Args:
        explanation: of a face of a picture.
        side_ratio: side of a crop as a multiple of the longer side of the detector's box.
    """
    square = crop_square(explanation.face.box, side_ratio)
    data = b64encode(cv2.imencode(".png", paint_map(explanation.map))[1].tobytes()).decode("ascii")
    return {
        "said": explanation_sentence(explanation),
        "map": f"data:image/png;base64,{data}",
        "square": {"left": square.left, "top": square.top, "side": square.width},
    }


def paint_map(drops: Map) -> NDArray[np.uint8]:
    """Paint a map (height, width) as (height, width, 4) uint8 BGRA; its largest drop or rise has the opacity `MOST_INK`."""
    peak = float(np.abs(drops).max())
    shares = drops / peak if peak > 0 else drops
    painted = np.empty((*drops.shape, 4), np.uint8)
    painted[:, :, :3] = np.where((shares > 0)[:, :, np.newaxis], FALLS[::-1], RISES[::-1])
    painted[:, :, 3] = np.round(255 * MOST_INK * np.abs(shares))
    return painted
