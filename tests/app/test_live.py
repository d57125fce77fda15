from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import pytest

from realtime.app import hold, live, worker
from realtime.app.explanations import ExplanationThread
from realtime.app.headless import SessionLimits
from realtime.app.hold import HOLD_S
from realtime.app.live import KEY_WAIT_S, REDRAW_S, LiveSession
from realtime.app.power import LOOK_S, PICTURE_S, PowerPolicy, PowerWatch
from realtime.app.power_supply import PowerReason
from realtime.app.rates import RateMeter
from realtime.app.window import WindowDisplay
from realtime.domain import Box, Expression, Face, Frame
from realtime.errors import Cause, SourceError
from realtime.faces.explainer import FaceExplainer
from realtime.mood.vote import MoodVote
from realtime.music.commands import PlayerCommand, PlayingMusic
from realtime.music.songs import NowPlaying
from realtime.overlay.draw import draw
from realtime.overlay.widgets import EXPRESSION_COLOURS
from realtime.session.state import NOTICE_S, WELCOME, Session
from realtime.sources import grabber
from realtime.sources.grabber import FrameGrabber
from realtime.sources.health import STALL_S, SourceState
from tests.support.fake_faces import HappyClassifier, make_frame_reader
from tests.support.lists import PLAYLISTS, link
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from realtime.app.window import Window
    from realtime.domain import Image
    from realtime.faces.pipeline import FrameReader
    from realtime.music.planner import Plan
    from realtime.session.view import ViewState
    from realtime.sources.video import Source

NO_LIMIT = SessionLimits()
BLANK = (320, 240)
HAPPY = link(Expression.HAPPY)
ABSENT = SourceError("there is no camera: plug one in", cause=Cause.ABSENT)


class MovingFaceDetector:
    """Finds one face, further right in each frame; none if the frame is dark."""

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del near
        return [box_of(read_number(image))] if image.max() > 1 else []


class GatedClassifier(HappyClassifier):
    """Blocks each batch until `proceed` is released, or until it is open."""

    def __init__(self) -> None:
        super().__init__(self._wait)
        self.begun = threading.Semaphore(0)
        self.proceed = threading.Semaphore(0)
        self.opened = threading.Event()

    def _wait(self) -> None:
        self.begun.release()
        assert self.opened.is_set() or self.proceed.acquire(timeout=PATIENCE_S)

    def wait_for_batch(self) -> Generator[None]:
        """Press no key until the next batch begins."""
        while not self.begun.acquire(blocking=False):
            yield

    def open(self) -> None:
        self.opened.set()
        self.proceed.release()


def make_reader(classifier: HappyClassifier | None = None) -> FrameReader:
    return make_frame_reader(MovingFaceDetector(), classifier or HappyClassifier())


def make_session() -> Session:
    return Session(MoodVote(window_s=15, lead=0.1, dwell_s=0), PLAYLISTS, mirrored=False, bars=False, info=False)


class FakeSource:
    """A source of the given frames and exceptions; counts its reads and skips."""

    def __init__(self, frames: Iterable[Frame | BaseException], *, live: bool = False) -> None:
        self.live = live
        self.name = "film"
        self.reads = self.skips = 0
        self._frames = iter(frames)

    def read(self) -> Frame | None:
        self.reads += 1
        return self._next()

    def skip(self) -> None:
        self.skips += 1
        self._next()

    def close(self) -> None: ...

    def _next(self) -> Frame | None:
        if self.live:
            # A camera has a limited frame rate
            threading.Event().wait(0.001)
        step = next(self._frames, None)
        if isinstance(step, BaseException):
            raise step
        return step


def make_frame(index: int, time_s: float, level: int = 100) -> Frame:
    """A grey frame; its number is the level of a few pixels, which no overlay covers."""
    image = np.full((240, 320, 3), level, np.uint8)
    if level > 1:
        image[116:124, 304:312] = index % 200
    return Frame(image, index, time_s)


def read_number(image: Image) -> int:
    return int(image[120, 308, 0])


def box_of(number: int) -> Box:
    return Box(80 + number % 40, 80, 60, 80)


def box_drawn(image: Image) -> int | None:
    """Left edge of the box in a shown picture; None without a box."""
    happy = np.flatnonzero((image[120] == EXPRESSION_COLOURS[Expression.HAPPY]).all(axis=1))
    return int(happy[0]) if len(happy) else None


def endless(first: int = 0, *, start_s: float = 0.0, level: int = 100) -> Generator[Frame]:
    for index in itertools.count(first):
        yield make_frame(index, start_s + index * 0.01, level)


def file_source(count: int) -> FakeSource:
    return FakeSource(make_frame(index, index * 0.01) for index in range(count))


def camera(frames: Iterable[Frame | BaseException] | None = None) -> FakeSource:
    return FakeSource(endless() if frames is None else frames, live=True)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in {"capture", "analysis", "music", "explanation"}]


@dataclass
class Clock:
    """The clock of the window and the camera; a test sets it."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(live, "time", clock)
    return clock


class RecordingMeter(RateMeter):
    """Records the frames that were shown and analysed."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[Frame] = []
        self.readings: list[tuple[Frame, float, float]] = []

    def analysed(self, frame: Frame, seen_s: float, now_s: float) -> None:
        super().analysed(frame, seen_s, now_s)
        self.readings.append((frame, seen_s, now_s))

    def shown(self, frame: Frame, now_s: float) -> None:
        super().shown(frame, now_s)
        self.pictures.append(frame)


