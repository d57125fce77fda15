"""The files of the page itself, read once at the start: no request names a path."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.errors import AssetError
from realtime.storage.resources import PACKAGE

FOLDER = PACKAGE / "page" / "static"

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".jpg": "image/jpeg",
    ".svg": "image/svg+xml",
}
INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file of the page: its bytes and its media type."""

    content: bytes
    media_type: str


def read_static_files() -> dict[str, StaticFile]:
    """Every file of the page by its address, the page itself at "/".

    Raises:
        AssetError: they are missing.
    """
    if not (FOLDER / INDEX).is_file():
        raise AssetError(f"{FOLDER} has no {INDEX}: this installation of emodj is incomplete, install it again")
    files = [path for path in sorted(FOLDER.iterdir()) if path.suffix in _MEDIA_TYPES]
    return {
        "/" if path.name == INDEX else f"/{path.name}": StaticFile(path.read_bytes(), _MEDIA_TYPES[path.suffix])
        for path in files
    }
