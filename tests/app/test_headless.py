from __future__ import annotations

import threading
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow

from realtime.app.headless import SessionLimits, analyse_file, analyse_live
from realtime.app.headless_music import HeadlessMusic
from realtime.app.power import LOOK_S, PowerPolicy, PowerWatch
from realtime.app.power_supply import PowerReason
from realtime.domain import EXPRESSIONS, Box, Expression, Face, Frame
from realtime.errors import BlackSourceError, Cause, SourceError
from realtime.mood.vote import MoodVote
from realtime.music.commands import DjAct
from realtime.music.planner import Strategy
from realtime.session.state import Session
from realtime.sources.cameras import NEXT_STEPS
from realtime.sources.grabber import FrameGrabber
from realtime.sources.opening import open_video
from tests.support.fake_faces import HappyClassifier, make_frame_reader
from tests.support.fake_music import SilentPlayer
from tests.support.films import write_film
from tests.support.lists import PLAYLISTS
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from realtime.domain import Batch, Image, Probabilities
    from realtime.faces.pipeline import FrameReader
    from realtime.music.commands import PlayerCommand
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying
    from realtime.session.summary import Summary


class OneFaceDetector:
    """Finds one face in each picture."""

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del image, near
        return [Box(10, 10, 60, 60)]


class ScriptedSource:
    """A source with the given steps: frames to return, errors to raise and functions to call."""

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