@dataclass
class Record:
    """The results that a session emitted."""

    times: list[float] = field(default_factory=list)
    faces: list[tuple[Face, ...]] = field(default_factory=list)


class RecordingWindow:
    """A fake window that records its pictures; each poll runs the script, which checks the session, up to its next key."""

    def __init__(self, script: Generator[str | None] | None = None) -> None:
        self.closed = False
        self.toggles = 0
        self.shown: list[Image] = []
        self.waits: list[int] = []
        self._script = script
        self._patience = time.monotonic() + PATIENCE_S

    def show(self, image: Image) -> None:
        self.shown.append(image)

    def poll(self, wait_ms: int) -> str | None:
        assert time.monotonic() < self._patience, "the session did not end"
        self.waits.append(wait_ms)
        return None if self._script is None else next(self._script, "q")

    @property
    def hidden(self) -> bool:
        return False

    def toggle_full_screen(self) -> None:
        self.toggles += 1

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class RecordingGrabber(FrameGrabber):
    """A grabber that records how long the loop wants to wait for it."""

    rests: list[float]

    def wait_after(self, index: int, timeout_s: float) -> bool:
        self.rests.append(timeout_s)
        return super().wait_after(index, timeout_s)


class WindowHarness:
    """Runs a live session in a fake window; it is also the session's outputs and music player, and records their calls."""

    def __init__(
        self,
        source: FakeSource | Callable[[], Source],
        *,
        classifier: HappyClassifier | None = None,
        limits: SessionLimits = NO_LIMIT,
        blank: tuple[int, int] | None = None,
        meter: RateMeter | None = None,
        wait_for_source: bool = False,
        clock: Clock | None = None,
        power: PowerWatch | None = None,
    ) -> None:
        self.power = power
        self.source = source if isinstance(source, FakeSource) else camera()
        opener = source if callable(source) else lambda: source
        # A lost source is not opened again, unless a test changes this
        self.frames = RecordingGrabber(
            opener,
            wait_for_source=wait_for_source,
            retry_delays_s=(1000.0,),
            clock=(clock or time).monotonic,
            opening="opening the camera",
        )
        self.frames.rests = []
        self.classifier = classifier
        # The network of the explanations never waits for the one that a test blocks
        self.explanations = ExplanationThread(lambda: FaceExplainer(HappyClassifier(), 1.0))
        self.limits = limits
        self.blank = blank
        self.meter = meter
        self.session = make_session()
        self.record = Record()
        self.commands: list[PlayerCommand] = []
        self.requested: list[str] = []
        self.played: list[str] = []
        self.snapshots: list[Image] = []
        self.recorded: list[Image] = []
        self.messages: list[str] = []
        self.camera_switches = 0
        self.open_link: Callable[[], str] = lambda: "opened"
        self.playback: tuple[NowPlaying | None, Plan | None] = (None, None)
        self.polls = 0
        self.closes = 0
        self.snapshot_message = "picture saved: /pictures/one.png"
        self.switch_camera: Callable[[FrameGrabber], object] = bool
        self.screen = RecordingWindow()

    def run(self, script: Generator[str | None] | None = None, screen: RecordingWindow | None = None) -> None:
        """Run the session to its end; fails if a thread is left. A gated classifier is opened first."""
        self.screen = screen or RecordingWindow(script)
        display = WindowDisplay(cast("Window", self.screen))
        try:
            LiveSession(
                self.frames,
                make_reader(self.classifier),
                self.session,
                display,
                self.limits,
                self,
                blank=self.blank,
                meter=self.meter,
                explanations=self.explanations,
                power=self.power,
            ).run()
        finally:
            if isinstance(self.classifier, GatedClassifier):
                self.classifier.open()
                until(lambda: "analysis" not in threads())
            assert self.screen.closed
            assert not threads()
            assert self.closes == 1

    @property
    def music(self) -> WindowHarness:
        return self

    def handle(self, command: PlayerCommand, /) -> str | None:
        assert threading.current_thread().name == "music"
        self.commands.append(command)
        if command.plan is None:
            return None
        self.requested.append(command.plan.best.place)
        sentence = self.open_link()
        self.played.append(command.plan.best.place)
        return sentence

    def poll(self) -> str | None:
        self.polls += 1
        return None

    def close(self) -> None:
        assert threading.current_thread().name == "music"
        self.closes += 1

    def now_playing(self) -> tuple[NowPlaying | None, Plan | None]:
        return self.playback

    def playing_music(self) -> PlayingMusic:
        return PlayingMusic()

    def snapshot(self, image: Image, view: ViewState, /) -> None:
        self.snapshots.append(draw(image, view))
        self.messages.append(self.snapshot_message)

    def emit(self, elapsed_s: float, faces: tuple[Face, ...], /) -> None:
        self.record.times.append(elapsed_s)
        self.record.faces.append(faces)

    def shown(self, image: Image, /) -> None:
        self.recorded.append(image)

    def next_camera(self, frames: FrameGrabber, /) -> str:
        self.camera_switches += 1
        self.switch_camera(frames)
        return "looking for the next camera"

    def message(self) -> str | None:
        return self.messages.pop() if self.messages else None

    @property
    def notice(self) -> str | None:
        return self.session.view(live.time.monotonic(), "").notice

    @property
    def analysed(self) -> int:
        return len(self.record.times)

    @property
    def last_picture(self) -> Image:
        return self.screen.shown[-1]

    def wait_for_vote(self) -> Generator[None]:
        """Press no key until there is a mood."""
        while self.session.mood() is None:
            yield


