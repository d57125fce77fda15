"""Why a face cannot be read from its crop, however sure a network is of it: networks do not notice what they do not see.

Each threshold stands where the answers of the shipped network, those that are surer than its threshold, are right in seven
points less of FER-2013's clear images than undamaged, where it is 94%: `python -m benchmarks.quality fer2013.npz` draws these
curves, on PublicTest. Milder damage is left to the network and its confidence, since it keeps its worth there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from realtime.domain import Batch, Box

    Numbers = NDArray[np.floating]

CUT_OFF = "cut off"
TOO_SMALL = "too small"
TOO_DARK = "too dark"
OVER_EXPOSED = "over-exposed"
BLURRED = "blurred"

MIN_BRIGHTNESS = 0.07
"""Mean brightness of the centre, 0..1: below, 84% of the answers are right and soon less, from there on 87% and more."""

MAX_OVEREXPOSURE = 0.8
"""Share of the centre that is white, 0..1: about it 88% of the answers are right, from .83 on 86% and soon less."""

MIN_SHARPNESS = 0.17
"""As `sharpness` has it: 84% of the answers are right below .16, 87% from there to .19, 91% and more above."""

MIN_SIDE = 15
"""Side of the square before it was scaled, pixels: 88% right at 16, 86% at 14. The cascades find no face so small, other
detectors do."""

MAX_OUTSIDE = 0.24
"""Share of the square that lies beyond the picture, 0..1: 88% right at .21 beyond the left edge, 86% at a quarter; 88% at .21
above the picture, 84% at a quarter. Detectors end a box at the edge and the square lies about what is left, so twice as
much of the face is lost."""

MAX_BELOW = 0.12
"""Share of its height that lies beneath the picture, 0..1: 92% right at .1, 84% at .15. A face goes without an eye, not without
its mouth."""

WHITE = 250 / 255
"""From this on a pixel is burnt out; JPEG leaves few at 255."""

CENTRE = slice(8, 40)
"""Rows and columns of a crop that show skin, not hair or wall."""

CENTRE_PIXELS = np.float32(32 * 32)


def unreadable_reasons(crops: Batch, squares: Sequence[Box], width: int, height: int) -> list[str | None]:
    """Why each crop cannot be read, None if it can; of several reasons the one that explains the others.

    Args:
        crops: (n, 48, 48, 1) float32 grey in 0..1.
        squares: where each was cut, in pixels of its picture.
        width: of that picture, pixels.
        height: likewise.
    """
    dark, white, soft = (
        brightness(crops) < MIN_BRIGHTNESS,
        overexposure(crops) > MAX_OVEREXPOSURE,
        sharpness(crops) < MIN_SHARPNESS,
    )
    found: list[str | None] = []
    for row, square in enumerate(squares):
        beneath = (square.bottom - height) / square.height
        checks = (
            (CUT_OFF, beneath > MAX_BELOW or share_outside(square, width, height) > MAX_OUTSIDE),
            (TOO_SMALL, square.width < MIN_SIDE),
            (TOO_DARK, dark[row]),
            (OVER_EXPOSED, white[row]),
            (BLURRED, soft[row]),
        )
        found.append(next((reason for reason, there in checks if there), None))
    return found


def brightness(crops: Batch) -> Numbers:
    """Mean brightness (n,) of the centre of each crop, 0..1."""
    centre = crops[:, CENTRE, CENTRE, 0]
    return centre.sum(axis=(1, 2)) / CENTRE_PIXELS


def overexposure(crops: Batch) -> Numbers:
    """Share (n,) of the centre of each crop that is white, 0..1."""
    return (crops[:, CENTRE, CENTRE, 0] >= WHITE).sum(axis=(1, 2), dtype=np.float32) / CENTRE_PIXELS


def sharpness(crops: Batch) -> Numbers:
    """How fine the detail of each crop is: (n,), 0 for a plain area, 1.5 for most of FER-2013, about 2 for noise and more.

    The energy of second differences over that of first ones, the mean square of the spatial frequency: contrast and
    brightness cancel out, and a blur takes the high frequencies first.
    """
    pixels = crops[..., 0]
    across, down = pixels[:, :, 1:] - pixels[:, :, :-1], pixels[:, 1:] - pixels[:, :-1]
    second = _energy(across[:, :, 1:] - across[:, :, :-1]) + _energy(down[:, 1:] - down[:, :-1])
    return second / np.maximum(_energy(across) + _energy(down), np.finfo(np.float32).tiny)


def share_outside(square: Box, width: int, height: int) -> float:
    """Share of a square that lies beyond a picture of that size, 0..1."""
    across = max(0, min(square.right, width) - max(square.left, 0))
    down = max(0, min(square.bottom, height) - max(square.top, 0))
    return 1 - across * down / square.area


def _energy(differences: Numbers) -> Numbers:
    """Sum (n,) of the squares of n pictures of differences."""
    count, height, width = differences.shape
    flat = differences.reshape(count, height * width)
    return np.vecdot(flat, flat)
