from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import LIFTED, POINTS, Point
from realtime.movies.catalog import Movie
from realtime.movies.movie_list import read_movies
from realtime.movies.planner import LIFTING, plan_movies
from realtime.music.planner import Strategy
from realtime.storage import resources

SHIPPED = read_movies(resources.shipped_movies()).movies
SAD, ANGRY, FEAR, HAPPY = Expression.SAD, Expression.ANGRY, Expression.FEAR, Expression.HAPPY
MOODS = st.one_of(
    st.sampled_from(EXPRESSIONS).map(Mood.by_hand),
    st.permutations([0.4, 0.4, 0.2, 0.0, 0.0, 0.0, 0.0]).map(lambda shares: Mood(tuple(shares), None)),
)
SEEDS = st.integers(0, 2**70)


def movie(title: str, mood: Expression | None, *genres: str, point: Point | None = None, year: int = 2000) -> Movie:
    usual = Point(0.55, -0.25) if mood is None else POINTS[mood]
    return Movie(title, year, genres, None, point or usual, mood)


def titles(movies: list[Movie], mood: Expression, strategy: Strategy, count: int = 5, seed: int = 0) -> list[str]:
    return [chosen.title for chosen in plan_movies(movies, Mood.by_hand(mood), strategy, count, seed).movies]


@given(MOODS, st.sampled_from(Strategy), st.integers(1, 12), SEEDS)
def test_a_plan_has_as_many_movies_as_asked_each_once_and_reproducibly(
    mood: Mood, strategy: Strategy, count: int, seed: int
) -> None:
    plan = plan_movies(SHIPPED, mood, strategy, count, seed)
    assert len(plan.movies) == len({chosen.key for chosen in plan.movies}) == count
    assert plan == plan_movies(SHIPPED, mood, strategy, count, seed)
    assert plan.strategy is strategy
    if mood.leader is not None:
        assert plan.mood_used is mood.leader


@pytest.mark.parametrize("strategy", Strategy)
def test_another_seed_draws_other_movies(strategy: Strategy) -> None:
    drawn = {plan_movies(SHIPPED, Mood.by_hand(SAD), strategy, 3, seed).movies for seed in range(30)}
    assert len(drawn) > 20


@given(st.sampled_from(EXPRESSIONS), SEEDS)
def test_match_draws_from_the_list_of_the_mood(mood: Expression, seed: int) -> None:
    plan = plan_movies(SHIPPED, Mood.by_hand(mood), Strategy.MATCH, 5, seed)
    assert {chosen.mood for chosen in plan.movies} == {mood}
    assert plan.why == f"for {mood.value}"


def test_match_takes_the_nearest_mood_that_has_movies() -> None:
    movies = [movie("A", ANGRY), movie("B", HAPPY), movie("C", None)]
    plan = plan_movies(movies, Mood.by_hand(FEAR), Strategy.MATCH, 5, 0)
    assert (plan.mood_used, [chosen.title for chosen in plan.movies]) == (ANGRY, ["A"])
    assert (plan.replaced, plan.why) == (FEAR, "for angry, the nearest mood with movies")


def test_a_journey_from_a_mood_without_movies_says_whose_the_first_ones_are() -> None:
    plan = plan_movies([movie("A", ANGRY), movie("C", None)], Mood.by_hand(FEAR), Strategy.JOURNEY, 2, 0)
    assert plan.replaced is FEAR
    assert plan.why == "from fear, step by step, first those for angry, the nearest mood with movies"


@pytest.mark.parametrize("strategy", Strategy)
def test_movies_for_the_mood_itself_replace_nothing(strategy: Strategy) -> None:
    assert plan_movies(SHIPPED, Mood.by_hand(FEAR), strategy, 3, 0).replaced is None


def test_match_of_a_list_that_only_lifts_has_no_movie() -> None:
    assert titles([movie("A", None)], SAD, Strategy.MATCH) == []
    assert titles([movie("A", None)], SAD, Strategy.LIFT) == ["A"]