def no_keys() -> Generator[str | None]:
    """A script that presses no key."""
    while True:
        yield None


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_file_is_shown_and_its_last_frame_analysed(count: int) -> None:
    analysed = threading.Event()

    class PatientWindow(RecordingWindow):
        def poll(self, wait_ms: int) -> str | None:
            # The result comes after the loop has polled for it, and before the loop checks for the end
            assert analysed.wait(PATIENCE_S)
            return super().poll(wait_ms)

    # The last frame is the only one without a face
    frames = [make_frame(index, index * 0.01, level=100 if index < count - 1 else 1) for index in range(count)]
    harness = WindowHarness(FakeSource(frames), classifier=HappyClassifier(analysed.set))
    harness.run(screen=PatientWindow())
    assert not harness.record.faces[-1]
    assert harness.session.summary().frames == harness.analysed
    assert harness.screen.shown


def test_a_source_without_frames_opens_no_window() -> None:
    harness = WindowHarness(FakeSource([]))
    with pytest.raises(SourceError, match=r"^film holds no frame that can be read"):
        harness.run()
    assert not harness.screen.shown


@pytest.mark.parametrize("is_live", [False, True])
def test_a_source_without_frames_ends_a_session_with_an_open_window(*, is_live: bool) -> None:
    with pytest.raises(SourceError, match=r"^film holds no frame that can be read"):
        WindowHarness(FakeSource([], live=is_live), blank=BLANK).run(no_keys())


@pytest.mark.parametrize("key", ["q", "Q", "escape"])
def test_q_and_escape_end_the_session(key: str) -> None:
    def script() -> Generator[str | None]:
        yield key
        pytest.fail("the session did not end")

    WindowHarness(FakeSource(endless())).run(script())


def test_closing_the_window_ends_the_session() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        yield None
        harness.screen.closed = True
        yield None
        pytest.fail("the session did not end")

    harness.run(script())


def test_the_welcome_is_shown_even_if_the_first_frame_is_late(clock: Clock) -> None:
    def late() -> Generator[Frame]:
        clock.now += 100
        yield make_frame(0, 0.0)

    harness = WindowHarness(FakeSource(late()))

    def script() -> Generator[str | None]:
        assert harness.session.view(clock.now, "").notice == WELCOME
        clock.now += 60
        yield None
        assert harness.session.view(clock.now, "").notice is None

    harness.run(script())
    assert harness.screen.shown


@pytest.mark.parametrize("count", [1, 4])
def test_the_limit_on_frames_counts_analysed_ones(count: int) -> None:
    harness = WindowHarness(FakeSource(endless()), limits=SessionLimits(frames=count))
    harness.run()
    assert harness.analysed == count


def test_the_limit_on_seconds_counts_from_the_first_frame(clock: Clock) -> None:
    def late() -> Generator[Frame]:
        clock.now += 100
        yield from endless()

    turns: list[float] = []

    def script() -> Generator[str | None]:
        while True:
            clock.now += 3
            turns.append(clock.now)
            yield None

    WindowHarness(camera(late()), limits=SessionLimits(seconds=9)).run(script())
    assert turns == [1103, 1106, 1109]


def test_space_freezes_picture_and_vote_until_it_is_pressed_again() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "space"
        assert harness.session.frozen
        analysed, reads = harness.analysed, harness.source.reads
        for _ in range(40):
            yield None
        assert harness.analysed == analysed
        # One more frame may be in progress
        assert harness.source.reads <= reads + 2
        yield "space"
        while harness.analysed < analysed + 3:
            yield None

    harness.run(script())


def test_a_frame_in_analysis_at_the_freeze_does_not_vote() -> None:
    begun, proceed, over = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

    def slow() -> None:
        begun.release()
        assert over.is_set() or proceed.acquire(timeout=PATIENCE_S)

    harness = WindowHarness(FakeSource(endless()), classifier=HappyClassifier(slow))

    def script() -> Generator[str | None]:
        assert begun.acquire(timeout=PATIENCE_S)
        proceed.release()
        yield from harness.wait_for_vote()
        assert begun.acquire(timeout=PATIENCE_S)
        before = harness.analysed
        yield "space"
        proceed.release()
        for _ in range(20):
            yield None
        assert harness.analysed == before
        over.set()
        proceed.release()

    harness.run(script())


def test_a_frozen_picture_stays_when_its_file_ends() -> None:
    harness = WindowHarness(file_source(3))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "space"
        for _ in range(20):
            yield None
        held.append(True)
        yield "space"
        while True:
            yield None

    held: list[bool] = []
    harness.run(script())
    assert held


def test_a_frozen_camera_resumes_with_the_newest_frame() -> None:
    harness = WindowHarness(camera())

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "space"
        seen, passed = harness.analysed, harness.source.skips
        while harness.source.skips < passed + 50:
            yield None
        assert harness.analysed == seen
        before = harness.record.times[-1]
        yield "space"
        while harness.analysed == seen:
            yield None
        # Frames from before the second key are not analysed
        assert harness.record.times[seen] > before + 0.48

    harness.run(script())


