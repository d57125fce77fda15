"""How the values of pictures of more than 8 bits a channel become 8 bits.

The stored type says little about the values: 12 bits of a camera lie in 16, small numbers in 32, floats have no common scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.generic]

DEPTHS = (8, 10, 12, 14, 16)
"""Bits that cameras and scanners put into 16; a picture of fewer bits is far darker than its file says."""

OUTLIERS = 0.001
"""Share of the darkest and of the brightest pixels that do not decide how a deep picture is scaled, such as hot pixels."""

MIN_CONTRAST = 1 / 8
"""Share of the scale that the values of a deep picture must use. Fewer, such as 12 bits around 32768, are stretched."""


@dataclass(frozen=True, slots=True)
class GreyScale:
    """Which values of a deep picture become black and white.

    Attributes:
        black: becomes 0.
        white: becomes 255, above `black`.
    """

    black: float
    white: float


def find_scale(values: Values) -> GreyScale:
    """Choose the scale of a deep grey picture by the values in it; the outermost `OUTLIERS` do not count.

    Whole numbers from 0 on keep the scale of the smallest of `DEPTHS` that holds them. Floats, whole numbers of more than 16
    bits, negative ones, and those that use little of their scale are stretched from the darkest to the brightest. Of such
    values, one at an end that stands for "nothing measured", such as -9999, does not count.
    """
    flat = np.sort(values[np.isfinite(values)], axis=None)
    if not flat.size:
        return GreyScale(0, 1)
    low, high = _ends(flat)
    if not (np.issubdtype(values.dtype, np.integer) and low >= 0 and high < 2 ** DEPTHS[-1]):
        flat = _without_filling(flat)
        low, high = _ends(flat)
    if low == high:
        # Nearly all pixels are equal: the others are what there is to see
        low, high = float(flat[0]), float(flat[-1])
    if np.issubdtype(values.dtype, np.integer) and low >= 0 and high < 2 ** DEPTHS[-1]:
        white = next(2**bits - 1 for bits in DEPTHS if high < 2**bits)
        if low == high or high - low >= MIN_CONTRAST * white:
            return GreyScale(0, white)
    return GreyScale(low, high if high > low else low + 1)


def _ends(flat: Values) -> tuple[float, float]:
    """The darkest and the brightest of sorted values, without the outliers."""
    skipped = int(OUTLIERS * flat.size)
    return float(flat[skipped]), float(flat[-1 - skipped])


def _without_filling(flat: Values) -> Values:
    """Sorted values without the one at an end that leaves little of the scale to all others."""
    skipped = int(OUTLIERS * flat.size)
    low, high = flat[skipped], flat[-1 - skipped]
    for rest in (flat[np.searchsorted(flat, low, "right") :], flat[: np.searchsorted(flat, high, "left")]):
        if rest.size:
            darkest, brightest = _ends(rest)
            if 0 < brightest - darkest < MIN_CONTRAST * (float(high) - float(low)):
                return rest
    return flat


def scale_grey(values: Values, scale: GreyScale) -> NDArray[np.uint8]:
    """Convert values of any type to 8 bits."""
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:  # noqa: PLR2004
        # A table takes a tenth of the time
        return _scale(np.arange(2**16), scale)[cast("NDArray[np.uint16]", values)]
    return _scale(values, scale)


def _scale(values: Values, scale: GreyScale) -> NDArray[np.uint8]:
    # A float of 32 bits does not hold all whole numbers of 32 bits, and the difference of two may be too large for it
    with np.errstate(invalid="ignore", over="ignore"):
        shares = (values.astype(np.float64) - scale.black) / (scale.white - scale.black)
    return np.rint(np.clip(np.nan_to_num(shares, posinf=1, neginf=0), 0, 1) * 255).astype(np.uint8)
