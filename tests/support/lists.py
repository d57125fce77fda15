"""Playlists for tests: one link for each mood, with the name of the mood, and one that lifts a mood."""

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import POINTS
from realtime.music.catalog import CALM, MusicChoice, Playlists
from realtime.music.planner import Plan, Strategy


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
