from __future__ import annotations

import threading

import pytest

from realtime.background import BackgroundCall


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
