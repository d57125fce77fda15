"""Clips of an hour in files of a few megabytes: on a slow machine a session must not end before its test has read it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realtime.domain import Image

RATE = 30
LENGTH_S = 3600
WALL = 90
MARK = (0, 0, 255)
SIZE = (640, 480)
STEPS = 100
"""Number of pictures until the mark is at its first place again."""

_IDENTITY = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
"""No rotation, as QuickTime writes it."""


def scene(step: int, portrait: Image | None) -> Image:
    """A wall with or without a portrait in front; a red mark goes down its left side, so that no two pictures are the same."""
    picture = np.full((SIZE[1], SIZE[0], 3), WALL, np.uint8)
    if portrait is not None:
        picture[:, 64:576] = portrait[: SIZE[1]]
    top = 100 + 3 * (step % STEPS)
    picture[top : top + 20, :24] = MARK
    return picture


def write_clip(path: Path, first: Sequence[Image], then: Sequence[Image]) -> Path:
    """Write a clip that shows the pictures of `first` once and repeats those of `then` for an hour.

    Each picture is in the file once: QuickTime lists for each frame where its picture lies, and frames may share one.
    """
    bodies = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in (*first, *then)]
    places = np.cumsum([16, *map(len, bodies[:-1])])
    number = np.arange(RATE * LENGTH_S)
    late = number >= len(first)
    order = np.where(late, len(first) + (number - len(first)) % len(then), number)
    sizes = np.array([len(body) for body in bodies])
    data = b"".join(bodies)
    with path.open("wb") as file:
        # With a length of 64 bits, which is why the first picture lies at 16
        file.write(struct.pack(">I4sQ", 1, b"mdat", 16 + len(data)) + data)
        file.write(_movie(places[order], sizes[order]))
    return path


def _movie(places: np.ndarray[tuple[int], np.dtype[np.int_]], sizes: np.ndarray[tuple[int], np.dtype[np.int_]]) -> bytes:
    """The list of frames and what they are, as in the QuickTime File Format Specification."""
    count, (width, height) = len(places), SIZE
    entry = struct.pack(">6xH16xHHIIIH32shH", 1, width, height, 72 << 16, 72 << 16, 0, 1, b"", 24, 0xFFFF)
    table = _box(
        "stbl",
        _box("stsd", _one(_box("jpeg", entry))),
        _box("stts", _one(struct.pack(">II", count, 1))),
        _box("stsc", _one(struct.pack(">III", 1, 1, 1))),
        _box("stsz", struct.pack(">III", 0, 0, count), sizes.astype(">u4").tobytes()),
        _box("stco", struct.pack(">II", 0, count), places.astype(">u4").tobytes()),
    )
    source = _box("dinf", _box("dref", _one(_box("url ", struct.pack(">I", 1)))))
    media = _box("minf", _box("vmhd", struct.pack(">IQ", 1, 0)), source, table)
    handler = _box("hdlr", struct.pack(">I4s4s12xB", 0, b"mhlr", b"vide", 0))
    track = _box(
        "trak",
        _box(
            "tkhd", struct.pack(">IIIII I8xHHHH36sII", 7, 0, 0, 1, 0, count, 0, 0, 0, 0, _IDENTITY, width << 16, height << 16)
        ),
        _box("mdia", _box("mdhd", struct.pack(">IIIIIHH", 0, 0, 0, RATE, count, 0, 0)), handler, media),
    )
    header = struct.pack(">IIIIIIH10x36s24xI", 0, 0, 0, RATE, count, 0x10000, 0x100, _IDENTITY, 2)
    return _box("moov", _box("mvhd", header), track)


def _box(name: str, *content: bytes) -> bytes:
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), name.encode()) + inside


def _one(entry: bytes) -> bytes:
    """A table of one row."""
    return struct.pack(">II", 0, 1) + entry
