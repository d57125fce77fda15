from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from realtime.domain import Frame
from realtime.errors import Cause, SourceError, UsageError
from realtime.sources import grabber
from realtime.sources.grabber import FrameGrabber
from realtime.sources.health import SourceState
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from realtime.sources.video import Source


def grey(level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((48, 64, 3), level, np.uint8)


def frame(index: int, time_s: float = 0.0) -> Frame:
    # Each of another brightness, and none of them black
    return Frame(grey(50 + index % 200), index, time_s)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def set_to(self, moment: float, frames: FrameGrabber) -> None:
        """Set the clock, and wait until the capture thread has read it and waits again, or has ended."""
        changed: Any = vars(frames)["_changed"]
        with changed:
            self.now = moment
            # A thread that is woken leaves the list of waiters at once, and joins it when it waits again
            changed.notify_all()
        until(lambda: bool(vars(changed)["_waiters"]) or not capture_threads())


def capture_threads() -> list[threading.Thread]:
    """The capture threads that run."""
    return [thread for thread in threading.enumerate() if thread.name == "capture"]


class ScriptedSource:
    """A source of frames that a test gives it; it raises an exception among them. Each read waits for `may_return`."""

    def __init__(self, *steps: Frame | BaseException, live: bool = True) -> None:
        self.live = live
        self.name = "script"
        self.steps = list(steps)
        self.read_started = threading.Semaphore(0)
        self.may_return = threading.Semaphore(0)
        self.skipped = self.closed = 0

    def read(self) -> Frame | None:
        self.read_started.release()
        assert self.may_return.acquire(timeout=PATIENCE_S)
        if not self.steps:
            return None
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        return step

    def skip(self) -> None:
        self.skipped += 1
        assert self.read() is not None

    def close(self) -> None:
        self.closed += 1

    def wait_for_read(self) -> None:
        assert self.read_started.acquire(timeout=PATIENCE_S)


def unblocked_source(*steps: Frame | BaseException, live: bool = True) -> ScriptedSource:
    """A source whose reads return at once."""
    script = ScriptedSource(*steps, live=live)
    script.may_return.release(len(steps) + 1)
    return script


def test_the_newest_frame_wins() -> None:
    script = ScriptedSource(frame(0), frame(1), frame(2))
    with FrameGrabber(lambda: script) as frames:
        script.wait_for_read()
        assert frames.latest_after() is None
        script.may_return.release(3)
        for _ in range(3):
            script.wait_for_read()
        newest = frames.latest_after()
        assert newest is not None
        assert newest.index == 2
        assert frames.latest_after(index=2) is None
        assert not frames.ended
        script.may_return.release()
        until(lambda: frames.ended)
        # The last frame can still be read
        assert frames.latest_after(index=1) is newest
        assert frames.latest_after(index=2) is None


def test_waiting_ends_with_the_next_frame() -> None:
    script = ScriptedSource(frame(0), frame(1))
    script.may_return.release()
    with FrameGrabber(lambda: script) as frames:
        script.wait_for_read()
        script.wait_for_read()
        threading.Timer(0.02, script.may_return.release).start()
        newest = frames.latest_after(index=0, timeout_s=PATIENCE_S)
        assert newest is not None
        assert newest.index == 1
        script.may_return.release()


def test_waiting_ends_when_the_source_ends() -> None:
    with FrameGrabber(unblocked_source) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S * 10) is None
        assert frames.ended


def test_a_wait_ends_with_a_new_frame() -> None:
    script = ScriptedSource(frame(0), frame(1))
    with FrameGrabber(lambda: script) as frames:
        script.may_return.release()
        assert frames.wait_after(-1, PATIENCE_S * 10)
        assert frames.latest_after() is not None
        script.may_return.release(2)


def test_a_wait_is_ended_by_another_thread_also_if_that_came_first() -> None:
    frames = FrameGrabber(lambda: ScriptedSource(frame(0)))
    frames.wake()
    assert frames.wait_after(-1, PATIENCE_S * 10)
    waker = threading.Timer(0.01, frames.wake)
    waker.start()
    frames.wait_after(-1, PATIENCE_S * 10)
    waker.join()
    # Each call ends one wait
    assert not frames.wait_after(-1, 0.001)


