"""Outputs of a session into real pipes and files, while the session continues."""

from __future__ import annotations

import errno
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from realtime.app import output_thread
from realtime.app import outputs as module
from realtime.app.output_thread import MOST_WAITING
from realtime.app.outputs import MOST_SNAPSHOTS, LiveOutputs
from realtime.domain import Box, Face, Frame
from realtime.mood.vote import MoodVote
from realtime.overlay.draw import draw
from realtime.session.documents import frame_document, summary_document
from realtime.session.state import Session
from realtime.storage.append_file import AppendFile
from realtime.storage.film import Film
from realtime.storage.jsonl_log import CHECK_EVERY, JsonlLog
from realtime.storage.recorder import Recorder
from realtime.storage.user_folders import pictures_folder
from tests.support.clocks import CountedClock
from tests.support.fake_music import SilentPlayer
from tests.support.lists import PLAYLISTS
from tests.support.pipes import PipeReader, drain, posix, small_pipe
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.domain import Image
    from realtime.storage.pipe import RawStream

WAIT_S = 30.0
MANY = 2 * MOST_WAITING
HAPPY = Face(Box(40, 30, 80, 90), (0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0), track=1)
SLOW = "stdout is read too slowly: frames are left out of it"


class OutputsHarness:
    """A session with outputs; records its documents and the sentences for the terminal.

    Args:
        stdout: stream for the documents.
        log: log of faces and moods.
        waits: as for `LiveOutputs`.
    """

    def __init__(
        self,
        *,
        stdout: RawStream | None = None,
        log: JsonlLog | None = None,
        waits: bool = False,
        recorder: Recorder | None = None,
        film: Film | None = None,
    ) -> None:
        vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
        self.session = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False)
        self.stderr: list[str] = []
        self.emitted: list[dict[str, Any]] = []
        self.outputs = LiveOutputs(
            self.session,
            SilentPlayer(),
            stdout=stdout,
            log=log,
            waits=waits,
            recorder=recorder,
            film=film,
            notify=self.stderr.append,
        )

    def emit(self, count: int = 1) -> None:
        """Emit the results of frames, 30 a second."""
        for _ in range(count):
            time_s = len(self.emitted) / 30
            self.session.add_frame((HAPPY,), time_s)
            self.emitted.append(frame_document(time_s, (HAPPY,), self.session.mood()))
            self.outputs.emit(time_s, (HAPPY,))

    def finish(self, *, hurried: bool = False) -> None:
        """End the session as the command does."""
        summary = summary_document(self.session.summary())
        self.emitted.append(summary)
        self.outputs.finish(summary, hurried=hurried)

    def messages(self) -> list[str]:
        """The messages for the screen that have come since the last call."""
        return list(iter(self.outputs.message, None))

    def check_messages(self) -> bool:
        """Take the messages as the window does; raises the error of an output. Returns False, for `until`."""
        self.messages()
        return False

    def next_message(self) -> str:
        """Wait for the next message for the screen."""
        found: list[str] = []
        until(lambda: found.extend(self.messages()) or found)
        (sentence,) = found
        return sentence


def documents(data: bytes) -> list[dict[str, Any]]:
    """The documents of whole lines; fails at an incomplete line."""
    assert data.endswith(b"\n") or not data
    return [json.loads(line) for line in data.decode().splitlines()]


def logged(path: Path) -> list[dict[str, Any]]:
    return documents(path.read_bytes())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "session.jsonl"


@pytest.fixture(autouse=True)
def pictures(home: Path) -> Path:
    """The picture folder of the user."""
    folder = pictures_folder()
    assert home in folder.parents
    folder.mkdir()
    return folder


# Documents and log


@posix
def test_documents_and_log_are_each_frame_in_order_and_the_summary(log: Path) -> None:
    with small_pipe() as (reader, writer):
        harness, reading = OutputsHarness(stdout=writer, log=JsonlLog(log)), PipeReader(reader)
        reading.start()
        with harness.outputs:
            harness.emit(100)
            harness.finish()
        writer.close()
        assert documents(reading.finish()) == logged(log) == harness.emitted
    assert harness.stderr == harness.messages() == []


def test_nothing_is_written_without_an_output(tmp_path: Path) -> None:
    harness = OutputsHarness()
    with harness.outputs:
        harness.emit(MANY)
        harness.finish()
    assert harness.stderr == harness.messages() == []
    assert not list(tmp_path.iterdir())


def test_a_session_without_frames_leaves_no_log(log: Path) -> None:
    with OutputsHarness(log=JsonlLog(log)).outputs:
        assert log.exists()
    assert not log.exists()


