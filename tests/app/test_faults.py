"""Camera faults in a session with a real network camera, detector, network and live loop; only the window is a fake."""

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
from realtime.sources import streams
from realtime.sources.grabber import FrameGrabber
from realtime.sources.health import STALL_S, SourceState
from realtime.sources.opening import open_video
from realtime.sources.video import VideoSource
from tests.support.fake_music import SilentPlayer
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
    from realtime.session.view import ViewState
    from realtime.sources.video import Source

SHORT_STALL_S = 0.6


class RecordingReader:
    """Reads frames as `emodj live` does, and records their index, stretch and shape."""

    def __init__(self) -> None:
        self._reader = build_frame_reader(shipped_settings(), lambda _sentence: None)
        self.frames_read: list[tuple[int, int, tuple[int, ...]]] = []
        self.tracks: set[int | None] = set()

    def read(self, frame: Frame) -> tuple[Face, ...]:
        faces = self._reader.read(frame)
        self.tracks |= {face.track for face in faces}
        self.frames_read.append((frame.index, frame.stretch, frame.image.shape))
        return faces


class ScriptedWindow:
    """A fake window; each poll returns the next key of a script. The key "close" closes the window."""

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

    @property
    def hidden(self) -> bool:
        return False

    def toggle_full_screen(self) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class FakeOutputs:
    """Outputs that only switch to the next camera."""

    def __init__(self, following: Callable[[], Source] | None) -> None:
        self._following = following
        self.music = SilentPlayer()

    def snapshot(self, image: Image, view: ViewState, /) -> None: ...

    def emit(self, elapsed_s: float, faces: tuple[Face, ...], /) -> None: ...

    def shown(self, image: Image, /) -> None: ...

    def next_camera(self, frames: FrameGrabber, /) -> str:
        assert self._following
        frames.switch(self._following, "opening the next camera")
        return "looking for the next camera"

    def message(self) -> str | None:
        return None


