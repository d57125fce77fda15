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
from tests.support.waiting import until

if TYPE_CHECKING:
    from realtime.sources.video import Source

PATIENCE_S = 20.0


def grey(level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((48, 64, 3), level, np.uint8)


def frame(index: int, time_s: float = 0.0) -> Frame:
    # Each of another brightness, and none of them black
    return Frame(grey(50 + index % 200), index, time_s)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def go_to(self, moment: float, frames: FrameGrabber) -> None:
        """Move it, and come back when the thread has looked at it and waits again, or has ended."""
        changed: Any = vars(frames)["_changed"]
        with changed:
            self.now = moment
            # Who is woken leaves the list at once, and joins it again when there is more to wait for
            changed.notify_all()
        until(lambda: bool(vars(changed)["_waiters"]) or not threads())


def threads() -> list[threading.Thread]:
    """The capture threads that live."""
    return [thread for thread in threading.enumerate() if thread.name == "capture"]


class Script:
    """A source that plays what it is given: frames, or an error that it raises. It can be told to wait before each."""

    def __init__(self, *steps: Frame | BaseException, live: bool = True) -> None:
        self.live = live
        self.name = "script"
        self.steps = list(steps)
        self.asked = threading.Semaphore(0)
        self.may_answer = threading.Semaphore(0)
        self.skipped = self.closed = 0

    def read(self) -> Frame | None:
        self.asked.release()
        assert self.may_answer.acquire(timeout=PATIENCE_S)
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

    def was_asked(self) -> None:
        assert self.asked.acquire(timeout=PATIENCE_S)


def flowing(*steps: Frame | BaseException, live: bool = True) -> Script:
    """A script that waits for nobody."""
    script = Script(*steps, live=live)
    script.may_answer.release(len(steps) + 1)
    return script


def test_the_newest_frame_wins() -> None:
    script = Script(frame(0), frame(1), frame(2))
    with FrameGrabber(lambda: script) as frames:
        script.was_asked()
        assert frames.latest_after() is None
        script.may_answer.release(3)
        for _ in range(3):
            script.was_asked()
        found = frames.latest_after()
        assert found is not None
        assert found.index == 2
        assert frames.latest_after(after=2) is None
        assert not frames.ended
        script.may_answer.release()
        until(lambda: frames.ended)
        # The last frame is still there for whoever has not seen it
        assert frames.latest_after(after=1) is found
        assert frames.latest_after(after=2) is None


def test_waiting_ends_with_the_next_frame() -> None:
    script = Script(frame(0), frame(1))
    script.may_answer.release()
    with FrameGrabber(lambda: script) as frames:
        script.was_asked()
        script.was_asked()
        threading.Timer(0.02, script.may_answer.release).start()
        found = frames.latest_after(after=0, timeout_s=PATIENCE_S)
        assert found is not None
        assert found.index == 1
        script.may_answer.release()


def test_waiting_ends_with_the_source() -> None:
    with FrameGrabber(flowing) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S * 10) is None
        assert frames.ended


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_what_ends_a_program_is_raised_again_after_the_last_frame(error: BaseException) -> None:
    with FrameGrabber(lambda: flowing(frame(0), error)) as frames:
        until(lambda: frames.ended)
        found = frames.latest_after()
        assert found is not None
        for _ in range(2):
            with pytest.raises(type(error)) as caught:
                frames.latest_after(found.index)
            assert caught.value is error


def test_a_file_is_played_at_its_own_pace() -> None:
    clock = Clock()
    script = flowing(frame(0, 0.0), frame(1, 100.0), frame(2, 250.0), live=False)
    with FrameGrabber(lambda: script, clock=clock) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        for moment, index in ((99.0, 0), (100.0, 1), (249.0, 1), (250.0, 2)):
            clock.go_to(moment, frames)
            found = frames.latest_after()
            assert found is not None
            assert found.index == index
        until(lambda: frames.ended)


