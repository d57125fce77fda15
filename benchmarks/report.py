"""Lines of a log that `emodj report` reads in a second, compared with `json.loads` of the same lines, in turns."""

from __future__ import annotations

import json
import sys
import time
from io import BytesIO

from benchmarks.figures import Figure, build_parser, figure_of_turns, print_report
from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.report.aggregate import SessionSums
from realtime.report.log_reader import LogReader
from realtime.session.documents import encode_line, frame_document

SECONDS = 10.0
TURNS = 5
ROWS = 20_000
"""Lines of the log: eleven minutes at 30 frames a second."""


def build_log(rows: int) -> bytes:
    """Lines of a session with one face, and two in every third frame."""
    lines: list[bytes] = []
    for index in range(rows):
        leader = EXPRESSIONS[index // 1000 % len(EXPRESSIONS)]
        probabilities = tuple(0.64 if each is leader else 0.06 for each in Expression)
        reason = "too dark" if index % 11 == 0 else None
        faces = [Face(Box(10 * track, 10, 100, 110), probabilities, track, reason) for track in range(1, 3 - bool(index % 3))]
        lines.append(encode_line(frame_document(index / 30, faces, Mood(probabilities, leader))))
    return b"".join(lines)


def figures(seconds: float = SECONDS, *, turns: int = TURNS, rows: int = ROWS) -> list[Figure]:
    """Measure the row of the table, in `turns` turns, or fewer if they take longer than `seconds`."""
    log = build_log(rows)
    pairs: list[tuple[float, float]] = []
    end = time.monotonic() + seconds
    while not pairs or (len(pairs) < turns and time.monotonic() < end):
        pairs.append((rows / _read(log), rows / _parse(log)))
    return [figure_of_turns("lines of a log, read for a report", pairs, unit=" lines/s", must=1 / 5, moonshot=1 / 2.5)]


def _read(log: bytes) -> float:
    began = time.perf_counter()
    sums = SessionSums()
    sums.add_all(LogReader(BytesIO(log)).observations())
    assert sums.report().frames == log.count(b"\n")
    return time.perf_counter() - began


def _parse(log: bytes) -> float:
    began = time.perf_counter()
    for line in BytesIO(log):
        json.loads(line)
    return time.perf_counter() - began


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