def test_the_end_of_a_source_ends_a_wait_once() -> None:
    with FrameGrabber(unblocked_source) as frames:
        frames.wait_after(-1, PATIENCE_S * 10)
        assert frames.ended
        waited = threading.Event()

        def wait() -> None:
            frames.wait_after(-1, PATIENCE_S)
            waited.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not waited.wait(0.05), "the end must not make a loop spin"
        frames.wake()
        waiting.join()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_an_exception_that_ends_a_program_is_raised_again_after_the_last_frame(error: BaseException) -> None:
    with FrameGrabber(lambda: unblocked_source(frame(0), error)) as frames:
        until(lambda: frames.ended)
        newest = frames.latest_after()
        assert newest is not None
        for _ in range(2):
            with pytest.raises(type(error)) as caught:
                frames.latest_after(newest.index)
            assert caught.value is error


def shown_number(frames: FrameGrabber) -> int:
    """The number of the newest frame in its script; a frame that is shown for long is repeated under further indices."""
    newest = frames.latest_after()
    assert newest is not None
    return int(newest.image[0, 0, 0]) - 50


def test_a_file_is_read_at_its_recorded_pace() -> None:
    clock = Clock()
    script = unblocked_source(frame(0, 0.0), frame(1, 100.0), frame(2, 250.0), live=False)
    with FrameGrabber(lambda: script, clock=clock) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        for moment, number in ((99.0, 0), (100.0, 1), (249.0, 1), (250.0, 2)):
            clock.set_to(moment, frames)
            assert shown_number(frames) == number
        until(lambda: frames.ended)


def test_a_frame_that_is_shown_for_long_is_repeated_at_later_times() -> None:
    clock = Clock()
    script = unblocked_source(frame(0, 0.0), frame(1, 0.5), frame(2, 0.6), live=False)
    with FrameGrabber(lambda: script, clock=clock) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        found: list[tuple[int, float, bool]] = []
        for moment in (0.15, 0.25, 0.45, 0.55, 0.65):
            clock.set_to(moment, frames)
            newest = frames.latest_after()
            assert newest is not None
            found.append((shown_number(frames), round(newest.time_s, 6), newest.held))
    assert found == [(0, 0.1, True), (0, 0.2, True), (0, 0.4, True), (1, 0.5, False), (2, 0.6, False)]


def test_a_paused_file_stays_where_it_is_and_goes_on_from_there() -> None:
    clock = Clock()
    script = unblocked_source(frame(0, 0.0), frame(1, 100.0), frame(2, 200.0), live=False)
    with FrameGrabber(lambda: script, clock=clock) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        clock.set_to(60.0, frames)
        frames.pause(True)
        clock.set_to(60.0, frames)
        clock.set_to(5000.0, frames)
        assert shown_number(frames) == 0
        frames.pause(False)
        clock.set_to(5000.0, frames)
        # At the pause the second frame was due in 40 seconds
        clock.set_to(5039.0, frames)
        assert shown_number(frames) == 0
        clock.set_to(5040.0, frames)
        until(lambda: shown_number(frames) == 1)
        clock.set_to(5139.0, frames)
        assert shown_number(frames) == 1
        clock.set_to(5140.0, frames)
        until(lambda: shown_number(frames) == 2)


def test_a_slow_disk_delays_a_clip_and_does_not_speed_it_up() -> None:
    clock = Clock()
    script = ScriptedSource(frame(0, 0.0), frame(1, 100.0), frame(2, 200.0), live=False)
    script.may_return.release()
    with FrameGrabber(lambda: script, clock=clock) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        # The disk gives the second frame long after the third one was due
        clock.now = 900.0
        script.may_return.release(2)
        until(lambda: shown_number(frames) == 1)
        clock.set_to(990.0, frames)
        assert shown_number(frames) == 1
        script.may_return.release()
        clock.set_to(1000.0, frames)
        assert shown_number(frames) == 2


