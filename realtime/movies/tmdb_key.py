"""The key of a person at TMDb: from the environment, or from a file that only the person can read."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from realtime.errors import UsageError
from realtime.movies.tmdb import TmdbKeyError
from realtime.reading import read_file
from realtime.storage import atomic
from realtime.storage.user_folders import NoHomeError, config_folder

if TYPE_CHECKING:
    from pathlib import Path

KEY_VARIABLE = "TMDB_TOKEN"
"""Environment variable with the key; it wins over the file."""
MAX_KEY_BYTES = 4096
"""Size of an input that can be a key, in bytes; TMDb's have about 250."""

KEY_ADVICE = "copy the API Read Access Token from https://www.themoviedb.org/settings/api"

# A signed token (RFC 7515): three parts of base64url with dots between them
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_SHORT_KEY = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class TmdbKey:
    """A key. The text form does not show it, so that no log and no traceback does.

    Attributes:
        token: TMDb's API Read Access Token.
        place: where it is kept, in words that continue "the key ".
    """

    token: str = field(repr=False)
    place: str


class TmdbKeyFile:
    """The file that keeps the key.

    Args:
        path: path of the file; None for the user's configuration folder on this platform.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The path of the file. Raises `NoHomeError` for a user without a home, who has no such file."""
        return self._path or config_folder() / "tmdb-token"

    def load(self) -> TmdbKey | None:
        """Read the key; None if there is none.

        Raises:
            TmdbKeyError: other users can read the file, or it is damaged or unreadable.
        """
        again = "emodj movies logout, then login again"
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            data = read_file(self.path, MAX_KEY_BYTES)
        except (FileNotFoundError, NoHomeError):
            return None
        except OSError as error:
            raise TmdbKeyError(f"cannot read your TMDb key {self.path} ({error.strerror or error}): {again}") from error
        # Windows has no permission bits
        if os.name == "posix" and mode & 0o077:
            raise TmdbKeyError(f"others can read your TMDb key {self.path} (mode {mode:o}): {again}")
        try:
            token = parse_key(data.decode("ascii"), str(self.path))
        except (UnicodeDecodeError, UsageError) as error:
            raise TmdbKeyError(f"your TMDb key {self.path} is damaged: {again}") from error
        return TmdbKey(token, f"in {self.path}")

    def save(self, token: str) -> None:
        """Replace the key, whole or not at all.

        Raises:
            EmodjError: the file cannot be written.
        """
        atomic.write_private(self.path, f"{token}\n".encode())

    def delete(self) -> bool:
        """Delete the file; False if there was none.

        Raises:
            EmodjError: the file cannot be deleted.
        """
        try:
            return atomic.delete_private(self.path)
        except NoHomeError:
            return False


def find_key() -> TmdbKey | None:
    """The key of `KEY_VARIABLE`, else that of the file; None if there is none.

    Raises:
        TmdbKeyError: the one that counts cannot be used.
    """
    text = os.environ.get(KEY_VARIABLE, "").strip()
    if not text:
        return TmdbKeyFile().load()
    try:
        return TmdbKey(parse_key(text, KEY_VARIABLE), f"in {KEY_VARIABLE}")
    except UsageError as error:
        raise TmdbKeyError(str(error)) from error


def parse_key(text: str, source: str) -> str:
    """Check a key and return it without the blanks around it.

    Args:
        text: the key.
        source: where the text came from, as the first words of the error message.

    Raises:
        UsageError: the text is no key. The message does not repeat it: it is a secret all the same.
    """
    stripped = text.strip()
    if len(stripped) <= MAX_KEY_BYTES and _TOKEN.fullmatch(stripped):
        return stripped
    if _SHORT_KEY.fullmatch(stripped):
        raise UsageError(f"{source} is the API Key of TMDb, and emodj needs the longer text beside it: {KEY_ADVICE}")
    raise UsageError(f"{source} is no key of TMDb: {KEY_ADVICE}, three parts with dots between them")
