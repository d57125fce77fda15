"""Source protocol; what OpenCV reads: cameras, video files, and streams."""

from __future__ import annotations

import logging
import stat
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import cv2
import numpy as np

from realtime.domain import Frame
from realtime.errors import Cause, SourceError
from realtime.sources.ffmpeg import FILE_OPTIONS, VARIABLE, open_capture
from realtime.sources.film_files import RAW_FPS, FilmFacts, read_film_facts
from realtime.sources.film_memory import MAX_PIXELS, FilmMemory
from realtime.sources.frame_pixels import pixel_ratio, to_bgr, with_square_pixels
from realtime.sources.frame_times import FrameTimes, last_shown_s
from realtime.sources.interlaced import is_interlaced, open_deinterlaced
from realtime.sources.locations import file_mode, is_url
from realtime.sources.waiting import run_interruptibly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtime.sources.animation import AnimationSource
    from realtime.sources.ffmpeg import Capture
    from realtime.sources.server_graph import ServerGraphCapture

    Pixels = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

DEFAULT_FPS = 30.0
"""Frames a second where a file states neither times nor a rate."""

MAX_FPS = 500.0
"""A higher rate is the clock of the container, not the rate of a camera: browsers write 1000."""

MAX_SIZE = "7680×4320"
"""`MAX_PIXELS` for sentences."""

DECODING_THREADS = 2
"""Each thread of FFmpeg keeps frames of its own: with one for each core, a film of 8K takes gigabytes."""

LIVE_REPEATS = 8
"""After so many equal pictures in a row, a stream is asked once whether it is interlaced. Pictures of a sensor differ."""

RELEASE_S = 2.0
"""How long closing waits for a driver to return from a read."""


