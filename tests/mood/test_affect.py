import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import LIFTED, POINTS, Point, blend, rank_by_distance

axis = st.floats(-1, 1)
points = st.builds(Point, axis, axis)
shares = st.tuples(*[st.integers(0, 9)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))


@pytest.mark.parametrize(("valence", "arousal"), [(1.1, 0), (0, -1.1), (float("nan"), 0), (0, float("inf"))])
def test_a_point_out_of_range_is_refused(valence: float, arousal: float) -> None:
    with pytest.raises(ValueError, match="valence and arousal lie in"):
        Point(valence, arousal)


@given(points, points)
def test_the_line_between_two_points_has_both_as_its_ends(one: Point, other: Point) -> None:
    assert one.distance(other) == other.distance(one)
    assert one.towards(other, 0) == one
    assert one.towards(other, 1).distance(other) < 1e-9
    assert one.towards(other, 0.25).distance(one) == pytest.approx(one.distance(other) / 4, abs=1e-9)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_blend_of_one_expression_is_its_point(expression: Expression) -> None:
    alone = tuple(float(each is expression) for each in EXPRESSIONS)
    assert blend(alone) == POINTS[expression]
    assert blend(alone, LIFTED) == LIFTED[expression]


@given(shares)
def test_a_blend_lies_in_the_range_of_its_points(parts: tuple[float, ...]) -> None:
    point = blend(parts)
    blended = [POINTS[each] for each, share in zip(EXPRESSIONS, parts, strict=True) if share]
    for axis_name in ("valence", "arousal"):
        values = [getattr(each, axis_name) for each in blended]
        assert min(values) - 1e-9 <= getattr(point, axis_name) <= max(values) + 1e-9


@given(shares)
def test_shares_need_not_sum_to_one(parts: tuple[float, ...]) -> None:
    doubled = blend(tuple(2 * share for share in parts))
    assert doubled.distance(blend(parts)) < 1e-9


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_expression_itself_is_the_nearest(expression: Expression) -> None:
    found = rank_by_distance(expression)
    assert found[0] is expression
    assert sorted(found, key=lambda each: each.value) == list(EXPRESSIONS)


def test_expressions_of_equal_valence_are_near() -> None:
    assert set(rank_by_distance(Expression.ANGRY)[:3]) == {Expression.ANGRY, Expression.FEAR, Expression.DISGUST}
    assert rank_by_distance(Expression.HAPPY)[1] is Expression.SURPRISE
