"""Jobs of the output thread: their order, the full queue, errors, and how long closing waits."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from realtime.app import output_thread
from realtime.app.output_thread import MOST_WAITING, PATIENCE_S, OutputThread
from tests.support import waiting
from tests.support.clocks import CountedClock
from tests.support.places import ROOT
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

WAIT_S = 30.0


class Gate:
    """Blocks jobs until it is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def job(self) -> bool:
        self.reached.set()
        assert self.opened.wait(WAIT_S)
        return True

    def job_of(self, outputs: OutputThread) -> Callable[[], bool]:
        """A job that also ends when the thread must stop, like a write to a pipe."""

        def job() -> bool:
            self.reached.set()
            until(lambda: self.opened.is_set() or outputs.stopped)
            return self.opened.is_set()

        return job


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


def append_number(done: list[int], number: int) -> Callable[[], bool]:
    def job() -> bool:
        done.append(number)
        return True

    return job


def fill(outputs: OutputThread, gate: Gate) -> None:
    """Block a job and fill the queue behind it."""
    assert outputs.submit(gate.job)
    assert gate.reached.wait(WAIT_S)
    for _ in range(MOST_WAITING - 1):
        assert outputs.submit(lambda: True)


def test_jobs_are_done_in_order_in_the_thread_and_all_of_them_at_the_end() -> None:
    done: list[int] = []
    names: set[str] = set()
    with OutputThread("outputs") as outputs:
        for number in range(200):
            assert outputs.submit(append_number(done, number))
        assert outputs.submit(lambda: not names.add(threading.current_thread().name))
    assert done == list(range(200))
    assert names == {"outputs"}
    assert outputs.left_out == 0


def test_the_end_function_runs_in_the_thread_after_the_last_job() -> None:
    done: list[int | str] = []
    with OutputThread("outputs", end=lambda: done.append(threading.current_thread().name)) as outputs:
        outputs.submit(lambda: not done.append(1))
    assert done == [1, "outputs"]


def test_a_thread_without_a_job_ends_too() -> None:
    ended: list[bool] = []
    with OutputThread("outputs", end=lambda: ended.append(True)):
        pass
    assert ended == [True]


def test_with_a_full_queue_a_job_is_left_out_and_a_last_job_is_accepted(gate: Gate) -> None:
    done: list[int] = []
    with OutputThread("outputs") as outputs:
        fill(outputs, gate)
        assert not outputs.submit(append_number(done, 1))
        assert not outputs.submit(append_number(done, 2))
        assert outputs.submit(append_number(done, 3), last=True)
        assert outputs.left_out == 2
        gate.opened.set()
        # There is room again
        until(lambda: outputs.submit(append_number(done, 4)))
        outputs.close()
    assert done == [3, 4]


def test_a_job_can_wait_for_room(gate: Gate) -> None:
    done: list[int] = []
    with OutputThread("outputs") as outputs:
        outputs.submit(append_number(done, 0))
        fill(outputs, gate)
        outputs.submit(append_number(done, 1), last=True)
        opener = threading.Timer(0, gate.opened.set)
        opener.start()
        for number in range(2, 2 * MOST_WAITING):
            assert outputs.submit(append_number(done, number), wait=True)
        opener.join()
    assert done == list(range(2 * MOST_WAITING))
    assert outputs.left_out == 0


def test_a_last_job_does_not_wait_for_room(gate: Gate) -> None:
    with OutputThread("outputs") as outputs:
        fill(outputs, gate)
        assert outputs.submit(lambda: True, last=True, wait=True)
        gate.opened.set()


class DiskError(Exception):
    """The error of a job."""


def fail() -> bool:
    raise DiskError


def test_the_exception_of_a_job_is_raised_once_and_ends_the_work() -> None:
    done: list[int] = []
    ended: list[bool] = []
    with OutputThread("outputs", end=lambda: ended.append(True)) as outputs:
        outputs.check()
        outputs.submit(append_number(done, 1))
        outputs.submit(fail)
        outputs.submit(append_number(done, 2))
        until(lambda: ended)
        assert not outputs.submit(append_number(done, 3))
        assert not outputs.submit(append_number(done, 4), last=True, wait=True)
        with pytest.raises(DiskError):
            outputs.check()
        outputs.check()
    assert done == [1]
    assert outputs.left_out == 0, "an error is reported instead of a number"


def test_an_error_ends_the_wait_for_room(gate: Gate) -> None:
    def fail_later() -> bool:
        gate.job()
        raise DiskError

    with OutputThread("outputs") as outputs:
        outputs.submit(fail_later)
        for _ in range(MOST_WAITING - 1):
            outputs.submit(lambda: True)
        opener = threading.Timer(0, gate.opened.set)
        opener.start()
        assert not outputs.submit(lambda: True, wait=True)
        opener.join()
        with pytest.raises(DiskError):
            outputs.check()


def test_a_closed_thread_accepts_no_job() -> None:
    with OutputThread("outputs") as outputs:
        outputs.close()
        assert not outputs.submit(lambda: True)
        assert not outputs.submit(lambda: True, last=True, wait=True)
        outputs.close()
    assert outputs.left_out == 2


