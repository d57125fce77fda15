"""Animated WebP and AVIF files, and GIF files without durations, as films, read through Pillow.

FFmpeg reads the other GIF files and animated PNG. Of an animated AVIF, OpenCV's FFmpeg gives the first picture, and of an
animated WebP none. It tells the pictures of a GIF apart by the extension that holds their durations: without it, as in
GIF87a, or as Pillow writes them where it is given no duration, all of them are one.
"""

from __future__ import annotations

import importlib
import io
import threading
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from PIL import Image as Pillow

from realtime.domain import Frame
from realtime.errors import SourceError
from realtime.reading import read_file
from realtime.sources import picture_formats as formats
from realtime.sources import picture_limits as limits
from realtime.sources.frame_times import FrameTimes, last_shown_s
from realtime.sources.picture_pixels import to_upright_bgr

if TYPE_CHECKING:
    from PIL import ImageFile

    from realtime.sources.picture_formats import PictureFormat

FRAME_S = 0.1
"""Seconds from one picture to the next in a file that states no durations, as browsers show it."""

_HEAD_BYTES = 2048
_GIF_TABLE = 13
"""Where the table of colours of a GIF begins, if it has one."""
_ANIMATED = 0x02
"""The flag of an animation in the header of a WebP file (https://developers.google.com/speed/webp/docs/riff_container)."""


class AnimationSource:
    """The pictures of an animation, each at its own time.

    Args:
        picture: opened, and owned by this object.
        name: for sentences.

    Attributes:
        live: False.
        name: as above.
        rate: None: the pictures have times of their own.
    """

    live = False
    rate: float | None = None

    def __init__(self, picture: ImageFile.ImageFile, name: str) -> None:
        self.name = name
        self._picture = picture
        self._count = getattr(picture, "n_frames", 1)
        self._times = FrameTimes(FRAME_S)
        self._index = 0
        self._elapsed_ms = 0.0
        self._last: Frame | None = None
        self._lock = threading.Lock()

    @property
    def remark(self) -> str | None:
        """A sentence if the pictures have no durations, as far as they were read; else None."""
        if self._index <= 1 or self._times.stated:
            return None
        return f"{self.name} states no durations: {1 / FRAME_S:.0f} pictures a second are assumed"

    def read(self) -> Frame | None:
        """Read the next picture, BGR, transparent parts on white; None at the end.

        If the last picture is shown for long, it comes once more, as a held frame at the time when it is over. A damaged
        picture is the end, as in other films.
        """
        with self._lock:
            if self._index >= self._count:
                return self._end()
            try:
                self._picture.seek(self._index)
                image = to_upright_bgr(self._picture, None)
            except Exception:  # noqa: BLE001 - Pillow raises whatever damaged bytes lead it to, also after `close`
                self._count = self._index
                return None
            # Of a GIF, Pillow states the durations alone
            time_s = self._times.next(float(self._picture.info.get("timestamp", self._elapsed_ms)))
            self._elapsed_ms += float(self._picture.info.get("duration", 0))
            frame = self._last = Frame(image, self._index, time_s)
            self._index += 1
            return frame

    def _end(self) -> Frame | None:
        last, self._last = self._last, None
        if last is None:
            return None
        shown_s = last_shown_s(float(self._picture.info.get("duration", 0)) / 1000, 0.0, FRAME_S, 0.0)
        return replace(last, time_s=last.time_s + shown_s, held=True) if shown_s else None

    def skip(self) -> None:
        """Drop a picture."""
        self.read()

    def close(self) -> None:
        """Free the pictures. Can be called twice."""
        with self._lock, suppress(Exception):
            self._count = self._index
            self._last = None
            self._picture.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_animation(path: str, name: str, most_pixels: int) -> AnimationSource | None:
    """Open an animated WebP or AVIF picture, or a GIF without durations; None for a still picture, and for any other file.

    Args:
        path: of the file.
        name: for sentences.
        most_pixels: of a picture.

    Raises:
        SourceError: it is damaged or too large.
    """
    try:
        with Path(path).open("rb") as file:
            kind = _animated_format(file.read(_HEAD_BYTES))
        if kind is None:
            return None
        data = read_file(path, limits.MAX_FILE_BYTES)
        importlib.import_module(kind.module)
        limits.check_structure(data, kind)
        # Of its size, which has a limit of ours
        with warnings.catch_warnings(action="ignore"):
            picture = Pillow.open(
                io.BytesIO(formats.with_avif_brand(data) if kind is formats.AVIF else data), formats=[kind.pillow]
            )
        _check_size(picture, data, kind, most_pixels)
        if kind is formats.GIF and getattr(picture, "n_frames", 1) == 1:
            return None
    except limits.PictureLimitError as error:
        raise SourceError(f"{name} {error}") from error
    except ImportError as error:
        raise SourceError(f"{name} cannot be opened as a video: this Pillow cannot read it: pip install -U pillow") from error
    except OSError as error:
        raise SourceError(f"{name} cannot be opened as a video ({error.strerror or 'it is damaged'})") from error
    except Exception as error:
        # Pillow raises whatever damaged bytes lead it to
        raise SourceError(f"{name} cannot be opened as a video: it is damaged") from error
    return AnimationSource(picture, name)


def _check_size(picture: ImageFile.ImageFile, data: bytes, kind: PictureFormat, most_pixels: int) -> None:
    width, height = picture.size
    if width * height > most_pixels:
        raise limits.PictureLimitError(f"is too large, {width}×{height}: emodj reads films of up to 7680×4320 pixels")
    limits.fit_into_memory(picture, data, kind, None)


def _animated_format(head: bytes) -> PictureFormat | None:
    """WebP or AVIF, if the first bytes of a file say that it is an animation in this format, GIF if it may be; else None."""
    if _is_untimed_gif(head):
        return formats.GIF
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and head[20:21] and head[20] & _ANIMATED:
        return formats.WEBP
    brands = head[8 : int.from_bytes(head[:4], "big")]
    return formats.AVIF if head[4:8] == b"ftyp" and b"avis" in brands else None


def _is_untimed_gif(head: bytes) -> bool:
    """Whether a file is a GIF, and its first picture has no graphic control extension, which would hold its duration.

    GIF89a specification, https://www.w3.org/Graphics/GIF/spec-gif89a.txt, sections 18 to 23.
    """
    if not head.startswith((b"GIF87a", b"GIF89a")) or len(head) < _GIF_TABLE:
        return False
    flags = head[10]
    place = _GIF_TABLE + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    while head[place : place + 1] == b"!" and head[place + 1 : place + 2] != b"\xf9":
        place += 2
        while place < len(head) and head[place]:
            place += 1 + head[place]
        place += 1
    return head[place : place + 1] == b","
