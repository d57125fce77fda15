"""What a song is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.printable import clean_text

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.music.songs import Song


def with_tags(song: Song) -> tuple[str, str | None]:
    """Title and artist of a song: as its list says, else as its file says, else by the name of the file.

    One line each, without control characters. Reads the beginning of the file if need be; never raises.
    """
    title, artist = clean_text(song.title), clean_text(song.artist)
    if song.path is None:
        return title or "untitled", artist
    if title is None:
        title, found = _read(song.path)
        # Of two sources each names both: a list's artist does not sing the file's song
        artist = artist or (found if title is not None else None)
    return title or clean_text(song.path.stem) or "untitled", artist


def _read(path: Path) -> tuple[str | None, str | None]:
    from tinytag import TinyTag

    try:
        # By its content: plenty of files have the suffix of another kind
        with path.open("rb") as stream:
            tags = TinyTag.get(file_obj=stream, duration=False)
        return clean_text(_mended(tags.title)), clean_text(_mended(tags.artist))
    # A file from anywhere can make a parser raise anything
    except Exception:  # noqa: BLE001
        return None, None


def _mended(text: str | None) -> str | None:
    """Text in UTF-8 that was declared to be Latin-1, as many programs write it; any other as it is."""
    if text is None:
        return None
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
