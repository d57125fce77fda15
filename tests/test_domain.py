import math
from dataclasses import FrozenInstanceError, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import (
    EXPRESSIONS,
    Box,
    Expression,
    Face,
    Frame,
    Mood,
    by_expression,
    percentages,
    ranked,
    ranked_percentages,
    top,
)

BOX = Box(0, 0, 10, 10)
EVEN = (1 / 7,) * 7
SIDE = 24

boxes = st.builds(Box, st.integers(0, 12), st.integers(0, 12), st.integers(1, 12), st.integers(1, 12))
distributions = st.tuples(*[st.integers(0, 100)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))


def pixels(box: Box) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """The pixels of a box in a frame of 24×24."""
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[box.top : box.bottom, box.left : box.right] = True
    return mask


def certain(expression: Expression) -> tuple[float, ...]:
    return tuple(float(other is expression) for other in EXPRESSIONS)


def test_expressions_have_the_order_of_the_network_outputs() -> None:
    names = [expression.value for expression in EXPRESSIONS]
    assert names == ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]


def test_a_moved_box_keeps_its_size() -> None:
    assert Box(5, 6, 7, 8).moved(-10, 20) == Box(-5, 26, 7, 8)


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-3, 5), (5, -3), (0, 0)])
def test_a_box_has_a_size(width: int, height: int) -> None:
    with pytest.raises(ValueError, match=f"not {width}x{height}"):
        Box(0, 0, width, height)


@given(boxes)
def test_right_bottom_and_area_describe_the_same_pixels(box: Box) -> None:
    rows, columns = np.nonzero(pixels(box))
    assert (box.left, box.top) == (columns.min(), rows.min())
    assert (box.right, box.bottom) == (columns.max() + 1, rows.max() + 1)
    assert box.area == len(rows)


@given(boxes, boxes)
def test_overlap_is_intersection_over_union(one: Box, other: Box) -> None:
    common, together = pixels(one) & pixels(other), pixels(one) | pixels(other)
    assert one.overlap(other) == pytest.approx(common.sum() / together.sum())
    assert one.overlap(other) == other.overlap(one)
    assert one.overlap(one) == 1


@given(boxes)
def test_a_mirrored_box_covers_the_same_pixels_of_the_mirrored_frame(box: Box) -> None:
    assert (pixels(box.mirrored(SIDE)) == np.fliplr(pixels(box))).all()
    assert box.mirrored(SIDE).mirrored(SIDE) == box


@given(boxes)
def test_the_centre_is_the_mean_of_the_pixels(box: Box) -> None:
    rows, columns = np.nonzero(pixels(box))
    # The centre of pixel 0 lies at 0.5
    assert box.centre == pytest.approx((columns.mean() + 0.5, rows.mean() + 0.5))


@given(boxes, st.integers(1, 9))
def test_a_box_scaled_by_a_whole_number_and_back_is_the_same(box: Box, factor: int) -> None:
    large = box.scaled(factor)
    assert (large.left, large.top, large.right, large.bottom) == tuple(
        factor * edge for edge in (box.left, box.top, box.right, box.bottom)
    )
    assert large.scaled(1 / factor) == box


def test_a_scaled_box_keeps_a_size_and_is_rounded() -> None:
    assert Box(100, 50, 3, 30).scaled(0.1) == Box(10, 5, 1, 3)
    assert Box(-7, 7, 7, 9).scaled(0.5) == Box(-4, 4, 4, 4)


