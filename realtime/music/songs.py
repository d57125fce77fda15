"""Songs, and which of them fit a mood (pure)."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import rank_by_distance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_LONGEST_QUOTE = 40


@dataclass(frozen=True, slots=True)
class Song:
    """One song of a library: a file, a link, or only a name.

    Attributes:
        title: as its list says it; None where only the file can tell.
        artist: likewise.
        path: absolute path of its file, if it is one.
        url: an https link as `links.parse` returns it, if it is one.
    """

    title: str | None = None
    artist: str | None = None
    path: Path | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """What is being played, for the screen.

    Attributes:
        title: of the song.
        artist: of the song; None where nobody knows.
        number: of the song in its list, from 1.
        count: of songs in the list.
        paused: whether it stands still.
        shuffled: whether the next song is a random one.
        volume: 0..1; None where it is not ours to say.
    """

    title: str
    artist: str | None
    number: int
    count: int
    paused: bool = False
    shuffled: bool = False
    volume: float | None = 1.0


def parse_expression(text: str) -> Expression:
    """The expression of that name, in any case, blanks around it or not.

    Raises:
        ValueError: there is none; the sentence names the nearest one.
    """
    name = text.strip().lower()
    names = [each.value for each in EXPRESSIONS]
    if name in names:
        return Expression(name)
    close = difflib.get_close_matches(name[:_LONGEST_QUOTE], names, 1)
    quoted = f"{text[:_LONGEST_QUOTE]!r}{'…' if len(text) > _LONGEST_QUOTE else ''}"
    raise ValueError(f"unknown mood {quoted}: {f'did you mean {close[0]}? ' if close else ''}known are {', '.join(names)}")


def nearest_with_songs(
    songs_of: Callable[[Expression], Sequence[Song]], mood: Expression
) -> tuple[Expression, Sequence[Song]] | None:
    """The songs of a mood, or where it has none those of its nearest neighbour that has some.

    Args:
        songs_of: looks a mood's songs up; asked for no more moods than it takes.
        mood: whose songs are wanted.

    Returns:
        Whose songs they are, which a person should be told where it is another mood, and the songs; None if no mood has any.
    """
    for each in rank_by_distance(mood):
        if songs := songs_of(each):
            return each, songs
    return None


def shuffled(songs: Sequence[Song], seed: int) -> Iterator[Song]:
    """All songs in random order, no file and no link twice.

    Args:
        songs: to draw from.
        seed: 0 or more; with the same one the same songs come in the same order.
    """
    import numpy as np

    drawn = set[object]()
    for index in np.random.default_rng(seed).permutation(len(songs)):
        song = songs[int(index)]
        place = song.path or song.url or song
        if place not in drawn:
            drawn.add(place)
            yield song


def recommend(songs: Sequence[Song], count: int, seed: int) -> list[Song]:
    """The first `count` songs of `by_lot`, or all if there are fewer."""
    return list(islice(shuffled(songs, seed), count))