def test_closing_does_not_wait_for_the_next_frame_of_a_file() -> None:
    script = unblocked_source(frame(0, 0.0), frame(1, 1e6), live=False)
    with FrameGrabber(lambda: script) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
    assert not capture_threads()


def test_closing_does_not_wait_for_a_paused_file() -> None:
    script = unblocked_source(frame(0, 0.0), frame(1, 1e6), live=False)
    with FrameGrabber(lambda: script) as frames:
        frames.pause(True)
    assert not capture_threads()


def test_the_thread_has_a_name_and_ends_with_the_block() -> None:
    with FrameGrabber(lambda: unblocked_source(frame(0), frame(1, 1e6), live=False)) as frames:
        assert len(capture_threads()) == 1
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
    assert not capture_threads()


def test_closing_does_not_wait_for_a_driver_that_never_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grabber, "JOIN_S", 0.01)
    script = ScriptedSource(frame(0))
    with FrameGrabber(lambda: script) as frames:
        script.wait_for_read()
    # Closing did not wait for the driver: its read returns only below
    (left,) = capture_threads()
    assert left.daemon
    script.may_return.release()
    left.join(PATIENCE_S)
    assert frames.latest_after() is None


# A live source: opened, lost, opened again


class ScriptedOpener:
    """Opens one source after the other; an exception in the place of a source is raised."""

    def __init__(self, *sources: ScriptedSource | BaseException) -> None:
        self.sources = list(sources)
        self.calls = 0
        self.may_open = threading.Event()
        self.may_open.set()

    def __call__(self) -> Source:
        self.calls += 1
        assert self.may_open.wait(PATIENCE_S)
        source = self.sources.pop(0)
        if isinstance(source, BaseException):
            raise source
        return source


def quick_retry_grabber(opener: ScriptedOpener, *, wait_for_source: bool = False, clock: Clock | None = None) -> FrameGrabber:
    """A grabber that opens a lost source again after a millisecond."""
    return FrameGrabber(
        opener, wait_for_source=wait_for_source, opening="one moment", retry_delays_s=(0.001,), clock=clock or Clock()
    )


def read_stretches(frames: FrameGrabber, script: ScriptedSource, count: int) -> list[tuple[int, int]]:
    """Let the source give its next frames; returns the index and stretch of each."""
    pairs: list[tuple[int, int]] = []
    for _ in range(count):
        before = frames.latest_after()
        last = -1 if before is None else before.index
        script.may_return.release()
        until(lambda after=last: frames.latest_after(after) is not None)
        newest = frames.latest_after()
        assert newest is not None
        pairs.append((newest.index, newest.stretch))
    return pairs


def test_a_source_is_opening_until_its_first_frame_and_then_live() -> None:
    opener, script = ScriptedOpener(), ScriptedSource(frame(0), frame(1))
    opener.sources.append(script)
    opener.may_open.clear()
    with quick_retry_grabber(opener) as frames:
        until(lambda: opener.calls)
        assert (frames.health(0).state, frames.health(0).sentence) == (SourceState.OPENING, "one moment")
        assert frames.latest_after() is None
        opener.may_open.set()
        script.wait_for_read()
        # Open, but without a frame yet: the state stays, also after a long time
        assert frames.health(1e6).state is SourceState.OPENING
        assert frames.name == "script"
        script.may_return.release()
        script.wait_for_read()
        assert frames.health(0).state is SourceState.LIVE
        script.may_return.release(2)
        until(lambda: frames.ended)
        assert frames.health(1e6).state is SourceState.CLOSED
    assert script.closed == 1


@pytest.mark.parametrize("first", [SourceError("no such camera", Cause.ABSENT), UsageError("which of them?")])
def test_a_source_that_cannot_be_opened_raises_unless_it_is_waited_for(first: BaseException) -> None:
    with quick_retry_grabber(ScriptedOpener(first)) as frames:
        until(lambda: frames.ended)
        with pytest.raises(type(first)) as caught:
            frames.latest_after()
        assert caught.value is first


