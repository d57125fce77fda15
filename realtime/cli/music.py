"""The music of a session: opens links, plays songs, and for those who are logged in controls Spotify."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.cli.account import Account
from realtime.errors import EmodjError
from realtime.links import spotify_uri
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
        self._account = Account(terms.spotify_device)
        self._starting: tuple[Choice, Plan] | None = None

    def leave(self) -> None:
        """Begin nothing any more: the session is over, and its last wish may still wait for a slow disk. For any thread."""
        self._left = True

    def end(self) -> None:
        """Stop what is played here; what Spotify plays is no business of ours any more."""
        self._account.close()
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
        told = self._tend_spotify()
        if self._jukebox is None:
            self._publish()
            return told
        return "; ".join(filter(None, (told, self._tend_songs(self._jukebox)))) or None

    def _tend_spotify(self) -> str | None:
        """Look after Spotify: where the app does not come in time, or the login ends, the link that was asked for is opened."""
        remote = self._account.current
        if remote is None:
            return None
        asked_for = self._starting
        try:
            told = remote.tend()
        except EmodjError as error:
            self._account.refuse(error)
            self._starting = None
            try:
                return str(error) if asked_for is None else self._instead(error, *asked_for)
            except EmodjError as worse:
                return str(worse)
        if not remote.starting:
            self._starting = None
        return told

    def _tend_songs(self, jukebox: Jukebox) -> str | None:
        onward = self._plan.then if self._plan is not None and jukebox.ended else None
        songs = () if onward is None else tuple(choice for choice in onward.choices if choice.path is not None)
        told = jukebox.tend() if onward is None or not songs else self._begin(replace(onward, choices=songs))
        self._publish()
        return told

    def now(self) -> tuple[Playing | None, Plan | None]:
        """What is played, and what asked for it."""
        return self._news

    def _control(self, wish: Wish) -> str | None:
        """Keys are for the songs of this computer while some are on, else for Spotify."""
        remote = self._account.remote() if self._jukebox is None or self._jukebox.over else None
        try:
            return self._player().obey(wish) if remote is None else remote.obey(wish)
        except EmodjError as error:
            self._account.refuse(error)
            return str(error)

    def _publish(self) -> None:
        """Show what is played, song and plan together, once its letters are at hand: the window must not wait for fonts."""
        playing = None if self._jukebox is None else self._jukebox.now
        if playing is None and self._account.current is not None:
            playing = self._account.current.now
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
        uri = spotify_uri(choice.place)
        remote = None if uri is None else self._account.remote()
        if uri is None or remote is None:
            return self._hand_over(choice, plan)
        try:
            said = remote.begin(uri, choice.title)
        except EmodjError as error:
            self._account.refuse(error)
            return self._instead(error, choice, plan)
        self._starting = (choice, plan) if remote.starting else None
        self._stop_songs()
        return f"{said}, {plan.why}"

    def _instead(self, error: EmodjError, choice: Choice, plan: Plan) -> str:
        """Without the account the link is what it is for everybody."""
        try:
            return f"{error}; so {self._hand_over(choice, plan)}"
        except EmodjError as worse:
            raise EmodjError(f"{error}; {worse}") from worse

    def _hand_over(self, choice: Choice, plan: Plan) -> str:
        from realtime.music.link import open_link

        self._announce(choice, plan.why)
        opened = open_link(choice.place)
        if opened.where is None:
            raise EmodjError(f"not opened: {opened.why}, the link is in the terminal")
        self._stop_songs()
        # The app of this computer plays the link itself
        self._hush_spotify(pause=opened.where == "browser")
        return f"handed to {opened.taker}: {choice.title}, {plan.why}"

    def _stop_songs(self) -> None:
        """Two kinds of music at once are none."""
        if self._jukebox is not None:
            self._jukebox.stop()

    def _hush_spotify(self, *, pause: bool = True) -> None:
        self._starting = None
        if self._account.current is not None:
            self._account.current.hush(pause=pause)

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
        self._hush_spotify()
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
