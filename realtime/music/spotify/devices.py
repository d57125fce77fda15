"""The devices of a Spotify account, as Spotify lists them (pure)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from realtime.music.tags import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.music.spotify.web import Row


_ID = re.compile(r"[\w-]{1,200}", re.ASCII)


def usable(device: Row) -> bool:
    """Whether other programs than Spotify's own may control it."""
    ident = device.get("id")
    # It becomes a part of an address
    return isinstance(ident, str) and _ID.fullmatch(ident) is not None and not device.get("is_restricted")


def name_of(device: Row) -> str:
    """What its owner calls it."""
    name = device.get("name")
    return (cleaned(name) if isinstance(name, str) else None) or "a device without a name"


def best(devices: Sequence[Row], wanted: str = "", used: str | None = None) -> Row | None:
    """The one to play on; None if there is none.

    Args:
        devices: as they are listed.
        wanted: a part of the name of the one that is preferred, also to the active one; empty for none.
        used: id of the one that was played on last.
    """

    def order(device: Row) -> tuple[bool, bool, bool, bool]:
        named = bool(wanted) and wanted.casefold() in name_of(device).casefold()
        return not named, not device.get("is_active"), device["id"] != used, device.get("type") != "Computer"

    return min(filter(usable, devices), key=order, default=None)
