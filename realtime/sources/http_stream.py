"""A live stream of JPEG pictures over HTTP, as network cameras send it (MJPEG, `multipart/x-mixed-replace`).

FFmpeg would take a part of any size into the memory, and decode a picture of any size. Here each picture, each header and each
wait has a bound. The newest picture wins: those that came meanwhile are dropped before they are decoded.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import cv2
import numpy as np

from realtime.domain import Frame
from realtime.errors import Cause, SourceError
from realtime.sources import stream_probe as probing
from realtime.sources.http_login import login_header
from realtime.sources.multipart import ENCODINGS, ChunkDecoder, Inflater, MultipartError, MultipartParser
from realtime.sources.picture_limits import MAX_SCAN_BYTES, PictureLimitError, read_jpeg_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Image
    from realtime.sources.stream_probe import Answer

MAX_HURRY = 256
"""At most so many pieces of 64 KiB that have come already are looked through for a newer picture."""

_PIECE = 2**16
_JPEG, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_PNG = b"\x89PNG\r\n\x1a\n"
_GZIP = b"\x1f\x8b"
_UNAUTHORIZED = 401

HINT = "does it still send, and is the network connected?"
"""What to try when a stream gives no more frames."""


class HttpConnection:
    """An HTTP server that has answered a request, and the body of its answer, which is still to be read.

    Args:
        url: http or https. Its login is sent if the server asks for one.
        timeout_s: how long the answer may take.
        headers: more lines of the request.

    Attributes:
        answer: status and headers.

    Raises:
        ProbeError: there is no answer.
    """

    def __init__(self, url: str, timeout_s: float, headers: Sequence[str] = ()) -> None:
        self._parts, self._address = probing.split_url(url)
        self._url = url
        deadline = time.monotonic() + timeout_s
        with probing.explained():
            self._request(deadline, *headers)
            target = probing.request_target(self._parts)
            login = login_header(self._parts, target, self.answer.challenges)
            if self.answer.status == _UNAUTHORIZED and login is not None:
                self.close()
                self._request(deadline, *headers, login)

    def _request(self, deadline: float, *headers: str) -> None:
        self._socket = probing.connect(self._parts, self._address, deadline)
        try:
            self._socket.sendall(probing.request(self._parts, headers))
            head, self._pending = self._receive_head(deadline)
            self.answer: Answer = probing.parse_answer(head + self._pending, self._url)
        except BaseException:
            self.close()
            raise
        self._chunks = ChunkDecoder() if self.answer.is_chunked else None
        self._inflater = Inflater(self.answer.encoding) if self.answer.encoding in ENCODINGS else None
        self._is_at_start = True

    def _receive_head(self, deadline: float) -> tuple[bytes, bytes]:
        """The headers of an answer with the empty line behind them, and what came of the body."""
        received = probing.receive(self._socket, deadline)
        head, separator, body = received.partition(b"\r\n\r\n")
        return head + separator, body

    def read(self, timeout_s: float) -> bytes:
        """Next bytes of the body, at most 64 KiB and perhaps none; waits at most `timeout_s` seconds, and with 0 not at all.

        Raises:
            EOFError: the server has closed the connection, or the body is at its end.
            TimeoutError: nothing comes.
            OSError: the connection is lost.
            MultipartError: the body is damaged.
        """
        data, self._pending = self._pending, b""
        if not data:
            self._socket.settimeout(timeout_s)
            try:
                data = self._socket.recv(_PIECE)
            except (BlockingIOError, ssl.SSLWantReadError) as error:
                raise TimeoutError from error
        if not data or (self._chunks is not None and self._chunks.ended):
            raise EOFError
        body = data if self._chunks is None else self._chunks.feed(data)
        if self._is_at_start and body:
            self._is_at_start = False
            if self._inflater is None and body.startswith(_GZIP):
                # Compressed without a word
                self._inflater = Inflater("gzip")
        return body if self._inflater is None else self._inflater.feed(body)

    def interrupt(self) -> None:
        """Let a read in another thread end."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection. Can be called twice."""
        self._socket.close()


