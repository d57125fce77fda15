"""Play a queue of local files as commands say."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Literal, Self

from realtime.errors import EmodjError
from realtime.music.commands import NOTHING_PLAYING, VOLUME_STEP
from realtime.music.feedback import SKIP_S, Verdict, describe_none_offered
from realtime.music.local.file_player import UnplayableError
from realtime.music.local.learnt_queue import LearntQueue, SongPicker
from realtime.music.local.queue import new_queue
from realtime.music.local.tags import read_tags
from realtime.music.songs import NowPlaying, SongEnd
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

    Attributes:
        songs_started: number of songs started so far.

    Args:
        player: plays the files; closed together with this object.
        volume: volume at the start, 0..1.
        shuffle: whether songs come in random order at the start.
        seed: seed of the random orders, 0 or more; None for a random seed.
        once: whether to stop after every song has been played once, instead of repeating the list.
        on_song_end: called with each song that was heard and plays no more; on the thread of the calls.
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
        on_song_end: Callable[[SongEnd], None] | None = None,
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
        self._on_song_end = on_song_end
        # Songs started so far; how long the song was heard up to its last pause, and when it went on since, in seconds
        self.songs_started = 0
        self._heard_s, self._went_on_s = 0.0, 0.0
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
        """Whether the current song has played to its end, or the next one may fade in, so that `poll` will start it."""
        return self._loaded and self._now is not None and not self._now.paused and self._player.ending

    def set_fade(self, seconds: float) -> None:
        """Let songs fade into each other, and into pauses by `fade_out`, in so many seconds; 0 for no fades."""
        if self._player.fade_s != seconds:
            self._try_device(lambda: setattr(self._player, "fade_s", seconds))

    def fade_out(self) -> None:
        """Pause after a fade; does nothing while paused. The song counts as paused at once."""
        if self._now is not None and not self._now.paused and self._try_device(self._player.fade_out):
            self._note_pause(self._now)

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
        picker = None
        if self._counts is not None:
            picker = SongPicker(songs, mood, self._counts, seed=next(self._picker_seeds), once=self._once)
        if picker is not None and picker.offers_none():
            self.stop("replaced")
            raise EmodjError(describe_none_offered(title))
        how = "finished" if self.track_ended else "replaced"
        if self._player.fade_s > 0:
            # The song plays on until the next one has faded in
            self._forget_list(how)
        else:
            self.stop(how)
        self._songs, self._key, self._title, self._mood, self._picker = songs, key, title, mood, picker
        seed = next(self._seeds) if self._shuffle else None
        # What was heard of the list before may have been the first answer
        if picker is not None and picker.has_answers():
            self._start_queue(LearntQueue(picker, shuffled=self._shuffle).skip(1))
        else:
            self._start_queue(new_queue(len(songs), seed))
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
            self._end_song("finished" if self.track_ended else "skipped", is_refused=command.skip > 0)
            self._move(self._queue, command.skip)
        elif command.toggle and self._now is not None:
            self._toggle_pause(self._now)
        elif command.skip or command.toggle:
            answers.append(NOTHING_PLAYING)
        if self._now is not None:
            self._now = replace(self._now, shuffled=self._shuffle, volume=self._percent / 100)
        return ", ".join(answers) or None

    def poll(self, *, advance: bool = True) -> str | None:
        """Start the next song if the current one has ended or cannot be played.

        Args:
            advance: False leaves a song that has just ended to the next call.

        Returns:
            A sentence on skipped files, each file once, or the reason why no music plays; None if there is nothing to say.
        """
        if self._attempts_left:
            self._find_playable_song()
        elif advance and self.track_ended and self._queue is not None:
            self._end_song("finished")
            self._move(self._queue, 1)
        return self._take_notices()

    def stop(self, how: Literal["finished", "replaced", "stopped"] = "stopped") -> None:
        """Stop playing, and drop the list."""
        self._forget_list(how)
        self._try_device(self._player.stop)

    def close(self) -> None:
        """Stop, after a fade if fades are on, and close the file player."""
        if self._player.fade_s > 0:
            self._forget_list("stopped")
        else:
            self.stop()
        self._player.close()

    def _forget_list(self, how: Literal["finished", "replaced", "stopped"]) -> None:
        self._end_song(how)
        self._loaded = False
        self._note_fault()
        self._picker, self._songs, self._queue, self._now = None, (), None, None
        self._key, self._title, self._attempts_left = None, "", 0

    def _end_song(self, how: Literal["finished", "skipped", "replaced", "stopped"], *, is_refused: bool = False) -> None:
        """Tell of the end of the current song, if it was heard, and count it.

        Args:
            how: as `SongEnd` has it.
            is_refused: whether a skip counts against the song if it comes early.
        """
        if not self._loaded or self._queue is None or self._now is None:
            return
        # Once for each song
        self._loaded = False
        heard_s = self._heard_s + (0.0 if self._now.paused else self._clock() - self._went_on_s)
        broken = self._note_fault()
        if self._counts is not None and self._now.key is not None and not broken:
            if how == "finished":
                self._counts.add(self._now.key, Verdict.HEARD)
            elif how == "skipped" and is_refused and heard_s < SKIP_S:
                self._counts.add(self._now.key, Verdict.SKIPPED)
        if self._on_song_end is not None:
            song = self._songs[self._queue.current]
            self._on_song_end(SongEnd(song, self._key, heard_s, "broken" if broken else how))

    def _note_pause(self, now: NowPlaying) -> None:
        self._heard_s += self._clock() - self._went_on_s
        self._now = replace(now, paused=True)

    def _toggle_pause(self, now: NowPlaying) -> None:
        if not now.paused:
            self._try_device(self._player.pause)
            self._note_pause(now)
        elif self._loaded and self._try_device(self._player.resume):
            self._went_on_s = self._clock()
            self._now = replace(now, paused=False)
        elif self._queue is not None:
            self._start_queue(self._queue)

    def _move(self, queue: PlayQueue | LearntQueue, steps: int) -> None:
        """Go on by a number of songs, or back if negative; from the first thumb on, songs are chosen by thumbs."""
        picker = self._picker
        if picker is not None and picker.offers_none():
            self._notices.append(describe_none_offered(self._title))
            self.stop()
            return
        if picker is not None and not isinstance(queue, LearntQueue) and picker.has_answers():
            queue = LearntQueue.follow(queue, picker)
        self._start_queue(queue.skip(steps), 1 if steps > 0 else -1)

    def _start_queue(self, queue: PlayQueue | LearntQueue, direction: int = 1) -> None:
        """Play the current song of a queue; if it cannot be played, the next playable one in a direction, 1 or -1."""
        self._note_fault()
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
            self.songs_started += 1
            self._heard_s, self._went_on_s = 0.0, self._clock()
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
        if self._counts is not None and key is not None:
            self._counts.begin_play(key)
        # Without a sound device the song is shown as paused, so that skips still work
        self._now = NowPlaying(title, artist, number, queue.count, not self._loaded, self._shuffle, volume, key)
        return True

    def _note_unplayable(self, queue: PlayQueue | LearntQueue) -> None:
        if self._picker is not None:
            self._picker.unplayable.add(queue.current)

    def _note_fault(self) -> bool:
        """Report that the current song ended before its end, and say whether it did."""
        if (fault := self._player.take_fault()) is None:
            return False
        self._notices.append(f"skipped a song: {fault}")
        if self._queue is not None and (path := self._songs[self._queue.current].path) is not None:
            self._reported.add(path)
        return True

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