@pytest.mark.parametrize("step", [SourceError("no frames at all", Cause.LOST), None])
def test_a_source_without_a_frame_is_not_tried_again(step: SourceError | None) -> None:
    script = unblocked_source(step) if step else unblocked_source()
    with quick_retry_grabber(ScriptedOpener(script)) as frames:
        until(lambda: frames.ended)
        if step:
            with pytest.raises(SourceError):
                frames.latest_after()
        else:
            assert frames.latest_after() is None
    assert script.closed == 1


@pytest.mark.parametrize(
    ("cause", "state"),
    [
        (Cause.ABSENT, SourceState.ABSENT),
        (Cause.BUSY, SourceState.BUSY),
        (Cause.DENIED, SourceState.DENIED),
        (Cause.LOST, SourceState.LOST),
        (Cause.UNREADABLE, SourceState.LOST),
    ],
)
def test_wait_for_source_shows_the_cause_and_tries_again(cause: Cause, state: SourceState) -> None:
    clock, script = Clock(), unblocked_source(frame(0))
    script.may_return.acquire()
    opener = ScriptedOpener(SourceError("not now", cause), script)
    frames = FrameGrabber(opener, wait_for_source=True, retry_delays_s=(3600,), clock=clock)
    with frames:
        until(lambda: frames.health(0).state is not SourceState.OPENING)
        health = frames.health(0)
        assert (health.state, health.sentence, health.retry_at) == (state, "not now", 3600)
    # Closing does not wait for the next attempt
    assert opener.calls == 1
    with quick_retry_grabber(
        ScriptedOpener(SourceError("not now", cause), SourceError("nor now", cause), script), wait_for_source=True
    ) as frames:
        script.wait_for_read()
        script.may_return.release()
        until(lambda: frames.latest_after() is not None)
    assert script.closed == 1


def test_a_source_that_was_lost_comes_back_with_rising_indices_in_another_stretch() -> None:
    first, second = ScriptedSource(frame(0), frame(1), SourceError("gone", Cause.LOST)), ScriptedSource(frame(0), frame(1))
    opener = ScriptedOpener(first, SourceError("gone", Cause.ABSENT), UsageError("there are two of them now"), second)
    with quick_retry_grabber(opener) as frames:
        assert read_stretches(frames, first, 2) == [(0, 0), (1, 0)]
        first.may_return.release()
        second.wait_for_read()
        assert first.closed == 1
        # The last picture stays until the next one
        assert frames.latest_after() is not None
        assert frames.health(0).state is SourceState.LOST
        assert frames.health(0).sentence == "there are two of them now"
        assert read_stretches(frames, second, 2) == [(2, 1), (3, 1)]
        assert frames.health(0).state is SourceState.LIVE
        second.may_return.release()
    assert opener.calls == 4


@pytest.mark.parametrize("error", [OSError("driver"), RuntimeError("driver"), ValueError("driver")])
def test_any_exception_of_a_driver_is_a_loss_that_is_tried_again(error: Exception) -> None:
    second = ScriptedSource(frame(1))
    with quick_retry_grabber(ScriptedOpener(unblocked_source(frame(0), error), error, second)) as frames:
        second.wait_for_read()
        health = frames.health(0)
        assert (health.state, health.sentence) == (
            SourceState.LOST,
            f"script failed ({type(error).__name__}): unplug it and plug it in again",
        )
        assert read_stretches(frames, second, 1) == [(1, 1)]
        second.may_return.release()


def test_any_exception_of_a_driver_before_the_first_frame_becomes_a_source_error() -> None:
    error = OSError("driver")
    with quick_retry_grabber(ScriptedOpener(error)) as frames:
        until(lambda: frames.ended)
        with pytest.raises(SourceError, match=r"the source failed \(OSError\)") as caught:
            frames.latest_after()
        assert caught.value.status == 4
        assert caught.value.__cause__ is error


def test_a_source_that_stays_lost_is_tried_until_closing() -> None:
    first = unblocked_source(frame(0), *[SourceError("gone", Cause.LOST)])
    opener = ScriptedOpener(first, *[SourceError("gone", Cause.LOST)] * 500)
    with FrameGrabber(opener, retry_delays_s=(0.0001,)) as frames:
        until(lambda: opener.calls > 20)
        assert not frames.ended
        assert frames.health(0).state is SourceState.LOST
    assert not capture_threads()


