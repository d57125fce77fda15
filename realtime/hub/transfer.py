"""Fetch a file of a hub, as the Hugging Face Hub serves them: within one deadline and a size, by https alone.

The hub answers with redirects to servers of its own choice (its CDN), so another host is normal there; only https is required.
A token goes to the host of the hub alone, and only after it has refused the request without one.
"""

from __future__ import annotations

import logging
import os
import re
import socket
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import IO, TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, quote, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from realtime.errors import AssetError, ServiceError, UsageError
from realtime.http_deadline import Deadline, PlainHandler, SecureHandler
from realtime.offline import explain_offline
from realtime.printable import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.client import HTTPMessage

log = logging.getLogger(__name__)

ADDRESS = "https://huggingface.co"
"""The hub, where no variable names another one."""

ADDRESS_VARIABLE = "HF_ENDPOINT"
"""Environment variable with the address of another hub, as the library of the Hugging Face Hub reads it too."""

TOKEN_VARIABLE = "HF_TOKEN"  # noqa: S105 - the name of a variable

TIMEOUT_S = 300.0
"""Longest time for all files of a release, in seconds: 32 MB at 0.9 Mbit/s."""

MAX_REDIRECTS = 5

_CHUNK = 2**16
_HEADERS = {"User-Agent": "emodj (fetches a network)"}
_REDIRECTS = {301, 302, 303, 307, 308}
_NEED_TOKEN = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}
_TOKEN = re.compile(r"[!-~]{1,1000}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository.

    Attributes:
        repository: `OWNER/NAME`.
        revision: a tag, a branch or a commit.
        path: its path in the repository.
        most: the largest size that is read; bytes.
        advice: what to try where the hub does not have it, the end of the sentence; None if a person has written its name.
    """

    repository: str
    revision: str
    path: str
    most: int
    advice: str | None = None

    def __str__(self) -> str:
        return f"{self.path} of {self.repository}@{self.revision}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched.

    Attributes:
        data: its content.
        commit: commit that the revision is, in hexadecimal; None if the hub does not say.
    """

    data: bytes
    commit: str | None


class Hub:
    """A hub, and the time for all that is asked of it. For one thread.

    Args:
        address: `https://HOST`; http is allowed for this computer only.
        token: of an account, for private repositories; None for none.
        timeout_s: longest time for all files together, in seconds, from now on.

    Raises:
        UsageError: the address is not one of a hub, or the token has characters that no token has.
    """

    def __init__(self, address: str, token: str | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        parts = _split(address)
        if parts is None or parts.query or parts.fragment or not _is_allowed(parts, local=True):
            raise UsageError(f"{ADDRESS_VARIABLE} must be the https address of a hub, not {quoted(address)}")
        if token is not None and not _TOKEN.fullmatch(token):
            raise UsageError(f"{TOKEN_VARIABLE} in your environment is not a token: correct it, or unset it")
        self.address = address.rstrip("/")
        self.host = parts.hostname or ""
        self._parts = parts
        self.token = token
        self._needs_token = False
        self._timeout_s = timeout_s
        self._deadline = Deadline()
        self._deadline.start(timeout_s)
        self._opener: OpenerDirector = build_opener(
            _RedirectsAreAnswers, PlainHandler(self._deadline), SecureHandler(self._deadline)
        )

    def fetch(self, file: RemoteFile, notify: Callable[[int | None], None]) -> Fetched:
        """Fetch a file.

        Args:
            file: which one, and its largest size.
            notify: gets the size in bytes before the content is read; None if the server does not say it.

        Raises:
            AssetError: the file is too large.
            ServiceError: the hub refuses, sends the request to a page without https, or cannot be reached in time.
        """
        log.info("fetching %s from %s", file, self.host)
        try:
            try:
                return self._fetch(file, notify)
            except HTTPError as error:
                error.close()
                if self.token is None or self._needs_token or error.code not in _NEED_TOKEN:
                    raise
            # A private repository
            self._needs_token = True
            return self._fetch(file, notify)
        except HTTPError as error:
            error.close()
            raise ServiceError(self._explain_status(error.code, file)) from error
        except (OSError, HTTPException) as error:
            # urllib wraps an error before the answer in URLError, but not an error within the answer
            raise ServiceError(self._explain_failure(error.reason if isinstance(error, URLError) else error, file)) from error

    def _fetch(self, file: RemoteFile, notify: Callable[[int | None], None]) -> Fetched:
        """As `fetch`. Raises `HTTPError` where the hub refuses, and the errors of urllib."""
        place = f"{self.address}/{file.repository}/resolve/{quote(file.revision, safe='')}/{quote(file.path)}"
        commit = None
        for _ in range(MAX_REDIRECTS + 1):
            parts = urlsplit(place)
            is_hub = self._is_hub(parts)
            with self._open(place, is_hub=is_hub) as answer:
                if is_hub:
                    commit = commit or _commit(answer.headers)
                if answer.status not in _REDIRECTS:
                    return Fetched(_read(answer, file, notify), commit)
                place = self._redirect(place, answer.headers.get("Location"), file)
        raise ServiceError(f"{self.host} redirects {file} more than {MAX_REDIRECTS} times: try again later")

    def _open(self, place: str, *, is_hub: bool) -> Any:
        # The address of a hub and every redirect were checked to be https
        request = Request(place, headers=_HEADERS)  # noqa: S310
        if is_hub and self._needs_token:
            # Our own redirects ask anew, so this header never follows one
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            return self._opener.open(request, timeout=self._deadline.left_s())
        except HTTPError as error:
            if error.code in _REDIRECTS:
                return error
            raise

    def _redirect(self, place: str, target: str | None, file: RemoteFile) -> str:
        """The address that a redirect leads to, checked."""
        following = _join(place, target or "")
        parts = _split(following)
        if parts is None or not _is_allowed(parts, local=(self._parts.scheme == "http")):
            raise ServiceError(
                f"{self.host} sends the request for {file} to a page without https, which anybody between could change: "
                "check your network"
            )
        return following

    def _is_hub(self, parts: SplitResult) -> bool:
        return (parts.scheme, parts.hostname, parts.port) == (self._parts.scheme, self._parts.hostname, self._parts.port)

    def _explain_status(self, code: int, file: RemoteFile) -> str:
        if code == HTTPStatus.NOT_FOUND:
            return f"{self.host} has no {file}: {file.advice or 'check the name and the revision'}"
        if code in _NEED_TOKEN:
            token = f"; {TOKEN_VARIABLE} may not read it" if self.token else f", and a private one needs {TOKEN_VARIABLE}"
            return f"{self.host} does not give {file} ({code}): {file.advice or f'check the name{token}'}"
        if code == HTTPStatus.TOO_MANY_REQUESTS or code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"{self.host} is busy ({code}): try again later"
        return f"{self.host} refuses {file} ({code})"

    def _explain_failure(self, error: object, file: RemoteFile) -> str:
        if isinstance(error, TimeoutError):
            return f"{file} did not arrive within {self._timeout_s:g} s: try again on a faster network"
        if isinstance(error, socket.gaierror):
            return f"{self.host} cannot be found: is this computer online?"
        if isinstance(error, ssl.SSLError):
            return f"this network changes the connection to {self.host}: open a web page, the network may want you to log in"
        if isinstance(error, HTTPException):
            return f"the answer of {self.host} for {file} was cut off or damaged: try again"
        detail = getattr(error, "strerror", None) or error
        return f"{self.host} cannot be reached for {file} ({detail}): is this computer online?"


def open_hub(environment: Mapping[str, str] = os.environ) -> Hub:
    """Open the hub that the environment names, or the Hugging Face Hub. Nothing is asked yet.

    Raises:
        ServiceError: `EMODJ_OFFLINE` forbids it.
        UsageError: the address or the token in the environment is none.
    """
    forbidden = explain_offline("a hub", environment)
    if forbidden is not None:
        raise ServiceError(forbidden)
    address, token = environment.get(ADDRESS_VARIABLE, "").strip(), environment.get(TOKEN_VARIABLE, "").strip()
    return Hub(address or ADDRESS, token or None)


class _RedirectsAreAnswers(HTTPRedirectHandler):
    """Leaves redirects to `Hub`: urllib would follow them with the token, and to http."""

    def http_error_302(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage) -> None:
        del req, fp, code, msg, headers

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def _split(address: str) -> SplitResult | None:
    """The parts of an address with a host; None for any other text."""
    try:
        parts = urlsplit(address)
        # It raises for a number that is no port
        _ = parts.port
    except ValueError:
        return None
    if not parts.hostname or parts.username is not None or not re.fullmatch(r"[!-~]+", address):
        return None
    return parts


def _join(place: str, target: str) -> str:
    """The address that a redirect names, which may be relative; empty for none."""
    try:
        return urljoin(place, target) if target else ""
    except ValueError:
        return ""


def _is_allowed(parts: SplitResult, *, local: bool) -> bool:
    """Whether files may come from an address: https; with `local` also http of this computer, where nobody stands between."""
    return parts.scheme == "https" or (local and parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _commit(headers: HTTPMessage) -> str | None:
    named = headers.get("X-Repo-Commit") or ""
    return named if _COMMIT.fullmatch(named) else None


def _read(answer: Any, file: RemoteFile, notify: Callable[[int | None], None]) -> bytes:
    length: int | None = answer.length
    if length is not None and length > file.most:
        raise _too_large(file)
    notify(length)
    data = bytearray()
    while piece := answer.read(_CHUNK):
        data += piece
        if len(data) > file.most:
            raise _too_large(file)
    if length is not None and len(data) < length:
        raise HTTPException("the answer is shorter than announced")
    return bytes(data)


def _too_large(file: RemoteFile) -> AssetError:
    return AssetError(f"{file} is larger than {file.most / 10**6:.3g} MB: emodj reads no such file of this size from a hub")
