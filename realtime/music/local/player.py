"""Plays a list of songs as keys wish, one after the other."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Self

from realtime.errors import EmodjError
from realtime.music.local.file_player import UnplayableError
from realtime.music.local.queue import new_queue
from realtime.music.local.tags import with_tags
from realtime.music.songs import NowPlaying

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from pathlib import Path

    from realtime.music.commands import PlayerCommand
    from realtime.music.local.file_player import SoundPlayer
    from realtime.music.local.queue import PlayQueue
    from realtime.music.songs import Song

VOLUME_STEP = 10
"""Per cent of the volume for each press of a key."""

SEARCH_S = 0.2
"""How long one call looks for a file that can be played: thousands that are broken must not keep the caller."""


class LocalPlayer:
    """A list of songs and what of it is on. All calls come from one thread, `tend` a few times a second; any may read `now`.

    Args:
        player: plays the files; closed with the jukebox.
        volume: at the start, 0..1.
        shuffle: whether songs come in random order at the start.
        seed: of the random orders, not negative; None: drawn by lot.
        once: whether it ends after each song was heard, instead of beginning anew.
    """

    def __init__(
        self, player: SoundPlayer, *, volume: float, shuffle: bool, seed: int | None = None, once: bool = False
    ) -> None:
        self._player = player
        self._percent = round(100 * volume)
        self._shuffle = shuffle
        self._seeds = count(secrets.randbits(32) if seed is None else seed)
        self._once = once
        self._songs: Sequence[Song] = ()
        self._setlist: PlayQueue | None = None
        self._key: Hashable = None
        self._title = ""
        self._now: NowPlaying | None = None
        # Whether the player has what `now` names
        self._loaded = False
        # How many songs are still to be tried in place of one that cannot be played, and in which direction
        self._left, self._step = 0, 1
        self._faults: list[str] = []
        self._why = ""
        self._broken: set[Path] = set()
        self._notices: list[str] = []
        player.volume = volume

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def now_playing(self) -> NowPlaying | None:
        """What is on, paused or not; None if nothing is, or while it is being looked for. For any thread."""
        return self._now

    @property
    def key(self) -> Hashable:
        """What `play` was told of the list that is on; None if none is."""
        return self._key

    @property
    def finished(self) -> bool:
        """Whether there is no list to play: none was begun, it was stopped, heard once, or none of it can be played."""
        return self._setlist is None

    @property
    def track_ended(self) -> bool:
        """Whether the song that was on came to its end by itself, so that `tend` would begin the next one."""
        return self._loaded and self._now is not None and not self._now.paused and self._player.ended

    def play(self, songs: Sequence[Song], key: Hashable, title: str = "") -> str | None:
        """Begin a list in place of any other. The same list again goes on where it is, also out of a pause.

        Args:
            songs: those without a path are left out.
            key: tells this list from others.
            title: what it is called in sentences.

        Returns:
            What `tend` would say.

        Raises:
            EmodjError: none of its songs is a file that can be played; then nothing is on. Of a very long list of broken
                files `tend` will say so.
        """
        if self._setlist is not None and key == self._key:
            return self.resume()
        if not any(song.path is not None for song in songs):
            raise EmodjError(f"there is no file among the {len(songs)} songs of {title or 'the list'}, only links")
        self.stop()
        self._songs, self._key, self._title = songs, key, title
        self._begin(new_queue(len(songs), next(self._seeds) if self._shuffle else None))
        if self._setlist is None:
            raise EmodjError(self._said())
        return self._said()

    def resume(self) -> str | None:
        """Go on out of a pause; returns what `tend` would say."""
        if self._now is not None and self._now.paused:
            self._toggle(self._now)
        return self._said()

    def handle(self, wish: PlayerCommand) -> str | None:
        """Do what keys ask for; a plan is for the caller. A skip plays, also out of a pause.

        Returns:
            A few words for the screen where there is an answer; on files that were skipped `tend` has one.
        """
        answers = list[str]()
        if wish.louder:
            self._percent = min(100, max(0, self._percent + VOLUME_STEP * wish.louder))
            self._tried(lambda: setattr(self._player, "volume", self._percent / 100))
            answers.append(f"volume {self._percent}%")
        if wish.shuffle:
            self._shuffle = not self._shuffle
            if self._setlist is not None:
                self._setlist = self._setlist.shuffle(next(self._seeds)) if self._shuffle else self._setlist.in_order()
            answers.append(f"shuffle {'on' if self._shuffle else 'off'}")
        if wish.skip and self._setlist is not None:
            self._begin(self._setlist.skip(wish.skip), 1 if wish.skip > 0 else -1)
        elif wish.toggle and self._now is not None:
            self._toggle(self._now)
        elif wish.skip or wish.toggle:
            answers.append("nothing is playing: press p for music")
        if self._now is not None:
            self._now = replace(self._now, shuffled=self._shuffle, volume=self._percent / 100)
        return ", ".join(answers) or None

    def poll(self) -> str | None:
        """Begin the next song where one has ended, or cannot be played.

        Returns:
            A sentence on files that were skipped, each only once, or on why there is no music.
        """
        if self._left:
            self._search()
        elif self.track_ended and self._setlist is not None:
            self._begin(self._setlist.skip(1))
        return self._said()

    def stop(self) -> None:
        """Play nothing, and forget the list."""
        self._loaded = False
        self._songs, self._setlist, self._now, self._key, self._title, self._left = (), None, None, None, "", 0
        self._tried(self._player.stop)

    def close(self) -> None:
        """Stop, and let go of the player."""
        self.stop()
        self._player.close()

    def _toggle(self, now: NowPlaying) -> None:
        if not now.paused:
            self._tried(self._player.pause)
            self._now = replace(now, paused=True)
        elif self._loaded and self._tried(self._player.resume):
            self._now = replace(now, paused=False)
        elif self._setlist is not None:
            self._begin(self._setlist)

    def _begin(self, setlist: PlayQueue, step: int = 1) -> None:
        """Play its current song; in place of one that cannot be played the next one in a direction, 1 or -1."""
        self._setlist, self._left, self._step = setlist, len(self._songs), step
        self._faults, self._why = [], ""
        self._search()

    def _search(self) -> None:
        give_up_s = time.monotonic() + SEARCH_S
        while self._left and self._setlist is not None:
            if self._once and self._setlist.index >= len(self._songs):
                self._report()
                self.stop()
            elif self._start(self._songs[self._setlist.current], self._setlist):
                self._left = 0
                self._report()
            elif self._left == 1:
                self._notices.append(self._none())
                self.stop()
            else:
                self._left -= 1
                self._setlist = self._setlist.skip(self._step)
                if time.monotonic() > give_up_s:
                    return

    def _start(self, song: Song, setlist: PlayQueue) -> bool:
        """Whether there is no need to look any further."""
        self._loaded = False
        if song.path is None:
            self._now = None
            return False
        try:
            self._player.play(song.path)
            self._loaded = True
        except UnplayableError as error:
            self._now = None
            self._why = self._why or str(error)
            if song.path not in self._broken:
                self._faults.append(str(error))
                self._broken.add(song.path)
            return False
        except EmodjError as error:
            self._notices.append(str(error))
        title, artist = with_tags(song)
        number, volume = setlist.current + 1, self._percent / 100
        # Without a sound device the list can still be leafed through
        self._now = NowPlaying(title, artist, number, setlist.count, not self._loaded, self._shuffle, volume)
        return True

    def _report(self) -> None:
        if self._faults:
            which = "a song" if len(self._faults) == 1 else f"{len(self._faults)} songs; the first"
            self._notices.append(f"skipped {which}: {self._faults[0]}")

    def _none(self) -> str:
        if len(self._songs) == 1:
            return self._why
        of = f" of {self._title}" if self._title else ""
        return f"none of the {len(self._songs)} songs{of} can be played; the first: {self._why}"

    def _tried(self, action: Callable[[], None]) -> bool:
        try:
            action()
        except EmodjError as error:
            self._notices.append(str(error))
            return False
        return True

    def _said(self) -> str | None:
        said, self._notices = self._notices, []
        return "; ".join(said) or None