def test_a_mixed_mood_gets_what_lies_nearest_to_the_mean() -> None:
    movies = [movie(each.value, each) for each in EXPRESSIONS]
    halves = Mood(tuple(0.5 if each in {HAPPY, SAD} else 0.0 for each in EXPRESSIONS), None)
    plan = plan_movies(movies, halves, Strategy.MATCH, 1, 0)
    assert [chosen.title for chosen in plan.movies] == ["neutral"]
    assert (plan.mood_used, plan.why) == (Expression.NEUTRAL, "for faces that disagree")


@given(st.sampled_from([ANGRY, FEAR]), st.integers(1, 12), SEEDS)
def test_lift_keeps_anger_and_fear_away_from_threat(mood: Expression, count: int, seed: int) -> None:
    plan = plan_movies(SHIPPED, Mood.by_hand(mood), Strategy.LIFT, count, seed)
    assert plan.why == f"to lift {mood.value}"
    for chosen in plan.movies:
        assert not {*chosen.genres} & {"Crime", "Thriller", "War", "Horror"}
        assert chosen.point.distance(LIFTED[mood]) < 0.25


@given(st.integers(2, 12), SEEDS)
def test_lift_of_sad_keeps_one_drama(count: int, seed: int) -> None:
    *others, last = plan_movies(SHIPPED, Mood.by_hand(SAD), Strategy.LIFT, count, seed).movies
    assert {"Comedy", "Drama"} <= {*last.genres}
    assert not [chosen for chosen in others if "Drama" in chosen.genres]


def test_one_movie_to_lift_sad_is_no_drama() -> None:
    movies = [movie("drama", None, "Comedy", "Drama"), movie("comedy", None, "comedy")]
    assert titles(movies, SAD, Strategy.LIFT, 1) == ["comedy"]
    assert titles(movies, SAD, Strategy.LIFT, 2) == ["comedy", "drama"]


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_the_shipped_list_can_lift_each_mood_by_wanted_genres(mood: Expression) -> None:
    for chosen in plan_movies(SHIPPED, Mood.by_hand(mood), Strategy.LIFT, 5, 3).movies:
        genres = {genre.lower() for genre in chosen.genres}
        assert any(group <= genres for group in (*LIFTING[mood].wanted, LIFTING[mood].always) if group)


def test_lift_prefers_wanted_genres_and_then_what_is_near() -> None:
    far = Point(0.9, 0.9)
    movies = [movie("1", None, "Romance"), movie("2", None, "Comedy", point=far), movie("3", None, "FAMILY")]
    assert titles(movies, ANGRY, Strategy.LIFT) == ["3", "2", "1"]


def test_a_list_without_genres_is_sorted_by_points() -> None:
    movies = [movie("sad", SAD), movie("angry", ANGRY), movie("calm", None)]
    assert titles(movies, ANGRY, Strategy.LIFT)[0] == "calm"


def test_unwanted_genres_are_better_than_no_movie() -> None:
    assert titles([movie("A", ANGRY, "Horror")], ANGRY, Strategy.LIFT) == ["A"]


@given(SEEDS)
def test_a_journey_leads_from_the_mood_to_what_lifts(seed: int) -> None:
    plan = plan_movies(SHIPPED, Mood.by_hand(ANGRY), Strategy.JOURNEY, 5, seed)
    assert plan.why == "from angry, step by step"
    first, *between, last = plan.movies
    assert first.mood is ANGRY
    assert all({"Adventure", "Comedy"} <= {*chosen.genres} for chosen in between)
    assert last.mood is None
    assert {"Comedy", "Family", "Documentary"} & {*last.genres}


def test_a_journey_of_one_movie_begins_with_the_mood() -> None:
    assert titles([movie("A", ANGRY), movie("B", None, "Comedy")], ANGRY, Strategy.JOURNEY, 1) == ["A"]


def test_a_movie_in_two_rows_is_drawn_once_and_for_each_of_its_moods() -> None:
    movies = [movie("A", ANGRY), movie("a", SAD), movie("A", SAD)]
    assert len(titles(movies, SAD, Strategy.MATCH)) == 1
    assert titles(movies, ANGRY, Strategy.MATCH) == ["A"]
    assert len(titles(movies, ANGRY, Strategy.JOURNEY)) == 1


def test_a_large_number_takes_no_longer_than_the_list() -> None:
    assert len(titles([movie("A", SAD), movie("B", SAD)], SAD, Strategy.JOURNEY, 10**12)) <= 2
