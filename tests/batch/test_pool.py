"""Processes read files; a file that ends or stops its process is named, and the others go on."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import wait
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest

from realtime.batch.batch import BatchRequest, run_batch
from realtime.batch.pool import WorkerPool
from realtime.batch.rows import decode_rows
from realtime.batch.sources import BatchSources
from realtime.errors import AssetError
from tests.support.batch_readers import (
    DEADLY,
    DEADLY_ONCE,
    ENDLESS,
    GREY,
    ONCE,
    SMALL_PIECE,
    load_fake,
    load_for_small_pieces,
    refuse_to_load,
    write_clip,
    write_picture,
)

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.batch.journal import Piece


def outcomes(pieces: list[Piece]) -> dict[int, list[str]]:
    """Status, or the error, of each row by the number of its file, in order."""
    found: dict[int, list[str]] = {}
    for piece in pieces:
        if piece.part == 0:
            found[piece.number] = []
        found[piece.number] += [row["error"] or row["status"] for row in decode_rows(piece.lines)]
    return dict(sorted(found.items()))


def test_files_are_read_by_several_processes(tmp_path: Path) -> None:
    names = [str(write_picture(tmp_path / f"{n}.png")) for n in range(20)] + [
        str(write_clip(tmp_path / "f.avi", 4)),
        "none.jpg",
    ]
    said: list[str] = []
    with WorkerPool(load_fake, every_s=None, jobs=2, notify=said.append) as pool:
        assert pool.network == "fake network"
        pieces = list(pool.read(range(22), names))
        again = list(pool.read([3], names))
    assert outcomes(pieces) == {n: ["ok"] for n in range(20)} | {20: ["ok"] * 4, 21: ["no such file: none.jpg"]}
    assert [piece.units for piece in sorted(pieces)] == [1] * 20 + [4, 0]
    assert [piece.failed for piece in sorted(pieces)] == [False] * 21 + [True]
    assert outcomes(again) == {3: ["ok"]}
    assert said.count("fake readers are loaded") == 2
    assert sum("one colour" in sentence for sentence in said) == 21
    assert multiprocessing.active_children() == []


@pytest.mark.posix
def test_a_file_that_ends_its_process_is_named_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ONCE, str(tmp_path / "once"))
    colours = [GREY, DEADLY, GREY, DEADLY_ONCE, GREY]
    names = [str(write_picture(tmp_path / f"{n}.png", colour)) for n, colour in enumerate(colours)]
    with WorkerPool(load_fake, every_s=None, jobs=2, notify=lambda _: None) as pool:
        found = outcomes(list(pool.read(range(5), names)))
    ended = f"{names[1]} ends the process that reads it (SIGKILL): copy or export it again"
    assert found == {0: ["ok"], 1: [ended], 2: ["ok"], 3: ["ok"], 4: ["ok"]}


@pytest.mark.posix
def test_a_file_whose_reading_never_ends_is_given_up(tmp_path: Path) -> None:
    names = [str(write_picture(tmp_path / f"{n}.png", colour)) for n, colour in enumerate([ENDLESS, GREY])]
    with WorkerPool(load_fake, every_s=None, jobs=1, notify=lambda _: None, stall_s=5) as pool:
        found = outcomes(list(pool.read(range(2), names)))
    assert found == {0: [f"{names[0]} was given up: it is read for 5 seconds without a picture"], 1: ["ok"]}


@pytest.mark.posix
@pytest.mark.parametrize(("last", "reason"), [(DEADLY, "ends the process"), (ENDLESS, "was given up"), (DEADLY_ONCE, None)])
def test_the_rows_of_a_film_stay_when_its_end_cannot_be_read(
    last: tuple[int, int, int], reason: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ONCE, str(tmp_path / "once"))
    film = str(write_clip(tmp_path / "f.avi", 2 * SMALL_PIECE + 2, last))
    request = BatchRequest(tmp_path / "t.jsonl", BatchSources([film]), None, "settings", "1")
    with WorkerPool(load_for_small_pieces, every_s=None, jobs=1, notify=lambda _: None, stall_s=5) as pool:
        totals = run_batch(request, pool, lambda _: None)
    rows = decode_rows(request.output.read_bytes())
    frames = [row["frame"] for row in rows]
    if reason is None:
        assert frames == list(range(2 * SMALL_PIECE + 3))
    else:
        # A piece that takes two seconds is handed over with fewer rows
        assert frames == [*range(len(rows) - 1), None]
        assert len(rows) > SMALL_PIECE
        assert reason in rows[-1]["error"]
    assert (totals.files, totals.failed) == (1, reason is not None)
    # The second try goes on behind what is on disk
    written = decode_rows((tmp_path / "t.jsonl.parts" / "rows.jsonl").read_bytes())
    assert [row["frame"] for row in written] == frames


def test_a_stop_of_all_processes_is_no_silence_of_those_that_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [str(write_picture(tmp_path / f"{n}.png")) for n in range(2)]
    stopped_s, waits = 0.0, 0

    def clock() -> float:
        return monotonic() + stopped_s

    def stopped_wait(pipes: Any, timeout: float | None = None) -> Any:
        # As after Ctrl-Z and `fg`: an hour has gone, and nobody has read meanwhile
        nonlocal stopped_s, waits
        waits += 1
        if waits > 1:
            return wait(pipes, timeout)
        stopped_s += 3600
        return []

    with WorkerPool(load_fake, every_s=None, jobs=1, notify=lambda _: None) as pool:
        monkeypatch.setattr("realtime.batch.pool.wait", stopped_wait)
        monkeypatch.setattr("time.monotonic", clock)
        found = outcomes(list(pool.read(range(2), names)))
    assert found == {0: ["ok"], 1: ["ok"]}
    assert waits > 1


def test_a_network_that_cannot_be_used_is_its_own_error() -> None:
    with (
        pytest.raises(AssetError, match=r"net\.tflite is damaged"),
        WorkerPool(refuse_to_load, every_s=None, jobs=1, notify=print),
    ):
        pass
    assert multiprocessing.active_children() == []


def test_processes_end_with_the_block_whatever_they_do(tmp_path: Path) -> None:
    names = [str(write_clip(tmp_path / "f.avi", 2500))]
    with WorkerPool(load_fake, every_s=None, jobs=1, notify=print) as pool:
        reading = pool.read([0], names)
        # The film goes on behind its first piece
        assert next(reading).last is False
        reading.close()
    pool.close()
    assert multiprocessing.active_children() == []
