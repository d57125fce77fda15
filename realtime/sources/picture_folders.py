"""Find the pictures of a folder by their suffix, and count the other files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.errors import UsageError
from realtime.sources.picture_formats import SUFFIXES

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})
"""Files that Windows puts into folders of pictures, in lower case; those of macOS are hidden files."""

_SHOWN_SUFFIXES = 4
_SHOWN_LENGTH = 12


@dataclass(frozen=True, slots=True)
class FolderPictures:
    """What a folder holds; hidden files and folders are left out.

    Attributes:
        pictures: the files with a suffix of a picture, sorted.
        others: the other files, sorted.
    """

    pictures: list[Path]
    others: list[Path]

    def describe_others(self) -> str:
        """Say how many files were passed over, and by which suffixes; empty if there is none."""
        if not self.others:
            return ""
        suffixes = sorted({path.suffix.lower()[:_SHOWN_LENGTH] or "no suffix" for path in self.others})
        listed = ", ".join(suffixes[:_SHOWN_SUFFIXES]) + (", …" if len(suffixes) > _SHOWN_SUFFIXES else "")
        count = len(self.others)
        return f"{count} file{'s' * (count > 1)} passed over, not named as a picture ({listed})"


def find_images(folder: Path, *, recursive: bool) -> FolderPictures:
    """Find the pictures of a folder; with `recursive` also those of the folders inside.

    Raises:
        UsageError: the folder holds no picture, or cannot be listed.
    """
    try:
        entries = folder.rglob("*") if recursive else folder.iterdir()
        visible = [path for path in entries if not _is_hidden(path.relative_to(folder))]
        files = sorted(path for path in visible if path.name.lower() not in SYSTEM_FILES and path.is_file())
    except OSError as error:
        raise UsageError(f"cannot list {folder} ({error.strerror})") from error
    found = FolderPictures(
        [path for path in files if path.suffix.lower() in SUFFIXES],
        [path for path in files if path.suffix.lower() not in SUFFIXES],
    )
    if not found.pictures:
        skipped = found.describe_others()
        hint = "" if recursive else "; --recursive looks into its folders too"
        raise UsageError(f"no picture in {folder}{skipped and f': {skipped}'}{hint}")
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
