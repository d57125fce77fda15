"""Films that OpenCV does not write: frames at any times, pixels that are not square, interlaced frames."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cv2

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realtime.domain import Image


def write_film(
    path: Path,
    pictures: Sequence[Image],
    times_ms: Sequence[int],
    *,
    display: tuple[int, int] | None = None,
    interlaced: bool = False,
    length_ms: float | None = None,
    pose: tuple[float, float] | None = None,
    streams: int = 1,
) -> Path:
    """Write a Matroska film of JPEG pictures that states neither a rate nor a length, as browsers write them.

    Args:
        path: ends in `.mkv`.
        pictures: (height, width, 3) BGR, all of one size.
        times_ms: time of each picture, milliseconds.
        display: width and height to show the pictures at, if their pixels are not square.
        interlaced: whether the film says that its frames are interlaced. They are not compressed then.
        length_ms: when the film says that it ends.
        pose: degrees by which the pictures are to be turned around their vertical axis (180 for a mirror), and in their plane.
        streams: number of video streams; the pictures are those of the first one.
    """
    height, width = pictures[0].shape[:2]
    if interlaced:
        bodies = [cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes() for picture in pictures]
    else:
        bodies = [encode(picture) for picture in pictures]
    film = film_bytes(
        bodies,
        times_ms,
        width,
        height,
        display=display,
        interlaced=interlaced,
        length_ms=length_ms,
        pose=pose,
        streams=streams,
    )
    path.write_bytes(film)
    return path


def film_bytes(
    bodies: Sequence[bytes],
    times_ms: Sequence[int],
    width: int,
    height: int,
    *,
    display: tuple[int, int] | None = None,
    interlaced: bool = False,
    length_ms: float | None = None,
    pose: tuple[float, float] | None = None,
    streams: int = 1,
    codec: tuple[str, bytes] = ("V_MJPEG", b""),
) -> bytes:
    """A Matroska film of frames that are encoded already; a time may be any number of milliseconds from 0 on.

    Args:
        codec: name and private data of the codec; the other arguments are those of `write_film`.
    """
    head = _element(
        "1A45DFA3",
        *(_number(key, value) for key, value in (("4286", 1), ("42F7", 1), ("42F2", 4), ("42F3", 8))),
        _element("4282", b"matroska"),
        _number("4287", 4),
        _number("4285", 2),
    )
    size = [_number("B0", width), _number("BA", height)]
    if display is not None:
        size += [_number("54B0", display[0]), _number("54BA", display[1])]
    if interlaced:
        # Interlaced, the upper rows first, uncompressed
        size += [_number("9A", 1), _number("9D", 1), _element("2EB524", b"I420")]
    if pose is not None:
        angles = [_element(key, struct.pack(">f", angle)) for key, angle in zip(("7673", "7675"), pose, strict=True)]
        size += [_element("7670", _number("7671", 0), *angles)]
    name, private = ("V_UNCOMPRESSED", b"") if interlaced else codec
    track = [_number("83", 1), _element("86", name.encode()), _element("E0", *size)]
    track += [_element("63A2", private)] if private else []
    entries = [_element("AE", _number("D7", number), _number("73C5", number), *track) for number in range(1, streams + 1)]
    clusters = [
        _element("1F43B675", _number("E7", time_ms), _element("A3", b"\x81\x00\x00\x80" + body))
        for body, time_ms in zip(bodies, times_ms, strict=True)
    ]
    length = b"" if length_ms is None else _element("4489", struct.pack(">d", length_ms))
    info = _element("1549A966", _number("2AD7B1", 1_000_000), length)
    return head + _element("18538067", info, _element("1654AE6B", *entries), *clusters)


def encode(picture: Image) -> bytes:
    """A picture as a JPEG file."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def _element(key: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return bytes.fromhex(key) + struct.pack(">Q", len(body) | 1 << 56) + body


def _number(key: str, value: int) -> bytes:
    return _element(key, value.to_bytes(max((value.bit_length() + 7) // 8, 1), "big"))
