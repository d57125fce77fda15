"""Where results go: real pipes, real files, and a session that waits for neither."""

from __future__ import annotations

import errno
import json
import os
import threading
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
from tests.support.clocks import CountedClock
from tests.support.lists import PLAYLISTS
from tests.support.pipes import PipeReader, drain, posix, small_pipe
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.domain import Image
    from realtime.music.commands import PlayerCommand
    from realtime.storage.pipe import RawStream

WAIT_S = 30.0
MANY = 2 * MOST_WAITING
HAPPY = Face(Box(40, 30, 80, 90), (0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0), track=1)
SLOW = "stdout is read too slowly: frames are left out of it"


class Silence:
    """Music that does nothing."""

    def handle(self, command: PlayerCommand, /) -> str | None:
        return str(command)

    def poll(self) -> str | None:
        return None

    def close(self) -> None: ...

    def now_playing(self) -> tuple[None, None]:
        return None, None


class Evening:
    """A session whose results go somewhere, and what the terminal says of them.

    Args:
        stdout: for documents.
        log: for faces and moods.
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
        self.said: list[str] = []
        self.emitted: list[dict[str, Any]] = []
        self.outputs = LiveOutputs(
            self.session,
            Silence(),
            stdout=stdout,
            log=log,
            waits=waits,
            recorder=recorder,
            film=film,
            notify=self.said.append,
        )

    def emit(self, count: int = 1) -> None:
        """Have frames analysed, 30 a second."""
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
        """What the screen says until now."""
        return list(iter(self.outputs.message, None))

    def goes_on(self) -> bool:
        """Look for messages as the window does in each turn, for as long as nothing is raised."""
        self.messages()
        return False

    def hears(self) -> str:
        """The next sentence of the screen, once it comes."""
        found: list[str] = []
        until(lambda: found.extend(self.messages()) or found)
        (sentence,) = found
        return sentence


def documents(data: bytes) -> list[dict[str, Any]]:
    """The documents of whole lines; fails at a line that is cut."""
    assert data.endswith(b"\n") or not data
    return [json.loads(line) for line in data.decode().splitlines()]


def logged(path: Path) -> list[dict[str, Any]]:
    return documents(path.read_bytes())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "evening.jsonl"


@pytest.fixture(autouse=True)
def pictures(home: Path) -> Path:
    """The person's folder of pictures."""
    folder = home / "Pictures"
    folder.mkdir()
    return folder


# Documents and log


@posix
def test_documents_and_log_are_each_frame_in_order_and_the_summary(log: Path) -> None:
    with small_pipe() as (reader, writer):
        evening, reading = Evening(stdout=writer, log=JsonlLog(log)), PipeReader(reader)
        reading.start()
        with evening.outputs:
            evening.emit(100)
            evening.finish()
        writer.close()
        assert documents(reading.finish()) == logged(log) == evening.emitted
    assert evening.said == evening.messages() == []


def test_nothing_is_written_that_was_not_asked_for(tmp_path: Path) -> None:
    evening = Evening()
    with evening.outputs:
        evening.emit(MANY)
        evening.finish()
    assert evening.said == evening.messages() == []
    assert not list(tmp_path.iterdir())


def test_a_session_that_never_began_leaves_no_log(log: Path) -> None:
    with Evening(log=JsonlLog(log)).outputs:
        assert log.exists()
    assert not log.exists()


# A reader that is slow


