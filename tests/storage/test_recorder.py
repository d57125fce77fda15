"""Recording in a thread: the rate, too many or too few pictures, and the end."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import EmodjError, UsageError
from realtime.storage.recorder import MAX_CATCH_UP_S, FramePacer, Recorder
from tests.storage.test_append_file import MORE_THAN_ANY_DISK, open_files
from tests.storage.test_film import grey, levels, pictures
from tests.storage.test_matroska import CLUSTER
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

FPS = 50
KILLED = """
import sys
from pathlib import Path
import numpy as np
from realtime.storage.recorder import Recorder
noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
recorder = Recorder(Path(sys.argv[1]), fps=30)
with recorder:
    recorder.submit(noise)
    sys.stdin.read()
"""


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def count_pictures(folder: Path) -> int:
    """Number of pictures that the film in a folder holds now."""
    return (folder / "film.mkv").read_bytes().count(CLUSTER.to_bytes(4))


@given(st.lists(st.floats(0, MAX_CATCH_UP_S), max_size=60), st.floats(0.5, 240))
def test_a_second_of_the_clock_is_a_second_of_the_film(steps: list[float], fps: float) -> None:
    pacer = FramePacer(fps)
    now = 1000.0
    count = pacer.take_due(now)
    assert count == 1
    for step in steps:
        now += step
        count += pacer.take_due(now)
        assert count == pytest.approx((now - 1000) * fps, abs=1.001)
        assert 0 <= pacer.wait_s(now) <= 1 / fps + 1e-6


def test_the_sleep_of_a_computer_is_cut_out_of_the_film() -> None:
    pacer = FramePacer(30)
    pacer.take_due(0)
    assert pacer.take_due(8 * 3600) == 1
    assert pacer.take_due(8 * 3600 + 1) == 30


def test_a_clock_that_goes_back_adds_no_picture() -> None:
    pacer = FramePacer(30)
    pacer.take_due(100)
    assert pacer.take_due(99.5) == 0
    assert pacer.take_due(101) == 30


def test_the_film_is_as_long_as_the_session(tmp_path: Path) -> None:
    clock = Clock()
    with Recorder(tmp_path / "film.mkv", fps=FPS, clock=clock) as recorder:
        recorder.submit(grey(40))
        until(lambda: count_pictures(tmp_path))
        # No new picture comes for a second: the last one is repeated
        clock.now_s += 1
        until(lambda: count_pictures(tmp_path) == FPS + 1)
        recorder.submit(grey(80))
        clock.now_s += 1
        until(lambda: count_pictures(tmp_path) == 2 * FPS + 1)
    recorded = levels(tmp_path / "film.mkv")
    assert len(recorded) == 2 * FPS + 1
    assert set(recorded) == {40, 80}
    assert recorded == sorted(recorded)
    assert recorder.problem() is None


def test_the_newest_of_many_pictures_is_recorded(tmp_path: Path) -> None:
    clock = Clock()
    with Recorder(tmp_path / "film.mkv", fps=FPS, clock=clock) as recorder:
        recorder.submit(grey(1))
        until(lambda: count_pictures(tmp_path))
        for level in range(2, 200):
            recorder.submit(grey(level))
        clock.now_s += 1 / FPS
        until(lambda: count_pictures(tmp_path) == 2)
    assert levels(tmp_path / "film.mkv") == [1, 199]


def test_the_last_picture_is_not_lost(tmp_path: Path) -> None:
    clock = Clock()
    with Recorder(tmp_path / "film.mkv", fps=FPS, clock=clock) as recorder:
        recorder.submit(grey(10))
        until(lambda: count_pictures(tmp_path))
        recorder.submit(grey(90))
    assert levels(tmp_path / "film.mkv") == [10, 90]


def test_a_session_without_a_picture_leaves_no_file(tmp_path: Path) -> None:
    with Recorder(tmp_path / "film.mkv", fps=FPS) as recorder:
        assert (tmp_path / "film.mkv").exists()
    recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_an_error_is_raised_before_the_thread_starts(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists already"), Recorder(tmp_path / "film.mkv", fps=FPS):
        pass
    with pytest.raises(EmodjError, match="nearly full"), Recorder(tmp_path / "new.mkv", fps=FPS, reserve=MORE_THAN_ANY_DISK):
        pass
    assert "recorder" not in {thread.name for thread in threading.enumerate()}
    assert [path.name for path in tmp_path.iterdir()] == ["film.mkv"]


def test_closing_twice_leaves_neither_thread_nor_handle(tmp_path: Path) -> None:
    with Recorder(tmp_path / "film.mkv", fps=FPS) as recorder:
        recorder.submit(grey(10))
        assert "recorder" in {thread.name for thread in threading.enumerate()}
        assert str(tmp_path / "film.mkv") in open_files()
    recorder.close()
    assert "recorder" not in {thread.name for thread in threading.enumerate()}
    assert str(tmp_path / "film.mkv") not in open_files()


@pytest.mark.posix("Windows removes no open file")
def test_a_failure_ends_the_recording_with_a_sentence(tmp_path: Path) -> None:
    clock = Clock()
    with Recorder(tmp_path / "film.mkv", fps=2, clock=clock) as recorder:
        recorder.submit(grey(10))
        until(lambda: count_pictures(tmp_path))
        (tmp_path / "film.mkv").unlink()
        clock.now_s += 2
        until(lambda: "recorder" not in {thread.name for thread in threading.enumerate()})
        assert recorder.problem() == "the recording has ended: its file was removed, and its content is lost"
        assert recorder.problem() is None
        recorder.submit(grey(20))
        assert str(tmp_path / "film.mkv") not in {name.removesuffix(" (deleted)") for name in open_files()}


def test_a_size_that_changes_is_scaled_to_the_first_one(tmp_path: Path) -> None:
    clock = Clock()
    submitted: list[Image] = [grey(100), grey(100, 128, 96), grey(100, 31, 17)]
    with Recorder(tmp_path / "film.mkv", fps=FPS, clock=clock) as recorder:
        for number, image in enumerate(submitted, 1):
            recorder.submit(image)
            until(lambda number=number: count_pictures(tmp_path) == number)
            clock.now_s += 1 / FPS + 1e-6
    assert {picture.shape for picture in pictures(tmp_path / "film.mkv")} == {(48, 64, 3)}


def test_a_kill_leaves_all_but_the_last_pictures(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdin=subprocess.PIPE) as recording:
        until(lambda: path.exists() and count_pictures(tmp_path) > 30)
        recording.kill()
    assert len(pictures(path)) >= 30


def test_submitting_a_picture_does_not_wait_for_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    clock = Clock()
    with Recorder(path, fps=240, clock=clock) as recorder:
        recorder.submit(noise)
        until(lambda: count_pictures(tmp_path))
        first = path.stat().st_size
        # Hundreds of pictures are due at once
        clock.now_s += MAX_CATCH_UP_S
        sizes: list[int] = []
        while path.stat().st_size < 300 * first:
            recorder.submit(noise)
            sizes.append(path.stat().st_size)
    # `submit` returned again and again while the file grew
    assert len(set(sizes)) > 1
