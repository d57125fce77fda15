"""The file of the diary: SQLite, for its owner alone, one row a session, written whole or not at all.

One process at a time has the file, by a lock beside it: also where it is renamed or removed. The folder holds nothing else.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from realtime.diary.entry import MOST_NOTE, DiaryEntry
from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.storage.atomic import PRIVATE
from realtime.storage.user_folders import diary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

FILE_NAME = "diary.sqlite"
FORM = 1
"""Version of the tables, in `PRAGMA user_version`. A file with a larger one is from a newer emodj."""
_APPLICATION = 0x656D6A64
"""`PRAGMA application_id` of a diary: "emjd"."""
_PRIVATE_FOLDER = 0o700
_LOCK_NAME = "diary.lock"
_FILES = re.compile(r"diary(-damaged-\d{1,9})?\.sqlite(-journal|-wal|-shm)?")
"""Names of the files that SQLite and this module make."""
_BESIDE = ("", "-journal", "-wal", "-shm")
"""Endings of the files that SQLite keeps for a database."""
_PATIENCE_S = 10.0
"""Longest wait for another emodj, in seconds: it holds the file for some milliseconds."""

_SHARES = [expression.value for expression in EXPRESSIONS]
_COLUMNS = ["started", "seconds", "source", "mood", "mood_source", *_SHARES, "music", "movies", "note"]
_TABLES = f"""
CREATE TABLE session (
  id INTEGER PRIMARY KEY,
  started TEXT NOT NULL,
  seconds REAL NOT NULL CHECK (seconds >= 0),
  source TEXT NOT NULL,
  mood TEXT,
  mood_source TEXT NOT NULL,
  {", ".join(f"{name} REAL CHECK ({name} IS NULL OR {name} >= 0)" for name in _SHARES)},
  music TEXT,
  movies TEXT NOT NULL,
  note TEXT NOT NULL
)
"""

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT}
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full: make room",
    sqlite3.SQLITE_BUSY: "another program uses it: close that one",
    sqlite3.SQLITE_LOCKED: "another program uses it: close that one",
    sqlite3.SQLITE_READONLY: "it may not be written: make it and its folder yours",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: make it and its folder yours",
    sqlite3.SQLITE_PERM: "it may not be opened: make it and its folder yours",
}


class _DamagedError(Exception):
    """The file is no diary, or its pages contradict each other."""


class NewerDiaryError(UsageError):
    """The diary was written by a newer emodj, and stays as it is."""


class Diary:
    """The diary of a person. Nothing is made before the first line is added.

    Args:
        notify: gets a sentence if a damaged file was set aside, or if a row cannot be read.
        folder: where it lies; None for the person's folder of data.
    """

    def __init__(self, notify: Callable[[str], None], folder: Path | None = None) -> None:
        self._notify = notify
        self._folder = folder

    @property
    def folder(self) -> Path:
        """Its folder. Raises `NoHomeError` for a user without a home."""
        return self._folder or diary_folder()

    @property
    def path(self) -> Path:
        """Its file, which need not exist. Raises `NoHomeError` for a user without a home."""
        return self.folder / FILE_NAME

    def check(self) -> None:
        """Check that a line could be added. Sets a damaged file aside, and makes nothing.

        Raises:
            NewerDiaryError: it was written by a newer emodj.
            EmodjError: the disk refuses.
        """
        with self._opened():
            pass

    def add(self, entry: DiaryEntry) -> None:
        """Add a line.

        Raises:
            NewerDiaryError: the diary was written by a newer emodj.
            EmodjError: the disk refuses; the diary is as it was before.
        """
        marks = ", ".join("?" * len(_COLUMNS))
        with self._opened(make=True) as file:
            if file is not None:
                file.execute("BEGIN IMMEDIATE")
                file.execute(f"INSERT INTO session ({', '.join(_COLUMNS)}) VALUES ({marks})", _to_row(entry))  # noqa: S608
                file.execute("COMMIT")

    def entries(self) -> list[DiaryEntry]:
        """All lines, the oldest first; a row that cannot be read is said and stays in the file.

        Raises:
            NewerDiaryError: the diary was written by a newer emodj.
            EmodjError: the disk refuses.
        """
        with self._opened() as file:
            return [] if file is None else [entry for _, entry in self._read(file)]

    def add_note(self, words: str) -> DiaryEntry | None:
        """Add a note to the last session, below the notes that it has.

        Args:
            words: one line, not empty.

        Returns:
            The session; None if the diary is empty.

        Raises:
            UsageError: its notes would be longer than `MOST_NOTE` characters.
            NewerDiaryError, EmodjError: as for `add`.
        """
        with self._opened() as file:
            rows = [] if file is None else self._read(file)
            if file is None or not rows:
                return None
            number, entry = rows[-1]
            note = f"{entry.note}\n{words}" if entry.note else words
            _check_length(note)
            file.execute("BEGIN IMMEDIATE")
            file.execute("UPDATE session SET note = ? WHERE id = ?", (note, number))
            file.execute("COMMIT")
            return entry

    def sessions(self, start: str | None = None) -> list[tuple[int, DiaryEntry]]:
        """The lines with their numbers in the file, the oldest first.

        Args:
            start: beginning of the local start, "2026-11-03" or "2026-11-03 20:15"; None for all.

        Raises:
            NewerDiaryError, EmodjError: as for `entries`.
        """
        with self._opened() as file:
            found = [] if file is None else self._read(file)
        return [pair for pair in found if start is None or pair[1].started.isoformat(" ").startswith(start)]

    def replace_note(self, number: int, before: str, note: str) -> None:
        """Replace the notes of a session, whole or not at all; what is replaced does not stay in the file.

        Args:
            number: of the session in the file.
            before: the notes that are replaced.
            note: notes, each on a line; empty without one.

        Raises:
            UsageError: they are longer than `MOST_NOTE` characters.
            EmodjError: the session has other notes than `before` now.
            NewerDiaryError, EmodjError: as for `add`.
        """
        _check_length(note)
        with self._opened() as file:
            changed = 0
            if file is not None:
                file.execute("BEGIN IMMEDIATE")
                statement = "UPDATE session SET note = ? WHERE id = ? AND note = ?"
                changed = file.execute(statement, (note, number, before)).rowcount
                file.execute("COMMIT")
        if not changed:
            raise EmodjError("the notes of this session have changed meanwhile: look at them with `emodj diary`, and try again")

    def files(self) -> list[Path]:
        """Every file of the diary, damaged ones that were set aside included; the lock is not one."""
        return [path for path in self._files() if path.name != _LOCK_NAME]

    def wipe(self) -> None:
        """Delete every file of the diary, and its folder.

        Raises:
            EmodjError: the system refuses; what it refuses stays.
        """
        if not self._files():
            return
        with self._locked():
            for path in self.files():
                self._delete(path)
            # The last one: who waits for it begins anew
            self._delete(self.folder / _LOCK_NAME)
        with suppress(OSError):
            (self.folder / _LOCK_NAME).unlink()
        with suppress(OSError):
            self.folder.rmdir()

    def _files(self) -> list[Path]:
        try:
            found = sorted(self.folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise EmodjError(f"cannot read {self.folder} ({error.strerror or error}): make it yours") from error
        return [path for path in found if path.name == _LOCK_NAME or _FILES.fullmatch(path.name)]

    @staticmethod
    def _delete(path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except PermissionError as error:
            # Windows keeps an open file: the lock, which is empty
            if path.name != _LOCK_NAME:
                raise EmodjError(f"cannot remove {path} ({error.strerror or error}): remove it by hand") from error
        except OSError as error:
            raise EmodjError(f"cannot remove {path} ({error.strerror or error}): remove it by hand") from error

    @contextmanager
    def _opened(self, *, make: bool = False) -> Generator[sqlite3.Connection | None]:
        """Hold the lock and the file; None if there is none and none is made."""
        if not make and not os.path.lexists(self.path):
            yield None
            return
        with self._locked():
            try:
                file = self._connect(make=make)
            except _DamagedError:
                self._set_aside()
                file = self._connect(make=True) if make else None
            if file is None:
                yield None
                return
            try:
                with closing(file), self._explained():
                    yield file
            except _DamagedError as error:
                self._set_aside()
                raise EmodjError(f"your diary {self.path} is damaged in a part that was not read before: try again") from error

    def _connect(self, *, make: bool) -> sqlite3.Connection | None:
        with self._explained():
            if not self._prepare(make=make):
                return None
            file = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
            file.text_factory = _read_text
            try:
                is_diary = self._check(file, make=make)
            except BaseException:
                file.close()
                raise
            if not is_diary:
                file.close()
            return file if is_diary else None

    def _prepare(self, *, make: bool) -> bool:
        """Make the file, or take its rights from others; False if there is none and none is made."""
        path = self.path
        try:
            if path.is_symlink():
                raise UsageError(f"{path} is a link, which emodj does not follow: put the file itself there")
            if make:
                with suppress(FileExistsError):
                    # SQLite gives the files beside it the rights of this one
                    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
            status = path.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{path} is no file: remove it, and emodj makes a new one")
            if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
                path.chmod(PRIVATE)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._refused(error) from error
        return True

    def _check(self, file: sqlite3.Connection, *, make: bool) -> bool:
        """Check that a file is a diary of this form; an empty one becomes one. False for an empty one that does not.

        Raises:
            _DamagedError: it is none.
            NewerDiaryError: it is one of a newer form.
        """
        file.execute("PRAGMA trusted_schema = OFF")
        file.execute("PRAGMA secure_delete = ON")
        application, form = self._number(file, "application_id"), self._number(file, "user_version")
        tables = file.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if application == form == tables == 0:
            # As a crash leaves it right after it was made
            if not make:
                return False
            file.execute("BEGIN IMMEDIATE")
            file.execute(_TABLES)
            file.execute(f"PRAGMA application_id = {_APPLICATION}")
            file.execute(f"PRAGMA user_version = {FORM}")
            file.execute("COMMIT")
        elif application != _APPLICATION or form < 1:
            raise _DamagedError
        elif form > FORM:
            raise NewerDiaryError(
                f"your diary {self.path} was written by a newer emodj (form {form}, this one knows {FORM}): update emodj; "
                "the diary stays as it is"
            )
        elif file.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise _DamagedError
        file.execute(f"SELECT {', '.join(_COLUMNS)} FROM session LIMIT 0")  # noqa: S608
        return True

    @staticmethod
    def _number(file: sqlite3.Connection, pragma: str) -> int:
        return int(file.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _read(self, file: sqlite3.Connection) -> list[tuple[int, DiaryEntry]]:
        found: list[tuple[int, DiaryEntry]] = []
        unreadable = 0
        for number, *row in file.execute(f"SELECT id, {', '.join(_COLUMNS)} FROM session"):  # noqa: S608
            try:
                found.append((number, _from_row(row)))
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
                unreadable += 1
        if unreadable:
            rows = "1 line" if unreadable == 1 else f"{unreadable} lines"
            self._notify(f"{rows} of your diary {self.path} cannot be read, and left out here: the file keeps what it has")
        return sorted(found, key=lambda pair: (pair[1].started, pair[0]))

    def _set_aside(self) -> None:
        number = 1
        while os.path.lexists(kept := self.path.with_name(f"diary-damaged-{number}.sqlite")):
            number += 1
        try:
            for ending in reversed(_BESIDE):
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{ending}").rename(f"{kept}{ending}")
        except OSError as error:
            raise self._refused(error) from error
        self._notify(f"your diary {self.path} is damaged: it is kept as {kept.name} beside it, and a new one begins")

    @contextmanager
    def _locked(self) -> Generator[None]:
        # Imported late: the import tests where temporary files can be written, which most commands do not need
        from filelock import FileLock, Timeout

        folder = self.folder
        try:
            if not folder.is_dir():
                folder.parent.mkdir(parents=True, exist_ok=True)
                folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
            if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
                folder.chmod(_PRIVATE_FOLDER)
            lock = FileLock(folder / _LOCK_NAME, timeout=_PATIENCE_S, mode=PRIVATE)
            lock.acquire()
        except Timeout as error:
            raise EmodjError(f"another emodj holds the diary {self.path} for too long: end that one, and try again") from error
        except OSError as error:
            raise self._refused(error) from error
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Turn an error of SQLite into a sentence, or into `_DamagedError`."""
        try:
            yield
        except sqlite3.Error as error:
            # An error without a code comes from Python's part, and says nothing about the file
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
            if code in _DAMAGE or not isinstance(error, sqlite3.DatabaseError):
                raise _DamagedError from error
            reason = _REASONS.get(code, f"{error}: make room, or make its folder yours")
            raise EmodjError(f"cannot use your diary {self.path}, {reason}") from error

    def _refused(self, error: OSError) -> EmodjError:
        return EmodjError(f"cannot use your diary {self.path} ({error.strerror or error}): make room, or make its folder yours")