def test_a_paused_file_stays_where_it_is_and_goes_on_from_there() -> None:
    clock = Clock()
    script = flowing(frame(0, 0.0), frame(1, 100.0), frame(2, 200.0), live=False)
    with FrameGrabber(lambda: script, clock=clock) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        clock.go_to(60.0, frames)
        frames.pause(True)
        clock.go_to(60.0, frames)
        clock.go_to(5000.0, frames)
        assert frames.latest_after(after=0) is None
        frames.pause(False)
        clock.go_to(5000.0, frames)
        # Forty seconds were left when it was paused
        clock.go_to(5039.0, frames)
        assert frames.latest_after(after=0) is None
        clock.go_to(5040.0, frames)
        until(lambda: frames.latest_after(after=0) is not None)
        assert frames.latest_after(after=1) is None
        clock.go_to(5140.0, frames)
        until(lambda: frames.latest_after(after=1) is not None)


def test_a_slow_disk_makes_a_clip_late_and_not_hurried() -> None:
    clock = Clock()
    script = Script(frame(0, 0.0), frame(1, 100.0), frame(2, 200.0), live=False)
    script.may_answer.release()
    with FrameGrabber(lambda: script, clock=clock) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        # The disk gives the second frame when the third would have been due
        clock.now = 900.0
        script.may_answer.release(2)
        until(lambda: frames.latest_after(after=0) is not None)
        assert frames.latest_after(after=1) is None
        clock.go_to(990.0, frames)
        assert frames.latest_after(after=1) is None
        script.may_answer.release()
        clock.go_to(1000.0, frames)
        assert frames.latest_after(after=1) is not None


def test_the_end_does_not_wait_for_the_next_frame_of_a_file() -> None:
    script = flowing(frame(0, 0.0), frame(1, 1e6), live=False)
    with FrameGrabber(lambda: script) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
    assert not threads()


def test_the_end_does_not_wait_for_a_paused_file() -> None:
    script = flowing(frame(0, 0.0), frame(1, 1e6), live=False)
    with FrameGrabber(lambda: script) as frames:
        frames.pause(True)
    assert not threads()


def test_the_thread_has_a_name_and_ends_with_the_block() -> None:
    with FrameGrabber(lambda: flowing(frame(0), frame(1, 1e6), live=False)) as frames:
        assert len(threads()) == 1
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
    assert not threads()


def test_a_driver_that_never_returns_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grabber, "JOIN_S", 0.01)
    script = Script(frame(0))
    with FrameGrabber(lambda: script) as frames:
        script.was_asked()
    # Had the end waited for the driver, it would not have come here: nothing lets it go on before
    (left,) = threads()
    assert left.daemon
    script.may_answer.release()
    left.join(PATIENCE_S)
    assert frames.latest_after() is None


# A live source in its life


class Opener:
    """Gives one source after the other; an error is raised in its place."""

    def __init__(self, *sources: Script | BaseException) -> None:
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


def soon(opener: Opener, *, patient: bool = False, clock: Clock | None = None) -> FrameGrabber:
    """The frames of a source that is tried again at once."""
    return FrameGrabber(opener, patient=patient, opening="one moment", retries_s=(0.001,), clock=clock or Clock())


def stretches(frames: FrameGrabber, script: Script, count: int) -> list[tuple[int, int]]:
    """Index and stretch of the next frames of a script."""
    found: list[tuple[int, int]] = []
    for _ in range(count):
        before = frames.latest_after()
        last = -1 if before is None else before.index
        script.may_answer.release()
        until(lambda after=last: frames.latest_after(after) is not None)
        newest = frames.latest_after()
        assert newest is not None
        found.append((newest.index, newest.stretch))
    return found


def test_a_source_is_opening_until_its_first_frame_and_then_live() -> None:
    opener, script = Opener(), Script(frame(0), frame(1))
    opener.sources.append(script)
    opener.may_open.clear()
    with soon(opener) as frames:
        until(lambda: opener.calls)
        assert (frames.health(0).state, frames.health(0).sentence) == (SourceState.OPENING, "one moment")
        assert frames.latest_after() is None
        opener.may_open.set()
        script.was_asked()
        # Opened, and nothing seen of it yet: also after a long time
        assert frames.health(1e6).state is SourceState.OPENING
        assert frames.name == "script"
        script.may_answer.release()
        script.was_asked()
        assert frames.health(0).state is SourceState.LIVE
        script.may_answer.release(2)
        until(lambda: frames.ended)
        assert frames.health(1e6).state is SourceState.CLOSED
    assert script.closed == 1


