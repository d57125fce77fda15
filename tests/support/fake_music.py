"""A music player for tests of sessions without music."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.music.commands import PlayingMusic

if TYPE_CHECKING:
    from realtime.music.commands import PlayerCommand
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying


class SilentPlayer:
    """Plays nothing; its sentence for a command is the text of the command."""

    def handle(self, command: PlayerCommand, /) -> str | None:
        return str(command)

    def poll(self) -> str | None:
        return None

    def close(self) -> None: ...

    def now_playing(self) -> tuple[NowPlaying | None, Plan | None]:
        return None, None

    def playing_music(self) -> PlayingMusic:
        return PlayingMusic()
