"""What a live session asks of the world around its window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from realtime.domain import Face, Image
    from realtime.latest import LatestFrames
    from realtime.playlists import Plan
    from realtime.songs import Playing
    from realtime.wishes import Wish


class Music(Protocol):
    """What plays a session's music. `obey` and `tend` are called in one thread, that of the music, and may take their time."""

    def obey(self, wish: Wish, /) -> str | None:
        """Do what was asked for; returns a sentence for the screen, if there is something to say."""
        ...

    def tend(self) -> str | None:
        """Look after what plays by itself, a few times a second; returns likewise."""
        ...

    def end(self) -> None:
        """Stop what is played; called once, at the end, in the same thread."""
        ...

    def now(self) -> tuple[Playing | None, Plan | None]:
        """What is played now, and the plan that it belongs to; to be asked in any thread."""
        ...


class Desk(Protocol):
    """What a session asks of the world around it, in the window's thread: nothing here waits."""

    @property
    def music(self) -> Music:
        """Its music."""
        ...

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
