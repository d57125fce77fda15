"""Recommend movies for a mood: from TMDb if it is asked and answers, else from a list on this computer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from realtime.movies.planner import plan_movies
from realtime.movies.tmdb import TmdbError, TmdbKeyError
from realtime.movies.tmdb_client import fetch_movies
from realtime.movies.tmdb_key import find_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Mood
    from realtime.movies.catalog import Movie
    from realtime.movies.planner import MoviePlan
    from realtime.movies.tmdb import TmdbFilters
    from realtime.music.feedback import Feedback
    from realtime.music.planner import Strategy


@dataclass(frozen=True, slots=True)
class MovieRecommendation:
    """Movies for a mood, and where they come from.

    Attributes:
        plan: the movies.
        source: "tmdb", or "list" for the list on this computer.
        problem: why TMDb was asked and gave none, in one sentence; None if it gave some or was not asked.
    """

    plan: MoviePlan
    source: Literal["list", "tmdb"]
    problem: str | None = None


def recommend_movies(
    movies: Sequence[Movie],
    mood: Mood,
    strategy: Strategy,
    count: int,
    seed: int,
    filters: TmdbFilters | None = None,
    *,
    feedback: Feedback | None = None,
    timeout_s: float | None = None,
) -> MovieRecommendation:
    """Recommend movies. With `filters` it asks TMDb and blocks for up to ten seconds: call it on a thread that may wait.

    Whatever is wrong with the key, the network or TMDb, the movies of this computer's list take the place of TMDb's.

    Args:
        movies: list on this computer, at least one movie.
        mood: mood of the faces, or chosen by hand.
        strategy: rule that chooses.
        count: how many movies, 1 or more. There are fewer if the list, or the page of TMDb, has fewer for the mood.
        seed: 0 or more; the same seed draws the same movies from the same movies.
        filters: which movies TMDb may name; None to ask nobody.
        feedback: thumbs of the person; None draws without.
        timeout_s: longest time for TMDb's answers, in seconds; None for `tmdb_client.TIMEOUT_S`, ten.
    """
    problem = None
    if filters is not None:
        try:
            key = find_key()
            if key is None:
                raise TmdbKeyError("there is no key of TMDb: emodj movies login keeps yours")
            found = fetch_movies(key, mood, strategy, seed, filters, timeout_s=timeout_s)
            return MovieRecommendation(plan_movies(found, mood, strategy, count, seed, feedback), "tmdb")
        except TmdbError as error:
            problem = str(error)
    return MovieRecommendation(plan_movies(movies, mood, strategy, count, seed, feedback), "list", problem)