# A reader that is slow


@posix
def test_an_unread_pipe_loses_lines_and_nothing_else(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READER_PATIENCE_S", 0.0)
    with small_pipe() as (reader, writer):
        harness = OutputsHarness(stdout=writer, log=JsonlLog(log))
        with harness.outputs:
            for _ in range(4):
                harness.emit(MOST_WAITING // 2)
                # The log loses no line
                until(lambda: len(log.read_bytes().splitlines()) == len(harness.emitted))
            assert harness.messages() == [SLOW]
            harness.emit(10)
            assert harness.messages() == [], "it is reported once"
            harness.finish()
        assert logged(log) == harness.emitted
        printed = documents(drain(reader))
        assert printed == harness.emitted[: len(printed)]
        assert printed
        left_out = len(harness.emitted) - len(printed)
        assert harness.stderr == [f"stdout is read too slowly, lines left out: {left_out}"]


@posix
def test_a_slow_reader_gets_the_queued_lines_and_the_summary() -> None:
    with small_pipe() as (reader, writer):
        harness, reading = OutputsHarness(stdout=writer), PipeReader(reader)
        with harness.outputs:
            harness.emit(MANY)
            assert harness.messages() == [SLOW]
            reading.start()
            harness.finish()
        writer.close()
        printed = documents(reading.finish())
    assert printed[-1] == harness.emitted[-1]
    # In order, with one gap from the line that found the queue full
    gap = next(place for place, document in enumerate(printed) if document != harness.emitted[place])
    assert printed[:gap] == harness.emitted[:gap]
    assert gap >= MOST_WAITING
    assert harness.stderr == [f"stdout is read too slowly, lines left out: {len(harness.emitted) - len(printed)}"]


@posix
def test_without_a_window_a_slow_reader_and_a_slow_disk_lose_nothing(log: Path) -> None:
    with small_pipe() as (reader, writer):
        harness, reading = OutputsHarness(stdout=writer, log=JsonlLog(log), waits=True), PipeReader(reader)
        with harness.outputs:
            # The queue is full now: one more would wait
            harness.emit(MOST_WAITING)
            reading.start()
            harness.emit(MANY)
            harness.finish()
        writer.close()
        assert documents(reading.finish()) == logged(log) == harness.emitted
    assert harness.stderr == []


@posix
def test_without_a_window_the_end_waits_for_a_reader_that_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = CountedClock()
    monkeypatch.setattr(output_thread, "time", clock)
    with small_pipe() as (reader, writer):
        harness, reading = OutputsHarness(stdout=writer, waits=True), PipeReader(reader)
        with harness.outputs:
            harness.emit(100)
            finishing = threading.Thread(target=harness.finish, daemon=True)
            finishing.start()
            clock.wait_for_reads(1)
            clock.now_s = 1e6
            clock.wait_for_reads(2)
            reading.start()
            finishing.join(WAIT_S)
        writer.close()
        assert documents(reading.finish()) == harness.emitted
    assert harness.stderr == []


@posix
def test_without_a_window_ctrl_c_does_not_wait_for_the_reader(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READER_PATIENCE_S", 0.0)
    with small_pipe() as (reader, writer):
        harness = OutputsHarness(stdout=writer, log=JsonlLog(log), waits=True)
        with harness.outputs:
            harness.emit(100)
            harness.finish(hurried=True)
        printed = documents(drain(reader))
    assert printed == harness.emitted[: len(printed)]
    assert logged(log) == harness.emitted
    assert harness.stderr == [f"stdout is read too slowly, lines left out: {101 - len(printed)}"]


# A closed pipe, a full disk


@posix
def test_a_closed_pipe_ends_the_session_and_the_log_is_complete(log: Path) -> None:
    with small_pipe() as (reader, writer):
        harness = OutputsHarness(stdout=writer, log=JsonlLog(log))
        with harness.outputs:
            harness.emit()
            reader.close()
            harness.emit(MANY)
            with pytest.raises(BrokenPipeError):
                until(harness.check_messages)
            harness.finish()
    assert logged(log)[-1] == harness.emitted[-1]
    # On a busy machine the log may also lose lines and report it
    assert not [sentence for sentence in harness.stderr if "stdout" in sentence]


@posix
def test_a_pipe_that_closes_before_the_summary_is_an_error(log: Path) -> None:
    with small_pipe() as (reader, writer):
        harness = OutputsHarness(stdout=writer, log=JsonlLog(log))
        with harness.outputs:
            reader.close()
            with pytest.raises(BrokenPipeError):
                harness.finish()
    assert logged(log) == harness.emitted
    assert harness.stderr == []


@posix
def test_without_a_window_a_closed_pipe_ends_the_wait_for_its_reader() -> None:
    frame = Frame(np.zeros((240, 320, 3), np.uint8), 0, 0.0)
    with small_pipe() as (reader, writer):
        harness = OutputsHarness(stdout=writer, waits=True)
        with harness.outputs:
            harness.emit(MOST_WAITING)
            reader.close()

            with pytest.raises(BrokenPipeError):
                until(lambda: harness.outputs.emit_frame(frame, 0.0, (HAPPY,)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that has no room")
def test_a_full_disk_for_stdout_is_an_error() -> None:
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        harness = OutputsHarness(stdout=full)
        with harness.outputs:
            harness.emit()
            with pytest.raises(OSError, match="No space") as caught:
                until(harness.check_messages)
            harness.finish()
    assert caught.value.errno == errno.ENOSPC
    assert harness.stderr == []


@posix
def test_a_log_that_ends_early_is_reported_on_screen_and_in_the_terminal(log: Path) -> None:
    with small_pipe() as (reader, writer):
        harness, reading = OutputsHarness(stdout=writer, log=JsonlLog(log)), PipeReader(reader)
        reading.start()
        with harness.outputs:
            harness.emit()
            until(lambda: log.stat().st_size)
            log.unlink()
            harness.emit(CHECK_EVERY)
            sentence = harness.next_message()
            assert sentence.startswith("the log has ended: its file was removed")
            harness.emit(100)
            harness.finish()
        writer.close()
        assert documents(reading.finish()) == harness.emitted, "stdout gets all documents without the log"
    assert harness.stderr == [sentence]
    assert harness.messages() == []


@posix
def test_without_a_window_a_log_that_ends_early_is_reported_once(log: Path) -> None:
    harness = OutputsHarness(log=JsonlLog(log), waits=True)
    with harness.outputs:
        harness.emit()
        until(lambda: log.stat().st_size)
        log.unlink()
        harness.emit(CHECK_EVERY)
        harness.finish()
    (sentence,) = harness.stderr
    assert sentence.startswith("the log has ended: its file was removed")


def test_a_value_that_json_cannot_hold_is_an_exception(log: Path) -> None:
    harness = OutputsHarness(log=JsonlLog(log))
    with harness.outputs:
        harness.outputs.emit(float("nan"), ())
        with pytest.raises(ValueError, match="JSON compliant"):
            until(harness.check_messages)


# Snapshots


def picture_of(level: int) -> Image:
    return np.full((240, 320, 3), level, np.uint8)


def test_a_snapshot_is_the_view_and_a_message_names_its_file(pictures: Path) -> None:
    harness = OutputsHarness()
    view = harness.session.snapshot_view(0.0)
    with harness.outputs:
        harness.outputs.snapshot(picture_of(90), view)
        sentence = harness.next_message()
    (path,) = pictures.iterdir()
    assert sentence == f"picture saved: {path}"
    assert path.match("emodj-*.png")
    assert (cv2.imread(str(path)) == draw(picture_of(90), view)).all()


def test_all_snapshots_are_saved_at_the_end_and_the_terminal_names_their_files(pictures: Path) -> None:
    harness = OutputsHarness()
    with harness.outputs:
        for level in (10, 20, 30):
            harness.outputs.snapshot(picture_of(level), harness.session.snapshot_view(0.0))
        harness.finish()
    paths = sorted(pictures.iterdir())
    assert harness.stderr == [f"picture saved: {path}" for path in paths]
    # Named in the order of the key presses
    levels = [image[120, 160, 0] for path in paths if (image := cv2.imread(str(path))) is not None]
    assert levels == [10, 20, 30]


def test_a_session_that_fails_keeps_its_snapshots(pictures: Path) -> None:
    harness = OutputsHarness()

    def fail() -> None:
        with harness.outputs:
            harness.outputs.snapshot(picture_of(10), harness.session.snapshot_view(0.0))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    (path,) = pictures.iterdir()
    assert cv2.imread(str(path)) is not None


def test_without_a_picture_folder_snapshots_go_to_the_current_folder(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures.rmdir()
    monkeypatch.chdir(tmp_path)
    harness = OutputsHarness()
    with harness.outputs:
        harness.outputs.snapshot(picture_of(90), harness.session.snapshot_view(0.0))
        assert harness.next_message().startswith(f"picture saved: {tmp_path}{os.sep}emodj-")


@posix
def test_a_snapshot_without_any_folder_is_a_message(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures.rmdir()
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    harness = OutputsHarness()
    with harness.outputs:
        harness.outputs.snapshot(picture_of(90), harness.session.snapshot_view(0.0))
        assert harness.next_message() == "no picture saved: the folder that emodj was started in is gone"


class SlowDisk(AppendFile):
    """A file on a disk that writes nothing before `takes` is set."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "the log")
        self.reached = threading.Event()
        self.takes = threading.Event()

    def append(self, record: bytes) -> bool:
        self.reached.set()
        assert self.takes.wait(WAIT_S)
        return super().append(record)


class SlowLog(JsonlLog):
    """A log on a slow disk."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.with_suffix(".unused"))
        super().close()
        self._file = self.disk = SlowDisk(path)


@pytest.fixture
def slow(log: Path) -> Iterator[SlowLog]:
    slow = SlowLog(log)
    yield slow
    slow.disk.takes.set()


def test_too_many_snapshots_at_once_are_refused_with_a_message(slow: SlowLog, pictures: Path) -> None:
    harness = OutputsHarness(log=slow)
    with harness.outputs:
        harness.emit()
        assert slow.disk.reached.wait(WAIT_S)
        for level in range(MOST_SNAPSHOTS + 2):
            harness.outputs.snapshot(picture_of(level), harness.session.snapshot_view(0.0))
        refused = "no picture saved: the pictures before it are still being written"
        assert harness.messages() == [refused, refused]
        slow.disk.takes.set()
        saved: list[str] = []
        until(lambda: saved.extend(harness.messages()) or len(saved) == MOST_SNAPSHOTS)
        # There is room again
        harness.outputs.snapshot(picture_of(100), harness.session.snapshot_view(0.0))
        assert harness.next_message().startswith("picture saved: ")
    assert len(list(pictures.iterdir())) == MOST_SNAPSHOTS + 1


def test_a_slow_disk_loses_lines_of_the_log_and_nothing_else(slow: SlowLog, log: Path, pictures: Path) -> None:
    harness = OutputsHarness(log=slow)
    with harness.outputs:
        harness.emit(MANY)
        assert harness.messages() == ["the disk is too slow: frames are left out of the log"]
        # A snapshot is written although the log loses frames
        harness.outputs.snapshot(picture_of(10), harness.session.snapshot_view(0.0))
        slow.disk.takes.set()
        harness.finish()
    lines = logged(log)
    assert lines[:MOST_WAITING] == harness.emitted[:MOST_WAITING]
    assert lines[-1] == harness.emitted[-1]
    (path,) = pictures.iterdir()
    left_out = len(harness.emitted) - len(lines)
    assert harness.stderr == [
        f"picture saved: {path}",
        f"the disk is too slow, lines or snapshots left out: {left_out}",
    ]


def test_a_disk_that_hangs_does_not_block_the_end(slow: SlowLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DISK_PATIENCE_S", 0.0)
    monkeypatch.setattr("realtime.app.output_thread.JOIN_S", 0.01)
    harness = OutputsHarness(log=slow)
    with harness.outputs:
        harness.emit(10)
        harness.finish()
    assert harness.stderr == ["the disk is too slow, lines or snapshots left out: 11"]
    slow.disk.takes.set()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "outputs"])


# Film and cameras


@posix
def test_a_film_that_ends_early_is_reported_and_loses_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    frame = Frame(picture_of(90), 0, 0.0)
    with Film(path, fps=30) as film:
        harness = OutputsHarness(film=film, waits=True)
        harness.session.set_recording(on=True)
        with harness.outputs:
            harness.outputs.emit_frame(frame, 0.0, ())
            path.unlink()
            for index in range(200):
                harness.outputs.emit_frame(frame, index / 30, ())
            harness.finish()
    (sentence,) = harness.stderr
    assert sentence.startswith("the recording has ended: ")
    assert not harness.session.view(0.0, "").recording


def test_the_recorder_gets_the_shown_picture(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with Recorder(path, fps=30) as recorder:
        harness = OutputsHarness(recorder=recorder)
        with harness.outputs:
            harness.outputs.shown(picture_of(90))
            until(lambda: path.stat().st_size > 1000)
    assert cv2.VideoCapture(str(path)).read()[0]


def test_the_start_of_a_session_is_that_of_its_first_frame() -> None:
    harness = OutputsHarness()
    with harness.outputs:
        assert harness.outputs.started is None
        before = datetime.now(UTC)
        harness.emit()
        started = harness.outputs.started
        assert started is not None
        assert before <= started <= datetime.now(UTC)
        assert started.utcoffset() == started.astimezone().utcoffset()
        harness.emit()
        assert harness.outputs.started is started