def test_a_thread_that_was_never_started_can_be_closed() -> None:
    outputs = OutputThread("outputs")
    outputs.submit(lambda: True)
    outputs.close()
    assert outputs.left_out == 1


def test_close_gives_up_after_its_patience_and_stops_the_job(gate: Gate) -> None:
    with OutputThread("outputs") as outputs:
        outputs.submit(lambda: True)
        outputs.submit(gate.job_of(outputs))
        outputs.submit(lambda: True)
        outputs.submit(lambda: True)
        assert not outputs.stopped
        outputs.close(0.0)
        assert outputs.stopped
    assert outputs.left_out == 3


def test_close_does_not_wait_for_a_job_that_does_not_stop(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output_thread, "JOIN_S", 0.01)
    ended: list[bool] = []
    with OutputThread("outputs", end=lambda: ended.append(True)) as outputs:
        outputs.submit(gate.job)
        outputs.submit(lambda: True)
        outputs.close(0.0)
        assert outputs.left_out == 2
        assert not ended
    gate.opened.set()
    until(lambda: ended)
    assert outputs.left_out == 1, "the next job was not started"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> CountedClock:
    clock = CountedClock()
    monkeypatch.setattr(output_thread, "time", clock)
    return clock


def take_most_of_the_patience(clock: CountedClock) -> bool:
    """A slow job; meanwhile closing checks at least once without success."""
    clock.wait_for_reads(2)
    clock.now_s += 0.6 * PATIENCE_S
    return True


def test_close_waits_while_jobs_are_finished(clock: CountedClock) -> None:
    with OutputThread("outputs") as outputs:
        for _ in range(5):
            outputs.submit(partial(take_most_of_the_patience, clock))
        outputs.close()
    assert clock.now_s == pytest.approx(3 * PATIENCE_S)
    assert outputs.left_out == 0


def test_close_gives_up_at_its_limit_although_jobs_are_finished(clock: CountedClock) -> None:
    with OutputThread("outputs") as outputs:
        for _ in range(5):
            outputs.submit(partial(take_most_of_the_patience, clock))
        outputs.close(limit_s=PATIENCE_S)
        assert outputs.stopped
        assert outputs.left_out >= 1


def test_an_error_at_the_end_is_raised_by_check() -> None:
    def fail() -> None:
        raise OSError("the disk is gone")

    outputs = OutputThread("outputs", end=fail)
    with outputs:
        outputs.submit(lambda: True)
    with pytest.raises(OSError, match="the disk is gone"):
        outputs.check()
    assert outputs.left_out == 0


def test_close_without_a_limit_waits_for_a_blocked_job(clock: CountedClock, gate: Gate) -> None:
    with OutputThread("outputs") as outputs:
        outputs.submit(gate.job_of(outputs))
        outputs.submit(lambda: True)
        closing = threading.Thread(target=outputs.close, args=(None,), daemon=True)
        closing.start()
        # The second read of the clock is after any patience, and a third follows
        clock.wait_for_reads(1)
        clock.now_s = 1e6
        clock.wait_for_reads(2)
        assert not outputs.stopped
        gate.opened.set()
        closing.join(WAIT_S)
        assert not closing.is_alive()
    assert outputs.left_out == 0


@contextmanager
def ctrl_c_within(name: str) -> Generator[None]:
    """Press Ctrl-C when the main thread is in the function `name`, which must not return without it."""
    main = threading.main_thread().ident

    def inside() -> bool:
        frame = sys._current_frames().get(main or 0)  # pyright: ignore[reportPrivateUsage] - documented
        while frame is not None and frame.f_code.co_name != name:
            frame = frame.f_back
        return frame is not None

    def press() -> None:
        until(inside)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    presser = threading.Thread(target=press, daemon=True)
    presser.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        presser.join(WAIT_S)
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_waiting_for_room(gate: Gate) -> None:
    with OutputThread("outputs") as outputs:
        fill(outputs, gate)
        with ctrl_c_within("submit"):
            outputs.submit(lambda: True, wait=True)
        gate.opened.set()


def test_ctrl_c_ends_a_close_without_a_limit_and_the_next_close_does_not_wait(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output_thread, "JOIN_S", 0.01)
    with OutputThread("outputs") as outputs:
        outputs.submit(gate.job)
        with ctrl_c_within("close"):
            outputs.close(None)
        assert outputs.stopped
        outputs.close(None)
        assert outputs.left_out == 1
        gate.opened.set()
    until(lambda: "outputs" not in {thread.name for thread in threading.enumerate()})


BLOCKED = """
import os, sys
from realtime.app import output_thread
from realtime.app.output_thread import OutputThread

read, write = os.pipe()
output_thread.JOIN_S = 0.01
print("first")
with OutputThread("outputs") as outputs:
    outputs.submit(lambda: bool(os.read(read, 1)))
    outputs.close(0.0)
print("last", outputs.left_out)
"""


def test_a_job_that_never_returns_does_not_keep_the_process_alive() -> None:
    command = [sys.executable, "-c", BLOCKED]
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=waiting.PATIENCE_S)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "first\nlast 1\n", "")
