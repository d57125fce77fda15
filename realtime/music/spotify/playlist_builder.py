"""Mix songs of the user's playlists and of searches into a private playlist."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError
from realtime.music.spotify.client import SEARCH_PAGE_SIZE
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.music.spotify.playback_state import artist_names
from realtime.printable import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from realtime.music.spotify.client import JsonObject, SpotifyClient


MAX_PLAYLISTS = 1000
"""Maximum number of the user's playlists that are read, 50 in one request."""
PLAYLISTS_PER_MOOD = 5
"""Maximum number of playlists used for one mood."""
SONGS_PER_PLAYLIST = 200
"""Maximum number of songs read from one playlist: fifty songs take one request, and Spotify limits requests."""
PAGES_PER_SEARCH = 3
"""Maximum number of pages read from one search."""
MIN_SHARE = 0.05
"""Smallest share of an expression that gets songs: a smaller one is noise; the overlay hides it too."""
_MARK = "Made by emodj"
_TRACK_URI = re.compile(r"spotify:track:[0-9A-Za-z]{22}")
_NEGATIONS = {"not", "no", "never", "un", "anti"}


@dataclass(frozen=True, slots=True)
class SearchRecipe:
    """How to find songs for an expression.

    Attributes:
        words: words of which one must be in the name of a playlist that fits the expression.
        searches: search queries for Spotify, with its filter `genre:`; chosen by listening.
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


@dataclass(frozen=True, slots=True)
class Track:
    """A song on Spotify.

    Attributes:
        uri: `spotify:track:ID`.
        title: title, one line.
        artist: artists, one line; None if Spotify names none.
    """

    uri: str
    title: str
    artist: str | None


@dataclass(frozen=True, slots=True)
class PickedTrack:
    """A song of the mix.

    Attributes:
        track: the song.
        mood: expression for which it was picked.
        source: source in words: "your list Sunny" or "search".
    """

    track: Track
    mood: Expression
    source: str


@dataclass(frozen=True, slots=True)
class TrackPool:
    """Candidates for an expression, each with its source in words.

    Attributes:
        from_playlists: songs of the user's playlists.
        from_searches: songs of searches.
    """

    from_playlists: tuple[tuple[Track, str], ...] = ()
    from_searches: tuple[tuple[Track, str], ...] = ()


@dataclass(frozen=True, slots=True)
class BuiltPlaylist:
    """A playlist that was written to Spotify.

    Attributes:
        url: link to the playlist.
        new: whether this run created it.
    """

    url: str
    new: bool


def playlist_title(mood: Expression) -> str:
    """The name of emodj's playlist for an expression. A playlist of the user with this name counts as made by emodj."""
    return f"emodj: {mood.value}"


