"""A person's Spotify login on disk: for its owner alone, whole or not there."""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, cast

import platformdirs

from realtime.errors import EmodjError, UsageError
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path


log = logging.getLogger(__name__)
_VISIBLE = re.compile("[!-~]+")
_LATEST = 10**11
"""Seconds of `time.time()`: the year 5138. NaN, infinity and numbers of a thousand digits are not below it."""
_LOCKED_S = 8.0
"""How long another emodj may take to exchange a token: its request ends before that."""
_SOON_S = 60
"""A token that ends so soon counts as ended: it has to last for the request that it is sent with."""


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What a login gave us. Its text says nothing of it, so that no log and no traceback does.

    Attributes:
        client_id: of the app that it was given to.
        access: lets an hour of requests in.
        refresh: gets the next one; dies six months after the login.
        expires_at: when `access` ends, seconds of `time.time()`.
        scope: what it allows, separated by blanks.
        premium: whether the account can be controlled; None until something was tried.
    """

    client_id: str
    access: str
    refresh: str
    expires_at: float
    scope: str
    premium: bool | None = None

    def __repr__(self) -> str:
        return "Token(…)"

    def lasts(self, now_s: float) -> bool:
        """Whether it still lets requests in, at a moment of `time.time()`."""
        return now_s < self.expires_at - _SOON_S

    def missing(self, scopes: Iterable[str]) -> list[str]:
        """Which of these it does not allow."""
        return [scope for scope in scopes if scope not in self.scope.split()]

    @property
    def secrets(self) -> tuple[str, str, str]:
        """What must never be seen."""
        return self.access, self.refresh, self.client_id


class CredentialStore:
    """Where a login is kept.

    Args:
        path: of the file; None for that of this person on this platform.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or platformdirs.user_config_path("emodj") / "spotify-token.json"

    @property
    def _lock(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def version(self) -> tuple[int, int] | None:
        """Tells one login from the next, good or not; None if nobody is logged in."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def load(self) -> Token | None:
        """Read it; None if nobody is logged in.

        Raises:
            SpotifyError: others may read it, or it is damaged.
        """
        try:
            with self.path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                text = file.read(64 * 2**10)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SpotifyError(f"cannot read your Spotify login {self.path} ({error.strerror or error})") from error
        # Windows has no such bits
        if os.name == "posix" and mode & 0o077:
            raise SpotifyError(
                f"others can read your Spotify login {self.path} (mode {mode:o}): emodj spotify logout, then login again",
                ErrorKind.LOGGED_OUT,
            )
        token = _parsed(text)
        if token is None:
            raise SpotifyError(
                f"your Spotify login {self.path} is damaged: emodj spotify logout, then login again", ErrorKind.LOGGED_OUT
            )
        return token

    @contextmanager
    def locked(self) -> Generator[None]:
        """No other emodj exchanges or changes the login meanwhile; where nothing can be locked they rarely meet."""
        if self.version() is None:
            # Nothing to keep apart, and a lock is a file
            yield
            return
        # Late: it tries out where temporary files can be written, and a session has no reason to
        from filelock import FileLock, Timeout

        lock = FileLock(self._lock, timeout=_LOCKED_S)
        try:
            lock.acquire()
        except (OSError, Timeout) as error:
            log.info("not locked: %s", error)
        try:
            yield
        finally:
            lock.release()

    def log_out(self) -> bool:
        """Remove it for good; False if there was none. A session that is exchanging its token would else write it again.

        Raises:
            EmodjError: the disk refuses.
        """
        with self.locked():
            removed = self.delete()
        # Who waits for it still finds that nobody is logged in
        with suppress(OSError):
            self._lock.unlink()
        return removed

    def save(self, token: Token) -> None:
        """Write it in place of the old one, whole or not at all.

        Raises:
            EmodjError: the disk refuses.
        """
        _write(self.path, json.dumps(asdict(token)).encode())

    def delete(self) -> bool:
        """Remove it; False if there was none.

        Raises:
            EmodjError: the disk refuses.
        """
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise EmodjError(f"cannot remove {self.path} ({error.strerror or error}): remove it by hand") from error
        return True


def is_moment(value: object) -> bool:
    """Whether it can be a moment of `time.time()`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LATEST


def fit_to_send(text: object) -> bool:
    """Whether it has only what tokens are made of (RFC 6749, appendix A): a library would name any other in its error."""
    return isinstance(text, str) and _VISIBLE.fullmatch(text) is not None


def _parsed(text: bytes) -> Token | None:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    values = cast("dict[str, Any]", document)
    token = {field.name: values.get(field.name) for field in fields(Token)}
    texts = all(fit_to_send(token[name]) for name in ("client_id", "access", "refresh"))
    number = is_moment(token["expires_at"])
    if not texts or not number or not isinstance(token["scope"], str) or not isinstance(token["premium"], bool | None):
        return None
    return Token(**cast("dict[str, Any]", token))


CLIENT_ID_VARIABLE = "SPOTIPY_CLIENT_ID"
"""Environment variable that names a client id where no option does, as spotipy has it."""
_CLIENT_ID = re.compile(r"[0-9A-Za-z]{32}")


class ClientIdFile:
    """Where a person's client id is kept between logins."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or platformdirs.user_config_path("emodj") / "spotify-client-id"

    def load(self) -> str | None:
        """The id, or None where there is none."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None
        return text if _CLIENT_ID.fullmatch(text) else None

    def save(self, client_id: str) -> None:
        """Keep it.

        Raises:
            EmodjError: the disk refuses.
        """
        _write(self.path, f"{client_id}\n".encode())


def parse_client_id(text: str, named_by: str) -> str:
    """The id without blanks around it.

    Raises:
        UsageError: it is none. The sentence does not repeat it: it may be a secret that was pasted by mistake.
    """
    if _CLIENT_ID.fullmatch(stripped := text.strip()):
        return stripped
    raise UsageError(
        f"{named_by} is no client id: it has 32 letters and digits, see your app at developer.spotify.com/dashboard"
    )


def _write(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, in a folder that is made if it is missing."""
    advice = "make room, or make its folder yours"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmodjError(f"cannot write {path} ({error.strerror or error}): {advice}") from error
    atomic.write({path: content}, private=True, advice=advice)
