from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.app.headless import SessionLimits, analyse_file, analyse_live
from realtime.domain import Box, Expression, Face, Frame
from realtime.errors import Cause, SourceError
from realtime.faces.pipeline import FaceReader, FrameReader
from realtime.faces.tracker import Tracker
from realtime.mood.vote import MoodVote
from realtime.session.state import Session
from realtime.sources.grabber import FrameGrabber
from tests.support.gates import open_gate
from tests.support.lists import PLAYLISTS
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.domain import Batch, Image, Probabilities


class OneFace:
    """Finds one face in each picture."""

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del image, near
        return [Box(10, 10, 60, 60)]


class Happy:
    """Sees happiness everywhere."""

    def classify(self, batch: Batch, /) -> Probabilities:
        return np.tile(np.array([0, 0, 0, 0.9, 0.1, 0, 0], np.float32), (len(batch), 1))


class Film:
    """A source that plays its steps: frames, errors, and what it calls before it goes on."""

    name = "the film"

    def __init__(self, *steps: Frame | SourceError | Callable[[], object], live: bool = True) -> None:
        self.live = live
        self.closed = 0
        self._steps = list(steps)

    def read(self) -> Frame | None:
        while self._steps:
            step = self._steps.pop(0)
            if isinstance(step, Frame):
                return step
            if isinstance(step, SourceError):
                raise step
            step()
        return None

    def skip(self) -> None:
        self.read()

    def close(self) -> None:
        self.closed += 1


class Take:
    """Waits in a film until one of its frames was analysed."""

    def __init__(self) -> None:
        self.emitted: list[tuple[int, int, float, tuple[Face, ...]]] = []
        self.said: list[str] = []
        self.session = Session(MoodVote(window_s=15, lead=0.1, dwell_s=0), PLAYLISTS, mirrored=False, bars=True, info=False)
        self._came = threading.Semaphore(0)

    def emit(self, frame: Frame, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        self.emitted.append((frame.index, frame.stretch, elapsed_s, faces))
        self._came.release()

    def came(self) -> None:
        assert self._came.acquire(timeout=PATIENCE_S)

    def watch(self, *sources: Film | SourceError, limits: SessionLimits | None = None, wait_for_source: bool = False) -> None:
        left = list(sources)

        def opener() -> Film:
            source = left.pop(0)
            if isinstance(source, SourceError):
                raise source
            return source

        frames = FrameGrabber(opener, wait_for_source=wait_for_source, retry_delays_s=(0.3,))
        analyse_live(frames, reader(), self.session, limits or SessionLimits(), self.emit, self.said.append)


def reader() -> FrameReader:
    tracker = Tracker(match_overlap=0.3, forget_after_s=1, smoothing_s=0)
    return FrameReader(FaceReader(OneFace(), Happy(), 1.0, 0.5, open_gate), tracker)


def shot(index: int, time_s: float) -> Frame:
    return Frame(np.full((120, 160, 3), 50 + index, np.uint8), index, time_s)


def test_each_frame_of_a_file_is_analysed_in_order() -> None:
    take = Take()
    source = Film(*(shot(index, 5 + index / 10) for index in range(20)), live=False)
    analyse_file(source, reader(), take.session, SessionLimits(), take.emit)
    assert [index for index, *_ in take.emitted] == list(range(20))
    assert [elapsed for _, _, elapsed, _ in take.emitted] == pytest.approx([index / 10 for index in range(20)])
    summary = take.session.summary()
    assert (summary.frames, summary.mood and summary.mood.leader) == (20, Expression.HAPPY)
    assert summary.seconds == pytest.approx(1.9)


@pytest.mark.parametrize(
    ("limits", "frames"), [(SessionLimits(frames=3), 3), (SessionLimits(seconds=0.45), 6), (SessionLimits(0.45, 2), 2)]
)
def test_limits_end_a_file(limits: SessionLimits, frames: int) -> None:
    take = Take()
    analyse_file(Film(*(shot(i, i / 10) for i in range(20)), live=False), reader(), take.session, limits, take.emit)
    assert len(take.emitted) == frames


def test_a_file_without_a_frame_has_a_sentence() -> None:
    with pytest.raises(SourceError, match=r"^the film holds no frame that can be read"):
        analyse_file(Film(live=False), reader(), Take().session, SessionLimits(), Take().emit)


def test_a_camera_is_watched_to_its_end_and_nothing_is_said_while_all_is_well() -> None:
    take = Take()
    source = Film(shot(0, 100.0), take.came, shot(1, 100.5), take.came)
    take.watch(source)
    assert [(index, elapsed) for index, _, elapsed, _ in take.emitted] == [(0, 0.0), (1, 0.5)]
    assert take.said == []
    assert source.closed == 1


def test_the_newest_frame_is_taken_and_those_before_it_are_left_out() -> None:
    take = Take()
    take.watch(Film(*(shot(index, index / 30) for index in range(200)), take.came))
    assert take.emitted[-1][0] == 199
    assert len(take.emitted) < 200


def test_a_camera_that_is_lost_is_told_once_and_so_is_its_return() -> None:
    take = Take()
    gone = SourceError("the film gives no more frames: is it there?", Cause.LOST)
    first = Film(shot(0, 10.0), take.came, shot(1, 10.1), take.came, gone)
    second = Film(shot(0, 60.0), take.came, shot(1, 60.1), take.came)
    take.watch(first, gone, gone, second)
    assert take.said == [str(gone), "the film is back"]
    assert [(index, stretch) for index, stretch, *_ in take.emitted] == [(0, 0), (1, 0), (2, 1), (3, 1)]
    # The same person, and no vote for the time that nobody was seen
    assert {face.track for *_, faces in take.emitted for face in faces} == {1}
    assert take.session.summary().frames == 4


def test_a_camera_that_cannot_be_opened_is_an_error_and_no_remark() -> None:
    take = Take()
    error = SourceError("there is none", Cause.ABSENT)
    with pytest.raises(SourceError) as caught:
        take.watch(error)
    assert caught.value is error
    assert take.said == []


def test_a_camera_that_is_waited_for_is_told_and_comes() -> None:
    take = Take()
    absent = SourceError("there is none", Cause.ABSENT)
    take.watch(absent, absent, Film(shot(0, 0.0), take.came), wait_for_source=True)
    assert take.said[0] == "there is none"
    assert len(take.emitted) == 1


def test_a_stream_that_ends_without_a_frame_has_a_sentence() -> None:
    with pytest.raises(SourceError, match=r"^the film holds no frame that can be read"):
        Take().watch(Film())


def test_the_seconds_go_by_while_a_camera_is_away() -> None:
    take = Take()
    gone = SourceError("gone", Cause.LOST)
    take.watch(Film(shot(0, 0.0), take.came, gone), *[gone] * 99, limits=SessionLimits(seconds=0.6))
    assert take.said == ["gone"]
    assert len(take.emitted) == 1


def test_so_many_frames_are_enough() -> None:
    take = Take()
    steps = [step for index in range(50) for step in (shot(index, index / 30), take.came)]
    source = Film(*steps)
    take.watch(source, limits=SessionLimits(frames=3))
    assert len(take.emitted) == 3
    assert source.closed == 1


def test_a_stream_that_ends_while_something_is_wrong_is_not_back() -> None:
    take = Take()
    gone = SourceError("gone", Cause.LOST)
    take.watch(Film(shot(0, 0.0), take.came, gone), gone, Film())
    assert take.said == ["gone"]
