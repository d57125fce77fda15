"""Films: every picture in order, in a file that plays however the recording ended."""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime.errors import UsageError
from realtime.sources.opening import open_video
from realtime.storage.film import Film, fit_to_size
from tests.storage.test_matroska import CLUSTER, CUES, INFO, SEEK_HEAD, TRACKS, elements

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

DURATION = 0x4489
WRITER = """
import sys
from pathlib import Path
import numpy as np
from realtime.storage.film import Film
film = Film(Path(sys.argv[1]), fps=30)
noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
count = 0
while not film.ended:
    film.write(noise)
    count += 1
    print(count, flush=True)
print(film.problem(), flush=True)
film.close()
"""
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))" + WRITER


def grey(level: int, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def levels(path: Path) -> list[int]:
    """The mean brightness of every picture of a film."""
    return [round(float(picture.mean())) for picture in pictures(path)]


def pictures(path: Path) -> list[Image]:
    """Every picture of a film, as OpenCV reads it."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    images: list[Image] = []
    while True:
        ok, picture = capture.read()
        if not ok:
            break
        images.append(picture.astype(np.uint8, copy=False))
    capture.release()
    return images


def stated_rate_and_count(path: Path) -> tuple[float, int]:
    """Pictures a second and number of pictures that the header states."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    stated = capture.get(cv2.CAP_PROP_FPS), round(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    capture.release()
    return stated


def begin_film(path: Path) -> Film:
    return Film(path, fps=30)


def test_every_picture_is_in_the_film_in_order(tmp_path: Path) -> None:
    path = tmp_path / "film.MKV"
    with Film(path, fps=25) as film:
        for level in range(0, 250, 2):
            film.write(grey(level))
    assert film.problem() is None
    assert levels(path) == pytest.approx(range(0, 250, 2), abs=1)
    assert stated_rate_and_count(path) == (25, 125)
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("fps", [1, 7.5, 30000 / 1001, 120])
def test_the_rate_is_kept(tmp_path: Path, fps: float) -> None:
    with Film(tmp_path / "film.mkv", fps=fps) as film:
        film.write(grey(10), times=20)
    rate, count = stated_rate_and_count(tmp_path / "film.mkv")
    assert rate == pytest.approx(fps, rel=0.01)
    assert count == 20
    assert len(levels(tmp_path / "film.mkv")) == 20


@pytest.mark.parametrize("fps", [None, 5.26])
def test_pictures_keep_their_times(tmp_path: Path, fps: float | None) -> None:
    times_s = [0.0, 0.031, 0.064, 3.5, 3.6]
    with Film(tmp_path / "film.mkv", fps=fps) as film:
        for index, time_s in enumerate(times_s):
            film.write_at(grey(10 * index), time_s)
    with open_video(str(tmp_path / "film.mkv")) as source:
        frames = list(iter(source.read, None))
    assert [frame.time_s for frame in frames] == pytest.approx(times_s)
    # The last picture is shown as long as the one before it
    ((_, duration),) = [each for each in elements(stored_info(tmp_path / "film.mkv")) if each[0] == DURATION]
    assert struct.unpack(">d", duration) == pytest.approx((3700,))


def stored_info(path: Path) -> bytes:
    """The element of a film that holds its duration."""
    segment = elements(path.read_bytes())[1][1]
    return next(body for id_, body in elements(segment) if id_ == INFO)


def test_the_last_picture_can_be_repeated(tmp_path: Path) -> None:
    with Film(tmp_path / "film.mkv", fps=10) as film:
        film.repeat(3)
        film.write(grey(10))
        film.repeat(2)
        film.write(grey(20))
    film.repeat()
    assert levels(tmp_path / "film.mkv") == [10, 10, 10, 20]


def test_a_player_can_seek(tmp_path: Path) -> None:
    with Film(tmp_path / "film.mkv", fps=10) as film:
        for level in range(200):
            film.write(grey(level))
    capture = cv2.VideoCapture(str(tmp_path / "film.mkv"), cv2.CAP_FFMPEG)
    for level in (150, 20, 199):
        capture.set(cv2.CAP_PROP_POS_FRAMES, level)
        _, picture = capture.read()
        assert picture.mean() == pytest.approx(level, abs=1)
    capture.release()


def test_the_header_leads_to_the_index(tmp_path: Path) -> None:
    with Film(tmp_path / "film.mkv", fps=10) as film:
        film.write(grey(7), times=35)
    data = (tmp_path / "film.mkv").read_bytes()
    _, (_, inside) = elements(data)
    parts = elements(inside)
    assert [id_ for id_, _ in parts] == [SEEK_HEAD, INFO, TRACKS, *[CLUSTER] * 35, CUES]
    # One cue point a second
    assert len(elements(parts[-1][1])) == 4
    # A closed film states its size; an interrupted one extends to the end of its file
    size = int.from_bytes(data[-len(inside) - 8 : -len(inside)]) - (1 << 56)
    assert size == len(inside)


def test_colours_are_kept(tmp_path: Path) -> None:
    blue = np.zeros((48, 64, 3), np.uint8)
    blue[..., 0] = 200
    with Film(tmp_path / "film.mkv", fps=10) as film:
        film.write(blue)
    (picture,) = pictures(tmp_path / "film.mkv")
    assert picture.mean((0, 1)) == pytest.approx([200, 0, 0], abs=4)


def test_a_picture_of_another_size_is_scaled_to_fit(tmp_path: Path) -> None:
    with Film(tmp_path / "film.mkv", fps=10) as film:
        film.write(grey(200, 63, 47))
        film.write(grey(200, 64, 96))
        film.write(grey(200, 320, 240))
    odd, tall, large = pictures(tmp_path / "film.mkv")
    assert odd.shape == tall.shape == large.shape == (48, 64, 3)
    assert large.min() > 190
    assert odd[:44, :60].min() > 190
    assert tall[:, :8].max() < 20
    assert tall[:, -8:].max() < 20
    assert tall[:, 24:40].min() > 190


def test_scaling_keeps_the_proportions() -> None:
    assert fit_to_size(grey(9, 64, 48), 64, 48).shape == (48, 64, 3)
    wide = fit_to_size(grey(200, 128, 24), 64, 48)
    assert [int(row) for row in np.flatnonzero(wide[:, 32, 0])] == list(range(18, 30))
    sliver = fit_to_size(grey(200, 1000, 1), 64, 48)
    assert np.count_nonzero(sliver[:, 0, 0]) == 1
    # A picture that is one row and one column short is not scaled
    pattern = np.random.default_rng(0).integers(0, 256, (47, 63, 3), np.uint8)
    assert (fit_to_size(pattern, 64, 48)[:47, :63] == pattern).all()


def test_a_film_without_a_picture_leaves_no_file(tmp_path: Path) -> None:
    with begin_film(tmp_path / "film.mkv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_closing_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    film = Film(path, fps=30)
    film.write(grey(10))
    film.close()
    content = path.read_bytes()
    film.close()
    film.write(grey(20))
    assert path.read_bytes() == content
    assert film.ended


@pytest.mark.parametrize("name", ["film.mp4", "film.avi", "film", ".mkv", "mkv"])
def test_another_suffix_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"choose a name that ends in \.mkv"):
        begin_film(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_film_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match=r"film\.mkv exists already: choose another name for the recording"):
        begin_film(path)
    assert path.read_bytes() == b"mine"


def test_a_picture_too_large_for_jpeg_ends_the_film_with_a_sentence(tmp_path: Path) -> None:
    with Film(tmp_path / "film.mkv", fps=30) as film:
        film.write(grey(10, 70_000, 2))
        assert film.problem() == "the recording has ended: a picture could not be encoded"
        assert film.problem() is None
        assert film.ended
    assert list(tmp_path.iterdir()) == []


@pytest.mark.posix("needs limits of POSIX")
def test_a_film_at_the_limit_of_file_size_plays_up_to_its_last_picture(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    *_, attempts, problem = done.stdout.splitlines()
    assert problem == "the recording has ended: its file may not grow further; film.mkv is complete up to here"
    # The last picture was refused
    count = int(attempts) - 1
    assert len(pictures(path)) == count > 10
    # The partial picture that was cut off left room for the index and the duration
    assert stated_rate_and_count(path) == (30, count)
    assert done.stderr == ""


@pytest.mark.posix("Windows removes no open file")
def test_a_removed_file_ends_the_film(tmp_path: Path) -> None:
    with Film(tmp_path / "film.mkv", fps=2) as film:
        film.write(grey(10))
        (tmp_path / "film.mkv").unlink()
        film.write(grey(20), times=4)
        assert film.problem() == "the recording has ended: its file was removed, and its content is lost"
    assert list(tmp_path.iterdir()) == []


def test_a_kill_loses_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        count = [int(writer.stdout.readline()) for _ in range(100)][-1]
        writer.kill()
    # A picture that was being written at the kill may be there in part
    assert len(pictures(path)) >= count
    assert stated_rate_and_count(path)[0] == 30
    # The header states the duration up to the last second
    assert stated_rate_and_count(path)[1] >= 90
