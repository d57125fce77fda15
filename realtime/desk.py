"""What a live session asks of the world around its window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from realtime.domain import Face, Image
    from realtime.latest import LatestFrames
    from realtime.playlists import Playlist


class Desk(Protocol):
    """What a session asks of the world around it. All but `play` are called in the window's thread and do not wait."""

    def play(self, playlist: Playlist, /) -> str:
        """Open a playlist, in a thread of its own; returns the sentence that the screen shows."""
        ...

    def announce(self, playlist: Playlist, /) -> None:
        """Told of the playlist when its key is pressed, before it is opened."""

    def snapshot(self, image: Image, /) -> str:
        """Write a picture (BGR) and return where, for the screen."""
        ...

    def emit(self, elapsed_s: float, faces: tuple[Face, ...], /) -> None:
        """Told of each analysed frame: its seconds since the first, and its faces."""

    def shown(self, image: Image, /) -> None:
        """Told of each picture (BGR) that is shown."""

    def next_camera(self, frames: LatestFrames, /) -> str:
        """Have the frames come from the next camera; returns the sentence that the screen shows."""
        ...

    def problem(self) -> str | None:
        """A sentence on what can no longer be written, once."""
        ...
