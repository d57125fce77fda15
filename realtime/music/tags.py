"""What a song is called."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.songs import Song

LONGEST = 200
"""Characters of a title or an artist: some files have a novel there."""

# Line ends that are no blank, bytes that are no text, and marks that turn the direction of all that follows
_UNWANTED = {"Cc", "Cs", "Zl", "Zp", "Cn", "Co"}
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def named(song: Song) -> tuple[str, str | None]:
    """Title and artist of a song: as its list says, else as its file says, else by the name of the file.

    One line each, without control characters. Reads the beginning of the file if need be; never raises.
    """
    title, artist = cleaned(song.title), cleaned(song.artist)
    if song.path is None:
        return title or "untitled", artist
    if title is None:
        title, found = _read(song.path)
        # Of two sources each names both: a list's artist does not sing the file's song
        artist = artist or (found if title is not None else None)
    return title or cleaned(song.path.stem) or "untitled", artist


def cleaned(text: str | None) -> str | None:
    """One line without control characters, cut to 200; None if nothing is left that can be read."""
    if not text:
        return None
    line = " ".join(text[: 10 * LONGEST].split())
    shown = "".join(_shown(mark) for mark in line).strip()
    if not shown.strip("� "):
        return None
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def one_line(sentence: str) -> str:
    """A sentence with the name of a file in it, without line ends and control characters, which names may have.

    Else a name could begin a line of its own, and look as if we had said it.
    """
    return "".join(_shown(mark) for mark in sentence)


def _shown(mark: str) -> str:
    if mark in _TURNING:
        return ""
    return "�" if unicodedata.category(mark) in _UNWANTED else mark


def _read(path: Path) -> tuple[str | None, str | None]:
    from tinytag import TinyTag

    try:
        # By its content: plenty of files have the suffix of another kind
        with path.open("rb") as stream:
            tags = TinyTag.get(file_obj=stream, duration=False)
        return cleaned(_mended(tags.title)), cleaned(_mended(tags.artist))
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
