import operator
import threading

import pytest

from realtime.app import worker
from realtime.app.worker import Worker
from tests.support.waiting import PATIENCE_S, until


def threads(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


class BlockingWork:
    """Work that releases `begun` at its start and waits for `proceed`."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.proceed = threading.Semaphore(0)
        self.tasks: list[int] = []

    def run(self, task: int) -> int:
        self.tasks.append(task)
        self.begun.release()
        assert self.proceed.acquire(timeout=PATIENCE_S)
        return task * 10


def test_a_result_is_returned_once() -> None:
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


def test_a_waiting_task_is_replaced_by_the_newest() -> None:
    work = BlockingWork()
    with Worker("analysis", work.run) as gated:
        gated.submit(1)
        assert work.begun.acquire(timeout=PATIENCE_S)
        for task in (2, 3, 4):
            gated.submit(task)
        work.proceed.release(2)
        assert work.begun.acquire(timeout=PATIENCE_S)
        until(lambda: gated.result() == 40)
    assert work.tasks == [1, 4]


def test_a_result_that_was_not_taken_is_replaced_by_the_newest() -> None:
    work = BlockingWork()
    work.proceed.release(2)
    with Worker("analysis", work.run) as gated:
        for task in (1, 2):
            gated.submit(task)
            assert work.begun.acquire(timeout=PATIENCE_S)
        # A third task begins only after the second has its result
        gated.submit(3)
        assert work.begun.acquire(timeout=PATIENCE_S)
        assert gated.result() == 20
        work.proceed.release()


def test_a_new_result_and_an_error_are_notified_once_they_can_be_taken() -> None:
    taken = list[int | None]()
    arrived = threading.Semaphore(0)

    def divide(task: int) -> int | None:
        return None if task == 5 else 10 // task

    def notify() -> None:
        try:
            taken.append(divider.result())
        except ZeroDivisionError:
            taken.append(None)
        arrived.release()

    with Worker("analysis", divide, notify=notify) as divider:
        for task in (2, 5, 1, 0):
            divider.submit(task)
            # A task without a result notifies nobody
            assert task == 5 or arrived.acquire(timeout=PATIENCE_S)
            until(lambda: not divider.busy or task == 0)  # noqa: B023 - called at once
    assert taken == [5, 10, None]


def test_submit_and_result_do_not_wait_for_the_work() -> None:
    work = BlockingWork()
    with Worker("analysis", work.run) as gated:
        gated.submit(1)
        assert work.begun.acquire(timeout=PATIENCE_S)
        gated.submit(2)
        assert gated.result() is None
        work.proceed.release(2)


def test_the_worker_is_busy_until_the_result_is_taken() -> None:
    work = BlockingWork()
    with Worker("analysis", work.run) as gated:
        assert not gated.busy
        gated.submit(1)
        assert gated.busy
        assert work.begun.acquire(timeout=PATIENCE_S)
        assert gated.busy
        work.proceed.release()
    # Between the end of the work and `result`, a result is still to come
    assert gated.busy
    assert gated.result() == 10
    assert not gated.busy


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), KeyboardInterrupt()])
def test_the_exception_of_the_work_is_raised_by_every_result(error: BaseException) -> None:
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


def test_work_that_hangs_does_not_block_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOIN_S", 0.01)
    work = BlockingWork()
    with Worker("music", work.run) as hanging:
        hanging.submit(1)
        assert work.begun.acquire(timeout=PATIENCE_S)
        hanging.submit(2)
    # The work can only proceed below: an end that waited for it would not get here
    (left,) = threads("music")
    assert left.daemon
    work.proceed.release(2)
    left.join(PATIENCE_S)
    assert not left.is_alive()
    assert work.tasks == [1]


def test_waiting_tasks_can_be_merged() -> None:
    work = BlockingWork()
    with Worker("music", work.run, merge=operator.add) as gated:
        gated.submit(1)
        assert work.begun.acquire(timeout=PATIENCE_S)
        for task in (20, 300, 4000):
            gated.submit(task)
        work.proceed.release(2)
        until(lambda: work.tasks == [1, 4320])
        until(lambda: gated.result() == 43200)


def test_the_idle_function_runs_without_a_task_and_the_worker_is_not_busy() -> None:
    threads_of_idle: list[str] = []

    def idle() -> str | None:
        threads_of_idle.append(threading.current_thread().name)
        return "news" if len(threads_of_idle) == 3 else None

    with Worker[int, str]("music", str, idle=idle) as idling:
        until(lambda: idling.result() == "news")
        assert set(threads_of_idle) == {"music"}
        until(lambda: not idling.busy)


def test_the_exception_of_the_idle_function_is_raised_by_result() -> None:
    def idle() -> None:
        raise ZeroDivisionError

    with Worker[int, int]("music", int, idle=idle) as idling, pytest.raises(ZeroDivisionError):
        until(lambda: idling.result() is not None)


def test_the_end_function_runs_in_the_thread_even_after_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "JOIN_S", 0.05)
    work, ended = BlockingWork(), list[str]()
    with Worker("music", work.run, end=lambda: ended.append(threading.current_thread().name)) as gated:
        gated.submit(1)
        assert work.begun.acquire(timeout=PATIENCE_S)
    assert not ended, "the work is still in progress"
    work.proceed.release()
    until(lambda: not threads("music"))
    assert ended == ["music"]


def test_the_end_function_runs_after_an_error() -> None:
    ended: list[bool] = []

    def fail(task: int) -> float:
        return 1 / (task - task)

    with Worker("music", fail, end=lambda: ended.append(True)) as failing:
        failing.submit(1)
        until(lambda: ended)
        with pytest.raises(ZeroDivisionError):
            failing.result()
