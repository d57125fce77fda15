"""Music of a session without a window: the DJ leads it, since nobody presses keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from realtime.app.worker import Worker
from realtime.music.commands import PlayerCommand

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.app.outputs import MusicPlayer
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying
    from realtime.session.state import Session


class HeadlessMusic:
    """Lets the session lead its music, in a thread that plays it.

    Args:
        session: has the DJ.
        music: plays; closed at the end, in its thread.
        say: says a sentence in the terminal.
    """

    def __init__(self, session: Session, music: MusicPlayer, say: Callable[[str], None]) -> None:
        self._session = session
        self._music = music
        self._say = say
        self._playing: tuple[NowPlaying | None, Plan | None] = (None, None)
        self._worker: Worker[PlayerCommand, str] = Worker(
            "music", music.handle, merge=PlayerCommand.merged_with, idle=music.poll, end=music.close
        )

    def __enter__(self) -> Self:
        self._worker.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.__exit__()

    def lead(self, now_s: float, *, watching: bool = True) -> None:
        """Hand the next order of the DJ to the player, and say what both have done; arguments as of `Session.lead_music`."""
        message = self._worker.result()
        if message is not None:
            self._say(message)
        playing = self._music.now_playing()
        if playing != self._playing:
            # A journey follows the player, which takes a step at the end of a song
            self._playing = playing
            self._session.set_now_playing(*playing)
        command = self._session.lead_music(now_s, self._music.playing_music(), watching=watching)
        for sentence in self._session.take_dj_sentences():
            self._say(sentence)
        if command is not None:
            self._worker.submit(command)
