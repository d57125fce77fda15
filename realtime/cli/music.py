"""The music of a session: opens links, plays songs."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.wishes import Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from realtime import settings
    from realtime.music.jukebox import Jukebox
    from realtime.playlists import Choice, Plan
    from realtime.songs import Playing, Song

log = logging.getLogger(__name__)


class Music:
    """The `realtime.desk.Music` of the command line: only the thread of the music touches the player.

    Args:
        terms: how loud and in which order songs are played, and where a person's own are.
        announce: told of each link, and why it fits, before it is opened; in the thread of the music.
    """

    def __init__(self, terms: settings.Music, announce: Callable[[Choice, str], None]) -> None:
        self._terms = terms
        self._announce = announce
        self._jukebox: Jukebox | None = None
        self._plan: Plan | None = None
        self._news: tuple[Playing | None, Plan | None] = (None, None)
        self._prepared: str | None = None
        self._left = False

    def leave(self) -> None:
        """Begin nothing any more: the session is over, and its last wish may still wait for a slow disk. For any thread."""
        self._left = True

    def end(self) -> None:
        """Stop what is played."""
        if self._jukebox is not None:
            self._jukebox.close()
            self._publish()

    def obey(self, wish: Wish) -> str | None:
        """Play the best of a plan that can be had, then do what keys ask of what is played."""
        if wish.stay and self._plan is not None:
            self._plan = replace(self._plan, then=None)
        begun = None if wish.plan is None else self._begin(wish.plan)
        controls = replace(wish, plan=None, stay=False)
        told = None if controls == Wish() else self._control(controls)
        self._publish()
        return "; ".join(filter(None, (begun, told))) or None

    def tend(self) -> str | None:
        """Go on to the next song where one has ended; a journey goes on with it, to songs of this computer only."""
        if self._jukebox is None:
            return None
        onward = self._plan.then if self._plan is not None and self._jukebox.ended else None
        songs = () if onward is None else tuple(choice for choice in onward.choices if choice.path is not None)
        told = self._jukebox.tend() if onward is None or not songs else self._begin(replace(onward, choices=songs))
        self._publish()
        return told

    def now(self) -> tuple[Playing | None, Plan | None]:
        """What is played, and what asked for it."""
        return self._news

    def _control(self, wish: Wish) -> str | None:
        try:
            return self._player().obey(wish)
        except EmodjError as error:
            return str(error)

    def _publish(self) -> None:
        """Show what is played, song and plan together, once its letters are at hand: the window must not wait for fonts."""
        playing = None if self._jukebox is None else self._jukebox.now
        title = None if playing is None else f"{playing.title} {playing.artist or ''}"
        if title is not None and title != self._prepared:
            from realtime.lettering import prepare

            prepare(title)
            self._prepared = title
        self._news = playing, self._plan

    def _begin(self, plan: Plan) -> str:
        failures = list[str]()
        openable = True
        for choice in plan.choices:
            if self._left:
                return "the session is over"
            try:
                if choice.path is not None:
                    sentence = self._play(choice, plan, choice.path)
                elif openable:
                    sentence = self._open(choice, plan)
                else:
                    continue
            except EmodjError as error:
                failures.append(str(error))
                # Where one link cannot be opened none can
                openable = openable and choice.url is None
            else:
                self._plan = plan
                return f"{failures[0]}; so {sentence}" if failures else sentence
        return failures[0]

    def _open(self, choice: Choice, plan: Plan) -> str:
        from realtime.music.link import open_link

        self._announce(choice, plan.why)
        opened = open_link(choice.place)
        if opened.where is None:
            raise EmodjError(f"not opened: {opened.why}, the link is in the terminal")
        if self._jukebox is not None:
            # Two kinds of music at once are none
            self._jukebox.stop()
        return f"handed to {opened.taker}: {choice.title}, {plan.why}"

    def _play(self, choice: Choice, plan: Plan, path: Path) -> str:
        player = self._player()
        if player.key == choice:
            said = player.obey(Wish(skip=1)) if plan.step is not None else player.resume()
        else:
            songs, left_out = self._songs(choice, path)
            if self._left:
                # Reading may have taken its time
                raise EmodjError("the session is over")
            said = "; ".join(filter(None, (player.play(songs, choice, choice.title), left_out)))
        return said or f"playing {choice.title}, {plan.why}"

    def _songs(self, choice: Choice, path: Path) -> tuple[Sequence[Song], str | None]:
        """The songs of a choice, and the first word on what was left out of them."""
        from realtime.music import library

        if path != self._terms.library or choice.mood is None:
            found = library.read(path, choice.mood)
        else:
            found = library.read_library(path, choice.mood)
            if found.mood is not choice.mood:
                # The lists of the configuration fit better than songs for another mood
                raise EmodjError(f"no songs for {choice.mood.value} in {path}")
        for notice in found.notices:
            log.info("%s", notice)
        return found.songs, next(iter(found.notices), None)

    def _player(self) -> Jukebox:
        if self._jukebox is None:
            from realtime.music.jukebox import Jukebox
            from realtime.music.player import FilePlayer

            self._jukebox = Jukebox(FilePlayer(), volume=self._terms.volume, shuffle=self._terms.shuffle)
        return self._jukebox
