"""The body of a process that reads: files in, pieces of rows out."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING, Any

from realtime.batch.journal import Answers, BegunFilm, Piece, stamp_of
from realtime.batch.rows import ERROR, Row, encode_rows
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection

    from realtime.batch.reading import BatchReaders

    LoadReaders = Callable[[Callable[[str], None]], BatchReaders]

PIECE_S = 2.0
"""Seconds after which the rows of a film are handed over, so that memory does not grow with its length."""

PIECE_ROWS = 2000
"""As many rows of a film are handed over at once, at most."""


def read_pieces(
    number: int,
    source: str,
    readers: BatchReaders,
    every_s: float | None,
    notify: Callable[[str], None],
    path: str | None = None,
    begun: BegunFilm | None = None,
) -> Iterator[Piece]:
    """Read a file of a batch in pieces; a piece without rows says that the reading of a film goes on.

    Args:
        number: place of the file in the batch.
        source: its path, as the table shows it.
        readers: read the faces.
        every_s: as for `iterate_rows`.
        notify: likewise.
        path: likewise.
        begun: what an earlier run has read of it; None begins with the first frame.
    """
    # The process that gives the work needs neither OpenCV nor Pillow
    from realtime.batch.reading import iterate_rows
    from realtime.batch.replay import AnswerRecord

    stamp, rows, answers = stamp_of(path or source), list[Row](), list[Answers]()
    record = AnswerRecord(readers, () if begun is None else begun.answers())
    skipped, part = (0, 0) if begun is None else (begun.steps, begun.parts)
    units, handed_s = 0, time.monotonic()
    for step, found in enumerate(iterate_rows(source, record.readers, every_s=every_s, notify=notify, path=path)):
        answered, is_due = record.take(), time.monotonic() - handed_s >= PIECE_S
        if found and rows and (is_due or len(rows) >= PIECE_ROWS):
            kept = json.dumps(answers, separators=(",", ":"))
            yield Piece(number, part, encode_rows(rows), units, stamp, last=False, failed=False, steps=step, answers=kept)
            part, rows, answers, units, handed_s = part + 1, [], [], 0, time.monotonic()
        elif is_due:
            yield Piece(number, part, b"", units, stamp, last=False, failed=False)
            units, handed_s = 0, time.monotonic()
        if step >= skipped:
            rows += found
            answers.append(answered)
            units += bool(found) and found[0]["status"] != ERROR
    if rows:
        yield Piece(number, part, encode_rows(rows), units, stamp, last=True, failed=rows[-1]["status"] == ERROR)
    else:
        # It cannot be read as far as before
        yield from read_pieces(number, source, readers, every_s, notify, path)


def run_worker(requests: Connection, load: LoadReaders, every_s: float | None) -> None:
    """Load the network, then read the files that come, until the other end is closed; the body of a process.

    Args:
        requests: numbers, sources and what is read of them come in; pieces, ("ready", digest), ("remark", sentence) and
            ("failed", kind of error, sentence) go out.
        load: loads detector and network.
        every_s: as for `iterate_rows`.
    """
    for name in ("SIGINT", "SIGHUP", "SIGBREAK"):
        # They come to all processes of a terminal; the first one decides what happens
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        _answer(requests, load, every_s)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        # The first process has ended, however that was
        return


def _answer(requests: Connection, load: LoadReaders, every_s: float | None) -> None:
    import cv2

    # One process for each core: threads of their own would only disturb each other
    cv2.setNumThreads(1)

    def notify(sentence: str) -> None:
        requests.send(("remark", sentence))

    try:
        readers = load(notify)
    except EmodjError as error:
        requests.send(("failed", type(error), str(error)))
        return
    requests.send(("ready", readers.network))
    while True:
        number, source, begun = requests.recv()
        for piece in read_pieces(number, source, readers, every_s, notify, begun=begun):
            requests.send(piece)


Message = Any
"""What a worker sends: a `Piece`, or a tuple whose first part says what it is."""
