from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import pytest

from realtime.app import live, worker
from realtime.app.headless import SessionLimits
from realtime.app.live import HOLD_S, IDLE_WAIT_MS, KEY_WAIT_MS, REDRAW_S, LiveSession
from realtime.app.rates import RateMeter
from realtime.app.window import WindowDisplay
from realtime.domain import Box, Expression, Face, Frame
from realtime.errors import Cause, SourceError
from realtime.faces.pipeline import FaceReader, FrameReader
from realtime.faces.tracker import Tracker
from realtime.mood.vote import MoodVote
from realtime.music.commands import PlayerCommand
from realtime.music.songs import NowPlaying
from realtime.overlay.draw import draw
from realtime.overlay.widgets import EXPRESSION_COLOURS
from realtime.session.state import NOTICE_S, WELCOME, Session
from realtime.sources import grabber
from realtime.sources.grabber import FrameGrabber
from realtime.sources.health import STALL_S, SourceState
from tests.support.gates import open_gate
from tests.support.lists import PLAYLISTS, link
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from realtime.app.window import Window
    from realtime.domain import Batch, Image, Probabilities
    from realtime.music.planner import Plan
    from realtime.session.view import ViewState
    from realtime.sources.video import Source

NO_LIMIT = SessionLimits()
BLANK = (320, 240)
HAPPY = link(Expression.HAPPY)
ABSENT = SourceError("there is no camera: plug one in", cause=Cause.ABSENT)


class OneFace:
    """Finds one face, further right in each frame; none if the frame is black."""

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del near
        return [box_of(number_of(image))] if image.any() else []


class Happy:
    """Sees happiness everywhere; can be told to do something first."""

    def __init__(self, first: Callable[[], object] = bool) -> None:
        self.first = first

    def classify(self, batch: Batch, /) -> Probabilities:
        self.first()
        return np.tile(np.array([0, 0, 0, 0.9, 0.1, 0, 0], np.float32), (len(batch), 1))


class Gated(Happy):
    """Takes as long as it is told to."""

    def __init__(self) -> None:
        super().__init__(self._wait)
        self.begun = threading.Semaphore(0)
        self.goes_on = threading.Semaphore(0)
        self.free = threading.Event()

    def _wait(self) -> None:
        self.begun.release()
        assert self.free.is_set() or self.goes_on.acquire(timeout=PATIENCE_S)

    def begins(self) -> Generator[None]:
        """Turns until the next batch has come."""
        while not self.begun.acquire(blocking=False):
            yield

    def is_freed(self) -> None:
        self.free.set()
        self.goes_on.release()


def reader_of(classifier: Happy | None = None) -> FrameReader:
    tracker = Tracker(match_overlap=0.3, forget_after_s=1, smoothing_s=0)
    return FrameReader(FaceReader(OneFace(), classifier or Happy(), 1.0, 0.5, open_gate), tracker)


def session_of() -> Session:
    return Session(MoodVote(window_s=15, lead=0.1, dwell_s=0), PLAYLISTS, mirrored=False, bars=False, info=False)


class Film:
    """A source that gives its frames as they are asked for."""

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
            # A camera gives so many frames a second and no more
            threading.Event().wait(0.001)
        step = next(self._frames, None)
        if isinstance(step, BaseException):
            raise step
        return step


def shot(index: int, time_s: float, level: int = 100) -> Frame:
    """A wall on which the number of the frame can be read, where no card lies."""
    image = np.full((240, 320, 3), level, np.uint8)
    if level:
        image[116:124, 304:312] = index % 200
    return Frame(image, index, time_s)


def number_of(image: Image) -> int:
    return int(image[120, 308, 0])


def box_of(number: int) -> Box:
    return Box(80 + number % 40, 80, 60, 80)


def box_drawn(image: Image) -> int | None:
    """Left end of the box in a picture that was shown."""
    happy = np.flatnonzero((image[120] == EXPRESSION_COLOURS[Expression.HAPPY]).all(axis=1))
    return int(happy[0]) if len(happy) else None


def endless(first: int = 0, *, start_s: float = 0.0, level: int = 100) -> Generator[Frame]:
    for index in itertools.count(first):
        yield shot(index, start_s + index * 0.01, level)


def film(count: int) -> Film:
    return Film(shot(index, index * 0.01) for index in range(count))


