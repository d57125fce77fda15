"""Video streams of containers of which nothing else is read."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime.sources.film_files import read_film_facts
from realtime.sources.opening import open_video
from realtime.sources.stream_counts import count_avi_videos, count_transport_videos
from realtime.sources.video import VideoSource

if TYPE_CHECKING:
    from pathlib import Path


def write_avi(path: Path) -> bytes:
    writer = cv2.VideoWriter(str(path), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for level in (40, 80, 120):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    return path.read_bytes()


def with_second_stream(avi: bytes) -> bytes:
    """The same AVI with a second list of a video stream, which has no frames."""
    start = avi.index(b"LIST", avi.index(b"avih"))
    size = 8 + struct.unpack_from("<I", avi, start + 4)[0]
    more = avi[start : start + size]
    changed = bytearray(avi[: start + size] + more + avi[start + size :])
    for place in (4, avi.index(b"hdrl") - 4):
        struct.pack_into("<I", changed, place, struct.unpack_from("<I", changed, place)[0] + size)
    # Number of streams in the main header
    struct.pack_into("<I", changed, avi.index(b"avih") + 8 + 24, 2)
    return bytes(changed)


def test_the_video_streams_of_an_avi_are_counted(tmp_path: Path) -> None:
    avi = write_avi(tmp_path / "film.avi")
    two, sound = with_second_stream(avi), with_second_stream(avi).replace(b"vids", b"auds", 1)
    assert [count_avi_videos(io.BytesIO(film)) for film in (avi, two, sound)] == [1, 2, 1]


def test_an_avi_with_two_video_streams_is_remarked(tmp_path: Path) -> None:
    path = tmp_path / "film.avi"
    path.write_bytes(with_second_stream(write_avi(path)))
    with open_video(str(path)) as source:
        assert isinstance(source, VideoSource)
        frame = source.read()
        assert frame is not None
        assert float(frame.image.mean()) == pytest.approx(40, abs=4)
        assert "has 2 video streams, and the first was read" in (source.remark or "")


def packet(ident: int, section: bytes, adaptation: int = 0) -> bytes:
    head = struct.pack(">BHB", 0x47, 0x4000 | ident, 0x30 if adaptation else 0x10)
    extra = bytes([adaptation - 1]) + bytes(adaptation - 1) if adaptation else b""
    return (head + extra + b"\0" + section).ljust(188, b"\xff")


def table(kind: int, body: bytes) -> bytes:
    """A table with the bytes of its checksum, which nobody looks at."""
    return struct.pack(">BH", kind, 0xB000 | (5 + len(body) + 4)) + bytes(5) + body + bytes(4)


def transport_stream(types: list[int], adaptation: int = 0) -> bytes:
    """A transport stream of its two tables, with another program behind the first."""
    programs = struct.pack(">HHHHHH", 0, 0xE010, 1, 0xE100, 2, 0xE200)
    streams = b"".join(struct.pack(">BHH", kind, 0xE101 + number, 0xF002) + b"ab" for number, kind in enumerate(types))
    streams = struct.pack(">HH", 0xE101, 0xF003) + b"abc" + streams
    other = packet(0x200, table(2, struct.pack(">HHBHH", 0xE101, 0xF000, 0x1B, 0xE201, 0xF000)))
    return packet(0x300, b"") + packet(0, table(0, programs), adaptation) + other + packet(0x100, table(2, streams), adaptation)


@pytest.mark.parametrize("adaptation", [0, 1, 20])
@pytest.mark.parametrize(("types", "videos"), [([0x1B], 1), ([0x0F, 0x24, 0x1B, 0x06], 2), ([0x0F], 0)])
def test_the_video_streams_of_a_transport_stream_are_counted(
    types: list[int], videos: int, adaptation: int, tmp_path: Path
) -> None:
    data = transport_stream(types, adaptation)
    assert count_transport_videos(io.BytesIO(data)) == videos
    path = tmp_path / "film.ts"
    path.write_bytes(data)
    assert read_film_facts(str(path)).videos == videos


@pytest.mark.parametrize("size", [0, 100, 188, 200, 400, 700, 751])
def test_a_transport_stream_that_is_cut_off_says_nothing(size: int) -> None:
    assert count_transport_videos(io.BytesIO(transport_stream([0x1B])[:size])) == 0


@pytest.mark.parametrize("place", range(188, 230))
def test_damaged_tables_are_no_error(place: int) -> None:
    data = bytearray(transport_stream([0x1B]))
    data[place] ^= 0xFF
    assert count_transport_videos(io.BytesIO(bytes(data))) in {0, 1}
