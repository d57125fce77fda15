"""Read title and artist of a song from its list or its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.printable import clean_text

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.music.songs import Song


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
        with path.open("rb") as stream:
            tags = TinyTag.get(file_obj=stream, duration=False)
        return clean_text(_fix_encoding(tags.title)), clean_text(_fix_encoding(tags.artist))
    # A file from an unknown source can make a parser raise any exception
    except Exception:  # noqa: BLE001
        return None, None


def _fix_encoding(text: str | None) -> str | None:
    """Decode UTF-8 that a program declared as Latin-1, as many do; any other text stays unchanged."""
    if text is None:
        return None
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