@pytest.mark.parametrize("first", [SourceError("no such camera", Cause.ABSENT), UsageError("which of them?")])
def test_a_source_that_cannot_be_opened_is_the_end_unless_somebody_waits(first: BaseException) -> None:
    with soon(Opener(first)) as frames:
        until(lambda: frames.ended)
        with pytest.raises(type(first)) as caught:
            frames.latest_after()
        assert caught.value is first


@pytest.mark.parametrize("step", [SourceError("no frames at all", Cause.LOST), None])
def test_a_source_without_a_frame_is_the_end_too(step: SourceError | None) -> None:
    script = flowing(step) if step else flowing()
    with soon(Opener(script)) as frames:
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
def test_somebody_who_waits_is_told_why_and_sees_it_come(cause: Cause, state: SourceState) -> None:
    clock, script = Clock(), flowing(frame(0))
    script.may_answer.acquire()
    opener = Opener(SourceError("not now", cause), script)
    frames = FrameGrabber(opener, patient=True, retries_s=(3600,), clock=clock)
    with frames:
        until(lambda: frames.health(0).state is not SourceState.OPENING)
        health = frames.health(0)
        assert (health.state, health.sentence, health.retry_at) == (state, "not now", 3600)
    # The end does not wait for the attempt
    assert opener.calls == 1
    with soon(Opener(SourceError("not now", cause), SourceError("nor now", cause), script), patient=True) as frames:
        script.was_asked()
        script.may_answer.release()
        until(lambda: frames.latest_after() is not None)
    assert script.closed == 1


def test_a_source_that_was_lost_comes_back_with_rising_indices_in_another_stretch() -> None:
    first, second = Script(frame(0), frame(1), SourceError("gone", Cause.LOST)), Script(frame(0), frame(1))
    opener = Opener(first, SourceError("gone", Cause.ABSENT), UsageError("there are two of them now"), second)
    with soon(opener) as frames:
        assert stretches(frames, first, 2) == [(0, 0), (1, 0)]
        first.may_answer.release()
        second.was_asked()
        assert first.closed == 1
        # The last picture stays while there is no other
        assert frames.latest_after() is not None
        assert frames.health(0).state is SourceState.LOST
        assert frames.health(0).sentence == "there are two of them now"
        assert stretches(frames, second, 2) == [(2, 1), (3, 1)]
        assert frames.health(0).state is SourceState.LIVE
        second.may_answer.release()
    assert opener.calls == 4


@pytest.mark.parametrize("error", [OSError("driver"), RuntimeError("driver"), ValueError("driver")])
def test_whatever_a_driver_raises_is_a_loss_that_is_tried_again(error: Exception) -> None:
    second = Script(frame(1))
    with soon(Opener(flowing(frame(0), error), error, second)) as frames:
        second.was_asked()
        health = frames.health(0)
        assert (health.state, health.sentence) == (
            SourceState.LOST,
            f"script failed ({type(error).__name__}): unplug it and plug it in again",
        )
        assert stretches(frames, second, 1) == [(1, 1)]
        second.may_answer.release()


def test_whatever_a_driver_raises_before_the_first_frame_is_the_end_with_a_sentence() -> None:
    error = OSError("driver")
    with soon(Opener(error)) as frames:
        until(lambda: frames.ended)
        with pytest.raises(SourceError, match=r"the source failed \(OSError\)") as caught:
            frames.latest_after()
        assert caught.value.status == 4
        assert caught.value.__cause__ is error


def test_a_source_that_is_lost_for_ever_is_tried_until_the_end() -> None:
    first = flowing(frame(0), *[SourceError("gone", Cause.LOST)])
    opener = Opener(first, *[SourceError("gone", Cause.LOST)] * 500)
    with FrameGrabber(opener, retries_s=(0.0001,)) as frames:
        until(lambda: opener.calls > 20)
        assert not frames.ended
        assert frames.health(0).state is SourceState.LOST
    assert not threads()


