"""The workers of a Dask cluster that read a batch: the one module that knows distributed, which the extra `cluster` installs.

Files are read by the workers, by their absolute paths, so all computers need the same disk at the same place. The network goes
to the workers once, as bytes, and each of them checks its SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from asyncio import CancelledError
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from distributed import Client, KilledWorker, WorkerPlugin, as_completed

from realtime.batch.journal import Piece, Stamp, stamp_of
from realtime.batch.pool import STALL_S, STEP_S
from realtime.batch.rows import encode_rows, error_row, source_text
from realtime.batch.sources import is_named_film
from realtime.batch.worker import read_pieces
from realtime.errors import AssetError, EmodjError, ServiceError
from realtime.libraries import configure_opencv

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from distributed import Worker

    from realtime.batch.reading import BatchReaders

    Notify = Callable[[str], None]
    OpenReaders = Callable[[bytes, Notify], BatchReaders]

CONNECT_S = 10.0
"""How long a scheduler may take to answer, and to have a first worker; seconds."""

GROUP = 16
"""Pictures that a worker reads by one task: a task takes some milliseconds more, a picture 20 or more."""

TASKS_PER_THREAD = 3
"""Tasks that wait at each thread of the cluster, so that it never waits for this computer."""

_networks: dict[str, bytes] = {}
_local = threading.local()


@dataclass(frozen=True, slots=True)
class ClusterWork:
    """A file to be read by a worker.

    Attributes:
        number: place of the file in the batch.
        source: its path, as the table shows it.
        path: its absolute path.
        is_here: whether the computer that gives the work sees such a file.
    """

    number: int
    source: str
    path: str
    is_here: bool


class NetworkPlugin(WorkerPlugin):
    """Gives each worker the network, also a worker that comes later.

    Args:
        model: the compiled network.
        digest: its SHA-256, in hexadecimal.
    """

    idempotent = False

    def __init__(self, model: bytes, digest: str) -> None:
        self.name = f"emodj-{digest}"
        self._model, self._digest = model, digest

    def setup(self, worker: Worker) -> None:
        """Check and keep the network in the process of a worker.

        Raises:
            AssetError: other bytes have arrived.
        """
        del worker
        if hashlib.sha256(self._model).hexdigest() != self._digest:
            raise AssetError("the network has not arrived as it was sent")
        _networks[self._digest] = self._model


def read_group(
    works: Sequence[ClusterWork],
    digest: str,
    open_readers: OpenReaders,
    every_s: float | None,
    stall_s: float = STALL_S,
) -> list[Piece]:
    """Read files on a worker, and return their pieces; the body of a task.

    Args:
        works: the files.
        digest: SHA-256 of the network, which `NetworkPlugin` has brought.
        open_readers: opens the network, and loads the detector.
        every_s: as for `reading.iterate_rows`.
        stall_s: a file of which nothing is seen for so many seconds is given up.

    Raises:
        EmodjError: the network or a cascade cannot be used on this worker.
    """
    host, pieces = socket.gethostname(), list[Piece]()
    _readers(digest, open_readers)
    for work in works:
        stamp = stamp_of(work.path)
        if work.is_here and stamp == Stamp():
            sentence = f"{host} cannot open {source_text(work.path)}: all workers need the same disk under the same path"
            pieces.append(_error_piece(work.number, work.source, stamp, sentence))
        else:
            pieces += _read_watched(work, _readers(digest, open_readers), every_s, stall_s)
    return pieces


def _read_watched(work: ClusterWork, readers: BatchReaders, every_s: float | None, stall_s: float) -> list[Piece]:
    """The pieces of a file; if it gives no sign for `stall_s`, those before, and an error.

    A thread cannot be ended: one that never returns is left behind with its readers, and the worker goes on with new ones.
    """
    signs: SimpleQueue[Piece | BaseException | None] = SimpleQueue()

    def read() -> None:
        try:
            for piece in read_pieces(work.number, work.source, readers, every_s, _drop, work.path):
                signs.put(piece)
            signs.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised by the thread that waits
            signs.put(error)

    threading.Thread(target=read, name="emodj-read", daemon=True).start()
    pieces: list[Piece] = []
    # In steps: while the worker is stopped, its file cannot go on either, and that counts as one step
    silent_s, step_s = 0.0, min(STEP_S, stall_s)
    while silent_s < stall_s:
        try:
            sign = signs.get(timeout=step_s)
        except Empty:
            silent_s += step_s
            continue
        silent_s = 0.0
        if sign is None:
            return pieces
        if isinstance(sign, BaseException):
            raise sign
        if sign.lines:
            # The answers serve to go on from, which a film on a cluster does not
            pieces.append(sign._replace(answers="[]", steps=0))
    _local.key = None
    sentence = f"{source_text(work.source)} was given up: it is read for {stall_s:g} seconds without a picture"
    return [*pieces, _error_piece(work.number, work.source, stamp_of(work.path), sentence, len(pieces))]


def _readers(digest: str, open_readers: OpenReaders) -> BatchReaders:
    """The readers of this thread; a worker can have several threads."""
    key = (digest, repr(open_readers))
    if getattr(_local, "key", None) != key:
        configure_opencv()
        import cv2

        cv2.setNumThreads(1)
        if digest not in _networks:
            raise EmodjError("the worker has no network yet")
        _local.readers, _local.key = open_readers(_networks[digest], _drop), key
    return _local.readers


def _drop(sentence: str) -> None:
    """Remarks stay on the worker: they would come in any order."""
    del sentence


class Cluster:
    """Reads files on a Dask cluster, inside a `with` block.

    Args:
        address: of the scheduler, such as `tcp://10.0.0.1:8786`.
        model: the compiled network.
        network: its name, as `BatchReaders` has it.
        open_readers: as for `read_group`; it can be pickled.
        every_s: as for `reading.iterate_rows`.

    Attributes:
        network: as above.

    Raises:
        ServiceError: no scheduler answers, or it has no worker.
        EmodjError: a worker refuses the network.
    """

    def __init__(self, address: str, model: bytes, *, network: str, open_readers: OpenReaders, every_s: float | None) -> None:
        self.network = network
        self._address, self._open_readers, self._every_s = address, open_readers, every_s
        self._model, self._digest = model, hashlib.sha256(model).hexdigest()
        # Its methods are coroutines in an event loop, and it has no types that say so
        self._client: Any = None

    def __enter__(self) -> Self:
        try:
            self._client = Client(self._address, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise ServiceError(
                f"no Dask scheduler answers at {self._address}: start `dask scheduler`, then its workers"
            ) from error
        try:
            self._client.wait_for_workers(1, timeout=CONNECT_S)
            self._client.register_plugin(NetworkPlugin(self._model, self._digest))
        except TimeoutError as error:
            self.close()
            raise ServiceError(
                f"the scheduler at {self._address} has no worker: start `dask worker {self._address}`"
            ) from error
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; safe to call twice."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close(timeout=CONNECT_S)

    def read(
        self, numbers: Iterable[int], names: Sequence[str], begun: Callable[[int], object] = lambda _: None
    ) -> Generator[Piece]:
        """Read files, and yield their pieces as they come.

        Dask gives the work of a worker that is lost to another one. Files whose task was lost several times are sent once more,
        one by one; what is lost again is an error of its file.

        Raises:
            ServiceError: the cluster is lost.
            EmodjError: a worker cannot use the network, or has another emodj.
        """
        # The journal is on this computer: a film that was read in part is read anew
        del begun
        client = self._client
        if client is None:
            raise ValueError("the cluster is not open")
        groups = _group(numbers, names)
        alone, running = deque[list[ClusterWork]](), dict[Any, list[ClusterWork]]()
        most = TASKS_PER_THREAD * max(sum(client.nthreads().values()), 1)
        arrived = as_completed(loop=client.loop, raise_errors=False)

        def submit() -> None:
            for works in islice(groups, max(most - len(running), 0)):
                arrived.add(self._submit(client, works, running))
            while not running and alone:
                arrived.add(self._submit(client, alone.popleft(), running))

        submit()
        for future in arrived:
            works = running.pop(future.key)
            error = None if future.status == "finished" else _error_of(future)
            if error is None:
                yield from future.result()
            elif isinstance(error, KilledWorker):
                if len(works) > 1:
                    alone.extend([work] for work in works)
                else:
                    yield _lost_piece(works[0])
            else:
                raise self._explain(error) from error
            future.release()
            submit()

    def _submit(self, client: Any, works: list[ClusterWork], running: dict[Any, list[ClusterWork]]) -> Any:
        future = client.submit(read_group, works, self._digest, self._open_readers, self._every_s, pure=False)
        running[future.key] = works
        return future

    def _explain(self, error: BaseException) -> EmodjError:
        if isinstance(error, EmodjError):
            return error
        if isinstance(error, CancelledError):
            return ServiceError(f"the cluster at {self._address} is lost: the same command goes on where it was")
        if isinstance(error, ImportError):
            return EmodjError(f"a worker of {self._address} lacks a part ({error}): install the same emodj on all of them")
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        return EmodjError(f"a worker of {self._address} cannot read ({reason}): is the same emodj installed on all of them?")


def _error_of(future: Any) -> BaseException:
    if future.status in {"cancelled", "lost"}:
        return CancelledError()
    return future.exception() or EmodjError("the task has failed")


def _group(numbers: Iterable[int], names: Sequence[str]) -> Generator[list[ClusterWork]]:
    """Tasks: each film alone, pictures some at a time."""
    pictures: list[ClusterWork] = []
    for number in numbers:
        path = os.path.abspath(names[number])  # noqa: PTH100 - a million paths
        work = ClusterWork(number, names[number], path, is_here=stamp_of(path) != Stamp())
        if is_named_film(names[number]):
            yield [work]
            continue
        pictures.append(work)
        if len(pictures) == GROUP:
            yield pictures
            pictures = []
    if pictures:
        yield pictures


def _lost_piece(work: ClusterWork) -> Piece:
    sentence = f"{source_text(work.source)} ends the worker that reads it: copy or export it again"
    return _error_piece(work.number, work.source, stamp_of(work.path), sentence)


def _error_piece(number: int, source: str, stamp: Stamp, sentence: str, part: int = 0) -> Piece:
    lines = encode_rows([error_row(source_text(source), sentence)])
    return Piece(number, part, lines, 0, stamp, last=True, failed=True)
