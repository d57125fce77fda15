"""Songs that the page plays: the page names a list and a number, never a path."""

from __future__ import annotations

import random
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.feedback import Kind, order_by_draw
from realtime.music.local.song_files import find_fault
from realtime.music.local.tags import read_tags
from realtime.music.taste import key_of_song

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from pathlib import Path

    from realtime.domain import Expression
    from realtime.music.feedback import FeedbackCounts, FeedbackKey
    from realtime.music.local.library import FoundSongs
    from realtime.music.songs import Song

MAX_LISTS = 16
"""Lists that a tab keeps: the one that plays, and those of the last moods."""
MAX_JUDGED = 500
"""Choices that a tab keeps for thumbs, those named last: what it shows, and the songs that play."""

MEDIA_TYPES = {
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
}
"""Media types of the suffixes that a song may have."""


@dataclass(frozen=True, slots=True)
class ListedSong:
    """One song of a list, as the page shows it.

    Attributes:
        title: title of the song, in its list, its file or its file's name.
        artist: its artist; None if unknown.
        address: where the page gets it, below the server; None if it is no file.
        url: its https link; None if it has none.
        thumb: its name for a thumb, as `SongLists.offer_thumb` returns it.
    """

    title: str
    artist: str | None
    address: str | None
    url: str | None
    thumb: str


class SongLists:
    """The lists of songs that a tab was offered, the one used last at the end.

    A list has a name that nobody can guess: the browser's player asks for a file without the key in a header. `open`, `song`
    and `file` read the disk, and so are not for the event loop.
    """

    def __init__(self) -> None:
        self._lists: OrderedDict[str, tuple[Hashable, Callable[[], FoundSongs]]] = OrderedDict()
        self._read: dict[str, FoundSongs] = {}
        self._moods: dict[str, Expression | None] = {}
        self._judged: OrderedDict[str, tuple[FeedbackKey, str]] = OrderedDict()

    def offer_thumb(self, key: FeedbackKey, title: str) -> str:
        """Let the tab give a thumb on a choice; returns the name by which it says so.

        Args:
            key: what the thumb is counted for.
            title: title of the choice in sentences.
        """
        name = f"{key.list_name}-{key.kind.value}-{key.digest}"
        self._judged[name] = key, title
        self._judged.move_to_end(name)
        while len(self._judged) > MAX_JUDGED:
            self._judged.popitem(last=False)
        return name

    def judged(self, name: str) -> tuple[FeedbackKey, str] | None:
        """Key and title of a choice that `offer_thumb` has named; None for another name."""
        return self._judged.get(name)

    def offer(self, source: Hashable, read: Callable[[], FoundSongs], mood: Expression | None = None) -> str:
        """Offer a list that is read when it is opened; returns its name. The same source keeps its name.

        Args:
            source: identifies the list.
            read: reads its songs.
            mood: mood of the list, for which thumbs are counted; None for a list that lifts.
        """
        for name, (known, _) in self._lists.items():
            if known == source:
                self._lists.move_to_end(name)
                return name
        while len(self._lists) >= MAX_LISTS:
            gone, _ = self._lists.popitem(last=False)
            self._read.pop(gone, None)
            self._moods.pop(gone, None)
        name = secrets.token_urlsafe(16)
        self._lists[name] = source, read
        self._moods[name] = mood
        return name

    def has(self, name: str) -> bool:
        """Whether a list of that name was offered, and is kept."""
        return name in self._lists

    def open(self, name: str) -> FoundSongs:
        """The songs of a list, read at the first call.

        Raises:
            EmodjError: there is no such list any more, or it cannot be read.
        """
        if name not in self._lists:
            raise EmodjError("this list of songs is gone: choose it again")
        if name not in self._read:
            self._read[name] = self._lists[name][1]()
        return self._read[name]

    def song(self, name: str, number: int) -> ListedSong:
        """A song with its title, which may be read from its file.

        Args:
            name: of the list.
            number: of the song in it, from 0.

        Raises:
            EmodjError: there is no such song any more.
        """
        song = self._song(name, number)
        title, artist = read_tags(song)
        thumb = self.offer_thumb(key_of_song(song, self._moods.get(name)), title)
        return ListedSong(title, artist, None if song.path is None else f"/songs/{name}/{number}", song.url, thumb)

    def order(self, name: str, counts: FeedbackCounts, *, shuffled: bool) -> list[int] | None:
        """The numbers of the songs of a list in the order of their thumbs, without those that are left out.

        Args:
            name: of the list.
            counts: thumbs of the person.
            shuffled: whether songs are drawn; else those with more likes come first, in the order of the list.

        Returns:
            The numbers, from 0; none of them if every song is left out. None if no song of the list has an answer.

        Raises:
            EmodjError: there is no such list any more, or it cannot be read.
        """
        songs, mood, feedback = self.open(name).songs, self._moods.get(name), counts.feedback
        if not feedback.has(Kind.SONG, mood):
            return None
        tallies = [feedback.of(key_of_song(song, mood)) for song in songs]
        if not any(tally.evidence for tally in tallies):
            return None
        if shuffled:
            # The draw guards no secret
            return order_by_draw(tallies, random.Random())  # noqa: S311
        offered = [number for number, tally in enumerate(tallies) if not tally.left_out]
        return sorted(offered, key=lambda number: -tallies[number].mean)

    def file(self, name: str, number: int) -> tuple[Path, str]:
        """Path and media type of a song.

        Raises:
            EmodjError: there is no such song, or it is no file that begins as a song does.
        """
        path = self._song(name, number).path
        if path is None:
            raise EmodjError("this song is a link: open it instead")
        # A file of a list may be anything by its content: only a song leaves this computer's disk
        fault = find_fault(path)
        if fault is not None:
            raise EmodjError(fault)
        return path, MEDIA_TYPES[path.suffix.lower()]

    def _song(self, name: str, number: int) -> Song:
        songs = self.open(name).songs
        if not 0 <= number < len(songs):
            raise EmodjError("this list has no such song: choose the list again")
        return songs[number]