def test_a_stalled_read_is_a_loss_after_two_seconds_and_then_a_new_stretch() -> None:
    clock = Clock()
    script = ScriptedSource(frame(0), frame(1, 60.0), frame(2, 60.0))
    with quick_retry_grabber(ScriptedOpener(script), clock=clock) as frames:
        assert read_stretches(frames, script, 1) == [(0, 0)]
        assert frames.health(1.9).state is SourceState.LIVE
        stalled = frames.health(2.0)
        assert (stalled.state, stalled.retry_at) == (SourceState.LOST, None)
        assert stalled.sentence == "no new picture comes from script: is it still connected?"
        clock.now = 60.0
        assert read_stretches(frames, script, 2) == [(1, 1), (2, 1)]
        assert frames.health(60.0).state is SourceState.LIVE
        script.may_return.release()


def test_frames_that_come_in_time_are_one_stretch_however_slow() -> None:
    clock, script = Clock(), ScriptedSource(frame(0), frame(1, 1.0), frame(2, 2.9))
    with quick_retry_grabber(ScriptedOpener(script), clock=clock) as frames:
        assert read_stretches(frames, script, 1) == [(0, 0)]
        clock.now = 1.0
        assert read_stretches(frames, script, 1) == [(1, 0)]
        clock.now = 2.9
        assert frames.health(2.9).state is SourceState.LIVE
        assert read_stretches(frames, script, 1) == [(2, 0)]
        script.may_return.release()


def test_a_clock_jump_starts_a_new_stretch_at_the_first_frame_with_the_new_time() -> None:
    clock, script = Clock(), ScriptedSource(frame(0), frame(1, 0.03), frame(2, 3600.03), frame(3, 3600.06))
    with quick_retry_grabber(ScriptedOpener(script), clock=clock) as frames:
        assert read_stretches(frames, script, 1) == [(0, 0)]
        clock.now = 3600.0
        # By its time the first of them follows at once, and the next one an hour later
        assert read_stretches(frames, script, 3) == [(1, 0), (2, 1), (3, 1)]
        script.may_return.release()


def test_black_pictures_are_reported_and_not_published_and_light_starts_a_new_stretch() -> None:
    clock = Clock()
    dark = (Frame(np.full((48, 64, 3), index % 3, np.uint8), index, 0.0) for index in range(5))
    script = ScriptedSource(frame(90), *dark, frame(100), frame(101))
    with quick_retry_grabber(ScriptedOpener(script), clock=clock) as frames:
        assert read_stretches(frames, script, 1) == [(0, 0)]
        for moment in (1.0, 1.5, 1.9):
            clock.now = moment
            # Dark pictures are shown for a second before they are reported: a light may have been switched off
            read_stretches(frames, script, 1)
            assert frames.health(moment).state is SourceState.LIVE
        last = frames.latest_after()
        for _ in range(4):
            script.wait_for_read()
        # Light comes back before the source counts as stalled: the stretch is new for the darkness alone
        for moment in (2.0, 3.0):
            script.wait_for_read()
            clock.now = moment
            script.may_return.release()
        script.wait_for_read()
        assert frames.latest_after() is last
        assert frames.health(3.0).state is SourceState.BLACK
        assert (
            frames.health(3.0).message_at(3.0) == "the picture of script is black: is the lens covered, or its shutter closed?"
        )
        assert read_stretches(frames, script, 2) == [(4, 1), (5, 1)]
        assert frames.health(3.0).state is SourceState.LIVE
        script.may_return.release()


def release_frame(script: ScriptedSource, moment: float, clock: Clock) -> None:
    """Let the source give its next frame at a moment of the clock."""
    script.wait_for_read()
    clock.now = moment
    script.may_return.release()


