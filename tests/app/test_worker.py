import operator
import threading

import pytest

from realtime.app import worker
from realtime.app.worker import Worker
from tests.support.waiting import PATIENCE_S, until


def threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


class Gate:
    """Work that says when it has begun and ends when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.goes_on = threading.Semaphore(0)
        self.tasks: list[int] = []

    def work(self, task: int) -> int:
        self.tasks.append(task)
        self.begun.release()
        assert self.goes_on.acquire(timeout=PATIENCE_S)
        return task * 10


def test_a_result_is_handed_out_once() -> None:
    results: list[int] = []

    def arrived() -> bool:
        result = doubler.result()
        results.extend([] if result is None else [result])
        return bool(results)

    def double(task: int) -> int:
        return task * 2

    with Worker("analysis", double) as doubler:
        assert doubler.result() is None
        doubler.submit(21)
        until(arrived)
        assert results == [42]
        assert doubler.result() is None


def test_a_task_that_was_not_begun_is_replaced_by_the_newest() -> None:
    gate = Gate()
    with Worker("analysis", gate.work) as gated:
        gated.submit(1)
        assert gate.begun.acquire(timeout=PATIENCE_S)
        for task in (2, 3, 4):
            gated.submit(task)
        gate.goes_on.release(2)
        assert gate.begun.acquire(timeout=PATIENCE_S)
        until(lambda: gated.result() == 40)
    assert gate.tasks == [1, 4]


def test_a_result_that_nobody_took_is_replaced_by_the_newest() -> None:
    gate = Gate()
    gate.goes_on.release(2)
    with Worker("analysis", gate.work) as gated:
        for task in (1, 2):
            gated.submit(task)
            assert gate.begun.acquire(timeout=PATIENCE_S)
        # A third task begins only after the result of the second is there
        gated.submit(3)
        assert gate.begun.acquire(timeout=PATIENCE_S)
        assert gated.result() == 20
        gate.goes_on.release()


def test_neither_giving_nor_taking_waits_for_the_work() -> None:
    gate = Gate()
    with Worker("analysis", gate.work) as gated:
        gated.submit(1)
        assert gate.begun.acquire(timeout=PATIENCE_S)
        gated.submit(2)
        assert gated.result() is None
        gate.goes_on.release(2)


def test_busy_from_the_task_until_its_result_is_taken() -> None:
    gate = Gate()
    with Worker("analysis", gate.work) as gated:
        assert not gated.busy
        gated.submit(1)
        assert gated.busy
        assert gate.begun.acquire(timeout=PATIENCE_S)
        assert gated.busy
        gate.goes_on.release()
    # Whoever asks between the end of the work and taking must not think that nothing will come
    assert gated.busy
    assert gated.result() == 10
    assert not gated.busy


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), KeyboardInterrupt()])
def test_what_the_work_raises_is_raised_by_every_take(error: BaseException) -> None:
    def fails(_: int) -> int:
        raise error

    with Worker("analysis", fails) as failing:
        failing.submit(7)
        until(lambda: not threads("analysis"))
        assert failing.busy
        for _ in range(2):
            with pytest.raises(type(error)) as caught:
                failing.result()
            assert caught.value is error


def test_the_thread_has_a_name_and_ends_with_the_block() -> None:
    with Worker("music", str):
        assert len(threads("music")) == 1
    assert not threads("music")


def test_work_that_hangs_does_not_hold_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOIN_S", 0.01)
    gate = Gate()
    with Worker("music", gate.work) as hanging:
        hanging.submit(1)
        assert gate.begun.acquire(timeout=PATIENCE_S)
        hanging.submit(2)
    # Had the end waited for the work, it would not have come here: nothing lets the work go on before
    (left,) = threads("music")
    assert left.daemon
    gate.goes_on.release(2)
    left.join(PATIENCE_S)
    assert not left.is_alive()
    assert gate.tasks == [1]


def test_tasks_that_were_not_begun_can_be_merged() -> None:
    gate = Gate()
    with Worker("music", gate.work, merge=operator.add) as gated:
        gated.submit(1)
        assert gate.begun.acquire(timeout=PATIENCE_S)
        for task in (20, 300, 4000):
            gated.submit(task)
        gate.goes_on.release(2)
        until(lambda: gate.tasks == [1, 4320])
        until(lambda: gated.result() == 43200)


def test_a_thread_without_a_task_looks_after_what_goes_on_and_is_not_busy() -> None:
    looks: list[str] = []

    def idle() -> str | None:
        looks.append(threading.current_thread().name)
        return "news" if len(looks) == 3 else None

    with Worker[int, str]("music", str, idle=idle) as tending:
        until(lambda: tending.result() == "news")
        assert set(looks) == {"music"}
        until(lambda: not tending.busy)


def test_what_looking_raises_is_raised_again() -> None:
    def idle() -> None:
        raise ZeroDivisionError

    with Worker[int, int]("music", int, idle=idle) as tending, pytest.raises(ZeroDivisionError):
        until(lambda: tending.result() is not None)


def test_the_end_comes_in_the_thread_also_where_nobody_waited_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOIN_S", 0.05)
    gate, ended = Gate(), list[str]()
    with Worker("music", gate.work, end=lambda: ended.append(threading.current_thread().name)) as gated:
        gated.submit(1)
        assert gate.begun.acquire(timeout=PATIENCE_S)
    assert not ended, "its work is under way, and only it may end it"
    gate.goes_on.release()
    until(lambda: not threads("music"))
    assert ended == ["music"]


def test_the_end_comes_after_an_error_too() -> None:
    ended: list[bool] = []

    def fail(task: int) -> float:
        return 1 / (task - task)

    with Worker("music", fail, end=lambda: ended.append(True)) as failing:
        failing.submit(1)
        until(lambda: ended)
        with pytest.raises(ZeroDivisionError):
            failing.result()
