"""Movies and facts that a session recommends for its mood (pure: lists and seed are given)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.facts import draw_fact
from realtime.movies.catalog import movie_link
from realtime.movies.planner import plan_movies

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from realtime.domain import Expression, Mood
    from realtime.facts import Fact
    from realtime.movies.catalog import Movie
    from realtime.movies.planner import MoviePlan
    from realtime.music.feedback import FeedbackCounts, FeedbackKey
    from realtime.music.planner import Strategy

SUMMARY_MOVIES = 3
"""Number of movies at the end of a session."""
CARD_MOVIES = 5
"""Number of movies on the card of a screen."""


@dataclass(frozen=True, slots=True)
class RecommendedMovies:
    """Movies for a mood, at least one, each with its link.

    Attributes:
        plan: the movies, and why they were chosen.
        links: an https link for each movie, in the same order.
    """

    plan: MoviePlan
    links: tuple[str, ...]


class Recommender:
    """Draws movies and facts for moods. The same lists and the same seed give the same draws.

    Args:
        movies: a list, at least one movie.
        link: template of the links, as `check_link_template` accepts it.
        facts: at least one of each mood.
        seed: 0 or more; the first draws are those of `emodj movies` and `emodj fact` with this seed.
        counts: thumbs of the person; None draws without.

    Attributes:
        seed: as given.
    """

    def __init__(
        self, movies: Sequence[Movie], link: str, facts: Sequence[Fact], seed: int, counts: FeedbackCounts | None = None
    ) -> None:
        self.seed = seed
        self._counts = counts
        self._movies = movies
        self._link = link
        self._facts = facts

    def movies(
        self, mood: Mood, strategy: Strategy, count: int, turn: int = 0, without: Collection[FeedbackKey] = ()
    ) -> RecommendedMovies | None:
        """Draw movies for a mood.

        Args:
            mood: by the faces or by hand.
            strategy: rule that chooses.
            count: how many movies, 1 or more; there are fewer if the list has fewer for the mood.
            turn: number of the draw, from 0; another number gives another draw.
            without: keys of movies that are left out.

        Returns:
            The movies; None if the list has none for this mood and strategy.
        """
        feedback = None if self._counts is None else self._counts.feedback
        plan = plan_movies(self._movies, mood, strategy, count, self.seed + turn, feedback, without)
        return RecommendedMovies(plan, tuple(movie_link(self._link, movie) for movie in plan.movies)) if plan.movies else None

    def fact(self, mood: Mood | None, turn: int = 0) -> Fact:
        """Draw a fact about the leader of a mood; about anything if there is no leader.

        Args:
            mood: by the faces or by hand; None before there is one.
            turn: number of the draw, from 0. Consecutive turns give every fact once before one comes again.
        """
        leader = None if mood is None else mood.leader
        facts = self._order_facts(leader)
        return facts[turn % len(facts)]

    def _order_facts(self, leader: Expression | None) -> list[Fact]:
        first = draw_fact(self._facts, leader, self.seed)
        others = [fact for fact in self._facts if leader in {None, fact.mood} and fact != first]
        random.Random(self.seed).shuffle(others)  # noqa: S311 - a draw of facts guards no secret
        return [first, *others]
