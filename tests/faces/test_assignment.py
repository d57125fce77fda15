from itertools import permutations
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.faces.assignment import solve

prices = st.one_of(st.floats(0, 2), st.just(inf))
tables = st.integers(0, 4).flatmap(lambda columns: st.lists(st.lists(prices, min_size=columns, max_size=columns), max_size=4))


def total(costs: list[list[float]], pairs: dict[int, int], alone: float) -> float:
    return sum(costs[row][column] for row, column in pairs.items()) + alone * (len(costs) - len(pairs))


def least(costs: list[list[float]], alone: float) -> float:
    """The least sum there is, by trying all."""
    columns = len(costs[0]) if costs else 0
    seats = [*range(columns), *[-1] * len(costs)]
    return min(
        (
            sum(min(alone, costs[row][seat]) if seat >= 0 else alone for row, seat in enumerate(chosen))
            for chosen in set(permutations(seats, len(costs)))
        ),
        default=0,
    )


@given(tables, st.floats(0.01, 2))
def test_no_other_pairing_is_cheaper(costs: list[list[float]], alone: float) -> None:
    pairs = solve(costs, alone)
    assert len(set(pairs.values())) == len(pairs), "a column is given away once"
    assert all(costs[row][column] <= alone for row, column in pairs.items())
    assert total(costs, pairs, alone) == pytest.approx(least(costs, alone))


def test_the_best_for_all_goes_before_the_best_pair() -> None:
    assert solve([[0.5, 0.3], [inf, 0.5]], 1.2) == {0: 0, 1: 1}


def test_a_forbidden_pair_is_never_made_and_a_dear_one_neither() -> None:
    assert solve([[inf]], 1) == {}
    assert solve([[1.01]], 1) == {}
    assert solve([[1.0]], 1) == {0: 0}


@pytest.mark.parametrize("costs", [[], [[]], [[], []]])
def test_nothing_to_pair(costs: list[list[float]]) -> None:
    assert solve(costs, 1) == {}
