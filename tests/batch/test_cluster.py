"""A Dask cluster on this computer gives the rows of one process, also when a worker is killed in the middle.

Scheduler and workers are processes, and so is the batch: distributed keeps threads and sockets that no test may leave behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from realtime.batch import worker as reading_worker
from realtime.batch.batch import BatchRequest, run_batch
from realtime.batch.cluster import ClusterWork, NetworkPlugin, read_group
from realtime.batch.pool import WorkerPool
from realtime.batch.rows import decode_rows
from realtime.batch.sources import find_sources
from realtime.cli import main
from realtime.errors import AssetError, EmodjError
from tests.support.batch_readers import DEADLY_ONCE, ENDLESS, ONCE, load_fake, open_fake, write_clip, write_faces, write_picture
from tests.support.places import ROOT
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from realtime.batch.reading import BatchReaders
    from realtime.domain import Box, Image
    from realtime.faces.pipeline import FaceReader, FrameReader

WORKERS = 3


class Cluster:
    """A scheduler and workers on the loopback interface."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack, self._place = stack, folder / "scheduler.json"
        self._run("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        until(lambda: self._place.exists() and self._place.read_bytes().endswith(b"}"))
        self.address: str = json.loads(self._place.read_bytes())["address"]
        local = ("--no-nanny", "--no-dashboard", "--nthreads", "1", "--host", "127.0.0.1", "--local-directory", str(folder))
        self.workers = [self._run("dask_worker", *local) for _ in range(WORKERS)]

    def _run(self, module: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--scheduler-file", str(self._place), *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical"}
        environment[ONCE] = str(self._place.with_name("once"))
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


