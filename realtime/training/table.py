"""Read FER-2013 from `fer2013.csv`, with the crowd's votes where `fer2013new.csv` lies beside it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import CROP_SIDE, EXPRESSIONS
from realtime.errors import UsageError
from realtime.training.examples import VOTE_COLUMNS, VOTERS, Dataset, of_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

VOTES_FILE = "fer2013new.csv"

USAGE_NAMES = ("Training", "PublicTest", "PrivateTest")
"""What the column Usage says, in the order of a data set's numbers."""

_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The order of the column emotion (Goodfellow et al. 2013, arXiv:1307.0414), which is not the alphabetical one."""

_OURS = [[expression.value for expression in EXPRESSIONS].index(name) for name in _LABELS]
_FACE_COLUMNS = ("emotion", "pixels", "Usage")
_BALLOT_COLUMNS = ("Usage", "Image name", *VOTE_COLUMNS)
_PIXELS = {str(value): value for value in range(256)}
_NO_FACE = [VOTERS * (name == "NF") for name in VOTE_COLUMNS]


def read(path: Path) -> Dataset:
    """Read a table with the columns emotion, pixels and Usage, in any order; others are left alone.

    Row i of the votes belongs to row i of the faces. Votes are those of the row itself, not pooled over equal
    pictures; a row without an image's name shows no face, and has ten votes for that.

    Raises:
        UsageError: a column is missing, a field is not what its column holds, or the votes are of another file. The
            sentence names the file and the line, as an editor counts it: the header is line 1.
    """
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    usage: list[int] = []
    for place, (emotion, pixels, used) in _rows(path, _FACE_COLUMNS):
        labels.append(_label(emotion, place))
        images.append(_pixels(pixels, place))
        usage.append(_usage(used, place))
    if not images:
        raise UsageError(f"{path} has no face in it: was it downloaded whole?")
    ballots = path.with_name(VOTES_FILE)
    votes = _votes(ballots, usage, path) if ballots.is_file() else None
    return of_pictures(np.stack(images), np.array(labels, np.uint8), np.array(usage, np.uint8), votes)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each row's place, as a sentence names it, and its fields in the order of `columns`; empty lines are skipped."""
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip().lower() for name in next(reader, [])]
            for name in columns:
                if name.lower() not in header:
                    raise UsageError(f"{path} has no column {name}: it needs {', '.join(columns)}")
            order = [header.index(name.lower()) for name in columns]
            line = 2
            for row in reader:
                if row and len(row) != len(header):
                    raise UsageError(f"line {line} of {path} has {len(row)} fields and its header {len(header)}")
                if row:
                    yield f"line {line} of {path}", [row[column].strip() for column in order]
                line = reader.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path} from line {line} on ({reason}): was it downloaded whole?") from error


def _label(text: str, place: str) -> int:
    if text not in {str(number) for number in range(len(_LABELS))}:
        raise UsageError(f"{place} has the emotion {text[:20]!r}: it must be 0 to {len(_LABELS) - 1}")
    return _OURS[int(text)]


def _usage(text: str, place: str) -> int:
    if text not in USAGE_NAMES:
        raise UsageError(f"{place} has the Usage {text[:20]!r}: it must be {', '.join(USAGE_NAMES[:-1])} or {USAGE_NAMES[-1]}")
    return USAGE_NAMES.index(text)


def _pixels(text: str, place: str) -> NDArray[np.uint8]:
    try:
        # Half as long as with `int`, which also takes 1_0
        values = bytes(map(_PIXELS.__getitem__, text.split()))
    except KeyError as error:
        raise UsageError(f"{place} has a pixel that is no whole number of 0 to 255") from error
    if len(values) != CROP_SIDE**2:
        raise UsageError(f"{place} has {len(values)} pixels: a face has {CROP_SIDE**2} ({CROP_SIDE}×{CROP_SIDE})")
    return np.frombuffer(values, np.uint8).reshape(CROP_SIDE, CROP_SIDE)


def _votes(path: Path, usage: Sequence[int], faces: Path) -> NDArray[np.float32]:
    """(n, 10), one row a face."""
    votes: list[list[float]] = []
    for place, (used, name, *ballot) in _rows(path, _BALLOT_COLUMNS):
        if len(votes) < len(usage) and _usage(used, place) != usage[len(votes)]:
            raise UsageError(f"{place} is of {used}, its face in {faces} is not: the two are not of one data set")
        votes.append(_ballot(ballot, place) if name else [*_NO_FACE])
    if len(votes) != len(usage):
        raise UsageError(f"{path} has votes for {len(votes)} faces and {faces} has {len(usage)}: are both whole?")
    return np.array(votes, np.float32)


def _ballot(fields: Sequence[str], place: str) -> list[float]:
    try:
        votes = [float(field) for field in fields]
    except ValueError:
        votes = []
    if not votes or not all(0 <= vote <= VOTERS for vote in votes):
        raise UsageError(f"{place} has votes that are not ten numbers of 0 to {VOTERS}")
    return votes
