"""Questions to TMDb, and what its answers mean (pure). `tmdb_client` sends them.

Parameters, genres and statuses: TMDb's reference, developer.themoviedb.org, "discover/movie" and "Errors", as of 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from realtime.errors import ServiceError
from realtime.mood.affect import POINTS
from realtime.movies.catalog import FIRST_YEAR, LAST_YEAR, Movie
from realtime.movies.planner import LIFTING, MATCHING, GenreRule, nearest_mood
from realtime.music.planner import JOURNEY_STEPS, Strategy, find_target
from realtime.printable import clean_text
from realtime.retry_after import parse_retry_after, wait_in_words

if TYPE_CHECKING:
    import random

    from realtime.domain import Expression, Mood
    from realtime.mood.affect import Point

ATTRIBUTION = "This application uses TMDB and the TMDB APIs but is not endorsed, certified, or otherwise approved by TMDB."
"""What TMDb's terms of use ask each application to show beside its data."""

DISCLOSURE = (
    "TMDb learns from each question the address of this computer, your key, genres that suit the mood, and the [movies] "
    "settings; nothing of a picture or a face"
)
"""What a person should know before the key is used."""

MAX_PAGE = 10
"""Last page of the most popular movies that lot may choose. Later ones hold movies that few know."""
PAGE_SIZE = 20
"""Movies of a page, at most."""

GENRES = {
    28: "Action",
    12: "Adventure",
    16: "Animation",
    35: "Comedy",
    80: "Crime",
    99: "Documentary",
    18: "Drama",
    10751: "Family",
    14: "Fantasy",
    36: "History",
    27: "Horror",
    10402: "Music",
    9648: "Mystery",
    10749: "Romance",
    878: "Science Fiction",
    10770: "TV Movie",
    53: "Thriller",
    10752: "War",
    37: "Western",
}
"""Names of TMDb's genres of movies, by their numbers."""

_IDS = {name.lower(): number for number, name in GENRES.items()}
_DATE = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}")
_NOT_TMDBS = "the answer is not TMDb's: does this network want you to log in first?"


class TmdbError(ServiceError):
    """TMDb refuses, cannot be reached, or has no movie."""


class TmdbKeyError(TmdbError):
    """There is no key that TMDb accepts."""


@dataclass(frozen=True, slots=True)
class TmdbFilters:
    """Which movies TMDb may name.

    Attributes:
        language: of the titles, as "en-US" or "de".
        region: country whose showings count, two capital letters; empty for any.
        min_votes: how many people have voted on a movie, at least.
        min_rating: mean of their votes, at least; 0..10.
    """

    language: str
    region: str
    min_votes: int
    min_rating: float


@dataclass(frozen=True, slots=True)
class TmdbQuestion:
    """Which genres are asked for, and what is known about the movies that come.

    Attributes:
        rule: genres.
        mood: mood that the movies match; None for movies that only lift.
        point: valence and arousal of the movies.
        extra: whether its movies may be missing: the strategy chooses from those of another question then.
    """

    rule: GenreRule
    mood: Expression | None
    point: Point
    extra: bool = False


@dataclass(frozen=True, slots=True)
class TmdbPage:
    """A page of an answer.

    Attributes:
        movies: those with a title and a year, in TMDb's order. May be empty.
        total_pages: how many pages the answer has; 0 or more.
    """

    movies: tuple[Movie, ...]
    total_pages: int


def make_questions(mood: Mood, strategy: Strategy) -> list[TmdbQuestion]:
    """The questions whose answers a strategy chooses from.

    They are one, and for a journey one for each of its ends. To lift, the genres that one of several movies has in spite of
    the rule have a question of their own: a page for both would have few movies for the others.
    """
    nearest = nearest_mood(mood)
    matching = TmdbQuestion(MATCHING[nearest], nearest, POINTS[nearest])
    match strategy:
        case Strategy.MATCH:
            return [matching]
        case Strategy.LIFT:
            rule, point = LIFTING[nearest], find_target(mood, strategy).point
            if not rule.always:
                return [TmdbQuestion(rule, None, point)]
            others = replace(rule, always=frozenset())
            always = GenreRule((rule.always,), rule.unwanted - rule.always)
            return [TmdbQuestion(others, None, point), TmdbQuestion(always, None, point, extra=True)]
        case Strategy.JOURNEY:
            end = find_target(mood, strategy, JOURNEY_STEPS - 1).point
            return [matching, TmdbQuestion(LIFTING[nearest], None, end)]


