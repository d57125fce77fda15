from __future__ import annotations

import errno
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np
import PIL.Image
import pytest

from realtime.domain import Frame
from realtime.errors import Cause, SourceError, UsageError
from realtime.sources import video
from realtime.sources.opening import open_video
from realtime.sources.video import VideoSource, open_file
from tests.support.films import encode, film_bytes, write_film
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 25
FRAMES = 12
SECRET = "hunter2"  # noqa: S105 - a password that no sentence may hold


def grey(level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((48, 64, 3), level, np.uint8)


def brightness(index: int) -> int:
    """Brightness of a frame of the clip: no two frames have the same one."""
    return 20 + 15 * index


def frame(index: int, time_s: float = 0.0) -> Frame:
    return Frame(grey(index), index, time_s)


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve frames at 25 frames a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 48))
    for index in range(FRAMES):
        writer.write(grey(brightness(index)))
    writer.release()
    return path


# Files


@pytest.mark.parametrize("named", [str, Path.as_uri])
def test_a_file_gives_all_its_frames_in_order_and_then_none(clip: Path, named: Callable[[Path], str]) -> None:
    with open_video(named(clip)) as source:
        assert not source.live
        assert source.name == str(clip)
        frames = list(iter(source.read, None))
        assert source.read() is None
    assert [frame_read.index for frame_read in frames] == list(range(FRAMES))
    assert [frame_read.time_s for frame_read in frames] == pytest.approx([index / RATE for index in range(FRAMES)])
    for index, frame_read in enumerate(frames):
        assert frame_read.image.shape == (48, 64, 3)
        assert frame_read.image.dtype == np.uint8
        assert float(frame_read.image.mean()) == pytest.approx(brightness(index), abs=3)


def test_a_frame_has_the_time_of_the_file_at_a_variable_rate(tmp_path: Path) -> None:
    times_ms = [0, 31, 64, 1500, 1533, 4000]
    path = write_film(tmp_path / "film.mkv", [grey(brightness(index)) for index in range(6)], times_ms)
    with open_file(str(path)) as source:
        frames = list(iter(source.read, None))
        assert source.remark is None
    assert [frame.time_s for frame in frames] == pytest.approx([time / 1000 for time in times_ms])
    assert [float(frame.image.mean()) for frame in frames] == pytest.approx([brightness(index) for index in range(6)], abs=3)


@pytest.mark.parametrize(
    "suffix", ["gif", pytest.param("png", marks=pytest.mark.posix("OpenCV for Windows reads no PNG films"))]
)
def test_the_pictures_of_an_animation_last_as_long_as_it_says(suffix: str, tmp_path: Path) -> None:
    first, *others = [PIL.Image.fromarray(grey(brightness(index))) for index in range(4)]
    path = tmp_path / f"animation.{suffix}"
    first.save(path, save_all=True, append_images=others, duration=[100, 2000, 50, 700])
    with open_video(str(path)) as source:
        assert [frame.time_s for frame in iter(source.read, None)] == pytest.approx([0, 0.1, 2.1, 2.15, 2.85])


@pytest.mark.parametrize(
    ("display", "shape"),
    [
        ((64, 48), (48, 64)),
        ((128, 48), (48, 128)),
        ((64, 96), (96, 64)),
        ((85, 48), (48, 85)),
        # Not believed
        ((64, 6400), (48, 64)),
        ((10**6, 48), (48, 64)),
    ],
)
def test_pixels_become_square(display: tuple[int, int], shape: tuple[int, int], tmp_path: Path) -> None:
    with open_video(str(write_film(tmp_path / "film.mkv", [grey(80)], [0], display=display))) as source:
        frame_read = source.read()
    assert frame_read is not None
    assert frame_read.image.shape == (*shape, 3)
    assert float(frame_read.image.mean()) == pytest.approx(80, abs=3)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_pixels_of_a_film_on_its_side_become_square(turn: int) -> None:
    driver = Driver(grey(1))
    driver.properties |= {cv2.CAP_PROP_SAR_NUM: 2, cv2.CAP_PROP_SAR_DEN: 1, cv2.CAP_PROP_ORIENTATION_META: turn}
    driver.properties[cv2.CAP_PROP_ORIENTATION_AUTO] = 1
    frame_read = source_of(driver, live=True).read()
    assert frame_read is not None
    assert frame_read.image.shape[:2] == ((96, 64) if turn in {90, 270} else (48, 128))


