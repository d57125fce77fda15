from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from realtime.background import BackgroundCall

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_the_call_runs_while_the_caller_goes_on() -> None:
    told = threading.Event()

    def wait_for_caller() -> str:
        assert told.wait(10)
        return threading.current_thread().name

    with BackgroundCall("other", wait_for_caller) as call:
        told.set()
        assert call.result() == "other"
        assert call.result() == "other"


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    with BackgroundCall("other", lambda: 1 // 0) as call:
        pass
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            call.result()


def test_the_end_of_the_block_waits_for_the_call_whatever_ends_the_block() -> None:
    told, ended = threading.Event(), list[str]()

    def wait_for_caller() -> None:
        assert told.wait(10)
        ended.append("call")

    def fail() -> None:
        with BackgroundCall("other", wait_for_caller):
            told.set()
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert ended == ["call"]


@pytest.fixture
def handled_interrupt() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.posix
@pytest.mark.usefixtures("handled_interrupt")
def test_after_ctrl_c_the_end_of_the_block_still_waits() -> None:
    begun, told, ended = threading.Event(), threading.Event(), list[int]()

    def interrupt_caller() -> None:
        assert begun.wait(10)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        assert told.wait(10)
        # Long enough for a block that does not wait to end first
        ended.append(sum(range(3_000_000)))

    def ask() -> None:
        with BackgroundCall("other", interrupt_caller) as call:
            try:
                begun.set()
                call.result()
            finally:
                told.set()

    with pytest.raises(KeyboardInterrupt):
        ask()
    assert ended
