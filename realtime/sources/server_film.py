"""What a film of a server states at its start or its end, read with a few short requests.

FFmpeg reads the film itself. It says nothing of a mirror, so the boxes of the film are looked at here, as those of a file are.
"""

from __future__ import annotations

import io
import struct
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, cast

from realtime.sources.film_files import FilmFacts, has_boxes, is_raw_stream, read_boxes
from realtime.sources.http_stream import HttpConnection
from realtime.sources.multipart import MultipartError
from realtime.sources.stream_probe import ProbeError, left_s

if TYPE_CHECKING:
    from typing import Self

    from realtime.sources.stream_probe import Answer

MAX_REQUESTS = 6
"""Requests for one film. A film of minutes takes one more than the first, one of hours some for its long tables."""

MAX_BYTES = 8 * 2**20
"""Bytes of a film that are taken for this, all requests together. The tables of a film take two megabytes an hour."""

PIECE = 2**18
"""Bytes that one request asks for, and bytes of a film that are read on rather than asked for anew."""

TIMEOUT_S = 5.0
"""How long this may take beside opening the film; seconds."""

_ENDLESS = 2**62
_OK, _PARTIAL = 200, 206
_SUFFIXES = (".3gp", ".m4v", ".mkv", ".mov", ".mp4", ".webm")


def read_server_facts(url: str, connection: HttpConnection) -> FilmFacts:
    """Read what a film states; takes the connection over, and closes it.

    Args:
        url: of the film.
        connection: the server has answered with the film, from its start.

    Returns:
        What the film states. A film whose statements could not be read has `is_unread`.
    """
    start = connection.answer.start
    if is_raw_stream(start) or not has_boxes(start):
        connection.close()
        return FilmFacts(is_raw=is_raw_stream(start))
    with suppress(OSError, ProbeError, MultipartError, struct.error, ValueError, IndexError, OverflowError):  # noqa: SIM117
        with ServerFile(url, connection, time.monotonic() + TIMEOUT_S) as file:
            facts = read_boxes(cast("IO[bytes]", file), is_near=False)
            # Each film that FFmpeg opens has one
            if facts.videos:
                return facts
    return FilmFacts(is_unread=True)


def guess_facts(url: str) -> FilmFacts:
    """What is known of a film of which nothing was read: whether its name is that of a film that may state a mirror."""
    return FilmFacts(is_unread=url.startswith("http") and url.partition("?")[0].lower().endswith(_SUFFIXES))


class ServerFile:
    """A file of a server, read in pieces, with the methods of a binary file that a parser of boxes calls.

    Args:
        url: http or https.
        connection: the server has answered with the file, from its start; this object closes it.
        deadline: until when it is read, a time of `time.monotonic`.
    """

    def __init__(self, url: str, connection: HttpConnection, deadline: float) -> None:
        self._url, self._deadline = url, deadline
        self._connection = connection
        self._place = 0
        # The bytes of the file from `_start` on that the present connection has sent
        self._start, self._data = 0, bytearray()
        self._requests, self._bytes = 1, 0
        answer = connection.answer
        self._size = _ENDLESS if answer.length is None or answer.encoding else answer.length
        # Where the present answer ends
        self._end = self._size

    def tell(self) -> int:
        """The place that is read next."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place; the end of a file without a length is far away."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def read(self, size: int, /) -> bytes:
        """Read so many bytes, or fewer at the end of the file.

        Raises:
            OSError: the server is too slow, sends less than it states, does not send from this place, or the file takes too
                many requests or bytes.
            ProbeError: there is no answer.
            MultipartError: the answer is damaged.
        """
        end = min(self._place + size, self._size)
        if end <= self._place:
            return b""
        known = self._start + len(self._data)
        if not (self._start <= self._place <= known + PIECE and end <= self._end):
            self._ask()
        self._receive(end)
        data = bytes(self._data[self._place - self._start : end - self._start])
        if self._size < _ENDLESS and len(data) < end - self._place:
            raise OSError("the film is cut off")
        self._place += len(data)
        return data

    def _ask(self) -> None:
        """Ask for the file from this place on."""
        self._connection.close()
        if self._requests == MAX_REQUESTS:
            raise OSError("the film takes too many requests")
        self._requests += 1
        last = self._place + PIECE - 1
        self._connection = HttpConnection(self._url, left_s(self._deadline), (f"Range: bytes={self._place}-{last}",))
        self._start, self._data = self._first_byte(self._connection.answer), bytearray()
        is_part = self._connection.answer.status == _PARTIAL
        self._end = last + 1 if is_part else self._size

    def _first_byte(self, answer: Answer) -> int:
        """Where in the file an answer begins: a server without ranges begins anew."""
        if answer.encoding:
            raise OSError("the film is compressed")
        if answer.status == _OK and self._place <= MAX_BYTES - self._bytes:
            return 0
        unit, _, place = answer.content_range.partition(" ")
        if answer.status == _PARTIAL and unit.lower() == "bytes" and place.partition("-")[0].strip() == str(self._place):
            return self._place
        raise OSError("the server does not send parts of a film")

    def _receive(self, end: int) -> None:
        """Receive the bytes up to a place of the file, or to the end of the answer."""
        while self._start + len(self._data) < end:
            try:
                data = self._connection.read(left_s(self._deadline))
            except EOFError:
                return
            self._data += data
            self._bytes += len(data)
            if self._bytes > MAX_BYTES:
                raise OSError("the film takes too many bytes")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
