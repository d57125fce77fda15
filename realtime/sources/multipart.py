"""Cut the body of an HTTP answer into the pictures that a camera sends, with a bound on each; pure.

A camera answers one request with `multipart/x-mixed-replace`: picture after picture, each behind a line that begins with `--`
(RFC 2046, section 5.1) and some headers. Many servers send the body in chunks (RFC 9112, section 7.1), and some
proxies compress it (RFC 9110, section 8.4).
"""

from __future__ import annotations

import zlib

MAX_PART = 32 * 2**20
"""Bytes of one picture. A JPEG of 8K at the best quality has 30 MB."""

MAX_HEADERS = 16 * 2**10
"""Bytes of the headers of one part, and of what stands before the first one."""

_JPEG_END = b"\xff\xd9"
_MAX_CHUNK_LINE = 4096
_MAX_LENGTH_DIGITS = 12


class MultipartError(Exception):
    """The body cannot be cut; the message is the end of a sentence that starts with the name of the stream."""


class MultipartParser:
    """Cuts a body into its parts, however its bytes are divided between calls.

    The first line that begins with `--` is the boundary: not every camera sends the one that it announces. So is a line that
    is the announced one without `--`.

    Args:
        announced: the boundary that the server announces; empty if it does not.
    """

    def __init__(self, announced: bytes = b"") -> None:
        self._announced = announced
        self._buffer = bytearray()
        self._boundary = b""
        # Headers of the part that is being read; None outside of a part
        self._headers: list[bytes] | None = None
        self._length: int | None = None
        self._is_body = False
        self._searched = 0
        self._skipped = 0
        # Whether the stated lengths have been right so far; whether a part of such a length has just ended; and whether the
        # bytes up to the next boundary are the rest of a part whose length was too short
        self._is_length_right = True
        self._is_behind_length = False
        self._is_rest = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the body; returns the parts that are complete now, without their headers.

        Raises:
            MultipartError: a part, or its headers, are too long.
        """
        self._buffer += data
        parts: list[bytes] = []
        while True:
            part = self._take_body() if self._is_body else self._take_line()
            if part is None:
                return parts
            if part:
                parts.append(part)

    def _take_line(self) -> bytes | None:
        """Take a line in front of a body: empty if there was one, None if it is not complete yet."""
        if self._is_behind_length and self._boundary_is_missing():
            self._is_length_right = self._is_behind_length = False
            self._is_body = self._is_rest = True
            self._length, self._searched = None, 0
            return b""
        end = self._buffer.find(b"\n", 0, MAX_HEADERS)
        self._skipped += len(self._buffer) if end < 0 else end + 1
        if self._skipped > MAX_HEADERS:
            raise MultipartError(
                "sends pictures without the lines between them that tell them apart"
                if self._headers is None
                else f"sends headers of more than {MAX_HEADERS // 2**10} KB before a picture, which are not read"
            )
        if end < 0:
            self._skipped -= len(self._buffer)
            return None
        line = bytes(self._buffer[:end]).rstrip()
        del self._buffer[: end + 1]
        if self._headers is None:
            if line == self._boundary if self._boundary else self._begins_parts(line):
                self._boundary, self._headers = line, []
        elif line:
            self._headers.append(line)
        else:
            self._begin_body(self._headers)
        return b""

    def _begins_parts(self, line: bytes) -> bool:
        """Whether the first line that could be the boundary is one."""
        return (line.startswith(b"--") and len(line) > 2) or (bool(line) and line == self._announced)  # noqa: PLR2004

    def _begin_body(self, headers: list[bytes]) -> None:
        self._headers, self._skipped, self._searched = None, 0, 0
        self._is_body, self._length = True, None
        for header in headers:
            name, _, value = header.partition(b":")
            value = value.strip()
            if name.strip().lower() == b"content-length" and value.isdigit() and len(value) <= _MAX_LENGTH_DIGITS:
                self._length = int(value)
        if self._length is not None and self._length > MAX_PART:
            raise _too_large()

    def _boundary_is_missing(self) -> bool:
        """Whether something else than line ends and the boundary follows a part whose length was stated."""
        behind = bytes(self._buffer[: len(self._boundary) + 16]).lstrip(b"\r\n")
        self._is_behind_length = len(behind) < len(self._boundary)
        return not (behind.startswith(self._boundary) or self._boundary.startswith(behind))

    def _take_body(self) -> bytes | None:
        """Take a part up to its stated length or, if that has once been wrong, up to the boundary.

        A part with a length is taken as soon as it is there: many cameras send the boundary behind it with the next picture.
        """
        if self._length is not None and self._is_length_right:
            end = self._find_early_boundary(self._length)
            if end >= 0:
                self._is_length_right = False
                return self._cut_body(end).removesuffix(b"\r")
            if len(self._buffer) < self._length:
                self._searched = max(0, len(self._buffer) - len(self._boundary) - 2)
                return None
            self._is_behind_length = True
            return self._cut_body(self._length)
        end = self._find_boundary()
        if max(end, len(self._buffer) if end < 0 else 0) > MAX_PART + MAX_HEADERS:
            raise _too_large()
        if end < 0:
            # The boundary may be cut between two calls
            self._searched = max(0, len(self._buffer) - len(self._boundary) - len(_JPEG_END))
            return None
        part, is_rest = self._cut_body(end).removesuffix(b"\r"), self._is_rest
        self._is_rest = False
        return b"" if is_rest else part

    def _find_boundary(self) -> int:
        """Where a part ends: before the line end and the boundary. Some cameras send the boundary right behind a JPEG."""
        end = self._buffer.find(b"\n" + self._boundary, self._searched)
        behind_jpeg = self._buffer.find(_JPEG_END + self._boundary, self._searched, len(self._buffer) if end < 0 else end)
        return end if behind_jpeg < 0 else behind_jpeg + len(_JPEG_END)

    def _find_early_boundary(self, length: int) -> int:
        """Where the line of the boundary stands within the stated length of a part; -1 if it does not."""
        # With the line end behind it, for a short boundary may stand in a picture by chance
        lines = [b"\n" + self._boundary + end for end in (b"\r\n", b"\n")]
        found = [self._buffer.find(line, self._searched, length + len(line) - 1) for line in lines]
        return min((place for place in found if place >= 0), default=-1)

    def _cut_body(self, end: int) -> bytes:
        part = bytes(self._buffer[:end])
        del self._buffer[:end]
        self._is_body = False
        return part


class ChunkDecoder:
    """Takes the sizes of the chunks out of a body, however its bytes are divided between calls.

    Attributes:
        ended: whether the last chunk has come.
    """

    def __init__(self) -> None:
        self.ended = False
        self._line = bytearray()
        # Bytes of the chunk that are still to come, with the line end behind it
        self._left = 0
        self._is_end_of_chunk = False

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the answer; returns those of the body among them.

        Raises:
            MultipartError: these are no chunks.
        """
        body = bytearray()
        place = 0
        while place < len(data) and not self.ended:
            if self._left:
                piece = data[place : place + self._left]
                body += piece
                self._left -= len(piece)
                place += len(piece)
                self._is_end_of_chunk = True
                continue
            end = data.find(b"\n", place)
            self._line += data[place:] if end < 0 else data[place:end]
            if len(self._line) > _MAX_CHUNK_LINE:
                raise MultipartError("sends a damaged answer")
            if end < 0:
                break
            place = end + 1
            self._take_line()
        return bytes(body)

    def _take_line(self) -> None:
        line = bytes(self._line).strip()
        self._line.clear()
        if self._is_end_of_chunk and not line:
            # The line end behind a chunk
            self._is_end_of_chunk = False
            return
        size = line.partition(b";")[0].strip()
        if self._is_end_of_chunk or not size or size.strip(b"0123456789abcdefABCDEF") or len(size) > _MAX_LENGTH_DIGITS:
            raise MultipartError("sends a damaged answer")
        self._left = int(size, 16)
        self.ended = self._left == 0


class Inflater:
    """Decompresses a body, however its bytes are divided between calls: gzip (RFC 1952), or zlib ("deflate", RFC 1950).

    Args:
        encoding: "gzip", "x-gzip" or "deflate", of `ENCODINGS`.
    """

    def __init__(self, encoding: str) -> None:
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS + (0 if encoding == "deflate" else 16))

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the body; returns those of the decompressed one.

        Raises:
            MultipartError: they are not compressed so, or one piece becomes larger than a picture may be.
        """
        try:
            inflated = self._inflate.decompress(data, MAX_PART)
        except zlib.error as error:
            raise MultipartError("sends a damaged answer") from error
        if self._inflate.unconsumed_tail:
            raise _too_large()
        return inflated


ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})
"""Compressions that `Inflater` reads."""


def _too_large() -> MultipartError:
    return MultipartError(f"sends a picture of more than {MAX_PART // 2**20} MB, which is not read")
