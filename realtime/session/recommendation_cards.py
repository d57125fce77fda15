"""Movies and facts on the screen of a session: which are shown, until when, and which come next (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.movies.planner import key_of_movie
from realtime.music.feedback import FeedbackKey
from realtime.music.selector import NO_MOOD
from realtime.session.recommendations import CARD_MOVIES, SUMMARY_MOVIES

if TYPE_CHECKING:
    from realtime.domain import Mood
    from realtime.facts import Fact
    from realtime.movies.catalog import Movie
    from realtime.music.planner import Strategy
    from realtime.session.recommendations import RecommendedMovies, Recommender

FACT_S = 12.0
"""Seconds for which a fact is shown: a slow reader reads 200 characters of `facts.LONGEST_FACT` and the source meanwhile."""
NO_MOVIES = "the list of movies has none for this mood"
"""Notice in place of movies for a mood and a strategy that have none."""


class RecommendationCards:
    """The card of movies and the fact of one screen.

    Args:
        recommender: draws movies and facts; None recommends none.

    Attributes:
        movies: on the card; None while it is closed.
        fact: on the screen; None without one.
    """

    def __init__(self, recommender: Recommender | None) -> None:
        self.movies: RecommendedMovies | None = None
        self.fact: Fact | None = None
        self._recommender = recommender
        # Movies with a thumb down are not shown again in this session
        self._passed = set[FeedbackKey]()
        # The first fact stays for the summary
        self._movie_turn, self._fact_turn = 0, 1
        self._fact_until = 0.0

    @property
    def seed(self) -> int | None:
        """Seed of the draws; None if none are recommended."""
        return None if self._recommender is None else self._recommender.seed

    @property
    def first_movie(self) -> Movie | None:
        """The first movie of the card; None while it is closed."""
        return None if self.movies is None else self.movies.plan.movies[0]

    def toggle_movies(self, mood: Mood | None, strategy: Strategy) -> str | None:
        """Show movies for a mood, or hide them. The next time others are drawn.

        Returns:
            Why there are none; None if there are some, or if they were hidden.
        """
        if self.movies is not None:
            self.movies = None
            self._movie_turn += 1
            return None
        return self._draw(mood, strategy)

    def follow(self, mood: Mood | None, strategy: Strategy) -> str | None:
        """Draw anew after a choice of the user; else the movies stay while they are read, whatever the faces do.

        Returns:
            Why the card closes; None if it stays, or was closed.
        """
        return None if self.movies is None else self._draw(mood, strategy)

    def pass_movie(self, key: FeedbackKey) -> None:
        """A movie is not drawn again for the card."""
        self._passed.add(key)

    def show_fact(self, mood: Mood | None, now_s: float) -> None:
        """Show the next fact about a mood for `FACT_S`, from `now_s` on the clock of keys and screen."""
        if self._recommender is not None:
            self.fact = self._recommender.fact(mood, self._fact_turn)
            self._fact_turn, self._fact_until = self._fact_turn + 1, now_s + FACT_S

    def end_fact(self, now_s: float) -> None:
        """Take a fact away whose time is over."""
        if self.fact is not None and now_s >= self._fact_until:
            self.fact = None

    def summarise(self, mood: Mood | None, strategy: Strategy) -> tuple[RecommendedMovies | None, Fact | None]:
        """Movies and a fact for the summary of a session; None each without a mood."""
        if self._recommender is None or mood is None:
            return None, None
        return self._recommender.movies(mood, strategy, SUMMARY_MOVIES), self._recommender.fact(mood)

    def _draw(self, mood: Mood | None, strategy: Strategy) -> str | None:
        self.movies = None
        if mood is None:
            return NO_MOOD
        if self._recommender is not None:
            self.movies = self._recommender.movies(mood, strategy, CARD_MOVIES, self._movie_turn, self._passed)
        return NO_MOVIES if self.movies is None else None


def judged_movie(movie: Movie) -> tuple[FeedbackKey, str]:
    """The key of a movie that gets a thumb, and its name for sentences."""
    return key_of_movie(movie), f"{movie.title} ({movie.year})"