class HeadlessHarness:
    """Runs a session without a window and records its results; `wait_for_result` is a step of a source."""

    def __init__(self) -> None:
        self.emitted: list[tuple[int, int, float, tuple[Face, ...]]] = []
        self.notices: list[str] = []
        self.session = Session(MoodVote(window_s=15, lead=0.1, dwell_s=0), PLAYLISTS, mirrored=False, bars=True, info=False)
        self._emitted_result = threading.Semaphore(0)

    def emit(self, frame: Frame, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        self.emitted.append((frame.index, frame.stretch, elapsed_s, faces))
        self._emitted_result.release()

    def wait_for_result(self) -> None:
        assert self._emitted_result.acquire(timeout=PATIENCE_S)

    def run(
        self, *sources: ScriptedSource | SourceError, limits: SessionLimits | None = None, wait_for_source: bool = False
    ) -> None:
        left = list(sources)

        def opener() -> ScriptedSource:
            source = left.pop(0)
            if isinstance(source, SourceError):
                raise source
            return source

        frames = FrameGrabber(opener, wait_for_source=wait_for_source, retry_delays_s=(0.3,))
        analyse_live(frames, make_reader(), self.session, limits or SessionLimits(), self.emit, self.notices.append)


def make_reader() -> FrameReader:
    return make_frame_reader(OneFaceDetector(), HappyClassifier())


def make_frame(index: int, time_s: float) -> Frame:
    return Frame(np.full((120, 160, 3), 50 + index, np.uint8), index, time_s)


def test_each_frame_of_a_file_is_analysed_in_order() -> None:
    harness = HeadlessHarness()
    source = ScriptedSource(*(make_frame(index, 5 + index / 10) for index in range(20)), live=False)
    analyse_file(source, make_reader(), harness.session, SessionLimits(), harness.emit)
    assert [index for index, *_ in harness.emitted] == list(range(20))
    assert [elapsed for _, _, elapsed, _ in harness.emitted] == pytest.approx([index / 10 for index in range(20)])
    summary = harness.session.summary()
    assert (summary.frames, summary.mood and summary.mood.leader) == (20, Expression.HAPPY)
    assert summary.seconds == pytest.approx(1.9)


@pytest.mark.parametrize(
    ("limits", "frames"), [(SessionLimits(frames=3), 3), (SessionLimits(seconds=0.45), 6), (SessionLimits(0.45, 2), 2)]
)
def test_limits_end_a_file(limits: SessionLimits, frames: int) -> None:
    harness = HeadlessHarness()
    analyse_file(
        ScriptedSource(*(make_frame(i, i / 10) for i in range(20)), live=False),
        make_reader(),
        harness.session,
        limits,
        harness.emit,
    )
    assert len(harness.emitted) == frames


class BrightnessClassifier:
    """Classifies a bright crop as happy, and a dark one as sad."""

    def classify(self, batch: Batch, /) -> Probabilities:
        rows = np.zeros((len(batch), len(EXPRESSIONS)), np.float32)
        for row, crop in zip(rows, batch, strict=True):
            likely, unlikely = (Expression.HAPPY, Expression.SAD) if crop.mean() > 0.5 else (Expression.SAD, Expression.HAPPY)
            row[EXPRESSIONS.index(likely)], row[EXPRESSIONS.index(unlikely)] = 0.9, 0.1
        return rows


def result_of_film(path: Path, pictures: Sequence[Image], times_ms: Sequence[int]) -> Summary:
    """The result of a film with these pictures at these times."""
    harness = HeadlessHarness()
    reader = make_frame_reader(OneFaceDetector(), BrightnessClassifier())
    with open_video(str(write_film(path, pictures, times_ms))) as source:
        analyse_file(source, reader, harness.session, SessionLimits(), harness.emit)
    assert [round(1000 * elapsed_s) for _, _, elapsed_s, _ in harness.emitted] == list(times_ms)
    return harness.session.summary()


@pytest.mark.parametrize(
    "shown_ms",
    [
        # A phone in the dark: 10 frames a second, then 60
        [100] * 30 + [17] * 60,
        # A screen recording, and a GIF: seconds without a new frame
        [2900, 100] + [33] * 30,
        [40] * 5 + [4000, 40],
    ],
)
def test_a_film_of_a_variable_rate_has_the_mood_of_one_of_a_steady_rate(shown_ms: list[int], tmp_path: Path) -> None:
    dark, bright = make_frame(0, 0).image, make_frame(200, 0).image
    times_ms = [0, *accumulate(shown_ms)]
    total_ms = times_ms[-1]
    # The first two thirds are dark
    change_ms = next(time_ms for time_ms in times_ms if time_ms >= total_ms * 2 / 3)
    steady_ms = [round(index * 100 / 3) for index in range(round(total_ms * 0.03) + 1)]
    variable, steady = (
        result_of_film(tmp_path / f"{name}.mkv", [bright if time_ms >= change_ms else dark for time_ms in times], times)
        for name, times in (("variable", times_ms), ("steady", steady_ms))
    )
    assert variable.mood is not None
    assert steady.mood is not None
    assert variable.mood.leader is steady.mood.leader
    assert variable.shares == pytest.approx(steady.shares, abs=0.02)
    assert variable.seconds == pytest.approx(steady.seconds, abs=0.04)
    assert variable.frames == len(times_ms)


@pytest.mark.parametrize(
    ("suffix", "shown_ms"),
    [
        ("gif", (1000, 9000)),
        pytest.param("png", (1000, 9000), marks=pytest.mark.posix("OpenCV for Windows reads no PNG films")),
        ("gif", (4000, 5000)),
    ],
)
def test_the_last_frame_of_an_animation_counts_for_its_own_duration(
    suffix: str, shown_ms: tuple[int, int], tmp_path: Path
) -> None:
    bright, dark = (Pillow.fromarray(make_frame(level, 0).image) for level in (200, 0))
    path = tmp_path / f"film.{suffix}"
    bright.save(path, save_all=True, append_images=[dark], duration=shown_ms)
    harness = HeadlessHarness()
    reader = make_frame_reader(OneFaceDetector(), BrightnessClassifier())
    with open_video(str(path)) as source:
        analyse_file(source, reader, harness.session, SessionLimits(), harness.emit)
    summary = harness.session.summary()
    assert summary.seconds == pytest.approx(sum(shown_ms) / 1000)
    assert summary.mood is not None
    assert summary.mood.leader is Expression.SAD
    assert summary.frames == 2


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (SessionLimits(), "^every picture of the film is black: "),
        # Later ones may have light
        (SessionLimits(frames=3), "^each of the 3 pictures that were read of the film is black: .* run for longer$"),
        (SessionLimits(seconds=0.15), "^each of the 3 pictures that were read of the film is black: "),
        (SessionLimits(frames=1), "^the only picture that was read of the film is black: "),
    ],
)
def test_a_film_that_is_black_as_far_as_it_was_read_is_an_error(limits: SessionLimits, sentence: str) -> None:
    black = [Frame(np.zeros((120, 160, 3), np.uint8), index, index / 10) for index in range(6)]
    harness = HeadlessHarness()
    with pytest.raises(BlackSourceError, match=sentence):
        analyse_file(ScriptedSource(*black, live=False), make_reader(), harness.session, limits, harness.emit)
    source = ScriptedSource(*black[:3], make_frame(3, 0.3), live=False)
    analyse_file(source, make_reader(), harness.session, SessionLimits(), harness.emit)


