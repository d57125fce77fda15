"""Assignment problem: pair rows with columns, one to one, at the least cost (Kuhn 1955)."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FORBIDDEN_COST = 1e6
"""Cost of a forbidden pair: more than all other pairs together."""


def solve(costs: Sequence[Sequence[float]], unassigned_cost: float) -> dict[int, int]:
    """Pair rows with columns so that the sum of all costs is minimal.

    Args:
        costs: for each row a cost for each column, finite or `inf`; `inf` forbids the pair.
        unassigned_cost: cost of a row without a column; a pair that costs more is not made.

    Returns:
        The column of each row that has one.
    """
    columns = len(costs[0]) if costs else 0
    # One more column for each row, which only this row may take: then the row stays unassigned
    padded = [
        [
            *(min(cost, FORBIDDEN_COST) for cost in row),
            *(unassigned_cost if other == index else FORBIDDEN_COST for other in range(len(costs))),
        ]
        for index, row in enumerate(costs)
    ]
    pairs = _minimise_cost(padded) if padded else []
    return {row: column for row, column in enumerate(pairs) if column < columns and padded[row][column] <= unassigned_cost}


def _minimise_cost(costs: Sequence[Sequence[float]]) -> list[int]:
    """Column of each row at the minimal sum, for no more rows than columns (Jonker & Volgenant 1987)."""
    rows, columns = len(costs), len(costs[0])
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    # Rows and columns count from 1 here. Column 0 stands for the row that has no column yet
    row_of = [0] * (columns + 1)
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        least, previous, visited = [inf] * (columns + 1), [0] * (columns + 1), [False] * (columns + 1)
        while row_of[column]:
            visited[column] = True
            current, step, nearest = row_of[column], inf, 0
            for other in range(1, columns + 1):
                if visited[other]:
                    continue
                reduced = costs[current - 1][other - 1] - row_price[current] - column_price[other]
                if reduced < least[other]:
                    least[other], previous[other] = reduced, column
                if least[other] < step:
                    step, nearest = least[other], other
            for other in range(columns + 1):
                if visited[other]:
                    row_price[row_of[other]] += step
                    column_price[other] -= step
                else:
                    least[other] -= step
            column = nearest
        while column:
            row_of[column] = row_of[previous[column]]
            column = previous[column]
    return [column - 1 for _, column in sorted((row_of[column], column) for column in range(1, columns + 1) if row_of[column])]
