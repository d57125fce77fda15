"""Play a queue of local files as commands say."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Self

from realtime.errors import EmodjError
from realtime.music.commands import NOTHING_PLAYING, VOLUME_STEP
from realtime.music.feedback import SKIP_S, Verdict
from realtime.music.local.file_player import UnplayableError
from realtime.music.local.learnt_queue import LearntQueue, SongPicker
from realtime.music.local.queue import new_queue
from realtime.music.local.tags import read_tags
from realtime.music.songs import NowPlaying
from realtime.music.taste import key_of_song

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from pathlib import Path

    from realtime.domain import Expression
    from realtime.music.commands import PlayerCommand
    from realtime.music.feedback import FeedbackCounts
    from realtime.music.local.file_player import SoundPlayer
    from realtime.music.local.queue import PlayQueue
    from realtime.music.songs import Song

SEARCH_TIME_S = 0.2
"""Longest search for a playable file in one call, in seconds: thousands of broken files must not block the caller."""


class LocalPlayer:
    """Plays a list of songs, one after the other.

    One thread makes all calls, `poll` a few times a second; any thread may read `now_playing`.

    Args:
        player: plays the files; closed together with this object.
        volume: volume at the start, 0..1.
        shuffle: whether songs come in random order at the start.
        seed: seed of the random orders, 0 or more; None for a random seed.
        once: whether to stop after every song has been played once, instead of repeating the list.
        counts: counts songs that are heard to their end or skipped early, and orders songs by thumbs; None does neither.
        clock: monotonic time, seconds.
    """

    def __init__(
        self,
        player: SoundPlayer,
        *,
        volume: float,
        shuffle: bool,
        seed: int | None = None,
        once: bool = False,
        counts: FeedbackCounts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._player = player
        self._percent = round(100 * volume)
        self._shuffle = shuffle
        first_seed = secrets.randbits(32) if seed is None else seed
        # Draws by thumbs have seeds of their own, so that orders without thumbs stay what they are
        self._seeds, self._picker_seeds = count(first_seed), count(first_seed)
        self._once = once
        self._counts = counts
        self._clock = clock
        self._songs: Sequence[Song] = ()
        self._queue: PlayQueue | LearntQueue | None = None
        # Chooses songs by thumbs
        self._picker: SongPicker | None = None
        self._mood: Expression | None = None
        self._started_at_s = 0.0
        self._key: Hashable = None
        self._title = ""
        self._now: NowPlaying | None = None
        # Whether the player has loaded the song that `_now` names
        self._loaded = False
        # While searching for a playable song: number of songs still to try, and direction, 1 or -1
        self._attempts_left, self._direction = 0, 1
        # Errors of the present search: the new ones, and the first of all
        self._file_errors: list[str] = []
        self._first_error = ""
        # Files that have been reported as broken, so that each is reported once
        self._reported: set[Path] = set()
        self._notices: list[str] = []
        player.volume = volume

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def now_playing(self) -> NowPlaying | None:
        """The current song, playing or paused; None without one, or during the search for one. Any thread may read it."""
        return self._now

    @property
    def key(self) -> Hashable:
        """The key that `play` got for the current list; None without a list."""
        return self._key

    @property
    def finished(self) -> bool:
        """Whether the player has no list: none was started, it was stopped, played once, or none of its songs is playable."""
        return self._queue is None

    @property
    def track_ended(self) -> bool:
        """Whether the current song has played to its end, so that `poll` will start the next one."""
        return self._loaded and self._now is not None and not self._now.paused and self._player.ended

    def play(self, songs: Sequence[Song], key: Hashable, title: str = "", mood: Expression | None = None) -> str | None:
        """Stop the current list and start this one. If it is the current list, only end a pause.

        Args:
            songs: songs of the list; those without a path are skipped.
            key: identifies the list.
            title: name of the list in sentences.
            mood: mood of the list, for which thumbs are counted; None for a list that lifts.

        Returns:
            A sentence as `poll` returns it.

        Raises:
            EmodjError: no song is a playable file, or each has two thumbs down; then no list is current. For a very long list
                of broken files `play` returns early, and `poll` reports it later.
        """
        if self._queue is not None and key == self._key:
            return self.resume()
        if not any(song.path is not None for song in songs):
            raise EmodjError(f"there is no file among the {len(songs)} songs of {title or 'the list'}, only links")
        self.stop()
        self._songs, self._key, self._title, self._mood = songs, key, title, mood
        seed = next(self._seeds) if self._shuffle else None
        if self._counts is not None:
            self._picker = SongPicker(songs, mood, self._counts, seed=next(self._picker_seeds), once=self._once)
        if self._picker is None or not self._picker.has_answers():
            self._start_queue(new_queue(len(songs), seed))
        elif self._picker.offers_none():
            self.stop()
            raise EmodjError(_only_disliked(title))
        else:
            self._start_queue(LearntQueue(self._picker, shuffled=self._shuffle).skip(1))
        if self._queue is None:
            raise EmodjError(self._take_notices() or "none of these songs can be played")
        return self._take_notices()

    def resume(self) -> str | None:
        """End a pause; returns a sentence as `poll` does."""
        if self._now is not None and self._now.paused:
            self._toggle_pause(self._now)
        return self._take_notices()

    def handle(self, command: PlayerCommand) -> str | None:
        """Apply a command, except its plan, which the caller handles. A skip also ends a pause.

        Returns:
            A few words for the screen; None if there is nothing to say. Only `poll` reports skipped files.
        """
        answers = list[str]()
        if command.louder:
            self._percent = min(100, max(0, self._percent + VOLUME_STEP * command.louder))
            self._try_device(lambda: setattr(self._player, "volume", self._percent / 100))
            answers.append(f"volume {self._percent}%")
        if command.shuffle:
            self._shuffle = not self._shuffle
            if self._queue is not None:
                self._queue = self._queue.shuffle(next(self._seeds)) if self._shuffle else self._queue.in_order()
            answers.append(f"shuffle {'on' if self._shuffle else 'off'}")
        if command.skip and self._queue is not None:
            self._move(self._queue, command.skip)
        elif command.toggle and self._now is not None:
            self._toggle_pause(self._now)
        elif command.skip or command.toggle:
            answers.append(NOTHING_PLAYING)
        if self._now is not None:
            self._now = replace(self._now, shuffled=self._shuffle, volume=self._percent / 100)
        return ", ".join(answers) or None

    def poll(self) -> str | None:
        """Start the next song if the current one has ended or cannot be played.

        Returns:
            A sentence on skipped files, each file once, or the reason why no music plays; None if there is nothing to say.
        """
        if self._attempts_left:
            self._find_playable_song()
        elif self.track_ended and self._queue is not None:
            self._move(self._queue, 1)
        return self._take_notices()

    def stop(self) -> None:
        """Stop playing, and drop the list."""
        self._leave_song()
        self._picker, self._songs, self._queue, self._now = None, (), None, None
        self._key, self._title, self._attempts_left = None, "", 0
        self._try_device(self._player.stop)

    def close(self) -> None:
        """Stop, and close the file player."""
        self.stop()
        self._player.close()

    def _toggle_pause(self, now: NowPlaying) -> None:
        if not now.paused:
            self._try_device(self._player.pause)
            self._now = replace(now, paused=True)
        elif self._loaded and self._try_device(self._player.resume):
            self._now = replace(now, paused=False)
        elif self._queue is not None:
            self._start_queue(self._queue)

    def _move(self, queue: PlayQueue | LearntQueue, steps: int) -> None:
        """Go on by a number of songs, or back if negative; from the first thumb on, songs are chosen by thumbs."""
        self._leave_song(skipped=steps > 0)
        picker = self._picker
        if picker is not None and picker.offers_none():
            self._notices.append(_only_disliked(self._title))
            self.stop()
            return
        if picker is not None and not isinstance(queue, LearntQueue) and picker.has_answers():
            queue = LearntQueue.follow(queue, picker)
        self._start_queue(queue.skip(steps), 1 if steps > 0 else -1)

    def _start_queue(self, queue: PlayQueue | LearntQueue, direction: int = 1) -> None:
        """Play the current song of a queue; if it cannot be played, the next playable one in a direction, 1 or -1."""
        self._leave_song()
        self._queue, self._attempts_left, self._direction = queue, len(self._songs), direction
        self._file_errors, self._first_error = [], ""
        self._find_playable_song()

    def _find_playable_song(self) -> None:
        give_up_s = time.monotonic() + SEARCH_TIME_S
        while self._attempts_left and self._queue is not None:
            if self._once and self._queue.played_all:
                self._report_skipped_files()
                self.stop()
            elif self._start_song(self._songs[self._queue.current], self._queue):
                self._attempts_left = 0
                self._report_skipped_files()
            elif self._attempts_left == 1:
                self._notices.append(self._nothing_playable_sentence())
                self.stop()
            else:
                self._attempts_left -= 1
                self._queue = self._queue.skip(self._direction)
                if time.monotonic() > give_up_s:
                    return

    def _start_song(self, song: Song, queue: PlayQueue | LearntQueue) -> bool:
        """Start a song; True if the search ends here, False to try the next song."""
        self._loaded = False
        if song.path is None:
            self._now = None
            self._note_unplayable(queue)
            return False
        try:
            self._player.play(song.path)
            self._loaded = True
        except UnplayableError as error:
            self._now = None
            self._note_unplayable(queue)
            self._first_error = self._first_error or str(error)
            if song.path not in self._reported:
                self._file_errors.append(str(error))
                self._reported.add(song.path)
            return False
        except EmodjError as error:
            self._notices.append(str(error))
        title, artist = read_tags(song)
        number, volume = queue.current + 1, self._percent / 100
        key = None if self._counts is None else key_of_song(song, self._mood)
        # Without a sound device the song is shown as paused, so that skips still work
        self._now = NowPlaying(title, artist, number, queue.count, not self._loaded, self._shuffle, volume, key)
        self._started_at_s = self._clock()
        return True

    def _note_unplayable(self, queue: PlayQueue | LearntQueue) -> None:
        if self._picker is not None:
            self._picker.unplayable.add(queue.current)

    def _leave_song(self, *, skipped: bool = False) -> None:
        """Count that the current song was heard or skipped, or report that it ended before its end. Once for each song."""
        key = None if self._now is None or self._now.paused or not self._loaded else self._now.key
        was_heard = key is not None and self._player.ended
        fault = self._player.take_fault()
        self._loaded = False
        if fault is None:
            if self._counts is not None and key is not None and was_heard:
                self._counts.add(key, Verdict.HEARD)
            elif self._counts is not None and key is not None and skipped and self._clock() - self._started_at_s < SKIP_S:
                self._counts.add(key, Verdict.SKIPPED)
            return
        self._notices.append(f"skipped a song: {fault}")
        if self._queue is not None and (path := self._songs[self._queue.current].path) is not None:
            self._reported.add(path)

    def _report_skipped_files(self) -> None:
        if self._file_errors:
            which = "a song" if len(self._file_errors) == 1 else f"{len(self._file_errors)} songs; the first"
            self._notices.append(f"skipped {which}: {self._file_errors[0]}")

    def _nothing_playable_sentence(self) -> str:
        if len(self._songs) == 1:
            return self._first_error
        of_list = f" of {self._title}" if self._title else ""
        return f"none of the {len(self._songs)} songs{of_list} can be played; the first: {self._first_error}"

    def _try_device(self, action: Callable[[], None]) -> bool:
        """Run an action on the sound device; on an error, note the sentence and return False."""
        try:
            action()
        except EmodjError as error:
            self._notices.append(str(error))
            return False
        return True

    def _take_notices(self) -> str | None:
        notices, self._notices = self._notices, []
        return "; ".join(notices) or None


def _only_disliked(title: str) -> str:
    return f"every song of {title or 'the list'} has two thumbs down: emodj feedback reset offers them again"