@posix
def test_a_pipe_that_nobody_reads_costs_lines_and_nothing_else(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READER_PATIENCE_S", 0.0)
    with small_pipe() as (reader, writer):
        evening = Evening(stdout=writer, log=JsonlLog(log))
        with evening.outputs:
            for _ in range(4):
                evening.emit(MOST_WAITING // 2)
                # The log keeps up, as its disk does
                until(lambda: len(log.read_bytes().splitlines()) == len(evening.emitted))
            assert evening.messages() == [SLOW]
            evening.emit(10)
            assert evening.messages() == [], "it is said once"
            evening.finish()
        assert logged(log) == evening.emitted
        printed = documents(drain(reader))
        assert printed == evening.emitted[: len(printed)]
        assert printed
        left_out = len(evening.emitted) - len(printed)
        assert evening.said == [f"stdout is read too slowly, lines left out: {left_out}"]


@posix
def test_a_slow_reader_gets_what_waits_at_the_end_and_the_summary_last() -> None:
    with small_pipe() as (reader, writer):
        evening, reading = Evening(stdout=writer), PipeReader(reader)
        with evening.outputs:
            evening.emit(MANY)
            assert evening.messages() == [SLOW]
            reading.start()
            evening.finish()
        writer.close()
        printed = documents(reading.finish())
    assert printed[-1] == evening.emitted[-1]
    # In order, and one gap: from where the queue was full
    gap = next(place for place, document in enumerate(printed) if document != evening.emitted[place])
    assert printed[:gap] == evening.emitted[:gap]
    assert gap >= MOST_WAITING
    assert evening.said == [f"stdout is read too slowly, lines left out: {len(evening.emitted) - len(printed)}"]


@posix
def test_without_a_window_a_slow_reader_and_a_slow_disk_lose_nothing(log: Path) -> None:
    with small_pipe() as (reader, writer):
        evening, reading = Evening(stdout=writer, log=JsonlLog(log), waits=True), PipeReader(reader)
        with evening.outputs:
            # As many as there is room for: one more would wait
            evening.emit(MOST_WAITING)
            reading.start()
            evening.emit(MANY)
            evening.finish()
        writer.close()
        assert documents(reading.finish()) == logged(log) == evening.emitted
    assert evening.said == []


@posix
def test_without_a_window_the_end_waits_for_a_reader_that_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = CountedClock()
    monkeypatch.setattr(output_thread, "time", clock)
    with small_pipe() as (reader, writer):
        evening, reading = Evening(stdout=writer, waits=True), PipeReader(reader)
        with evening.outputs:
            evening.emit(100)
            finishing = threading.Thread(target=evening.finish, daemon=True)
            finishing.start()
            clock.wait_for_looks(1)
            clock.now_s = 1e6
            clock.wait_for_looks(2)
            reading.start()
            finishing.join(WAIT_S)
        writer.close()
        assert documents(reading.finish()) == evening.emitted
    assert evening.said == []


@posix
def test_without_a_window_ctrl_c_waits_for_nobody(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "READER_PATIENCE_S", 0.0)
    with small_pipe() as (reader, writer):
        evening = Evening(stdout=writer, log=JsonlLog(log), waits=True)
        with evening.outputs:
            evening.emit(100)
            evening.finish(hurried=True)
        printed = documents(drain(reader))
    assert printed == evening.emitted[: len(printed)]
    assert logged(log) == evening.emitted
    assert evening.said == [f"stdout is read too slowly, lines left out: {101 - len(printed)}"]


# A reader that is gone, a disk that is full


@posix
def test_a_reader_that_is_gone_ends_the_session_and_the_log_is_whole(log: Path) -> None:
    with small_pipe() as (reader, writer):
        evening = Evening(stdout=writer, log=JsonlLog(log))
        with evening.outputs:
            evening.emit()
            reader.close()
            evening.emit(MANY)
            with pytest.raises(BrokenPipeError):
                until(evening.goes_on)
            evening.finish()
    assert logged(log)[-1] == evening.emitted[-1]
    # A busy machine may leave lines out of the log, and say so
    assert not [sentence for sentence in evening.said if "stdout" in sentence]


@posix
def test_a_reader_that_goes_at_the_very_end_is_noticed_too(log: Path) -> None:
    with small_pipe() as (reader, writer):
        evening = Evening(stdout=writer, log=JsonlLog(log))
        with evening.outputs:
            reader.close()
            with pytest.raises(BrokenPipeError):
                evening.finish()
    assert logged(log) == evening.emitted
    assert evening.said == []


@posix
def test_without_a_window_a_reader_that_is_gone_ends_the_wait_for_it() -> None:
    frame = Frame(np.zeros((240, 320, 3), np.uint8), 0, 0.0)
    with small_pipe() as (reader, writer):
        evening = Evening(stdout=writer, waits=True)
        with evening.outputs:
            evening.emit(MOST_WAITING)
            reader.close()

            with pytest.raises(BrokenPipeError):
                until(lambda: evening.outputs.emit_frame(frame, 0.0, (HAPPY,)))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that has no room")
def test_a_disk_without_room_for_stdout_is_an_error() -> None:
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        evening = Evening(stdout=full)
        with evening.outputs:
            evening.emit()
            with pytest.raises(OSError, match="No space") as caught:
                until(evening.goes_on)
            evening.finish()
    assert caught.value.errno == errno.ENOSPC
    assert evening.said == []


@posix
def test_a_log_that_ends_early_is_said_on_screen_and_again_in_the_terminal(log: Path) -> None:
    with small_pipe() as (reader, writer):
        evening, reading = Evening(stdout=writer, log=JsonlLog(log)), PipeReader(reader)
        reading.start()
        with evening.outputs:
            evening.emit()
            until(lambda: log.stat().st_size)
            log.unlink()
            evening.emit(CHECK_EVERY)
            sentence = evening.hears()
            assert sentence.startswith("the log has ended: its file was removed")
            evening.emit(100)
            evening.finish()
        writer.close()
        assert documents(reading.finish()) == evening.emitted, "documents go on without it"
    assert evening.said == [sentence]
    assert evening.messages() == []


def test_without_a_window_a_log_that_ends_early_is_said_once(log: Path) -> None:
    evening = Evening(log=JsonlLog(log), waits=True)
    with evening.outputs:
        evening.emit()
        until(lambda: log.stat().st_size)
        log.unlink()
        evening.emit(CHECK_EVERY)
        evening.finish()
    (sentence,) = evening.said
    assert sentence.startswith("the log has ended: its file was removed")


def test_what_no_document_can_hold_is_an_error_of_the_program(log: Path) -> None:
    evening = Evening(log=JsonlLog(log))
    with evening.outputs:
        evening.outputs.emit(float("nan"), ())
        with pytest.raises(ValueError, match="JSON compliant"):
            until(evening.goes_on)


# Snapshots


def picture_of(level: int) -> Image:
    return np.full((240, 320, 3), level, np.uint8)


def test_a_snapshot_is_the_view_and_the_screen_says_where(pictures: Path) -> None:
    evening = Evening()
    view = evening.session.snapshot_view(0.0)
    with evening.outputs:
        evening.outputs.snapshot(picture_of(90), view)
        sentence = evening.hears()
    (path,) = pictures.iterdir()
    assert sentence == f"picture saved: {path}"
    assert path.match("emodj-*.png")
    assert (cv2.imread(str(path)) == draw(picture_of(90), view)).all()


def test_no_snapshot_is_lost_at_the_end_and_the_terminal_says_where(pictures: Path) -> None:
    evening = Evening()
    with evening.outputs:
        for level in (10, 20, 30):
            evening.outputs.snapshot(picture_of(level), evening.session.snapshot_view(0.0))
        evening.finish()
    paths = sorted(pictures.iterdir())
    assert evening.said == [f"picture saved: {path}" for path in paths]
    # Named in the order of the key presses
    levels = [image[120, 160, 0] for path in paths if (image := cv2.imread(str(path))) is not None]
    assert levels == [10, 20, 30]


def test_a_session_that_fails_keeps_its_snapshots(pictures: Path) -> None:
    evening = Evening()

    def fail() -> None:
        with evening.outputs:
            evening.outputs.snapshot(picture_of(10), evening.session.snapshot_view(0.0))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    (path,) = pictures.iterdir()
    assert cv2.imread(str(path)) is not None


def test_without_a_folder_of_pictures_it_is_the_one_that_emodj_was_started_in(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures.rmdir()
    monkeypatch.chdir(tmp_path)
    evening = Evening()
    with evening.outputs:
        evening.outputs.snapshot(picture_of(90), evening.session.snapshot_view(0.0))
        assert evening.hears().startswith(f"picture saved: {tmp_path}{os.sep}emodj-")


@posix
def test_a_snapshot_without_any_folder_is_a_sentence(pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures.rmdir()
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    evening = Evening()
    with evening.outputs:
        evening.outputs.snapshot(picture_of(90), evening.session.snapshot_view(0.0))
        assert evening.hears() == "no picture saved: the folder that emodj was started in is gone"


class SlowDisk(AppendFile):
    """A file whose pieces wait until the disk takes them."""

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


def test_a_key_that_is_held_down_saves_some_pictures_and_says_so(slow: SlowLog, pictures: Path) -> None:
    evening = Evening(log=slow)
    with evening.outputs:
        evening.emit()
        assert slow.disk.reached.wait(WAIT_S)
        for level in range(MOST_SNAPSHOTS + 2):
            evening.outputs.snapshot(picture_of(level), evening.session.snapshot_view(0.0))
        refused = "no picture saved: the pictures before it are still being written"
        assert evening.messages() == [refused, refused]
        slow.disk.takes.set()
        saved: list[str] = []
        until(lambda: saved.extend(evening.messages()) or len(saved) == MOST_SNAPSHOTS)
        # There is room again
        evening.outputs.snapshot(picture_of(100), evening.session.snapshot_view(0.0))
        assert evening.hears().startswith("picture saved: ")
    assert len(list(pictures.iterdir())) == MOST_SNAPSHOTS + 1


def test_a_slow_disk_costs_lines_of_the_log_and_nothing_else(slow: SlowLog, log: Path, pictures: Path) -> None:
    evening = Evening(log=slow)
    with evening.outputs:
        evening.emit(MANY)
        assert evening.messages() == ["the disk is too slow: frames are left out of the log"]
        # A picture is no frame of the log
        evening.outputs.snapshot(picture_of(10), evening.session.snapshot_view(0.0))
        slow.disk.takes.set()
        evening.finish()
    lines = logged(log)
    assert lines[:MOST_WAITING] == evening.emitted[:MOST_WAITING]
    assert lines[-1] == evening.emitted[-1]
    (path,) = pictures.iterdir()
    left_out = len(evening.emitted) - len(lines)
    assert evening.said == [
        f"picture saved: {path}",
        f"the disk is too slow, lines or snapshots left out: {left_out}",
    ]


def test_a_disk_that_never_answers_does_not_hold_up_the_end(slow: SlowLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DISK_PATIENCE_S", 0.0)
    monkeypatch.setattr("realtime.app.output_thread.JOIN_S", 0.01)
    evening = Evening(log=slow)
    with evening.outputs:
        evening.emit(10)
        evening.finish()
    assert evening.said == ["the disk is too slow, lines or snapshots left out: 11"]
    slow.disk.takes.set()
    until(lambda: not [thread for thread in threading.enumerate() if thread.name == "outputs"])


# Film and cameras


def test_a_film_that_ends_early_is_said_and_no_longer_marked(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    frame = Frame(picture_of(90), 0, 0.0)
    with Film(path, fps=30) as film:
        evening = Evening(film=film, waits=True)
        evening.session.set_recording(on=True)
        with evening.outputs:
            evening.outputs.emit_frame(frame, 0.0, ())
            path.unlink()
            for index in range(200):
                evening.outputs.emit_frame(frame, index / 30, ())
            evening.finish()
    (sentence,) = evening.said
    assert sentence.startswith("the recording has ended: ")
    assert not evening.session.view(0.0, "").recording


def test_the_recorder_gets_what_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with Recorder(path, fps=30) as recorder:
        evening = Evening(recorder=recorder)
        with evening.outputs:
            evening.outputs.shown(picture_of(90))
            until(lambda: path.stat().st_size > 1000)
    assert cv2.VideoCapture(str(path)).read()[0]
