"""A face at rest, painted: the portrait of the tests smiles, and other pictures of faces do not come with emodj."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.films import write_film

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

HEAD = (slice(10, 250), slice(90, 350))
"""Rows and columns of the head in the portrait."""
SKIN = (slice(108, 154), slice(91, 175))
"""Rows and columns of mouth and cheeks in the head."""
LIPS = (133, 136, 16, 4)
"""Centre (x, y) of the painted lips, half of their width, and how far their middle is higher than their ends; pixels."""


def paint_at_rest(portrait: Image, smile: float = 0.0) -> Image:
    """The head (240, 260, 3) with closed lips in place of its smile, which shines through by `smile`, 0..1.

    The shipped network reads it as neutral, .99, up to a smile of about .15, and as happy from about .25 on.
    """
    head = portrait[HEAD].copy()
    mask = np.zeros(head.shape[:2], np.uint8)
    mask[SKIN] = 255
    filled = cv2.GaussianBlur(cv2.inpaint(head, mask, 9, cv2.INPAINT_TELEA), (0, 0), 3)
    soft = cv2.GaussianBlur(mask, (0, 0), 3)[..., None] / 255
    painted = (head * (1 - soft) + filled * soft).astype(np.uint8)
    x, y, half, curve = LIPS
    steps = np.linspace(-1, 1, 15)
    points = np.stack([x + half * steps, y - curve * (1 - steps**2)], axis=1).astype(np.int32)
    cv2.polylines(painted, [points], isClosed=False, color=(50, 50, 110), thickness=3, lineType=cv2.LINE_AA)
    painted = cv2.GaussianBlur(painted, (0, 0), 0.7)
    return cv2.addWeighted(head, smile, painted, 1 - smile, 0).astype(np.uint8)


def write_rest_film(path: Path, portrait: Image, frames: int = 90, smile: float = 0.25) -> Path:
    """Write a film (`.mkv`) of a face at rest at ten frames a second. The network reads every third frame as happy."""
    pictures = [paint_at_rest(portrait, 0.1), paint_at_rest(portrait, 0.1), paint_at_rest(portrait, smile)]
    return write_film(path, [pictures[number % 3] for number in range(frames)], [100 * number for number in range(frames)])
