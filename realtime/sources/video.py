"""Source protocol; cameras, video files and streams read through OpenCV."""

from __future__ import annotations

import re
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname  # pyright: ignore[reportDeprecated] - Windows, from 3.14 on

import cv2
import numpy as np

from realtime.domain import Frame
from realtime.errors import Cause, SourceError, UsageError

if TYPE_CHECKING:
    from realtime.domain import Image

TIMEOUT_MS = 5000
"""How long opening a stream, or one read of it, may take."""

DEFAULT_FPS = 30.0
"""Frames a second where a file does not state its rate."""

MAX_FPS = 1000.0
"""A higher rate is the clock of the container, not the rate of a camera."""

RELEASE_S = 2.0
"""How long closing waits for a driver to return from a read."""

_URL_WITH_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:.*@")
"""Matches a mistyped URL, without `//`, that may hold a password."""

_AT_SIGN_AFTER_HOST = re.compile(r"://[^@]*[/?#][^@]*@")
"""Matches a URL whose password contains `/`, `?` or `#`: a parser ends the host there, and takes the rest for the path."""


class Source(Protocol):
    """Gives frames, one after the other.

    Attributes:
        live: whether frames pass even if they are not read, as with a camera.
        name: name for sentences; holds no password.
    """

    live: bool
    name: str

    def read(self) -> Frame | None:
        """Read the next frame; None at the end."""
        ...

    def skip(self) -> None:
        """Drop one frame of a live source, without the cost of decoding it where the driver allows that."""
        ...

    def close(self) -> None:
        """Release the device; safe to call twice."""
        ...


class VideoSource:
    """A source that OpenCV reads. One thread may call `read` while another one calls `close`.

    Args:
        capture: an open capture; this object releases it.
        name: name for sentences.
        live: whether it is a camera or a stream, not a file.
        hint: what to try when a live source gives no more frames.

    Attributes:
        rate: frames a second that the source states, else `DEFAULT_FPS`.
    """

    def __init__(self, capture: cv2.VideoCapture, name: str, *, live: bool, hint: str) -> None:
        self.live = live
        self.name = name
        self._hint = hint
        self._capture = capture
        self._index = 0
        self._lock = threading.Lock()
        rate = capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate <= MAX_FPS else DEFAULT_FPS

    def read(self) -> Frame | None:
        """Read the next frame, BGR; None at the end of a file.

        Raises:
            SourceError: a live source gives no more frames.
        """
        with self._lock:
            try:
                ok, image = self._capture.read()
            except cv2.error:
                ok, image = False, None
        if not ok or image is None or image.size == 0:
            if self.live:
                raise self._loss_error()
            return None
        time_s = time.monotonic() if self.live else self._index / self.rate
        frame = Frame(to_bgr(image), self._index, time_s)
        self._index += 1
        return frame

    def skip(self) -> None:
        """Drop one frame without decoding it, so that the driver keeps no old frame for the next read.

        Raises:
            SourceError: the source gives no more frames.
        """
        with self._lock:
            try:
                ok = self._capture.grab()
            except cv2.error:
                ok = False
        if not ok:
            raise self._loss_error()

    def _loss_error(self) -> SourceError:
        return SourceError(f"{self.name} gives no {'more ' if self._index else ''}frames: {self._hint}", Cause.LOST)

    def close(self) -> None:
        """Release the device. If a read hangs in the driver, the device stays open until the process ends."""
        if self._lock.acquire(timeout=RELEASE_S):
            try:
                self._capture.release()
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_video(location: str) -> VideoSource:
    """Open a video file, by its path or a `file://` URL, or a stream, by its URL.

    Raises:
        UsageError: the file does not exist.
        SourceError: OpenCV cannot read it.
    """
    location = local_path(location)
    name = display_name(location)
    is_url = "://" in location
    if not is_url and not stat.S_ISREG(_file_mode(location)):
        # OpenCV would wait for ever for a program that writes into a pipe
        raise SourceError(f"{location} is neither a video file nor a camera")
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    try:
        capture = cv2.VideoCapture(location, cv2.CAP_FFMPEG, timeouts) if is_url else cv2.VideoCapture(location)
    except cv2.error as error:
        raise SourceError(f"{name} cannot be opened as a video") from error
    if not capture.isOpened():
        capture.release()
        hint = "does it answer in a browser?" if is_url else "is it a complete video file?"
        raise SourceError(f"{name} cannot be opened as a video: {hint}")
    # A recording on a server has a length: it is read like a file, and its end is not an error
    live = is_url and capture.get(cv2.CAP_PROP_FRAME_COUNT) <= 0
    return VideoSource(capture, name, live=live, hint="does it still send, and is the network connected?")


def local_path(location: str) -> str:
    """Convert a `file://` URL to its path; any other location is returned as it is."""
    if not location.startswith("file://"):
        return location
    return url2pathname(urlsplit(location).path)  # pyright: ignore[reportDeprecated]


def is_camera(location: str) -> bool:
    """Whether a path is that of a device; a URL is not.

    Raises:
        UsageError: the path does not exist.
        SourceError: the system refuses to look at it.
    """
    return "://" not in location and stat.S_ISCHR(_file_mode(location))


def display_name(location: str) -> str:
    """Name a path or URL without what a log must not hold: of a URL the scheme and the host alone.

    A URL can hold a password before the host, in the query and, with some cameras, in the path.
    """
    if "://" not in location:
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


def _file_mode(path: str) -> int:
    try:
        # OpenCV aborts the whole process at a name that is not UTF-8
        path.encode()
        return Path(path).stat().st_mode
    except UnicodeEncodeError as error:
        raise SourceError(f"{path!r} cannot be opened: rename it, its name is not UTF-8") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"no such file: {display_name(path)}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path} cannot be opened as a video ({reason})") from error


def to_bgr(image: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Image:
    """Convert a picture to (height, width, 3) uint8 BGR.

    Some drivers give grey pictures or four channels, and can change that between two frames.

    Args:
        image: (height, width) or (height, width, 1) grey, or (height, width, 3 or 4) BGR or BGRA; the fourth is dropped.
    """
    pixels = image.astype(np.uint8, copy=False)
    if pixels.ndim == 2 or pixels.shape[2] == 1:  # noqa: PLR2004
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    if pixels.shape[2] == 4:  # noqa: PLR2004
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR).astype(np.uint8, copy=False)
    return pixels
