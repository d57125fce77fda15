"""Put ink onto a picture, in place and only where it lands: the strokes that every card and box consists of."""

from functools import lru_cache
from typing import Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.domain import Box, Image
from realtime.overlay.text import Mask

Colour = tuple[int, int, int]
"""Blue, green, red; each 0..255."""

IconName = Literal["play", "pause", "shuffle", "volume"]
"""A small drawing that stands beside words."""

_Points = tuple[tuple[float, float], ...]


def blend_mask(canvas: Image, mask: Mask, left: int, top: int, colour: Colour) -> None:
    """Blend `colour` into `canvas`, in place, as much as `mask` says; what lies outside is cut off."""
    height, width = canvas.shape[:2]
    first_row, last_row = max(0, top), min(height, top + mask.shape[0])
    first_column, last_column = max(0, left), min(width, left + mask.shape[1])
    if first_row >= last_row or first_column >= last_column:
        return
    under = canvas[first_row:last_row, first_column:last_column]
    part = mask[first_row - top : last_row - top, first_column - left : last_column - left]
    # By OpenCV, whose loops over bytes are several times faster than NumPy's over 16 bits: a frame has many small masks
    # Three channels first: it takes a column of four bytes for four channels of a colour
    cover = cv2.cvtColor(part, cv2.COLOR_GRAY2BGR)
    ink = cv2.multiply(cover, np.array((*colour, 0), np.float64), scale=1 / 255)
    under[:] = cv2.add(cv2.multiply(under, cv2.bitwise_not(cover), scale=1 / 255), ink)


@lru_cache(maxsize=128)
def rounded_rect(width: int, height: int, radius: int, cover: int = 255) -> Mask:
    """Draw the mask of a filled rectangle with round corners: `cover` inside, smooth at its edge, read-only."""
    radius = max(0, min(radius, width // 2, height // 2))
    mask = np.full((height, width), cover, np.uint8)
    if radius:
        steps = radius - np.arange(radius) - 0.5
        distance = np.hypot(steps[:, np.newaxis], steps[np.newaxis, :])
        corner = (np.clip(radius - distance + 0.5, 0, 1) * cover).astype(np.uint8)
        mask[:radius, :radius] = corner
        mask[:radius, -radius:] = corner[:, ::-1]
        mask[-radius:, :radius] = corner[::-1]
        mask[-radius:, -radius:] = corner[::-1, ::-1]
    mask.flags.writeable = False
    return mask


_FINER = 8
"""Times as large as it is shown a sign is drawn, for smooth edges."""


def _upside_down(shape: _Points) -> _Points:
    return tuple((x, 1 - y) for x, y in shape)


_ARROW = ((-0.02, 0.3), (0.22, 0.3), (0.62, 0.72), (0.8, 0.72))
_HEAD = ((0.74, 0.5), (1.0, 0.72), (0.74, 0.94))
_SIGNS: dict[IconName, tuple[tuple[_Points, ...], tuple[_Points, ...]]] = {
    "play": ((((0.12, 0.06), (0.94, 0.5), (0.12, 0.94)),), ()),
    "pause": (
        (((0.1, 0.06), (0.38, 0.06), (0.38, 0.94), (0.1, 0.94)), ((0.62, 0.06), (0.9, 0.06), (0.9, 0.94), (0.62, 0.94))),
        (),
    ),
    "shuffle": ((_HEAD, _upside_down(_HEAD)), (_ARROW, _upside_down(_ARROW))),
    "volume": (
        (((0.0, 0.34), (0.22, 0.34), (0.54, 0.06), (0.54, 0.94), (0.22, 0.66), (0.0, 0.66)),),
        (((0.7, 0.3), (0.78, 0.4), (0.8, 0.5), (0.78, 0.6), (0.7, 0.7)),),
    ),
}
"""Of each sign in a square of side 1: what is filled, and what is a line."""


@lru_cache(maxsize=64)
def icon(name: IconName, side: int) -> Mask:
    """Draw the mask of a sign that fonts lack, `side` pixels wide and high, read-only."""
    filled, lines = _SIGNS[name]
    finer = _FINER * side
    mask = np.zeros((finer, finer), np.uint8)
    for shape in filled:
        cv2.fillPoly(mask, [_pixels(shape, finer)], 255)
    for shape in lines:
        cv2.polylines(mask, [_pixels(shape, finer)], isClosed=False, color=255, thickness=max(1, round(0.13 * finer)))
    mask = cast("Mask", cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA))
    mask.flags.writeable = False
    return mask


def _pixels(shape: _Points, side: int) -> NDArray[np.int32]:
    return np.round(np.array(shape) * side).astype(np.int32)


def draw_face_box(canvas: Image, box: Box, colour: Colour, rim: Colour, thickness: int, *, dashed: bool) -> None:
    """Draw the frame of a face, in place, with a rim so that it shows on any picture.

    Args:
        canvas: to draw on.
        box: wholly inside the canvas.
        colour: of the line.
        rim: colour of the line beneath, which is a little wider.
        thickness: of the line, pixels.
        dashed: broken sides on a whole rim instead of whole sides.
    """
    radius = min(4 * thickness, box.width // 2, box.height // 2)
    left, top, right, bottom = box.left, box.top, box.right - 1, box.bottom - 1
    corners = ((left, top, 1, 1, 180), (right, top, -1, 1, 270), (right, bottom, -1, -1, 0), (left, bottom, 1, -1, 90))
    sides = (
        ((left + radius, top), (right - radius, top)),
        ((right, top + radius), (right, bottom - radius)),
        ((right - radius, bottom), (left + radius, bottom)),
        ((left, bottom - radius), (left, top + radius)),
    )
    for ink, width, broken in ((rim, thickness + 2 * max(1, thickness // 4), False), (colour, thickness, dashed)):
        for x, y, inward_x, inward_y, start in corners:
            centre = (x + inward_x * radius, y + inward_y * radius)
            cv2.ellipse(canvas, centre, (radius, radius), 0, start, start + 90, ink, width, cv2.LINE_AA)
        for begin, end in sides:
            for dash in _dashes(begin, end, 6 * thickness) if broken else [(begin, end)]:
                cv2.line(canvas, *dash, ink, width, cv2.LINE_AA)


def _dashes(begin: tuple[int, int], end: tuple[int, int], length: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Break a side into dashes and gaps of about `length`; it begins and ends with a gap, since the corners are whole."""
    span = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]))
    parts = 2 * max(1, round((span / length - 1) / 2)) + 1
    marks = [
        (round(begin[0] + (end[0] - begin[0]) * part / parts), round(begin[1] + (end[1] - begin[1]) * part / parts))
        for part in range(parts + 1)
    ]
    return [(marks[part], marks[part + 1]) for part in range(1, parts, 2)]
