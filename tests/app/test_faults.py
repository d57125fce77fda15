"""What cameras do, done to a whole session: a real network camera, detector, network and live loop; only the screen is ours."""

from __future__ import annotations

import http.server
import itertools
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Self, cast

import cv2
import numpy as np
import pytest

from realtime.app.build import build_frame_reader, shipped_settings
from realtime.app.headless import SessionLimits
from realtime.app.live import LiveSession
from realtime.app.window import WindowDisplay
from realtime.domain import EXPRESSIONS, Expression, Frame
from realtime.errors import Cause, SourceError
from realtime.mood.vote import MoodVote
from realtime.session.state import Session
from realtime.sources import video
from realtime.sources.grabber import FrameGrabber
from realtime.sources.health import STALL_S, SourceState
from realtime.sources.video import VideoSource, open_video
from tests.support.lists import PLAYLISTS
from tests.support.places import ROOT
from tests.support.streams import NetworkCamera, darkness, moving, open_handles, streaming
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from realtime.app.window import Window
    from realtime.domain import Face, Image
    from realtime.faces.pipeline import FrameReader
    from realtime.music.commands import PlayerCommand
    from realtime.session.view import ViewState
    from realtime.sources.video import Source

QUICK_S = 0.6


class Witness:
    """Reads frames as `emodj live` does, and remembers what they were."""

    def __init__(self) -> None:
        self._reader = build_frame_reader(shipped_settings(), lambda _sentence: None)
        self.seen: list[tuple[int, int, tuple[int, ...]]] = []
        self.tracks: set[int | None] = set()

    def read(self, frame: Frame) -> tuple[Face, ...]:
        faces = self._reader.read(frame)
        self.tracks |= {face.track for face in faces}
        self.seen.append((frame.index, frame.stretch, frame.image.shape))
        return faces


class Screen:
    """A window whose keys a script presses: it is asked for the next one in each turn of the loop."""

    def __init__(self, script: Generator[str | None]) -> None:
        self.closed = False
        self.shown = 0
        self._script = script

    def show(self, image: Image) -> None:
        assert image.dtype == np.uint8
        self.shown += 1

    def poll(self, wait_ms: int) -> str | None:
        threading.Event().wait(wait_ms / 1000)
        key = next(self._script, "q")
        self.closed = key == "close"
        return None if self.closed else key

    def toggle_full_screen(self) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class Silence:
    """Music that does nothing."""

    def handle(self, wish: PlayerCommand, /) -> str | None:
        return str(wish)

    def poll(self) -> str | None:
        return None

    def close(self) -> None: ...

    def now_playing(self) -> tuple[None, None]:
        return None, None


class FakeOutputs:
    """Does nothing but what `c` is for."""

    def __init__(self, following: Callable[[], Source] | None) -> None:
        self._following = following
        self.music = Silence()

    def snapshot(self, image: Image, view: ViewState, /) -> None: ...

    def emit(self, elapsed_s: float, faces: tuple[Face, ...], /) -> None: ...

    def shown(self, image: Image, /) -> None: ...

    def next_camera(self, frames: FrameGrabber, /) -> str:
        assert self._following
        frames.switch(self._following, "opening the next camera")
        return "looking for the next camera"

    def message(self) -> str | None:
        return None


