from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime.sources import film_memory
from realtime.sources.film_memory import LEAST_BYTES, MOST_BYTES, OPENING_BYTES, FilmMemory, largest_block, limit_opening
from realtime.sources.video import open_file
from tests.support.films import encode, film_bytes
from tests.support.h264 import CODEC, h264_pictures, h264_private

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = 64
LARGE = 16000
UNREAD = "has pictures that cannot be read: they are damaged, or much larger than the film states"
PEAK = """
import resource, sys
from realtime.sources.opening import open_video
with open_video(sys.argv[1]) as source:
    frames = sum(1 for _ in iter(source.read, None))
print(frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "darwin" else 1024))
"""

limited = pytest.mark.skipif(sys.platform == "win32", reason="OpenCV for Windows hides FFmpeg's limit")


def code(name: str) -> int:
    return int.from_bytes(name.encode(), "little")


def write_jpegs(path: Path, sides: list[int]) -> Path:
    """A film that states 64×64, of grey squares with these sides, ten a second."""
    jpeg = {side: encode_grey(side) for side in set(sides)}
    path.write_bytes(film_bytes([jpeg[side] for side in sides], [100 * index for index in range(len(sides))], SMALL, SMALL))
    return path


def encode_grey(side: int) -> bytes:
    return cv2.imencode(".jpg", np.full((side, side), side % 251, np.uint8))[1].tobytes()


def write_h264(path: Path, sides: list[int]) -> Path:
    """Five pictures of each side, one after the other."""
    bodies = [body for side in sides for body in h264_pictures(side, side, 5)]
    codec = (CODEC, h264_private(SMALL, SMALL))
    path.write_bytes(film_bytes(bodies, [100 * index for index in range(len(bodies))], SMALL, SMALL, codec=codec))
    return path


def read(path: Path) -> tuple[int, str | None]:
    with open_file(str(path)) as source:
        frames = sum(1 for _ in iter(source.read, None))
        assert source.read() is None
        return frames, source.remark


@limited
def test_huge_pictures_in_the_middle_of_a_film_are_left_out_with_a_remark(tmp_path: Path) -> None:
    frames, remark = read(write_jpegs(tmp_path / "film.mkv", [SMALL, SMALL, LARGE, LARGE, SMALL]))
    assert frames == 3
    assert remark == f"{tmp_path / 'film.mkv'} {UNREAD}; `ffmpeg -i FILM NEW.mkv` makes a film of one size"


@limited
def test_a_film_that_ends_with_huge_pictures_is_remarked_though_threads_decode_it(tmp_path: Path) -> None:
    frames, remark = read(write_h264(tmp_path / "film.mkv", [*[SMALL] * 20, LARGE]))
    assert frames == 100
    assert UNREAD in (remark or "")


def test_pictures_may_grow_to_those_of_cameras(tmp_path: Path) -> None:
    assert read(write_jpegs(tmp_path / "jpegs.mkv", [SMALL, 2880, SMALL])) == (3, None)
    assert read(write_h264(tmp_path / "h264.mkv", [SMALL, 2880, SMALL])) == (15, None)


def test_pictures_behind_a_damaged_one_are_read(tmp_path: Path) -> None:
    pictures = [encode(np.full((SMALL, SMALL, 3), level, np.uint8)) for level in (50, 100, 150)]
    pictures[1] = b"\xff\xd8" + bytes(200)
    path = tmp_path / "film.mkv"
    path.write_bytes(film_bytes(pictures, [0, 100, 200], SMALL, SMALL))
    with open_file(str(path)) as source:
        assert [round(float(frame.image.mean())) for frame in iter(source.read, None)] == [50, 150]
        assert UNREAD in (source.remark or "")


@limited
def test_a_film_of_many_hours_is_read_though_its_table_of_pictures_is_large(tmp_path: Path) -> None:
    jpeg, count = encode_grey(SMALL), OPENING_BYTES // 24 + 1
    path = write_long_film(tmp_path / "film.mp4", jpeg, count)
    with open_file(str(path)) as source:
        frame = source.read()
    assert frame is not None
    assert frame.image.shape == (SMALL, SMALL, 3)