def batch(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "realtime", "batch", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


READ_WITH_FAKES = """
import sys
from pathlib import Path
from realtime.batch import worker as reading_worker
from realtime.batch.batch import BatchRequest, run_batch
from realtime.batch.cluster import Cluster
from realtime.batch.sources import find_sources
from tests.support.batch_readers import open_fake
address, folder, table = sys.argv[1:]
request = BatchRequest(Path(table), find_sources([folder], recursive=False, notify=print), None, "settings", "1")
with Cluster(address, b"network", network="fake network", open_readers=open_fake, every_s=None) as cluster:
    run_batch(request, cluster, lambda _: None)
"""


# Slow: four Pythons import Dask and OpenCV, which takes some seconds on any computer
@pytest.mark.posix
def test_a_cluster_gives_the_rows_of_one_process_also_when_a_worker_is_killed(
    cluster: Cluster, portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, table, alone = tmp_path / "pictures", tmp_path / "t.jsonl", tmp_path / "alone.jsonl"
    folder.mkdir()
    write_faces(folder, portrait, 20)
    (folder / "broken.jpg").write_bytes(portrait.read_bytes()[:3000])
    write_clip(folder / "film.avi", 40)
    with batch(folder, "-o", table, "--scheduler", cluster.address) as running:
        _, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 7, err
    assert "Traceback" not in err
    assert main(["batch", str(folder), "-o", str(alone), "--jobs", "1", "-q"]) == 7
    assert table.read_bytes() == alone.read_bytes()

    # The worker that reads this picture first is killed while it does
    write_picture(folder / "deadly.png", DEADLY_ONCE)
    monkeypatch.setenv(ONCE, str(tmp_path / "once"))
    command = [sys.executable, "-c", READ_WITH_FAKES, cluster.address, str(folder), str(tmp_path / "killed.jsonl")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 0, ended.stderr
    until(lambda: any(worker.poll() is not None for worker in cluster.workers))
    sources = find_sources([str(folder)], recursive=False, notify=print)
    with WorkerPool(load_fake, every_s=None, jobs=1, notify=lambda _: None) as pool:
        run_batch(BatchRequest(tmp_path / "whole.jsonl", sources, None, "settings", "1"), pool, lambda _: None)
    assert (tmp_path / "killed.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_scheduler_that_does_not_answer_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = """
import sys
from realtime.batch import cluster
from realtime.cli import main
cluster.CONNECT_S = 0.5
sys.exit(main())
"""
    monkeypatch.chdir(ROOT)
    command = [sys.executable, "-c", program, "batch", "a.jpg", "-o", str(tmp_path / "t.csv")]
    ended = subprocess.run([*command, "--scheduler", "tcp://127.0.0.1:1"], capture_output=True, text=True, check=False)
    assert ended.returncode == 8
    assert "emodj: no Dask scheduler answers at tcp://127.0.0.1:1: start `dask scheduler`" in ended.stderr
    assert "Traceback" not in ended.stderr


# What a worker does


DIGEST = "2e1b0a4f1a0f7f8b2f5c9b0e8d7b6a5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a"


@pytest.fixture
def digest() -> str:
    """A worker that has its network."""
    import hashlib

    found = hashlib.sha256(b"network").hexdigest()
    worker: Any = None
    NetworkPlugin(b"network", found).setup(worker)
    return found


def test_a_worker_reads_files_by_their_absolute_paths(digest: str, tmp_path: Path) -> None:
    picture = write_picture(tmp_path / "a.png")
    (piece,) = read_group([ClusterWork(5, "a.png", str(picture), is_here=True)], digest, open_fake, None)
    (row,) = decode_rows(piece.lines)
    assert (piece.number, row["source"], row["status"], piece.stamp.size) == (5, "a.png", "ok", picture.stat().st_size)


def test_a_worker_without_the_file_names_itself(digest: str, tmp_path: Path) -> None:
    import socket

    path = str(tmp_path / "a.png")
    here, gone = (ClusterWork(number, "a.png", path, is_here=number == 0) for number in range(2))
    pieces = read_group([here, gone], digest, open_fake, None)
    errors = [decode_rows(piece.lines)[0]["error"] for piece in pieces]
    assert errors[0] == f"{socket.gethostname()} cannot open {path}: all workers need the same disk under the same path"
    assert errors[1] == "no such file: a.png", "as everywhere, if no computer has it"
    assert [piece.failed for piece in pieces] == [True, True]


class Waiting:
    """Finds nothing in a picture of the colour `ENDLESS` until it is let go, which native code may never be."""

    def __init__(self) -> None:
        self.go_on = threading.Event()

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """No box."""
        del near
        if tuple(map(int, image[0, 0])) == ENDLESS:
            self.go_on.wait()
        return []


def test_a_worker_gives_up_a_file_of_which_nothing_is_seen(
    digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_worker, "PIECE_ROWS", 2)
    film = str(write_clip(tmp_path / "f.avi", 6, ENDLESS))
    waiting = Waiting()
    opened: list[bytes] = []

    def open_waiting(model: bytes, notify: Callable[[str], None]) -> BatchReaders:
        opened.append(model)
        fakes = open_fake(model, notify)

        def frames_with(wrap: Callable[[FaceReader], FaceReader]) -> FrameReader:
            return fakes.frames_with(lambda faces: wrap(replace(faces, detector=waiting)))

        return replace(fakes, frames_with=frames_with)

    threads = set(threading.enumerate())
    pieces = read_group([ClusterWork(0, "f.avi", film, is_here=True)], digest, open_waiting, None, stall_s=2)
    rows = [row for piece in pieces for row in decode_rows(piece.lines)]
    assert rows[-1]["error"] == "f.avi was given up: it is read for 2 seconds without a picture"
    assert [piece.part for piece in pieces] == list(range(len(pieces)))
    assert [row["frame"] for row in rows] == [*range(len(rows) - 1), None]
    # Those readers are in use for ever: the next file has others
    picture = write_picture(tmp_path / "a.png")
    read_group([ClusterWork(1, "a.png", str(picture), is_here=True)], digest, open_waiting, None)
    assert len(opened) == 2
    waiting.go_on.set()
    for thread in set(threading.enumerate()) - threads:
        thread.join()


def test_pieces_of_a_film_bring_no_answers(digest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_worker, "PIECE_ROWS", 2)
    film = str(write_clip(tmp_path / "f.avi", 6))
    pieces = read_group([ClusterWork(0, "f.avi", film, is_here=True)], digest, open_fake, None)
    assert [(piece.part, piece.steps, piece.answers) for piece in pieces] == [(part, 0, "[]") for part in range(len(pieces))]
    assert len(pieces) >= 2
    assert [row["frame"] for piece in pieces for row in decode_rows(piece.lines)] == list(range(6))


def test_a_network_that_arrived_otherwise_is_refused() -> None:
    worker: Any = None
    with pytest.raises(AssetError, match="has not arrived as it was sent"):
        NetworkPlugin(b"other", DIGEST).setup(worker)
    with pytest.raises(EmodjError, match="no network yet"):
        read_group([], DIGEST, open_fake, None)
