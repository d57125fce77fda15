from __future__ import annotations

from dataclasses import replace

from realtime.domain import Expression, Mood
from realtime.movies.planner import key_of_movie
from realtime.music.planner import Strategy
from realtime.music.selector import NO_MOOD
from realtime.session.recommendation_cards import FACT_S, NO_MOVIES, RecommendationCards, judged_movie
from realtime.session.recommendations import CARD_MOVIES
from tests.support.lists import MOVIES, make_recommender

HAPPY, SAD = Mood.by_hand(Expression.HAPPY), Mood.by_hand(Expression.SAD)
MATCH = Strategy.MATCH


def titles(cards: RecommendationCards) -> list[str]:
    return [] if cards.movies is None else [movie.title for movie in cards.movies.plan.movies]


def test_the_card_opens_with_movies_for_the_mood_and_closes() -> None:
    cards = RecommendationCards(make_recommender())
    assert cards.first_movie is None
    assert cards.toggle_movies(HAPPY, MATCH) is None
    first = titles(cards)
    assert len(first) == CARD_MOVIES
    assert cards.first_movie is not None
    assert cards.first_movie.title == first[0]
    assert cards.toggle_movies(HAPPY, MATCH) is None
    assert titles(cards) == []
    cards.toggle_movies(HAPPY, MATCH)
    assert titles(cards) not in ([], first)


def test_a_card_that_cannot_open_says_why() -> None:
    lifting = [replace(movie, mood=None) for movie in MOVIES]
    assert RecommendationCards(make_recommender(movies=lifting)).toggle_movies(HAPPY, MATCH) == NO_MOVIES
    assert RecommendationCards(None).toggle_movies(HAPPY, MATCH) == NO_MOVIES
    assert RecommendationCards(make_recommender()).toggle_movies(None, MATCH) == NO_MOOD


def test_an_open_card_follows_a_choice_and_a_closed_one_stays_closed() -> None:
    cards = RecommendationCards(make_recommender())
    assert cards.follow(SAD, MATCH) is None
    assert titles(cards) == []
    cards.toggle_movies(HAPPY, MATCH)
    assert cards.follow(SAD, MATCH) is None
    assert {title.split()[0] for title in titles(cards)} == {"sad"}
    assert cards.follow(None, MATCH) == NO_MOOD
    assert titles(cards) == []


def test_a_movie_that_was_passed_does_not_come_back() -> None:
    cards = RecommendationCards(make_recommender())
    cards.toggle_movies(HAPPY, MATCH)
    first = cards.first_movie
    assert first is not None
    assert judged_movie(first) == (key_of_movie(first), f"{first.title} ({first.year})")
    cards.pass_movie(key_of_movie(first))
    for _ in range(20):
        cards.toggle_movies(HAPPY, MATCH)
        assert first.title not in titles(cards)


def test_a_fact_ends_after_its_time_and_the_first_one_is_for_the_summary() -> None:
    cards = RecommendationCards(make_recommender())
    cards.show_fact(SAD, 100)
    shown = cards.fact
    assert shown is not None
    assert shown.mood is Expression.SAD
    cards.end_fact(100 + FACT_S - 0.01)
    assert cards.fact == shown
    cards.end_fact(100 + FACT_S)
    assert cards.fact is None
    movies, fact = cards.summarise(SAD, MATCH)
    assert movies is not None
    assert fact not in (None, shown)
    assert cards.summarise(None, MATCH) == RecommendationCards(None).summarise(SAD, MATCH) == (None, None)
