"""A real window with results for a slow or closed pipe and for full disks: it continues to show frames."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from realtime.app.output_thread import MOST_WAITING
from tests.support import clips
from tests.support.live import run_live
from tests.support.pipes import drain, shrink
from tests.support.places import ROOT
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from realtime.domain import Image
    from tests.support.x11 import WindowDriver

pytestmark = pytest.mark.window


# Replaces stdout by the file `stdout`, as a shell does for `emodj live | …` and `emodj live > …`
PIPED = """
import os, sys
os.dup2(os.open("stdout", os.O_WRONLY), 1)
os.execv(sys.executable, [sys.executable, "-m", "realtime", *sys.argv[1:]])
"""

# A limit on the size of files stands in for a full disk
NEARLY_FULL = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))
{PIPED}"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """A clip of the astronaut with a plain area behind the sentences and a moving mark on the left."""
    portrait = astronaut.copy()
    portrait[380:] = clips.WALL
    scenes = [clips.scene(step, portrait) for step in range(clips.STEPS)]
    return clips.write_clip(tmp_path_factory.mktemp("clip") / "clip.mov", [], scenes)


@contextmanager
def piped(display: str, folder: Path, clip: Path, *options: str) -> Generator[tuple[WindowDriver, FileIO]]:
    """Run `emodj live --jsonl | …`; yields its window and the reading end of a small pipe."""
    path = folder / "stdout"
    os.mkfifo(path)
    with FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        shrink(reader.fileno())
        with run_live(display, folder, "--jsonl", "--source", str(clip), *options, program=("-c", PIPED)) as driver:
            yield driver, reader


def documents(text: str) -> list[dict[str, Any]]:
    """The documents of lines; fails at an incomplete line."""
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def find_mark(driver: WindowDriver) -> int:
    """The first row of the mark in the shown frame. A picture of the screen may be taken while the window is being painted."""
    rows = list[int]()

    def look() -> bool:
        left = driver.picture()[:, :20].astype(int)
        rows[:] = map(int, np.flatnonzero((np.abs(left - (0, 0, 255)).max(axis=2) < 60).mean(axis=1) > 0.5))
        return bool(rows)

    until(look)
    return rows[0]


def wait_for_new_frames(driver: WindowDriver) -> None:
    """Wait until several more frames were shown."""
    for _ in range(3):
        before = find_mark(driver)
        until(lambda before=before: find_mark(driver) != before)


def press_q(driver: WindowDriver) -> int:
    return driver.leave("q")


def close(driver: WindowDriver) -> int:
    driver.close()
    return driver.finish()


def interrupt(driver: WindowDriver) -> int:
    driver.process.send_signal(signal.SIGINT)
    return driver.finish()


@pytest.mark.parametrize(("leave", "status"), [(press_q, 0), (close, 0), (interrupt, 130)])
def test_the_window_shows_new_frames_with_an_unread_pipe_and_can_be_ended(
    leave: Callable[[WindowDriver], int], status: int, clip: Path, display: str, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    with piped(display, tmp_path, clip, "--log", str(log)) as (driver, reader):
        # More frames than pipe and queue hold were analysed: the window did not wait
        until(lambda: log.exists() and log.read_bytes().count(b"\n") > MOST_WAITING + 60)
        wait_for_new_frames(driver)
        assert leave(driver) == status
        printed, lines = documents(drain(reader).decode()), documents(log.read_text())
        assert printed == lines[: len(printed)]
        # Ctrl-C may come between counting a frame and writing its line
        assert 0 <= lines[-1]["frames"] - (len(lines) - 1) <= (status == 130)
        left_out = len(lines) - len(printed)
        assert driver.stderr.strip() == f"emodj: stdout is read too slowly, lines left out: {left_out}"


def test_a_closed_pipe_ends_the_session_without_a_message(clip: Path, display: str, tmp_path: Path) -> None:
    with piped(display, tmp_path, clip) as (driver, reader):
        until(lambda: reader.read(1))
        reader.close()
        assert driver.process.wait(PATIENCE_S) == 0
        assert driver.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that has no room")
def test_a_full_disk_for_the_documents_ends_the_session_with_an_error(clip: Path, display: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "realtime", "live", "--jsonl", "--source", str(clip)]
    environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT)}
    with (
        Path("/dev/full").open("w", encoding="utf-8") as full,
        subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True) as process,
    ):
        errors = process.communicate(timeout=PATIENCE_S)[1]
    assert (process.returncode, errors) == (1, f"emodj: cannot write the results ({os.strerror(errno.ENOSPC)})\n")


def test_a_full_disk_for_the_log_ends_the_log_and_not_the_session(clip: Path, display: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    os.mkfifo(tmp_path / "stdout")
    with FileIO(os.open(tmp_path / "stdout", os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        options = ("--jsonl", "--source", str(clip), "--log", str(log))
        with run_live(display, tmp_path, *options, program=("-c", NEARLY_FULL)) as driver:
            printed = bytearray()

            def count() -> int:
                printed.extend(drain(reader))
                return printed.count(b"\n")

            # A log of the limited size has fewer lines
            until(lambda: count() > 60)
            wait_for_new_frames(driver)
            driver.press_until("q", lambda: count() and driver.process.poll() is not None)
            assert driver.process.returncode == 0
            assert driver.stderr == (
                "emodj: the log has ended: its file may not grow further; log.jsonl is complete up to here\n"
            )
            count()
            lines = documents(log.read_text())
            assert 0 < len(lines) < 60
            assert documents(printed.decode())[: len(lines)] == lines


def test_the_window_names_the_file_of_a_snapshot_and_all_files_are_complete(clip: Path, display: str, tmp_path: Path) -> None:
    def taken() -> list[Path]:
        return sorted(tmp_path.glob("emodj-*.png"))

    with run_live(display, tmp_path, "--source", str(clip)) as driver:
        # The welcome is shown at the same place
        until(lambda: count_sentence_pixels(driver) == 0)
        driver.press_until("s", taken)
        until(lambda: count_sentence_pixels(driver) > 0)
        shown = taken()
        # The window may lose one of two keys at the same time
        driver.press("s", "s")
        assert driver.leave("q") == 0
        pictures = [cv2.imread(str(path)) for path in taken()]
        assert all(picture is not None and picture.shape == (480, 640, 3) for picture in pictures)
        assert {path.name for path in tmp_path.iterdir()} == {"output", "errors", *(path.name for path in taken())}
        # Messages that came too late for the window are on stderr
        assert set(driver.stderr.splitlines()) <= {f"emodj: picture saved: {path}" for path in taken() if path not in shown}


def count_sentence_pixels(driver: WindowDriver) -> int:
    """Number of bright pixels in the place of sentences, above the hints."""
    part = driver.picture()[396:440, 120:520]
    return int((part.min(axis=2) > 200).sum())