def test_a_frozen_session_decodes_no_frames_and_the_window_idles(clock: Clock) -> None:
    harness = WindowHarness(camera(), clock=clock)

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "space"
        while not harness.source.skips:
            yield None
        reads, pictures, turns = harness.source.reads, len(harness.screen.shown), len(harness.frames.rests)
        while harness.source.skips < 50:
            yield None
        assert harness.source.reads == reads
        assert len(harness.screen.shown) == pictures
        assert set(harness.frames.rests[turns:]) == {KEY_WAIT_S}
        clock.now += REDRAW_S
        yield None
        yield None
        assert len(harness.screen.shown) == pictures, "the view has not changed"
        clock.now += NOTICE_S
        while len(harness.screen.shown) == pictures:
            yield None

    harness.run(script())


def test_f_toggles_full_screen() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        yield "f"
        assert harness.screen.toggles == 1
        yield "F"
        assert harness.screen.toggles == 2

    harness.run(script())


def test_a_snapshot_has_no_hints_and_a_notice_names_its_file() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        assert not harness.snapshots
        yield "s"
        assert harness.notice == "picture saved: /pictures/one.png"

    harness.run(script())
    (taken,) = harness.snapshots
    assert taken.shape == (240, 320, 3)
    # The hints are at the bottom; a snapshot shows only the frame there
    assert (taken[-12:] == 100).all()
    assert not (harness.screen.shown[-1][-12:] == 100).all()


def test_e_explains_the_face_and_takes_the_panel_away_again() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def explained() -> bool:
        return harness.session.view(time.monotonic(), "").explanation is not None

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "e"
        while not explained():
            yield None
        before = harness.analysed
        while harness.analysed == before:
            yield None
        yield "s"
        yield "e"
        assert not explained()
        yield "space"
        yield "e"
        while not explained():
            yield None
        yield "s"

    harness.run(script())
    with_panel, frozen = harness.snapshots
    # The panel is in the upper right, where else the grey of the frame is
    assert (with_panel[20:60, 200:300] != 100).any()
    assert (frozen[20:60, 200:300] != 100).any()


def test_a_slow_explanation_delays_neither_frames_nor_labels() -> None:
    harness = WindowHarness(FakeSource(endless()))
    gate = threading.Event()
    harness.explanations = ExplanationThread(lambda: FaceExplainer(HappyClassifier(lambda: gate.wait(PATIENCE_S)), 1.0))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "e"
        before = harness.analysed
        while harness.analysed < before + 10:
            yield None
        assert harness.session.view(time.monotonic(), "").explanation is None
        gate.set()
        while harness.session.view(time.monotonic(), "").explanation is None:
            yield None

    harness.run(script())


def test_a_failed_snapshot_is_a_notice_and_the_session_continues() -> None:
    harness = WindowHarness(FakeSource(endless()))
    harness.snapshot_message = "cannot write it: choose another place"

    def script() -> Generator[str | None]:
        yield "s"
        assert harness.notice == "cannot write it: choose another place"
        before = harness.analysed
        while harness.analysed == before:
            yield None

    harness.run(script())


def test_p_without_a_mood_shows_a_notice_and_opens_nothing() -> None:
    harness = WindowHarness(FakeSource(endless(level=0)))

    def script() -> Generator[str | None]:
        while not harness.analysed:
            yield None
        yield "p"
        assert harness.notice is not None
        assert harness.notice.startswith("no mood yet")

    harness.run(script())
    assert not harness.requested
    assert not harness.played


def test_p_opens_the_link_once_and_shows_the_result() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "p"
        while not harness.requested:
            yield None
        # A second press within three seconds does nothing
        yield "p"
        while harness.notice != "opened":
            yield None

    harness.run(script())
    assert harness.requested == harness.played == [HAPPY.place]


def test_p_plays_the_mood_chosen_by_hand() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        yield "6"
        yield "p"
        # A session that ends at once plays nothing any more
        while not harness.requested:
            yield None

    harness.run(script())
    assert harness.requested == [link(Expression.SAD).place]


def test_a_slow_browser_does_not_block_the_session(clock: Clock) -> None:
    harness = WindowHarness(camera())
    opens = threading.Event()
    harness.open_link = lambda: str(opens.wait(PATIENCE_S))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "p"
        before = harness.analysed
        while harness.analysed < before + 3:
            yield None
        clock.now += 10
        yield "p"
        assert harness.session.view(clock.now, "").notice == "still opening happy"
        opens.set()
        while harness.session.view(clock.now, "").notice != "True":
            yield None

    harness.run(script())
    assert harness.played == [HAPPY.place]


def test_commands_are_merged_while_the_player_is_busy() -> None:
    harness = WindowHarness(FakeSource(endless()))
    opening, opens = threading.Event(), threading.Event()

    def slow() -> str:
        opening.set()
        return str(opens.wait(PATIENCE_S))

    harness.open_link = slow

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "p"
        while not opening.is_set():
            yield None
        yield from "nn,+z"
        opens.set()
        while len(harness.commands) < 2:
            yield None

    harness.run(script())
    assert harness.commands[1:] == [PlayerCommand(skip=1, louder=1, shuffle=True)]


