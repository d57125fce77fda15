"""Read pictures and frames of all tabs: decoded in threads, analysed in the order in which they came.

One picture and one frame are searched at the same time, each with a detector of its own: a large picture takes seconds, and the
cameras of the other tabs go on meanwhile.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import cv2

from realtime.domain import Frame
from realtime.errors import EmodjError
from realtime.faces.explainer import FaceExplainer
from realtime.page.explanation import explanation_document
from realtime.sources import images
from realtime.sources.picture_formats import JPEG, identify_format
from realtime.sources.picture_limits import PictureLimitError, read_jpeg_header

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from realtime.classifier.runtime import Classifier
    from realtime.domain import Batch, Face, Image, Probabilities
    from realtime.faces.pipeline import FaceReader, FrameReader
    from realtime.session.documents import Document

MAX_FRAME_PIXELS = 4_000_000
"""Largest frame of a camera; the page sends 640×480."""
MAX_PICTURE_PIXELS = 52_000_000
"""Largest picture; photographs of phones have up to 50 megapixels."""
PREVIEW_SIDE = 1600
"""Longer side of a preview, pixels."""
_PREVIEW_QUALITY = 90


@dataclass(frozen=True, slots=True)
class PageReaders:
    """Readers of faces that all tabs share.

    Attributes:
        pictures: reads pictures, as `emodj image` does.
        frames: reads single frames, as `emodj live` does, with a detector of its own and the same network, an
            `UnsharedClassifier`.
        new_frame_reader: makes a reader with tracks and labels of its own around `frames`, for one session.
    """

    pictures: FaceReader
    frames: FaceReader
    new_frame_reader: Callable[[FaceReader], FrameReader]


class UnsharedClassifier:
    """A network that one thread uses at a time, for the faces of one picture or frame."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._lock = threading.Lock()

    def classify(self, batch: Batch, /) -> Probabilities:
        """As of `Classifier`."""
        with self._lock:
            return self._classifier.classify(batch)


