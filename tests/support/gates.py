"""A gate for tests whose pictures are plain: no such crop could be read."""

from collections.abc import Sequence

from realtime.domain import Batch, Box


def open_gate(_crops: Batch, squares: Sequence[Box], _width: int, _height: int) -> list[str | None]:
    return [None] * len(squares)
