"""Reasons why a crop cannot be read: dark, blurred, cut off and others. The network's confidence does not show them reliably.

Each limit comes from curves of the shipped network on the clear images of FER-2013's PublicTest, spoilt more and more:
`python -m benchmarks.quality fer2013.npz` prints them. Only answers at or above the network's threshold count. Without damage
94% of them are right; a limit lies where about 87% are. Milder damage passes, since confidence is still reliable there.

The percentages below are the right answers among those at or above the threshold.
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
"""Mean brightness of the centre, 0..1. Right: 84% and soon less below this limit, 87% and more above."""

MAX_OVEREXPOSURE = 0.8
"""Share of white pixels in the centre, 0..1. Right: 88% near this limit, 86% and soon less from .83 on."""

MIN_SHARPNESS = 0.17
"""Value of `sharpness`. Right: 84% below .16, 87% from .16 to .19, 91% and more above."""

MIN_SIDE = 15
"""Side of the square before it is scaled, pixels. Right: 88% at 16 pixels, 86% at 14. The Haar cascades find no face of this
size, but other detectors do."""

MAX_OUTSIDE = 0.24
"""Share of the square outside the image, 0..1. Right: 88% at .21 and 86% at .25 beyond the left edge, 88% at .21 and 84% at
.25 above the image. A detector ends its box at the edge of the image and the square is centred on this smaller box, so the
lost share of the face is twice the share of the square."""

MAX_BELOW = 0.12
"""Share of the height of the square below the image, 0..1. Right: 92% at .1, 84% at .15. The network can do without an eye,
but not without the mouth."""

WHITE = 250 / 255
"""A pixel of this value or more is overexposed: JPEG compression leaves few pixels at 255."""

CENTRE = slice(8, 40)
"""Rows and columns of a crop that show skin, neither hair nor background."""

CENTRE_PIXELS = np.float32(32 * 32)
"""Number of pixels in the centre."""


def unreadable_reasons(crops: Batch, squares: Sequence[Box], width: int, height: int) -> list[str | None]:
    """For each crop the reason why it cannot be read, or None; of several reasons the one that explains the others.

    Args:
        crops: (n, 48, 48, 1) float32 grey in 0..1.
        squares: the square of each crop, in pixels of its image.
        width: width of this image, pixels.
        height: height of this image, pixels.
    """
    dark, white, blurred = (
        brightness(crops) < MIN_BRIGHTNESS,
        overexposure(crops) > MAX_OVEREXPOSURE,
        sharpness(crops) < MIN_SHARPNESS,
    )
    reasons: list[str | None] = []
    for row, square in enumerate(squares):
        share_below = (square.bottom - height) / square.height
        checks = (
            (CUT_OFF, share_below > MAX_BELOW or share_outside(square, width, height) > MAX_OUTSIDE),
            (TOO_SMALL, square.width < MIN_SIDE),
            (TOO_DARK, dark[row]),
            (OVER_EXPOSED, white[row]),
            (BLURRED, blurred[row]),
        )
        reasons.append(next((reason for reason, applies in checks if applies), None))
    return reasons


def brightness(crops: Batch) -> Numbers:
    """Mean brightness (n,) of the centre of each crop, 0..1."""
    centre = crops[:, CENTRE, CENTRE, 0]
    return centre.sum(axis=(1, 2)) / CENTRE_PIXELS


def overexposure(crops: Batch) -> Numbers:
    """Share (n,) of white pixels in the centre of each crop, 0..1."""
    return (crops[:, CENTRE, CENTRE, 0] >= WHITE).sum(axis=(1, 2), dtype=np.float32) / CENTRE_PIXELS


def sharpness(crops: Batch) -> Numbers:
    """Sharpness (n,) of each crop: 0 for a plain area, 1.5 for most of FER-2013, 2 and more for noise.

    It is the energy of the second differences divided by that of the first differences: the mean square of the spatial
    frequency. Contrast and brightness cancel out, and a blur removes the high frequencies first.
    """
    pixels = crops[..., 0]
    across, down = pixels[:, :, 1:] - pixels[:, :, :-1], pixels[:, 1:] - pixels[:, :-1]
    second = _energy(across[:, :, 1:] - across[:, :, :-1]) + _energy(down[:, 1:] - down[:, :-1])
    return second / np.maximum(_energy(across) + _energy(down), np.finfo(np.float32).tiny)


def share_outside(square: Box, width: int, height: int) -> float:
    """Share of a square outside an image of `width` by `height` pixels, 0..1."""
    across = max(0, min(square.right, width) - max(square.left, 0))
    down = max(0, min(square.bottom, height) - max(square.top, 0))
    return 1 - across * down / square.area


def _energy(differences: Numbers) -> Numbers:
    """Sum of squares (n,) of each array of differences (n, height, width)."""
    count, height, width = differences.shape
    flat = differences.reshape(count, height * width)
    return np.vecdot(flat, flat)
