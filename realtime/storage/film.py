"""A film of JPEG pictures in a Matroska file, written picture by picture.

Not by `cv2.VideoWriter`: it is silent about a full disk, holds 256 KB back (seconds of a calm picture, lost with a kill),
and its JPEG costs three times the processor time of `cv2.imencode`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from realtime.errors import UsageError
from realtime.storage import matroska
from realtime.storage.append_file import RESERVE, AppendFile

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

SUFFIX = ".mkv"
WHAT = "the recording"

QUALITY = 80
"""Of the JPEG pictures: about as large as those of `cv2.VideoWriter`."""


class Film:
    """Writes every picture that it is given, in order. Once open it raises nothing: a failure ends it, not the session.

    Readable by its owner alone; removed when it is closed without a picture. The pictures are as large as the first one,
    rounded up to even numbers; one of another size is fitted in between black bars. For one thread.

    Args:
        path: of a file that does not exist, ending in .mkv.
        fps: pictures a second, above zero.
        reserve: bytes that are left free on the disk.

    Raises:
        UsageError: another suffix than .mkv, the file is there already, is a folder, or stands in one that does not exist.
        EmodjError: the disk refuses, or is nearly full.
    """

    def __init__(self, path: Path, *, fps: float, reserve: int = RESERVE) -> None:
        if path.suffix.lower() != SUFFIX:
            raise UsageError(f"cannot record into {path}: choose a name that ends in {SUFFIX}")
        self._fps = fps
        self._file = AppendFile(path, WHAT, reserve=reserve)
        self._count = 0
        self._size: tuple[int, int] | None = None
        self._points: list[tuple[float, int]] = []
        self._last: bytes | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ended(self) -> bool:
        """Whether nothing is written any more."""
        return self._file.ended

    def problem(self) -> str | None:
        """Why the film has ended early, once; None if there is nothing new."""
        return self._file.problem()

    def write(self, image: Image, times: int = 1) -> None:
        """Add a picture; nothing after the film has ended.

        Args:
            image: (height, width, 3) uint8 BGR.
            times: for how many pictures it stands.
        """
        if self._file.ended:
            return
        if self._size is None:
            height, width = image.shape[:2]
            self._size = width + width % 2, height + height % 2
        self._last = _jpeg(fit_to_size(image, *self._size))
        if self._last is None:
            self._file.fail("a picture could not be encoded")
        self.repeat(times)

    def repeat(self, times: int = 1) -> None:
        """Add the last picture again, without the cost of encoding it."""
        if self._last is not None:
            for _ in range(times):
                self._append(self._last)
        if self._file.ended:
            self.close()

    def close(self) -> None:
        """Write index and length, and close the file; safe to call twice."""
        if self._count and not self._closed:
            self._file.patch(*matroska.length_patch(self._seconds))
            begin = self._file.size
            if self._file.finish(matroska.cues(self._points)):
                self._file.patch(*matroska.cues_patch(begin))
            self._file.patch(*matroska.duration_patch(self._file.size))
        self._closed = True
        self._file.close()

    @property
    def _seconds(self) -> float:
        """How long the film is."""
        return self._count / self._fps

    def _append(self, jpeg: bytes) -> None:
        header = matroska.header(*self._size, self._fps) if self._count == 0 and self._size is not None else b""
        begin = self._file.size + len(header)
        if not self._file.append(header + matroska.cluster(self._seconds, jpeg)):
            return
        shown_at = self._seconds
        self._count += 1
        if not self._points or int(shown_at) > int(self._points[-1][0]):
            self._points.append((shown_at, begin))
            # Also a film that breaks off says how long it is
            self._file.patch(*matroska.length_patch(self._seconds))
            self._file.check_disk()


def fit_to_size(image: Image, width: int, height: int) -> Image:
    """The picture in its own proportions, as large as fits, in the middle of a black one of that size."""
    own_height, own_width = image.shape[:2]
    if (own_width, own_height) == (width, height):
        return image
    scale = min(width / own_width, height / own_height)
    # A picture that lacks one row or column, for an even size, keeps its pixels
    if max(width - own_width, height - own_height) <= 1 <= scale:
        scale = 1.0
    inner_width, inner_height = max(round(own_width * scale), 1), max(round(own_height * scale), 1)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    fitting = np.zeros((height, width, 3), np.uint8)
    inner = image if scale == 1.0 else cv2.resize(image, (inner_width, inner_height), interpolation=cv2.INTER_AREA)
    fitting[top : top + inner_height, left : left + inner_width] = inner
    return fitting


def _jpeg(image: Image) -> bytes | None:
    try:
        encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    except cv2.error:
        return None
    return jpeg.tobytes() if encoded else None