@pytest.mark.parametrize(
    ("shares", "sentence"),
    [
        ((), "7 numbers"),
        ((0.5, 0.5), "7 numbers, one an expression, not 2"),
        ((1 / 8,) * 8, "not 8"),
        ((math.nan, *certain(Expression.SAD)[1:]), "in 0..1"),
        ((0, 0, 0, math.nan, 0, 1, 0), "in 0..1"),
        ((math.inf, 0, 0, 0, 0, 0, 0), "in 0..1"),
        ((-0.0005, 1, 0, 0, 0, 0, 0), "in 0..1"),
        ((-0.5, 1.5, 0, 0, 0, 0, 0), "in 0..1"),
        ((0.998, 0, 0, 0, 0, 0, 0), "sum to 1, not 0.9980"),
        ((0.5, 0.5, 0.0011, 0, 0, 0, 0), "sum to 1"),
        ((0,) * 7, "sum to 1, not 0"),
        ((1,) * 7, "sum to 1, not 7"),
    ],
)
def test_numbers_that_are_no_distribution_are_refused(shares: tuple[float, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Face(BOX, shares)
    with pytest.raises(ValueError, match=sentence):
        Mood(shares, None)


@pytest.mark.parametrize("shares", [EVEN, (1.0000002, 0, 0, 0, 0, 0, 0), (0.5, 0.4995, 0, 0, 0, 0, 0), certain(Expression.SAD)])
def test_a_distribution_may_be_rounded(shares: tuple[float, ...]) -> None:
    assert Face(BOX, shares).probabilities == shares
    assert Mood(shares, None).shares == shares


@given(distributions)
def test_the_ranking_has_all_seven_the_most_probable_first(probabilities: tuple[float, ...]) -> None:
    face = Face(BOX, probabilities)
    pairs = face.ranked()
    assert pairs == ranked(probabilities)
    assert dict(pairs) == dict(zip(EXPRESSIONS, probabilities, strict=True))
    assert [share for _, share in pairs] == sorted(probabilities, reverse=True)
    assert pairs[0] == (face.expression, face.confidence)
    assert top(probabilities) is face.expression
    assert face.confidence >= 1 / 7 - 1e-9


def test_only_seven_numbers_are_ranked() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ranked((0.1, 0.2))


def test_the_label_goes_before_the_most_probable_expression() -> None:
    face = Face(BOX, (0.1, 0.0, 0.3, 0.2, 0.0, 0.4, 0.0), label=Expression.FEAR)
    assert (face.expression, face.confidence) == (Expression.FEAR, 0.3)


@pytest.mark.parametrize(
    ("shares", "rounded"),
    [
        ((0.335, 0.335, 0.33), [34, 33, 33]),
        ((0.005, 0.495, 0.5), [0, 50, 50]),
        # Each of seven would be 14%
        ((1 / 7,) * 7, [15, 15, 14, 14, 14, 14, 14]),
        # Each would be rounded up, to 101%
        ((0.256, 0.256, 0.488), [26, 25, 49]),
        ((0.29, 0.57, 0.14), [29, 57, 14]),
        # Parts of a part of the whole
        ((0.015, 0.015), [2, 1]),
        ((0.0, 1.0), [0, 100]),
        ((), []),
    ],
)
def test_shares_beside_one_another_add_to_what_their_sum_is_rounded_to(shares: tuple[float, ...], rounded: list[int]) -> None:
    assert percentages(shares) == rounded


@given(st.lists(st.floats(0, 1), min_size=7, max_size=7).filter(lambda numbers: sum(numbers) > 0.01))
def test_percentages_of_seven_shares_are_a_hundred_and_stay_near_and_in_order(numbers: list[float]) -> None:
    shares = [number / sum(numbers) for number in numbers]
    found = percentages(shares)
    assert sum(found) == 100
    assert all(abs(percent - 100 * share) < 1 for percent, share in zip(found, shares, strict=True))
    ordered = [percent for _, _, percent in ranked_percentages(shares)]
    assert ordered == sorted(found, reverse=True)


def test_of_equal_expressions_the_first_in_the_alphabet_leads() -> None:
    face = Face(BOX, (0.1, 0.0, 0.3, 0.3, 0.0, 0.3, 0.0))
    assert face.expression is top(face.probabilities) is Expression.FEAR
    assert [expression for expression, _ in face.ranked()][:3] == [Expression.FEAR, Expression.HAPPY, Expression.SAD]


def test_a_face_is_unsure_when_it_has_a_reason() -> None:
    assert not Face(BOX, EVEN).unsure
    assert Face(BOX, EVEN, reason="low confidence").unsure


def test_a_mood_by_hand_has_all_of_the_vote() -> None:
    assert Mood.by_hand(Expression.FEAR) == Mood((0, 0, 1, 0, 0, 0, 0), Expression.FEAR, "hand")


def test_the_share_of_a_mood_is_that_of_its_leader_even_if_another_share_is_larger() -> None:
    shares = (0.0, 0.0, 0.0, 0.4, 0.6, 0.0, 0.0)
    assert Mood(shares, Expression.HAPPY).share == 0.4
    assert Mood(shares, Expression.NEUTRAL).share == 0.6
    assert Mood(shares, None).share == 0
    assert Mood(shares, Expression.HAPPY).source == "faces"


def test_seven_numbers_are_named_by_their_expressions() -> None:
    named = by_expression((0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7))
    assert list(named) == [expression.value for expression in EXPRESSIONS]
    assert (named["angry"], named["happy"], named["surprise"]) == (0.1, 0.4, 0.7)
    with pytest.raises(ValueError, match="shorter"):
        by_expression((0.1, 0.2))


@pytest.mark.parametrize(
    "value",
    [BOX, Face(BOX, EVEN), Mood(EVEN, None), Frame(np.zeros((1, 1, 3), np.uint8), 0, 0.0)],
    ids=lambda value: type(value).__name__,
)
def test_a_value_cannot_be_changed(value: Any) -> None:
    for field in fields(value):
        with pytest.raises(FrozenInstanceError):
            setattr(value, field.name, getattr(value, field.name))
    assert not hasattr(value, "__dict__"), "slots refuse an attribute with a misspelt name"


def test_frames_compare_by_identity_not_by_pixels() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    assert Frame(image, 0, 0.0) != Frame(image, 0, 0.0)