class Sitting:
    """A session in front of a source, and what came of it.

    Args:
        opener: opens the source.
        wait_for_source: whether to try again also when the first attempt fails.
        following: opens another one, at the key `c`.
        clock: of the capture thread.
        stall_s: seconds after which the same picture, or none, is a fault.
    """

    def __init__(
        self,
        opener: Callable[[], Source],
        *,
        wait_for_source: bool = False,
        following: Callable[[], Source] | None = None,
        clock: Callable[[], float] = time.monotonic,
        stall_s: float = QUICK_S,
    ) -> None:
        self.clock = clock
        self.frames = FrameGrabber(
            opener, wait_for_source=wait_for_source, retry_delays_s=(0.05,), stall_s=stall_s, clock=clock
        )
        self.reader = Witness()
        vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
        self.session = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=True)
        self._following = following

    def run(self, script: Generator[str | None]) -> None:
        """Live through a script; no thread is left after it."""
        threads = set(threading.enumerate())
        window = cast("Window", Screen(script))
        reader = cast("FrameReader", self.reader)
        display, outputs = WindowDisplay(window), FakeOutputs(self._following)
        live = LiveSession(self.frames, reader, self.session, display, SessionLimits(), outputs, blank=(320, 240))
        try:
            live.run()
        finally:
            assert not [thread for thread in set(threading.enumerate()) - threads if thread.name in {"capture", "analysis"}]

    @property
    def state(self) -> SourceState:
        return self.frames.health(self.clock()).state

    @property
    def analysed(self) -> int:
        return len(self.reader.seen)

    @property
    def newest(self) -> int:
        """Index of the newest frame that the camera gave; -1 before the first."""
        frame = self.frames.latest_after()
        return -1 if frame is None else frame.index

    @property
    def newest_analysed(self) -> int:
        """Index of the last frame that was analysed; -1 before the first."""
        return self.reader.seen[-1][0] if self.reader.seen else -1

    def comes(self, condition: Callable[[], object]) -> Generator[str | None]:
        """Turns of the loop until it is so."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain: {self.frames.health(self.clock())}"
            yield None

    def is_now(self, state: SourceState) -> Generator[str | None]:
        return self.comes(lambda: self.state is state)

    def more(self, count: int = 5) -> Generator[str | None]:
        """Turns until so many more frames were analysed."""
        goal = self.analysed + count
        return self.comes(lambda: self.analysed >= goal)

    def goes_on(self) -> None:
        """The session was never interrupted: one person, one vote, frames that rise in stretches that rise."""
        assert self.reader.tracks == {1}
        self.is_in_order()
        summary = self.session.summary()
        assert summary.mood is not None
        assert summary.mood.leader is Expression.HAPPY
        # A result that nobody took in time is replaced by the next
        assert 0 < summary.frames <= self.analysed

    def is_in_order(self) -> None:
        """No frame came twice, nor after a later one."""
        indices, stretches = [seen[0] for seen in self.reader.seen], [seen[1] for seen in self.reader.seen]
        assert indices == sorted(set(indices))
        assert stretches == sorted(stretches)

    @property
    def stretches(self) -> set[int]:
        return {seen[1] for seen in self.reader.seen}


@pytest.fixture(scope="session")
def portrait(astronaut: Image) -> Image:
    """The astronaut as a camera of 320 by 240 sees her."""
    return np.ascontiguousarray(astronaut[10:250, 80:400])


@pytest.fixture(autouse=True)
def nothing_left_open() -> Iterator[None]:
    """No file and no connection outlives its test; those of the server end before this looks."""
    before = open_handles()
    yield
    until(lambda: len(open_handles()) <= len(before))


@pytest.fixture
def camera(nothing_left_open: None, portrait: Image) -> NetworkCamera:
    del nothing_left_open
    return NetworkCamera(moving(portrait))


@pytest.fixture
def url(camera: NetworkCamera) -> Iterator[str]:
    with streaming(camera) as address:
        yield f"http://{address}/live.mjpg"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that says nothing for a second and a half is given up."""
    monkeypatch.setattr(video, "TIMEOUT_MS", 1500)


@pytest.fixture
def sitting(url: str) -> Sitting:
    return Sitting(lambda: open_video(url))


# A network camera


def test_a_camera_that_is_not_there_is_the_end(sitting: Sitting, camera: NetworkCamera) -> None:
    camera.absent = True
    with pytest.raises(SourceError, match="cannot be opened as a video") as caught:
        sitting.run(sitting.comes(lambda: False))
    assert caught.value.status == 4
    assert not sitting.analysed


def test_a_camera_that_is_waited_for_comes(url: str, camera: NetworkCamera) -> None:
    sitting = Sitting(lambda: open_video(url), wait_for_source=True)
    camera.absent = True

    def script() -> Generator[str | None]:
        yield from sitting.comes(lambda: camera.visits > 3)
        assert sitting.state is SourceState.LOST
        camera.absent = False
        yield from sitting.more()
        assert sitting.state is SourceState.LIVE

    sitting.run(script())
    sitting.goes_on()