def write_long_film(path: Path, jpeg: bytes, count: int) -> Path:
    """An MP4 of so many pictures of 64×64, equal in length; the first ones are there, the others are a hole."""

    def box(name: bytes, *parts: bytes) -> bytes:
        body = b"".join(parts)
        return struct.pack(">I4s", 8 + len(body), name) + body

    def numbers(*values: int) -> bytes:
        return struct.pack(f">{len(values)}I", *values)

    def head(start: int) -> bytes:
        unit = numbers(1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
        form = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", SMALL, SMALL) + numbers(72 << 16, 72 << 16, 0)
        tables = box(
            b"stbl",
            box(b"stsd", numbers(0, 1), box(b"jpeg", form, b"\0\1", bytes(32), struct.pack(">Hh", 24, -1))),
            box(b"stts", numbers(0, 1, count, 1)),
            box(b"stsc", numbers(0, 1, 1, count, 1)),
            box(b"stsz", numbers(0, len(jpeg), count)),
            box(b"stco", numbers(0, 1, start)),
        )
        files = box(b"dinf", box(b"dref", numbers(0, 1), box(b"url ", numbers(1))))
        media = box(
            b"mdia",
            box(b"mdhd", numbers(0, 0, 0, 30, count, 0x55C40000)),
            box(b"hdlr", numbers(0, 0), b"vide", bytes(13)),
            box(b"minf", box(b"vmhd", numbers(1, 0, 0)), files, tables),
        )
        shown = box(b"tkhd", numbers(3, 0, 0, 1, 0, count, 0, 0, 0, 0), unit, numbers(SMALL << 16, SMALL << 16))
        movie = box(b"mvhd", numbers(0, 0, 0, 30, count, 1 << 16, 1 << 24, 0, 0), unit, bytes(24), numbers(2))
        return box(b"ftyp", b"isom", numbers(512), b"isommp42") + box(b"moov", movie, box(b"trak", shown, media))

    start = len(head(0)) + 8
    with path.open("wb") as file:
        file.write(head(start) + struct.pack(">I4s", 8 + count * len(jpeg), b"mdat") + jpeg * 50)
        file.truncate(start + count * len(jpeg))
    return path


@limited
@pytest.mark.parametrize("write", [write_jpegs, write_h264])
def test_huge_pictures_take_little_memory(write: Callable[[Path, list[int]], Path], tmp_path: Path) -> None:
    usual = write(tmp_path / "usual.mkv", [SMALL] * 20)
    huge = write(tmp_path / "huge.mkv", [*[SMALL] * 20, LARGE, *[SMALL] * 20])
    peaks = [measure_peak(path) for path in (usual, huge)]
    assert peaks[1] < peaks[0] + 100


def measure_peak(path: Path) -> int:
    """Peak memory of a process that reads a film, MB."""
    command = [sys.executable, "-c", PEAK, str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split()[1])


def test_a_block_holds_a_picture_of_the_size_that_the_film_states() -> None:
    assert largest_block(640, 480, code("I420"), converted=False) == LEAST_BYTES
    assert largest_block(7680, 4320, -1, converted=True) == MOST_BYTES
    for converted, least in ((False, 3 * 7680 * 4320), (True, 1.5 * 7680 * 4320)):
        assert least < largest_block(7680, 4320, code("I420"), converted=converted) <= MOST_BYTES
    assert largest_block(7680, 4320, code("I420"), converted=True) < 2 * 7680 * 4320
    # PNG with four channels of 16 bits
    assert largest_block(3840, 2160, code("RBA@"), converted=True) > 8 * 3840 * 2160


def test_the_limit_is_that_of_the_film_which_needs_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = list[int]()
    monkeypatch.setattr(film_memory, "_find_setter", lambda: limits.append)
    small, large = FilmMemory(640, 480, code("I420")), FilmMemory(7680, 4320, code("I420"))
    assert limits[-1] == large.most > small.most
    large.close()
    assert limits[-1] == small.most == LEAST_BYTES
    with limit_opening():
        assert limits[-1] == OPENING_BYTES > LEAST_BYTES
    assert limits[-1] == LEAST_BYTES
    small.note_picture(2**16)
    assert limits[-1] == small.most > LEAST_BYTES
    small.close()
    small.close()
    # FFmpeg's own limit, for films of the program that uses emodj
    assert limits[-1] == 2**31 - 1