def test_the_view_shows_the_current_song() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        harness.playback = NowPlaying("A title", "An artist", 1, 3), None
        while harness.session.view(0, "").playing != harness.playback[0]:
            yield None

    harness.run(script())


def test_music_is_polled_without_key_presses() -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        while harness.polls < 2:
            yield None

    harness.run(script())
    assert not harness.commands


def test_a_browser_that_hangs_does_not_block_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOIN_S", 0.5)
    harness = WindowHarness(FakeSource(endless()))
    opening, opens = threading.Event(), threading.Event()

    def hang() -> str:
        opening.set()
        return str(opens.wait(PATIENCE_S))

    harness.open_link = hang

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield "p"
        while not opening.is_set():
            yield None

    try:
        with pytest.raises(AssertionError):
            # The harness finds the thread that is left
            harness.run(script())
        assert threads() == ["music"]
    finally:
        opens.set()
    until(lambda: not threads())


def test_a_missing_camera_ends_the_session() -> None:
    def absent() -> FakeSource:
        raise ABSENT

    harness = WindowHarness(absent, blank=BLANK)
    with pytest.raises(SourceError) as caught:
        harness.run(no_keys())
    assert caught.value is ABSENT


def test_an_error_in_the_analysis_is_raised_even_at_the_last_frame() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        WindowHarness(file_source(1), classifier=HappyClassifier(fail)).run()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenPipeError()])
def test_an_exception_in_the_loop_ends_the_threads(error: BaseException) -> None:
    harness = WindowHarness(FakeSource(endless()))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        raise error

    with pytest.raises(type(error)):
        harness.run(script())
    assert harness.session.summary().frames == harness.analysed > 0


def test_a_mirror_changes_the_picture_and_not_the_boxes() -> None:
    frame = make_frame(0, 0.0)
    frame.image[:, :20] = 255
    harness = WindowHarness(FakeSource(Frame(frame.image, index, index * 0.01) for index in range(10**6)))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        assert harness.screen.shown[-1][120, 5].tolist() == [255] * 3
        yield "m"
        before = len(harness.screen.shown)
        analysed = harness.analysed
        while len(harness.screen.shown) == before or harness.analysed < analysed + 2:
            yield None
        assert harness.screen.shown[-1][120, -5].tolist() == [255] * 3
        assert harness.screen.shown[-1][120, 5].tolist() != [255] * 3

    harness.run(script())
    assert {faces[0].box for faces in harness.record.faces} == {box_of(0)}


def test_times_count_from_the_first_analysed_frame() -> None:
    harness = WindowHarness(camera(endless(start_s=1000)), limits=SessionLimits(frames=3))
    harness.run()
    assert harness.record.times[0] == 0.0
    assert harness.record.times == sorted(harness.record.times)


def test_i_shows_rate_and_latency() -> None:
    wall = np.full((480, 640, 3), 100, np.uint8)
    harness = WindowHarness(FakeSource(Frame(wall, index, index * 0.01) for index in range(10**6)))

    def corner_is_bare() -> bool:
        return bool((harness.screen.shown[-1][5:40, -200:] == 100).all())

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        assert corner_is_bare()
        yield "i"
        while corner_is_bare():
            yield None
        yield "i"
        while not corner_is_bare():
            yield None

    harness.run(script())


# A frame is held back until its faces are found


def test_with_a_fast_analysis_boxes_are_drawn_on_the_frame_that_they_were_found_in(clock: Clock) -> None:
    del clock
    # The clock stands still, so no frame is held back for too long on a slow machine
    harness = WindowHarness(FakeSource(endless()), limits=SessionLimits(frames=12))
    harness.run()
    numbers = [read_number(image) for image in harness.screen.shown]
    assert len(numbers) > 3
    for number, image in zip(numbers, harness.screen.shown, strict=True):
        assert box_drawn(image) == pytest.approx(box_of(number).left, abs=3)


def test_while_the_analysis_hangs_the_newest_frames_are_shown_and_no_queue_grows(clock: Clock) -> None:
    classifier, meter = GatedClassifier(), RecordingMeter()
    harness = WindowHarness(camera(), classifier=classifier, blank=BLANK, meter=meter, clock=clock)

    def script() -> Generator[str | None]:
        yield from classifier.wait_for_batch()
        for times in range(3):
            count = harness.source.reads + 20
            while harness.source.reads < count:
                yield None
            # The frames are held back; each replaces the one before
            assert len(meter.pictures) == times
            clock.now += 2 * HOLD_S
            while len(meter.pictures) == times:
                yield None
            # One frame is being read, one was just published
            assert meter.pictures[-1].index >= count - 2
            assert read_number(harness.last_picture) == meter.pictures[-1].index % 200
            assert box_drawn(harness.last_picture) is None
        classifier.open()
        while harness.analysed < 2:
            yield None

    harness.run(script())
    # The next frame to be analysed is the newest
    assert meter.readings[1][0].index >= meter.pictures[2].index