def draw_parameters(question: TmdbQuestion, filters: TmdbFilters, lot: random.Random) -> dict[str, str]:
    """The parameters of a question, all but the page.

    TMDb takes genres of which a movie has one (`|`) or has all (`,`), but not both. So where a rule has groups of several
    genres, lot decides for one group.
    """
    rule = question.rule
    single = [group for group in rule.wanted if len(group) == 1]
    choices = [",".join(_numbers(group)) for group in rule.wanted if len(group) > 1]
    if single:
        choices.append("|".join(_numbers(frozenset().union(*single))))
    parameters = {
        "with_genres": lot.choice(choices),
        "without_genres": ",".join(_numbers(_excluded(rule))),
        "vote_count.gte": str(filters.min_votes),
        "vote_average.gte": f"{filters.min_rating:g}",
        "language": filters.language,
        "region": filters.region,
        "sort_by": "popularity.desc",
        "include_adult": "false",
        "include_video": "false",
    }
    return {name: value for name, value in parameters.items() if value}


def read_page(answer: object, question: TmdbQuestion) -> TmdbPage:
    """Read an answer. Rows without a title or a year are left out, so are adult movies and excluded genres.

    Args:
        answer: parsed JSON.
        question: what was asked.

    Raises:
        TmdbError: it is no answer of TMDb.
    """
    if not isinstance(answer, dict):
        raise unreadable_answer()
    fields = cast("dict[str, object]", answer)
    rows, total = fields.get("results"), fields.get("total_pages")
    if not isinstance(rows, list) or not isinstance(total, int) or isinstance(total, bool) or total < 0:
        raise unreadable_answer()
    excluded = _excluded(question.rule)
    found = (_read_movie(row, question) for row in cast("list[object]", rows))
    movies = (movie for movie in found if movie is not None)
    return TmdbPage(tuple(movie for movie in movies if not excluded & {genre.lower() for genre in movie.genres}), total)


def explain_refusal(status: int, retry_after: str | None, place: str) -> TmdbError:
    """Explain an answer that is a refusal.

    Args:
        status: HTTP status, any but 200.
        retry_after: value of the header Retry-After; None without it.
        place: where the key is kept, in words that continue "the key ".
    """
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return TmdbKeyError(
                f"TMDb refuses the key {place}: copy the API Read Access Token again from "
                "https://www.themoviedb.org/settings/api"
            )
        case HTTPStatus.FORBIDDEN:
            return TmdbKeyError(f"TMDb forbids what was asked with the key {place} (403): see your account at themoviedb.org")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return TmdbError(f"too many requests to TMDb: try again in {wait_in_words(parse_retry_after(retry_after))}")
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return TmdbError(f"TMDb has an internal error ({status}): try again in a moment")
        case _ if status >= HTTPStatus.BAD_REQUEST:
            return TmdbError(f"TMDb refuses this request ({status}): check whether a newer emodj exists")
        case _:
            return unreadable_answer()


def unreadable_answer() -> TmdbError:
    """Error for an answer that cannot be TMDb's."""
    return TmdbError(_NOT_TMDBS)


def no_movies() -> TmdbError:
    """Error for an answer without a movie."""
    return TmdbError("TMDb has no movie of these genres: lower movies.min_votes or movies.min_rating in your settings")


def no_fitting_movies() -> TmdbError:
    """Error for pages whose movies do not fit, while other pages may have some."""
    return TmdbError("no movie on the pages that TMDb gave fits: try again")


def _excluded(rule: GenreRule) -> frozenset[str]:
    # Genres that one of several movies should have, the choice among the answers leaves out of the others
    return rule.unwanted - rule.always


def _numbers(names: frozenset[str]) -> list[str]:
    return [str(number) for number in sorted(_IDS[name] for name in names)]


def _read_movie(row: object, question: TmdbQuestion) -> Movie | None:
    if not isinstance(row, dict):
        return None
    fields = cast("dict[str, object]", row)
    title = _read_text(fields.get("title")) or _read_text(fields.get("original_title"))
    date = fields.get("release_date")
    found = _DATE.fullmatch(date) if isinstance(date, str) else None
    if title is None or found is None or fields.get("adult") is True or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        return None
    numbers = fields.get("genre_ids")
    genres = [
        GENRES[number]
        for number in (cast("list[object]", numbers) if isinstance(numbers, list) else [])
        if isinstance(number, int) and number in GENRES
    ]
    return Movie(title, int(found[1]), tuple(dict.fromkeys(genres)), None, question.point, question.mood)


def _read_text(value: object) -> str | None:
    return clean_text(value) if isinstance(value, str) else None
