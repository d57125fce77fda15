"""Questions to TMDb and what its answers mean, without a server."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import POINTS, Point
from realtime.movies.catalog import Movie
from realtime.movies.planner import BETWEEN, LIFTING, MATCHING
from realtime.movies.tmdb import (
    GENRES,
    TmdbError,
    TmdbFilters,
    TmdbKeyError,
    TmdbQuestion,
    draw_parameters,
    explain_refusal,
    make_questions,
    read_page,
)
from realtime.music.planner import Strategy, find_target

FILTERS = TmdbFilters("de-AT", "AT", 300, 6.5)
SAD = Mood.by_hand(Expression.SAD)
LIFT_SAD, LIFT_SAD_BY_DRAMA = make_questions(SAD, Strategy.LIFT)
NOT_TMDBS = "the answer is not TMDb's: does this network want you to log in first?"


def row(**changes: object) -> dict[str, Any]:
    known: dict[str, Any] = {"title": "A", "release_date": "1999-05-17", "genre_ids": [35, 10751], "adult": False}
    return known | changes


def read(*rows: object, total_pages: object = 3, question: TmdbQuestion = LIFT_SAD) -> tuple[Movie, ...]:
    return read_page({"page": 1, "results": [*rows], "total_pages": total_pages}, question).movies


def drawn(question: TmdbQuestion, filters: TmdbFilters = FILTERS, seed: int = 0) -> dict[str, str]:
    return draw_parameters(question, filters, Random(seed))  # noqa: S311 - a draw of movies guards no secret


def test_every_genre_of_the_rules_is_known_to_tmdb() -> None:
    known = {name.lower() for name in GENRES.values()}
    for rules in (MATCHING, LIFTING, BETWEEN):
        for rule in rules.values():
            assert {*rule.unwanted, *rule.always}.union(*rule.wanted) <= known


# Questions


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_match_and_lift_ask_once_and_a_journey_for_both_its_ends(mood: Expression) -> None:
    by_hand = Mood.by_hand(mood)
    (match,), (lift, *extra) = make_questions(by_hand, Strategy.MATCH), make_questions(by_hand, Strategy.LIFT)
    assert match == TmdbQuestion(MATCHING[mood], mood, POINTS[mood])
    rule = replace(LIFTING[mood], always=frozenset())
    assert lift == TmdbQuestion(rule, None, find_target(by_hand, Strategy.LIFT).point)
    assert len(extra) == (mood is Expression.SAD)
    first, last = make_questions(by_hand, Strategy.JOURNEY)
    assert first == match
    assert (last.rule, last.mood) == (LIFTING[mood], None)


def test_faces_that_disagree_ask_for_the_nearest_mood() -> None:
    halves = Mood(tuple(0.5 if each in {Expression.HAPPY, Expression.SAD} else 0.0 for each in EXPRESSIONS), None)
    (question,) = make_questions(halves, Strategy.MATCH)
    assert question.mood is Expression.NEUTRAL


def test_the_parameters_are_those_of_the_rule_and_the_settings() -> None:
    assert drawn(LIFT_SAD) == {
        "with_genres": "16|35|10402|10751",
        "without_genres": "18,27,53,80,10752",
        "vote_count.gte": "300",
        "vote_average.gte": "6.5",
        "language": "de-AT",
        "region": "AT",
        "sort_by": "popularity.desc",
        "include_adult": "false",
        "include_video": "false",
    }


def test_a_comedy_that_is_a_drama_has_a_question_of_its_own_to_lift_sad() -> None:
    sent = drawn(LIFT_SAD_BY_DRAMA)
    assert (sent["with_genres"], sent["without_genres"]) == ("18,35", "27,53,80,10752")
    assert (LIFT_SAD.extra, LIFT_SAD_BY_DRAMA.extra) == (False, True)


def test_parameters_without_a_value_are_not_sent() -> None:
    (question,) = make_questions(Mood.by_hand(Expression.FEAR), Strategy.MATCH)
    sent = drawn(question, TmdbFilters("en", "", 0, 0))
    assert "region" not in sent
    assert "without_genres" not in sent
    assert (sent["vote_count.gte"], sent["vote_average.gte"]) == ("0", "0")


def test_lot_decides_between_groups_of_several_genres() -> None:
    (question,) = make_questions(Mood.by_hand(Expression.DISGUST), Strategy.MATCH)
    assert {drawn(question, seed=seed)["with_genres"] for seed in range(20)} == {"35,80", "27,35"}


# Answers


def test_a_movie_has_title_year_genres_and_the_place_of_the_question() -> None:
    page = read_page({"results": [row(genre_ids=[35, 10751, 35, 7, "16", None, True])], "total_pages": 9}, LIFT_SAD)
    assert page.total_pages == 9
    assert page.movies == (Movie("A", 1999, ("Comedy", "Family"), None, LIFT_SAD.point, None),)


def test_text_of_tmdb_is_made_printable() -> None:
    (movie,) = read(row(title="a\x1b[31m\u202eb\n" + "c" * 500 + "\ud800"))
    assert movie.title.isprintable()
    assert len(movie.title) == 200


def test_a_missing_title_is_replaced_by_the_original_one() -> None:
    assert read(row(title="", original_title="千と千尋"))[0].title == "千と千尋"
    assert read(row(title=None, original_title="B"))[0].title == "B"


@pytest.mark.parametrize(
    "broken",
    [
        *({"title": value, "original_title": value} for value in (None, "", 7, ["A"], "\x07")),
        *({"release_date": value} for value in (None, "", 1999, "1999", "soon", "1887-01-01", "9999-01-01", "١٩٩٩-05-17")),
        {"adult": True},
        # Genres that the rule excludes, whatever TMDb makes of them
        {"genre_ids": [35, 27]},
    ],
)
def test_a_row_that_cannot_be_used_is_left_out(broken: dict[str, object]) -> None:
    assert [movie.title for movie in read(row() | broken, row(title="B"))] == ["B"]


@pytest.mark.parametrize("other", [None, 7, "A", [], [row()], {}])
def test_rows_that_are_no_movies_are_left_out(other: object) -> None:
    assert len(read(other, row())) == 1


@pytest.mark.parametrize("genres", [None, 7, "35", {"35": 1}, [[35]], []])
def test_a_movie_may_have_no_genre(genres: object) -> None:
    assert [movie.genres for movie in read(row(genre_ids=genres))] == [()]


@pytest.mark.parametrize(
    "answer",
    [
        *(None, [], "text", 7, True, {}, {"success": False}, {"results": None, "total_pages": 1}),
        *({"results": {}, "total_pages": 1}, {"results": []}),
        *({"results": [], "total_pages": pages} for pages in (None, True, "1", 1.5, -1)),
    ],
)
def test_what_is_no_answer_of_tmdb_raises(answer: object) -> None:
    with pytest.raises(TmdbError) as caught:
        read_page(answer, LIFT_SAD)
    assert str(caught.value) == NOT_TMDBS
    assert not isinstance(caught.value, TmdbKeyError)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
FIELDS = ("title", "original_title", "release_date", "genre_ids", "adult")


@given(st.lists(JSON | st.dictionaries(st.sampled_from(FIELDS), JSON)), JSON)
def test_any_json_is_movies_or_a_sentence(rows: list[object], pages: object) -> None:
    try:
        movies = read(*rows, total_pages=pages)
    except TmdbError as error:
        if str(error) != NOT_TMDBS:
            raise
    else:
        assert all(movie.title.isprintable() and 1888 <= movie.year <= 2100 for movie in movies)


# Refusals


@pytest.mark.parametrize(
    ("status", "kind", "start"),
    [
        (401, TmdbKeyError, "TMDb refuses the key in TMDB_TOKEN: copy the API Read Access Token again from https://"),
        (403, TmdbKeyError, "TMDb forbids what was asked with the key in TMDB_TOKEN (403): "),
        (429, TmdbError, "too many requests to TMDb: try again in 2 minutes"),
        (404, TmdbError, "TMDb refuses this request (404): check whether a newer emodj exists"),
        (500, TmdbError, "TMDb has an internal error (500): try again in a moment"),
        (503, TmdbError, "TMDb has an internal error (503): try again in a moment"),
        (204, TmdbError, NOT_TMDBS),
        (302, TmdbError, NOT_TMDBS),
    ],
)
def test_a_refusal_is_a_sentence(status: int, kind: type[TmdbError], start: str) -> None:
    error = explain_refusal(status, "120", "in TMDB_TOKEN")
    assert type(error) is kind
    assert str(error).startswith(start)
    assert error.status == 8


@pytest.mark.parametrize("header", [None, "", "soon"])
def test_a_wait_that_nobody_named_is_not_made_up(header: str | None) -> None:
    assert str(explain_refusal(429, header, "")) == "too many requests to TMDb: try again in a moment"


def test_movies_of_a_journey_lie_at_its_ends() -> None:
    first, last = make_questions(SAD, Strategy.JOURNEY)
    assert first.point == POINTS[Expression.SAD]
    assert last.point.distance(Point(0.55, -0.2)) < 0.2
