"""Frames from a camera, a video file or a stream."""

from __future__ import annotations

import re
import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

import cv2
import numpy as np

from realtime.domain import Frame
from realtime.errors import Cause, SourceError, UsageError

if TYPE_CHECKING:
    from realtime.domain import Image

TIMEOUT_MS = 5000
"""How long opening a stream, or one read of it, may take."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:.*@")
_AFTER_HOST = re.compile(r"://[^@]*[/?#][^@]*@")
"""A password with one of these marks in it seems to end before it does."""

USUAL_RATE = 30.0
"""Frames a second where a file does not say its own."""

RELEASE_S = 2.0
"""How long closing waits for a driver to return from a read."""


class Source(Protocol):
    """Gives frames, one after the other.

    Attributes:
        live: whether time goes by while nobody reads, as with a camera.
        name: for sentences; holds no password.
    """

    live: bool
    name: str

    def read(self) -> Frame | None:
        """The next frame, None at the end."""
        ...

    def skip(self) -> None:
        """Let one frame of a live source go by, without the cost of decoding it where that can be."""
        ...

    def close(self) -> None:
        """Give the device back; safe to call twice."""
        ...


class VideoSource:
    """A source that OpenCV reads. `read` and `close` may be called by two threads.

    Args:
        capture: opened; owned from here on.
        name: for sentences.
        live: whether it is a camera or a stream, not a file.
        hint: what to try when a live source gives no more frames.

    Attributes:
        rate: frames a second, as the source says.
    """

    def __init__(self, capture: cv2.VideoCapture, name: str, *, live: bool, hint: str) -> None:
        self.live = live
        self.name = name
        self._hint = hint
        self._capture = capture
        self._index = 0
        self._lock = threading.Lock()
        rate = capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate <= 1000 else USUAL_RATE  # noqa: PLR2004 - beyond any camera: the container's clock

    def read(self) -> Frame | None:
        """The next frame, BGR; None at the end of a file.

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
                raise self._lost()
            return None
        time_s = time.monotonic() if self.live else self._index / self.rate
        frame = Frame(to_bgr(image), self._index, time_s)
        self._index += 1
        return frame

    def skip(self) -> None:
        """Let one frame go by undecoded, so that none is stale when somebody looks again.

        Raises:
            SourceError: there are no more.
        """
        with self._lock:
            try:
                ok = self._capture.grab()
            except cv2.error:
                ok = False
        if not ok:
            raise self._lost()

    def _lost(self) -> SourceError:
        return SourceError(f"{self.name} gives no {'more ' if self._index else ''}frames: {self._hint}", Cause.LOST)

    def close(self) -> None:
        """Give the device back, unless a read hangs in its driver: the end of the process does it then."""
        if self._lock.acquire(timeout=RELEASE_S):
            try:
                self._capture.release()
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_video(place: str) -> VideoSource:
    """Open a video file, by its path or a `file://` URL, or the URL of a stream.

    Raises:
        UsageError: a file that does not exist.
        SourceError: OpenCV cannot read it.
    """
    place = local_path(place)
    name = display_name(place)
    streamed = "://" in place
    if not streamed and not stat.S_ISREG(_mode(place)):
        # OpenCV would wait for ever for somebody to write into a pipe
        raise SourceError(f"{place} is neither a video file nor a camera")
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    try:
        capture = cv2.VideoCapture(place, cv2.CAP_FFMPEG, limits) if streamed else cv2.VideoCapture(place)
    except cv2.error as error:
        raise SourceError(f"{name} cannot be opened as a video") from error
    if not capture.isOpened():
        capture.release()
        hint = "does it answer in a browser?" if streamed else "is it a video, and whole?"
        raise SourceError(f"{name} cannot be opened as a video: {hint}")
    # A recording on a server has a length: it is played like a file, and its end is no fault
    live = streamed and capture.get(cv2.CAP_PROP_FRAME_COUNT) <= 0
    return VideoSource(capture, name, live=live, hint="does it still send, and is the network there?")


def local_path(place: str) -> str:
    """The path behind a `file://` URL; anything else as it is."""
    return url2pathname(urlsplit(place).path) if place.startswith("file://") else place


def is_camera(place: str) -> bool:
    """Whether a path is that of a device.

    Raises:
        UsageError: there is nothing at the path.
        SourceError: it cannot be looked at.
    """
    return "://" not in place and stat.S_ISCHR(_mode(place))


def display_name(place: str) -> str:
    """The place without what a log should not hold: of a URL its scheme and host alone.

    Passwords stand in front of the host, in the query and, with some cameras, in the path.
    """
    if "://" not in place:
        # Mistyped, an address is a path that does not exist; its password is none the less one
        return f"{place.split(':', 1)[0]}:…" if _ADDRESS.match(place) else place
    if "@" in place.split("://", 1)[1].partition("@")[2] or _AFTER_HOST.search(place):
        return place.split("://", 1)[0] + "://…"
    try:
        parts = urlsplit(place)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return place.split("://", 1)[0] + "://…"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}/…"


def _mode(place: str) -> int:
    try:
        # OpenCV ends the whole process at a name that is no text
        place.encode()
        return Path(place).stat().st_mode
    except UnicodeEncodeError as error:
        raise SourceError(f"{place!r} cannot be opened: rename it, its name is not UTF-8") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"no such file: {display_name(place)}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{place} cannot be opened as a video ({reason})") from error


def to_bgr(image: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Image:
    """A picture as (height, width, 3) uint8 BGR.

    Some drivers give grey or four channels, and change their mind in mid-stream.

    Args:
        image: (height, width) or (height, width, 1) grey, or (height, width, 3 or 4) BGR or BGRA, whose fourth is left out.
    """
    pixels = image.astype(np.uint8, copy=False)
    if pixels.ndim == 2 or pixels.shape[2] == 1:  # noqa: PLR2004
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    if pixels.shape[2] == 4:  # noqa: PLR2004
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR).astype(np.uint8, copy=False)
    return pixels
