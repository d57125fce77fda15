"""Frames from a camera, a video file or a stream; `LatestFrames` is the thread that keeps the newest of them."""

from __future__ import annotations

import stat
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self
from urllib.parse import urlsplit

import cv2
import numpy as np

from realtime.domain import Frame
from realtime.errors import SourceError, UsageError

if TYPE_CHECKING:
    from realtime.domain import Image

TIMEOUT_MS = 5000
"""How long opening a stream, or one read of it, may take."""

USUAL_RATE = 30.0
"""Frames a second where a file does not say its own."""

JOIN_S = 2.0
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

    def close(self) -> None:
        """Give the device back; safe to call twice."""
        ...


class VideoSource:
    """A source that OpenCV reads. `read` and `close` may be called by two threads.

    Args:
        capture: opened; owned from here on.
        name: for sentences.
        live: whether it is a camera or a stream, not a file.
    """

    def __init__(self, capture: cv2.VideoCapture, name: str, *, live: bool) -> None:
        self.live = live
        self.name = name
        self._capture = capture
        self._index = 0
        self._lock = threading.Lock()
        rate = capture.get(cv2.CAP_PROP_FPS)
        self._rate = rate if 0 < rate <= 1000 else USUAL_RATE  # noqa: PLR2004 - beyond any camera: the container's clock

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
                raise SourceError(f"{self.name} gives no more frames: is it still plugged in, or in use by another program?")
            return None
        time_s = time.monotonic() if self.live else self._index / self._rate
        frame = Frame(_bgr(image), self._index, time_s)
        self._index += 1
        return frame

    def close(self) -> None:
        """Give the device back, unless a read hangs in its driver: the end of the process does it then."""
        if self._lock.acquire(timeout=JOIN_S):
            try:
                self._capture.release()
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_camera(index: int, *, width: int, height: int, fps: float) -> VideoSource:
    """Open a camera.

    Args:
        index: 0 for the first.
        width: wanted size in pixels; the driver takes the nearest that it has.
        height: likewise.
        fps: wanted frames a second.

    Raises:
        SourceError: no such camera, or it gives nothing.
    """
    capture = cv2.VideoCapture(index)
    if not capture.isOpened():
        capture.release()
        raise SourceError(
            f"camera {index} cannot be opened: is it plugged in, free, and allowed? "
            "--camera 1 tries the next one, --source PATH plays a file"
        )
    for key, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height), (cv2.CAP_PROP_FPS, fps)):
        capture.set(key, value)
    # The newest frame is the one that matters; drivers that keep a queue make every label late
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return VideoSource(capture, f"camera {index}", live=True)


def open_source(place: str) -> VideoSource:
    """Open a video file, a device path or the URL of a stream.

    Raises:
        UsageError: a file that does not exist.
        SourceError: OpenCV cannot read it.
    """
    place = place.removeprefix("file://")
    name = display_name(place)
    streamed = "://" in place
    live = streamed or _is_device(place)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, TIMEOUT_MS]
    try:
        capture = cv2.VideoCapture(place, cv2.CAP_FFMPEG, limits) if streamed else cv2.VideoCapture(place)
    except cv2.error as error:
        raise SourceError(f"{name} cannot be opened as a video") from error
    if not capture.isOpened():
        capture.release()
        hint = "does it answer in a browser?" if streamed else "is it a video, and whole?"
        raise SourceError(f"{name} cannot be opened as a video: {hint}")
    if streamed and capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
        # A recording on a server has a length: it is played like a file, and its end is no fault
        live = False
    return VideoSource(capture, name, live=live)


def display_name(place: str) -> str:
    """The place without what a log should not hold: of a URL its scheme and host alone.

    Passwords stand in front of the host, in the query and, with some cameras, in the path.
    """
    if "://" not in place:
        return place
    try:
        parts = urlsplit(place)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return place.split("://", 1)[0] + "://…"
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}/…"


def _is_device(place: str) -> bool:
    try:
        return stat.S_ISCHR(Path(place).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"no such file: {place}") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{place} cannot be opened as a video ({reason})") from error


def _bgr(image: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Image:
    """Some drivers give grey or four channels, and change their mind in mid-stream."""
    pixels = image.astype(np.uint8, copy=False)
    if pixels.ndim == 2 or pixels.shape[2] == 1:  # noqa: PLR2004
        return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR).astype(np.uint8, copy=False)
    if pixels.shape[2] == 4:  # noqa: PLR2004
        return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR).astype(np.uint8, copy=False)
    return pixels


class LatestFrames:
    """Reads a source in a thread and keeps the newest frame, so that no queue grows and no reader waits for a device.

    A file is read at its own pace and can be paused; a live source goes on whether anybody looks or not.

    Args:
        source: read by the thread alone from here on; not closed here.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._error: BaseException | None = None
        self._ended = False
        self._stopped = False
        self._paused = False
        # A driver whose read never returns cannot be joined; only then the thread is left behind
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(JOIN_S)

    @property
    def ended(self) -> bool:
        """Whether the source is at its end and its last frame was the newest one."""
        with self._changed:
            return self._ended

    def pause(self, paused: bool) -> None:  # noqa: FBT001 - a switch
        """Hold a file where it is, or let it go on; a live source cannot be held."""
        with self._changed:
            self._paused = paused and not self._source.live
            self._changed.notify_all()

    def newest(self, after: int = -1, timeout_s: float = 0.0) -> Frame | None:
        """The newest frame if its index is above `after`, else None once `timeout_s` has passed or the source ended.

        Raises:
            SourceError: what the source raised.
        """

        def ready() -> bool:
            return self._ended or (self._newest is not None and self._newest.index > after)

        with self._changed:
            if timeout_s > 0:
                self._changed.wait_for(ready, timeout_s)
            if self._newest is not None and self._newest.index > after:
                return self._newest
            if self._error is not None:
                raise self._error
            return None

    def _run(self) -> None:
        try:
            due = time.monotonic()
            before = 0.0
            while (frame := self._source.read()) is not None:
                if not self._source.live:
                    due = self._wait(due + frame.time_s - before)
                    before = frame.time_s
                with self._changed:
                    if self._stopped:
                        return
                    self._newest = frame
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever asks for a frame
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _wait(self, due: float) -> float:
        """Wait until `due`, longer while paused; returns when the frame was due, so that the pause does not count."""
        with self._changed:
            while not self._stopped:
                if self._paused:
                    left = max(0.0, due - time.monotonic())
                    self._changed.wait_for(lambda: self._stopped or not self._paused)
                    due = time.monotonic() + left
                    continue
                wait_s = due - time.monotonic()
                if wait_s <= 0:
                    break
                self._changed.wait(wait_s)
            # A slow disk makes the clip late once, not hurried for ever after
            return max(due, time.monotonic() - 1.0)