def test_a_frozen_picture_is_not_published_and_its_source_is_opened_again() -> None:
    clock = Clock()
    first, second = ScriptedSource(*[frame(7)] * 9), ScriptedSource(frame(7), frame(8), frame(9))
    with FrameGrabber(ScriptedOpener(first, second), retry_delays_s=(5.0,), clock=clock) as frames:
        for moment in (0.0, 1.0, 2.0, 6.9):
            release_frame(first, moment, clock)
        first.wait_for_read()
        # The frames of the first two seconds are published
        newest = frames.latest_after()
        assert newest is not None
        assert (newest.index, frames.health(6.9).state, frames.health(6.9).retry_at) == (1, SourceState.FROZEN, 7.0)
        clock.now = 7.0
        first.may_return.release()
        # The same picture after the source is opened again does not count as its return
        release_frame(second, 7.1, clock)
        second.wait_for_read()
        assert first.closed == 1
        assert (frames.latest_after(), frames.health(7.1).state) == (newest, SourceState.FROZEN)
        second.may_return.release()
        second.wait_for_read()
        back = frames.latest_after()
        assert back is not None
        assert (back.index, back.stretch, frames.health(7.1).state) == (2, 1, SourceState.LIVE)
        second.may_return.release(2)


def test_a_second_freeze_waits_for_its_full_delay() -> None:
    clock, script = Clock(), ScriptedSource(frame(7), frame(7), frame(8), frame(8))
    with FrameGrabber(ScriptedOpener(script), retry_delays_s=(5.0,), clock=clock) as frames:
        for moment, retry_at in ((0.0, None), (2.0, 7.0), (3.0, None), (5.0, 10.0)):
            release_frame(script, moment, clock)
            until(lambda: script.read_started.acquire(blocking=False))
            script.read_started.release()
            assert frames.health(moment).retry_at == retry_at
        script.may_return.release()


def test_frames_of_a_paused_camera_are_dropped_and_the_next_ones_are_another_stretch() -> None:
    script = ScriptedSource(*(frame(index) for index in range(8)))
    with quick_retry_grabber(ScriptedOpener(script)) as frames:
        assert read_stretches(frames, script, 2) == [(0, 0), (1, 0)]
        script.wait_for_read()
        script.wait_for_read()
        script.wait_for_read()
        frames.pause(True)
        # The first of these reads began before the pause
        script.may_return.release(4)
        until(lambda: script.skipped == 4)
        newest = frames.latest_after()
        assert newest is not None
        assert newest.index == 2
        assert frames.health(0).state is SourceState.LIVE
        frames.pause(False)
        script.may_return.release()
        until(lambda: not script.read_started.acquire(blocking=False))
        assert read_stretches(frames, script, 1) == [(3, 1)]
        script.may_return.release()
    assert frames.ended


def test_a_camera_that_is_lost_while_paused_is_opened_again_and_stays_paused() -> None:
    first, second = ScriptedSource(frame(0), SourceError("gone", Cause.LOST)), ScriptedSource(frame(1), frame(2), frame(3))
    with quick_retry_grabber(ScriptedOpener(first, second)) as frames:
        read_stretches(frames, first, 1)
        first.wait_for_read()
        first.wait_for_read()
        frames.pause(True)
        first.may_return.release()
        second.wait_for_read()
        assert frames.health(0).state is SourceState.LOST
        second.may_return.release()
        until(lambda: frames.health(0).state is SourceState.LIVE)
        assert frames.latest_after(0) is None
        second.wait_for_read()
        frames.pause(False)
        second.may_return.release()
        assert read_stretches(frames, second, 1) == [(1, 1)]
        second.may_return.release()


def test_two_hundred_stale_frames_leave_only_the_last() -> None:
    script = ScriptedSource(*(frame(index) for index in range(201)))
    with quick_retry_grabber(ScriptedOpener(script)) as frames:
        read_stretches(frames, script, 1)
        script.may_return.release(200)
        for _ in range(202):
            script.wait_for_read()
        newest = frames.latest_after(index=0)
        assert newest is not None
        assert (newest.index, newest.image[0, 0, 0]) == (200, 50)
        assert frames.latest_after(index=200) is None
        script.may_return.release()


# Switching to another source


