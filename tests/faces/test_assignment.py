from itertools import permutations
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.faces.assignment import solve

cell_costs = st.one_of(st.floats(0, 2), st.just(inf))
cost_tables = st.integers(0, 4).flatmap(
    lambda columns: st.lists(st.lists(cell_costs, min_size=columns, max_size=columns), max_size=4)
)


def total_cost(costs: list[list[float]], pairs: dict[int, int], unassigned_cost: float) -> float:
    return sum(costs[row][column] for row, column in pairs.items()) + unassigned_cost * (len(costs) - len(pairs))


def minimal_cost(costs: list[list[float]], unassigned_cost: float) -> float:
    """The minimal sum, by trying all assignments."""
    columns = len(costs[0]) if costs else 0
    places = [*range(columns), *[-1] * len(costs)]
    return min(
        (
            sum(min(unassigned_cost, costs[row][place]) if place >= 0 else unassigned_cost for row, place in enumerate(chosen))
            for chosen in set(permutations(places, len(costs)))
        ),
        default=0,
    )


@given(cost_tables, st.floats(0.01, 2))
def test_no_other_assignment_costs_less(costs: list[list[float]], unassigned_cost: float) -> None:
    pairs = solve(costs, unassigned_cost)
    assert len(set(pairs.values())) == len(pairs), "a column is paired once"
    assert all(costs[row][column] <= unassigned_cost for row, column in pairs.items())
    assert total_cost(costs, pairs, unassigned_cost) == pytest.approx(minimal_cost(costs, unassigned_cost))


def test_the_least_sum_goes_before_the_cheapest_pair() -> None:
    assert solve([[0.5, 0.3], [inf, 0.5]], 1.2) == {0: 0, 1: 1}


def test_a_forbidden_pair_and_one_above_the_unassigned_cost_are_not_made() -> None:
    assert solve([[inf]], 1) == {}
    assert solve([[1.01]], 1) == {}
    assert solve([[1.0]], 1) == {0: 0}


@pytest.mark.parametrize("costs", [[], [[]], [[], []]])
def test_without_rows_or_columns_no_pair_is_made(costs: list[list[float]]) -> None:
    assert solve(costs, 1) == {}
