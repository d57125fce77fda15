"""The file that keeps the counts of thumbs: no times, no faces, no names of songs.

Several processes may write it: each reads it anew under a lock, adds its verdicts and writes it whole.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError
from realtime.music.feedback import LIFT, MOST_CHOICES, Feedback, FeedbackKey, Kind, Tally
from realtime.printable import one_line
from realtime.reading import read_file
from realtime.storage import atomic
from realtime.storage.user_folders import NoHomeError, state_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    from realtime.music.feedback import Verdict

log = logging.getLogger(__name__)

SCHEMA = 1
MAX_BYTES = 8 * 2**20
"""Size of a file that is read, in bytes; `MOST_CHOICES` choices take about 1.5 MB."""
LOCK_TIMEOUT_S = 5.0
"""Longest wait for another emodj process that writes, in seconds."""
_MOST_ASIDE = 100

_LISTS: dict[str, Expression | None] = {**{each.value: each for each in EXPRESSIONS}, LIFT: None}
_KINDS = {kind.value: kind for kind in Kind}
_DIGEST = re.compile(r"[0-9a-f]{16}")


class DamagedError(Exception):
    """The content is not what emodj writes; the message says what is wrong."""


class NewerError(Exception):
    """The content was written by a newer emodj."""


class FeedbackFile:
    """The file of the counts.

    Args:
        path: path of the file; None for the state folder of the user on this platform.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The path of the file. Raises `NoHomeError` for a user without a home."""
        return self._path or state_folder() / "feedback.json"

    def read(self) -> tuple[Feedback | None, str | None]:
        """Read the counts. A damaged file is set aside under another name.

        Returns:
            The counts, None if there are none yet; and a sentence on a file that was set aside.

        Raises:
            EmodjError: the file cannot be read, or cannot be set aside.
        """
        try:
            feedback = self._load()
        except DamagedError:
            with self._locked():
                return self._load_or_set_aside()
        return feedback, None

    def add(self, verdicts: Sequence[tuple[FeedbackKey, Verdict]], *, create: bool) -> tuple[Feedback, str | None]:
        """Add verdicts to the counts of the file, whatever other processes have added meanwhile.

        Args:
            verdicts: in their order.
            create: whether to write the file if there is none.

        Returns:
            The counts of the file now, and a sentence on a file that was set aside.

        Raises:
            EmodjError: the file cannot be read, set aside or written; then it stays as it was.
        """
        if not create and not self._exists():
            return Feedback().plus(verdicts), None
        with self._locked():
            feedback, notice = self._load_or_set_aside()
            added = (feedback or Feedback()).plus(verdicts)
            self._write(added)
        return added, notice

    def reset(self, moods: Sequence[Expression | None] | None = None) -> tuple[int, str | None]:
        """Forget the counts of some lists, or all.

        Args:
            moods: moods of the lists, None among them for the list that lifts; None for all, which deletes the file and those
                that were set aside.

        Returns:
            Number of choices whose counts are forgotten, and a sentence on damaged files that were set aside or deleted.

        Raises:
            EmodjError: the file cannot be read, set aside, written or deleted.
        """
        if moods is None:
            return self._forget_all()
        if not self._exists():
            return 0, None
        with self._locked():
            found, notice = self._load_or_set_aside()
            left = feedback = found or Feedback()
            for mood in moods:
                left = left.without(mood)
            if left.tallies:
                self._write(left)
            else:
                atomic.delete_private(self.path)
        return len(feedback.tallies) - len(left.tallies), notice

    def _forget_all(self) -> tuple[int, str | None]:
        damaged = [path for path in self._places_aside() if os.path.lexists(path)]
        if not damaged and not self._exists():
            return 0, None
        with self._locked():
            try:
                count = len((self._load() or Feedback()).tallies)
            except DamagedError:
                count, damaged = 0, [self.path, *damaged]
            for path in (self.path, *damaged):
                atomic.delete_private(path)
        names = ", ".join(path.name for path in damaged)
        return count, one_line(f"damaged thumbs are deleted: {names}") if damaged else None

    def _places_aside(self) -> Iterator[Path]:
        """Paths for damaged files, in their order."""
        stem, suffix = self.path.stem, self.path.suffix
        return (self.path.with_name(f"{stem}-damaged-{number}{suffix}") for number in range(1, _MOST_ASIDE + 1))

    def _exists(self) -> bool:
        """Whether there is a file. Raises `EmodjError` if the system does not say so."""
        try:
            # Path.exists raises for a folder that may not be entered
            self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._unreadable(error) from error
        return True

    def _unreadable(self, error: OSError) -> EmodjError:
        return EmodjError(
            one_line(f"cannot read your thumbs {self.path} ({error.strerror or error}): make it yours, or move it away")
        )

    def _load(self) -> Feedback | None:
        """Read the file; None if there is none.

        Raises:
            DamagedError: it is damaged.
            EmodjError: the system cannot read it, or it was written by a newer emodj.
        """
        try:
            data = read_file(self.path, MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError, NoHomeError):
            return None
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise DamagedError(error.strerror) from error
            raise self._unreadable(error) from error
        try:
            return parse_feedback(data)
        except NewerError as error:
            raise EmodjError(
                one_line(
                    f"your thumbs {self.path} were written by a newer emodj, and stay as they are: update emodj, "
                    "or move them away"
                )
            ) from error

    def _load_or_set_aside(self) -> tuple[Feedback | None, str | None]:
        try:
            return self._load(), None
        except DamagedError as error:
            aside = self._set_aside()
            return None, one_line(f"your thumbs {self.path} were damaged ({error}): kept as {aside.name}, counted anew")

    def _set_aside(self) -> Path:
        """Rename the file; returns its new path."""
        free = next((path for path in self._places_aside() if not os.path.lexists(path)), None)
        if free is None:
            raise EmodjError(one_line(f"your thumbs {self.path} are damaged, like {_MOST_ASIDE} before: move them away"))
        try:
            self.path.rename(free)
        except OSError as error:
            raise EmodjError(
                one_line(
                    f"your thumbs {self.path} are damaged and cannot be renamed ({error.strerror or error}): move them away"
                )
            ) from error
        return free

    def _write(self, feedback: Feedback) -> None:
        atomic.write_private(self.path, encode_feedback(feedback))

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Hold a lock, so that no other emodj process changes the file between reading and writing.

        Raises:
            EmodjError: the folder cannot be made, or another process holds the lock for `LOCK_TIMEOUT_S`.
        """
        # Imported late: the import tests where temporary files can be written, which most sessions do not need
        from filelock import FileLock, Timeout

        path = self.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=LOCK_TIMEOUT_S, mode=atomic.PRIVATE)
            lock.acquire()
        except Timeout as error:
            raise EmodjError(one_line(f"your thumbs {path} are in use by another program: try again")) from error
        except (OSError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or error
            raise EmodjError(one_line(f"cannot write {path} ({reason}): make room, or make its folder yours")) from error
        try:
            yield
        finally:
            lock.release()


def encode_feedback(feedback: Feedback) -> bytes:
    """The content of the file: for each list and kind the counts of each choice, by its hash."""
    counts = dict[str, dict[str, dict[str, dict[str, float]]]]()
    for key, tally in sorted(feedback.tallies.items(), key=lambda item: _sort_key(item[0])):
        at = counts.setdefault(key.list_name, {}).setdefault(key.kind.value, {})
        at[key.digest] = {"likes": tally.likes, "dislikes": tally.dislikes, "downs": tally.downs}
    return (json.dumps({"schema": SCHEMA, "counts": counts}, indent=1) + "\n").encode("ascii")


def parse_feedback(data: bytes) -> Feedback:
    """Parse the content of the file.

    Raises:
        DamagedError: it is not what `encode_feedback` returns.
        NewerError: its schema is of a later version.
    """
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedError("it is no JSON") from error
    top = _object(found, "it")
    schema = top.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise NewerError
    if type(schema) is not int or schema != SCHEMA:
        raise DamagedError(f"its schema is not {SCHEMA}")
    tallies = dict[FeedbackKey, Tally]()
    for list_name, kinds in _object(top.get("counts"), "counts").items():
        for kind, digests in _object(kinds, "a list").items():
            if list_name not in _LISTS or kind not in _KINDS:
                raise DamagedError("it names an unknown list or kind")
            for digest, counts in _object(digests, "a kind").items():
                if not _DIGEST.fullmatch(digest):
                    raise DamagedError("it names a choice that is no hash")
                tallies[FeedbackKey(_LISTS[list_name], _KINDS[kind], digest)] = _parse_tally(_object(counts, "a choice"))
    if len(tallies) > MOST_CHOICES:
        raise DamagedError(f"it has more than {MOST_CHOICES} choices")
    return Feedback(tallies)


def _parse_tally(counts: dict[str, object]) -> Tally:
    likes, dislikes, downs = (counts.get(name) for name in ("likes", "dislikes", "downs"))
    for count in (likes, dislikes, downs):
        if isinstance(count, bool) or not isinstance(count, int | float):
            raise DamagedError("a count is no number")
    if not isinstance(downs, int):
        raise DamagedError("a row of thumbs down is no whole number")
    try:
        return Tally(float(cast("float", likes)), float(cast("float", dislikes)), downs)
    except (ValueError, OverflowError) as error:
        raise DamagedError("a count is out of its range") from error


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise DamagedError(f"{name} is no object")
    return cast("dict[str, object]", value)


def _sort_key(key: FeedbackKey) -> tuple[int, str, str]:
    return [*_LISTS].index(key.list_name), key.kind.value, key.digest
