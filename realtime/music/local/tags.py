"""Read title and artist of a song from its list or its file."""

from __future__ import annotations

from io import BufferedReader, FileIO
from typing import TYPE_CHECKING

from realtime.music.local.code_pages import guess_code_page
from realtime.printable import clean_text

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.music.songs import Song

# Their tags are UTF-8; those of mp3 and wav files are declared as Latin-1 by many programs
_UNICODE_FORMATS = {b"fLaC", b"OggS"}
_MAX_READ, _MAX_TOTAL = 16 * 2**20, 64 * 2**20


def read_tags(song: Song) -> tuple[str, str | None]:
    """Find title and artist of a song: in its list, else in the tags of its file, else in the name of the file.

    Reads the beginning of the file only if the list has no title. Never raises.

    Returns:
        Title and artist, each one line without control characters; the artist is None if unknown.
    """
    title, artist = clean_text(song.title), clean_text(song.artist)
    if song.path is None:
        return title or "untitled", artist
    if title is None:
        title, found = _read_file_tags(song.path)
        # Take the artist of the file only with its title: a title from elsewhere may name another song
        artist = artist or (found if title is not None else None)
    return title or clean_text(song.path.stem) or "untitled", artist


def _read_file_tags(path: Path) -> tuple[str | None, str | None]:
    from tinytag import TinyTag

    try:
        # Detect the format by content: many files have the suffix of another format
        with _BoundedReader(FileIO(path)) as stream:
            is_unicode = stream.read(4) in _UNICODE_FORMATS
            stream.seek(0)
            tags = TinyTag.get(file_obj=stream, duration=False)
        found = [tags.title, tags.artist, tags.album]
        title, artist, _ = [_read_as_utf8(text) for text in found] if is_unicode else _fix_encoding(found)
        return clean_text(title), clean_text(artist)
    # A file from an unknown source can make a parser raise any exception
    except Exception:  # noqa: BLE001
        return None, None


class _BoundedReader(BufferedReader):
    """A file of which at most so many bytes are read: the sizes within a damaged file can be of gigabytes.

    Raises:
        ValueError: more bytes are asked for.
    """

    _left = _MAX_TOTAL

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= min(_MAX_READ, self._left):
            raise ValueError(f"{size} bytes are too many for a tag")
        data = super().read(size)
        self._left -= len(data)
        return data


def _fix_encoding(texts: list[str | None]) -> list[str | None]:
    """Decode text that a program declared as Latin-1 and wrote as UTF-8, or in the code page of its country.

    Args:
        texts: texts of one file: a code page is easier to guess from all of them.
    """
    fixed = [_read_as_utf8(text) for text in texts]
    try:
        data = [None if text is None else text.encode("latin-1") for text in fixed]
    except UnicodeEncodeError:
        # The file knows an encoding of Unicode
        return fixed
    foreign = b"\n".join(each for each in data if each is not None and not each.isascii())
    if not foreign:
        return fixed
    codec = guess_code_page(foreign)
    decoded = [None if each is None else each.decode(codec, "replace") for each in data]
    return fixed if any("\ufffd" in (text or "") for text in decoded) else list(decoded)


def _read_as_utf8(text: str | None) -> str | None:
    """Decode UTF-8 that a program declared as Latin-1; any other text stays unchanged."""
    if text is None:
        return None
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
