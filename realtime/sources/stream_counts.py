"""How many video streams a film has, in containers of which nothing else is read: AVI and MPEG transport streams."""

from __future__ import annotations

import struct
from typing import IO

_AVI_HEADERS = 2**20
"""Bytes at the start of an AVI in which its streams are described; a film of ten streams has some kilobytes of them."""

_UNKNOWN = 2**32 - 2**16

_PACKET, _SYNC = 188, 0x47
_TS_START = 20_000 * _PACKET
"""Bytes of a transport stream that are looked at; its tables come a few times a second."""
_PROGRAM_TABLE, _STREAM_TABLE = 0x00, 0x02
_VIDEO_TYPES = frozenset({0x01, 0x02, 0x10, 0x1B, 0x20, 0x21, 0x24, 0x33, 0x42, 0xD1, 0xEA})
"""Types of MPEG-1, -2, -4, H.264, JPEG 2000, H.265, H.266, AVS, Dirac and VC-1 (ISO/IEC 13818-1, table 2-34, and FFmpeg)."""


def count_videos(file: IO[bytes], head: bytes) -> int:
    """Number of the video streams of a film whose first 200 bytes are `head`; 0 if they are not known."""
    if head.startswith(b"RIFF") and head[8:11] == b"AVI":
        return count_avi_videos(file)
    # A packet, and another one behind it
    if len(head) > _PACKET and head[0] == head[_PACKET] == _SYNC:
        return count_transport_videos(file)
    return 0


def is_avi_cut(file: IO[bytes], head: bytes) -> bool:
    """Whether a film that begins with `head` is an AVI that states more bytes than there are."""
    if not (head.startswith(b"RIFF") and head[8:11] == b"AVI"):
        return False
    (size,) = struct.unpack_from("<I", head, 4)
    # A program that writes it into a pipe states the largest number
    return size < _UNKNOWN and 8 + size > file.seek(0, 2)


def count_avi_videos(file: IO[bytes]) -> int:
    """Number of the video streams of an AVI (Microsoft, "AVI RIFF File Reference")."""
    file.seek(0)
    data = file.read(_AVI_HEADERS)
    headers = data.partition(b"movi")[0]
    # Behind the name of the header come its length and the type of the stream
    return sum(header[4:8] == b"vids" for header in headers.split(b"strh")[1:])


def count_transport_videos(file: IO[bytes]) -> int:
    """Number of the video streams of the first program of a transport stream (ISO/IEC 13818-1); 0 if its tables are not found.

    FFmpeg reads the streams of all programs, and the first video stream of the first one is shown.
    """
    file.seek(0)
    data = file.read(_TS_START)
    table_id: int | None = None
    for place in range(0, len(data) - _PACKET + 1, _PACKET):
        if data[place] != _SYNC:
            return 0
        section = _section(data[place : place + _PACKET], 0 if table_id is None else table_id)
        if section and table_id is None and section[0] == _PROGRAM_TABLE:
            table_id = _first_program(section)
        elif section and table_id is not None and section[0] == _STREAM_TABLE:
            return sum(kind in _VIDEO_TYPES for kind in _stream_types(section))
    return 0


def _section(packet: bytes, wanted: int) -> bytes:
    """The table that begins in a packet of the wanted id; empty if none does, or it goes on in another packet."""
    start, flags = struct.unpack_from(">xHB", packet)
    if start & 0x1FFF != wanted or not start & 0x4000 or not flags & 0x10:
        return b""
    place = 4 + (1 + packet[4] if flags & 0x20 else 0)
    if place >= len(packet):
        return b""
    section = packet[place + 1 + packet[place] :]
    length = 3 + (struct.unpack_from(">H", section, 1)[0] & 0x0FFF) if len(section) > 3 else 0  # noqa: PLR2004
    return section[: length - 4] if 12 <= length <= len(section) else b""  # noqa: PLR2004 - without its checksum


def _first_program(section: bytes) -> int | None:
    """The id of the packets with the table of the first program."""
    for place in range(8, len(section) - 3, 4):
        number, packets = struct.unpack_from(">HH", section, place)
        if number:
            return packets & 0x1FFF
    return None


def _stream_types(section: bytes) -> list[int]:
    place = 12 + (struct.unpack_from(">H", section, 10)[0] & 0x0FFF)
    found = list[int]()
    while place + 5 <= len(section):
        found.append(section[place])
        place += 5 + (struct.unpack_from(">H", section, place + 3)[0] & 0x0FFF)
    return found
