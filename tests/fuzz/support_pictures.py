"""Damaged copies of small pictures, each repeatable by its number."""

from __future__ import annotations

import os
import random
import time
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROUNDS = 200

_EXTREMES = (b"\0", b"\xff", bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\1\0\0", b"\xff\xda")
_HEAD = 200
"""Bytes at the start of a file, where damage finds most faults."""


def damaged_copies(seeds: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield numbers and damaged copies: `ROUNDS` of them, or with EMODJ_FUZZ_SECONDS as many as that time allows."""
    seconds = float(os.environ.get("EMODJ_FUZZ_SECONDS", "0"))
    deadline = time.monotonic() + seconds
    for number in count():
        if time.monotonic() >= deadline if seconds else number >= ROUNDS:
            return
        yield number, damage(random.Random(number), seeds)  # noqa: S311 - must be repeatable


def damage(chance: random.Random, seeds: Sequence[bytes]) -> bytes:
    """Change one to five places of a seed: other bytes, extreme numbers, bytes left out, doubled, or cut off."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(min(_HEAD, len(data)) if chance.random() < 0.6 else len(data)) if data else 0
        end = place + chance.randrange(1, 20)
        match chance.randrange(6):
            case 0:
                data[place : place + 1] = chance.randbytes(1)
            case 1:
                data[place:end] = chance.randbytes(end - place)
            case 2:
                extreme = chance.choice(_EXTREMES)
                data[place : place + len(extreme)] = extreme
            case 3:
                del data[place:end]
            case 4:
                data[end:end] = data[place:end] * chance.randrange(1, 50)
            case _:
                del data[place + len(data) // 2 :]
    return bytes(data)
