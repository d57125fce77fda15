"""One run of a batch: what is done stays done, and the table is the same whoever reads the files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtime.batch.batch import BatchProgress, BatchRequest, check_request, run_batch
from realtime.batch.sources import BatchSources, find_sources
from realtime.batch.worker import read_pieces
from realtime.errors import EmodjError, UsageError
from tests.support.batch_readers import load_fake, write_clip, write_picture

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from realtime.batch.journal import BegunFilm, Piece

READERS = load_fake(lambda _: None)


class Here:
    """Reads files in this process, in any order, and notes which."""

    network = "fake network"

    def __init__(self, *, backwards: bool = False, stop_after: int | None = None, error: BaseException | None = None) -> None:
        self.read_names: list[str] = []
        self._backwards, self._stop_after, self._error = backwards, stop_after, error

    def read(
        self, numbers: Iterable[int], names: Sequence[str], begun: Callable[[int], BegunFilm | None], /
    ) -> Generator[Piece]:
        for number in sorted(numbers, reverse=self._backwards):
            if len(self.read_names) == self._stop_after and self._error is not None:
                raise self._error
            self.read_names.append(Path(names[number]).name)
            yield from read_pieces(number, names[number], READERS, None, lambda _: None, begun=begun(number))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "pictures"
    place.mkdir()
    for name in "abcd":
        write_picture(place / f"{name}.png")
    write_clip(place / "f.avi", 3)
    return place


def ask(
    tmp_path: Path, folder: Path, *, name: str = "t.jsonl", every_s: float | None = None, restart: bool = False
) -> BatchRequest:
    sources = find_sources([str(folder)], recursive=False, notify=lambda _: None)
    return BatchRequest(tmp_path / name, sources, every_s, "settings", "1", restart=restart)


def run(request: BatchRequest, engine: Here) -> list[str]:
    """Run it; the name and the frame of each row of its table."""
    check_request(request)
    run_batch(request, engine, lambda _: None)
    return table(request.output)


def table(place: Path) -> list[str]:
    rows = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
    return [Path(row["source"]).name + ("" if row["frame"] is None else str(row["frame"])) for row in rows]


ALL = ["a.png", "b.png", "c.png", "d.png", "f.avi0", "f.avi1", "f.avi2"]


def test_the_order_of_rows_does_not_depend_on_who_reads_first(tmp_path: Path, folder: Path) -> None:
    assert run(ask(tmp_path, folder), Here()) == ALL
    assert run(ask(tmp_path, folder, name="u.jsonl"), Here(backwards=True)) == ALL
    assert (tmp_path / "t.jsonl").read_bytes() == (tmp_path / "u.jsonl").read_bytes()


def test_a_second_run_reads_nothing(tmp_path: Path, folder: Path) -> None:
    run(ask(tmp_path, folder), Here())
    before, engine = (tmp_path / "t.jsonl").read_bytes(), Here()
    assert run(ask(tmp_path, folder), engine) == ALL
    assert engine.read_names == []
    assert (tmp_path / "t.jsonl").read_bytes() == before


def test_a_damaged_line_is_said_and_its_file_is_read_again(tmp_path: Path, folder: Path) -> None:
    run(ask(tmp_path, folder), Here())
    before, rows = (tmp_path / "t.jsonl").read_bytes(), tmp_path / "t.jsonl.parts" / "rows.jsonl"
    rows.write_bytes(rows.read_bytes().replace(b'"status":', b'"status";', 1))
    engine, said = Here(), list[str]()
    run_batch(ask(tmp_path, folder), engine, lambda _: None, said.append)
    assert engine.read_names == ["a.png"]
    assert said == [f"{rows.parent}: 1 part of the rows is damaged: what it held is read again"]
    assert (tmp_path / "t.jsonl").read_bytes() == before


def test_ctrl_c_leaves_a_table_of_what_is_done_and_the_next_run_goes_on(tmp_path: Path, folder: Path) -> None:
    request = ask(tmp_path, folder)
    with pytest.raises(KeyboardInterrupt):
        run(request, Here(stop_after=2, error=KeyboardInterrupt()))
    assert table(request.output) == ["a.png", "b.png"]
    engine = Here()
    assert run(request, engine) == ALL
    assert engine.read_names == ["c.png", "d.png", "f.avi"]


def test_only_a_table_that_is_written_is_said_to_be_there(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, said = ask(tmp_path, folder), list[str]()
    with pytest.raises(KeyboardInterrupt):
        run_batch(request, Here(stop_after=2, error=KeyboardInterrupt()), lambda _: None, said.append)
    assert said == [f"ended early: {request.output} has what is done; the same command goes on from there"]

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for place in ("realtime.batch.journal.BatchJournal.__init__", "realtime.batch.batch.write_results"):
        said.clear()
        with monkeypatch.context() as patched:
            patched.setattr(place, interrupt)
            with pytest.raises(KeyboardInterrupt):
                run_batch(request, Here(), lambda _: None, said.append)
        assert said == []


def test_rows_that_leave_the_table_are_said(tmp_path: Path, folder: Path) -> None:
    def read_only(*names: str) -> list[str]:
        said: list[str] = []
        sources = BatchSources([str(folder / name) for name in names])
        request = BatchRequest(tmp_path / "t.jsonl", sources, None, "settings", "1")
        run_batch(request, Here(), lambda _: None, said.append)
        return said

    table_name = tmp_path / "t.jsonl"
    assert read_only("a.png", "b.png", "f.avi") == []
    assert read_only("c.png") == [
        f"3 files of earlier runs are not among those that you name now, and are left out of {table_name}"
    ]
    assert table(table_name) == ["c.png"]
    assert read_only("a.png", "b.png", "c.png") == [
        f"1 file of earlier runs is not among those that you name now, and is left out of {table_name}"
    ]
    assert read_only("a.png", "b.png", "c.png", "f.avi") == []


def test_an_error_of_the_engine_keeps_what_is_done(tmp_path: Path, folder: Path) -> None:
    request = ask(tmp_path, folder)
    with pytest.raises(EmodjError, match="the cluster is lost"):
        run(request, Here(stop_after=3, error=EmodjError("the cluster is lost")))
    assert not request.output.exists()
    engine = Here()
    assert run(request, engine) == ALL
    assert engine.read_names == ["d.png", "f.avi"]


def test_new_changed_and_vanished_files_are_seen_by_the_next_run(tmp_path: Path, folder: Path) -> None:
    run(ask(tmp_path, folder), Here())
    (folder / "a.png").unlink()
    write_picture(folder / "b.png", (0, 0, 0))
    (folder / "b.png").write_bytes((folder / "b.png").read_bytes() + b"\0")
    write_picture(folder / "aa.png")
    engine = Here()
    assert run(ask(tmp_path, folder), engine) == ["aa.png", *ALL[1:]]
    assert engine.read_names == ["aa.png", "b.png"]


def test_a_file_that_vanished_from_a_list_has_an_error(tmp_path: Path, folder: Path) -> None:
    names = [str(folder / "a.png"), str(folder / "b.png")]
    request = BatchRequest(tmp_path / "t.jsonl", BatchSources(names), None, "settings", "1")
    run(request, Here())
    (folder / "a.png").unlink()
    totals = run_batch(request, Here(), lambda _: None)
    assert (totals.files, totals.failed, totals.errors) == (2, 1, [f"no such file: {names[0]}"])


def test_what_failed_is_tried_again(tmp_path: Path, folder: Path) -> None:
    content = (folder / "a.png").read_bytes()
    (folder / "a.png").write_bytes(content[:50])
    request = ask(tmp_path, folder)
    assert run_batch(request, Here(), lambda _: None).failed == 1
    (folder / "a.png").write_bytes(content)
    engine = Here()
    assert run_batch(request, engine, lambda _: None).failed == 0
    assert engine.read_names == ["a.png"]


def test_what_cannot_be_read_at_all_is_in_the_table(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    totals = run_batch(ask(tmp_path, tmp_path / "empty"), Here(), lambda _: None)
    assert (totals.files, totals.failed) == (1, 1)
    assert totals.errors[0].startswith("no picture and no film in")


def test_other_settings_are_refused_until_restart(tmp_path: Path, folder: Path) -> None:
    run(ask(tmp_path, folder), Here())
    with pytest.raises(UsageError, match="was begun with another --every"):
        run(ask(tmp_path, folder, every_s=1.0), Here())
    engine = Here()
    assert run(ask(tmp_path, folder, every_s=1.0, restart=True), engine) == ALL
    assert len(engine.read_names) == 5


def test_a_table_that_no_batch_began_is_not_replaced(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "t.jsonl").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        check_request(ask(tmp_path, folder))
    assert run(ask(tmp_path, folder, restart=True), Here()) == ALL


def test_progress_counts_files_and_frames(tmp_path: Path, folder: Path) -> None:
    seen: list[BatchProgress] = []
    run_batch(ask(tmp_path, folder), Here(), seen.append)
    assert (seen[0].done, seen[0].total, seen[0].left_s) == (0, 5, None)
    assert (seen[-1].done, seen[-1].units) == (5, 7)
    run_batch(ask(tmp_path, folder), Here(), seen.append)
    assert (seen[-1].done, seen[-1].before, seen[-1].units) == (5, 5, 0)


def test_pace_and_time_left_are_those_of_this_run() -> None:
    progress = BatchProgress(done=60, before=40, total=100, units=200, seconds=10.0)
    assert (progress.rate, progress.left_s) == (20.0, 20.0)
