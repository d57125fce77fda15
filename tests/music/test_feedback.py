"""Counts of thumbs, and the orders that they give."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression
from realtime.music.feedback import (
    BAND,
    MOST_CHOICES,
    MOST_COUNT,
    Feedback,
    FeedbackKey,
    Kind,
    Tally,
    Verdict,
    describe_verdict,
    digest_place,
    order_by_draw,
    order_in_bands,
    order_of_lot,
)

KEY = FeedbackKey(Expression.HAPPY, Kind.SONG, digest_place("/music/a.mp3"))
OTHER = FeedbackKey(Expression.SAD, Kind.SONG, KEY.digest)


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - no secret


verdicts = st.lists(st.sampled_from(Verdict), max_size=12)
distances = st.floats(0, 3)


def tally_of(given_verdicts: list[Verdict]) -> Tally:
    return Feedback().plus([(KEY, verdict) for verdict in given_verdicts]).of(KEY)


tallies = st.lists(verdicts.map(tally_of), max_size=12)


def test_a_thumb_counts_one_and_a_song_that_is_heard_or_skipped_a_half() -> None:
    every = [Verdict.LIKE, Verdict.LIKE, Verdict.DISLIKE, Verdict.HEARD, Verdict.SKIPPED, Verdict.SKIPPED]
    assert tally_of(every) == Tally(2.5, 2.0, 1)


def test_moods_and_kinds_are_counted_apart() -> None:
    feedback = Feedback().plus([(KEY, Verdict.LIKE), (OTHER, Verdict.DISLIKE)])
    assert (feedback.of(KEY), feedback.of(OTHER)) == (Tally(1, 0), Tally(0, 1, 1))
    assert feedback.of(FeedbackKey(Expression.HAPPY, Kind.MUSIC, KEY.digest)) == Tally()
    assert feedback.has(Kind.SONG, Expression.SAD)
    assert not feedback.has(Kind.MUSIC, Expression.SAD)
    assert not feedback.has(Kind.SONG, None)
    assert feedback.without(Expression.SAD).tallies == {KEY: Tally(1, 0)}


@pytest.mark.parametrize(
    ("given_verdicts", "left_out"),
    [
        ([Verdict.DISLIKE], False),
        ([Verdict.DISLIKE, Verdict.DISLIKE], True),
        ([Verdict.DISLIKE, Verdict.SKIPPED, Verdict.HEARD, Verdict.DISLIKE], True),
        ([Verdict.DISLIKE, Verdict.LIKE, Verdict.DISLIKE], False),
        ([Verdict.DISLIKE, Verdict.DISLIKE, Verdict.LIKE], False),
        ([Verdict.SKIPPED] * 9, False),
    ],
)
def test_two_thumbs_down_in_a_row_leave_a_choice_out(given_verdicts: list[Verdict], *, left_out: bool) -> None:
    assert tally_of(given_verdicts).left_out is left_out


@pytest.mark.parametrize(
    "counts", [(-1, 0, 0), (0, 0.25, 0), (MOST_COUNT + 1, 0, 0), (0, 0, 3), (float("nan"), 0, 0), (0, float("inf"), 0)]
)
def test_counts_have_a_range(counts: tuple[float, float, int]) -> None:
    with pytest.raises(ValueError, match="not"):
        Tally(*counts)


def test_a_count_stays_at_its_bound() -> None:
    assert Tally(MOST_COUNT, 0).plus(Verdict.LIKE) == Tally(MOST_COUNT, 0)


def test_the_choice_with_the_fewest_counts_makes_room() -> None:
    keys = [FeedbackKey(None, Kind.SONG, f"{number:016x}") for number in range(MOST_CHOICES)]
    full = Feedback({key: Tally(2, 0) for key in keys} | {keys[7]: Tally(0.5, 0), keys[8]: Tally(0, 0.5, 2)})
    more = full.plus([(KEY, Verdict.LIKE)])
    assert len(more.tallies) == MOST_CHOICES
    assert set(full.tallies) - set(more.tallies) == {keys[7]}
    assert more.of(KEY) == Tally(1, 0)


def test_a_hash_names_no_place_and_takes_any_name_of_a_file() -> None:
    assert digest_place("a") == "ca978112ca1bbdca"
    assert len(digest_place("/music/\udcff.mp3")) == 16


def test_sentences_name_title_mood_and_verdict() -> None:
    assert describe_verdict("A", KEY, Tally(1, 0), Verdict.LIKE) == "liked: A, for happy"
    assert describe_verdict("A", KEY, Tally(0, 1, 1), Verdict.DISLIKE) == (
        "disliked: A, for happy; a second dislike, another time, leaves it out"
    )
    assert describe_verdict("A", KEY, Tally(0, 2, 2), Verdict.DISLIKE) == "not offered again: A, for happy"
    lifting = FeedbackKey(None, Kind.MUSIC, KEY.digest)
    assert describe_verdict("A", lifting, Tally(1, 0), Verdict.LIKE) == "liked: A, to lift"


@given(st.integers(0, 20), st.integers(0, 99))
def test_without_an_answer_the_order_is_that_of_the_list(count: int, seed: int) -> None:
    assert order_by_draw([Tally()] * count, dice(seed), {0, 1}) == [*range(count)]
    assert order_of_lot([Tally()] * count, dice(seed)) == [*range(count)]


@given(st.lists(distances, max_size=12), st.integers(0, 99))
def test_without_an_answer_the_order_is_that_of_the_distances(given_distances: list[float], seed: int) -> None:
    order = order_in_bands([Tally()] * len(given_distances), given_distances, dice(seed), {0})
    assert order == sorted(range(len(given_distances)), key=lambda index: given_distances[index])


@given(tallies, st.integers(0, 99))
def test_each_order_has_every_choice_that_is_offered_once(given_tallies: list[Tally], seed: int) -> None:
    offered = [index for index, tally in enumerate(given_tallies) if not tally.left_out]
    orders = [
        order_by_draw(given_tallies, dice(seed)),
        order_of_lot(given_tallies, dice(seed)),
        order_in_bands(given_tallies, [0.0] * len(given_tallies), dice(seed)),
    ]
    assert [sorted(order) for order in orders] == [offered] * 3


@given(tallies, st.data())
def test_thumbs_change_the_order_only_among_choices_that_are_about_equally_near(
    given_tallies: list[Tally], data: st.DataObject
) -> None:
    far = data.draw(st.lists(distances, min_size=len(given_tallies), max_size=len(given_tallies)))
    order = order_in_bands(given_tallies, far, dice(1))
    for place, index in enumerate(order):
        assert all(far[later] > far[index] - BAND for later in order[place:])


def test_the_same_seed_draws_the_same() -> None:
    given_tallies = [Tally(1, 0), Tally(0, 0.5), Tally(), Tally(3, 2)] * 3
    orders = {tuple(order_by_draw(given_tallies, dice(7))) for _ in range(5)}
    assert len(orders) == 1
    assert len({tuple(order_by_draw(given_tallies, dice(seed))) for seed in range(20)}) > 10


def test_what_is_liked_is_drawn_first_most_often_and_what_is_disliked_least() -> None:
    first = [order_by_draw([Tally(), Tally(3, 0), Tally(0, 3), Tally()], dice(seed))[0] for seed in range(500)]
    counts = [first.count(index) for index in range(4)]
    # Beta(10, 1) is the largest of two uniform draws and itself in 10 of 12 cases
    assert counts[1] == pytest.approx(500 * 10 / 12, abs=45)
    assert counts[2] < 10


def test_recent_choices_come_last() -> None:
    order = order_by_draw([Tally(9, 0), Tally(), Tally(0, 1)], dice(1), {0})
    assert order[-1] == 0


def test_a_thumb_moves_one_movie_within_its_lot() -> None:
    lot = [Tally()] * 9
    lot[4] = Tally(0, 9)
    assert order_of_lot(lot, dice(1)) == [0, 1, 2, 3, 5, 6, 7, 8, 4]


@pytest.mark.parametrize("mood", [*EXPRESSIONS, None])
def test_each_list_has_a_name_and_a_purpose(mood: Expression | None) -> None:
    key = FeedbackKey(mood, Kind.MUSIC, KEY.digest)
    assert (key.list_name, key.purpose) == (("lift", "to lift") if mood is None else (mood.value, f"for {mood.value}"))
