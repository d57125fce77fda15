"""The processes of this computer that read a batch, each with one thread.

A decoder is native code: a damaged file can end its process, or never return. Then the file that was read is known by name, the
process is replaced, and the others go on.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, Self, cast

from realtime.batch.journal import BegunFilm, Piece, stamp_of
from realtime.batch.rows import encode_rows, error_row, source_text
from realtime.batch.worker import run_worker
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from multiprocessing.process import BaseProcess

    from realtime.batch.worker import LoadReaders, Message

    Begun = Callable[[int], BegunFilm | None]

STALL_S = 120.0
"""A process that gives no sign for so long is ended. A picture takes some seconds at most, and a film gives one each 2."""

STEP_S = 5.0
"""The wait for a sign has steps of so many seconds at most, and a step counts as no more. While this process is stopped
(Ctrl-Z) or the computer sleeps, the processes that read do not go on either, and that time is no silence of theirs."""

_END_S = 5.0


@dataclass(slots=True, eq=False)
class _Worker:
    process: BaseProcess
    pipe: Any
    silent_s: float = 0.0
    reading: int | None = None


class WorkerPool:
    """Reads files in processes, inside a `with` block. Its start loads the network in one process; the others follow.

    Args:
        load: loads detector and network; it can be pickled.
        every_s: as for `reading.iterate_rows`.
        jobs: number of processes, 1 or more.
        notify: gets the sentences of the readers.
        stall_s: seconds after which a process that gives no sign is ended.

    Attributes:
        network: name of the network: SHA-256 of its compiled form, and the terms of its contract.

    Raises:
        EmodjError: what `load` raises, or a process cannot be started.
    """

    def __init__(
        self, load: LoadReaders, *, every_s: float | None, jobs: int, notify: Callable[[str], None], stall_s: float = STALL_S
    ) -> None:
        self._load, self._every_s, self._jobs = load, every_s, jobs
        self._notify, self._stall_s = notify, stall_s
        self._workers: list[_Worker] = []
        self._tried: set[int] = set()
        self._alone: deque[int] = deque()
        self.network = ""

    def __enter__(self) -> Self:
        try:
            # One first: a network of one's own is compiled once, and the others find it in the cache
            self._await_network(self._start())
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes; safe to call twice."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in workers:
            worker.process.join(_END_S)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()

    def read(self, numbers: Iterable[int], names: Sequence[str], begun: Begun = lambda _: None) -> Generator[Piece]:
        """Read files, and yield their pieces as they come.

        A file whose process ends is read once more, alone, when all others are done: memory may have been short. A film goes on
        then behind the pieces that `begun` knows, and its error is a piece behind them.

        Args:
            numbers: places of the files in the batch, in the order in which they are started.
            names: paths of all files.
            begun: says what is on disk of a file: of an earlier run, and of this one.

        Raises:
            EmodjError: a process cannot be started.
        """
        waiting = iter(numbers)
        following = next(waiting, None)
        self._tried.clear()
        self._alone.clear()
        while True:
            while following is not None and (worker := self._idle(self._jobs)) is not None:
                self._send(worker, following, names, begun(following))
                following = next(waiting, None)
            busy = [worker for worker in self._workers if worker.reading is not None]
            if following is None and not busy:
                if not self._alone:
                    return
                number = self._alone.popleft()
                self._send(self._idle(1) or self._start(), number, names, begun(number))
            yield from self._wait(names, begun)

    def _await_network(self, worker: _Worker) -> None:
        while not self.network:
            message = self._receive(worker)
            if message is None:
                raise EmodjError(f"the process that reads has ended before its first file ({_describe(worker.process)})")
            self._take(worker, message)

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=run_worker, args=(theirs, self._load, self._every_s), name="emodj-batch", daemon=True)
        try:
            with _without_interrupt():
                process.start()
        except OSError as error:
            ours.close()
            raise EmodjError(
                f"cannot start a process to read with ({error.strerror or error}): try a smaller --jobs"
            ) from error
        finally:
            theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _idle(self, jobs: int) -> _Worker | None:
        """A process that can take a file; a new one if there are fewer than `jobs`."""
        for worker in self._workers[:jobs]:
            if worker.reading is None:
                return worker
        return self._start() if len(self._workers) < jobs else None

    def _send(self, worker: _Worker, number: int, names: Sequence[str], begun: BegunFilm | None) -> None:
        worker.reading, worker.silent_s = number, 0.0
        # If it has just ended, the next wait notices
        with suppress(OSError):
            worker.pipe.send((number, names[number], begun))

    def _wait(self, names: Sequence[str], begun: Begun) -> Generator[Piece]:
        """Wait for the next signs of life, and yield the pieces among them; replace processes that have ended."""
        reading = [worker for worker in self._workers if worker.reading is not None]
        step_s = min(STEP_S, max(self._stall_s - max(worker.silent_s for worker in reading), 0.0))
        before_s = time.monotonic()
        ready = wait([worker.pipe for worker in self._workers], step_s)
        waited_s = min(time.monotonic() - before_s, step_s)
        for worker in reading:
            worker.silent_s += waited_s
        for worker in [worker for worker in self._workers if worker.pipe in ready]:
            message = self._receive(worker)
            if message is None:
                yield from self._replace(worker, names, begun)
            elif (piece := self._take(worker, message)) is not None:
                yield piece
        for worker in [each for each in self._workers if each.reading is not None and each.silent_s >= self._stall_s]:
            yield from self._end_stalled(worker, names, begun)

    def _receive(self, worker: _Worker) -> Message:
        """The next message of a process; None where it has ended."""
        try:
            return worker.pipe.recv()
        except (EOFError, OSError):
            return None

    def _take(self, worker: _Worker, message: Message) -> Piece | None:
        worker.silent_s = 0.0
        if isinstance(message, Piece):
            if message.last:
                worker.reading = None
            return message
        match message:
            case ("ready", digest):
                self.network = self.network or digest
            case ("remark", sentence):
                self._notify(sentence)
            case ("failed", kind, sentence):
                raise cast("type[EmodjError]", kind)(sentence)
            case _:
                raise AssertionError(message)
        return None

    def _replace(self, worker: _Worker, names: Sequence[str], begun: Begun) -> Generator[Piece]:
        number = worker.reading
        self._drop(worker)
        how = _describe(worker.process)
        worker.process.close()
        if number is None:
            raise EmodjError(f"a process that reads has ended while it had no file ({how})")
        if number not in self._tried:
            self._tried.add(number)
            self._alone.append(number)
            return
        name = source_text(names[number])
        sentence = f"{name} ends the process that reads it ({how}): copy or export it again"
        yield _error_piece(number, names[number], begun(number), sentence)

    def _end_stalled(self, worker: _Worker, names: Sequence[str], begun: Begun) -> Generator[Piece]:
        number = worker.reading
        worker.process.kill()
        self._drop(worker)
        worker.process.close()
        if number is not None:
            name = source_text(names[number])
            sentence = f"{name} was given up: it is read for {self._stall_s:g} seconds without a picture"
            yield _error_piece(number, names[number], begun(number), sentence)

    def _drop(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join(_END_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _error_piece(number: int, source: str, begun: BegunFilm | None, sentence: str) -> Piece:
    lines = encode_rows([error_row(source_text(source), sentence)])
    return Piece(number, 0 if begun is None else begun.parts, lines, 0, stamp_of(source), last=True, failed=True)


def _describe(process: BaseProcess) -> str:
    process.join(_END_S)
    status = process.exitcode
    if status is not None and status < 0:
        with suppress(ValueError):
            return signal.Signals(-status).name
    return f"status {status}"


@contextmanager
def _without_interrupt() -> Generator[None]:
    """Let a new process begin with Ctrl-C blocked: it would print a traceback before it can ignore it."""
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    # Its start would unblock the signals
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
