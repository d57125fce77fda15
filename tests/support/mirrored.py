"""Films in boxes (MP4, QuickTime), among them such as are shown mirrored."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

from tests.support.clips import SIZE, write_clip

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

ONE = 1 << 16
LAST = 1 << 30


def matrix(*values: int) -> bytes:
    """A matrix of QuickTime: across and down of the first axis, and of the second one."""
    a, b, c, d = (value * ONE for value in values)
    return struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, LAST)


IDENTITY = matrix(1, 0, 0, 1)


def marked() -> Image:
    """A grey picture whose upper left corner is bright, and whose upper right corner is dark."""
    image = np.full((SIZE[1], SIZE[0], 3), 120, np.uint8)
    image[:100, :100], image[:100, -100:] = 240, 10
    return image


def write_mirrored(path: Path, track: bytes, movie: bytes = IDENTITY) -> Path:
    """A clip whose track and whose movie are shown with these matrices."""
    write_clip(path, [marked()], [marked()])
    first, second, third = path.read_bytes().rsplit(IDENTITY, 2)
    path.write_bytes(first + movie + second + track + third)
    return path


def box(name: str, *content: bytes, is_long: bool = False) -> bytes:
    inside = b"".join(content)
    if is_long:
        return struct.pack(">I4sQ", 1, name.encode(), 16 + len(inside)) + inside
    return struct.pack(">I4s", 8 + len(inside), name.encode()) + inside


def track(handler: str, durations: list[tuple[int, int]], timescale: int = 1000, version: int = 0) -> bytes:
    """A track whose frames are shown for these counts and ticks."""
    long = 8 if version else 4
    head = bytes([version, 0, 0, 0])
    media = box("mdhd", head, bytes(2 * long), struct.pack(">I", timescale), bytes(long + 4))
    times = box("stts", bytes(4), struct.pack(">I", len(durations)), *(struct.pack(">II", *each) for each in durations))
    sizes = box("stsz", bytes(8), struct.pack(">I", sum(count for count, _ in durations)))
    shown = box("tkhd", head, bytes(3 * long + 24), matrix(-1, 0, 0, 1), bytes(8))
    return box(
        "trak",
        shown,
        box("mdia", media, box("hdlr", bytes(8), handler.encode(), bytes(12)), box("minf", box("stbl", times, sizes))),
    )