def test_a_camera_that_sends_nothing_but_black_is_an_error() -> None:
    harness = HeadlessHarness()
    with pytest.raises(BlackSourceError, match=r"^every picture of the film is black"):
        harness.run(ScriptedSource(Frame(np.zeros((120, 160, 3), np.uint8), 0, 0.0), harness.wait_for_result))


def test_a_file_without_frames_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"^the film holds no frame that can be read"):
        analyse_file(
            ScriptedSource(live=False), make_reader(), HeadlessHarness().session, SessionLimits(), HeadlessHarness().emit
        )


def test_a_camera_is_analysed_to_its_end_without_a_notice() -> None:
    harness = HeadlessHarness()
    source = ScriptedSource(make_frame(0, 100.0), harness.wait_for_result, make_frame(1, 100.5), harness.wait_for_result)
    harness.run(source)
    assert [(index, elapsed) for index, _, elapsed, _ in harness.emitted] == [(0, 0.0), (1, 0.5)]
    assert harness.notices == []
    assert source.closed == 1


def test_the_newest_frame_is_analysed_and_earlier_ones_are_skipped() -> None:
    harness = HeadlessHarness()
    harness.run(ScriptedSource(*(make_frame(index, index / 30) for index in range(200)), harness.wait_for_result))
    assert harness.emitted[-1][0] == 199
    assert len(harness.emitted) < 200


def test_the_loss_and_the_return_of_a_camera_are_reported_once_each() -> None:
    harness = HeadlessHarness()
    gone = SourceError("the film gives no more frames: is it there?", Cause.LOST)
    first = ScriptedSource(make_frame(0, 10.0), harness.wait_for_result, make_frame(1, 10.1), harness.wait_for_result, gone)
    second = ScriptedSource(make_frame(0, 60.0), harness.wait_for_result, make_frame(1, 60.1), harness.wait_for_result)
    harness.run(first, gone, gone, second)
    assert harness.notices == [str(gone), "the film is back"]
    assert [(index, stretch) for index, stretch, *_ in harness.emitted] == [(0, 0), (1, 0), (2, 1), (3, 1)]
    # The track is the same, and the time without frames does not vote
    assert {face.track for *_, faces in harness.emitted for face in faces} == {1}
    assert harness.session.summary().frames == 4


def test_a_camera_that_cannot_be_opened_is_an_error_without_a_notice() -> None:
    harness = HeadlessHarness()
    error = SourceError("there is none", Cause.ABSENT)
    with pytest.raises(SourceError) as caught:
        harness.run(error)
    assert caught.value is error
    assert harness.notices == []


def test_with_wait_for_source_a_missing_camera_is_reported_and_opened_later() -> None:
    harness = HeadlessHarness()
    absent = SourceError(f"there is none; {NEXT_STEPS}", Cause.ABSENT)
    harness.run(absent, absent, ScriptedSource(make_frame(0, 0.0), harness.wait_for_result), wait_for_source=True)
    assert harness.notices[0] == "there is none; waiting for it, Ctrl-C ends the session"
    assert all(notice.endswith("is back") for notice in harness.notices[1:])
    assert len(harness.emitted) == 1


def test_a_stream_without_frames_is_an_error() -> None:
    with pytest.raises(SourceError, match=r"^the film holds no frame that can be read"):
        HeadlessHarness().run(ScriptedSource())


def test_the_limit_on_seconds_includes_the_time_without_a_camera() -> None:
    harness = HeadlessHarness()
    gone = SourceError("gone", Cause.LOST)
    harness.run(
        ScriptedSource(make_frame(0, 0.0), harness.wait_for_result, gone), *[gone] * 99, limits=SessionLimits(seconds=0.6)
    )
    assert harness.notices == ["gone"]
    assert len(harness.emitted) == 1


def test_the_limit_on_frames_ends_a_camera_session() -> None:
    harness = HeadlessHarness()
    steps = [step for index in range(50) for step in (make_frame(index, index / 30), harness.wait_for_result)]
    source = ScriptedSource(*steps)
    harness.run(source, limits=SessionLimits(frames=3))
    assert len(harness.emitted) == 3
    assert source.closed == 1


def test_a_lost_stream_that_ends_is_not_reported_as_back() -> None:
    harness = HeadlessHarness()
    gone = SourceError("gone", Cause.LOST)
    harness.run(ScriptedSource(make_frame(0, 0.0), harness.wait_for_result, gone), gone, ScriptedSource())
    assert harness.notices == ["gone"]


