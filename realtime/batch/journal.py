"""What a batch has read so far: rows on disk, in a folder beside the table; a run that was ended goes on from there.

The folder holds `manifest.json`, with what all rows were read with, and `rows.jsonl`, the rows as JSON lines in the order in
which they came. Each file of the batch is a piece of this journal, or several pieces if it is a long film. The last row of a
piece has one more field, `piece`. What follows the last whole piece, after a kill or on a full disk, is cut off. A damaged line
before it loses the piece that it is in, and no other one.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from array import array
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Self

from realtime.batch.rows import decode_rows, is_row, source_text
from realtime.errors import EmodjError, UsageError
from realtime.reading import read_file
from realtime.storage import atomic
from realtime.storage.append_file import RESERVE
from realtime.storage.atomic import creation_reason, free_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from realtime.batch.rows import Row

FOLDER_SUFFIX = ".parts"
MANIFEST, ROWS, LOCK = "manifest.json", "rows.jsonl", "lock"
CHECK_EVERY = 256
"""Pieces between two checks of the free space on the disk."""

_READ, _FAILED = 1, 2
_MARK = b',"piece":['
_MOST_LINE = 2**28
"""Bytes of a line; the answers for two seconds of a film have some thousands."""
_MOST_MANIFEST = 2**16
"""Bytes; it has some hundreds."""
_PLURALS = {"settings", "columns"}
"""Keys of a manifest that name more than one thing."""
_GO_ON = "what was read is kept: the same command goes on from there"
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Stamp(NamedTuple):
    """By which a file that changed is noticed.

    Attributes:
        changed_ns: time of its last change, nanoseconds; -1 for a file that is missing.
        size: bytes.
    """

    changed_ns: int = -1
    size: int = 0


def stamp_of(path: str) -> Stamp:
    """The stamp of a file; that of a missing file if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a million paths
    except (OSError, ValueError):
        return Stamp()
    return Stamp(found.st_mtime_ns, found.st_size)


class Piece(NamedTuple):
    """Rows of one file of a batch, or of a part of a film.

    Attributes:
        number: place of the file in the batch.
        part: number of the piece in its file, from 0; 0 begins the file anew.
        lines: the rows, as `rows.encode_rows` wrote them; empty only if it is not the last piece.
        units: pictures or frames that were read for it.
        stamp: of the file, before it was read.
        last: whether the file is read to its end.
        failed: whether its last row is an error.
        steps: frames of the film that this piece and those before it cover; 0 for the last piece, and where the film cannot go
            on from them.
        answers: of detector and network for these frames, as `replay.AnswerRecord` takes them, in JSON.
    """

    number: int
    part: int
    lines: bytes
    units: int
    stamp: Stamp
    last: bool
    failed: bool
    steps: int = 0
    answers: str = "[]"


Answers = list[Any]
"""What was answered for one frame: boxes of each call of the detector, then probabilities of each call of the network."""


class BegunFilm(NamedTuple):
    """A film that an earlier run has read in part.

    Attributes:
        journal: path of the journal.
        places: start and length of its pieces there, bytes.
        steps: frames that these cover.
        parts: their number.
    """

    journal: str
    places: Sequence[tuple[int, int]]
    steps: int
    parts: int

    def answers(self) -> Iterator[Answers]:
        """The recorded answers, frame by frame."""
        with Path(self.journal).open("rb") as file:
            for start, length in self.places:
                file.seek(start)
                last_row = json.loads(file.read(length).rstrip(b"\n").rpartition(b"\n")[2])
                yield from last_row["piece"][-1]