log = logging.getLogger(__name__)


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
        film: location and options that open the same film or stream again; None for a source that cannot be opened twice.
        first_pause_s: how long the second picture of a live source may take before it counts as lost.
        facts: what the file states beside what OpenCV gives.

    Attributes:
        rate: frames a second that the source states; None if it states none, or one that no camera has.
    """

    def __init__(
        self,
        capture: Capture,
        name: str,
        *,
        live: bool,
        hint: str,
        film: tuple[str, Mapping[str, str]] | None = None,
        first_pause_s: float = 0.0,
        facts: FilmFacts = FilmFacts(),  # noqa: B008 - frozen
    ) -> None:
        self.live = live
        self.first_pause_s = first_pause_s
        self.name = name
        self._hint = hint
        self._film = film
        self._deinterlaced = False
        self._repeats = 0
        self._server_graph: ServerGraphCapture | None = None
        self._capture: Capture = capture
        self._index = 0
        self._lock = threading.Lock()
        rate = capture.get(cv2.CAP_PROP_FPS)
        self.rate = rate if 0 < rate <= MAX_FPS else None
        self._facts = facts
        # Cameras are not read by FFmpeg
        self._memory = None if film is None else _film_memory(capture)
        self._unread = 0
        self._ended = False
        self._pixel_ratio = pixel_ratio(capture)
        self._frame_s = 1 / (self.rate or DEFAULT_FPS)
        self._times = FrameTimes(self._frame_s)
        # OpenCV computes the number of frames from the length and this rate, also where no camera has the rate
        frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._length_s = frames / rate if frames > 0 and rate > 0 else 0.0
        self._last: Frame | None = None
        self._longest_s = 0.0
        self._next: tuple[Pixels, float] | None = None
        # Of the picture before: a sample of its pixels, and its time as the file states it, in milliseconds
        self._previous: tuple[Pixels, float] | None = None
        self._next_check = 1

    @property
    def remark(self) -> str | None:
        """A sentence on a film, as far as it was read: it has more video streams, is cut off, or states no times; or None."""
        if self._facts.videos > 1 and self._index:
            # OpenCV cannot choose another one
            return (
                f"{self.name} has {self._facts.videos} video streams, and the first was read: "
                "`ffmpeg -i FILM -map 0:v:1 -c copy NEW.mkv` copies the second into a file of its own"
            )
        if self._facts.is_cut and self._index:
            return f"{self.name} is cut off: it was read up to there, and its end is missing"
        if self._unread and self._index:
            return f"{self._unread_pictures}; `ffmpeg -i FILM NEW.mkv` makes a film of one size"
        return None if self.live or self._index <= 1 else self._recording_remark

    @property
    def _unread_pictures(self) -> str:
        return f"{self.name} has pictures that cannot be read: they are damaged, or much larger than the film states"

    @property
    def _recording_remark(self) -> str | None:
        if self._facts.is_unread:
            return (
                f"emodj could not read whether {self.name} is to be shown mirrored: if its pictures are turned wrongly, "
                "download it, and name the file"
            )
        if self.rate is None and not self._times.stated:
            return f"{self.name} states neither times nor a rate: {DEFAULT_FPS:.0f} frames a second are assumed"
        if self._facts.is_raw and self.rate == RAW_FPS:
            return (
                f"{self.name} is a stream without times: {RAW_FPS:.0f} frames a second are assumed. "
                f"{VARIABLE}='framerate;30' sets another rate"
            )
        return None

    def read(self) -> Frame | None:
        """Read the next frame, BGR with square pixels; None at the end of a file.

        If the last frame of a film is shown for long, it comes once more, as a held frame at the time when it is over.

        Raises:
            SourceError: a live source gives no more frames.
        """
        picture = self._locked(self._decode_live) if self.live else self._call(lambda: self._locked(self._decode_film))
        if picture is None:
            if self.live:
                raise self._loss_error()
            if self._unread and not self._index:
                raise SourceError(f"{self._unread_pictures}, or than {MAX_SIZE} pixels")
            return self._end()
        image, stated_ms = picture
        time_s = time.monotonic() if self.live else self._times.next(stated_ms)
        if self._facts.mirror is not None:
            image = self._facts.mirror.apply(image)
        frame = Frame(with_square_pixels(to_bgr(image), self._pixel_ratio), self._index, time_s)
        self._index += 1
        if self._memory is not None:
            self._memory.note_picture(self._index)
        if not self.live:
            self._longest_s = max(self._longest_s, time_s - self._last.time_s if self._last else 0.0)
            self._last = frame
        return frame

    def _end(self) -> Frame | None:
        """The last frame again, at the end of its time, if it is shown for long; None after that, and in any other film."""
        last, self._last = self._last, None
        if last is None:
            return None
        # A film that is cut off ends with another frame
        delay_s = self._facts.last_s if self._index >= self._facts.frames else None
        if delay_s is None and self._facts.end_s is not None and self._previous is not None:
            delay_s = self._facts.end_s - self._previous[1] / 1000
        shown_s = last_shown_s(delay_s, self._length_s - last.time_s, self._frame_s, self._longest_s)
        return replace(last, time_s=last.time_s + shown_s, held=True) if shown_s else None

    def _call(self, read: Callable[[], tuple[Pixels, float] | None]) -> tuple[Pixels, float] | None:
        """Let a signal end the wait for a server."""
        return run_interruptibly(read) if self._film is not None and is_url(self._film[0]) else read()

    def _locked(self, read: Callable[[], tuple[Pixels, float] | None]) -> tuple[Pixels, float] | None:
        with self._lock:
            return read()

    def _decode(self) -> tuple[Pixels, float] | None:
        """The next picture as OpenCV gives it, and the time that the source states, in milliseconds; None if there is none."""
        try:
            ok, image = self._capture.read()
            stated_ms = 0.0 if self.live else self._capture.get(cv2.CAP_PROP_POS_MSEC)
        except cv2.error:
            return None
        return (image, stated_ms) if ok and image.size else None

    def _decode_next(self) -> tuple[Pixels, float] | None:
        """The next picture of a film that can be decoded, as `_decode` gives it; None at the end.

        OpenCV says the same of a picture that FFmpeg cannot decode, or may not, as of the end.
        """
        if self._ended:
            return None
        while (picture := self._decode()) is None and self._stopped_at_packet():
            self._unread += 1
        self._ended = picture is None
        return picture

    def _stopped_at_packet(self) -> bool:
        """Whether the last read failed although there was a packet, the data of a picture, and reading can go on behind it."""
        capture = self._capture
        if not isinstance(capture, cv2.VideoCapture):
            return False
        if 0 < capture.get(cv2.CAP_PROP_FRAME_COUNT) < capture.get(cv2.CAP_PROP_POS_FRAMES):
            # OpenCV reads no more pictures than the film states, one excepted
            return False
        if capture.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME):
            return True
        # Only a capture of packets tells whether it has one, and it decodes nothing more
        if capture.set(cv2.CAP_PROP_FORMAT, -1) and capture.retrieve()[0]:
            self._unread += 1
        return False

    def _decode_live(self) -> tuple[Pixels, float] | None:
        """The same for a live source. A stream that repeats a picture again and again may be interlaced, as a film may be."""
        picture = self._decode()
        if picture is None or self._film is None or self._repeats >= LIVE_REPEATS:
            return picture
        sample, before = _sample(picture[0]), self._previous
        self._repeats = self._repeats + 1 if before is not None and np.array_equal(sample, before[0]) else 0
        self._previous = sample, 0.0
        # Once, for it takes a second connection, and a camera may have no other
        if self._repeats == LIVE_REPEATS and self._deinterlace(0.0, 0):
            return self._decode()
        return picture

    def _decode_film(self) -> tuple[Pixels, float] | None:
        """The same for a film. A picture that repeats the one before may be an interlaced one that OpenCV did not convert."""
        picture, self._next = self._next or self._decode_next(), None
        if picture is None:
            return None
        sample, before = _sample(picture[0]), self._previous
        if before is None:
            # The first picture has none before it: the second one shows whether it was converted
            self._next = self._decode_next()
            repeats = self._next is None or np.array_equal(sample, _sample(self._next[0]))
            if repeats and self._deinterlace(0.0, 0):
                picture, self._next = self._decode_next(), None
        elif self._index >= self._next_check and np.array_equal(sample, before[0]):
            # A film of still pictures is looked at now and then, not at each of them
            self._next_check = 2 * self._index
            if self._deinterlace(before[1] / 1000, 0 if self._times.stated else self._index):
                picture = self._decode_after(before[1])
        self._previous = None if picture is None else (_sample(picture[0]), picture[1])
        return picture

    def _decode_after(self, stated_ms: float) -> tuple[Pixels, float] | None:
        """The first picture of a film that is read again, from its start, after those that were read before.

        Args:
            stated_ms: time of the last of these.
        """
        if not self._times.stated:
            # Without times, only their number says where the film goes on
            for _ in range(self._index):
                self._decode_next()
            return self._decode_next()
        picture = self._decode_next()
        while picture is not None and picture[1] <= stated_ms:
            picture = self._decode_next()
        return picture

    def _deinterlace(self, at_s: float, skip: int) -> bool:
        """Read the source through the deinterlacer, from its start, if frames from `at_s` on, less `skip`, are interlaced."""
        if self._film is None or self._deinterlaced:
            return False
        location, options = self._film
        if is_url(location):
            # Most films are on this computer
            from realtime.sources.server_graph import ServerGraphCapture, is_interlaced_on_server

            try:
                if not is_interlaced_on_server(location, options, self.name, at_s, skip):
                    return False
            except SourceError as error:
                if not self.live:
                    raise
                log.info("%s", error)
                return False
            capture = self._server_graph = ServerGraphCapture(location, options, self.name, MAX_PIXELS)
        else:
            if not is_interlaced(location, options, at_s, skip):
                return False
            capture = open_deinterlaced(location, options)
            if not capture.isOpened():
                capture.release()
                raise SourceError(
                    f"{self.name} is interlaced, which emodj cannot read here: convert it with `ffmpeg -i FILE -vf yadif`"
                )
        self._deinterlaced = True
        self._capture.release()
        self._capture, self._ended = capture, False
        return True

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
        if self._server_graph is not None:
            self._server_graph.release()
        if self._memory is not None:
            self._memory.close()
        if self._lock.acquire(timeout=RELEASE_S):
            try:
                self._capture.release()
            finally:
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_file(path: str) -> VideoSource | AnimationSource:
    """Open a video file by its path.

    Raises:
        UsageError: the file does not exist.
        SourceError: OpenCV cannot read it, or its pictures are too large.
    """
    if not stat.S_ISREG(file_mode(path)):
        # OpenCV would wait for ever for a program that writes into a pipe
        raise SourceError(f"{path} is neither a video file nor a camera")
    if _may_be_animation(path):
        # A session with a camera needs no Pillow
        from realtime.sources.animation import open_animation

        animation = open_animation(path, path, MAX_PIXELS)
        if animation is not None:
            return animation
    # FFmpeg takes what stands before a colon for a protocol, unless the path is absolute
    location = str(Path(path).absolute())
    capture = open_limited_capture(location, path, FILE_OPTIONS, [])
    if capture is None:
        raise SourceError(f"{path} cannot be opened as a video: is it a complete video file?")
    facts = read_film_facts(location)
    if facts.mirror is not None:
        # OpenCV would turn it
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    return VideoSource(capture, path, live=False, hint="", film=(location, FILE_OPTIONS), facts=facts)


def _may_be_animation(path: str) -> bool:
    """Whether a file is WebP, AVIF or GIF by its first bytes: MP4 has the same ones as AVIF but for the brand."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(64)
    except OSError:
        return False
    return head[8:12] == b"WEBP" or head[:4] == b"GIF8" or (head[4:8] == b"ftyp" and b"avi" in head[8:])


def open_limited_capture(
    location: str, name: str, options: Mapping[str, str], parameters: list[int]
) -> cv2.VideoCapture | None:
    """Open a capture whose pictures are not too large; None if OpenCV cannot open it."""
    try:
        capture = open_capture(location, options, [*parameters, cv2.CAP_PROP_N_THREADS, DECODING_THREADS])
    except cv2.error as error:
        raise SourceError(f"{name} cannot be opened as a video") from error
    if not capture.isOpened():
        capture.release()
        return None
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if width * height > MAX_PIXELS:
        capture.release()
        raise SourceError(f"{name} is too large, {width}×{height}: emodj reads films of up to {MAX_SIZE} pixels")
    return capture


def _film_memory(capture: Capture) -> FilmMemory:
    stated = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_CODEC_PIXEL_FORMAT)
    return FilmMemory(*(int(capture.get(key)) for key in stated))


def _sample(image: Pixels) -> Pixels:
    """Every eighth pixel of every eighth row: enough to see most changes."""
    return image[::8, ::8].copy()