def test_a_read_that_does_not_return_is_a_loss_after_two_seconds_and_its_end_a_new_stretch() -> None:
    clock = Clock()
    script = Script(frame(0), frame(1, 60.0), frame(2, 60.0))
    with soon(Opener(script), clock=clock) as frames:
        assert stretches(frames, script, 1) == [(0, 0)]
        assert frames.health(1.9).state is SourceState.LIVE
        silent = frames.health(2.0)
        assert (silent.state, silent.retry_at) == (SourceState.LOST, None)
        assert silent.sentence == "no new picture comes from script: is it still there?"
        clock.now = 60.0
        assert stretches(frames, script, 2) == [(1, 1), (2, 1)]
        assert frames.health(60.0).state is SourceState.LIVE
        script.may_answer.release()


def test_frames_that_come_in_time_are_one_stretch_however_slow() -> None:
    clock, script = Clock(), Script(frame(0), frame(1, 1.0), frame(2, 2.9))
    with soon(Opener(script), clock=clock) as frames:
        assert stretches(frames, script, 1) == [(0, 0)]
        clock.now = 1.0
        assert stretches(frames, script, 1) == [(1, 0)]
        clock.now = 2.9
        assert frames.health(2.9).state is SourceState.LIVE
        assert stretches(frames, script, 1) == [(2, 0)]
        script.may_answer.release()


def test_a_clock_that_jumps_after_a_frame_was_seen_and_before_it_came_makes_the_next_one_a_new_stretch() -> None:
    clock, script = Clock(), Script(frame(0), frame(1, 0.03), frame(2, 3600.03), frame(3, 3600.06))
    with soon(Opener(script), clock=clock) as frames:
        assert stretches(frames, script, 1) == [(0, 0)]
        clock.now = 3600.0
        # No time passed for whoever reads this one, an hour for the next
        assert stretches(frames, script, 3) == [(1, 0), (2, 1), (3, 1)]
        script.may_answer.release()


def test_a_picture_that_stays_black_is_said_and_no_news_and_light_a_new_stretch() -> None:
    clock = Clock()
    dark = (Frame(np.full((48, 64, 3), index % 3, np.uint8), index, 0.0) for index in range(5))
    script = Script(frame(90), *dark, frame(100), frame(101))
    with soon(Opener(script), clock=clock) as frames:
        assert stretches(frames, script, 1) == [(0, 0)]
        for moment in (1.0, 1.5, 1.9):
            clock.now = moment
            # Darkness is shown before it is said: a light that is switched off is no fault
            stretches(frames, script, 1)
            assert frames.health(moment).state is SourceState.LIVE
        last = frames.latest_after()
        for _ in range(4):
            script.was_asked()
        # Back before it counts as silent: the stretch is new for the darkness alone
        for moment in (2.0, 3.0):
            script.was_asked()
            clock.now = moment
            script.may_answer.release()
        script.was_asked()
        assert frames.latest_after() is last
        assert frames.health(3.0).state is SourceState.BLACK
        assert (
            frames.health(3.0).message_at(3.0) == "the picture of script is black: is the lens covered, or its shutter closed?"
        )
        assert stretches(frames, script, 2) == [(4, 1), (5, 1)]
        assert frames.health(3.0).state is SourceState.LIVE
        script.may_answer.release()


def answers(script: Script, moment: float, clock: Clock) -> None:
    """Have a script give its next frame, and come back when it was looked at."""
    script.was_asked()
    clock.now = moment
    script.may_answer.release()


