"""Gathers songs of a person's own lists and of searches, and makes a private playlist of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.spotify import mixing
from realtime.music.spotify.refusals import Kind, SpotifyError
from realtime.music.spotify.web import SEARCH_PAGE
from realtime.music.tags import cleaned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from realtime.domain import Expression
    from realtime.music.spotify.web import Row, Spotify

MOST_LISTS = 1000
"""Playlists of a person that are looked through, 50 in one question."""

LISTS_A_MOOD = 5
SONGS_A_LIST = 200
"""What is read of the lists that fit: each fifty songs are a question, and Spotify counts them."""

PAGES_A_SEARCH = 3

_MARK = "Made by emodj"


@dataclass(frozen=True, slots=True)
class Made:
    """A playlist as it stands at Spotify now.

    Attributes:
        url: its link.
        new: whether it was not there before.
    """

    url: str
    new: bool


def title(mood: Expression) -> str:
    """What our playlist for an expression is called; a list of that name that is the person's own is ours."""
    return f"emodj: {mood.value}"


class Builder:
    """Makes playlists. Every method raises a `SpotifyError` where Spotify refuses or cannot be reached.

    Args:
        spotify: of the person that is logged in.
        links: the playlists that the settings name for an expression, as `spotify:playlist:ID`: those that are the person's own
            count as lists that fit.
        notice: told what is left out.
    """

    def __init__(self, spotify: Spotify, links: Mapping[Expression, Sequence[str]], notice: Callable[[str], None]) -> None:
        self._spotify = spotify
        self._links = links
        self._notice = notice
        self._own: list[Row] | None = None

    def songs(self, wanted: Mapping[Expression, int], seed: int) -> list[mixing.Picked]:
        """The songs of a mix; writes nothing.

        Args:
            wanted: how many for each expression.
            seed: another one draws another mix.
        """
        pools = {mood: mixing.Pool(self._of_lists(mood), self._of_searches(mood, count)) for mood, count in wanted.items()}
        return mixing.mix(pools, wanted, seed)

    def make(self, mood: Expression, picked: Sequence[mixing.Picked]) -> Made:
        """Put the songs into our playlist for an expression, in place of all that it holds; make it if it is not there."""
        found = next((row for row in self._lists() if row.get("name") == title(mood)), None)
        if found is not None:
            _check_ours(found)
        row = found or self._spotify.make_playlist(
            title(mood), f"{_MARK} for {mood.value}: another run puts other songs in the place of these."
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
                f"{error}; the list {title(mood)} is there and empty, the next run fills it", error.kind
            ) from error
        if found is None:
            self._lists().append(row)
        return Made(f"https://open.spotify.com/playlist/{playlist}", new=found is None)

    def _lists(self) -> list[Row]:
        """The person's own playlists; what others made may not be read."""
        if self._own is None:
            me = self._spotify.me().get("id")
            rows = self._spotify.playlists(MOST_LISTS)
            self._own = [row for row in rows if isinstance(owner := row.get("owner"), dict) and me and owner.get("id") == me]
        return self._own

    def _of_lists(self, mood: Expression) -> tuple[tuple[mixing.Track, str], ...]:
        links = self._links.get(mood, ())
        ours = title(mood)
        fitting = [
            row
            for row in self._lists()
            if isinstance(name := row.get("name"), str)
            and name != ours
            and not name.startswith("emodj: ")
            and (row.get("uri") in links or mixing.fits(name, mood))
        ]
        found = list[tuple[mixing.Track, str]]()
        for row in fitting[:LISTS_A_MOOD]:
            name = cleaned(str(row["name"])) or "without a name"
            try:
                items = self._spotify.items(str(row.get("id")), SONGS_A_LIST)
            except SpotifyError as error:
                if error.kind is not Kind.GONE:
                    raise
                self._notice(f"your list {name} is left out: {error}")
                continue
            found += [(song, f"your list {name}") for item in items if (song := mixing.track(item)) is not None]
        return tuple(found)

    def _of_searches(self, mood: Expression, count: int) -> tuple[tuple[mixing.Track, str], ...]:
        found = list[tuple[mixing.Track, str]]()
        searches = mixing.RECIPES[mood].searches
        # Twice as many as are wanted, so that another seed has something to draw from
        pages = min(PAGES_A_SEARCH, -(-2 * count // (SEARCH_PAGE * len(searches))))
        for query in searches:
            for page in range(pages):
                items = self._spotify.search(query, page * SEARCH_PAGE)
                found += [(song, "search") for item in items if (song := mixing.track(item)) is not None]
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