class BatchJournal:
    """The rows that are on disk, for the files of one batch. One process at a time may have it open.

    Args:
        folder: of the journal; it is made if need be.
        names: paths of the files; the table has their order.
        manifest: what all rows are read with; each value is a text or a number. The key names it in sentences.
        fresh: begin anew, whatever is there.
        reserve: bytes that stay free on the disk.

    Attributes:
        folder: as above.
        unnamed: files that earlier runs have read to their end, and that are none of `names`.
        damaged: pieces on disk of which a line is damaged; their files count as not read.

    Raises:
        UsageError: it was begun with another manifest, or another process has it open.
        EmodjError: the disk refuses, or the folder holds something else.
    """

    def __init__(
        self, folder: Path, names: Sequence[str], manifest: Mapping[str, Any], *, fresh: bool = False, reserve: int = RESERVE
    ) -> None:
        # The processes that read need pieces, and no lock
        from filelock import FileLock, Timeout

        self.folder, self._names, self._reserve = folder, names, reserve
        # Arrays: a million files must not make a million objects
        self._start, self._length, self._changed_ns, self._size = (array("q", bytes(8 * len(names))) for _ in range(4))
        self._state = bytearray(len(names))
        # Films alone: the places of all pieces, and how many frames of one that is not done they cover
        self._pieces: dict[int, list[tuple[int, int]]] = {}
        self._steps: dict[int, int] = {}
        self._appended = 0
        self._lock = FileLock(folder / LOCK)
        try:
            folder.mkdir(exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise UsageError(f"{folder} is in use: another emodj batch writes there now; choose another --output") from error
        except OSError as error:
            raise EmodjError(f"cannot make {folder} ({creation_reason(error)}): choose another --output") from error
        with ExitStack() as opened:
            opened.callback(self._lock.release)
            self._begin(manifest, fresh=fresh)
            self._file = opened.enter_context(self._open())
            self.damaged = self.unnamed = 0
            self._end = self._read_journal()
            self._opened = opened.pop_all()
        self._cut()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; safe to call twice."""
        self._opened.close()

    @property
    def done(self) -> int:
        """How many files are read to their end."""
        return len(self._state) - self._state.count(0)

    def is_done(self, number: int) -> bool:
        """Whether a file was read without an error, and has not changed since; it is looked at anew by this call."""
        return self._state[number] == _READ and self.stamp(number) == stamp_of(self._names[number])

    def stamp(self, number: int) -> Stamp:
        """The stamp of a file when it was read."""
        return Stamp(self._changed_ns[number], self._size[number])

    def begun(self, number: int) -> BegunFilm | None:
        """What is on disk of a film that was read in part and has not changed since; None for every other file."""
        if self._state[number] or number not in self._steps or self.stamp(number) != stamp_of(self._names[number]):
            return None
        places = self._pieces[number]
        return BegunFilm(str(self.folder / ROWS), places, self._steps[number], len(places))

    def append(self, piece: Piece) -> None:
        """Add a piece, whole or not at all; the system has it when this returns.

        Raises:
            EmodjError: the disk refuses, or is nearly full.
        """
        if not piece.lines:
            return
        terms = [piece.part, int(piece.last), int(piece.failed), *piece.stamp, piece.steps]
        mark = f',"piece":[{",".join(map(str, terms))},{piece.answers}]}}\n'
        if self._appended % CHECK_EVERY == 0:
            self._check_disk()
        self._appended += 1
        try:
            left = memoryview(piece.lines[: -len(b"}\n")] + mark.encode())
            size = len(left)
            while left:
                left = left[self._file.write(left) or 0 :]
        except OSError as error:
            self._cut()
            reason = "the disk is full, make room" if error.errno in _FULL else error.strerror or str(error)
            raise EmodjError(f"cannot write {self.folder / ROWS} ({reason}); {_GO_ON}") from error
        except BaseException:
            self._cut()
            raise
        self._note(self._end, size, piece)
        self._end += size

    def forget(self, number: int) -> None:
        """Take a file as not read: it has changed, or is to be tried again."""
        self._state[number] = 0
        self._pieces.pop(number, None)
        self._steps.pop(number, None)

    def rows(self) -> Iterator[tuple[int, list[Row]]]:
        """The rows of all files that are done, in the order of the batch, some at a time, each with the place of its file."""
        with (self.folder / ROWS).open("rb") as file:
            for number, state in enumerate(self._state):
                if state:
                    for start, length in self._pieces.get(number) or [(self._start[number], self._length[number])]:
                        file.seek(start)
                        rows = decode_rows(file.read(length))
                        del rows[-1]["piece"]
                        yield number, rows

    def _note(self, start: int, length: int, piece: Piece) -> None:
        number = piece.number
        if piece.part == 0:
            self.forget(number)
        if not piece.last or piece.part > 0:
            self._pieces.setdefault(number, []).append((start, length))
        self._start[number], self._length[number] = start, length
        self._changed_ns[number], self._size[number] = piece.stamp
        if piece.last:
            self._state[number] = _FAILED if piece.failed else _READ
        elif piece.steps:
            self._steps[number] = piece.steps

    def _begin(self, manifest: Mapping[str, Any], *, fresh: bool) -> None:
        place, rows = self.folder / MANIFEST, self.folder / ROWS
        wanted = json.loads(json.dumps(manifest))
        if fresh:
            for old in (rows, place):
                _remove(old)
        if not os.path.lexists(place):
            if os.path.lexists(rows):
                raise UsageError(f"{self.folder} lacks its {MANIFEST}: --restart begins anew")
            atomic.write({place: (json.dumps(wanted, indent=1) + "\n").encode()}, private=True)
            return
        try:
            # A pipe would be waited for
            found: Any = json.loads(read_file(place, _MOST_MANIFEST)) if place.is_file() else []
            others = [key for key in wanted if found.get(key) != wanted[key]]
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            raise UsageError(f"{place} is damaged: --restart begins anew") from error
        if others:
            what = " and ".join(f"{'other' if key in _PLURALS else 'another'} {key}" for key in others)
            raise UsageError(f"{self.folder} was begun with {what}: --restart begins anew, or choose another --output")

    def _open(self) -> IO[bytes]:
        def opener(name: str, flags: int) -> int:
            # O_NONBLOCK: a pipe by this name must not be waited for
            flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | os.O_CREAT
            number = os.open(name, flags, atomic.PRIVATE)
            if not stat.S_ISREG(os.fstat(number).st_mode):
                os.close(number)
                raise OSError(errno.EINVAL, "it is a pipe or a device")
            return number

        place = self.folder / ROWS
        try:
            return open(place, "r+b", buffering=0, opener=opener)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise EmodjError(f"cannot write {place} ({reason}): choose another --output") from error

    def _read_journal(self) -> int:
        """Note the pieces on disk that belong to files of this batch; returns where the last whole piece ends."""
        numbers = {source_text(name): number for number, name in enumerate(self._names)}
        end = start = place = 0
        sources, unnamed, is_damaged = set[str](), set[int](), False
        with (self.folder / ROWS).open("rb") as file:
            while line := file.readline(_MOST_LINE):
                place += len(line)
                found = _parse_line(line)
                if found is None:
                    is_damaged = is_damaged or line.endswith(b"\n")
                else:
                    sources.add(found.source)
                if _MARK not in line or not line.endswith(b"\n"):
                    continue
                if found is None or found.piece is None or is_damaged or len(sources) > 1:
                    # The line of which a part is lost may have been the last one of another piece, too
                    self.damaged += 1
                else:
                    number = numbers.get(found.source)
                    self._note_read(number, start, place - start, found.piece)
                    if number is None and found.piece.last:
                        # Numbers in the place of texts: there can be a million
                        unnamed.add(hash(found.source))
                    end = place
                start, is_damaged = place, False
                sources.clear()
        self.damaged += is_damaged
        self.unnamed = len(unnamed)
        return end

    def _note_read(self, number: int | None, start: int, length: int, piece: Piece) -> None:
        # Behind a damaged piece of a film, the rest of it is nothing without that piece
        if number is not None and piece.part in {0, len(self._pieces.get(number, ()))}:
            self._note(start, length, piece._replace(number=number))

    def _check_disk(self) -> None:
        if (free := free_bytes(self.folder)) is not None and free < self._reserve:
            raise EmodjError(f"the disk of {self.folder} is nearly full, make room; {_GO_ON}")

    def _cut(self) -> None:
        with suppress(OSError):
            self._file.truncate(self._end)
            self._file.seek(self._end)


class _Line(NamedTuple):
    """A line of the journal.

    Attributes:
        source: the file that its row is of.
        piece: which piece it ends, without number and lines; None within a piece.
    """

    source: str
    piece: Piece | None


def _remove(place: Path) -> None:
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        raise EmodjError(f"cannot remove {place} ({error.strerror or error}): choose another --output") from error


def _parse_line(line: bytes) -> _Line | None:
    """A line of the journal; None for a damaged one. It comes from a disk: nothing is taken for granted."""
    try:
        row = json.loads(line)
        terms = row.pop("piece", None)
        if not is_row(row):
            return None
        return _Line(row["source"], None if terms is None else _parse_piece(*terms))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def _parse_piece(part: int, last: int, failed: int, changed_ns: int, size: int, steps: int, answers: Answers) -> Piece:
    numbers = (part, last, failed, changed_ns, size, steps)
    if any(type(number) is not int or not -1 <= number < 2**63 for number in numbers) or type(answers) is not list:
        raise ValueError(numbers)
    return Piece(-1, part, b"", 0, Stamp(changed_ns, size), last=bool(last), failed=bool(failed), steps=steps)
