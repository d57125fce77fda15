"""Ink that is computed once and blended into many frames: a card costs two passes over its pixels while its content stays.

The result is that of `shapes.blend_mask` for one shape after the other, to the last bit.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.overlay.shapes import ink_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from realtime.domain import Image
    from realtime.overlay.shapes import Colour
    from realtime.overlay.text import Mask

MOST_BYTES = 12 << 20
"""Memory of the layers that are kept: those of a frame of 640 by 480 need half a megabyte, those of 4K about six."""


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """One shape in one colour, or a picture, at a place in pixels from a corner that the layers share.

    Attributes:
        left: from the corner, pixels.
        top: likewise.
        keep: (height, width, 3) uint8, how much of the background stays, 255 for all of it.
        ink: (height, width, 3) uint8 BGR, what is added to that.
    """

    left: int
    top: int
    keep: Image
    ink: Image

    @classmethod
    def of_mask(cls, mask: Mask, left: int, top: int, colour: Colour) -> Stamp:
        """A shape in one colour."""
        return cls(left, top, *ink_of(mask, colour))

    @classmethod
    def of_picture(cls, pixels: Image, left: int, top: int) -> Stamp:
        """Pixels, (height, width, 3) uint8 BGR, that hide the background."""
        return cls(left, top, np.zeros(pixels.shape, np.uint8), pixels)

    @property
    def right(self) -> int:
        """First column right of it."""
        return self.left + self.keep.shape[1]

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.top + self.keep.shape[0]

    def moved(self, right: int, down: int) -> Stamp:
        """The same at another place, so many pixels away."""
        return Stamp(self.left + right, self.top + down, self.keep, self.ink)

    def overlaps(self, other: Stamp) -> bool:
        """Whether the boxes of both share a pixel."""
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom

    def blend(self, canvas: Image, left: int, top: int) -> None:
        """Blend into `canvas` in place, with the corner at `left`, `top` in pixels. The canvas clips it."""
        left, top = left + self.left, top + self.top
        height, width = self.keep.shape[:2]
        first_row, end_row = max(0, top), min(canvas.shape[0], top + height)
        first_column, end_column = max(0, left), min(canvas.shape[1], left + width)
        if first_row >= end_row or first_column >= end_column:
            return
        keep, ink = self.keep, self.ink
        if (end_row - first_row, end_column - first_column) != (height, width):
            visible = slice(first_row - top, end_row - top), slice(first_column - left, end_column - left)
            keep, ink = keep[visible], ink[visible]
        background = canvas[first_row:end_row, first_column:end_column]
        cv2.add(cv2.multiply(background, keep, scale=1 / 255), ink, dst=background)


Layers = tuple[Stamp, ...]
"""Stamps that are blended one after the other."""


def merge_stamps(stamps: Sequence[Stamp]) -> Layers:
    """Merge stamps that do not overlap, so that few large ones are left; the picture stays the same.

    Args:
        stamps: in the order in which they would be blended.
    """
    levels = list[list[Stamp]]()
    for stamp in stamps:
        # Above every level with a stamp that it overlaps
        below = (number for number, level in enumerate(levels, 1) if any(map(stamp.overlaps, level)))
        level = max(below, default=0)
        if level == len(levels):
            levels.append([])
        levels[level].append(stamp)
    return tuple(_join(level) for level in levels)


def _join(stamps: Sequence[Stamp]) -> Stamp:
    if len(stamps) == 1:
        return stamps[0]
    left, top = min(stamp.left for stamp in stamps), min(stamp.top for stamp in stamps)
    shape = max(stamp.bottom for stamp in stamps) - top, max(stamp.right for stamp in stamps) - left, 3
    keep, ink = np.full(shape, 255, np.uint8), np.zeros(shape, np.uint8)
    for stamp in stamps:
        place = slice(stamp.top - top, stamp.bottom - top), slice(stamp.left - left, stamp.right - left)
        keep[place], ink[place] = stamp.keep, stamp.ink
    return Stamp(left, top, keep, ink)


class LayerCache:
    """Layers by their content: those that were used last. For any thread.

    Args:
        most_bytes: memory of their pixels; layers that need more are made anew each time.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept = OrderedDict["Hashable", Layers]()
        self._lock = threading.Lock()

    @property
    def kept_bytes(self) -> int:
        """Memory of the pixels that are kept."""
        return self._bytes

    def get(self, content: Hashable, make: Callable[[], Iterable[Stamp]]) -> Layers:
        """The layers of `content`, which decides how they look; made now if they are not kept."""
        with self._lock:
            if (layers := self._kept.get(content)) is not None:
                self._kept.move_to_end(content)
                return layers
        layers = tuple(make())
        with self._lock:
            if content not in self._kept:
                self._kept[content] = layers
                self._bytes += _bytes_of(layers)
            while self._bytes > self._most_bytes:
                self._bytes -= _bytes_of(self._kept.popitem(last=False)[1])
        return layers

    def clear(self) -> None:
        """Drop all layers."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0


def _bytes_of(layers: Layers) -> int:
    return sum(stamp.keep.nbytes + stamp.ink.nbytes for stamp in layers)
