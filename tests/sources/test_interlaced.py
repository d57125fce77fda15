from __future__ import annotations

import os
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime.sources.ffmpeg import FILE_OPTIONS
from realtime.sources.interlaced import is_interlaced, open_deinterlaced
from realtime.sources.opening import open_video
from realtime.sources.video import VideoSource, open_file
from tests.support.films import write_film

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from realtime.domain import Image

# Windows has no file with such a name
POSIX_NAMES = ["a film, [part 1]: it's; \\new.mkv", "12:30.mkv"] if os.name == "posix" else []

TIMES_MS = [0, 40, 80, 120, 160, 700, 740, 780]


def picture(index: int) -> Image:
    """A grey picture with a bright bar, which no two pictures have at the same place."""
    image = np.full((64, 96, 3), 60, np.uint8)
    image[:, 8 * index : 8 * index + 16] = 220
    return image


def film(path: Path, *, interlaced: bool = True, numbers: Sequence[int] = range(8)) -> Path:
    return write_film(path, [picture(number) for number in numbers], TIMES_MS[: len(numbers)], interlaced=interlaced)


@pytest.mark.parametrize("name", ["film.mkv", "a film, [part 1] it's; new.mkv", *POSIX_NAMES])
def test_an_interlaced_film_is_read_whole_and_at_its_times(name: str, tmp_path: Path) -> None:
    with open_video(str(film(tmp_path / name))) as source:
        frames = list(iter(source.read, None))
    assert [frame.time_s for frame in frames] == pytest.approx([time / 1000 for time in TIMES_MS], abs=0.002)
    for index, frame in enumerate(frames):
        assert frame.index == index
        assert frame.image.shape == (64, 96, 3)
        assert np.abs(frame.image.astype(int) - picture(index)).mean() < 8


def test_an_interlaced_film_without_times_is_read_whole(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mkv", [picture(index) for index in range(8)], [0] * 8, interlaced=True)
    with open_file(str(path)) as source:
        frames = list(iter(source.read, None))
        assert source.remark is not None
    assert [np.abs(frame.image.astype(int) - picture(frame.index)).mean() < 8 for frame in frames] == [True] * 8


class FirstFrames:
    """Stands in for OpenCV, which reads the progressive frames of a film and repeats the last one from there on."""

    def __init__(self, count: int, times_ms: Sequence[int]) -> None:
        self.count, self.times_ms, self.number = count, times_ms, -1

    def read(self) -> tuple[bool, Image]:
        self.number += 1
        return self.number < 8, picture(min(self.number, self.count - 1))

    def grab(self) -> bool:
        return self.read()[0]

    def get(self, key: int, /) -> float:
        return self.times_ms[min(self.number, 7)] if key == cv2.CAP_PROP_POS_MSEC else 0.0

    def release(self) -> None: ...


@pytest.mark.posix("OpenCV for Windows has no filters of FFmpeg")
@pytest.mark.parametrize("times_ms", [TIMES_MS, [0] * 8])
@pytest.mark.parametrize("count", [2, 4])
def test_a_film_that_is_interlaced_from_a_frame_on_loses_none(count: int, times_ms: list[int], tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mkv", [picture(index) for index in range(8)], times_ms, interlaced=True)
    source = VideoSource(FirstFrames(count, times_ms), "film", live=False, hint="", film=(str(path), FILE_OPTIONS))
    frames = list(iter(source.read, None))
    source.close()
    assert [np.abs(frame.image.astype(int) - picture(frame.index)).mean() < 8 for frame in frames] == [True] * 8


def test_an_interlaced_film_of_one_frame_is_read(tmp_path: Path) -> None:
    with open_video(str(film(tmp_path / "film.mkv", numbers=[2]))) as source:
        (frame,) = iter(source.read, None)
    assert np.abs(frame.image.astype(int) - picture(2)).mean() < 8


def test_a_film_of_still_pictures_is_not_interlaced(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv", interlaced=False, numbers=[1, 1, 1, 1, 2, 2])
    assert not is_interlaced(str(path), FILE_OPTIONS)
    with open_video(str(path)) as source:
        assert [int(frame.image[10, 40].mean()) > 140 for frame in iter(source.read, None)] == [False] * 6
        assert source.read() is None


@pytest.mark.posix("OpenCV for Windows has no filters of FFmpeg")
def test_interlaced_frames_are_found_from_a_moment_on(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv")
    assert is_interlaced(str(path), FILE_OPTIONS)
    assert is_interlaced(str(path), FILE_OPTIONS, 0.5)
    assert is_interlaced(str(path), FILE_OPTIONS, skip=7)
    assert not is_interlaced(str(path), FILE_OPTIONS, skip=8)


@pytest.mark.posix("OpenCV for Windows has no filters of FFmpeg")
def test_the_options_of_a_film_hold_for_the_deinterlacer(tmp_path: Path) -> None:
    path = str(film(tmp_path / "film.mkv"))
    assert open_deinterlaced(path, FILE_OPTIONS).isOpened()
    assert not open_deinterlaced(path, {**FILE_OPTIONS, "format_whitelist": "mov"}).isOpened()