# The DJ


class SpeakingPlayer(SilentPlayer):
    """Plays nothing, says so, and keeps the orders that it gets."""

    def __init__(self) -> None:
        self.orders: list[DjAct] = []
        self.plans: list[Plan | None] = []
        self.playing: tuple[NowPlaying | None, Plan | None] = (None, None)
        self.closes = 0

    def handle(self, command: PlayerCommand, /) -> str | None:
        assert command.dj is not None
        self.plans.append(command.dj.plan)
        self.orders.append(command.dj.act)
        return "nothing can be played"

    def now_playing(self) -> tuple[NowPlaying | None, Plan | None]:
        return self.playing

    def close(self) -> None:
        self.closes += 1


def test_the_dj_of_a_file_counts_in_the_time_of_the_film() -> None:
    said: list[str] = []
    player, harness = SpeakingPlayer(), HeadlessHarness()
    session = Session(MoodVote(window_s=15, lead=0.1, dwell_s=0), PLAYLISTS, mirrored=False, bars=True, info=False, dj_on=True)
    source = ScriptedSource(*(make_frame(index, 5 + index / 4) for index in range(40)), live=False)
    with HeadlessMusic(session, player, said.append) as music:
        analyse_file(source, make_reader(), session, SessionLimits(), harness.emit, music)
        until(lambda: player.orders)
    assert (player.orders, player.closes) == ([DjAct.BEGIN], 1)
    assert said[0] == "happy for 5 s: music begins, for happy"
    assert set(said[1:]) <= {"nothing can be played"}


def test_a_journey_follows_the_player_without_a_window() -> None:
    player = SpeakingPlayer()
    vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
    session = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, strategy=Strategy.JOURNEY, dj_on=True)
    session.handle_key("6", 0)
    harness = HeadlessHarness()
    with HeadlessMusic(session, player, harness.notices.append) as music:
        source = ScriptedSource(*(make_frame(index, 5 + index / 4) for index in range(40)), live=False)
        analyse_file(source, make_reader(), session, SessionLimits(), harness.emit, music)
        until(lambda: player.orders)
        plan = player.plans[0]
        assert plan is not None
        player.playing = None, plan.next_step
        music.lead(100)
    assert session.view(100, "").strategy == "journey 2/4"
    assert [event.what for event in session.take_dj_events()] == ["mood", "begin", "step"]


def test_the_dj_of_a_live_source_is_led_while_no_picture_comes() -> None:
    harness = HeadlessHarness()
    led: list[bool] = []

    class Lead(HeadlessMusic):
        def lead(self, now_s: float, *, watching: bool = True) -> None:
            super().lead(now_s, watching=watching)
            led.append(watching)

    source = ScriptedSource(make_frame(0, 0.0), harness.wait_for_result, lambda: until(lambda: len(led) > 3))
    frames = FrameGrabber(lambda: source)
    with Lead(harness.session, SilentPlayer(), harness.notices.append) as music:
        analyse_live(
            frames, make_reader(), harness.session, SessionLimits(), harness.emit, harness.notices.append, music, slow=True
        )
    assert len(led) > 3
    assert any(led)


class RecordingGrabber(FrameGrabber):
    """Records how it was slowed down."""

    def slow_down(self, interval_s: float) -> None:
        self.intervals = [*getattr(self, "intervals", []), interval_s]
        super().slow_down(interval_s)


@pytest.mark.parametrize("slow", [False, True])
def test_without_a_window_power_is_saved_by_fewer_looks(*, slow: bool) -> None:
    harness = HeadlessHarness()
    power = PowerWatch(PowerPolicy(None), lambda: PowerReason.BATTERY)
    source = ScriptedSource(
        make_frame(0, 0.0), harness.wait_for_result, lambda: until(lambda: power.saving(0.0)), make_frame(1, 1.0)
    )
    frames = RecordingGrabber(lambda: source)
    with power:
        analyse_live(
            frames,
            make_reader(),
            harness.session,
            SessionLimits(),
            harness.emit,
            harness.notices.append,
            slow=slow,
            power=power,
        )
    if slow:
        # The DJ behind one's work looks less often still, at a pace of its own
        assert LOOK_S not in frames.intervals
        assert not harness.notices
    else:
        assert frames.intervals[-1] == LOOK_S
        assert [notice for notice in harness.notices if notice.startswith("on battery: ")] == harness.notices[-1:]
