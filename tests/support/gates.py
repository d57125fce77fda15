"""A quality gate that accepts every crop, for tests with plain pictures: the real gate would reject them."""

from collections.abc import Sequence

from realtime.domain import Batch, Box


def open_gate(_crops: Batch, squares: Sequence[Box], _width: int, _height: int) -> list[str | None]:
    return [None] * len(squares)
