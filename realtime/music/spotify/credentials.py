"""Spotify login and client id on disk, readable only by the user."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import stat
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, cast

from realtime.errors import UsageError
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.reading import read_file
from realtime.storage import atomic
from realtime.storage.user_folders import NoHomeError, config_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path


log = logging.getLogger(__name__)

CLIENT_ID_VARIABLE = "SPOTIPY_CLIENT_ID"
"""Environment variable with the client id, used if no option names one; spotipy uses the same name."""
_CLIENT_ID = re.compile(r"[0-9A-Za-z]{32}")
_MAX_BYTES = 64 * 2**10
_TOKEN_CHARACTERS = re.compile("[!-~]+")
_MAX_TIMESTAMP_S = 10**11
"""Seconds of `time.time()`: the year 5138. NaN, infinity and numbers of a thousand digits are not below it."""
_LOCK_TIMEOUT_S = 8.0
"""Longest wait for another emodj process that renews the token, in seconds; its request times out before that."""
_EXPIRY_MARGIN_S = 60
"""A token that expires within so many seconds counts as expired, since it must last until its request is answered."""


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """Tokens of a login. The text form shows no field, so that no log and no traceback shows a secret.

    Attributes:
        client_id: client id of the app that received the tokens.
        access: access token; valid for an hour.
        refresh: refresh token, to be exchanged for new tokens; expires six months after the login.
        expires_at: time at which `access` expires, in seconds of `time.time()`.
        scope: permissions, separated by spaces.
        premium: whether the account has Premium and can be controlled; None until a command has shown it.
    """

    client_id: str
    access: str
    refresh: str
    expires_at: float
    scope: str
    premium: bool | None = None

    def __repr__(self) -> str:
        return "Token(…)"

    def is_valid_at(self, now_s: float) -> bool:
        """Whether the access token is still valid at a time in seconds of `time.time()`."""
        return now_s < self.expires_at - _EXPIRY_MARGIN_S

    def missing_scopes(self, scopes: Iterable[str]) -> list[str]:
        """The permissions of a list that the token does not have."""
        return [scope for scope in scopes if scope not in self.scope.split()]

    @property
    def secrets(self) -> tuple[str, str, str]:
        """Texts that no log and no message may show."""
        return self.access, self.refresh, self.client_id


class CredentialStore:
    """The file with the tokens of a login.

    Args:
        path: path of the file; None for the user's configuration folder on this platform.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The path of the file. Raises `NoHomeError` for a user without a home, who has no login."""
        return self._path or config_folder() / "spotify-token.json"

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def version(self) -> tuple[int, int] | None:
        """Inode and modification time of the file, to detect a new login, valid or not; None without a login."""
        try:
            status = self.path.stat()
        except (OSError, NoHomeError):
            return None
        return status.st_ino, status.st_mtime_ns

    def load(self) -> Token | None:
        """Read the tokens; None without a login.

        Raises:
            SpotifyError: other users can read the file, or it is damaged or unreadable.
        """
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            text = read_file(self.path, _MAX_BYTES)
        except (FileNotFoundError, NoHomeError):
            return None
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise self._damaged() from error
            raise SpotifyError(f"cannot read your Spotify login {self.path} ({error.strerror or error})") from error
        # Windows has no permission bits
        if os.name == "posix" and mode & 0o077:
            raise SpotifyError(
                f"others can read your Spotify login {self.path} (mode {mode:o}): emodj spotify logout, then login again",
                ErrorKind.LOGGED_OUT,
            )
        token = _parse_token(text)
        if token is None:
            raise self._damaged()
        return token

    def _damaged(self) -> SpotifyError:
        return SpotifyError(
            f"your Spotify login {self.path} is damaged: emodj spotify logout, then login again", ErrorKind.LOGGED_OUT
        )

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold a lock, so that no other emodj process renews or changes the login meanwhile.

        If the lock cannot be acquired, continue without it: two processes rarely renew at the same time.
        """
        if self.version() is None:
            # Without a login there is nothing to protect, and the lock would leave a file
            yield
            return
        # Imported late: the import tests where temporary files can be written, which most sessions do not need
        from filelock import FileLock, Timeout

        lock = FileLock(self._lock_path, timeout=_LOCK_TIMEOUT_S)
        try:
            lock.acquire()
        except (OSError, Timeout) as error:
            log.info("not locked: %s", error)
        try:
            yield
        finally:
            lock.release()

    def log_out(self) -> bool:
        """Delete the login under the lock: otherwise a session that is renewing its token could write it again.

        Returns:
            False if no login existed.

        Raises:
            EmodjError: the file cannot be deleted.
        """
        with self.locked():
            removed = self.delete()
        # A process that waits for the lock finds no login then
        with suppress(OSError, NoHomeError):
            self._lock_path.unlink()
        return removed

    def save(self, token: Token) -> None:
        """Replace the login, whole or not at all.

        Raises:
            EmodjError: the file cannot be written.
        """
        atomic.write_private(self.path, json.dumps(asdict(token)).encode())

    def delete(self) -> bool:
        """Delete the login; False if no login existed.

        Raises:
            EmodjError: the file cannot be deleted.
        """
        try:
            return atomic.delete_private(self.path)
        except NoHomeError:
            return False


class ClientIdFile:
    """The file that keeps the user's client id between logins.

    Args:
        path: path of the file; None for the user's configuration folder on this platform.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    @property
    def path(self) -> Path:
        """The path of the file. Raises `NoHomeError` for a user without a home."""
        return self._path or config_folder() / "spotify-client-id"

    def load(self) -> str | None:
        """Read the client id; None if the file is missing, unreadable or invalid."""
        try:
            text = read_file(self.path, _MAX_BYTES).decode(errors="replace").strip()
        except (OSError, NoHomeError):
            return None
        return text if _CLIENT_ID.fullmatch(text) else None

    def save(self, client_id: str) -> None:
        """Write the client id.

        Raises:
            EmodjError: the file cannot be written.
        """
        atomic.write_private(self.path, f"{client_id}\n".encode())


def parse_client_id(text: str, source: str) -> str:
    """Check a client id and return it without the spaces around it.

    Args:
        text: the client id.
        source: where the text came from, as the first words of the error message.

    Raises:
        UsageError: the text is no client id. The message does not repeat it, since it may be a secret pasted by mistake.
    """
    if _CLIENT_ID.fullmatch(stripped := text.strip()):
        return stripped
    raise UsageError(
        f"{source} is no client id: a client id has 32 letters and digits, see your app at developer.spotify.com/dashboard"
    )


def is_timestamp(value: object) -> bool:
    """Whether a value can be a time in seconds of `time.time()`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MAX_TIMESTAMP_S


def is_token_text(text: object) -> bool:
    """Whether a value has only the characters of tokens (RFC 6749, appendix A).

    A library would show a text with other characters in its error message.
    """
    return isinstance(text, str) and _TOKEN_CHARACTERS.fullmatch(text) is not None


def _parse_token(text: bytes) -> Token | None:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    values = cast("dict[str, Any]", document)
    token = {field.name: values.get(field.name) for field in fields(Token)}
    texts = all(is_token_text(token[name]) for name in ("client_id", "access", "refresh"))
    number = is_timestamp(token["expires_at"])
    if not texts or not number or not isinstance(token["scope"], str) or not isinstance(token["premium"], bool | None):
        return None
    return Token(**cast("dict[str, Any]", token))