def camera(frames: Iterable[Frame | BaseException] | None = None) -> Film:
    return Film(endless() if frames is None else frames, live=True)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in {"capture", "analysis", "music"}]


@dataclass
class Clock:
    """The clock of window and camera, which stands still until it is moved."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(live, "time", clock)
    return clock


class Watcher(RateMeter):
    """Remembers what it was told."""

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
    """What a session gave out."""

    times: list[float] = field(default_factory=list)
    faces: list[tuple[Face, ...]] = field(default_factory=list)


class Screen:
    """A window with somebody in front of it: `person` is asked at each turn what key is pressed, and looks around meanwhile."""

    def __init__(self, person: Generator[str | None] | None = None) -> None:
        self.closed = False
        self.toggles = 0
        self.shown: list[Image] = []
        self.waits: list[int] = []
        self._person = person
        self._patience = time.monotonic() + PATIENCE_S

    def show(self, image: Image) -> None:
        self.shown.append(image)

    def poll(self, wait_ms: int) -> str | None:
        assert time.monotonic() < self._patience, "waited in vain"
        self.waits.append(wait_ms)
        threading.Event().wait(min(wait_ms, KEY_WAIT_MS) / 1000)
        return None if self._person is None else next(self._person, "q")

    def toggle_full_screen(self) -> None:
        self.toggles += 1

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Stage:
    """A live window with all its parts, its desk, and what it did."""

    def __init__(
        self,
        source: Film | Callable[[], Source],
        *,
        classifier: Happy | None = None,
        limits: SessionLimits = NO_LIMIT,
        blank: tuple[int, int] | None = None,
        gauge: RateMeter | None = None,
        wait_for_source: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.source = source if isinstance(source, Film) else camera()
        opener = source if callable(source) else lambda: source
        # What is lost stays lost, unless a test has it come back
        self.frames = FrameGrabber(
            opener,
            wait_for_source=wait_for_source,
            retry_delays_s=(1000.0,),
            clock=(clock or time).monotonic,
            opening="opening the camera",
        )
        self.classifier = classifier
        self.limits = limits
        self.blank = blank
        self.gauge = gauge
        self.session = session_of()
        self.record = Record()
        self.wishes: list[PlayerCommand] = []
        self.asked: list[str] = []
        self.played: list[str] = []
        self.snapshots: list[Image] = []
        self.recorded: list[Image] = []
        self.problems: list[str] = []
        self.turns = 0
        self.open: Callable[[], str] = lambda: "opened"
        self.heard: tuple[NowPlaying | None, Plan | None] = (None, None)
        self.tended = 0
        self.ended = 0
        self.saved = "picture saved: /pictures/one.png"
        self.turn: Callable[[FrameGrabber], object] = bool
        self.screen = Screen()

    def run(self, person: Generator[str | None] | None = None, screen: Screen | None = None) -> None:
        """Run it to its end, after which no thread is left; one that is gated is freed where the test fails."""
        self.screen = screen or Screen(person)
        display = WindowDisplay(cast("Window", self.screen))
        try:
            LiveSession(
                self.frames,
                reader_of(self.classifier),
                self.session,
                display,
                self.limits,
                self,
                blank=self.blank,
                meter=self.gauge,
            ).run()
        finally:
            if isinstance(self.classifier, Gated):
                self.classifier.is_freed()
                until(lambda: "analysis" not in threads())
            assert self.screen.closed
            assert not threads()
            assert self.ended == 1

    @property
    def music(self) -> Stage:
        return self

    def handle(self, wish: PlayerCommand, /) -> str | None:
        assert threading.current_thread().name == "music"
        self.wishes.append(wish)
        if wish.plan is None:
            return None
        self.asked.append(wish.plan.best.place)
        told = self.open()
        self.played.append(wish.plan.best.place)
        return told

    def poll(self) -> str | None:
        self.tended += 1
        return None

    def close(self) -> None:
        assert threading.current_thread().name == "music"
        self.ended += 1

    def now_playing(self) -> tuple[NowPlaying | None, Plan | None]:
        return self.heard

    def snapshot(self, image: Image, view: ViewState, /) -> None:
        self.snapshots.append(draw(image, view))
        self.problems.append(self.saved)

    def emit(self, elapsed_s: float, faces: tuple[Face, ...], /) -> None:
        self.record.times.append(elapsed_s)
        self.record.faces.append(faces)

    def shown(self, image: Image, /) -> None:
        self.recorded.append(image)

    def next_camera(self, frames: FrameGrabber, /) -> str:
        self.turns += 1
        self.turn(frames)
        return "looking for the next camera"

    def message(self) -> str | None:
        return self.problems.pop() if self.problems else None

    @property
    def notice(self) -> str | None:
        return self.session.view(live.time.monotonic(), "").notice

    @property
    def analysed(self) -> int:
        return len(self.record.times)

    @property
    def last(self) -> Image:
        return self.screen.shown[-1]

    def voted(self) -> Generator[None]:
        """Turns until somebody voted."""
        while self.session.mood() is None:
            yield


def nobody() -> Generator[str | None]:
    """In front of the window."""
    while True:
        yield None


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_file_is_shown_and_its_last_frame_analysed(count: int) -> None:
    analysed = threading.Event()

    class Patient(Screen):
        def poll(self, wait_ms: int) -> str | None:
            # The worst moment for a result to come: after this turn has looked for it, and before it asks for the end
            assert analysed.wait(PATIENCE_S)
            return super().poll(wait_ms)

    # Nobody is in the last frame, so that it can be told from the others
    frames = [shot(index, index * 0.01, level=100 if index < count - 1 else 0) for index in range(count)]
    stage = Stage(Film(frames), classifier=Happy(analysed.set))
    stage.run(screen=Patient())
    assert not stage.record.faces[-1]
    assert stage.session.summary().frames == stage.analysed
    assert stage.screen.shown


def test_no_frame_at_all_opens_no_window() -> None:
    stage = Stage(Film([]))
    with pytest.raises(SourceError, match=r"^film holds no frame that can be read"):
        stage.run()
    assert not stage.screen.shown


@pytest.mark.parametrize("is_live", [False, True])
def test_no_frame_at_all_ends_a_window_that_is_open_already(*, is_live: bool) -> None:
    with pytest.raises(SourceError, match=r"^film holds no frame that can be read"):
        Stage(Film([], live=is_live), blank=BLANK).run(nobody())


@pytest.mark.parametrize("key", ["q", "Q", "escape"])
def test_these_keys_quit(key: str) -> None:
    def person() -> Generator[str | None]:
        yield key
        pytest.fail("the session went on")

    Stage(Film(endless())).run(person())


def test_a_closed_window_quits() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield None
        stage.screen.closed = True
        yield None
        pytest.fail("the session went on")

    stage.run(person())


def test_the_start_says_that_nothing_is_saved_however_late_the_first_frame_is(clock: Clock) -> None:
    def late() -> Generator[Frame]:
        clock.now += 100
        yield shot(0, 0.0)

    stage = Stage(Film(late()))

    def person() -> Generator[str | None]:
        assert stage.session.view(clock.now, "").notice == WELCOME
        clock.now += 60
        yield None
        assert stage.session.view(clock.now, "").notice is None

    stage.run(person())
    assert stage.screen.shown


@pytest.mark.parametrize("count", [1, 4])
def test_the_limit_on_frames_counts_analysed_ones(count: int) -> None:
    stage = Stage(Film(endless()), limits=SessionLimits(frames=count))
    stage.run()
    assert stage.analysed == count


def test_the_limit_on_seconds_counts_from_the_first_frame(clock: Clock) -> None:
    def late() -> Generator[Frame]:
        clock.now += 100
        yield from endless()

    turns: list[float] = []

    def person() -> Generator[str | None]:
        while True:
            clock.now += 3
            turns.append(clock.now)
            yield None

    Stage(camera(late()), limits=SessionLimits(seconds=9)).run(person())
    assert turns == [1103, 1106, 1109]


def test_space_holds_picture_and_vote_until_it_is_pressed_again() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "space"
        assert stage.session.frozen
        analysed, reads = stage.analysed, stage.source.reads
        for _ in range(40):
            yield None
        assert stage.analysed == analysed
        # One frame may be under way
        assert stage.source.reads <= reads + 2
        yield "space"
        while stage.analysed < analysed + 3:
            yield None

    stage.run(person())


def test_what_was_being_analysed_when_the_picture_froze_does_not_vote() -> None:
    begun, goes_on, over = threading.Semaphore(0), threading.Semaphore(0), threading.Event()

    def slow() -> None:
        begun.release()
        assert over.is_set() or goes_on.acquire(timeout=PATIENCE_S)

    stage = Stage(Film(endless()), classifier=Happy(slow))

    def person() -> Generator[str | None]:
        assert begun.acquire(timeout=PATIENCE_S)
        goes_on.release()
        yield from stage.voted()
        assert begun.acquire(timeout=PATIENCE_S)
        before = stage.analysed
        yield "space"
        goes_on.release()
        for _ in range(20):
            yield None
        assert stage.analysed == before
        over.set()
        goes_on.release()

    stage.run(person())


def test_a_frozen_picture_stays_when_its_file_ends() -> None:
    stage = Stage(film(3))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "space"
        for _ in range(20):
            yield None
        held.append(True)
        yield "space"
        while True:
            yield None

    held: list[bool] = []
    stage.run(person())
    assert held


def test_a_frozen_camera_comes_back_with_what_it_sees_now() -> None:
    stage = Stage(camera())

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "space"
        seen, passed = stage.analysed, stage.source.skips
        while stage.source.skips < passed + 50:
            yield None
        assert stage.analysed == seen
        before = stage.record.times[-1]
        yield "space"
        while stage.analysed == seen:
            yield None
        # Those that came meanwhile are not shown after the fact
        assert stage.record.times[seen] > before + 0.48

    stage.run(person())


def test_a_camera_is_not_decoded_while_the_picture_stands_still_and_the_window_idles(clock: Clock) -> None:
    stage = Stage(camera(), clock=clock)

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "space"
        while not stage.source.skips:
            yield None
        reads, pictures, turns = stage.source.reads, len(stage.screen.shown), len(stage.screen.waits)
        while stage.source.skips < 50:
            yield None
        assert stage.source.reads == reads
        assert len(stage.screen.shown) == pictures
        assert set(stage.screen.waits[turns:]) == {IDLE_WAIT_MS}
        clock.now += REDRAW_S
        yield None
        yield None
        assert len(stage.screen.shown) == pictures, "nothing on it has changed"
        clock.now += NOTICE_S
        while len(stage.screen.shown) == pictures:
            yield None

    stage.run(person())


def test_f_fills_the_screen() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield "f"
        assert stage.screen.toggles == 1
        yield "F"
        assert stage.screen.toggles == 2

    stage.run(person())


def test_a_snapshot_is_a_picture_without_hints_and_the_screen_says_where() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        assert not stage.snapshots
        yield "s"
        assert stage.notice == "picture saved: /pictures/one.png"

    stage.run(person())
    (taken,) = stage.snapshots
    assert taken.shape == (240, 320, 3)
    # The hints lie at the bottom, where a snapshot shows the frame alone
    assert (taken[-12:] == 100).all()
    assert not (stage.screen.shown[-1][-12:] == 100).all()


def test_a_snapshot_that_cannot_be_written_is_said_and_the_session_goes_on() -> None:
    stage = Stage(Film(endless()))
    stage.saved = "cannot write it: choose another place"

    def person() -> Generator[str | None]:
        yield "s"
        assert stage.notice == "cannot write it: choose another place"
        before = stage.analysed
        while stage.analysed == before:
            yield None

    stage.run(person())


def test_p_without_a_mood_says_so_and_opens_nothing() -> None:
    stage = Stage(Film(endless(level=0)))

    def person() -> Generator[str | None]:
        while not stage.analysed:
            yield None
        yield "p"
        assert stage.notice is not None
        assert stage.notice.startswith("no mood yet")

    stage.run(person())
    assert not stage.asked
    assert not stage.played


def test_p_says_the_link_opens_it_and_tells_how_that_went() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "p"
        assert stage.asked == [HAPPY.place]
        # Within three seconds it does nothing
        yield "p"
        while stage.notice != "opened":
            yield None

    stage.run(person())
    assert stage.asked == stage.played == [HAPPY.place]


def test_p_plays_the_mood_chosen_by_hand() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield "6"
        yield "p"

    stage.run(person())
    assert stage.asked == [link(Expression.SAD).place]


def test_a_browser_that_takes_its_time_holds_nothing(clock: Clock) -> None:
    stage = Stage(camera())
    opens = threading.Event()
    stage.open = lambda: str(opens.wait(PATIENCE_S))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "p"
        before = stage.analysed
        while stage.analysed < before + 3:
            yield None
        clock.now += 10
        yield "p"
        assert stage.session.view(clock.now, "").notice == "still opening happy"
        opens.set()
        while stage.session.view(clock.now, "").notice != "True":
            yield None

    stage.run(person())
    assert stage.played == [HAPPY.place]


def test_presses_of_a_busy_moment_are_obeyed_as_one() -> None:
    stage = Stage(Film(endless()))
    opening, opens = threading.Event(), threading.Event()

    def slow() -> str:
        opening.set()
        return str(opens.wait(PATIENCE_S))

    stage.open = slow

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "p"
        while not opening.is_set():
            yield None
        yield from "nn,+z"
        opens.set()
        while len(stage.wishes) < 2:
            yield None

    stage.run(person())
    assert stage.wishes[1:] == [PlayerCommand(skip=1, louder=1, shuffle=True)]


def test_the_screen_shows_what_is_played_as_soon_as_it_is() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        stage.heard = NowPlaying("A title", "An artist", 1, 3), None
        while stage.session.view(0, "").playing != stage.heard[0]:
            yield None

    stage.run(person())


def test_music_that_plays_is_looked_after_while_nobody_presses_a_key() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        while stage.tended < 2:
            yield None

    stage.run(person())
    assert not stage.wishes


def test_a_browser_that_hangs_does_not_hold_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOIN_S", 0.5)
    stage = Stage(Film(endless()))
    opening, opens = threading.Event(), threading.Event()

    def hang() -> str:
        opening.set()
        return str(opens.wait(PATIENCE_S))

    stage.open = hang

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "p"
        while not opening.is_set():
            yield None

    try:
        with pytest.raises(AssertionError):
            # The stage finds the one thread that is left behind
            stage.run(person())
        assert threads() == ["music"]
    finally:
        opens.set()
    until(lambda: not threads())


def test_a_camera_that_is_not_there_ends_the_session_unless_it_is_waited_for() -> None:
    def absent() -> Film:
        raise ABSENT

    stage = Stage(absent, blank=BLANK)
    with pytest.raises(SourceError) as caught:
        stage.run(nobody())
    assert caught.value is ABSENT


def test_an_error_in_the_analysis_is_raised_even_at_the_last_frame() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Stage(film(1), classifier=Happy(fail)).run()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BrokenPipeError()])
def test_whatever_ends_a_window_ends_its_threads(error: BaseException) -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        raise error

    with pytest.raises(type(error)):
        stage.run(person())
    assert stage.session.summary().frames == stage.analysed > 0


def test_a_mirror_changes_the_picture_and_not_the_boxes() -> None:
    frame = shot(0, 0.0)
    frame.image[:, :20] = 255
    stage = Stage(Film(Frame(frame.image, index, index * 0.01) for index in range(10**6)))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        assert stage.screen.shown[-1][120, 5].tolist() == [255] * 3
        yield "m"
        before = len(stage.screen.shown)
        analysed = stage.analysed
        while len(stage.screen.shown) == before or stage.analysed < analysed + 2:
            yield None
        assert stage.screen.shown[-1][120, -5].tolist() == [255] * 3
        assert stage.screen.shown[-1][120, 5].tolist() != [255] * 3

    stage.run(person())
    assert {faces[0].box for faces in stage.record.faces} == {box_of(0)}


def test_times_count_from_the_first_analysed_frame() -> None:
    stage = Stage(camera(endless(start_s=1000)), limits=SessionLimits(frames=3))
    stage.run()
    assert stage.record.times[0] == 0.0
    assert stage.record.times == sorted(stage.record.times)


def test_i_shows_rate_and_latency() -> None:
    wall = np.full((480, 640, 3), 100, np.uint8)
    stage = Stage(Film(Frame(wall, index, index * 0.01) for index in range(10**6)))

    def corner_is_bare() -> bool:
        return bool((stage.screen.shown[-1][5:40, -200:] == 100).all())

    def person() -> Generator[str | None]:
        yield from stage.voted()
        assert corner_is_bare()
        yield "i"
        while corner_is_bare():
            yield None
        yield "i"
        while not corner_is_bare():
            yield None

    stage.run(person())


# A frame is held back for its own faces


def test_with_a_quick_analyst_boxes_lie_on_the_frame_that_they_were_found_in(clock: Clock) -> None:
    del clock
    # No time passes: however slow this machine is, no frame is held back for too long
    stage = Stage(Film(endless()), limits=SessionLimits(frames=12))
    stage.run()
    numbers = [number_of(image) for image in stage.screen.shown]
    assert len(numbers) > 3
    for number, image in zip(numbers, stage.screen.shown, strict=True):
        assert box_drawn(image) == pytest.approx(box_of(number).left, abs=3)


def test_with_an_analyst_that_hangs_the_newest_frames_are_shown_and_no_queue_grows(clock: Clock) -> None:
    classifier, gauge = Gated(), Watcher()
    stage = Stage(camera(), classifier=classifier, blank=BLANK, gauge=gauge, clock=clock)

    def person() -> Generator[str | None]:
        yield from classifier.begins()
        for times in range(3):
            count = stage.source.reads + 20
            while stage.source.reads < count:
                yield None
            # Held back, and each by the next
            assert len(gauge.pictures) == times
            clock.now += 2 * HOLD_S
            while len(gauge.pictures) == times:
                yield None
            # One is being read, one was just published
            assert gauge.pictures[-1].index >= count - 2
            assert number_of(stage.last) == gauge.pictures[-1].index % 200
            assert box_drawn(stage.last) is None
        classifier.is_freed()
        while stage.analysed < 2:
            yield None

    stage.run(person())
    # Of all that came meanwhile the next one to be analysed is the newest
    assert gauge.readings[1][0].index >= gauge.pictures[2].index


def test_the_faces_of_before_are_shown_where_those_of_the_frame_are_late(clock: Clock) -> None:
    classifier, more = Gated(), threading.Event()

    def frames() -> Generator[Frame]:
        yield shot(0, 0.0)
        assert more.wait(PATIENCE_S)
        yield from endless(20)

    stage = Stage(camera(frames()), classifier=classifier, blank=BLANK, clock=clock)

    def person() -> Generator[str | None]:
        classifier.goes_on.release()
        yield from stage.voted()
        yield from classifier.begins()
        more.set()
        yield from classifier.begins()
        clock.now += 2 * HOLD_S
        while number_of(stage.last) == 0:
            yield None
        assert box_drawn(stage.last) == pytest.approx(box_of(0).left, abs=3)
        classifier.is_freed()

    stage.run(person())


def test_a_frame_that_is_held_back_when_the_picture_freezes_is_not_shown(clock: Clock) -> None:
    classifier, more = Gated(), threading.Event()

    def frames() -> Generator[Frame]:
        yield shot(0, 0.0)
        assert more.wait(PATIENCE_S)
        yield from endless(20)

    stage = Stage(camera(frames()), classifier=classifier, blank=BLANK, clock=clock)

    def person() -> Generator[str | None]:
        classifier.goes_on.release()
        yield from stage.voted()
        yield from classifier.begins()
        more.set()
        yield from classifier.begins()
        yield "space"
        classifier.is_freed()
        for _ in range(10):
            clock.now += REDRAW_S
            yield None
            assert number_of(stage.last) == 0
            assert box_drawn(stage.last) == pytest.approx(box_of(0).left, abs=3)
        yield "space"
        while number_of(stage.last) == 0:
            yield None

    stage.run(person())


def test_the_gauge_is_told_of_what_is_shown_and_analysed(clock: Clock) -> None:
    gauge = Watcher()
    stage = Stage(Film(endless()), limits=SessionLimits(frames=5), gauge=gauge)

    def person() -> Generator[str | None]:
        while True:
            clock.now += 0.001
            yield None

    stage.run(person())
    assert [frame.time_s - gauge.readings[0][0].time_s for frame, *_ in gauge.readings] == stage.record.times
    assert all(1000 <= seen_s <= now_s <= clock.now for _, seen_s, now_s in gauge.readings)
    # What is shown is told once, drawn as often as need be
    shown = [frame.index for frame in gauge.pictures]
    assert shown == sorted(set(shown))
    assert {index % 200 for index in shown} == {number_of(image) for image in stage.screen.shown}


# The desk


def test_what_is_shown_is_what_may_be_recorded() -> None:
    stage = Stage(camera(), blank=BLANK)

    def person() -> Generator[str | None]:
        while len(stage.screen.shown) < 5:
            yield None

    stage.run(person())
    # The blank picture is none: its size is not that of the camera
    pictures = [image for image in stage.screen.shown if number_of(image) or image[120, 5].any()]
    assert len(stage.recorded) == len(pictures) > 1
    assert all(one is other for one, other in zip(stage.recorded, pictures, strict=True))


def test_what_can_no_longer_be_written_is_told_and_the_session_goes_on() -> None:
    stage = Stage(camera())

    def person() -> Generator[str | None]:
        yield from stage.voted()
        stage.problems.append("the disk is full: the film ends here")
        yield None
        assert stage.notice == "the disk is full: the film ends here"
        before = stage.analysed
        while stage.analysed == before:
            yield None

    stage.run(person())


@pytest.mark.parametrize("key", ["c", "C"])
def test_c_turns_to_the_next_camera_and_the_session_goes_on(key: str) -> None:
    gauge, other = Watcher(), camera(endless(level=60, start_s=500))
    stage = Stage(camera(), gauge=gauge)
    stage.turn = lambda frames: frames.switch(lambda: other, "opening the next camera")

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield key
        assert stage.turns == 1
        assert stage.notice == "looking for the next camera"
        assert stage.session.mood() is not None
        before = stage.analysed
        while stage.analysed < before + 3 or stage.last[120, 5, 0] != 60:
            yield None

    stage.run(person())
    indices, stretches = zip(*((frame.index, frame.stretch) for frame, *_ in gauge.readings), strict=True)
    assert list(indices) == sorted(set(indices))
    assert list(stretches) == sorted(stretches)
    # Between the two no time passes for the vote
    assert set(stretches) == {0, 1}
    assert stage.session.summary().frames == stage.analysed


def test_the_faces_of_one_camera_are_not_drawn_on_the_picture_of_another() -> None:
    classifier, other = Gated(), camera(endless(level=60))
    stage = Stage(camera(), classifier=classifier, blank=BLANK)
    stage.turn = lambda frames: frames.switch(lambda: other, "opening the next camera")

    def person() -> Generator[str | None]:
        classifier.goes_on.release()
        yield from stage.voted()
        while box_drawn(stage.last) is None:
            yield None
        # Another one of the first camera is being analysed
        yield from classifier.begins()
        yield from classifier.begins()
        yield "c"
        while stage.last[120, 5, 0] != 60:
            yield None
        assert box_drawn(stage.last) is None
        # What was still being analysed is of the first camera, and comes late
        before, pictures = stage.analysed, len(stage.screen.shown)
        classifier.goes_on.release()
        while stage.analysed == before or len(stage.screen.shown) < pictures + 3:
            yield None
        assert box_drawn(stage.last) is None
        yield "s"
        assert box_drawn(stage.snapshots[-1]) is None
        classifier.is_freed()
        while box_drawn(stage.last) is None:
            yield None
        assert stage.last[120, 5, 0] == 60

    stage.run(person())


# The life of a camera


def says_trouble(image: Image) -> bool:
    """Whether there is a sentence in the middle."""
    return bool((image[112:128, 100:220] > 200).all(axis=2).any())


def failing(state: SourceState, hanging: threading.Event) -> Callable[[], Source]:
    """Opens a camera that comes into that state."""
    same = shot(0, 0.0).image

    def waiting() -> Generator[Frame]:
        yield shot(0, 0.0)
        assert hanging.wait(PATIENCE_S)

    def opening() -> Film:
        assert hanging.wait(PATIENCE_S)
        return camera()

    def refuse() -> Film:
        cause = {SourceState.ABSENT: Cause.ABSENT, SourceState.BUSY: Cause.BUSY, SourceState.DENIED: Cause.DENIED}[state]
        raise SourceError("the camera does not open: try another", cause=cause)

    films: dict[SourceState, Callable[[], Film]] = {
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
    return films.get(state, refuse)


@pytest.mark.parametrize("state", SourceState)
def test_in_each_state_of_the_camera_the_window_lives_and_keys_are_answered_at_once(state: SourceState, clock: Clock) -> None:
    hanging = threading.Event()
    expected = SourceState.LOST if state is SourceState.CLOSED else state
    stage = Stage(failing(state, hanging), blank=BLANK, wait_for_source=True, clock=clock)
    has_picture = state in {SourceState.LIVE, SourceState.LOST, SourceState.BLACK, SourceState.FROZEN, SourceState.CLOSED}

    def now() -> tuple[object, ...]:
        screen = stage.session.view(clock.now, "30 fps")
        return screen.help, screen.mirrored, screen.bars, screen.info, screen.frozen, stage.screen.toggles, screen.mood

    def person() -> Generator[str | None]:
        while stage.frames.health(clock.now).state is not expected or (has_picture and stage.session.summary().frames == 0):
            clock.now += STALL_S / 20
            yield None
        while says_trouble(stage.last) is (state is SourceState.LIVE):
            yield None
        for key in ("h", "m", "b", "i", "f", "space", "4"):
            before, pictures = now(), len(stage.screen.shown)
            yield key
            assert now() != before
            yield None
            assert len(stage.screen.shown) > pictures
            yield "0" if key == "4" else key
        yield "s"
        assert stage.notice == ("picture saved: /pictures/one.png" if has_picture else "no picture yet")
        yield "r"
        assert stage.notice == "the vote is restarted"
        yield "1"
        yield "p"
        assert stage.asked == [link(Expression.ANGRY).place]
        yield "c"
        assert stage.turns == 1
        # What it showed last is darkened
        bright = {SourceState.LIVE: 100, SourceState.LOST: 40, SourceState.FROZEN: 40, SourceState.CLOSED: 40}.get(state, 0)
        assert stage.last[120, 5].tolist() == [bright] * 3
        hanging.set()
        yield "q"
        pytest.fail("the session went on")

    try:
        stage.run(person())
    finally:
        hanging.set()


def test_until_the_first_frame_the_window_is_blank_and_says_what_is_going_on(clock: Clock) -> None:
    classifier, opens = Gated(), threading.Event()

    def opener() -> Film:
        assert opens.wait(PATIENCE_S)
        return camera()

    stage = Stage(opener, classifier=classifier, blank=BLANK, clock=clock)

    def person() -> Generator[str | None]:
        yield None
        opens.set()
        yield from classifier.begins()
        # Its first frame is held back: the blank one is no picture of the camera and keeps its sentence
        stage.problems.append("the disk is full")
        yield None
        for image in stage.screen.shown:
            assert image.shape == (240, 320, 3)
            assert says_trouble(image)
            assert not image[120, 308].any()
        clock.now += 2 * HOLD_S
        yield None
        assert not says_trouble(stage.last)
        assert stage.last[120, 5].tolist() == [100] * 3
        assert stage.notice == WELCOME
        classifier.is_freed()

    stage.run(person())


def test_a_camera_that_comes_back_goes_on_with_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    gauge, unplugged = Watcher(), threading.Event()

    def frames() -> Generator[Frame | BaseException]:
        yield from itertools.takewhile(lambda _: not unplugged.is_set(), endless())
        yield SourceError("unplugged: plug it in", cause=Cause.LOST)

    films = [camera(frames()), camera(endless(level=60, start_s=500))]
    stage = Stage(lambda: films.pop(0), gauge=gauge)
    monkeypatch.setattr(stage.frames, "_backoff", grabber.Backoff((0.0,)))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        unplugged.set()
        while stage.last[120, 5, 0] != 60 or box_drawn(stage.last) is None:
            yield None
        assert not says_trouble(stage.last)

    stage.run(person())
    assert {frame.stretch for frame, *_ in gauge.readings} == {0, 1}
    assert stage.session.summary().frames == stage.analysed


def test_a_change_of_size_in_mid_stream_is_survived() -> None:
    def frames() -> Generator[Frame]:
        for index in itertools.count():
            frame = shot(index, index * 0.01)
            yield frame if index % 20 < 10 else Frame(np.repeat(frame.image, 2, axis=0), index, frame.time_s)

    stage = Stage(camera(frames()), blank=BLANK)

    def person() -> Generator[str | None]:
        while {image.shape for image in stage.screen.shown} != {(240, 320, 3), (480, 320, 3)}:
            yield None

    stage.run(person())
