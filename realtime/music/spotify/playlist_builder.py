"""Gathers songs of a person's own lists and of searches, and makes a private playlist of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError
from realtime.music.spotify.client import SEARCH_PAGE
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.music.spotify.playback_state import artist_names
from realtime.printable import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from realtime.music.spotify.client import Row, SpotifyClient


MOST_LISTS = 1000
"""Playlists of a person that are looked through, 50 in one question."""
LISTS_A_MOOD = 5
SONGS_A_LIST = 200
"""What is read of the lists that fit: each fifty songs are a question, and Spotify counts them."""
PAGES_A_SEARCH = 3
_MARK = "Made by emodj"


@dataclass(frozen=True, slots=True)
class BuiltPlaylist:
    """A playlist as it stands at Spotify now.

    Attributes:
        url: its link.
        new: whether it was not there before.
    """

    url: str
    new: bool


def playlist_title(mood: Expression) -> str:
    """What our playlist for an expression is called; a list of that name that is the person's own is ours."""
    return f"emodj: {mood.value}"


class PlaylistBuilder:
    """Makes playlists. Every method raises a `SpotifyError` where Spotify refuses or cannot be reached.

    Args:
        spotify: of the person that is logged in.
        links: the playlists that the settings name for an expression, as `spotify:playlist:ID`: those that are the person's own
            count as lists that fit.
        notice: told what is left out.
    """

    def __init__(
        self, spotify: SpotifyClient, links: Mapping[Expression, Sequence[str]], notice: Callable[[str], None]
    ) -> None:
        self._spotify = spotify
        self._links = links
        self._notice = notice
        self._own: list[Row] | None = None

    def songs(self, wanted: Mapping[Expression, int], seed: int) -> list[PickedTrack]:
        """The songs of a mix; writes nothing.

        Args:
            wanted: how many for each expression.
            seed: another one draws another mix.
        """
        pools = {mood: Pool(self._of_lists(mood), self._of_searches(mood, count)) for mood, count in wanted.items()}
        return mix_tracks(pools, wanted, seed)

    def make(self, mood: Expression, picked: Sequence[PickedTrack]) -> BuiltPlaylist:
        """Put the songs into our playlist for an expression, in place of all that it holds; make it if it is not there."""
        found = next((row for row in self._lists() if row.get("name") == playlist_title(mood)), None)
        if found is not None:
            _check_ours(found)
        row = found or self._spotify.make_playlist(
            playlist_title(mood), f"{_MARK} for {mood.value}: another run puts other songs in the place of these."
        )
        playlist = row.get("id")
        if not isinstance(playlist, str) or not playlist.isalnum():
            raise EmodjError("Spotify made no playlist: try again in a moment")
        try:
            self._spotify.fill(playlist, [one.track.uri for one in picked])
        except SpotifyError as error:
            if found is not None:
                raise
            raise SpotifyError(
                f"{error}; the list {playlist_title(mood)} is there and empty, the next run fills it", error.kind
            ) from error
        if found is None:
            self._lists().append(row)
        return BuiltPlaylist(f"https://open.spotify.com/playlist/{playlist}", new=found is None)

    def _lists(self) -> list[Row]:
        """The person's own playlists; what others made may not be read."""
        if self._own is None:
            me = self._spotify.me().get("id")
            rows = self._spotify.playlists(MOST_LISTS)
            self._own = [row for row in rows if isinstance(owner := row.get("owner"), dict) and me and owner.get("id") == me]
        return self._own

    def _of_lists(self, mood: Expression) -> tuple[tuple[Track, str], ...]:
        links = self._links.get(mood, ())
        ours = playlist_title(mood)
        fitting = [
            row
            for row in self._lists()
            if isinstance(name := row.get("name"), str)
            and name != ours
            and not name.startswith("emodj: ")
            and (row.get("uri") in links or fits_mood(name, mood))
        ]
        found = list[tuple[Track, str]]()
        for row in fitting[:LISTS_A_MOOD]:
            name = clean_text(str(row["name"])) or "without a name"
            try:
                items = self._spotify.items(str(row.get("id")), SONGS_A_LIST)
            except SpotifyError as error:
                if error.kind is not ErrorKind.GONE:
                    raise
                self._notice(f"your list {name} is left out: {error}")
                continue
            found += [(song, f"your list {name}") for item in items if (song := parse_track(item)) is not None]
        return tuple(found)

    def _of_searches(self, mood: Expression, count: int) -> tuple[tuple[Track, str], ...]:
        found = list[tuple[Track, str]]()
        searches = RECIPES[mood].searches
        # Twice as many as are wanted, so that another seed has something to draw from
        pages = min(PAGES_A_SEARCH, -(-2 * count // (SEARCH_PAGE * len(searches))))
        for query in searches:
            for page in range(pages):
                items = self._spotify.search(query, page * SEARCH_PAGE)
                found += [(song, "search") for item in items if (song := parse_track(item)) is not None]
                if not items:
                    break
        return tuple(found)


def _check_ours(row: Row) -> None:
    """Spotify loses a description now and then: a list without one counts as ours by its name.

    Raises:
        EmodjError: a person has made it, or shows it to everybody, for which a login of ours does not reach.
    """
    name, description = row.get("name"), row.get("description")
    if isinstance(description, str) and description.strip() and _MARK not in description:
        raise EmodjError(f"you have a playlist {name} that emodj did not make: give it another name, and try again")
    if row.get("public"):
        raise EmodjError(f"your playlist {name} is public by now: make it private in Spotify, and try again")


LEAST_SHARE = 0.05
"""A smaller share is doubt about some face; the overlay leaves it out likewise."""
_SONG = re.compile(r"spotify:track:[0-9A-Za-z]{22}")


@dataclass(frozen=True, slots=True)
class SearchRecipe:
    """How songs for an expression are found.

    Attributes:
        words: a playlist of a person's own is for the expression if one of these is in its name.
        searches: of Spotify's search, with its filter `genre:`. Chosen by ear.
    """

    words: tuple[str, ...]
    searches: tuple[str, ...]


RECIPES: Mapping[Expression, SearchRecipe] = {
    Expression.ANGRY: SearchRecipe(
        ("angry", "anger", "rage", "fury", "furious", "metal", "hardcore"), ('genre:"metal"', 'genre:"hard rock"')
    ),
    Expression.DISGUST: SearchRecipe(
        ("disgust", "disgusted", "defiant", "villain", "punk", "grunge", "industrial"),
        ('genre:"punk"', 'genre:"grunge"', 'genre:"industrial"'),
    ),
    Expression.FEAR: SearchRecipe(
        ("fear", "afraid", "scary", "horror", "spooky", "creepy", "suspense", "eerie"),
        ('genre:"dark ambient"', "suspense soundtrack"),
    ),
    Expression.HAPPY: SearchRecipe(
        ("happy", "happiness", "joyful", "cheerful", "feelgood", "sunny", "sunshine", "smile", "upbeat"),
        ('genre:"funk"', 'genre:"disco"', "feel good"),
    ),
    Expression.NEUTRAL: SearchRecipe(
        ("neutral", "chill", "chilled", "chillout", "relax", "relaxed", "relaxing", "easy", "calm", "lofi", "background"),
        ('genre:"chillout"', 'genre:"lo-fi"'),
    ),
    Expression.SAD: SearchRecipe(
        ("sad", "sadness", "melancholy", "melancholic", "melancholia", "heartbreak", "heartbroken", "lonely"),
        ("sad piano", 'genre:"slowcore"', "sad acoustic"),
    ),
    Expression.SURPRISE: SearchRecipe(
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
class PickedTrack:
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


def fits_mood(name: str, mood: Expression) -> bool:
    """Whether a playlist of that name is one for an expression, in the words of English."""
    text = name.casefold()
    for two in ("lo-fi", "feel good", "feel-good"):
        text = text.replace(two, re.sub(r"\W", "", two))
    words = set(re.findall(r"\w+", text))
    return not words & _NOT and not words.isdisjoint(RECIPES[mood].words)


def parse_track(item: Row) -> Track | None:
    """The song that an item of a list or a search is; None for episodes, files of one's own, and what cannot be played."""
    uri, name = item.get("uri"), item.get("name")
    if not isinstance(uri, str) or not _SONG.fullmatch(uri) or item.get("is_playable") is False or item.get("is_local"):
        return None
    title = clean_text(name) if isinstance(name, str) else None
    return None if title is None else Track(uri, title, artist_names(item))


def songs_per_mood(shares: Sequence[float], total: int) -> dict[Expression, int]:
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


def mix_tracks(pools: Mapping[Expression, Pool], wanted: Mapping[Expression, int], seed: int) -> list[PickedTrack]:
    """The songs of the mix in their order: each expression spread evenly over it, own lists and searches in turn.

    Args:
        pools: what there is.
        wanted: how many of each.
        seed: 0 or more; the same songs of the same pools come with the same one.

    Returns:
        Fewer than are wanted where the pools have no more; no song twice, also not on another album.
    """
    taken = set[object]()
    placed = list[tuple[float, int, PickedTrack]]()
    for mood, count in sorted(wanted.items(), key=lambda pair: (-pair[1], EXPRESSIONS.index(pair[0]))):
        picked = list[PickedTrack]()
        for song, source in _in_turn(pools.get(mood, Pool()), np.random.default_rng([seed, EXPRESSIONS.index(mood)])):
            same = song.title.casefold(), (song.artist or "").casefold()
            if len(picked) < count and not taken & {song.uri, same}:
                taken |= {song.uri, same}
                picked.append(PickedTrack(song, mood, source))
        placed += [((place + 0.5) / len(picked), EXPRESSIONS.index(mood), one) for place, one in enumerate(picked)]
    return [one for _, _, one in sorted(placed, key=lambda each: each[:2])]


def _in_turn(pool: Pool, lot: np.random.Generator) -> Iterator[tuple[Track, str]]:
    drawn = [[songs[int(index)] for index in lot.permutation(len(songs))] for songs in (pool.own, pool.searched)]
    for place in range(max(map(len, drawn))):
        yield from (songs[place] for songs in drawn if place < len(songs))
