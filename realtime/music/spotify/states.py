"""What Spotify says is on (pure)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from realtime.music.tags import cleaned
from realtime.songs import Playing

if TYPE_CHECKING:
    from realtime.music.spotify.web import Row


_LARGEST = 10**9
"""Milliseconds: twelve days."""


def playing(state: Row, title: str) -> Playing:
    """A state of the player for the screen.

    Args:
        state: as Spotify describes it; nothing of it is sure to be there.
        title: where there is no song to name: while an advertisement is on, or a song of somebody's own files.
    """
    item, device = _object(state.get("item")), _object(state.get("device"))
    name = _text(item.get("name"))
    return Playing(
        name or title,
        artists(item) if name else None,
        1,
        1,
        paused=not state.get("is_playing"),
        shuffled=bool(state.get("shuffle_state")),
        volume=None if (percent := volume(device)) is None else percent / 100,
    )


def left(state: Row) -> float:
    """Seconds until the song that is on ends, and another is on; infinite while it stands still, and where nobody knows."""
    length, at = whole(_object(state.get("item")).get("duration_ms")), whole(state.get("progress_ms"))
    return max(0.0, (length - at) / 1000) if state.get("is_playing") and length is not None and at is not None else math.inf


def volume(device: Row) -> int | None:
    """Of a device, 0..100; None if it cannot be set, or nobody knows it."""
    percent = whole(device.get("volume_percent"))
    return min(100, percent) if percent is not None and device.get("supports_volume", True) else None


def whole(value: object) -> int | None:
    """A number that can be one of ours: whole, not negative, of few digits."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST else None


def artists(item: Row) -> str | None:
    """Of a song its artists, of an episode its show; None if it names none."""
    listed = item.get("artists")
    rows = cast("list[object]", listed) if isinstance(listed, list) else []
    names = [name for name in (_text(_object(row).get("name")) for row in rows) if name]
    return cleaned(", ".join(names)) or _text(_object(item.get("show")).get("name"))


def account_name(me: Row) -> str:
    """What whoever is logged in is called."""
    return _text(me.get("display_name")) or _text(me.get("id")) or "somebody without a name"


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return cleaned(value) if isinstance(value, str) else None
