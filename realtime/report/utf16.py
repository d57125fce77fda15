"""A log in UTF-16 as one in UTF-8. Windows PowerShell writes `emodj live --jsonl > evening.jsonl` so."""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_utf16(head: bytes) -> bool:
    """Whether a file that begins with these bytes has the mark of UTF-16."""
    return head.startswith(_MARKS)


def read_as_utf8(file: BinaryIO) -> io.BufferedReader:
    """Read a UTF-16 file with its mark as UTF-8, piece by piece; the caller closes `file`.

    What is no UTF-16, such as half a character at the end of a file that was cut off, becomes U+FFFD: that line is damaged.
    """
    return io.BufferedReader(_Utf16(file))


class _Utf16(io.RawIOBase):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._rest = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while not self._rest and not self._ended:
            data = self._file.read(io.DEFAULT_BUFFER_SIZE)
            self._ended = not data
            # A surrogate without its pair is decoded as U+FFFD, so that all of the text can be encoded
            self._rest = self._decoder.decode(data, self._ended).encode()
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
