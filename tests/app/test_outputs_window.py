"""A real window whose results go to a reader that is slow or gone, and to disks that are full: the picture goes on."""

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
from tests.support.live import watching
from tests.support.pipes import drain, shrink
from tests.support.places import ROOT
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from realtime.domain import Image
    from tests.support.x11 import Person

pytestmark = pytest.mark.window


# As a shell does with `emodj live | …` and `emodj live > …`: what it writes to is a file of this name
PIPED = """
import os, sys
os.dup2(os.open("stdout", os.O_WRONLY), 1)
os.execv(sys.executable, [sys.executable, "-m", "realtime", *sys.argv[1:]])
"""

# A disk on which no file may grow further than this
NEARLY_FULL = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))
{PIPED}"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """A clip of the astronaut, a wall where sentences stand, and a mark on the left that moves in each frame."""
    portrait = astronaut.copy()
    portrait[380:] = clips.WALL
    scenes = [clips.scene(step, portrait) for step in range(clips.STEPS)]
    return clips.write_clip(tmp_path_factory.mktemp("clip") / "clip.mov", [], scenes)


@contextmanager
def piped(display: str, folder: Path, clip: Path, *options: str) -> Generator[tuple[Person, FileIO]]:
    """A person in front of `emodj live --jsonl | …`, and the end of the pipe that is read; it holds little."""
    path = folder / "stdout"
    os.mkfifo(path)
    with FileIO(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        shrink(reader.fileno())
        with watching(display, folder, "--jsonl", "--source", str(clip), *options, program=("-c", PIPED)) as person:
            yield person, reader


def whole(text: str) -> list[dict[str, Any]]:
    """The documents of lines, of which none is cut."""
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def mark(person: Person) -> int:
    """The first row of the mark of the frame that is shown."""
    left = person.picture()[:, :20].astype(int)
    return int(np.flatnonzero((np.abs(left - (0, 0, 255)).max(axis=2) < 60).mean(axis=1) > 0.5)[0])


def frames_go_on(person: Person) -> None:
    """Wait until several more frames were shown."""
    for _ in range(3):
        before = mark(person)
        until(lambda before=before: mark(person) != before)


def press_q(person: Person) -> int:
    return person.leave("q")


def close(person: Person) -> int:
    person.close()
    return person.finish()


def interrupt(person: Person) -> int:
    person.process.send_signal(signal.SIGINT)
    return person.finish()


@pytest.mark.parametrize(("leave", "status"), [(press_q, 0), (close, 0), (interrupt, 130)])
def test_the_picture_goes_on_while_nobody_reads_and_every_way_out_ends_it(
    leave: Callable[[Person], int], status: int, clip: Path, display: str, tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    with piped(display, tmp_path, clip, "--log", str(log)) as (person, reader):
        # More frames than pipe and queue hold were analysed: the window did not wait
        until(lambda: log.exists() and log.read_bytes().count(b"\n") > MOST_WAITING + 60)
        frames_go_on(person)
        assert leave(person) == status
        printed, lines = whole(drain(reader).decode()), whole(log.read_text())
        assert printed == lines[: len(printed)]
        # Ctrl-C may come between counting a frame and writing its line
        assert 0 <= lines[-1]["frames"] - (len(lines) - 1) <= (status == 130)
        left_out = len(lines) - len(printed)
        assert person.complaints.strip() == f"emodj: stdout is read too slowly, lines left out: {left_out}"


def test_a_reader_that_leaves_ends_the_session_in_silence(clip: Path, display: str, tmp_path: Path) -> None:
    with piped(display, tmp_path, clip) as (person, reader):
        until(lambda: reader.read(1))
        reader.close()
        assert person.process.wait(PATIENCE_S) == 0
        assert person.complaints == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that has no room")
def test_a_disk_without_room_for_the_documents_ends_the_session_with_a_sentence(
    clip: Path, display: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "realtime", "live", "--jsonl", "--source", str(clip)]
    environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT)}
    with (
        Path("/dev/full").open("w", encoding="utf-8") as full,
        subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True) as process,
    ):
        errors = process.communicate(timeout=PATIENCE_S)[1]
    assert (process.returncode, errors) == (1, f"emodj: cannot write the results ({os.strerror(errno.ENOSPC)})\n")


def test_a_disk_without_room_for_the_log_ends_the_log_and_not_the_session(clip: Path, display: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    os.mkfifo(tmp_path / "stdout")
    with FileIO(os.open(tmp_path / "stdout", os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        options = ("--jsonl", "--source", str(clip), "--log", str(log))
        with watching(display, tmp_path, *options, program=("-c", NEARLY_FULL)) as person:
            printed = bytearray()

            def count() -> int:
                printed.extend(drain(reader))
                return printed.count(b"\n")

            # Lines of a log of this size are fewer
            until(lambda: count() > 60)
            frames_go_on(person)
            person.press_until("q", lambda: count() and person.process.poll() is not None)
            assert person.process.returncode == 0
            assert person.complaints == (
                "emodj: the log has ended: its file may not grow further; log.jsonl is complete up to here\n"
            )
            count()
            lines = whole(log.read_text())
            assert 0 < len(lines) < 60
            assert whole(printed.decode())[: len(lines)] == lines


def test_the_window_says_where_a_snapshot_is_and_none_is_cut_off_at_the_end(clip: Path, display: str, tmp_path: Path) -> None:
    def taken() -> list[Path]:
        return sorted(tmp_path.glob("emodj-*.png"))

    with watching(display, tmp_path, "--source", str(clip)) as person:
        # The welcome at the start lies at the same place
        until(lambda: sentence(person) == 0)
        person.press_until("s", taken)
        until(lambda: sentence(person) > 0)
        shown = taken()
        # Of keys that come at once the window may lose one
        person.press("s", "s")
        assert person.leave("q") == 0
        pictures = [cv2.imread(str(path)) for path in taken()]
        assert all(picture is not None and picture.shape == (480, 640, 3) for picture in pictures)
        assert {path.name for path in tmp_path.iterdir()} == {"output", "errors", *(path.name for path in taken())}
        # What no screen could say any more is said here
        assert set(person.complaints.splitlines()) <= {f"emodj: picture saved: {path}" for path in taken() if path not in shown}


def sentence(person: Person) -> int:
    """Bright pixels where a sentence stands, above the hints."""
    part = person.picture()[396:440, 120:520]
    return int((part.min(axis=2) > 200).sum())
