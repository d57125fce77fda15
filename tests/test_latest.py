from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from realtime import latest
from realtime.domain import Frame
from realtime.errors import SourceError
from realtime.latest import LatestFrames
from tests.waiting import until

PATIENCE_S = 20.0


def grey(level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((48, 64, 3), level, np.uint8)


def frame(index: int, time_s: float = 0.0) -> Frame:
    return Frame(grey(index), index, time_s)


class Clock:
    """The clock of `latest`, which stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(latest, "time", self)

    def monotonic(self) -> float:
        return self.now

    def go_to(self, moment: float, frames: LatestFrames) -> None:
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

    def read(self) -> Frame | None:
        self.asked.release()
        assert self.may_answer.acquire(timeout=PATIENCE_S)
        if not self.steps:
            return None
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        return step

    def close(self) -> None: ...

    def was_asked(self) -> None:
        assert self.asked.acquire(timeout=PATIENCE_S)


def flowing(*steps: Frame | BaseException, live: bool = True) -> Script:
    """A script that waits for nobody."""
    script = Script(*steps, live=live)
    script.may_answer.release(len(steps) + 1)
    return script


def test_the_newest_frame_wins() -> None:
    script = Script(frame(0), frame(1), frame(2))
    with LatestFrames(script) as frames:
        script.was_asked()
        assert frames.newest() is None
        script.may_answer.release(3)
        for _ in range(3):
            script.was_asked()
        found = frames.newest()
        assert found is not None
        assert found.index == 2
        assert frames.newest(after=2) is None
        assert not frames.ended
        script.may_answer.release()
        until(lambda: frames.ended)
        # The last frame is still there for whoever has not seen it
        assert frames.newest(after=1) is found
        assert frames.newest(after=2) is None


def test_waiting_ends_with_the_next_frame() -> None:
    script = Script(frame(0), frame(1))
    script.may_answer.release()
    with LatestFrames(script) as frames:
        script.was_asked()
        script.was_asked()
        threading.Timer(0.02, script.may_answer.release).start()
        found = frames.newest(after=0, timeout_s=PATIENCE_S)
        assert found is not None
        assert found.index == 1
        script.may_answer.release()


def test_waiting_ends_with_the_source() -> None:
    with LatestFrames(flowing()) as frames:
        assert frames.newest(timeout_s=PATIENCE_S * 10) is None
        assert frames.ended


@pytest.mark.parametrize("error", [SourceError("unplugged"), KeyboardInterrupt(), ValueError("a bug")])
def test_what_the_source_raises_is_raised_again_after_its_last_frame(error: BaseException) -> None:
    with LatestFrames(flowing(frame(0), error)) as frames:
        until(lambda: frames.ended)
        found = frames.newest()
        assert found is not None
        for _ in range(2):
            with pytest.raises(type(error)) as caught:
                frames.newest(found.index)
            assert caught.value is error


def test_a_file_is_played_at_its_own_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    script = flowing(frame(0, 0.0), frame(1, 100.0), frame(2, 250.0), live=False)
    with LatestFrames(script) as frames:
        assert frames.newest(timeout_s=PATIENCE_S) is not None
        for moment, index in ((99.0, 0), (100.0, 1), (249.0, 1), (250.0, 2)):
            clock.go_to(moment, frames)
            found = frames.newest()
            assert found is not None
            assert found.index == index
        until(lambda: frames.ended)


def test_a_paused_file_stays_where_it_is_and_goes_on_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    script = flowing(frame(0, 0.0), frame(1, 100.0), frame(2, 200.0), live=False)
    with LatestFrames(script) as frames:
        assert frames.newest(timeout_s=PATIENCE_S) is not None
        clock.go_to(60.0, frames)
        frames.pause(True)
        clock.go_to(60.0, frames)
        clock.go_to(5000.0, frames)
        assert frames.newest(after=0) is None
        frames.pause(False)
        clock.go_to(5000.0, frames)
        # Forty seconds were left when it was paused
        clock.go_to(5039.0, frames)
        assert frames.newest(after=0) is None
        clock.go_to(5040.0, frames)
        until(lambda: frames.newest(after=0) is not None)
        assert frames.newest(after=1) is None
        clock.go_to(5140.0, frames)
        until(lambda: frames.newest(after=1) is not None)


def test_a_camera_cannot_be_held() -> None:
    script = Script(frame(0))
    with LatestFrames(script) as frames:
        frames.pause(True)
        script.may_answer.release(2)
        until(lambda: frames.ended)
        assert frames.newest() is not None


def test_a_slow_disk_makes_a_clip_late_and_not_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    script = Script(frame(0, 0.0), frame(1, 100.0), frame(2, 200.0), live=False)
    script.may_answer.release()
    with LatestFrames(script) as frames:
        assert frames.newest(timeout_s=PATIENCE_S) is not None
        # The disk gives the second frame when the third would have been due
        clock.now = 900.0
        script.may_answer.release(2)
        until(lambda: frames.newest(after=0) is not None)
        assert frames.newest(after=1) is None
        clock.go_to(990.0, frames)
        assert frames.newest(after=1) is None
        script.may_answer.release()
        clock.go_to(1000.0, frames)
        assert frames.newest(after=1) is not None


def test_the_end_does_not_wait_for_the_next_frame_of_a_file() -> None:
    script = flowing(frame(0, 0.0), frame(1, 1e6), live=False)
    with LatestFrames(script) as frames:
        assert frames.newest(timeout_s=PATIENCE_S) is not None
    assert not threads()


def test_the_end_does_not_wait_for_a_paused_file() -> None:
    script = flowing(frame(0, 0.0), frame(1, 1e6), live=False)
    with LatestFrames(script) as frames:
        frames.pause(True)
    assert not threads()


def test_the_thread_has_a_name_and_ends_with_the_block() -> None:
    with LatestFrames(flowing(frame(0), frame(1, 1e6), live=False)) as frames:
        assert len(threads()) == 1
        assert frames.newest(timeout_s=PATIENCE_S) is not None
    assert not threads()


def test_a_driver_that_never_returns_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latest, "JOIN_S", 0.01)
    script = Script(frame(0))
    with LatestFrames(script) as frames:
        script.was_asked()
    # Had the end waited for the driver, it would not have come here: nothing lets it go on before
    (left,) = threads()
    assert left.daemon
    script.may_answer.release()
    left.join(PATIENCE_S)
    assert frames.newest() is None