def test_a_frozen_picture_is_no_news_and_a_reason_to_open_it_again() -> None:
    clock = Clock()
    first, second = Script(*[frame(7)] * 9), Script(frame(7), frame(8), frame(9))
    with FrameGrabber(Opener(first, second), retries_s=(5.0,), clock=clock) as frames:
        for moment in (0.0, 1.0, 2.0, 6.9):
            answers(first, moment, clock)
        first.was_asked()
        # Those of the first two seconds are frames like any other
        found = frames.latest_after()
        assert found is not None
        assert (found.index, frames.health(6.9).state, frames.health(6.9).retry_at) == (1, SourceState.FROZEN, 7.0)
        clock.now = 7.0
        first.may_answer.release()
        # The same picture once more is no return
        answers(second, 7.1, clock)
        second.was_asked()
        assert first.closed == 1
        assert (frames.latest_after(), frames.health(7.1).state) == (found, SourceState.FROZEN)
        second.may_answer.release()
        second.was_asked()
        back = frames.latest_after()
        assert back is not None
        assert (back.index, back.stretch, frames.health(7.1).state) == (2, 1, SourceState.LIVE)
        second.may_answer.release(2)


def test_a_picture_that_froze_twice_is_given_the_whole_time_again() -> None:
    clock, script = Clock(), Script(frame(7), frame(7), frame(8), frame(8))
    with FrameGrabber(Opener(script), retries_s=(5.0,), clock=clock) as frames:
        for moment, retry_at in ((0.0, None), (2.0, 7.0), (3.0, None), (5.0, 10.0)):
            answers(script, moment, clock)
            until(lambda: script.asked.acquire(blocking=False))
            script.asked.release()
            assert frames.health(moment).retry_at == retry_at
        script.may_answer.release()


def test_a_camera_goes_by_unseen_while_it_is_paused_and_goes_on_in_another_stretch() -> None:
    script = Script(*(frame(index) for index in range(8)))
    with soon(Opener(script)) as frames:
        assert stretches(frames, script, 2) == [(0, 0), (1, 0)]
        script.was_asked()
        script.was_asked()
        script.was_asked()
        frames.pause(True)
        # This read began before
        script.may_answer.release(4)
        until(lambda: script.skipped == 4)
        newest = frames.latest_after()
        assert newest is not None
        assert newest.index == 2
        assert frames.health(0).state is SourceState.LIVE
        frames.pause(False)
        script.may_answer.release()
        until(lambda: not script.asked.acquire(blocking=False))
        assert stretches(frames, script, 1) == [(3, 1)]
        script.may_answer.release()
    assert frames.ended


def test_a_camera_that_is_lost_while_paused_is_opened_again_and_waits_there() -> None:
    first, second = Script(frame(0), SourceError("gone", Cause.LOST)), Script(frame(1), frame(2), frame(3))
    with soon(Opener(first, second)) as frames:
        stretches(frames, first, 1)
        first.was_asked()
        first.was_asked()
        frames.pause(True)
        first.may_answer.release()
        second.was_asked()
        assert frames.health(0).state is SourceState.LOST
        second.may_answer.release()
        until(lambda: frames.health(0).state is SourceState.LIVE)
        assert frames.latest_after(0) is None
        second.was_asked()
        frames.pause(False)
        second.may_answer.release()
        assert stretches(frames, second, 1) == [(1, 1)]
        second.may_answer.release()


def test_two_hundred_stale_frames_leave_only_the_last() -> None:
    script = Script(*(frame(index) for index in range(201)))
    with soon(Opener(script)) as frames:
        stretches(frames, script, 1)
        script.may_answer.release(200)
        for _ in range(202):
            script.was_asked()
        found = frames.latest_after(after=0)
        assert found is not None
        assert (found.index, found.image[0, 0, 0]) == (200, 50)
        assert frames.latest_after(after=200) is None
        script.may_answer.release()


# Another source in its place


def test_another_source_takes_over_and_the_first_is_closed() -> None:
    first, second = Script(*(frame(index) for index in range(3))), Script(frame(5), frame(6))
    with soon(Opener(first)) as frames:
        stretches(frames, first, 1)
        frames.switch(Opener(second), "the next one")
        assert (frames.health(1e6).state, frames.health(0).sentence) == (SourceState.OPENING, "the next one")
        first.may_answer.release()
        second.was_asked()
        assert first.closed == 1
        # What the first gave in the meantime is not shown any more
        assert frames.latest_after(0) is None
        assert stretches(frames, second, 1) == [(1, 1)]
        second.may_answer.release(2)
        until(lambda: frames.ended)
        assert frames.latest_after(1) is not None


