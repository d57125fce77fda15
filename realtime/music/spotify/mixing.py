"""Which songs make a playlist for a session: from confidence, not from one hard label (pure).

Spotify no longer says how a song sounds, and lets nobody learn from its data. So a song counts as one for an expression where
a person has put it into a list that is called so, or where a search for such music finds it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS, Expression
from realtime.music.spotify.states import artists
from realtime.music.tags import cleaned

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from realtime.music.spotify.web import Row

LEAST_SHARE = 0.05
"""A smaller share is doubt about some face; the overlay leaves it out likewise."""

_SONG = re.compile(r"spotify:track:[0-9A-Za-z]{22}")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How songs for an expression are found.

    Attributes:
        words: a playlist of a person's own is for the expression if one of these is in its name.
        searches: of Spotify's search, with its filter `genre:`. Chosen by ear.
    """

    words: tuple[str, ...]
    searches: tuple[str, ...]


RECIPES: Mapping[Expression, Recipe] = {
    Expression.ANGRY: Recipe(
        ("angry", "anger", "rage", "fury", "furious", "metal", "hardcore"), ('genre:"metal"', 'genre:"hard rock"')
    ),
    Expression.DISGUST: Recipe(
        ("disgust", "disgusted", "defiant", "villain", "punk", "grunge", "industrial"),
        ('genre:"punk"', 'genre:"grunge"', 'genre:"industrial"'),
    ),
    Expression.FEAR: Recipe(
        ("fear", "afraid", "scary", "horror", "spooky", "creepy", "suspense", "eerie"),
        ('genre:"dark ambient"', "suspense soundtrack"),
    ),
    Expression.HAPPY: Recipe(
        ("happy", "happiness", "joyful", "cheerful", "feelgood", "sunny", "sunshine", "smile", "upbeat"),
        ('genre:"funk"', 'genre:"disco"', "feel good"),
    ),
    Expression.NEUTRAL: Recipe(
        ("neutral", "chill", "chilled", "chillout", "relax", "relaxed", "relaxing", "easy", "calm", "lofi", "background"),
        ('genre:"chillout"', 'genre:"lo-fi"'),
    ),
    Expression.SAD: Recipe(
        ("sad", "sadness", "melancholy", "melancholic", "melancholia", "heartbreak", "heartbroken", "lonely"),
        ("sad piano", 'genre:"slowcore"', "sad acoustic"),
    ),
    Expression.SURPRISE: Recipe(
        ("surprise", "surprises", "surprising", "party", "dance", "energy"), ('genre:"dance pop"', 'genre:"electro swing"')
    ),
}

_NOT = {"not", "no", "never", "un", "anti"}


@dataclass(frozen=True, slots=True)
class Track:
    """A song of Spotify's.

    Attributes:
        uri: `spotify:track:ID`.
        title: cleaned, one line.
        artist: likewise; None if it names none.
    """

    uri: str
    title: str
    artist: str | None


@dataclass(frozen=True, slots=True)
class Picked:
    """A song of the mix.

    Attributes:
        track: which.
        mood: for which expression.
        source: where it was found, for people: "your list Sunny", "search".
    """

    track: Track
    mood: Expression
    source: str


@dataclass(frozen=True, slots=True)
class Pool:
    """What there is for an expression, without nulls: songs with where they were found, those of own lists apart."""

    own: tuple[tuple[Track, str], ...] = ()
    searched: tuple[tuple[Track, str], ...] = ()


def fits(name: str, mood: Expression) -> bool:
    """Whether a playlist of that name is one for an expression, in the words of English."""
    text = name.casefold()
    for two in ("lo-fi", "feel good", "feel-good"):
        text = text.replace(two, re.sub(r"\W", "", two))
    words = set(re.findall(r"\w+", text))
    return not words & _NOT and not words.isdisjoint(RECIPES[mood].words)


def track(item: Row) -> Track | None:
    """The song that an item of a list or a search is; None for episodes, files of one's own, and what cannot be played."""
    uri, name = item.get("uri"), item.get("name")
    if not isinstance(uri, str) or not _SONG.fullmatch(uri) or item.get("is_playable") is False or item.get("is_local"):
        return None
    title = cleaned(name) if isinstance(name, str) else None
    return None if title is None else Track(uri, title, artists(item))


def counts(shares: Sequence[float], total: int) -> dict[Expression, int]:
    """How many songs each expression gets: by its share, and the rest by the largest remainders (Hare quota).

    Args:
        shares: seven, 0..1, in the order of `Expression`; those below `LEAST_SHARE` get none.
        total: songs of the mix.

    Raises:
        ValueError: no share is large enough.
    """
    weights = np.array([share if share >= LEAST_SHARE else 0.0 for share in shares])
    if not weights.sum():
        raise ValueError(f"no share reaches {LEAST_SHARE}")
    exact = total * weights / weights.sum()
    whole = np.floor(exact).astype(int)
    for index in np.argsort(whole - exact, kind="stable")[: total - int(whole.sum())]:
        whole[index] += 1
    return {expression: int(count) for expression, count in zip(EXPRESSIONS, whole, strict=True) if count}


def mix(pools: Mapping[Expression, Pool], wanted: Mapping[Expression, int], seed: int) -> list[Picked]:
    """The songs of the mix in their order: each expression spread evenly over it, own lists and searches in turn.

    Args:
        pools: what there is.
        wanted: how many of each.
        seed: 0 or more; the same songs of the same pools come with the same one.

    Returns:
        Fewer than are wanted where the pools have no more; no song twice, also not on another album.
    """
    taken = set[object]()
    placed = list[tuple[float, int, Picked]]()
    for mood, count in sorted(wanted.items(), key=lambda pair: (-pair[1], EXPRESSIONS.index(pair[0]))):
        picked = list[Picked]()
        for song, source in _in_turn(pools.get(mood, Pool()), np.random.default_rng([seed, EXPRESSIONS.index(mood)])):
            same = song.title.casefold(), (song.artist or "").casefold()
            if len(picked) < count and not taken & {song.uri, same}:
                taken |= {song.uri, same}
                picked.append(Picked(song, mood, source))
        placed += [((place + 0.5) / len(picked), EXPRESSIONS.index(mood), one) for place, one in enumerate(picked)]
    return [one for _, _, one in sorted(placed, key=lambda each: each[:2])]


def _in_turn(pool: Pool, lot: np.random.Generator) -> Iterator[tuple[Track, str]]:
    drawn = [[songs[int(index)] for index in lot.permutation(len(songs))] for songs in (pool.own, pool.searched)]
    for place in range(max(map(len, drawn))):
        yield from (songs[place] for songs in drawn if place < len(songs))
