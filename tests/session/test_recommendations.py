from itertools import pairwise

import pytest

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.facts import draw_fact
from realtime.movies.planner import plan_movies
from realtime.music.planner import Strategy
from tests.support.lists import FACTS, MOVIES, make_recommender

HAPPY = Mood.by_hand(Expression.HAPPY)
MIXED = Mood((0.5, 0, 0, 0.5, 0, 0, 0), None)


@pytest.mark.parametrize("strategy", Strategy)
def test_the_first_draws_are_those_of_the_commands_with_the_same_seed(strategy: Strategy) -> None:
    drawn = make_recommender(7).movies(HAPPY, strategy, 3)
    assert drawn is not None
    assert drawn.plan == plan_movies(MOVIES, HAPPY, strategy, 3, 7)
    assert make_recommender(7).fact(HAPPY) == draw_fact(FACTS, Expression.HAPPY, 7)


def test_each_movie_has_its_link() -> None:
    drawn = make_recommender().movies(HAPPY, Strategy.MATCH, 5)
    assert drawn is not None
    assert [link.rpartition("+")[0] for link in drawn.links] == [
        f"https://example.org/?q={movie.title.replace(' ', '%20')}" for movie in drawn.plan.movies
    ]


def test_another_turn_gives_another_draw() -> None:
    recommender = make_recommender()
    drawn = [recommender.movies(HAPPY, Strategy.MATCH, 5, turn) for turn in range(4)]
    assert all(one != other for one, other in pairwise(drawn))
    assert recommender.movies(HAPPY, Strategy.MATCH, 5, 2) == drawn[2]


def test_a_list_without_a_movie_for_the_strategy_recommends_none() -> None:
    lifting = [movie for movie in MOVIES if movie.mood is Expression.HAPPY]
    assert make_recommender(movies=lifting).movies(HAPPY, Strategy.MATCH, 3) is not None
    only_lifting = [movie.__class__("lifts", 2000, (), None, movie.point, None) for movie in lifting]
    assert make_recommender(movies=only_lifting).movies(HAPPY, Strategy.MATCH, 3) is None


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_turns_give_each_fact_of_a_mood_once_before_one_comes_again(expression: Expression) -> None:
    recommender, mood = make_recommender(3), Mood.by_hand(expression)
    of_mood = [fact for fact in FACTS if fact.mood is expression]
    turns = [recommender.fact(mood, turn) for turn in range(2 * len(of_mood))]
    assert sorted(turns[: len(of_mood)], key=FACTS.index) == of_mood
    assert turns[: len(of_mood)] == turns[len(of_mood) :]


@pytest.mark.parametrize("mood", [None, MIXED])
def test_without_a_leader_a_fact_is_about_anything(mood: Mood | None) -> None:
    recommender = make_recommender()
    assert {recommender.fact(mood, turn) for turn in range(len(FACTS))} == set(FACTS)
