from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Self, cast

import cv2
import numpy as np
import pytest

from realtime import live, worker
from realtime.capture import open_source
from realtime.cli import parts
from realtime.cli.context import Context
from realtime.domain import EXPRESSIONS, Box, Expression, Face, Frame
from realtime.errors import EmodjError, SourceError
from realtime.live import LiveWindow
from realtime.mood import MoodVote
from realtime.pipeline import FaceReader, FrameReader
from realtime.playlists import Playlist
from realtime.session import WELCOME, Session
from realtime.tracks import Tracker
from realtime.windowless import Limits, run_without_window
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from pathlib import Path

    from realtime.domain import Batch, Image, Probabilities
    from realtime.window import Window

PATIENCE_S = 20.0
NO_LIMIT = Limits()
PLAYLISTS = {expression: Playlist(expression.value, f"https://example.org/{expression.value}") for expression in EXPRESSIONS}
HAPPY = PLAYLISTS[Expression.HAPPY]


class OneFace:
    """Finds one face, unless the frame is black."""

    def find(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del near
        return [Box(10, 10, 60, 60)] if image.any() else []


class Happy:
    """Sees happiness everywhere; can be told to do something first."""

    def __init__(self, first: Callable[[], object] = bool) -> None:
        self.first = first

    def classify(self, batch: Batch, /) -> Probabilities:
        self.first()
        return np.tile(np.array([0, 0, 0, 0.9, 0.1, 0, 0], np.float32), (len(batch), 1))


def reader_of(classifier: Happy | None = None) -> FrameReader:
    tracker = Tracker(match_overlap=0.3, forget_after_s=1, smoothing_s=0)
    return FrameReader(FaceReader(OneFace(), classifier or Happy(), 1.0, 0.5), tracker)


def session_of() -> Session:
    return Session(MoodVote(window_s=15, lead=0.1), PLAYLISTS, mirrored=False, bars=True, info=False)


class Film:
    """A source that gives its frames as they are asked for."""

    def __init__(self, frames: Iterable[Frame | BaseException], *, live: bool = False) -> None:
        self.live = live
        self.name = "film"
        self.reads = 0
        self._frames = iter(frames)

    def read(self) -> Frame | None:
        self.reads += 1
        if self.live:
            # A camera gives so many frames a second and no more
            threading.Event().wait(0.001)
        step = next(self._frames, None)
        if isinstance(step, BaseException):
            raise step
        return step

    def close(self) -> None: ...


def shot(index: int, time_s: float, level: int = 100) -> Frame:
    return Frame(np.full((120, 160, 3), level, np.uint8), index, time_s)


def endless(gap_s: float = 0.01) -> Generator[Frame]:
    index = 0
    while True:
        yield shot(index, index * gap_s)
        index += 1


def film(count: int, gap_s: float = 0.01, start_s: float = 0.0) -> Film:
    return Film(shot(index, start_s + index * gap_s) for index in range(count))


@dataclass
class Record:
    """What a session gave out."""

    times: list[float] = field(default_factory=list)
    faces: list[tuple[Face, ...]] = field(default_factory=list)

    def emit(self, time_s: float, faces: tuple[Face, ...]) -> None:
        self.times.append(time_s)
        self.faces.append(faces)


# Without a window


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """The astronaut drifts across a grey wall for a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    for index in range(30):
        frame = np.full((480, 640, 3), 128, np.uint8)
        frame[:, index * 2 : index * 2 + 512] = astronaut[:480]
        writer.write(frame)
    writer.release()
    return path


def test_two_runs_over_a_clip_agree_and_see_the_astronaut_look_happy(clip: Path) -> None:
    settings = Context().settings()
    runs: list[tuple[Record, object]] = []
    for _ in range(2):
        tracking = settings.tracking
        tracker = Tracker(
            match_overlap=tracking.match_overlap, forget_after_s=tracking.forget_after_s, smoothing_s=tracking.smoothing_s
        )
        reader = FrameReader(parts.face_reader(settings, settings.faces.live, Context()), tracker)
        record, session = Record(), session_of()
        with open_source(str(clip)) as source:
            run_without_window(source, reader, session, NO_LIMIT, record.emit)
        runs.append((record, session.summary()))
    assert runs[0] == runs[1]
    record, _ = runs[0]
    assert record.times == pytest.approx([index / 30 for index in range(30)])
    assert [[face.expression for face in faces] for faces in record.faces] == [[Expression.HAPPY]] * 30
    assert {face.track for faces in record.faces for face in faces} == {record.faces[0][0].track}
    # The box goes along with the face
    assert record.faces[-1][0].box.left - record.faces[0][0].box.left == pytest.approx(58, abs=12)


def test_every_frame_of_a_file_counts_from_the_first() -> None:
    record, session = Record(), session_of()
    run_without_window(film(7, 0.5, start_s=100), reader_of(), session, NO_LIMIT, record.emit)
    assert record.times == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3])
    summary = session.summary()
    assert (summary.frames, summary.seconds) == (7, pytest.approx(3))
    assert summary.playlist == HAPPY


@pytest.mark.parametrize(
    ("limits", "count"),
    [
        (Limits(frames=1), 1),
        (Limits(frames=3), 3),
        (Limits(seconds=1.0), 3),
        (Limits(seconds=0.9), 3),
        (Limits(seconds=1.0, frames=2), 2),
        (Limits(seconds=0.4, frames=9), 2),
        (Limits(frames=99), 7),
    ],
)
def test_a_limit_ends_a_file_and_nothing_is_read_beyond(limits: Limits, count: int) -> None:
    record, source = Record(), film(7, 0.5, start_s=100)
    run_without_window(source, reader_of(), session_of(), limits, record.emit)
    assert len(record.times) == count
    assert source.reads == (count if count < 7 else 8)


@pytest.mark.parametrize("is_live", [False, True])
def test_no_frame_at_all_has_a_sentence(*, is_live: bool) -> None:
    with pytest.raises(SourceError, match=r"^film holds no frame that can be read: is it a video, and whole\?$"):
        run_without_window(Film([], live=is_live), reader_of(), session_of(), NO_LIMIT, Record().emit)


def test_a_camera_gives_its_newest_frames_until_it_is_lost() -> None:
    lost = SourceError("unplugged")
    held = threading.Event()

    def frames() -> Generator[Frame | BaseException]:
        yield shot(0, 50.0)
        assert held.wait(PATIENCE_S)
        # While the first is analysed the next two come: the second is never seen
        yield shot(1, 51.0)
        yield shot(2, 52.0)
        read.set()
        assert done.wait(PATIENCE_S)
        yield lost

    read, done = threading.Event(), threading.Event()

    def slow() -> None:
        held.set()
        assert read.wait(PATIENCE_S)

    record = Record()

    def emit(time_s: float, faces: tuple[Face, ...]) -> None:
        record.emit(time_s, faces)
        if time_s == 2.0:
            done.set()

    with pytest.raises(SourceError) as caught:
        run_without_window(Film(frames(), live=True), reader_of(Happy(slow)), session_of(), NO_LIMIT, emit)
    assert caught.value is lost
    assert record.times == [0.0, 2.0]


def test_the_last_frames_of_a_camera_are_not_lost() -> None:
    record = Record()
    run_without_window(Film([shot(0, 1.0)], live=True), reader_of(), session_of(), NO_LIMIT, record.emit)
    assert record.times == [0.0]


@pytest.mark.parametrize("error", [BrokenPipeError(), KeyboardInterrupt()])
@pytest.mark.parametrize("is_live", [False, True])
def test_whatever_ends_a_session_ends_its_thread(error: BaseException, *, is_live: bool) -> None:
    def emit(*_: object) -> None:
        raise error

    with pytest.raises(type(error)):
        run_without_window(Film(endless(), live=is_live), reader_of(), session_of(), NO_LIMIT, emit)
    assert not threads()


def test_a_limit_ends_the_thread_of_a_camera() -> None:
    run_without_window(Film(endless(), live=True), reader_of(), session_of(), Limits(frames=2), Record().emit)
    assert not threads()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in {"capture", "analysis", "music"}]


# In a window


class Screen:
    """A window with somebody in front of it: `person` is asked at each turn what key is pressed, and looks around meanwhile."""

    def __init__(self, person: Generator[str | None] | None = None) -> None:
        self.closed = False
        self.toggles = 0
        self.shown: list[Image] = []
        self._person = person
        self._patience = time.monotonic() + PATIENCE_S

    def show(self, image: Image) -> None:
        self.shown.append(image)

    def poll(self, wait_ms: int) -> str | None:
        assert time.monotonic() < self._patience, "waited in vain"
        threading.Event().wait(wait_ms / 1000)
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
    """A live window with all its parts, and what it did."""

    def __init__(self, source: Film, *, classifier: Happy | None = None, limits: Limits = NO_LIMIT) -> None:
        self.source = source
        self.classifier = classifier
        self.limits = limits
        self.session = session_of()
        self.record = Record()
        self.announced: list[str] = []
        self.played: list[str] = []
        self.snapshots: list[Image] = []
        self.play: Callable[[], str] = lambda: "opened"
        self.place: Callable[[], str] = lambda: "/pictures/one.png"
        self.screen = Screen()

    def run(self, person: Generator[str | None] | None = None) -> None:
        self.screen = Screen(person)
        try:
            LiveWindow(
                self.source,
                reader_of(self.classifier),
                self.session,
                cast("Window", self.screen),
                self.limits,
                play=self._play,
                snapshot=self._snapshot,
                announce=lambda playlist: self.announced.append(playlist.url),
                emit=self.record.emit,
            ).run()
        finally:
            assert self.screen.closed
            assert not threads()

    def _play(self, playlist: Playlist) -> str:
        # The link is said before anything is opened, so that nothing is lost where that hangs
        assert self.announced
        told = self.play()
        self.played.append(playlist.url)
        return told

    def _snapshot(self, image: Image) -> str:
        self.snapshots.append(image)
        return self.place()

    @property
    def notice(self) -> str | None:
        return self.session.screen(time.monotonic(), "").notice

    @property
    def analysed(self) -> int:
        return len(self.record.times)

    def voted(self) -> Generator[None]:
        """Turns until somebody voted."""
        while self.session.mood() is None:
            yield


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
    screen = Patient()
    LiveWindow(
        stage.source,
        reader_of(stage.classifier),
        stage.session,
        cast("Window", screen),
        NO_LIMIT,
        play=str,
        snapshot=str,
        announce=print,
        emit=stage.record.emit,
    ).run()
    assert not stage.record.faces[-1]
    assert stage.session.summary().frames == stage.analysed
    assert screen.shown


def test_no_frame_at_all_opens_no_window() -> None:
    stage = Stage(Film([]))
    with pytest.raises(SourceError, match=r"^film holds no frame that can be read"):
        stage.run()
    assert not stage.screen.shown


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


def test_the_start_says_that_nothing_is_saved_however_late_the_first_frame_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def late() -> Generator[Frame]:
        clock.now += 100
        yield shot(0, 0.0)

    stage = Stage(Film(late()))

    def person() -> Generator[str | None]:
        assert stage.session.screen(clock.now, "").notice == WELCOME
        clock.now += 60
        yield None
        assert stage.session.screen(clock.now, "").notice is None

    stage.run(person())
    assert stage.screen.shown


@pytest.mark.parametrize("count", [1, 4])
def test_the_limit_on_frames_counts_analysed_ones(count: int) -> None:
    stage = Stage(Film(endless()), limits=Limits(frames=count))
    stage.run()
    assert stage.analysed == count


def test_the_limit_on_seconds_counts_from_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def late() -> Generator[Frame]:
        clock.now += 100
        yield from endless()

    turns: list[float] = []

    def person() -> Generator[str | None]:
        while True:
            clock.now += 3
            turns.append(clock.now)
            yield None

    Stage(Film(late(), live=True), limits=Limits(seconds=9)).run(person())
    assert turns == [103, 106, 109]


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
    stage = Stage(Film(endless(), live=True))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "space"
        seen, read = stage.record.times[-1], stage.source.reads
        while stage.source.reads < read + 50:
            yield None
        assert stage.record.times[-1] == seen
        yield "space"
        # Those that came meanwhile are not shown after the fact
        before = stage.analysed
        while stage.record.times[-1] < (read + 48) * 0.01:
            yield None
        assert stage.analysed <= before + 2

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
    assert taken.shape == (120, 160, 3)
    # The hints lie at the bottom, where a snapshot shows the frame alone
    assert (taken[-12:] == 100).all()
    assert not (stage.screen.shown[-1][-12:] == 100).all()


def test_a_snapshot_that_cannot_be_written_is_told_and_the_session_goes_on() -> None:
    stage = Stage(Film(endless()))

    def refuse() -> str:
        raise EmodjError("cannot write it: choose another place")

    stage.place = refuse

    def person() -> Generator[str | None]:
        yield "s"
        assert stage.notice == "cannot write it: choose another place"
        before = stage.analysed
        while stage.analysed == before:
            yield None

    stage.run(person())


def test_p_without_a_mood_says_so_and_opens_nothing() -> None:
    stage = Stage(Film(shot(index, index * 0.01, level=0) for index in range(10**6)))

    def person() -> Generator[str | None]:
        while not stage.analysed:
            yield None
        yield "p"
        assert stage.notice is not None
        assert stage.notice.startswith("no mood yet")

    stage.run(person())
    assert not stage.announced
    assert not stage.played


def test_p_says_the_link_opens_it_and_tells_how_that_went() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "p"
        assert stage.announced == [HAPPY.url]
        # Within three seconds it does nothing
        yield "p"
        while stage.notice != "opened":
            yield None

    stage.run(person())
    assert stage.announced == stage.played == [HAPPY.url]


def test_p_plays_the_mood_chosen_by_hand() -> None:
    stage = Stage(Film(endless()))

    def person() -> Generator[str | None]:
        yield "6"
        yield "p"

    stage.run(person())
    assert stage.announced == [PLAYLISTS[Expression.SAD].url]


def test_a_browser_that_takes_its_time_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: clock.now))
    stage = Stage(Film(endless(), live=True))
    opens = threading.Event()
    stage.play = lambda: str(opens.wait(PATIENCE_S))

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "p"
        before = stage.analysed
        while stage.analysed < before + 3:
            yield None
        clock.now += 10
        yield "p"
        assert stage.session.screen(clock.now, "").notice == "the last playlist is still being opened"
        # The second press is answered with the link, and with no second tab
        assert len(stage.announced) == 2
        opens.set()
        while stage.session.screen(clock.now, "").notice != "True":
            yield None

    stage.run(person())
    assert stage.played == [HAPPY.url]


def test_a_browser_that_hangs_does_not_hold_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOIN_S", 0.05)
    stage = Stage(Film(endless()))
    opening, opens = threading.Event(), threading.Event()

    def hang() -> str:
        opening.set()
        return str(opens.wait(PATIENCE_S))

    stage.play = hang

    def person() -> Generator[str | None]:
        yield from stage.voted()
        yield "p"
        while not opening.is_set():
            yield None

    with pytest.raises(AssertionError):
        # The stage finds the one thread that is left behind
        stage.run(person())
    assert threads() == ["music"]
    opens.set()
    until(lambda: not threads())


def test_a_camera_that_is_lost_ends_the_session_after_what_it_gave() -> None:
    seen = threading.Event()

    def frames() -> Generator[Frame | BaseException]:
        yield shot(0, 5.0)
        assert seen.wait(PATIENCE_S)
        yield SourceError("unplugged")

    stage = Stage(Film(frames(), live=True), classifier=Happy(seen.set))
    with pytest.raises(SourceError, match=r"^unplugged$"):
        stage.run()
    assert stage.screen.shown


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
        assert stage.screen.shown[-1][60, 5].tolist() == [255] * 3
        yield "m"
        before = len(stage.screen.shown)
        analysed = stage.analysed
        while len(stage.screen.shown) == before or stage.analysed < analysed + 2:
            yield None
        assert stage.screen.shown[-1][60, -5].tolist() == [255] * 3
        assert stage.screen.shown[-1][60, 5].tolist() != [255] * 3

    stage.run(person())
    assert {faces[0].box for faces in stage.record.faces} == {Box(10, 10, 60, 60)}


def test_times_count_from_the_first_analysed_frame() -> None:
    stage = Stage(Film((shot(index, 1000 + index * 0.01) for index in range(10**6)), live=True), limits=Limits(frames=3))
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
