"""Movies, and the link that each gets from a template (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from realtime.music.links import parse_link

if TYPE_CHECKING:
    from realtime.domain import Expression
    from realtime.mood.affect import Point

FIRST_YEAR, LAST_YEAR = 1888, 2100
"""Years that a list may give, both included. The oldest movie that is kept, "Roundhay Garden Scene", is of 1888."""


@dataclass(frozen=True, slots=True)
class Movie:
    """One movie of a list.

    Attributes:
        title: one line of text, 1..200 characters.
        year: of its first showing, `FIRST_YEAR`..`LAST_YEAR`.
        genres: their names, the main one first, as TMDb names them: "Comedy", "Science Fiction". May be empty.
        country: where it was made in the main; None if the list does not say.
        point: valence and arousal of the movie.
        mood: mood that the movie matches; None for a movie that only lifts.
    """

    title: str
    year: int
    genres: tuple[str, ...]
    country: str | None
    point: Point
    mood: Expression | None

    @property
    def key(self) -> tuple[str, int]:
        """Title and year, the same for each row of a list that names this movie."""
        return self.title.casefold(), self.year


def movie_link(template: str, movie: Movie) -> str:
    """Make the link of a movie.

    Args:
        template: as `check_link_template` accepts it.
        movie: its title and year are put into the template, percent-encoded.
    """
    return _fill(template, quote(movie.title, safe=""), movie.year)


def check_link_template(template: str) -> str:
    """Check a template and return it unchanged.

    Raises:
        ValueError: a template is an https link with {title} in it, and maybe {year}, behind its host. The message continues
            "must be an https link with {title} in it, ": it says what is wrong.
    """
    if "{title}" not in template:
        raise ValueError("but has no {title}")
    if not template.lower().startswith("https://"):
        raise ValueError("but does not start with https://")
    filled = _fill(template, "a", FIRST_YEAR)
    if "{" in filled or "}" in filled:
        raise ValueError("but has other braces than those of {title} and {year}")
    try:
        parse_link(filled)
    except ValueError as error:
        raise ValueError(f"but this cannot be one: {error}") from error
    # The title of a movie must not choose the server
    if urlsplit(filled).netloc != urlsplit(_fill(template, "b", LAST_YEAR)).netloc:
        raise ValueError("but has {title} or {year} in the name of its host")
    return template


def _fill(template: str, title: str, year: int) -> str:
    # Not format(), which evaluates more than names; a title that is encoded has no braces
    return template.replace("{year}", str(year)).replace("{title}", title)
