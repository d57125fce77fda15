"""One run of a batch: from its sources to its table."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from realtime.batch.journal import FOLDER_SUFFIX, MANIFEST, BatchJournal, BegunFilm, Piece, Stamp
from realtime.batch.results import BatchTotals, check_output, write_results
from realtime.batch.rows import ROW_COLUMNS, encode_rows, error_row, source_text
from realtime.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from realtime.batch.sources import BatchSources

FORMAT = 1
"""Version of the journal and of the columns."""


class Engine(Protocol):
    """What reads the files: the processes of this computer, or a cluster.

    Attributes:
        network: name of the network: SHA-256 of its compiled form, and the terms of its contract.
    """

    network: str

    def read(
        self, numbers: Iterable[int], names: Sequence[str], begun: Callable[[int], BegunFilm | None], /
    ) -> Generator[Piece]:
        """Read files by their places among `names`, and yield their pieces as they come, in any order of files.

        `begun` says what an earlier run has read of a film; its pieces may go on from there.
        """
        ...


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """What a batch is to do.

    Attributes:
        output: path of the table.
        sources: the files.
        every_s: as for `reading.iterate_rows`.
        settings: what faces are read with beside the network, as text; rows of other settings are not mixed.
        version: of emodj.
        restart: begin anew, and replace a table that is there.
    """

    output: Path
    sources: BatchSources
    every_s: float | None
    settings: str
    version: str
    restart: bool = False


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a run is.

    Attributes:
        done: files that are read.
        before: those of them that an earlier run had read.
        total: files of the batch.
        units: pictures and frames that this run has read.
        seconds: since it began to read.
    """

    done: int
    before: int
    total: int
    units: int
    seconds: float

    @property
    def rate(self) -> float:
        """Pictures and frames a second; 0 at the beginning."""
        return self.units / self.seconds if self.seconds > 0 else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the end at the pace of this run, in files; None before the first of them."""
        new = self.done - self.before
        return (self.total - self.done) * self.seconds / new if new > 0 else None


def check_request(request: BatchRequest) -> None:
    """Check the output before anything is loaded.

    Raises:
        UsageError: it cannot be written, or is a file that no batch has begun.
        EmodjError: its format needs a package that is not installed.
    """
    check_output(request.output)
    manifest = _journal_folder(request.output) / MANIFEST
    # Path.exists raises for a folder that may not be entered
    if os.path.exists(request.output) and not request.restart and not os.path.exists(manifest):  # noqa: PTH110
        raise UsageError(f"{request.output} exists already: choose another --output, or --restart replaces it")


def run_batch(
    request: BatchRequest,
    engine: Engine,
    report: Callable[[BatchProgress], None],
    notify: Callable[[str], None] = lambda _: None,
) -> BatchTotals:
    """Read what is not read yet, and write the table.

    After Ctrl-C, the table is written from what is done, and KeyboardInterrupt goes on. Any other error leaves it. What is done
    is on disk at any moment; the next run goes on from there.

    Args:
        request: what to do; `check_request` has passed it.
        engine: reads the files.
        report: called after each step.
        notify: gets a sentence on what the earlier runs have left, and on a table that is written early.

    Raises:
        UsageError: the earlier run had another network or other settings; or another run goes on now.
        EmodjError: the disk refuses, or the engine fails.
    """
    sources = request.sources
    with BatchJournal(
        _journal_folder(request.output), sources.names, _manifest(request, engine), fresh=request.restart
    ) as journal:
        if journal.damaged:
            are, they = ("is", "it") if journal.damaged == 1 else ("are", "they")
            parts = _count(journal.damaged, "part")
            notify(f"{journal.folder}: {parts} of the rows {are} damaged: what {they} held is read again")
        if journal.unnamed:
            are = "is" if journal.unnamed == 1 else "are"
            files = _count(journal.unnamed, "file")
            notify(f"{files} of earlier runs {are} not among those that you name now, and {are} left out of {request.output}")
        todo = [number for number in sources.start_order() if not journal.is_done(number)]
        for number, sentence in sources.errors.items():
            lines = encode_rows([error_row(source_text(sources.names[number]), source_text(sentence))])
            journal.append(Piece(number, 0, lines, 0, Stamp(), last=True, failed=True))
        for number in todo:
            if journal.begun(number) is None:
                journal.forget(number)
        try:
            _read(journal, todo, sources.names, engine, report)
        except KeyboardInterrupt:
            write_results(request.output, journal.rows())
            notify(f"ended early: {request.output} has what is done; the same command goes on from there")
            raise
        return write_results(request.output, journal.rows())


def _read(
    journal: BatchJournal,
    todo: Sequence[int],
    names: Sequence[str],
    engine: Engine,
    report: Callable[[BatchProgress], None],
) -> None:
    before, units, started_s = journal.done, 0, time.monotonic()
    report(BatchProgress(before, before, len(names), 0, 0.0))
    for piece in engine.read(todo, names, journal.begun):
        journal.append(piece)
        units += piece.units
        report(BatchProgress(journal.done, before, len(names), units, time.monotonic() - started_s))


def _manifest(request: BatchRequest, engine: Engine) -> Mapping[str, Any]:
    settings = hashlib.sha256(request.settings.encode()).hexdigest()
    return {
        "format": FORMAT,
        "version of emodj": request.version,
        "columns": list(ROW_COLUMNS),
        "network": engine.network,
        "settings": settings,
        "--every": request.every_s,
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _journal_folder(output: Path) -> Path:
    return output.with_name(output.name + FOLDER_SUFFIX)
