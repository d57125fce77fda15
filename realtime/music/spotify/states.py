"""What Spotify says is on (pure)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from realtime.music.tags import cleaned
from realtime.songs import Playing

if TYPE_CHECKING:
    from realtime.music.spotify.web import Row


def playing(state: Row, title: str) -> Playing:
    """A state of the player for the screen.

    Args:
        state: as Spotify describes it; nothing of it is sure to be there.
        title: where there is no song to name: while an advertisement is on, or a song of somebody's own files.
    """
    item, device = _object(state.get("item")), _object(state.get("device"))
    volume = device.get("volume_percent")
    known = isinstance(volume, int) and bool(device.get("supports_volume", True))
    name = _text(item.get("name"))
    return Playing(
        name or title,
        artists(item) if name else None,
        1,
        1,
        paused=not state.get("is_playing"),
        shuffled=bool(state.get("shuffle_state")),
        volume=min(1.0, max(0.0, volume / 100)) if known and isinstance(volume, int) else None,
    )


def left(state: Row) -> float:
    """Seconds until the song that is on ends, and another is on; infinite while it stands still. 0 where nobody knows."""
    if not state.get("is_playing"):
        return math.inf
    length, at = _object(state.get("item")).get("duration_ms"), state.get("progress_ms")
    return max(0.0, (length - at) / 1000) if isinstance(length, int) and isinstance(at, int) else 0.0


def artists(item: Row) -> str | None:
    """Of a song its artists, of an episode its show; None if it names none."""
    listed = item.get("artists")
    rows = cast("list[object]", listed) if isinstance(listed, list) else []
    names = [name for name in (_text(_object(row).get("name")) for row in rows) if name]
    return cleaned(", ".join(names)) or _text(_object(item.get("show")).get("name"))


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return cleaned(value) if isinstance(value, str) else None
