"""Blend masks, rounded rectangles, icons and face boxes into an image, in place: what every card consists of."""

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
"""Name of a small drawing beside text."""

_Points = tuple[tuple[float, float], ...]

_SUPERSAMPLING = 8
"""Factor by which an icon is drawn larger and then reduced, for antialiased edges."""


def _flip(shape: _Points) -> _Points:
    return tuple((x, 1 - y) for x, y in shape)


_SHUFFLE_LINE = ((-0.02, 0.3), (0.22, 0.3), (0.62, 0.72), (0.8, 0.72))
_ARROW_HEAD = ((0.74, 0.5), (1.0, 0.72), (0.74, 0.94))
_ICON_SHAPES: dict[IconName, tuple[tuple[_Points, ...], tuple[_Points, ...]]] = {
    "play": ((((0.12, 0.06), (0.94, 0.5), (0.12, 0.94)),), ()),
    "pause": (
        (((0.1, 0.06), (0.38, 0.06), (0.38, 0.94), (0.1, 0.94)), ((0.62, 0.06), (0.9, 0.06), (0.9, 0.94), (0.62, 0.94))),
        (),
    ),
    "shuffle": ((_ARROW_HEAD, _flip(_ARROW_HEAD)), (_SHUFFLE_LINE, _flip(_SHUFFLE_LINE))),
    "volume": (
        (((0.0, 0.34), (0.22, 0.34), (0.54, 0.06), (0.54, 0.94), (0.22, 0.66), (0.0, 0.66)),),
        (((0.7, 0.3), (0.78, 0.4), (0.8, 0.5), (0.78, 0.6), (0.7, 0.7)),),
    ),
}
"""Filled polygons and open lines of each icon, in a square of side 1."""


def blend_mask(canvas: Image, mask: Mask, left: int, top: int, colour: Colour) -> None:
    """Blend `colour` into `canvas` in place, with the opacity of `mask`, at `left`, `top` in pixels. The canvas clips it."""
    height, width = canvas.shape[:2]
    top_row, bottom_row = max(0, top), min(height, top + mask.shape[0])
    first_column, last_column = max(0, left), min(width, left + mask.shape[1])
    if top_row >= bottom_row or first_column >= last_column:
        return
    background = canvas[top_row:bottom_row, first_column:last_column]
    keep, ink = ink_of(mask[top_row - top : bottom_row - top, first_column - left : last_column - left], colour)
    cv2.add(cv2.multiply(background, keep, scale=1 / 255), ink, dst=background)


def ink_of(mask: Mask, colour: Colour) -> tuple[Image, Image]:
    """What blending multiplies a background with, 0..255, and what it adds: both (height, width, 3) uint8."""
    # A frame has many small masks, and OpenCV's loops over bytes are several times faster than NumPy's over 16 bits.
    # The mask gets three channels first, because OpenCV reads a column of four bytes as one colour of four channels
    if not mask.size:
        return np.zeros((*mask.shape, 3), np.uint8), np.zeros((*mask.shape, 3), np.uint8)
    opacity = cv2.cvtColor(mask, cv2.COLOR_GRAY2BGR)
    ink = cv2.multiply(opacity, np.array((*colour, 0), np.float64), scale=1 / 255)
    return cast("Image", cv2.bitwise_not(opacity)), cast("Image", ink)


@lru_cache(maxsize=128)
def rounded_rect(width: int, height: int, radius: int, opacity: int = 255) -> Mask:
    """Mask of a filled rectangle with rounded corners: `opacity` 0..255 inside, antialiased at the edge, read-only.

    Width, height and corner radius are in pixels; the radius is at most half of the shorter side.
    """
    radius = max(0, min(radius, width // 2, height // 2))
    mask = np.full((height, width), opacity, np.uint8)
    if radius:
        steps = radius - np.arange(radius) - 0.5
        distance = np.hypot(steps[:, np.newaxis], steps[np.newaxis, :])
        corner = (np.clip(radius - distance + 0.5, 0, 1) * opacity).astype(np.uint8)
        mask[:radius, :radius] = corner
        mask[:radius, -radius:] = corner[:, ::-1]
        mask[-radius:, :radius] = corner[::-1]
        mask[-radius:, -radius:] = corner[::-1, ::-1]
    mask.flags.writeable = False
    return mask


@lru_cache(maxsize=64)
def icon(name: IconName, side: int) -> Mask:
    """Mask of an icon that fonts lack, `side` pixels wide and high, read-only."""
    filled, lines = _ICON_SHAPES[name]
    fine_side = _SUPERSAMPLING * side
    mask = np.zeros((fine_side, fine_side), np.uint8)
    for shape in filled:
        cv2.fillPoly(mask, [_to_pixels(shape, fine_side)], 255)
    for shape in lines:
        cv2.polylines(
            mask, [_to_pixels(shape, fine_side)], isClosed=False, color=255, thickness=max(1, round(0.13 * fine_side))
        )
    mask = cast("Mask", cv2.resize(mask, (side, side), interpolation=cv2.INTER_AREA))
    mask.flags.writeable = False
    return mask


def _to_pixels(shape: _Points, side: int) -> NDArray[np.int32]:
    return np.round(np.array(shape) * side).astype(np.int32)


def draw_face_box(canvas: Image, box: Box, colour: Colour, outline: Colour, thickness: int, *, dashed: bool) -> None:
    """Draw the box of a face, in place, with an outline so that it is visible on any image.

    Args:
        canvas: image to draw into.
        box: face box, completely inside the canvas.
        colour: colour of the line.
        outline: colour of a wider line below it.
        thickness: thickness of the line in pixels.
        dashed: draw dashed sides over a solid outline, instead of solid sides.
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
    for ink, width, is_dashed in ((outline, thickness + 2 * max(1, thickness // 4), False), (colour, thickness, dashed)):
        for x, y, inward_x, inward_y, start in corners:
            centre = (x + inward_x * radius, y + inward_y * radius)
            cv2.ellipse(canvas, centre, (radius, radius), 0, start, start + 90, ink, width, cv2.LINE_AA)
        for begin, end in sides:
            for dash in _dashes(begin, end, 6 * thickness) if is_dashed else [(begin, end)]:
                cv2.line(canvas, *dash, ink, width, cv2.LINE_AA)


def _dashes(begin: tuple[int, int], end: tuple[int, int], dash_length: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Split a side into dashes and gaps of about `dash_length` pixels, with a gap at both ends: the corners are solid."""
    side_length = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]))
    segments = 2 * max(1, round((side_length / dash_length - 1) / 2)) + 1
    points = [
        (round(begin[0] + (end[0] - begin[0]) * segment / segments), round(begin[1] + (end[1] - begin[1]) * segment / segments))
        for segment in range(segments + 1)
    ]
    return [(points[segment], points[segment + 1]) for segment in range(1, segments, 2)]