@pytest.mark.parametrize("last", [SourceError("gone", Cause.LOST), None])
def test_a_source_that_ends_as_it_is_given_up_does_not_end_the_session(last: SourceError | None) -> None:
    first, second = Script(frame(0), *([last] if last else [])), Script(frame(5))
    with soon(Opener(first)) as frames:
        stretches(frames, first, 1)
        first.was_asked()
        first.was_asked()
        frames.switch(Opener(second), "the next one")
        first.may_answer.release()
        second.was_asked()
        assert frames.health(0).state is SourceState.OPENING
        second.may_answer.release(2)


def test_another_source_is_opened_at_once_while_the_first_waits_to_be_tried_again() -> None:
    second = Script(frame(5))
    with FrameGrabber(Opener(SourceError("gone", Cause.LOST)), patient=True, retries_s=(3600,)) as frames:
        until(lambda: frames.health(0).state is SourceState.LOST)
        frames.switch(Opener(second), "the next one")
        second.was_asked()
        second.may_answer.release(2)


def test_another_source_waits_for_the_driver_that_opens_the_first_and_no_longer() -> None:
    first, second = Script(frame(0)), Script(frame(5))
    opener = Opener(first)
    opener.may_open.clear()
    with soon(opener) as frames:
        until(lambda: opener.calls)
        frames.switch(Opener(second), "the next one")
        assert frames.health(0).sentence == "the next one"
        opener.may_open.set()
        second.was_asked()
        assert (first.closed, first.asked.acquire(blocking=False)) == (1, False)
        second.may_answer.release(2)


def test_a_source_that_cannot_take_over_is_tried_again() -> None:
    first, third = Script(frame(0)), Script(frame(5))
    with soon(Opener(first)) as frames:
        first.was_asked()
        frames.switch(Opener(SourceError("busy", Cause.BUSY), third), "the next one")
        first.may_answer.release()
        third.was_asked()
        assert frames.health(0).state is SourceState.BUSY
        third.may_answer.release(2)


def test_another_source_does_not_wait_as_long_as_the_first_had_to() -> None:
    gone, script = SourceError("gone", Cause.LOST), Script(frame(5))
    with FrameGrabber(Opener(gone, gone), patient=True, retries_s=(0.001, 3600), clock=Clock()) as frames:
        until(lambda: frames.health(0).retry_at == 3600)
        frames.switch(Opener(gone, script), "the next one")
        script.was_asked()
        script.may_answer.release(2)


def test_another_source_takes_the_place_of_a_file() -> None:
    file, second = flowing(frame(0, 0.0), frame(1, 1e6), live=False), Script(frame(5))
    with FrameGrabber(lambda: file) as frames:
        assert frames.latest_after(timeout_s=PATIENCE_S) is not None
        frames.switch(Opener(second), "the next one")
        second.was_asked()
        assert file.closed == 1
        second.may_answer.release(2)


def test_the_same_picture_of_another_source_is_a_new_one() -> None:
    clock, first, second = Clock(), Script(*[frame(7)] * 4), Script(frame(7), frame(8))
    with FrameGrabber(Opener(first), retries_s=(3600,), clock=clock) as frames:
        for moment in (0.0, 2.0):
            answers(first, moment, clock)
        until(lambda: frames.health(2.0).state is SourceState.FROZEN)
        frames.switch(Opener(second), "the next one")
        first.may_answer.release()
        second.was_asked()
        assert stretches(frames, second, 1) == [(1, 1)]
        assert frames.health(2.0).state is SourceState.LIVE
        second.may_answer.release(2)


# What has to be closed


def test_a_source_that_hangs_while_it_is_opened_is_closed_when_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grabber, "JOIN_S", 0.01)
    script = Script(frame(0))
    opener = Opener(script)
    opener.may_open.clear()
    with soon(opener):
        until(lambda: opener.calls)
    (left,) = threads()
    opener.may_open.set()
    left.join(PATIENCE_S)
    assert script.closed == 1
    assert not script.asked.acquire(blocking=False)