class PlaylistBuilder:
    """Builds playlists. Every method raises a `SpotifyError` if Spotify refuses or cannot be reached.

    Args:
        spotify: client of the logged-in user.
        links: playlists that the settings name for each expression, as `spotify:playlist:ID`. A playlist of the user among
            them fits the expression, whatever its name.
        notify: receives a sentence on each playlist that is left out.
    """

    def __init__(
        self, spotify: SpotifyClient, links: Mapping[Expression, Sequence[str]], notify: Callable[[str], None]
    ) -> None:
        self._spotify = spotify
        self._links = links
        self._notify = notify
        self._playlists: list[JsonObject] | None = None

    def pick_tracks(self, counts: Mapping[Expression, int], seed: int) -> list[PickedTrack]:
        """Pick the songs of a mix; writes nothing to Spotify.

        Args:
            counts: number of songs for each expression.
            seed: 0 or more; another seed gives another mix.
        """
        pools = {
            mood: TrackPool(self._tracks_from_playlists(mood), self._tracks_from_searches(mood, count))
            for mood, count in counts.items()
        }
        return mix_tracks(pools, counts, seed)

    def write_playlist(self, mood: Expression, picked: Sequence[PickedTrack]) -> BuiltPlaylist:
        """Replace the songs of emodj's playlist for an expression; create the playlist if it does not exist.

        Raises:
            EmodjError: the user has made a playlist of this name, or made it public, or Spotify has not created it.
        """
        found = next((row for row in self._own_playlists() if row.get("name") == playlist_title(mood)), None)
        if found is not None:
            _check_made_by_emodj(found)
        row = found or self._spotify.create_playlist(
            playlist_title(mood), f"{_MARK} for {mood.value}: the next run replaces these songs."
        )
        playlist = row.get("id")
        if not isinstance(playlist, str) or not playlist.isalnum():
            raise EmodjError("Spotify made no playlist: try again in a moment")
        try:
            self._spotify.replace_items(playlist, [one.track.uri for one in picked])
        except SpotifyError as error:
            if found is not None:
                raise
            raise SpotifyError(
                f"{error}; the new list {playlist_title(mood)} is empty, the next run fills it", error.kind
            ) from error
        if found is None:
            self._own_playlists().append(row)
        return BuiltPlaylist(f"https://open.spotify.com/playlist/{playlist}", new=found is None)

    def _own_playlists(self) -> list[JsonObject]:
        """The playlists that the user owns; Spotify does not let an app read those of others."""
        if self._playlists is None:
            me = self._spotify.current_user().get("id")
            rows = self._spotify.playlists(MAX_PLAYLISTS)
            self._playlists = [
                row for row in rows if isinstance(owner := row.get("owner"), dict) and me and owner.get("id") == me
            ]
        return self._playlists

    def _tracks_from_playlists(self, mood: Expression) -> tuple[tuple[Track, str], ...]:
        links = self._links.get(mood, ())
        built = playlist_title(mood)
        fitting = [
            row
            for row in self._own_playlists()
            if isinstance(name := row.get("name"), str)
            and name != built
            and not name.startswith("emodj: ")
            and (row.get("uri") in links or fits_mood(name, mood))
        ]
        found = list[tuple[Track, str]]()
        for row in fitting[:PLAYLISTS_PER_MOOD]:
            name = clean_text(str(row["name"])) or "without a name"
            try:
                items = self._spotify.playlist_items(str(row.get("id")), SONGS_PER_PLAYLIST)
            except SpotifyError as error:
                if error.kind is not ErrorKind.NOT_FOUND:
                    raise
                self._notify(f"your list {name} is left out: {error}")
                continue
            found += [(song, f"your list {name}") for item in items if (song := parse_track(item)) is not None]
        return tuple(found)

    def _tracks_from_searches(self, mood: Expression, count: int) -> tuple[tuple[Track, str], ...]:
        found = list[tuple[Track, str]]()
        searches = RECIPES[mood].searches
        # Twice as many songs as needed, so that another seed picks other songs
        pages = min(PAGES_PER_SEARCH, -(-2 * count // (SEARCH_PAGE_SIZE * len(searches))))
        for query in searches:
            for page in range(pages):
                items = self._spotify.search(query, page * SEARCH_PAGE_SIZE)
                found += [(song, "search") for item in items if (song := parse_track(item)) is not None]
                if not items:
                    break
        return tuple(found)


def fits_mood(name: str, mood: Expression) -> bool:
    """Whether the name of a playlist has an English word for an expression, and no negation."""
    text = name.casefold()
    for compound in ("lo-fi", "feel good", "feel-good"):
        text = text.replace(compound, re.sub(r"\W", "", compound))
    words = set(re.findall(r"\w+", text))
    return not words & _NEGATIONS and not words.isdisjoint(RECIPES[mood].words)


def parse_track(item: JsonObject) -> Track | None:
    """Parse an item of a playlist or a search; None for an episode, a local file of the user, or an unplayable song."""
    uri, name = item.get("uri"), item.get("name")
    if not isinstance(uri, str) or not _TRACK_URI.fullmatch(uri) or item.get("is_playable") is False or item.get("is_local"):
        return None
    title = clean_text(name) if isinstance(name, str) else None
    return None if title is None else Track(uri, title, artist_names(item))


def songs_per_mood(shares: Sequence[float], total: int) -> dict[Expression, int]:
    """Number of songs for each expression, in proportion to its share, by the largest-remainder method (Hare quota).

    Args:
        shares: seven shares, 0..1, in the order of `Expression`; one below `MIN_SHARE` gets no songs.
        total: number of songs of the mix.

    Raises:
        ValueError: no share reaches `MIN_SHARE`.
    """
    weights = np.array([share if share >= MIN_SHARE else 0.0 for share in shares])
    if not weights.sum():
        raise ValueError(f"no share reaches {MIN_SHARE}")
    exact = total * weights / weights.sum()
    whole = np.floor(exact).astype(int)
    for index in np.argsort(whole - exact, kind="stable")[: total - int(whole.sum())]:
        whole[index] += 1
    return {expression: int(count) for expression, count in zip(EXPRESSIONS, whole, strict=True) if count}


def mix_tracks(pools: Mapping[Expression, TrackPool], counts: Mapping[Expression, int], seed: int) -> list[PickedTrack]:
    """Draw the songs of a mix and order them: each expression is spread evenly, playlists and searches alternate.

    Args:
        pools: candidates for each expression.
        counts: number of songs for each expression.
        seed: 0 or more; the same seed and pools give the same mix.

    Returns:
        The mix; shorter than requested if the pools have too few songs. No song comes twice, not even from another album.
    """
    taken = set[object]()
    placed = list[tuple[float, int, PickedTrack]]()
    for mood, count in sorted(counts.items(), key=lambda pair: (-pair[1], EXPRESSIONS.index(pair[0]))):
        picked = list[PickedTrack]()
        for song, source in _alternate(pools.get(mood, TrackPool()), np.random.default_rng([seed, EXPRESSIONS.index(mood)])):
            same = song.title.casefold(), (song.artist or "").casefold()
            if len(picked) < count and not taken & {song.uri, same}:
                taken |= {song.uri, same}
                picked.append(PickedTrack(song, mood, source))
        placed += [((place + 0.5) / len(picked), EXPRESSIONS.index(mood), one) for place, one in enumerate(picked)]
    return [one for _, _, one in sorted(placed, key=lambda each: each[:2])]


def _check_made_by_emodj(row: JsonObject) -> None:
    """Check by its description that emodj made a playlist, and that it is private.

    Spotify sometimes loses a description, so a playlist without one counts as made by emodj, by its name.

    Raises:
        EmodjError: the user has made the playlist, or made it public; the login has no permission for public playlists.
    """
    name, description = row.get("name"), row.get("description")
    if isinstance(description, str) and description.strip() and _MARK not in description:
        raise EmodjError(f"you have a playlist {name} that emodj did not make: give it another name, and try again")
    if row.get("public"):
        raise EmodjError(f"your playlist {name} is public: make it private in Spotify, and try again")


def _alternate(pool: TrackPool, rng: np.random.Generator) -> Iterator[tuple[Track, str]]:
    """Yield all songs of a pool in random order, alternating between playlists and searches."""
    drawn = [
        [songs[int(index)] for index in rng.permutation(len(songs))] for songs in (pool.from_playlists, pool.from_searches)
    ]
    for place in range(max(map(len, drawn))):
        yield from (songs[place] for songs in drawn if place < len(songs))
