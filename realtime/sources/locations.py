"""Locations of sources: paths and URLs, their names for sentences, and what they lead to."""

from __future__ import annotations

import re
import stat
import sys
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname  # pyright: ignore[reportDeprecated] - Windows, from 3.14 on

from realtime.errors import SourceError, UsageError

SCHEMES = frozenset({"http", "https", "rtsp", "rtsps"})
"""The schemes of URLs that emodj opens, beside `file`."""

_FILE = "file://"

_URL_WITH_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:.*@")
"""Matches a mistyped URL, without `//`, that may hold a password."""

_AT_SIGN_AFTER_HOST = re.compile(r"://[^@]*[/?#][^@]*@")
"""Matches a URL whose password contains `/`, `?` or `#`: a parser ends the host there, and takes the rest for the path."""


def check_scheme(url: str) -> str:
    """The scheme of a URL, in lower case.

    Raises:
        UsageError: emodj does not open it.
    """
    scheme = url.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise UsageError(f"{display_name(url)} cannot be opened: emodj opens files, and URLs with http, https, rtsp and rtsps")
    return scheme


def is_url(location: str) -> bool:
    """Whether a location is a URL and not a path."""
    return "://" in location


def local_path(location: str) -> str:
    """Convert a `file://` URL to its path; any other location is returned as it is.

    Raises:
        UsageError: the URL names a file of another computer.
    """
    if location[: len(_FILE)].lower() != _FILE:
        return location
    try:
        parts = urlsplit(location)
    except ValueError as error:
        raise UsageError(f"{display_name(location)} cannot be opened: the URL is not valid") from error
    if parts.netloc.lower() in {"", "localhost"}:
        return url2pathname(parts.path)  # pyright: ignore[reportDeprecated]
    if sys.platform == "win32":
        return url2pathname(f"//{parts.netloc}{parts.path}")  # pyright: ignore[reportDeprecated]
    raise UsageError(
        f"{display_name(location)} names a file of another computer: mount its folder, and name the path (of a file of this "
        "computer the URL begins with file:///)"
    )


def is_camera(location: str) -> bool:
    """Whether a path is that of a device; a URL is not.

    Raises:
        UsageError: the path does not exist.
        SourceError: the system refuses to look at it.
    """
    return not is_url(location) and stat.S_ISCHR(file_mode(location))


def display_name(location: str) -> str:
    """Name a path or URL without what a log must not hold: of a URL the scheme and the host alone.

    A URL can hold a password before the host, in the query and, with some cameras, in the path.
    """
    if not is_url(location):
        # A mistyped URL is a path that does not exist; its password is secret all the same
        return f"{location.split(':', 1)[0]}:…" if _URL_WITH_PASSWORD.match(location) else location
    if "@" in location.split("://", 1)[1].partition("@")[2] or _AT_SIGN_AFTER_HOST.search(location):
        return location.split("://", 1)[0] + "://…"
    try:
        parts = urlsplit(location)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return location.split("://", 1)[0] + "://…"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}/…"


def file_mode(path: str) -> int:
    """Kind and rights of a file, as `os.stat` gives them.

    Raises:
        UsageError: the path does not exist.
        SourceError: the system refuses to look at it.
    """
    try:
        # OpenCV aborts the whole process at a name that is not UTF-8
        path.encode()
        return Path(path).stat().st_mode
    except UnicodeEncodeError as error:
        raise SourceError(f"{path!r} cannot be opened: rename it, its name is not UTF-8") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        hint = f": a camera is named by --camera {path}" if path.isascii() and path.isdigit() else ""
        raise UsageError(f"no such file: {display_name(path)}{hint}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path} cannot be opened as a video ({reason})") from error
