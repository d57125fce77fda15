"""Song and NowPlaying; songs of a mood, drawn at random (pure)."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import rank_by_distance

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence
    from pathlib import Path

    from realtime.music.feedback import FeedbackKey

_MAX_QUOTE = 40


@dataclass(frozen=True, slots=True)
class Song:
    """One song of a library: a file, a link, or only a name.

    Attributes:
        title: title in the list; None if only the tags of the file can name it.
        artist: artist in the list; None likewise.
        path: absolute path of the file; None if the song is no file.
        url: https link as `links.parse_link` returns it; None if the song is no link.
    """

    title: str | None = None
    artist: str | None = None
    path: Path | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SongEnd:
    """A song of this computer that plays no more.

    Attributes:
        song: the song.
        key: the key of its list, which `LocalPlayer.play` got: the `MusicChoice` in a session.
        heard_s: how long it played, without pauses, in seconds.
        how: "finished" at its end, "skipped" by a key, "replaced" by another list, "stopped" with the player, or "broken".
    """

    song: Song
    key: Hashable
    heard_s: float
    how: Literal["finished", "skipped", "replaced", "stopped", "broken"]


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """The current song and the state of its player, for the screen.

    Attributes:
        title: title of the song.
        artist: artist of the song; None if unknown.
        number: position of the song in its list, from 1.
        count: number of songs in the list.
        paused: whether the song is paused.
        shuffled: whether the next song is a random one.
        volume: 0..1; None if emodj does not know or cannot set the volume.
        key: what a thumb on it is counted for; None for a song that another program plays.
    """

    title: str
    artist: str | None
    number: int
    count: int
    paused: bool = False
    shuffled: bool = False
    volume: float | None = 1.0
    key: FeedbackKey | None = None


def parse_expression(text: str) -> Expression:
    """Parse the name of an expression, in upper or lower case; spaces around it are ignored.

    Raises:
        ValueError: no expression has this name. The message suggests the nearest one.
    """
    name = text.strip().lower()
    names = [each.value for each in EXPRESSIONS]
    if name in names:
        return Expression(name)
    close = difflib.get_close_matches(name[:_MAX_QUOTE], names, 1)
    quoted = f"{text[:_MAX_QUOTE]!r}{'…' if len(text) > _MAX_QUOTE else ''}"
    raise ValueError(f"unknown mood {quoted}: {f'did you mean {close[0]}? ' if close else ''}known are {', '.join(names)}")


def nearest_with_songs(
    find_songs: Callable[[Expression], Sequence[Song]], mood: Expression
) -> tuple[Expression, Sequence[Song]] | None:
    """Find the songs of a mood, or of the nearest mood that has songs.

    Args:
        find_songs: returns the songs of a mood. It is called mood by mood, nearest first, until one has songs.
        mood: requested mood.

    Returns:
        The mood that has songs, and its songs; None if no mood has songs. The caller should notify the user if the mood
        differs from the requested one.
    """
    for each in rank_by_distance(mood):
        if songs := find_songs(each):
            return each, songs
    return None


def shuffled(songs: Sequence[Song], seed: int) -> Iterator[Song]:
    """Yield all songs in random order, each file and each link once.

    Args:
        songs: songs to draw from.
        seed: 0 or more; the same seed gives the same order.
    """
    import numpy as np

    drawn = set[object]()
    for index in np.random.default_rng(seed).permutation(len(songs)):
        song = songs[int(index)]
        location = song.path or song.url or song
        if location not in drawn:
            drawn.add(location)
            yield song


def recommend(songs: Sequence[Song], count: int, seed: int) -> list[Song]:
    """Draw `count` songs at random, or all if there are fewer: the first ones of `shuffled`."""
    return list(islice(shuffled(songs, seed), count))