def test_a_camera_that_is_lost_comes_back(sitting: Sitting, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        for _ in range(2):
            yield from sitting.more()
            assert sitting.state is SourceState.LIVE
            camera.absent = True
            camera.drop()
            yield from sitting.is_now(SourceState.LOST)
            visits = camera.visits
            yield from sitting.comes(lambda before=visits: camera.visits > before + 2)
            camera.absent = False
            yield from sitting.more()

    sitting.run(script())
    sitting.goes_on()
    assert sitting.stretches == {0, 1, 2}


def test_a_camera_that_is_lost_for_ever_leaves_the_session_alive(sitting: Sitting, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.absent = True
        camera.drop()
        yield from sitting.comes(lambda: camera.visits > 20)
        yield "3"
        assert sitting.state is SourceState.LOST
        mood = sitting.session.mood()
        assert mood is not None
        assert mood.leader is EXPRESSIONS[2]
        yield "0"

    sitting.run(script())
    sitting.goes_on()


def test_a_camera_that_stalls_is_lost_and_goes_on_where_it_was(sitting: Sitting, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.stall()
        yield from sitting.is_now(SourceState.LOST)
        camera.go_on()
        yield from sitting.is_now(SourceState.LIVE)
        yield from sitting.more()

    sitting.run(script())
    sitting.goes_on()
    assert sitting.stretches == {0, 1}


def test_a_camera_that_stalls_for_long_is_opened_again(sitting: Sitting, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.stall()
        yield from sitting.comes(lambda: camera.visits > 2)
        assert sitting.state is SourceState.LOST
        camera.go_on()
        yield from sitting.more()

    sitting.run(script())
    sitting.goes_on()


def test_two_hundred_stale_frames_are_not_analysed_one_after_the_other(sitting: Sitting, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.stall()
        yield from sitting.is_now(SourceState.LOST)
        before, index = sitting.analysed, sitting.newest_analysed
        camera.hurry = 200
        camera.go_on()
        # Those after them come at their pace again
        yield from sitting.comes(lambda: sitting.newest_analysed >= index + 200)
        assert sitting.analysed - before < 100

    sitting.run(script())
    sitting.goes_on()


def test_a_covered_lens_is_black_until_it_is_uncovered(sitting: Sitting, camera: NetworkCamera) -> None:
    bright = camera.pictures

    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.pictures = darkness()
        yield from sitting.is_now(SourceState.BLACK)
        camera.pictures = bright
        yield from sitting.is_now(SourceState.LIVE)
        yield from sitting.more()

    sitting.run(script())
    sitting.goes_on()
    # The same line all the time
    assert camera.visits == 1


def test_a_frozen_camera_is_opened_again_until_it_moves(sitting: Sitting, camera: NetworkCamera) -> None:
    alive = camera.pictures

    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.pictures = alive[:1]
        yield from sitting.is_now(SourceState.FROZEN)
        newest = sitting.newest
        visits = camera.visits
        yield from sitting.comes(lambda: camera.visits > visits + 2)
        # What stands still does not vote; frames from before it may have waited to be analysed
        assert sitting.newest_analysed <= newest
        assert sitting.state is SourceState.FROZEN
        camera.pictures = alive
        yield from sitting.more()
        assert sitting.state is SourceState.LIVE

    sitting.run(script())
    sitting.goes_on()


def spoiled(pictures: Sequence[bytes], how: str) -> list[bytes]:
    """Every other picture is not what it should be."""
    noise = np.random.default_rng(0).bytes(3000)

    def bad(good: bytes) -> bytes:
        match how:
            case "cut":
                return good[: len(good) // 2]
            case "torn":
                return good[:900] + noise[:400] + good[1300:]
            case "text":
                return b"--frame\r\n\r\n<html>busy</html>\r\n"
            case "noise":
                return noise
            case _:
                return b""

    return [part for good in pictures for part in (good, bad(good))]


@pytest.mark.parametrize("how", ["cut", "noise", "empty", "torn", "text"])
def test_parts_that_are_no_pictures_do_not_end_the_session(sitting: Sitting, camera: NetworkCamera, how: str) -> None:
    usual = camera.pictures

    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.pictures = spoiled(usual, how)
        sent = camera.sent
        yield from sitting.comes(lambda: camera.sent > sent + 20)
        camera.pictures = usual
        yield from sitting.more()
        yield from sitting.is_now(SourceState.LIVE)

    sitting.run(script())
    sitting.is_in_order()
    assert 1 in sitting.reader.tracks


def test_nothing_but_noise_is_a_loss_and_pictures_a_return(sitting: Sitting, camera: NetworkCamera) -> None:
    usual = camera.pictures

    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.pictures = [np.random.default_rng(1).bytes(5000)]
        yield from sitting.is_now(SourceState.LOST)
        camera.pictures = usual
        yield from sitting.more()
        yield from sitting.is_now(SourceState.LIVE)

    sitting.run(script())


@pytest.mark.parametrize("rate", [1.0, 120.0])
def test_a_slow_and_a_fast_camera_are_live(url: str, camera: NetworkCamera, rate: float) -> None:
    sitting = Sitting(lambda: open_video(url))
    # A slow camera must not be called silent
    sitting.frames = FrameGrabber(lambda: open_video(url), retry_delays_s=(0.05,))
    states: set[SourceState] = set()

    def script() -> Generator[str | None]:
        # The probe of a stream takes some pictures
        yield from sitting.more(1)
        camera.rate = rate
        goal = camera.sent + (3 if rate < 10 else 60)
        yield from sitting.comes(lambda: states.add(sitting.state) or camera.sent > goal)
        yield from sitting.more(1)

    sitting.run(script())
    sitting.goes_on()
    assert states == {SourceState.LIVE}
    assert sitting.stretches == {0}


def test_a_recording_on_a_server_ends_the_session_with_its_last_frame(portrait: Image, tmp_path: Path) -> None:
    class Files(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002

    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (320, 240))
    for index in range(12):
        writer.write(np.roll(portrait, 2 * index, axis=1))
    writer.release()

    def handler(*given: Any) -> Files:
        return Files(*given, directory=str(tmp_path))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with streaming(server) as address:
        sitting = Sitting(lambda: open_video(f"http://{address}/clip.avi"))
        sitting.run(sitting.comes(lambda: False))
    assert sitting.state is SourceState.CLOSED
    assert sitting.newest_analysed == 11
    sitting.goes_on()


# Leaving, in each state

WAYS_OUT = ["q", "close", "interrupt"]
STATES = [SourceState.OPENING, SourceState.LOST, SourceState.LIVE, SourceState.BLACK, SourceState.FROZEN]


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("state", STATES)
def test_each_state_can_be_left(url: str, camera: NetworkCamera, state: SourceState, way: str) -> None:
    sitting = Sitting(lambda: open_video(url), wait_for_source=True)
    if state is SourceState.OPENING:
        camera.stall()

    def script() -> Generator[str | None]:
        yield from sitting.comes(lambda: camera.visits if state is SourceState.OPENING else sitting.analysed)
        if state is SourceState.LOST:
            camera.absent = True
            camera.drop()
        elif state is SourceState.BLACK:
            camera.pictures = darkness()
        elif state is SourceState.FROZEN:
            camera.pictures = camera.pictures[:1]
        yield from sitting.is_now(state)
        if way == "interrupt":
            raise KeyboardInterrupt
        yield way

    if way == "interrupt":
        with pytest.raises(KeyboardInterrupt):
            sitting.run(script())
    else:
        sitting.run(script())


# Sources at our own protocol


class Scripted:
    """A source that does what it is told; `None` is its end."""

    name = "the scripted camera"
    live = True

    def __init__(self, steps: Iterator[Frame | BaseException]) -> None:
        self.closed = False
        self._steps = steps

    def read(self) -> Frame | None:
        threading.Event().wait(0.005)
        step = next(self._steps, None)
        if isinstance(step, BaseException):
            raise step
        return step

    def skip(self) -> None:
        self.read()

    def close(self) -> None:
        self.closed = True


def shots(portrait: Image, times: Iterator[float]) -> Iterator[Frame]:
    for index, time_s in enumerate(times):
        yield Frame(np.roll(portrait, index % 8, axis=1), index, time_s)


SIZES = [(640, 480), (320, 240), (101, 77)]


def test_a_change_of_size_is_survived(astronaut: Image) -> None:
    """Each is the same part of the world, so that the face has another place and size in it."""
    room = np.ascontiguousarray(astronaut[10:310, 40:440])
    pictures = [cv2.resize(room, size, interpolation=cv2.INTER_AREA).astype(np.uint8) for size in SIZES]
    step = 0

    def frames() -> Iterator[Frame]:
        for index in itertools.count():
            yield Frame(np.roll(pictures[step], index % 8, axis=1), index, time.monotonic())

    source = Scripted(frames())
    sitting = Sitting(lambda: source)

    def script() -> Generator[str | None]:
        nonlocal step
        for step in (0, 1, 2, 1, 0):
            yield from sitting.more(10)
            assert sitting.reader.seen[-1][2] == (*SIZES[step][::-1], 3)
        assert sitting.state is SourceState.LIVE

    sitting.run(script())
    sitting.is_in_order()
    assert {seen[2] for seen in sitting.reader.seen} == {(480, 640, 3), (240, 320, 3), (77, 101, 3)}
    mood = sitting.session.summary().mood
    assert mood is not None
    assert mood.leader is Expression.HAPPY


class Driver:
    """What OpenCV hands over of a camera that changes its mind about channels."""

    def __init__(self, portrait: Image) -> None:
        self.given: list[tuple[int, ...]] = []
        self.form = 0
        self._portrait = portrait

    def get(self, prop: int) -> float:
        return 30.0 if prop == cv2.CAP_PROP_FPS else 0.0

    def read(self) -> tuple[bool, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
        threading.Event().wait(0.005)
        picture = np.roll(self._portrait, len(self.given) % 8, axis=1)
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.uint8)
        forms = [picture, grey, grey[..., None], cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA).astype(np.uint8)]
        self.given.append(forms[self.form].shape)
        return True, forms[self.form]

    def release(self) -> None: ...


def test_a_camera_that_changes_its_channels_is_survived(portrait: Image) -> None:
    driver = Driver(portrait)
    source = VideoSource(cast("cv2.VideoCapture", driver), "the camera", live=True, hint="none")
    sitting = Sitting(lambda: source)

    def script() -> Generator[str | None]:
        for form in (0, 1, 0, 2, 3, 1, 0):
            driver.form = form
            yield from sitting.more()
        assert sitting.state is SourceState.LIVE

    sitting.run(script())
    sitting.goes_on()
    assert set(driver.given) == {(240, 320, 3), (240, 320), (240, 320, 1), (240, 320, 4)}
    assert {seen[2] for seen in sitting.reader.seen} == {(240, 320, 3)}


@pytest.mark.parametrize("trouble", [SourceState.BLACK, SourceState.LOST, SourceState.FROZEN])
def test_the_same_person_is_known_again_after_seconds_of_trouble(portrait: Image, trouble: SourceState) -> None:
    ahead_s, state = 0.0, SourceState.LIVE

    def clock() -> float:
        return time.monotonic() + ahead_s

    def steps() -> Iterator[Frame | BaseException]:
        nonlocal ahead_s
        index = 0
        while True:
            # No faster than frames are analysed: else two of them could lie further apart than a face is remembered
            if sitting.newest_analysed == sitting.newest:
                ahead_s += 0.03
            index += state is not SourceState.FROZEN
            picture = np.roll(portrait, index % 8, axis=1)
            if state is SourceState.LOST:
                ahead_s += 1
                yield SourceError("it is gone", Cause.LOST)
            else:
                yield Frame(picture % 3 if state is SourceState.BLACK else picture, index, clock())

    told = steps()
    sitting = Sitting(lambda: Scripted(told), clock=clock, stall_s=STALL_S)

    def script() -> Generator[str | None]:
        nonlocal state
        yield from sitting.more(20)
        state, since = trouble, clock()
        yield from sitting.is_now(trouble)
        yield from sitting.comes(lambda: clock() - since > 3.5)
        assert sitting.state is trouble
        state = SourceState.LIVE
        yield from sitting.more(10)
        assert sitting.state is SourceState.LIVE

    sitting.run(script())
    sitting.goes_on()
    assert sitting.stretches == {0, 1}


@pytest.mark.parametrize("error", [OSError("driver"), RuntimeError("driver"), ValueError("driver")])
def test_a_read_that_raises_before_the_first_frame_is_the_end(error: Exception) -> None:
    source = Scripted(iter([error]))
    sitting = Sitting(lambda: source)
    with pytest.raises(SourceError, match="the scripted camera failed") as caught:
        sitting.run(sitting.comes(lambda: False))
    assert caught.value.status == 4
    assert caught.value.__cause__ is error
    assert source.closed


@pytest.mark.parametrize(
    "error", [SourceError("the driver failed", Cause.LOST), OSError("driver"), RuntimeError("driver"), ValueError("driver")]
)
def test_a_read_that_raises_is_a_loss_and_the_source_is_closed(portrait: Image, error: Exception) -> None:
    opened: list[Scripted] = []

    def opener() -> Source:
        frames = shots(portrait, (time.monotonic() for _ in itertools.count()))
        some = itertools.islice(frames, 30) if len(opened) < 3 else frames
        opened.append(Scripted(itertools.chain(some, [error])))
        return opened[-1]

    sitting = Sitting(opener)

    def script() -> Generator[str | None]:
        yield from sitting.comes(lambda: len(opened) == 4)
        yield from sitting.more()

    sitting.run(script())
    sitting.goes_on()
    assert all(source.closed for source in opened)


JUMPS = [[0.0, 3600.0], [0.0, -3600.0], [1e9, 0.0, 1e9], [0.0, 0.0]]


@pytest.mark.parametrize("jumps", JUMPS)
def test_a_clock_that_jumps_does_no_harm(portrait: Image, jumps: list[float]) -> None:
    offset = jumps[0]

    def clock() -> float:
        return time.monotonic() + offset

    source = Scripted(shots(portrait, (clock() for _ in itertools.count())))
    sitting = Sitting(lambda: source, clock=clock)

    def script() -> Generator[str | None]:
        nonlocal offset
        for jump in jumps:
            offset = jump
            yield from sitting.more(10)

    sitting.run(script())
    sitting.goes_on()
    # An hour that nobody was seen is none of the vote
    assert sitting.session.summary().mood is not None


def test_a_pause_while_the_camera_is_lost(sitting: Sitting, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from sitting.more()
        camera.absent = True
        camera.drop()
        yield from sitting.is_now(SourceState.LOST)
        yield "space"
        camera.absent = False
        yield from sitting.is_now(SourceState.LIVE)
        newest = sitting.newest
        sent = camera.sent
        yield from sitting.comes(lambda: camera.sent > sent + 10)
        assert sitting.newest_analysed <= newest
        yield "space"
        yield from sitting.more()

    sitting.run(script())
    sitting.goes_on()


# The next camera


@pytest.mark.parametrize("state", [SourceState.OPENING, SourceState.LOST, SourceState.LIVE, SourceState.FROZEN])
def test_the_next_camera_takes_over_in_each_state(url: str, camera: NetworkCamera, portrait: Image, state: SourceState) -> None:
    following = Scripted(shots(portrait, (time.monotonic() for _ in itertools.count())))
    sitting = Sitting(lambda: open_video(url), wait_for_source=True, following=lambda: following)
    if state is SourceState.OPENING:
        camera.stall()

    def script() -> Generator[str | None]:
        yield from sitting.comes(lambda: camera.visits if state is SourceState.OPENING else sitting.analysed)
        if state is SourceState.LOST:
            camera.absent = True
            camera.drop()
        elif state is SourceState.FROZEN:
            camera.pictures = camera.pictures[:1]
        yield from sitting.is_now(state)
        yield "c"
        yield from sitting.comes(lambda: sitting.frames.name == following.name)
        yield from sitting.more()
        assert sitting.state is SourceState.LIVE

    sitting.run(script())
    sitting.goes_on()
    assert following.closed


HANGS = """
import sys, threading, time
import numpy as np
from tests.app.test_faults import FakeOutputs, PLAYLISTS, Scripted, Screen, Sitting, shots
from realtime.sources.health import SourceState

class Hangs(Scripted):
    def read(self):
        frame = super().read()
        if frame is None:
            threading.Event().wait()
        return frame

def opener():
    if sys.argv[1] == "open":
        threading.Event().wait()
    return Hangs(shots(np.full((240, 320, 3), 90, np.uint8), iter([0.0, 0.1])))

sitting = Sitting(opener, following=opener)

def script():
    if sys.argv[1] == "read":
        yield from sitting.more(1)
        yield from sitting.is_now(SourceState.LOST)
    elif sys.argv[1] == "switch":
        yield from sitting.more(1)
        yield "c"
        for _ in range(20):
            yield None
        assert sitting.state is SourceState.OPENING
    yield "q"

from realtime.app.window import WindowDisplay
from realtime.app.headless import SessionLimits
from realtime.app.live import LiveSession
display, outputs = WindowDisplay(Screen(script())), FakeOutputs(opener)
LiveSession(sitting.frames, sitting.reader, sitting.session, display, SessionLimits(), outputs, blank=(320, 240)).run()
left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
print("over", left)
"""


@pytest.mark.parametrize("where", ["read", "open", "switch"])
def test_a_driver_that_never_returns_does_not_keep_the_process_alive(where: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGS, where], cwd=ROOT, check=False, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    # Here alone the thread may be left behind
    assert ended.stdout == "over ['capture']\n"
