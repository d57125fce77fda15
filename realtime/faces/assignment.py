"""The assignment problem: rows to columns, one to one, at the least cost (Kuhn 1955)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def solve(costs: Sequence[Sequence[float]], alone: float) -> dict[int, int]:
    """Pair rows with columns so that the sum of all costs is the least there is.

    Args:
        costs: a row of finite numbers or `inf` for each row; `inf` forbids the pair.
        alone: what it costs to leave a row without a column; a pair that costs more is not made.

    Returns:
        Column of each row that has one.
    """
    columns = len(costs[0]) if costs else 0
    # A column of its own for each row: to stay alone is one more choice
    square = [
        [*(min(cost, _FORBIDDEN) for cost in row), *(alone if other == index else _FORBIDDEN for other in range(len(costs)))]
        for index, row in enumerate(costs)
    ]
    pairs = _least(square) if square else []
    return {row: column for row, column in enumerate(pairs) if column < columns and square[row][column] <= alone}


_FORBIDDEN = 1e6
"""Dearer than all other choices together."""


def _least(costs: Sequence[Sequence[float]]) -> list[int]:
    """Column of each row at the least sum, for no more rows than columns (Jonker & Volgenant 1987)."""
    rows, columns = len(costs), len(costs[0])
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    # Row of each column, counted from 1; column 0 stands for the row that looks for one
    owner = [0] * (columns + 1)
    for row in range(1, rows + 1):
        owner[0], column = row, 0
        least, before, seen = [inf] * (columns + 1), [0] * (columns + 1), [False] * (columns + 1)
        while owner[column]:
            seen[column] = True
            current, step, nearest = owner[column], inf, 0
            for other in range(1, columns + 1):
                if seen[other]:
                    continue
                reduced = costs[current - 1][other - 1] - row_price[current] - column_price[other]
                if reduced < least[other]:
                    least[other], before[other] = reduced, column
                if least[other] < step:
                    step, nearest = least[other], other
            for other in range(columns + 1):
                if seen[other]:
                    row_price[owner[other]] += step
                    column_price[other] -= step
                else:
                    least[other] -= step
            column = nearest
        while column:
            owner[column] = owner[before[column]]
            column = before[column]
    return [column - 1 for _, column in sorted((owner[column], column) for column in range(1, columns + 1) if owner[column])]