def _check_length(note: str) -> None:
    if len(note) > MOST_NOTE:
        raise UsageError(f"the notes of one session have room for {MOST_NOTE} characters: write a shorter one")


def _read_text(cell: bytes) -> str | bytes:
    """The text of a cell; its bytes if they are no UTF-8, which no column accepts: one cell costs its row alone."""
    try:
        return cell.decode()
    except UnicodeDecodeError:
        return cell


def _to_row(entry: DiaryEntry) -> Sequence[object]:
    shares = entry.shares or (None,) * len(EXPRESSIONS)
    mood = None if entry.mood is None else entry.mood.value
    movies = json.dumps(entry.movies, ensure_ascii=False)
    start = entry.started.isoformat()
    return (start, entry.seconds, entry.source, mood, entry.mood_source, *shares, entry.music, movies, entry.note)


def _from_row(row: Sequence[Any]) -> DiaryEntry:
    started, seconds, source, mood, mood_source, *shares, music, movies, note = row
    if not isinstance(movies, str):
        raise TypeError
    titles = json.loads(movies)
    texts = [source, mood_source, note, *cast("list[object]", titles)]
    if not isinstance(titles, list) or not all(isinstance(each, str) for each in texts):
        raise TypeError
    if music is not None and not isinstance(music, str):
        raise TypeError
    return DiaryEntry(
        datetime.fromisoformat(started),
        float(seconds),
        source,
        None if mood is None else Expression(mood),
        mood_source,
        None if None in shares else tuple(map(float, shares)),
        music,
        tuple(cast("list[str]", titles)),
        note,
    )
