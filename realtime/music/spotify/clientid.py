"""A person's own client id: names the app that they have registered at Spotify."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import platformdirs

from realtime.errors import UsageError
from realtime.music.spotify.tokens import write_private

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "SPOTIPY_CLIENT_ID"
"""Environment variable that names a client id where no option does, as spotipy has it."""

_CLIENT_ID = re.compile(r"[0-9A-Za-z]{32}")


class ClientIdFile:
    """Where a person's client id is kept between logins."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or platformdirs.user_config_path("emodj") / "spotify-client-id"

    def load(self) -> str | None:
        """The id, or None where there is none."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None
        return text if _CLIENT_ID.fullmatch(text) else None

    def save(self, client_id: str) -> None:
        """Keep it.

        Raises:
            EmodjError: the disk refuses.
        """
        write_private(self.path, f"{client_id}\n".encode())


def checked_client_id(text: str, named_by: str) -> str:
    """The id without blanks around it.

    Raises:
        UsageError: it is none. The sentence does not repeat it: it may be a secret that was pasted by mistake.
    """
    if _CLIENT_ID.fullmatch(stripped := text.strip()):
        return stripped
    raise UsageError(
        f"{named_by} is no client id: it has 32 letters and digits, see your app at developer.spotify.com/dashboard"
    )