class CameraHarness:
    """Runs a live session with a source and checks its results.

    Args:
        opener: opens the source.
        wait_for_source: whether the first attempt to open the source may fail.
        following: opens the source for the key `c`.
        clock: clock of the capture thread.
        stall_s: seconds without a new picture after which the source is faulty.
    """

    def __init__(
        self,
        opener: Callable[[], Source],
        *,
        wait_for_source: bool = False,
        following: Callable[[], Source] | None = None,
        clock: Callable[[], float] = time.monotonic,
        stall_s: float = SHORT_STALL_S,
    ) -> None:
        self.clock = clock
        self.frames = FrameGrabber(
            opener, wait_for_source=wait_for_source, retry_delays_s=(0.05,), stall_s=stall_s, clock=clock
        )
        self.reader = RecordingReader()
        vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
        self.session = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=True)
        self._following = following

    def run(self, script: Generator[str | None]) -> None:
        """Run the session with the keys of a script; fails if a thread is left."""
        threads = set(threading.enumerate())
        window = cast("Window", ScriptedWindow(script))
        reader = cast("FrameReader", self.reader)
        display, outputs = WindowDisplay(window), FakeOutputs(self._following)
        live = LiveSession(self.frames, reader, self.session, display, SessionLimits(), outputs, blank=(320, 240))
        try:
            live.run()
        finally:
            own = [thread for thread in set(threading.enumerate()) - threads if thread.name in {"capture", "analysis"}]
            for thread in own:
                # One that opens a silent server ends when that has had its time
                thread.join(PATIENCE_S)
            assert not [thread for thread in own if thread.is_alive()]

    @property
    def state(self) -> SourceState:
        return self.frames.health(self.clock()).state

    @property
    def analysed(self) -> int:
        return len(self.reader.frames_read)

    @property
    def newest(self) -> int:
        """Index of the newest frame of the camera; -1 before the first."""
        frame = self.frames.latest_after()
        return -1 if frame is None else frame.index

    @property
    def newest_analysed(self) -> int:
        """Index of the last frame that was analysed; -1 before the first."""
        return self.reader.frames_read[-1][0] if self.reader.frames_read else -1

    def wait_until(self, condition: Callable[[], object]) -> Generator[str | None]:
        """Press no key until the condition is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"the condition did not become true: {self.frames.health(self.clock())}"
            yield None

    def wait_for_state(self, state: SourceState) -> Generator[str | None]:
        return self.wait_until(lambda: self.state is state)

    def analyse_more(self, count: int = 5) -> Generator[str | None]:
        """Press no key until `count` more frames are analysed."""
        goal = self.analysed + count
        return self.wait_until(lambda: self.analysed >= goal)

    def assert_uninterrupted(self) -> None:
        """Check that there is one track, one mood, and that frames and stretches are in order."""
        assert self.reader.tracks == {1}
        self.assert_in_order()
        summary = self.session.summary()
        assert summary.mood is not None
        assert summary.mood.leader is Expression.HAPPY
        # A result that the loop did not take in time is replaced by the next
        assert 0 < summary.frames <= self.analysed

    def assert_in_order(self) -> None:
        """Check that frames and stretches are in order and no frame is repeated."""
        indices, stretches = [seen[0] for seen in self.reader.frames_read], [seen[1] for seen in self.reader.frames_read]
        assert indices == sorted(set(indices))
        assert stretches == sorted(stretches)

    @property
    def stretches(self) -> set[int]:
        return {seen[1] for seen in self.reader.frames_read}


@pytest.fixture(scope="session")
def portrait(astronaut: Image) -> Image:
    """The head of the astronaut, 320x240."""
    return np.ascontiguousarray(astronaut[10:250, 80:400])


@pytest.fixture(autouse=True)
def no_handle_left() -> Iterator[None]:
    """Fail a test that leaves a file or a connection open; the server closes its own before this check."""
    before = open_handles()
    yield
    until(lambda: len(open_handles()) <= len(before))


@pytest.fixture
def camera(no_handle_left: None, portrait: Image) -> NetworkCamera:
    del no_handle_left
    return NetworkCamera(moving(portrait))


@pytest.fixture
def url(camera: NetworkCamera) -> Iterator[str]:
    with streaming(camera) as address:
        yield f"http://{address}/live.mjpg"


@pytest.fixture(autouse=True)
def short_stream_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that sends nothing for 1.5 seconds times out."""
    monkeypatch.setattr(streams, "TIMEOUT_MS", 1500)


@pytest.fixture
def harness(url: str) -> CameraHarness:
    return CameraHarness(lambda: open_video(url))


# A network camera


def test_a_missing_camera_ends_the_session(harness: CameraHarness, camera: NetworkCamera) -> None:
    camera.absent = True
    with pytest.raises(SourceError, match="cannot be opened as a video") as caught:
        harness.run(harness.wait_until(lambda: False))
    assert caught.value.status == 4
    assert not harness.analysed


def test_wait_for_source_opens_a_camera_that_appears_later(url: str, camera: NetworkCamera) -> None:
    harness = CameraHarness(lambda: open_video(url), wait_for_source=True)
    camera.absent = True

    def script() -> Generator[str | None]:
        yield from harness.wait_until(lambda: camera.visits > 3)
        assert harness.state is SourceState.LOST
        camera.absent = False
        yield from harness.analyse_more()
        assert harness.state is SourceState.LIVE

    harness.run(script())
    harness.assert_uninterrupted()


