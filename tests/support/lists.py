"""Playlists for tests: one link for each mood, with the name of the mood, and one that lifts a mood; movies and facts."""

from collections.abc import Sequence

from realtime.domain import EXPRESSIONS, Expression
from realtime.facts import Fact
from realtime.mood.affect import POINTS
from realtime.movies.catalog import Movie
from realtime.music.catalog import CALM, MusicChoice, Playlists
from realtime.music.planner import Plan, Strategy
from realtime.session.recommendations import Recommender


def link(expression: Expression) -> MusicChoice:
    return MusicChoice(expression.value, f"https://example.org/{expression.value}", None, POINTS[expression], expression)


LIFTS = MusicChoice("calm", "https://example.org/calm", None, CALM)
PLAYLISTS = Playlists({expression: (link(expression),) for expression in EXPRESSIONS}, (LIFTS,))

BRIGHT = MusicChoice("Bright and happy", "https://example.org/happy", None, POINTS[Expression.HAPPY], Expression.HAPPY)
PLAN = Plan(Strategy.MATCH, POINTS[Expression.HAPPY], (BRIGHT,), "for happy")
PLAN_DOCUMENT = {
    "title": "Bright and happy",
    "url": "https://example.org/happy",
    "strategy": "match",
    "why": "for happy",
    "wanted": {"valence": 0.76, "arousal": 0.48},
}


MOVIES = tuple(
    Movie(f"{name} {number}", 2000 + number, ("Drama",), "Japan", POINTS[expression], expression)
    for expression in EXPRESSIONS
    for name in [expression.value]
    for number in range(1, 7)
)
"""Six movies for each mood, called "happy 1" and so on."""
FACTS = tuple(
    Fact(f"A fact about {expression.value}, number {number}.", f"Study {number}", expression)
    for expression in EXPRESSIONS
    for number in (1, 2, 3)
)


def make_recommender(seed: int = 0, movies: Sequence[Movie] = MOVIES) -> Recommender:
    return Recommender(movies, "https://example.org/?q={title}+{year}", FACTS, seed)