def test_a_film_of_huge_pictures_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(film_bytes([encode(np.zeros((8000, 8000, 3), np.uint8))], [0], 8000, 8000))
    with pytest.raises(SourceError, match=r"film\.mkv is too large, 8000×8000: emodj reads films of up to 7680×4320 pixels$"):
        open_video(str(path))


@pytest.mark.parametrize("name", ["2026-05-01T10:30:00.mkv", "12:30.mkv", "part2:home.mkv", "concat:film.mkv", "%03d.mkv"])
def test_a_name_is_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_film(tmp_path / name, [grey(80)], [0])
    monkeypatch.chdir(tmp_path)
    with open_video(name) as source:
        assert source.read() is not None


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nclip.avi\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile clip.avi\n",
        b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 26\n",
    ],
)
@pytest.mark.parametrize("suffix", ["mkv", "m3u8", "sdp"])
def test_a_list_of_other_files_is_no_video(content: bytes, suffix: str, clip: Path, tmp_path: Path) -> None:
    os.link(clip, tmp_path / "clip.avi")
    path = tmp_path / f"list.{suffix}"
    path.write_bytes(content)
    with pytest.raises(SourceError, match="cannot be opened as a video"):
        open_video(str(path))


def test_a_number_is_no_file_and_the_error_names_the_option() -> None:
    with pytest.raises(UsageError, match=r"^no such file: 0: a camera is named by --camera 0$"):
        open_video("0")


def test_frames_keep_their_pixels_while_others_are_read(clip: Path) -> None:
    with open_video(str(clip)) as source:
        first = source.read()
        assert first is not None
        before = first.image.copy()
        for _ in range(3):
            source.read()
        assert np.array_equal(first.image, before)


def test_channels_are_blue_green_red(tmp_path: Path) -> None:
    path = tmp_path / "red.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, (64, 48))
    writer.write(np.full((48, 64, 3), (0, 0, 255), np.uint8))
    writer.release()
    with open_video(str(path)) as source:
        frame_read = source.read()
    assert frame_read is not None
    assert frame_read.image[24, 32].tolist() == pytest.approx([0, 0, 255], abs=8)


def test_a_closed_file_is_at_its_end(clip: Path) -> None:
    source = open_video(str(clip))
    source.close()
    source.close()
    assert source.read() is None


def test_a_truncated_file_gives_its_remaining_frames(clip: Path, tmp_path: Path) -> None:
    head, *frames = clip.read_bytes().split(b"00dc")
    path = tmp_path / "cut.avi"
    path.write_bytes(b"00dc".join([head, *frames[:7]]))
    with open_video(str(path)) as source:
        assert 0 < len(list(iter(source.read, None))) < FRAMES