def test_faces_are_drawn_as_soon_as_they_are_known(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing else ends the wait of the loop: there is one frame only, and its time to be held back does not end
    monkeypatch.setattr(live, "KEY_WAIT_S", PATIENCE_S)
    monkeypatch.setattr(hold, "HOLD_S", 2 * PATIENCE_S)
    classifier, drawn = GatedClassifier(), threading.Event()

    def frames() -> Generator[Frame]:
        yield make_frame(7, 0.0)
        assert classifier.begun.acquire(timeout=PATIENCE_S)
        classifier.proceed.release()
        assert drawn.wait(PATIENCE_S)

    harness = WindowHarness(camera(frames()), classifier=classifier, blank=BLANK, clock=clock)

    def script() -> Generator[str | None]:
        while box_drawn(harness.last_picture) is None:
            yield None
        drawn.set()

    harness.run(script())
    assert box_drawn(harness.last_picture) == pytest.approx(box_of(7).left, abs=3)


def test_a_machine_that_is_too_slow_to_hold_frames_back_shows_them_at_once(clock: Clock) -> None:
    classifier, meter = GatedClassifier(), RecordingMeter()
    harness = WindowHarness(camera(), classifier=classifier, blank=BLANK, meter=meter, clock=clock)

    def script() -> Generator[str | None]:
        yield from classifier.wait_for_batch()
        clock.now += 2 * HOLD_S
        classifier.proceed.release()
        yield from harness.wait_for_vote()
        yield from classifier.wait_for_batch()
        count = len(meter.pictures) + 5
        while len(meter.pictures) < count:
            yield None
        classifier.open()

    harness.run(script())


def test_the_previous_faces_are_shown_while_the_analysis_is_late(clock: Clock) -> None:
    classifier, more = GatedClassifier(), threading.Event()

    def frames() -> Generator[Frame]:
        yield make_frame(0, 0.0)
        assert more.wait(PATIENCE_S)
        yield from endless(20)

    harness = WindowHarness(camera(frames()), classifier=classifier, blank=BLANK, clock=clock)

    def script() -> Generator[str | None]:
        classifier.proceed.release()
        yield from harness.wait_for_vote()
        yield from classifier.wait_for_batch()
        more.set()
        yield from classifier.wait_for_batch()
        clock.now += 2 * HOLD_S
        while read_number(harness.last_picture) == 0:
            yield None
        assert box_drawn(harness.last_picture) == pytest.approx(box_of(0).left, abs=3)
        classifier.open()

    harness.run(script())


def test_a_frame_that_is_held_back_when_the_picture_freezes_is_not_shown(clock: Clock) -> None:
    classifier, more = GatedClassifier(), threading.Event()

    def frames() -> Generator[Frame]:
        yield make_frame(0, 0.0)
        assert more.wait(PATIENCE_S)
        yield from endless(20)

    harness = WindowHarness(camera(frames()), classifier=classifier, blank=BLANK, clock=clock)

    def script() -> Generator[str | None]:
        classifier.proceed.release()
        yield from harness.wait_for_vote()
        yield from classifier.wait_for_batch()
        more.set()
        yield from classifier.wait_for_batch()
        yield "space"
        classifier.open()
        for _ in range(10):
            clock.now += REDRAW_S
            yield None
            assert read_number(harness.last_picture) == 0
            assert box_drawn(harness.last_picture) == pytest.approx(box_of(0).left, abs=3)
        yield "space"
        while read_number(harness.last_picture) == 0:
            yield None

    harness.run(script())


def test_the_meter_counts_shown_and_analysed_frames(clock: Clock) -> None:
    meter = RecordingMeter()
    harness = WindowHarness(FakeSource(endless()), limits=SessionLimits(frames=5), meter=meter)

    def script() -> Generator[str | None]:
        while True:
            clock.now += 0.001
            yield None

    harness.run(script())
    assert [frame.time_s - meter.readings[0][0].time_s for frame, *_ in meter.readings] == harness.record.times
    assert all(1000 <= seen_s <= now_s <= clock.now for _, seen_s, now_s in meter.readings)
    # A shown frame is counted once, however often it is drawn
    shown = [frame.index for frame in meter.pictures]
    assert shown == sorted(set(shown))
    assert {index % 200 for index in shown} == {read_number(image) for image in harness.screen.shown}


# Outputs and camera switch


def test_the_shown_frames_are_those_for_the_recorder() -> None:
    harness = WindowHarness(camera(), blank=BLANK)

    def script() -> Generator[str | None]:
        while len(harness.screen.shown) < 5:
            yield None

    harness.run(script())
    # The blank picture is not recorded
    pictures = [image for image in harness.screen.shown if read_number(image) or image[120, 5].any()]
    assert len(harness.recorded) == len(pictures) > 1
    assert all(one is other for one, other in zip(harness.recorded, pictures, strict=True))


def test_an_output_error_is_a_notice_and_the_session_continues() -> None:
    harness = WindowHarness(camera())

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        harness.messages.append("the disk is full: the film ends here")
        yield None
        assert harness.notice == "the disk is full: the film ends here"
        before = harness.analysed
        while harness.analysed == before:
            yield None

    harness.run(script())


@pytest.mark.parametrize("key", ["c", "C"])
def test_c_opens_the_next_camera_and_the_session_continues(key: str) -> None:
    meter, other = RecordingMeter(), camera(endless(level=60, start_s=500))
    harness = WindowHarness(camera(), meter=meter)
    harness.switch_camera = lambda frames: frames.switch(lambda: other, "opening the next camera")

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        yield key
        assert harness.camera_switches == 1
        assert harness.notice == "looking for the next camera"
        assert harness.session.mood() is not None
        before = harness.analysed
        while harness.analysed < before + 3 or harness.last_picture[120, 5, 0] != 60:
            yield None

    harness.run(script())
    indices, stretches = zip(*((frame.index, frame.stretch) for frame, *_ in meter.readings), strict=True)
    assert list(indices) == sorted(set(indices))
    assert list(stretches) == sorted(stretches)
    # Two stretches: no time passes for the vote between the cameras
    assert set(stretches) == {0, 1}
    assert harness.session.summary().frames == harness.analysed


def test_the_faces_of_one_camera_are_not_drawn_on_the_picture_of_another() -> None:
    classifier, other = GatedClassifier(), camera(endless(level=60))
    harness = WindowHarness(camera(), classifier=classifier, blank=BLANK)
    harness.switch_camera = lambda frames: frames.switch(lambda: other, "opening the next camera")

    def script() -> Generator[str | None]:
        classifier.proceed.release()
        yield from harness.wait_for_vote()
        while box_drawn(harness.last_picture) is None:
            yield None
        # One more frame of the first camera is in analysis
        yield from classifier.wait_for_batch()
        yield from classifier.wait_for_batch()
        yield "c"
        while harness.last_picture[120, 5, 0] != 60:
            yield None
        assert box_drawn(harness.last_picture) is None
        # The late result belongs to the first camera
        before, pictures = harness.analysed, len(harness.screen.shown)
        classifier.proceed.release()
        while harness.analysed == before or len(harness.screen.shown) < pictures + 3:
            yield None
        assert box_drawn(harness.last_picture) is None
        yield "s"
        assert box_drawn(harness.snapshots[-1]) is None
        classifier.open()
        while box_drawn(harness.last_picture) is None:
            yield None
        assert harness.last_picture[120, 5, 0] == 60

    harness.run(script())


# States of the camera


def has_sentence(image: Image) -> bool:
    """Whether a sentence is in the middle of the picture."""
    return bool((image[112:128, 100:220] > 200).all(axis=2).any())


def make_opener(state: SourceState, hanging: threading.Event) -> Callable[[], Source]:
    """An opener of a camera that gets into `state`; a hanging call waits for `hanging`."""
    same = make_frame(0, 0.0).image

    def waiting() -> Generator[Frame]:
        yield make_frame(0, 0.0)
        assert hanging.wait(PATIENCE_S)

    def opening() -> FakeSource:
        assert hanging.wait(PATIENCE_S)
        return camera()

    def refuse() -> FakeSource:
        cause = {SourceState.ABSENT: Cause.ABSENT, SourceState.BUSY: Cause.BUSY, SourceState.DENIED: Cause.DENIED}[state]
        raise SourceError("the camera does not open: try another", cause=cause)

    sources: dict[SourceState, Callable[[], FakeSource]] = {
        SourceState.OPENING: opening,
        SourceState.LIVE: camera,
        SourceState.LOST: lambda: camera(
            [*itertools.islice(endless(), 3), SourceError("unplugged: plug it in", cause=Cause.LOST)]
        ),
        SourceState.BLACK: lambda: camera(endless(level=0)),
        SourceState.FROZEN: lambda: camera(Frame(same, index, 0.0) for index in itertools.count()),
        # A read that does not return
        SourceState.CLOSED: lambda: camera(waiting()),
    }
    return sources.get(state, refuse)


@pytest.mark.parametrize("state", SourceState)
def test_keys_work_at_once_in_each_state_of_the_camera(state: SourceState, clock: Clock) -> None:
    hanging = threading.Event()
    expected = SourceState.LOST if state is SourceState.CLOSED else state
    harness = WindowHarness(make_opener(state, hanging), blank=BLANK, wait_for_source=True, clock=clock)
    has_picture = state in {SourceState.LIVE, SourceState.LOST, SourceState.BLACK, SourceState.FROZEN, SourceState.CLOSED}

    def now() -> tuple[object, ...]:
        screen = harness.session.view(clock.now, "30 fps")
        return screen.help, screen.mirrored, screen.bars, screen.info, screen.frozen, harness.screen.toggles, screen.mood

    def script() -> Generator[str | None]:
        while harness.frames.health(clock.now).state is not expected or (has_picture and harness.session.summary().frames == 0):
            clock.now += STALL_S / 20
            yield None
        while has_sentence(harness.last_picture) is (state is SourceState.LIVE):
            yield None
        for key in ("h", "m", "b", "i", "f", "space", "4"):
            before, pictures = now(), len(harness.screen.shown)
            yield key
            assert now() != before
            yield None
            assert len(harness.screen.shown) > pictures
            yield "0" if key == "4" else key
        yield "s"
        assert harness.notice == ("picture saved: /pictures/one.png" if has_picture else "no picture yet")
        yield "r"
        assert harness.notice == "the vote is restarted"
        yield "1"
        yield "p"
        while not harness.requested:
            yield None
        assert harness.requested == [link(Expression.ANGRY).place]
        yield "c"
        assert harness.camera_switches == 1
        # The last picture of a camera without new frames is darkened
        bright = {SourceState.LIVE: 100, SourceState.LOST: 40, SourceState.FROZEN: 40, SourceState.CLOSED: 40}.get(state, 0)
        assert harness.last_picture[120, 5].tolist() == [bright] * 3
        hanging.set()
        yield "q"
        pytest.fail("the session did not end")

    try:
        harness.run(script())
    finally:
        hanging.set()


def test_before_the_first_frame_the_window_is_blank_and_shows_the_state(clock: Clock) -> None:
    classifier, opens = GatedClassifier(), threading.Event()

    def opener() -> FakeSource:
        assert opens.wait(PATIENCE_S)
        return camera()

    harness = WindowHarness(opener, classifier=classifier, blank=BLANK, clock=clock)

    def script() -> Generator[str | None]:
        yield None
        opens.set()
        yield from classifier.wait_for_batch()
        # The first frame is held back, and the blank picture keeps its sentence
        harness.messages.append("the disk is full")
        yield None
        for image in harness.screen.shown:
            assert image.shape == (240, 320, 3)
            assert has_sentence(image)
            assert not image[120, 308].any()
        clock.now += 2 * HOLD_S
        yield None
        assert not has_sentence(harness.last_picture)
        assert harness.last_picture[120, 5].tolist() == [100] * 3
        assert harness.notice == WELCOME
        classifier.open()

    harness.run(script())


def test_the_session_continues_with_a_camera_that_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    meter, unplugged = RecordingMeter(), threading.Event()

    def frames() -> Generator[Frame | BaseException]:
        yield from itertools.takewhile(lambda _: not unplugged.is_set(), endless())
        yield SourceError("unplugged: plug it in", cause=Cause.LOST)

    sources = [camera(frames()), camera(endless(level=60, start_s=500))]
    harness = WindowHarness(lambda: sources.pop(0), meter=meter)
    monkeypatch.setattr(harness.frames, "_backoff", grabber.Backoff((0.0,)))

    def script() -> Generator[str | None]:
        yield from harness.wait_for_vote()
        unplugged.set()
        while harness.last_picture[120, 5, 0] != 60 or box_drawn(harness.last_picture) is None:
            yield None
        assert not has_sentence(harness.last_picture)

    harness.run(script())
    assert {frame.stretch for frame, *_ in meter.readings} == {0, 1}
    assert harness.session.summary().frames == harness.analysed


def test_the_session_continues_after_a_change_of_frame_size() -> None:
    def frames() -> Generator[Frame]:
        for index in itertools.count():
            frame = make_frame(index, index * 0.01)
            yield frame if index % 20 < 10 else Frame(np.repeat(frame.image, 2, axis=0), index, frame.time_s)

    harness = WindowHarness(camera(frames()), blank=BLANK)

    def script() -> Generator[str | None]:
        while {image.shape for image in harness.screen.shown} != {(240, 320, 3), (480, 320, 3)}:
            yield None

    harness.run(script())


# Saving power


def test_a_session_that_saves_power_shows_more_pictures_than_it_analyses(clock: Clock) -> None:
    meter, power = RecordingMeter(), PowerWatch(PowerPolicy(True))
    began = clock.now

    def script() -> Generator[str | None]:
        while len(meter.readings) < 6:
            clock.now += 0.01
            yield None

    harness = WindowHarness(camera(), meter=meter, clock=clock, power=power)
    with power:
        harness.run(script())
    seen = [seen_s for _, seen_s, _ in meter.readings]
    assert len(seen) <= (seen[-1] - began) / LOOK_S + 1
    analysed = {frame.index for frame, _, _ in meter.readings}
    assert any(frame.index not in analysed for frame in meter.pictures)
    # The picture that is nearest to its time is taken, and this camera is uneven
    assert len(meter.pictures) <= 2 * (clock.now - began) / PICTURE_S + 2
    assert meter.summary.endswith(", saving power")


@pytest.mark.parametrize("reason", list(PowerReason))
def test_the_window_says_once_that_power_is_saved_after_the_welcome(clock: Clock, reason: PowerReason) -> None:
    notices = list[str]()
    power = PowerWatch(PowerPolicy(None), lambda: reason)
    harness = WindowHarness(camera(), clock=clock, power=power)

    def script() -> Generator[str | None]:
        patience = time.monotonic() + PATIENCE_S
        while clock.now < 1000.0 + 6 * NOTICE_S:
            assert time.monotonic() < patience
            notice = harness.session.view(clock.now, "").notice
            if notice is not None and notice not in notices[-1:]:
                notices.append(notice)
            # The clock stands until the first picture is shown, and until the system has answered
            if notices and power.saving(clock.now):
                clock.now += 0.1
            yield None

    with power:
        harness.run(script())
    assert len(notices) == 2
    assert notices[0] == harness.session.welcome
    assert notices[1].startswith(f"{reason.value}: ")


def test_a_film_that_is_recorded_keeps_its_pictures_on_battery(clock: Clock) -> None:
    meter, power = RecordingMeter(), PowerWatch(PowerPolicy(True))
    harness = WindowHarness(camera(), meter=meter, clock=clock, power=power)
    harness.session.set_recording(on=True)
    began = clock.now

    def script() -> Generator[str | None]:
        # Without a moment of the clock between two pictures, only a session that takes each of them shows so many
        while len(meter.pictures) < 6:
            yield None

    with power:
        harness.run(script())
    assert clock.now == began