def test_another_source_takes_over_and_the_first_is_closed() -> None:
    first, second = ScriptedSource(*(frame(index) for index in range(3))), ScriptedSource(frame(5), frame(6))
    with quick_retry_grabber(ScriptedOpener(first)) as frames:
        read_stretches(frames, first, 1)
        frames.switch(ScriptedOpener(second), "the next one")
        assert (frames.health(1e6).state, frames.health(0).sentence) == (SourceState.OPENING, "the next one")
        first.may_return.release()
        second.wait_for_read()
        assert first.closed == 1
        # The frame that the first source gave in the meantime is not published
        assert frames.latest_after(0) is None
        assert read_stretches(frames, second, 1) == [(1, 1)]
        second.may_return.release(2)
        until(lambda: frames.ended)
        assert frames.latest_after(1) is not None


@pytest.mark.parametrize("last", [SourceError("gone", Cause.LOST), None])
def test_a_replaced_source_that_ends_does_not_end_the_frames(last: SourceError | None) -> None:
    first, second = ScriptedSource(frame(0), *([last] if last else [])), ScriptedSource(frame(5))
    with quick_retry_grabber(ScriptedOpener(first)) as frames:
        read_stretches(frames, first, 1)
        first.wait_for_read()
        first.wait_for_read()
        frames.switch(ScriptedOpener(second), "the next one")
        first.may_return.release()
        second.wait_for_read()
        assert frames.health(0).state is SourceState.OPENING
        second.may_return.release(2)


def test_switching_does_not_wait_for_the_retry_of_the_first_source() -> None:
    second = ScriptedSource(frame(5))
    with FrameGrabber(ScriptedOpener(SourceError("gone", Cause.LOST)), wait_for_source=True, retry_delays_s=(3600,)) as frames:
        until(lambda: frames.health(0).state is SourceState.LOST)
        frames.switch(ScriptedOpener(second), "the next one")
        second.wait_for_read()
        second.may_return.release(2)


def test_switching_waits_only_until_the_driver_has_opened_the_first_source() -> None:
    first, second = ScriptedSource(frame(0)), ScriptedSource(frame(5))
    opener = ScriptedOpener(first)
    opener.may_open.clear()
    with quick_retry_grabber(opener) as frames:
        until(lambda: opener.calls)
        frames.switch(ScriptedOpener(second), "the next one")
        assert frames.health(0).sentence == "the next one"
        opener.may_open.set()
        second.wait_for_read()
        assert (first.closed, first.read_started.acquire(blocking=False)) == (1, False)
        second.may_return.release(2)


def test_another_source_that_cannot_be_opened_is_tried_again() -> None:
    first, third = ScriptedSource(frame(0)), ScriptedSource(frame(5))
    with quick_retry_grabber(ScriptedOpener(first)) as frames:
        first.wait_for_read()
        frames.switch(ScriptedOpener(SourceError("busy", Cause.BUSY), third), "the next one")
        first.may_return.release()
        third.wait_for_read()
        assert frames.health(0).state is SourceState.BUSY
        third.may_return.release(2)


def test_switching_restarts_the_retry_delays() -> None:
    gone, script = SourceError("gone", Cause.LOST), ScriptedSource(frame(5))
    with FrameGrabber(ScriptedOpener(gone, gone), wait_for_source=True, retry_delays_s=(0.001, 3600), clock=Clock()) as frames:
        until(lambda: frames.health(0).retry_at == 3600)
        frames.switch(ScriptedOpener(gone, script), "the next one")
        script.wait_for_read()
        script.may_return.release(2)


def test_switching_from_a_file_closes_it() -> None:
    file, second = unblocked_source(frame(0, 0.0), frame(1, 1e6), live=False), ScriptedSource(frame(5))
    with FrameGrabber(lambda: file) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        frames.switch(ScriptedOpener(second), "the next one")
        second.wait_for_read()
        assert file.closed == 1
        second.may_return.release(2)


def test_the_same_picture_of_another_source_is_a_new_one() -> None:
    clock, first, second = Clock(), ScriptedSource(*[frame(7)] * 4), ScriptedSource(frame(7), frame(8))
    with FrameGrabber(ScriptedOpener(first), retry_delays_s=(3600,), clock=clock) as frames:
        for moment in (0.0, 2.0):
            release_frame(first, moment, clock)
        until(lambda: frames.health(2.0).state is SourceState.FROZEN)
        frames.switch(ScriptedOpener(second), "the next one")
        first.may_return.release()
        second.wait_for_read()
        assert read_stretches(frames, second, 1) == [(1, 1)]
        assert frames.health(2.0).state is SourceState.LIVE
        second.may_return.release(2)