@pytest.mark.parametrize("content", [b"", b"no video at all\n" * 999, "head"])
def test_a_file_that_is_no_video_is_a_source_error(content: bytes | str, clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.avi"
    path.write_bytes(clip.read_bytes()[:200] if isinstance(content, str) else content)
    with pytest.raises(SourceError, match=r"x\.avi cannot be opened as a video: is it a complete video file\?$"):
        open_video(str(path))


def test_a_folder_and_a_pipe_are_no_videos(tmp_path: Path) -> None:
    locations = [tmp_path]
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe.avi")
        locations.append(tmp_path / "pipe.avi")
    for location in locations:
        with pytest.raises(SourceError, match="is neither a video file nor a camera"):
            open_video(str(location))


@pytest.mark.posix("a path of Windows is text")
def test_a_name_that_is_not_utf_8_is_a_source_error(tmp_path: Path, clip: Path) -> None:
    location = os.fsdecode(bytes(tmp_path) + b"/\xff.avi")
    os.link(clip, location)
    with pytest.raises(SourceError, match="its name is not UTF-8"):
        open_video(location)


@pytest.mark.parametrize("inside", ["", "/inside.avi"])
def test_a_missing_file_is_a_usage_error(inside: str, tmp_path: Path, clip: Path) -> None:
    location = f"{clip}{inside}" if inside else str(tmp_path / "none.avi")
    with pytest.raises(UsageError, match=r"^no such file: .*\.avi$"):
        open_video(location)


@pytest.mark.posix("to Windows it is a file that does not exist")
def test_a_path_that_the_system_refuses_is_a_source_error() -> None:
    with pytest.raises(SourceError, match=rf"cannot be opened as a video \({os.strerror(errno.ENAMETOOLONG)}\)$"):
        open_video("x" * 5000)


# Drivers


class Driver:
    """Stands in for OpenCV's capture; `read` returns or raises the given results in order, which have no times."""

    def __init__(self, *results: object, rate: float = 0.0) -> None:
        self.results = list(results)
        self.properties = {cv2.CAP_PROP_FPS: rate}
        self.released = 0

    def read(self) -> tuple[bool, object]:
        result = self.results.pop(0) if self.results else None
        if isinstance(result, Exception):
            raise result
        return result is not None, result

    def grab(self) -> bool:
        return self.read()[0]

    def get(self, key: int) -> float:
        return self.properties.get(key, 0.0)

    def release(self) -> None:
        self.released += 1


def source_of(driver: Driver, *, live: bool) -> VideoSource:
    return VideoSource(cast("cv2.VideoCapture", driver), "camera 0", live=live, hint="is it still plugged in?")


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (4, 6, 3), (4, 6, 4)])
def test_grey_and_four_channels_become_three(shape: tuple[int, ...]) -> None:
    pixels = np.full(shape, 7, np.uint8)
    frame_read = source_of(Driver(pixels), live=True).read()
    assert frame_read is not None
    assert frame_read.image.shape == (4, 6, 3)
    assert frame_read.image.dtype == np.uint8
    assert (frame_read.image == 7).all()


@pytest.mark.parametrize("result", [None, np.zeros((0, 0, 3), np.uint8), cv2.error("broken")])
def test_a_read_without_a_picture_ends_a_file_and_loses_a_camera(result: object) -> None:
    assert source_of(Driver(result), live=False).read() is None
    source = source_of(Driver(grey(1), result), live=True)
    assert source.read() is not None
    with pytest.raises(SourceError, match=r"^camera 0 gives no more frames: is it still plugged in") as caught:
        source.read()
    assert caught.value.cause is Cause.LOST
    with pytest.raises(SourceError, match=r"^camera 0 gives no frames: is it still plugged in"):
        source_of(Driver(result), live=True).read()


@pytest.mark.parametrize("result", [None, cv2.error("broken")])
def test_a_camera_can_be_lost_while_its_frames_are_skipped(result: object) -> None:
    source = source_of(Driver(grey(1), result), live=True)
    source.skip()
    with pytest.raises(SourceError, match="gives no frames"):
        source.skip()


@pytest.mark.parametrize(
    ("stated_rate", "rate"),
    [(50.0, 50.0), (0.0, None), (-1.0, None), (1000.0, None), (90000.0, None), (float("nan"), None), (float("inf"), None)],
)
def test_a_film_without_times_has_its_rate_or_else_thirty_frames_a_second(stated_rate: float, rate: float | None) -> None:
    source = source_of(Driver(grey(1), grey(2), grey(3), rate=stated_rate), live=False)
    times = [frame.time_s for frame in iter(source.read, None)]
    assert times == pytest.approx([index / (rate or 30) for index in range(3)])
    assert source.rate == rate
    assert (source.remark is None) == (rate is not None)


def test_closing_releases_the_device() -> None:
    driver = Driver()
    with source_of(driver, live=True):
        assert driver.released == 0
    assert driver.released == 1


def test_closing_does_not_wait_for_a_read_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "RELEASE_S", 0.01)
    read_started, may_return = threading.Event(), threading.Event()

    class Hanging(Driver):
        def read(self) -> tuple[bool, object]:
            read_started.set()
            assert may_return.wait(PATIENCE_S)
            return super().read()

    driver = Hanging(grey(1))
    source = source_of(driver, live=True)
    reader = threading.Thread(target=source.read)
    reader.start()
    assert read_started.wait(PATIENCE_S)
    source.close()
    # Releasing a capture during a read can crash the driver
    assert driver.released == 0
    may_return.set()
    reader.join()
    source.close()
    assert driver.released == 1
