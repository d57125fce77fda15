from __future__ import annotations

import pytest

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.movies.movie_list import read_movies
from realtime.movies.planner import plan_movies
from realtime.movies.recommender import MovieRecommendation, recommend_movies
from realtime.movies.tmdb import TmdbError, TmdbFilters
from realtime.movies.tmdb_client import check_key
from realtime.movies.tmdb_key import TmdbKey, TmdbKeyFile
from realtime.music.planner import Strategy
from realtime.storage import resources
from tests.support.faulty_server import Fault
from tests.support.tmdb_server import TOKEN, Tmdb, refusal

SHIPPED = read_movies(resources.shipped_movies()).movies
FILTERS = TmdbFilters("en-US", "", 300, 6.5)
SAD = Mood.by_hand(Expression.SAD)


@pytest.fixture
def keyed(tmdb: Tmdb, monkeypatch: pytest.MonkeyPatch) -> Tmdb:
    """A server whose key is in the environment, with enough movies of each kind."""
    monkeypatch.setenv("TMDB_TOKEN", TOKEN)
    for number in range(200):
        tmdb.movie(f"Drama {number}", "Drama")
        tmdb.movie(f"Comedy {number}", "Comedy")
        tmdb.movie(f"Both {number}", "Comedy", "Drama")
    return tmdb


def recommend(strategy: Strategy, mood: Mood = SAD, filters: TmdbFilters | None = FILTERS) -> MovieRecommendation:
    return recommend_movies(SHIPPED, mood, strategy, 5, 7, filters)


@pytest.mark.parametrize("strategy", Strategy)
def test_without_filters_nobody_is_asked(keyed: Tmdb, strategy: Strategy) -> None:
    made = recommend(strategy, filters=None)
    assert made == MovieRecommendation(plan_movies(SHIPPED, SAD, strategy, 5, 7), "list")
    assert not keyed.requests


def test_movies_of_tmdb_follow_the_rules_of_the_strategy(keyed: Tmdb) -> None:
    match = recommend(Strategy.MATCH)
    assert (match.source, match.problem, match.plan.why) == ("tmdb", None, "for sad")
    assert [movie.genres for movie in match.plan.movies] == [("Drama",)] * 5
    lift = recommend(Strategy.LIFT)
    assert [movie.genres for movie in lift.plan.movies] == [("Comedy",)] * 4 + [("Comedy", "Drama")]
    journey = recommend(Strategy.JOURNEY)
    steps = [("Drama",), *[("Comedy", "Drama")] * 3, ("Comedy",)]
    assert [movie.genres for movie in journey.plan.movies] == steps
    assert recommend(Strategy.JOURNEY) == journey
    assert keyed.requests


def test_faces_that_disagree_get_movies_of_tmdb_too(keyed: Tmdb) -> None:
    shares = tuple(0.5 if each in {Expression.HAPPY, Expression.SAD} else 0.0 for each in EXPRESSIONS)
    for strategy in Strategy:
        made = recommend(strategy, Mood(shares, None))
        assert (made.source, made.plan.mood_used, len(made.plan.movies)) == ("tmdb", Expression.NEUTRAL, 5)
    assert keyed.requests


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault(close=True), "TMDb cannot be reached: is this computer online?"),
        (refusal(429, 25, "slow", {"Retry-After": "5"}), "too many requests to TMDb: try again in 5 seconds"),
        (Fault(200, b"<html>"), "the answer is not TMDb's: does this network want you to log in first?"),
    ],
)
def test_the_list_of_this_computer_takes_the_place_of_tmdb(keyed: Tmdb, fault: Fault, problem: str) -> None:
    keyed.always = fault
    assert recommend(Strategy.LIFT) == MovieRecommendation(plan_movies(SHIPPED, SAD, Strategy.LIFT, 5, 7), "list", problem)


def test_without_a_key_nobody_is_asked(tmdb: Tmdb) -> None:
    made = recommend(Strategy.MATCH)
    assert (made.source, made.problem) == ("list", "there is no key of TMDb: emodj movies login keeps yours")
    assert not tmdb.requests


def test_the_off_switch_forbids_to_ask(keyed: Tmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMODJ_OFFLINE", "1")
    made = recommend(Strategy.MATCH)
    sentence = "EMODJ_OFFLINE in your environment forbids emodj to ask TMDb: unset it first"
    assert (made.source, made.problem, len(made.plan.movies)) == ("list", sentence, 5)
    with pytest.raises(TmdbError, match=sentence):
        check_key(TmdbKey(TOKEN, "that you gave"))
    assert not keyed.requests


def test_a_key_that_cannot_be_used_is_not_sent(tmdb: Tmdb) -> None:
    TmdbKeyFile().save(TOKEN)
    TmdbKeyFile().path.write_text("damaged\n", encoding="utf-8")
    made = recommend(Strategy.MATCH)
    assert made.source == "list"
    assert made.problem is not None
    assert made.problem.startswith("your TMDb key ")
    assert not tmdb.requests
