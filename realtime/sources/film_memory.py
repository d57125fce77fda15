"""Bound the memory that FFmpeg takes for the pictures of a film, whatever their true size.

The size that a film states need not be that of its pictures: a film of 64×64 can hold, or go over to, pictures of 256
megapixels, and FFmpeg decodes them before OpenCV scales them. OpenCV passes `max_pixels` to no decoder. But FFmpeg asks for
each plane of a picture as one block of memory, and has one limit for all blocks, `av_max_alloc`
(https://ffmpeg.org/doxygen/trunk/group__lavu__mem__funcs.html). A larger picture is refused before it is decoded.

The limit belongs to the process, so it is that of the film which needs the most. OpenCV's wheels for Linux and macOS bring
libavutil as a library of its own. That for Windows does not: there FFmpeg's own bound holds, 256 megapixels.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from weakref import WeakSet

import cv2

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

MAX_PIXELS = 7680 * 4320
"""Pixels of a frame: those of 8K, the largest format of cameras. A film of kilobytes can have frames of gigabytes."""

MOST_BYTES = round(4.2 * MAX_PIXELS)
"""Largest block of any film: a picture of 8K with four bytes a pixel in one plane, and its padding."""

LEAST_BYTES = 24 * 10**6
"""Largest block of a small film, so that it may go over to larger pictures, as calls do: 4K with ten bits a sample. A stream of
H.264 that keeps 16 such pictures takes 0.9 GB."""

OPENING_BYTES = 36 * 10**6
"""Largest block while a film is opened: 8K with eight bits a sample. FFmpeg decodes a score of pictures then, to learn in which
order they are shown, and does without those that it may not decode: it learns their size and form from their heads."""

_INDEX_SHARE = 8
"""A film is at least so many times as large as FFmpeg's table of its pictures, 24 bytes each: with thirty a second,
a film of 46 kbit/s is."""

CONVERTED_BYTES = 4.0
"""Bytes a pixel for OpenCV's copy of a picture, BGR with padding, which is made once, for the first picture."""

_BYTES_A_PIXEL = {"Y800": 1.25, "I420": 1.75, "NV12": 1.75, "Y42B": 2.25, "444P": 3.25}
"""Bytes a pixel, with padding, of the usual forms of a picture: all planes together, as a film without compression holds them.
The codes are those of `cv2.CAP_PROP_CODEC_PIXEL_FORMAT`."""

_MOST_BYTES_A_PIXEL = 8.5
"""Of any other form: four channels of 16 bits."""

_INDEX_BYTES = 128
"""FFmpeg's table of a film in fragments grows with each frame of picture and sound; bytes for each picture that was read."""

_INDEX_STEP = 2**16
"""Pictures after which the table gets more room."""

_UNLIMITED = 2**31 - 1
"""FFmpeg's own limit, which holds while no film is open: a program that uses emodj may write large films of its own."""

_lock = threading.Lock()
_films: WeakSet[FilmMemory] = WeakSet()
_opening: list[int] = []


class FilmMemory:
    """The largest block that FFmpeg may take for one film while that is open.

    Args:
        width: of the pictures, as the film states it, pixels.
        height: likewise.
        pixel_format: value of `cv2.CAP_PROP_CODEC_PIXEL_FORMAT`.

    Attributes:
        most: bytes.
    """

    def __init__(self, width: int, height: int, pixel_format: int) -> None:
        self._size = width, height, pixel_format
        self.most = largest_block(*self._size, converted=False)
        with _lock:
            _films.add(self)
            _set_limit()

    def note_picture(self, number: int) -> None:
        """Fit the limit to a film of which so many pictures were read; to be called after each."""
        if number == 1 or number % _INDEX_STEP == 0:
            with _lock:
                self.most = largest_block(*self._size, converted=True) + number * _INDEX_BYTES
                _set_limit()

    def close(self) -> None:
        """The film is closed. Can be called twice."""
        with _lock:
            _films.discard(self)
            _set_limit()


def largest_block(width: int, height: int, pixel_format: int, *, converted: bool) -> int:
    """Bytes of the largest block that the pictures of a film need, within `LEAST_BYTES` and `MOST_BYTES`.

    Args:
        width: of the pictures, pixels.
        height: likewise.
        pixel_format: value of `cv2.CAP_PROP_CODEC_PIXEL_FORMAT`, such as the four characters I420 as a number.
        converted: whether OpenCV has its copy of a picture already.
    """
    code = pixel_format.to_bytes(4, "little", signed=pixel_format < 0).decode("latin-1") if abs(pixel_format) < 2**31 else ""
    needed = _BYTES_A_PIXEL.get(code, _MOST_BYTES_A_PIXEL)
    bytes_a_pixel = needed if converted else max(needed, CONVERTED_BYTES)
    return round(min(max(width * height * bytes_a_pixel, LEAST_BYTES), MOST_BYTES))


@contextmanager
def limit_opening(most: int = OPENING_BYTES) -> Generator[None]:
    """Limit the blocks to `most` bytes while a film, whose size is not known yet, is opened: its first pictures are decoded."""
    with _lock:
        _opening.append(most)
        _set_limit()
    try:
        yield
    finally:
        with _lock:
            _opening.remove(most)
            _set_limit()


def opening_bytes(location: str) -> int:
    """Largest block while a film is opened: of MP4 and MOV, FFmpeg makes the table of all pictures then, as one block.

    Args:
        location: path of the film; for all else, such as a URL, it is `OPENING_BYTES`.
    """
    try:
        size = os.stat(location).st_size  # noqa: PTH116 - a URL need not be a path
    except (OSError, ValueError):
        return OPENING_BYTES
    return min(max(OPENING_BYTES, size // _INDEX_SHARE), MOST_BYTES)


def _set_limit() -> None:
    set_largest_block = _find_setter()
    if set_largest_block is not None:
        set_largest_block(max([*(film.most for film in _films), *_opening], default=_UNLIMITED))


@cache
def _find_setter() -> Callable[[int], object] | None:
    """The function `av_max_alloc` of the libavutil that OpenCV has loaded; None where OpenCV keeps it to itself."""
    if sys.platform == "win32":
        return None
    try:
        # A library finds the functions of those that it needs
        setter = ctypes.CDLL(getattr(cv2, "_native", cv2).__file__).av_max_alloc
    except (OSError, AttributeError):
        return None
    setter.argtypes, setter.restype = [ctypes.c_size_t], None
    return setter