class Analysis:
    """Analyses for all tabs. Detectors and network are loaded by the first call.

    The event loop makes all calls. Among frames, and among pictures, a call that waits is served in the order of arrival, so
    several tabs get equal shares.

    Args:
        load: loads detector and network; it takes a second.
    """

    def __init__(self, load: Callable[[], PageReaders]) -> None:
        self._load = load
        self._readers: PageReaders | None = None
        # The limiters queue in order of arrival. One picture is held at a time, from decoding to the end of its search
        self._pictures = anyio.CapacityLimiter(1)
        # A picture, and meanwhile a frame
        self._decoding = anyio.CapacityLimiter(2)
        # Loading, and then a frame
        self._reading = anyio.CapacityLimiter(1)

    async def prepare(self) -> None:
        """Load detector and network, if that has not been done.

        Raises:
            AssetError: a cascade or the network cannot be used.
            EmodjError: a network without a compiled form, and no TensorFlow to compile it.
        """
        await anyio.to_thread.run_sync(self._ready, limiter=self._reading)

    async def new_frame_reader(self) -> FrameReader:
        """A reader for the frames of one session; errors as of `prepare`."""
        readers = await anyio.to_thread.run_sync(self._ready, limiter=self._reading)
        return readers.new_frame_reader(readers.frames)

    async def read_picture(self, data: bytes, name: str, notify: Callable[[str], None]) -> tuple[tuple[Face, ...], int, int]:
        """Read the faces of a picture.

        Args:
            data: its file.
            name: its name in sentences.
            notify: receives remarks, from another thread.

        Returns:
            Faces from left to right, and width and height of the upright picture in pixels.

        Raises:
            EmodjError: not a picture, damaged, empty, larger than `MAX_PICTURE_PIXELS`; or as of `prepare`.
        """
        async with self._pictures:
            pixels = await anyio.to_thread.run_sync(_decode_picture, data, name, notify, limiter=self._decoding)
            height, width = pixels.shape[:2]
            readers = await anyio.to_thread.run_sync(self._ready, limiter=self._reading)

            def read() -> tuple[Face, ...]:
                with _memory_explained(name):
                    return readers.pictures.read(pixels)

            return await anyio.to_thread.run_sync(read), width, height

    async def explain(self, data: bytes, name: str, number: int) -> Document:
        """Explain the label of a face of a picture, which is read once more: nothing of a picture is kept.

        Args:
            data: the file of the picture.
            name: its name in sentences.
            number: number of the face from the left, from 0.

        Returns:
            As of `explanation_document`.

        Raises:
            IndexError: the picture has no such face.
            EmodjError: as of `read_picture`.
        """
        async with self._pictures:
            pixels = await anyio.to_thread.run_sync(_decode_picture, data, name, limiter=self._decoding)
            readers = await anyio.to_thread.run_sync(self._ready, limiter=self._reading)
            faces = readers.pictures

            def explain() -> Document:
                with _memory_explained(name):
                    found = faces.read(pixels)[number]
                    return explanation_document(
                        FaceExplainer(faces.classifier, faces.side_ratio).explain(pixels, found), faces.side_ratio
                    )

            return await anyio.to_thread.run_sync(explain)

    async def read_frame(self, reader: FrameReader, data: bytes, index: int, time_s: float, stretch: int) -> tuple[Face, ...]:
        """Read the faces of a frame of a session.

        Args:
            reader: of this session.
            data: a JPEG.
            index: number of the frame, from 0.
            time_s: when it came, seconds.
            stretch: number of the unbroken stretch of its camera, from 0.

        Raises:
            EmodjError: no JPEG, damaged, or larger than `MAX_FRAME_PIXELS`.
        """
        image = await anyio.to_thread.run_sync(decode_frame, data, limiter=self._decoding)
        frame = Frame(image, index, time_s, stretch)
        return await anyio.to_thread.run_sync(reader.read, frame, limiter=self._reading)

    async def preview(self, data: bytes, name: str) -> bytes:
        """A picture as a JPEG of at most `PREVIEW_SIDE`, upright, for browsers that cannot show its format.

        Raises:
            EmodjError: not a picture, damaged, empty or larger than `MAX_PICTURE_PIXELS`.
        """
        async with self._pictures:
            return await anyio.to_thread.run_sync(_make_preview, data, name, limiter=self._decoding)

    def _ready(self) -> PageReaders:
        # Called with `_reading` held
        if self._readers is None:
            self._readers = self._load()
        return self._readers


@contextmanager
def _memory_explained(name: str) -> Generator[None]:
    """Turn the lack of memory for a picture into a sentence."""
    try:
        yield
    except Exception as error:
        if isinstance(error, EmodjError) or not images.is_out_of_memory(error):
            raise
        raise images.too_large_for_memory(name) from error


def decode_frame(data: bytes) -> Image:
    """Decode a frame, a JPEG, to (height, width, 3) uint8 BGR.

    Raises:
        EmodjError: no JPEG, damaged, or larger than `MAX_FRAME_PIXELS`.
    """
    if identify_format(data) is not JPEG:
        raise EmodjError("a frame of the camera is a JPEG, and this is none: reload the page")
    try:
        header = read_jpeg_header(data)
    except PictureLimitError as error:
        raise EmodjError(f"the frame {error}") from error
    if header.width * header.height > MAX_FRAME_PIXELS:
        raise EmodjError(
            f"the frame has {header.width}×{header.height} pixels, more than the {MAX_FRAME_PIXELS // 10**6} million that "
            "a session takes: choose a smaller size of the camera"
        )
    return images.decode_image(data, "the frame")


def _decode_picture(data: bytes, name: str, notify: Callable[[str], None] | None = None) -> Image:
    def check(width: int, height: int) -> None:
        if width * height > MAX_PICTURE_PIXELS:
            raise PictureLimitError(
                f"has {width}×{height} pixels, more than the {MAX_PICTURE_PIXELS // 10**6} million that the page "
                "reads: shrink it, or read it with `emodj image`"
            )

    return images.decode_image(data, name, notify, check_size=check)


def _make_preview(data: bytes, name: str) -> bytes:
    pixels = _decode_picture(data, name)
    height, width = pixels.shape[:2]
    scale = min(1.0, PREVIEW_SIDE / max(height, width))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _PREVIEW_QUALITY])[1].tobytes()
