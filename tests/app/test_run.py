"""A session that is run to its end: which loop runs it, how many cores OpenCV gets, and what is said after it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np
import pytest

from realtime.app.headless import SessionLimits
from realtime.app.outputs import LiveOutputs
from realtime.app.run import LiveRequest, LiveRun
from realtime.domain import Box
from realtime.errors import Cause, SourceError
from realtime.mood.vote import MoodVote
from realtime.session.state import Session
from realtime.sources.opening import open_video
from realtime.sources.select import CameraRequest, SourceSpec, select_source
from tests.support.fake_faces import HappyClassifier, make_frame_reader
from tests.support.fake_music import SilentPlayer
from tests.support.films import write_film
from tests.support.lists import PLAYLISTS

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from realtime.app.display import Display
    from realtime.domain import Image
    from realtime.session.view import ViewState
    from realtime.sources.video import Source

FRAMES = 12
CAMERA = CameraRequest("0", 640, 480, 30)
REMARK = "has 2 video streams"


class OneFaceDetector:
    """Finds one face in each picture."""

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del image, near
        return [Box(10, 10, 60, 60)]


class Screen:
    """A display without a screen, on which no key is pressed."""

    closed = hidden = False

    def __init__(self) -> None:
        self.shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def show(self, image: Image, view: ViewState, /) -> Image:
        del view
        self.shown += 1
        return image

    def poll(self, wait_ms: int, /) -> str | None:
        del wait_ms
        return None

    def toggle_full_screen(self) -> None: ...


class RecordingPlayer(SilentPlayer):
    """Counts how often it is closed."""

    closes = 0

    def close(self) -> None:
        self.closes += 1


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of which there is something to say: it has a second stream."""
    pictures = [np.full((120, 160, 3), 20 * index, np.uint8) for index in range(1, FRAMES + 1)]
    return write_film(tmp_path / "film.mkv", pictures, [40 * index for index in range(FRAMES)], streams=2)


@pytest.fixture(autouse=True)
def cores() -> Generator[int]:
    """OpenCV has two threads before each test, and its own number after it."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield 2
    cv2.setNumThreads(before)


class Runner:
    """Puts a session together from real parts, and runs it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.player = RecordingPlayer()

    def run(self, source: SourceSpec, *, display: Display | None = None, wait: bool = False, dj: bool = False) -> Session:
        session = Session(
            MoodVote(window_s=15, lead=0.1, dwell_s=0), PLAYLISTS, mirrored=False, bars=True, info=False, dj_on=dj
        )
        request = LiveRequest(mirrored=False, wait=wait, limits=SessionLimits(frames=None if source.file else FRAMES))
        outputs = LiveOutputs(session, self.player, notify=self.said.append, waits=display is None)
        reader = make_frame_reader(OneFaceDetector(), HappyClassifier())
        with outputs:
            LiveRun(session, reader, source, display, outputs, request, None, self.said.append).run()
        return session


@contextmanager
def opened(path: Path) -> Generator[SourceSpec]:
    with ExitStack() as stack:
        yield select_source(str(path), CAMERA, stack, in_order=True)


def live(path: Path) -> SourceSpec:
    """The film as a source that is opened later, as a camera is."""
    return SourceSpec(lambda: open_video(str(path)), "opening the camera")


def test_without_a_display_each_frame_of_a_file_is_read_and_its_remark_said_at_the_end(film: Path) -> None:
    runner = Runner()
    with opened(film) as source:
        session = runner.run(source)
    assert session.summary().frames == FRAMES
    assert len(runner.said) == 1
    assert REMARK in runner.said[0]
    assert cv2.getNumThreads() == 2


def test_on_a_display_the_remark_is_said_too_and_opencv_has_one_thread(film: Path) -> None:
    runner, screen = Runner(), Screen()
    with opened(film) as source:
        session = runner.run(source, display=screen)
    assert session.summary().frames > 0
    assert screen.shown > 0
    assert screen.closed
    assert REMARK in runner.said[-1]
    assert cv2.getNumThreads() == 1


def test_a_source_that_is_opened_later_has_no_remark_and_its_limits_end_it(film: Path) -> None:
    runner = Runner()
    assert runner.run(live(film)).summary().frames > 0
    assert runner.said == []
    assert cv2.getNumThreads() == 2


@pytest.mark.parametrize("wait", [False, True])
def test_a_source_that_is_missing_at_first_is_waited_for_on_request(film: Path, wait: bool) -> None:  # noqa: FBT001
    runner, attempts = Runner(), list[int]()

    def opener() -> Source:
        attempts.append(1)
        if len(attempts) == 1:
            raise SourceError("there is no camera: plug one in", cause=Cause.ABSENT)
        return open_video(str(film))

    source = SourceSpec(opener, "opening the camera")
    if wait:
        assert runner.run(source, wait=True).summary().frames > 0
    else:
        with pytest.raises(SourceError, match="there is no camera"):
            runner.run(source)


@pytest.mark.parametrize("dj", [False, True])
def test_without_a_display_music_belongs_to_the_dj(film: Path, dj: bool) -> None:  # noqa: FBT001
    runner = Runner()
    with opened(film) as source:
        runner.run(source, dj=dj)
    assert runner.player.closes == int(dj)


def test_the_dj_of_a_live_source_leaves_opencv_one_thread(film: Path) -> None:
    runner = Runner()
    runner.run(live(film), dj=True)
    assert cv2.getNumThreads() == 1


def test_a_film_that_fails_says_no_remark(tmp_path: Path) -> None:
    black = write_film(tmp_path / "black.mkv", [np.zeros((120, 160, 3), np.uint8)] * 3, [0, 40, 80], streams=2)
    runner = Runner()
    with opened(black) as source, pytest.raises(SourceError, match="black"):
        runner.run(source)
    assert runner.said == []
