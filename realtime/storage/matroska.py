"""The bytes of a Matroska film of JPEG pictures (EBML: RFC 8794; Matroska: RFC 9559; codec V_MJPEG), pure.

A film is `header`, one `cluster` for each picture, and `cues` at its end. Every cluster states its own length, so that a
film that breaks off anywhere plays up to its last whole picture. Numbers in the code are element ids of RFC 9559, section 5.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TICKS = 1000
"""Time stamps count milliseconds."""

_CUES = 0x1C53BB6B
_UNKNOWN_SIZE = bytes([0x01, *[0xFF] * 7])


def header(width: int, height: int, fps: float) -> bytes:
    """All in front of the first cluster; the length of the film is unknown yet.

    Args:
        width: of every picture, pixels.
        height: likewise.
        fps: pictures a second.
    """
    return (
        _EBML + _element(0x18538067, b"", size=_UNKNOWN_SIZE) + _place_of_cues(None) + _info(0.0) + _tracks(width, height, fps)
    )


def cluster(time_s: float, jpeg: bytes) -> bytes:
    """One picture.

    Args:
        time_s: since the begin of the film.
        jpeg: the picture as a JPEG file.
    """
    # Of the block: track 1, no time of its own beside the cluster's, and the flag of a key picture
    return _element(0x1F43B675, _number(0xE7, round(time_s * TICKS)) + _element(0xA3, b"\x81\x00\x00\x80" + jpeg))


def cues(points: Iterable[tuple[float, int]]) -> bytes:
    """The index for players that jump.

    Args:
        points: for some pictures their time in seconds and the offset of their cluster in the file.
    """
    return _element(_CUES, b"".join(_cue(time_s, offset) for time_s, offset in points))


def length_patch(seconds: float) -> tuple[int, bytes]:
    """Offset and bytes that write the length of the film into its header."""
    return _INFO_AT, _info(seconds)


def cues_patch(offset: int) -> tuple[int, bytes]:
    """Offset and bytes that write into the header where in the file the cues begin."""
    return _SEGMENT_AT, _place_of_cues(offset)


def duration_patch(size: int) -> tuple[int, bytes]:
    """Offset and bytes that write into the header that the film ends after `size` bytes of the file."""
    return _SEGMENT_AT - 8, struct.pack(">Q", 1 << 56 | size - _SEGMENT_AT)


def _element(id_: int, body: bytes, size: bytes | None = None) -> bytes:
    return id_.to_bytes((id_.bit_length() + 7) // 8, "big") + (_size(len(body)) if size is None else size) + body


def _size(length: int) -> bytes:
    """A number that begins with its own length in zero bits (RFC 8794, section 4). All bits set would mean unknown."""
    count = 1
    while length >= (1 << 7 * count) - 1:
        count += 1
    return (1 << 7 * count | length).to_bytes(count, "big")


def _number(id_: int, value: int, count: int | None = None) -> bytes:
    return _element(id_, value.to_bytes(count or max((value.bit_length() + 7) // 8, 1), "big"))


def _cue(time_s: float, offset: int) -> bytes:
    place = _number(0xF7, 1) + _number(0xF1, offset - _SEGMENT_AT)
    return _element(0xBB, _number(0xB3, round(time_s * TICKS)) + _element(0xB7, place))


def _place_of_cues(offset: int | None) -> bytes:
    """A list of one entry; a void of the same length until the place is known."""
    place = _number(0x53AC, 0 if offset is None else offset - _SEGMENT_AT, 8)
    entry = _element(0x114D9B74, _element(0x4DBB, _number(0x53AB, _CUES) + place))
    return entry if offset is not None else _element(0xEC, bytes(len(entry) - 2))


def _info(seconds: float) -> bytes:
    """No date and no name of a machine: a film tells of nothing but its pictures."""
    duration = _element(0x4489, struct.pack(">d", seconds * TICKS))
    return _element(
        0x1549A966, _number(0x2AD7B1, 10**9 // TICKS) + duration + _element(0x4D80, b"emodj") + _element(0x5741, b"emodj")
    )


def _tracks(width: int, height: int, fps: float) -> bytes:
    video = _element(0xE0, _number(0xB0, width, 4) + _number(0xBA, height, 4))
    first = _number(0xD7, 1) + _number(0x73C5, 1) + _number(0x83, 1) + _number(0x9C, 0) + _element(0x22B59C, b"und")
    entry = first + _element(0x86, b"V_MJPEG") + _number(0x23E383, round(10**9 / fps), 8) + video
    return _element(0x1654AE6B, _element(0xAE, entry))


_EBML = _element(
    0x1A45DFA3,
    _number(0x4286, 1)
    + _number(0x42F7, 1)
    + _number(0x42F2, 4)
    + _number(0x42F3, 8)
    + _element(0x4282, b"matroska")
    + _number(0x4287, 4)
    + _number(0x4285, 2),
)
_SEGMENT_AT = len(_EBML) + 4 + 8
_INFO_AT = _SEGMENT_AT + len(_place_of_cues(None))