# Closing


def test_a_source_that_is_opened_after_closing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grabber, "JOIN_S", 0.01)
    script = ScriptedSource(frame(0))
    opener = ScriptedOpener(script)
    opener.may_open.clear()
    with quick_retry_grabber(opener):
        until(lambda: opener.calls)
    (left,) = capture_threads()
    opener.may_open.set()
    left.join(PATIENCE_S)
    assert script.closed == 1
    assert not script.read_started.acquire(blocking=False)


class ScriptedStream(ScriptedSource):
    """A stream, whose second picture may take 10 seconds."""

    first_pause_s = 10.0


@pytest.mark.parametrize("kind", [ScriptedSource, ScriptedStream])
def test_a_source_with_a_picture_every_few_seconds_is_not_lost(kind: type[ScriptedSource]) -> None:
    clock = Clock()
    script = kind(*(frame(index, 4.0 * index) for index in range(6)))
    states: list[SourceState] = []
    stretches: list[int] = []
    with FrameGrabber(lambda: script, clock=clock) as frames:
        for index in range(6):
            script.wait_for_read()
            clock.now = 4.0 * index
            script.may_return.release()
            newest = frames.latest_after(index - 1, PATIENCE_S)
            assert newest is not None
            stretches.append(newest.stretch)
            states.append(frames.health(4.0 * index + 3.9).state)
        # Of a camera the pace is known from the second picture on
        is_stream = kind is ScriptedStream
        assert states == [SourceState.LIVE if is_stream else SourceState.LOST] + 5 * [SourceState.LIVE]
        assert frames.health(20.0 + 12.1).state is SourceState.LOST
        script.may_return.release()
    assert stretches == ([0] * 6 if is_stream else [0, 1, 1, 1, 1, 1])


class SteppedClock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_grabber_that_is_slowed_down_drops_pictures_undecoded() -> None:
    clock = SteppedClock()
    script = ScriptedSource(*(frame(index) for index in range(20)))

    def pass_one() -> None:
        clock.now_s += 0.25
        script.may_return.release()
        script.wait_for_read()

    with FrameGrabber(lambda: script, clock=clock) as frames:
        try:
            script.wait_for_read()
            frames.slow_down(1.0)
            for _ in range(12):
                pass_one()
            newest = frames.latest_after()
            assert newest is not None
            # Looks at 100.25, 101.25 and 102.25 s; the next picture is to be the fourth
            assert (newest.index, script.skipped) == (2, 9)
            assert frames.health(clock.now_s).ok
            frames.slow_down(0.0)
            pass_one()
            pass_one()
            assert script.skipped == 9
        finally:
            script.may_return.release(20)


@pytest.mark.parametrize("waits", [False, True])
def test_pictures_that_come_while_their_reader_is_busy_are_dropped_undecoded(*, waits: bool) -> None:
    clock = SteppedClock()
    script = ScriptedSource(*(frame(index) for index in range(80)))
    index, numbers = -1, list[int]()
    with FrameGrabber(lambda: script, clock=clock) as frames:
        try:
            script.wait_for_read()
            for turn in range(70):
                clock.now_s += 0.25
                script.may_return.release()
                script.wait_for_read()
                if turn % 7 == 0:
                    # The reader needs seven pictures' time for one
                    newest = frames.latest_after(index)
                    assert newest is not None
                    index = newest.index
                    numbers.append(int(newest.image[0, 0, 0]) - 50)
                    if waits:
                        frames.wait_after(index, 0.0)
            # Each is the newest that has come
            assert numbers == list(range(0, 70, 7))
            # Its pace is known after some questions; from then on four of seven pictures are decoded at most, but all of
            # them if it waits for the next one
            assert 8 <= script.skipped <= 20 if not waits else script.skipped == 0
        finally:
            script.may_return.release(80)