def test_a_lost_camera_is_opened_again(harness: CameraHarness, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        for _ in range(2):
            yield from harness.analyse_more()
            assert harness.state is SourceState.LIVE
            camera.absent = True
            camera.drop()
            yield from harness.wait_for_state(SourceState.LOST)
            visits = camera.visits
            yield from harness.wait_until(lambda before=visits: camera.visits > before + 2)
            camera.absent = False
            yield from harness.analyse_more()

    harness.run(script())
    harness.assert_uninterrupted()
    assert harness.stretches == {0, 1, 2}


def test_the_session_continues_while_the_camera_is_lost(harness: CameraHarness, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.absent = True
        camera.drop()
        yield from harness.wait_until(lambda: camera.visits > 20)
        yield "3"
        assert harness.state is SourceState.LOST
        mood = harness.session.mood()
        assert mood is not None
        assert mood.leader is EXPRESSIONS[2]
        yield "0"

    harness.run(script())
    harness.assert_uninterrupted()


def test_a_stalled_camera_is_lost_until_it_sends_again(harness: CameraHarness, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.stall()
        yield from harness.wait_for_state(SourceState.LOST)
        camera.go_on()
        yield from harness.wait_for_state(SourceState.LIVE)
        yield from harness.analyse_more()

    harness.run(script())
    harness.assert_uninterrupted()
    assert harness.stretches == {0, 1}


def test_a_camera_with_a_long_stall_is_opened_again(harness: CameraHarness, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.stall()
        yield from harness.wait_until(lambda: camera.visits > 2)
        assert harness.state is SourceState.LOST
        camera.go_on()
        yield from harness.analyse_more()

    harness.run(script())
    harness.assert_uninterrupted()


def test_most_of_two_hundred_stale_frames_are_skipped(harness: CameraHarness, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.stall()
        yield from harness.wait_for_state(SourceState.LOST)
        before, sent = harness.analysed, camera.sent
        camera.hurry = 200
        camera.go_on()
        # The frames after them have the usual rate
        yield from harness.wait_until(lambda: camera.sent >= sent + 200)
        yield from harness.analyse_more()
        assert harness.analysed - before < 100

    harness.run(script())
    harness.assert_uninterrupted()


def test_a_covered_lens_is_black_until_it_is_uncovered(harness: CameraHarness, camera: NetworkCamera) -> None:
    bright = camera.pictures

    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.pictures = darkness()
        yield from harness.wait_for_state(SourceState.BLACK)
        camera.pictures = bright
        yield from harness.wait_for_state(SourceState.LIVE)
        yield from harness.analyse_more()

    harness.run(script())
    harness.assert_uninterrupted()
    # The connection stays open
    assert camera.visits == 1


def test_a_frozen_camera_is_opened_again_until_it_moves(harness: CameraHarness, camera: NetworkCamera) -> None:
    alive = camera.pictures

    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.pictures = alive[:1]
        yield from harness.wait_for_state(SourceState.FROZEN)
        newest = harness.newest
        visits = camera.visits
        yield from harness.wait_until(lambda: camera.visits > visits + 2)
        # Repeated frames do not vote; earlier frames may still be analysed
        assert harness.newest_analysed <= newest
        assert harness.state is SourceState.FROZEN
        camera.pictures = alive
        yield from harness.analyse_more()
        assert harness.state is SourceState.LIVE

    harness.run(script())
    harness.assert_uninterrupted()


def damage_pictures(pictures: Sequence[bytes], damage: str) -> list[bytes]:
    """The pictures, with a damaged one after each."""
    noise = np.random.default_rng(0).bytes(3000)

    def bad(good: bytes) -> bytes:
        match damage:
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


@pytest.mark.parametrize("damage", ["cut", "noise", "empty", "torn", "text"])
def test_invalid_parts_do_not_end_the_session(harness: CameraHarness, camera: NetworkCamera, damage: str) -> None:
    usual = camera.pictures

    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.pictures = damage_pictures(usual, damage)
        sent = camera.sent
        yield from harness.wait_until(lambda: camera.sent > sent + 20)
        camera.pictures = usual
        yield from harness.analyse_more()
        yield from harness.wait_for_state(SourceState.LIVE)

    harness.run(script())
    harness.assert_in_order()
    assert 1 in harness.reader.tracks


def test_a_stream_of_noise_is_lost_until_it_sends_pictures(harness: CameraHarness, camera: NetworkCamera) -> None:
    usual = camera.pictures

    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.pictures = [np.random.default_rng(1).bytes(5000)]
        yield from harness.wait_for_state(SourceState.LOST)
        camera.pictures = usual
        yield from harness.analyse_more()
        yield from harness.wait_for_state(SourceState.LIVE)

    harness.run(script())


@pytest.mark.parametrize("rate", [1.0, 120.0])
def test_slow_and_fast_cameras_are_live(url: str, camera: NetworkCamera, rate: float) -> None:
    harness = CameraHarness(lambda: open_video(url))
    # With the usual limit, a slow camera is not lost
    harness.frames = FrameGrabber(lambda: open_video(url), retry_delays_s=(0.05,))
    states: set[SourceState] = set()

    def script() -> Generator[str | None]:
        # The probe of a stream takes some pictures
        yield from harness.analyse_more(1)
        camera.rate = rate
        goal = camera.sent + (3 if rate < 10 else 60)
        yield from harness.wait_until(lambda: states.add(harness.state) or camera.sent > goal)
        yield from harness.analyse_more(1)

    harness.run(script())
    harness.assert_uninterrupted()
    assert states == {SourceState.LIVE}
    assert harness.stretches == {0}


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
        harness = CameraHarness(lambda: open_video(f"http://{address}/clip.avi"))
        harness.run(harness.wait_until(lambda: False))
    assert harness.state is SourceState.CLOSED
    assert harness.newest_analysed == 11
    harness.assert_uninterrupted()


# End of the session, in each state

EXITS = ["q", "close", "interrupt"]
STATES = [SourceState.OPENING, SourceState.LOST, SourceState.LIVE, SourceState.BLACK, SourceState.FROZEN]


@pytest.mark.parametrize("leave", EXITS)
@pytest.mark.parametrize("state", STATES)
def test_the_session_can_end_in_each_state(url: str, camera: NetworkCamera, state: SourceState, leave: str) -> None:
    harness = CameraHarness(lambda: open_video(url), wait_for_source=True)
    if state is SourceState.OPENING:
        camera.stall()

    def script() -> Generator[str | None]:
        yield from harness.wait_until(lambda: camera.visits if state is SourceState.OPENING else harness.analysed)
        if state is SourceState.LOST:
            camera.absent = True
            camera.drop()
        elif state is SourceState.BLACK:
            camera.pictures = darkness()
        elif state is SourceState.FROZEN:
            camera.pictures = camera.pictures[:1]
        yield from harness.wait_for_state(state)
        if leave == "interrupt":
            raise KeyboardInterrupt
        yield leave

    if leave == "interrupt":
        with pytest.raises(KeyboardInterrupt):
            harness.run(script())
    else:
        harness.run(script())


# Fake sources


class ScriptedCamera:
    """A live source that returns the given frames and raises the given exceptions, then ends."""

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


def make_frames(portrait: Image, times: Iterator[float]) -> Iterator[Frame]:
    for index, time_s in enumerate(times):
        yield Frame(np.roll(portrait, index % 8, axis=1), index, time_s)


SIZES = [(640, 480), (320, 240), (101, 77)]


def test_the_session_continues_after_a_change_of_frame_size(astronaut: Image) -> None:
    """All frames show the same scene, so the face has another place and size in each."""
    scene = np.ascontiguousarray(astronaut[10:310, 40:440])
    pictures = [cv2.resize(scene, size, interpolation=cv2.INTER_AREA).astype(np.uint8) for size in SIZES]
    step = 0

    def frames() -> Iterator[Frame]:
        for index in itertools.count():
            yield Frame(np.roll(pictures[step], index % 8, axis=1), index, time.monotonic())

    source = ScriptedCamera(frames())
    harness = CameraHarness(lambda: source)

    def script() -> Generator[str | None]:
        nonlocal step
        for step in (0, 1, 2, 1, 0):
            yield from harness.analyse_more(10)
            assert harness.reader.frames_read[-1][2] == (*SIZES[step][::-1], 3)
        assert harness.state is SourceState.LIVE

    harness.run(script())
    harness.assert_in_order()
    assert {seen[2] for seen in harness.reader.frames_read} == {(480, 640, 3), (240, 320, 3), (77, 101, 3)}
    mood = harness.session.summary().mood
    assert mood is not None
    assert mood.leader is Expression.HAPPY


class FakeCapture:
    """Stands in for OpenCV's capture of a camera that changes its number of channels; `form` selects it."""

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


def test_the_session_continues_after_a_change_of_channels(portrait: Image) -> None:
    driver = FakeCapture(portrait)
    source = VideoSource(cast("cv2.VideoCapture", driver), "the camera", live=True, hint="none")
    harness = CameraHarness(lambda: source)

    def script() -> Generator[str | None]:
        for form in (0, 1, 0, 2, 3, 1, 0):
            driver.form = form
            yield from harness.analyse_more()
        assert harness.state is SourceState.LIVE

    harness.run(script())
    harness.assert_uninterrupted()
    assert set(driver.given) == {(240, 320, 3), (240, 320), (240, 320, 1), (240, 320, 4)}
    assert {seen[2] for seen in harness.reader.frames_read} == {(240, 320, 3)}


@pytest.mark.parametrize("fault", [SourceState.BLACK, SourceState.LOST, SourceState.FROZEN])
def test_a_person_keeps_the_track_after_seconds_of_a_fault(portrait: Image, fault: SourceState) -> None:
    ahead_s, state = 0.0, SourceState.LIVE

    def clock() -> float:
        return time.monotonic() + ahead_s

    def steps() -> Iterator[Frame | BaseException]:
        nonlocal ahead_s
        index = 0
        while True:
            # Wait for the analysis: the tracker forgets a face if two analysed frames are too far apart
            if harness.newest_analysed == harness.newest:
                ahead_s += 0.03
            index += state is not SourceState.FROZEN
            picture = np.roll(portrait, index % 8, axis=1)
            if state is SourceState.LOST:
                ahead_s += 1
                yield SourceError("it is gone", Cause.LOST)
            else:
                yield Frame(picture % 3 if state is SourceState.BLACK else picture, index, clock())

    camera_steps = steps()
    harness = CameraHarness(lambda: ScriptedCamera(camera_steps), clock=clock, stall_s=STALL_S)

    def script() -> Generator[str | None]:
        nonlocal state
        yield from harness.analyse_more(20)
        state, since = fault, clock()
        yield from harness.wait_for_state(fault)
        yield from harness.wait_until(lambda: clock() - since > 3.5)
        assert harness.state is fault
        state = SourceState.LIVE
        yield from harness.analyse_more(10)
        assert harness.state is SourceState.LIVE

    harness.run(script())
    harness.assert_uninterrupted()
    assert harness.stretches == {0, 1}


@pytest.mark.parametrize("error", [OSError("driver"), RuntimeError("driver"), ValueError("driver")])
def test_an_exception_before_the_first_frame_ends_the_session(error: Exception) -> None:
    source = ScriptedCamera(iter([error]))
    harness = CameraHarness(lambda: source)
    with pytest.raises(SourceError, match="the scripted camera failed") as caught:
        harness.run(harness.wait_until(lambda: False))
    assert caught.value.status == 4
    assert caught.value.__cause__ is error
    assert source.closed


@pytest.mark.parametrize(
    "error", [SourceError("the driver failed", Cause.LOST), OSError("driver"), RuntimeError("driver"), ValueError("driver")]
)
def test_after_an_exception_the_source_is_closed_and_opened_again(portrait: Image, error: Exception) -> None:
    opened: list[ScriptedCamera] = []

    def opener() -> Source:
        frames = make_frames(portrait, (time.monotonic() for _ in itertools.count()))
        some = itertools.islice(frames, 30) if len(opened) < 3 else frames
        opened.append(ScriptedCamera(itertools.chain(some, [error])))
        return opened[-1]

    harness = CameraHarness(opener)

    def script() -> Generator[str | None]:
        yield from harness.wait_until(lambda: len(opened) == 4)
        yield from harness.analyse_more()

    harness.run(script())
    harness.assert_uninterrupted()
    assert all(source.closed for source in opened)


JUMPS = [[0.0, 3600.0], [0.0, -3600.0], [1e9, 0.0, 1e9], [0.0, 0.0]]


@pytest.mark.parametrize("jumps", JUMPS)
def test_clock_jumps_do_not_interrupt_the_session(portrait: Image, jumps: list[float]) -> None:
    offset = jumps[0]

    def clock() -> float:
        return time.monotonic() + offset

    source = ScriptedCamera(make_frames(portrait, (clock() for _ in itertools.count())))
    harness = CameraHarness(lambda: source, clock=clock)

    def script() -> Generator[str | None]:
        nonlocal offset
        for jump in jumps:
            offset = jump
            yield from harness.analyse_more(10)

    harness.run(script())
    harness.assert_uninterrupted()
    # An hour without faces does not count for the vote
    assert harness.session.summary().mood is not None


def test_the_session_can_pause_while_the_camera_is_lost(harness: CameraHarness, camera: NetworkCamera) -> None:
    def script() -> Generator[str | None]:
        yield from harness.analyse_more()
        camera.absent = True
        camera.drop()
        yield from harness.wait_for_state(SourceState.LOST)
        yield "space"
        camera.absent = False
        yield from harness.wait_for_state(SourceState.LIVE)
        newest = harness.newest
        sent = camera.sent
        yield from harness.wait_until(lambda: camera.sent > sent + 10)
        assert harness.newest_analysed <= newest
        yield "space"
        yield from harness.analyse_more()

    harness.run(script())
    harness.assert_uninterrupted()


# The next camera


@pytest.mark.parametrize("state", [SourceState.OPENING, SourceState.LOST, SourceState.LIVE, SourceState.FROZEN])
def test_the_next_camera_replaces_the_source_in_each_state(
    url: str, camera: NetworkCamera, portrait: Image, state: SourceState
) -> None:
    following = ScriptedCamera(make_frames(portrait, (time.monotonic() for _ in itertools.count())))
    harness = CameraHarness(lambda: open_video(url), wait_for_source=True, following=lambda: following)
    if state is SourceState.OPENING:
        camera.stall()

    def script() -> Generator[str | None]:
        yield from harness.wait_until(lambda: camera.visits if state is SourceState.OPENING else harness.analysed)
        if state is SourceState.LOST:
            camera.absent = True
            camera.drop()
        elif state is SourceState.FROZEN:
            camera.pictures = camera.pictures[:1]
        yield from harness.wait_for_state(state)
        yield "c"
        yield from harness.wait_until(lambda: harness.frames.name == following.name)
        yield from harness.analyse_more()
        assert harness.state is SourceState.LIVE

    harness.run(script())
    harness.assert_uninterrupted()
    assert following.closed


HANGING = """
import sys, threading, time
import numpy as np
from tests.app.test_faults import FakeOutputs, PLAYLISTS, ScriptedCamera, ScriptedWindow, CameraHarness, make_frames
from realtime.sources.health import SourceState

class HangingCamera(ScriptedCamera):
    def read(self):
        frame = super().read()
        if frame is None:
            threading.Event().wait()
        return frame

def opener():
    if sys.argv[1] == "open":
        threading.Event().wait()
    return HangingCamera(make_frames(np.full((240, 320, 3), 90, np.uint8), iter([0.0, 0.1])))

harness = CameraHarness(opener, following=opener)

def script():
    if sys.argv[1] == "read":
        yield from harness.analyse_more(1)
        yield from harness.wait_for_state(SourceState.LOST)
    elif sys.argv[1] == "switch":
        yield from harness.analyse_more(1)
        yield "c"
        for _ in range(20):
            yield None
        assert harness.state is SourceState.OPENING
    yield "q"

from realtime.app.window import WindowDisplay
from realtime.app.headless import SessionLimits
from realtime.app.live import LiveSession
display, outputs = WindowDisplay(ScriptedWindow(script())), FakeOutputs(opener)
LiveSession(harness.frames, harness.reader, harness.session, display, SessionLimits(), outputs, blank=(320, 240)).run()
left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
print("over", left)
"""


@pytest.mark.parametrize("where", ["read", "open", "switch"])
def test_a_driver_that_never_returns_does_not_keep_the_process_alive(where: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HANGING, where],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    # This is the only case in which the thread may stay
    assert ended.stdout == "over ['capture']\n"
