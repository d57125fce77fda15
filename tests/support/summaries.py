"""Results of sessions for tests: one with all that a result can have, and one with hostile text from outside."""

from __future__ import annotations

from pathlib import Path

from realtime.domain import Expression, Mood
from realtime.facts import Fact
from realtime.mood.affect import POINTS
from realtime.movies.catalog import Movie
from realtime.music.catalog import MusicChoice
from realtime.music.planner import Plan, Strategy
from realtime.session.recommendations import Recommender
from realtime.session.summary import Summary
from realtime.session.timeline import MoodSpan
from tests.support.lists import FACTS, MOVIES, PLAN, make_recommender

SHARES = (0.02, 0.01, 0.03, 0.75, 0.14, 0.03, 0.02)
MOOD = Mood(SHARES, Expression.HAPPY)
TIMELINE = (
    MoodSpan(0, 30, SHARES, Expression.HAPPY, "faces"),
    MoodSpan(30, 60, SHARES, Expression.HAPPY, "faces"),
    MoodSpan(90, 120, SHARES, None, "faces"),
    MoodSpan(120, 150, None, Expression.SAD, "hand"),
)

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>](javascript:alert(1)) &amp; `*_|\u202e\x1b[31m"
"""Title that would break out of HTML, Markdown or the direction of the text."""


def full_summary() -> Summary:
    """The result of a session of 150 seconds with music, movies and a fact."""
    movies = make_recommender().movies(MOOD, Strategy.MATCH, 3)
    return Summary(MOOD, SHARES, 1500, 149.9, PLAN, movies, FACTS[9], 0, TIMELINE)


def replaced_summary() -> Summary:
    """The result of a session in which the faces looked sad, with a list that has movies for happy alone."""
    sad = Mood.by_hand(Expression.SAD)
    happy = [movie for movie in MOVIES if movie.mood is Expression.HAPPY]
    return Summary(sad, SHARES, 9, 1, PLAN, make_recommender(movies=happy).movies(sad, Strategy.MATCH, 3), FACTS[9], 0)


def hostile_summary() -> Summary:
    """The same with `HOSTILE` in every text that comes from a file of somebody else."""
    happy = POINTS[Expression.HAPPY]
    movie = Movie(HOSTILE, 2000, (HOSTILE,), HOSTILE, happy, Expression.HAPPY)
    fact = Fact(HOSTILE, HOSTILE, Expression.HAPPY)
    movies = Recommender([movie], "https://example.org/?q={title}", [fact], 0).movies(MOOD, Strategy.MATCH, 3)
    local = MusicChoice("<b>\u202e](x)", None, Path("/home/<name>/Music").absolute(), happy, Expression.HAPPY)
    link = MusicChoice("<i>", "https://example.org/?a='&b=()[]", None, happy, Expression.HAPPY)
    return Summary(MOOD, SHARES, 1, 0, Plan(Strategy.MATCH, happy, (local, link), HOSTILE), movies, fact, 0, TIMELINE)
