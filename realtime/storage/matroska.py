"""Bytes of a Matroska film of JPEG pictures (EBML: RFC 8794; Matroska: RFC 9559; codec V_MJPEG); pure.

A film is `header`, one `cluster` for each picture, and `cues` at its end. Each cluster states its length, so that a film
that breaks off plays up to its last whole picture. Numbers in the code are element ids of RFC 9559, section 5.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TICKS_PER_S = 1000
"""Resolution of time stamps: milliseconds."""

_CUES = 0x1C53BB6B
_UNKNOWN_SIZE = bytes([0x01, *[0xFF] * 7])


def header(width: int, height: int, fps: float | None) -> bytes:
    """All bytes before the first cluster; the duration of the film is not known yet.

    Args:
        width: width of every picture, pixels.
        height: height of every picture, pixels.
        fps: pictures a second; None if they have no steady rate. The times of the clusters go before it.
    """
    return (
        _EBML
        + _element(0x18538067, b"", size=_UNKNOWN_SIZE)
        + _seek_head(None)
        + _segment_info(0.0)
        + _tracks(width, height, fps)
    )


def cluster(time_s: float, jpeg: bytes) -> bytes:
    """A cluster of one picture.

    Args:
        time_s: seconds since the start of the film.
        jpeg: the picture as a JPEG file.
    """
    # The block starts with: track 1, time 0 relative to the cluster, the flag of a keyframe
    return _element(0x1F43B675, _uint_element(0xE7, round(time_s * TICKS_PER_S)) + _element(0xA3, b"\x81\x00\x00\x80" + jpeg))


def cues(points: Iterable[tuple[float, int]]) -> bytes:
    """The index that lets a player seek.

    Args:
        points: time in seconds and offset of the cluster in the file, for some of the pictures.
    """
    return _element(_CUES, b"".join(_cue_point(time_s, offset) for time_s, offset in points))


def duration_patch(seconds: float) -> tuple[int, bytes]:
    """Offset and bytes that write the duration of the film into its header."""
    return _INFO_OFFSET, _segment_info(seconds)


def cues_patch(offset: int) -> tuple[int, bytes]:
    """Offset and bytes that write the offset of the cues in the file into the header."""
    return _SEGMENT_OFFSET, _seek_head(offset)


def size_patch(size: int) -> tuple[int, bytes]:
    """Offset and bytes that write into the header where the film ends: after `size` bytes of the file."""
    return _SEGMENT_OFFSET - 8, struct.pack(">Q", 1 << 56 | size - _SEGMENT_OFFSET)


def _element(id_: int, body: bytes, size: bytes | None = None) -> bytes:
    return id_.to_bytes((id_.bit_length() + 7) // 8, "big") + (_encode_size(len(body)) if size is None else size) + body


def _encode_size(length: int) -> bytes:
    """A number whose leading zero bits give its length (RFC 8794, section 4). All bits set would mean an unknown size."""
    count = 1
    while length >= (1 << 7 * count) - 1:
        count += 1
    return (1 << 7 * count | length).to_bytes(count, "big")


def _uint_element(id_: int, value: int, count: int | None = None) -> bytes:
    return _element(id_, value.to_bytes(count or max((value.bit_length() + 7) // 8, 1), "big"))


def _cue_point(time_s: float, offset: int) -> bytes:
    positions = _uint_element(0xF7, 1) + _uint_element(0xF1, offset - _SEGMENT_OFFSET)
    return _element(0xBB, _uint_element(0xB3, round(time_s * TICKS_PER_S)) + _element(0xB7, positions))


def _seek_head(offset: int | None) -> bytes:
    """A list of one entry, the place of the cues; a void element of the same length until that place is known."""
    place = _uint_element(0x53AC, 0 if offset is None else offset - _SEGMENT_OFFSET, 8)
    entry = _element(0x114D9B74, _element(0x4DBB, _uint_element(0x53AB, _CUES) + place))
    return entry if offset is not None else _element(0xEC, bytes(len(entry) - 2))


def _segment_info(seconds: float) -> bytes:
    """Holds no date and no computer name, for privacy: a film holds nothing but its pictures."""
    duration = _element(0x4489, struct.pack(">d", seconds * TICKS_PER_S))
    return _element(
        0x1549A966,
        _uint_element(0x2AD7B1, 10**9 // TICKS_PER_S) + duration + _element(0x4D80, b"emodj") + _element(0x5741, b"emodj"),
    )


def _tracks(width: int, height: int, fps: float | None) -> bytes:
    video = _element(0xE0, _uint_element(0xB0, width, 4) + _uint_element(0xBA, height, 4))
    settings = (
        _uint_element(0xD7, 1)
        + _uint_element(0x73C5, 1)
        + _uint_element(0x83, 1)
        + _uint_element(0x9C, 0)
        + _element(0x22B59C, b"und")
    )
    rate = b"" if fps is None else _uint_element(0x23E383, round(10**9 / fps), 8)
    entry = settings + _element(0x86, b"V_MJPEG") + rate + video
    return _element(0x1654AE6B, _element(0xAE, entry))


# The functions above build these bytes, so they stand below them
_EBML = _element(
    0x1A45DFA3,
    _uint_element(0x4286, 1)
    + _uint_element(0x42F7, 1)
    + _uint_element(0x42F2, 4)
    + _uint_element(0x42F3, 8)
    + _element(0x4282, b"matroska")
    + _uint_element(0x4287, 4)
    + _uint_element(0x4285, 2),
)
_SEGMENT_OFFSET = len(_EBML) + 4 + 8
_INFO_OFFSET = _SEGMENT_OFFSET + len(_seek_head(None))
