"""Write a film of JPEG pictures in a Matroska file; it plays up to its last picture, however the recording ends.

`cv2.VideoWriter` is not used: it does not report a full disk, it buffers 256 KB (seconds of a calm picture, lost with a
kill), and its JPEG encoder takes three times the processor time of `cv2.imencode`.
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
LABEL = "the recording"

JPEG_QUALITY = 80
"""Quality of the JPEG pictures, 0..100: about as many bytes as those of `cv2.VideoWriter`."""

FRAME_S = 1 / 30
"""Seconds that a last picture is shown if the film has neither a rate nor a picture before it."""


class Film:
    """Writes pictures in order. Once open it raises no error: a failure ends the film, not the session.

    Only the owner can read the file. It is removed if it is closed without a picture. The first picture sets the size,
    rounded up to even numbers; a picture of another size is scaled to fit, between black bars. For one thread.

    Args:
        path: path of the new file, ending in .mkv.
        fps: pictures a second, above zero; None if they have no steady rate: then only `write_at` adds pictures.
        reserve: bytes that stay free on the disk.

    Raises:
        UsageError: the suffix is not .mkv; the path exists already, is a folder, or lies in a folder that does not exist.
        EmodjError: the disk refuses, or is nearly full.
    """

    def __init__(self, path: Path, *, fps: float | None, reserve: int = RESERVE) -> None:
        if path.suffix.lower() != SUFFIX:
            raise UsageError(f"cannot record into {path}: choose a name that ends in {SUFFIX}")
        self._fps = fps
        self._file = AppendFile(path, LABEL, reserve=reserve)
        self._count = 0
        self._newest_s = 0.0
        self._step_s = FRAME_S if fps is None else 1 / fps
        self._size: tuple[int, int] | None = None
        self._cue_points: list[tuple[float, int]] = []
        self._last_jpeg: bytes | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ended(self) -> bool:
        """Whether the film was closed, or a write failed."""
        return self._file.ended

    def problem(self) -> str | None:
        """Why the film has ended early; returned once, then None."""
        return self._file.problem()

    def write(self, image: Image, times: int = 1) -> None:
        """Add a picture; does nothing after the film has ended.

        Args:
            image: (height, width, 3) uint8 BGR.
            times: how many times the picture is added, one after the other.
        """
        self._encode(image)
        self.repeat(times)

    def write_at(self, image: Image, time_s: float) -> None:
        """Add a picture that is shown from `time_s` on; does nothing after the film has ended.

        Args:
            image: (height, width, 3) uint8 BGR.
            time_s: seconds since the first picture; never lower than before.
        """
        self._encode(image)
        if self._count and time_s > self._newest_s:
            self._step_s = time_s - self._newest_s
        self._add(time_s)

    def repeat(self, times: int = 1) -> None:
        """Add the last picture again, at the rate of the film and without the cost of encoding it."""
        for _ in range(times):
            # Counted, not added up: a film of hours keeps its pace
            self._add(self._count / self._fps if self._fps else self._duration_s)

    def close(self) -> None:
        """Write index and duration, and close the file; safe to call twice."""
        if self._count and not self._closed:
            self._file.patch(*matroska.duration_patch(self._duration_s))
            cues_offset = self._file.size
            if self._file.finish(matroska.cues(self._cue_points)):
                self._file.patch(*matroska.cues_patch(cues_offset))
            self._file.patch(*matroska.size_patch(self._file.size))
        self._closed = True
        self._file.close()

    @property
    def _duration_s(self) -> float:
        return self._newest_s + self._step_s if self._count else 0.0

    def _encode(self, image: Image) -> None:
        if self._file.ended:
            return
        if self._size is None:
            height, width = image.shape[:2]
            self._size = width + width % 2, height + height % 2
        self._last_jpeg = _encode_jpeg(fit_to_size(image, *self._size))
        if self._last_jpeg is None:
            self._file.fail("a picture could not be encoded")

    def _add(self, time_s: float) -> None:
        if self._last_jpeg is not None:
            self._append_jpeg(self._last_jpeg, time_s)
        if self._file.ended:
            self.close()

    def _append_jpeg(self, jpeg: bytes, time_s: float) -> None:
        header = matroska.header(*self._size, self._fps) if self._count == 0 and self._size is not None else b""
        cluster_offset = self._file.size + len(header)
        if not self._file.append(header + matroska.cluster(time_s, jpeg)):
            return
        self._newest_s = time_s
        self._count += 1
        # One cue point a second
        if not self._cue_points or int(time_s) > int(self._cue_points[-1][0]):
            self._cue_points.append((time_s, cluster_offset))
            # A film that breaks off later states its duration up to here
            self._file.patch(*matroska.duration_patch(self._duration_s))
            self._file.check_disk()


def fit_to_size(image: Image, width: int, height: int) -> Image:
    """Scale a picture as large as fits, in its proportions, and centre it on a black picture of `width` × `height` pixels."""
    image_height, image_width = image.shape[:2]
    if (image_width, image_height) == (width, height):
        return image
    scale = min(width / image_width, height / image_height)
    # A picture that is one row or column short of an even size keeps its pixels
    if max(width - image_width, height - image_height) <= 1 <= scale:
        scale = 1.0
    inner_width, inner_height = max(round(image_width * scale), 1), max(round(image_height * scale), 1)
    left, top = (width - inner_width) // 2, (height - inner_height) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    inner = image if scale == 1.0 else cv2.resize(image, (inner_width, inner_height), interpolation=cv2.INTER_AREA)
    canvas[top : top + inner_height, left : left + inner_width] = inner
    return canvas


def _encode_jpeg(image: Image) -> bytes | None:
    try:
        encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    except cv2.error:
        return None
    return jpeg.tobytes() if encoded else None