class JpegStream:
    """The source of the pictures of a network camera.

    Args:
        connection: the server has answered with parts.
        name: for sentences; holds no password.
        timeout_s: how long the next picture may take.
        most_pixels: of a picture.
        boundary: what the server announces between the pictures; empty if it does not.

    Attributes:
        live: True.
        name: as above.
        first_pause_s: how long the second picture may take before the stream counts as lost.
    """

    live = True

    def __init__(
        self, connection: HttpConnection, name: str, *, timeout_s: float, most_pixels: int, boundary: bytes = b""
    ) -> None:
        self.name = name
        self.first_pause_s = timeout_s
        self._connection = connection
        self._timeout_s, self._most_pixels = timeout_s, most_pixels
        self._parser = MultipartParser(boundary)
        self._index = 0
        self._first: bytes | None = None
        # Why no picture could be used so far
        self._fault = ""
        self._lock = threading.Lock()

    @property
    def has_fault(self) -> bool:
        """Whether pictures came that could not be used; the error of `wait_for_picture` says why."""
        return bool(self._fault)

    def wait_for_picture(self, deadline: float) -> None:
        """Wait for the first picture, which `read` returns then, until `deadline`, a time of `time.monotonic`.

        Raises:
            SourceError: none comes in time, or it is too large.
        """
        with self._lock:
            self._first = self._receive(deadline)

    def read(self) -> Frame:
        """Read the newest picture, BGR; damaged ones, and parts that are no pictures, are left out.

        Raises:
            SourceError: none comes in time, or one is too large.
        """
        with self._lock:
            deadline = time.monotonic() + self._timeout_s
            image: Image | None = None
            while image is None:
                image = self._decode(self._receive(deadline))
                if image is None:
                    self._fault = "sends damaged JPEG pictures alone: open it in a browser, and start the camera again"
        frame = Frame(image, self._index, time.monotonic())
        self._index += 1
        return frame

    def skip(self) -> None:
        """Drop a picture without decoding it.

        Raises:
            SourceError: none comes in time.
        """
        with self._lock:
            self._receive(time.monotonic() + self._timeout_s)

    def _receive(self, deadline: float) -> bytes:
        """The newest JPEG that has come, once there is one."""
        newest, self._first = self._first, None
        hurried = 0
        try:
            while newest is None or hurried < MAX_HURRY:
                data = self._connection.read(0.0 if newest is not None else probing.left_s(deadline))
                hurried += newest is not None
                parts = self._parser.feed(data)
                if any(part.startswith(_PNG) for part in parts):
                    self._fault = "sends PNG pictures, and emodj reads JPEG: let it send MJPEG"
                newest = next((part for part in reversed(parts) if part.startswith(_JPEG)), newest)
        except MultipartError as error:
            raise SourceError(f"{self.name} {error}") from error
        except (OSError, EOFError, ValueError) as error:
            # What has come whole is still good
            if newest is None:
                if self._fault and not self._index:
                    raise SourceError(f"{self.name} {self._fault}", Cause.LOST) from error
                more = "more " if self._index else ""
                raise SourceError(f"{self.name} gives no {more}frames: {HINT}", Cause.LOST) from error
        return newest or b""

    def _decode(self, data: bytes) -> Image | None:
        """A picture, (height, width, 3) uint8 BGR, upright; None for a damaged one.

        Raises:
            SourceError: it is too large.
        """
        # The decoder fills a picture that is cut off with grey, and prints a warning
        if _JPEG_END not in data[-_PIECE:]:
            return None
        try:
            header = read_jpeg_header(data)
        except PictureLimitError:
            return None
        if header.width * header.height > self._most_pixels:
            raise SourceError(
                f"{self.name} is too large, {header.width}×{header.height}: emodj reads pictures of up to 7680×4320 pixels"
            )
        if header.scans * header.coefficient_bytes > MAX_SCAN_BYTES:
            return None
        try:
            image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error:
            return None
        return None if image is None else image.astype(np.uint8, copy=False)

    def close(self) -> None:
        """Close the connection, also while another thread reads. Can be called twice."""
        self._connection.interrupt()
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
