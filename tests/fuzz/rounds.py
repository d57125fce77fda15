"""Feed damaged input to a reader of outside files: it must end with a result or with a sentence.

Each test has a fixed number of rounds. With EMODJ_FUZZ_SECONDS it goes on for so long, from a random round on;
`python -m tests --fuzz MINUTES` shares its time so (`conftest.py`). A failure names its round, which
`EMODJ_FUZZ_ROUND` repeats alone.
"""

from __future__ import annotations

import os
import random
import time
import traceback
from itertools import count
from typing import TYPE_CHECKING

from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ROUNDS = 150
MAX_SENTENCE = 2000
"""Longest sentence about an input, in characters; paths of the tests take a hundred."""
_MAX_CHANGES = 6
_HEAD = 200
"""Bytes at the start of an input, where damage finds most faults of binary formats."""
_MAX_SHOWN = 1500
_MAX_BYTES = 2**17
# Bytes that have a meaning in most formats, and numbers at their limits
_TOKENS = (
    *(b"\0", b"\n", b"\r", b'"', b"'", b"\\", b"%", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1b]0;x\x07", "\u202e".encode()),
    *(
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\x7f",
        b"\0\0\0\x80",
        b"-1",
        b"1e999",
        b"9" * 400,
        b" " * 5000,
        b"[" * 3000,
        b"{" * 3000,
    ),
)


def fuzz(check: Callable[[bytes], None], seeds: Sequence[bytes], tokens: Iterable[bytes] = (), rounds: int = ROUNDS) -> None:
    """Call `check` with damaged copies of the seeds.

    Args:
        check: reads the data; may raise an `EmodjError`, whose sentence is checked here.
        seeds: valid inputs.
        tokens: pieces that have a meaning in the format.
        rounds: number of inputs, unless EMODJ_FUZZ_SECONDS is set.
    """
    known = (*_TOKENS, *tokens)
    for number in _round_numbers(rounds):
        data = damage(random.Random(number), seeds, known)  # noqa: S311 - must be repeatable
        try:
            check(data)
        except EmodjError as error:
            check_sentence(str(error))
        except Exception as error:  # noqa: BLE001 - each one is a fault
            shown = f"{data[:_MAX_SHOWN]!r}{'…' if len(data) > _MAX_SHOWN else ''}"
            trace = "".join(traceback.format_exception(error))
            raise AssertionError(f"round {number} with {len(data)} bytes: {error!r:.300}\n{trace}\n{shown}") from None


def damage(chance: random.Random, seeds: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """A seed with one to six changes; rarely an unchanged one, so that a test sees valid input, too."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randrange(_MAX_CHANGES + 1)):
        at = chance.randrange((min(_HEAD, len(data)) if chance.random() < 0.4 else len(data)) + 1)
        end = min(len(data), at + int(chance.expovariate(0.1)))
        match chance.randrange(7):
            case 0:
                data[at:end] = chance.randbytes(end - at)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = chance.choice(tokens)
            case 3:
                data[at:end] = chance.choice(tokens)
            case 4:
                data[at:at] = bytes(data[at:end]) * chance.choice((1, 2, 300))
            case 5:
                other = chance.choice(seeds)
                data[at:] = other[chance.randrange(len(other) + 1) :]
            case _:
                if at < len(data):
                    data[at] ^= 1 << chance.randrange(8)
    return bytes(data[:_MAX_BYTES])


def check_sentence(sentence: str) -> None:
    """Check that a sentence is one short line that a terminal can print."""
    assert 0 < len(sentence) <= MAX_SENTENCE, f"a sentence of {len(sentence)} characters: {sentence[:300]!r}…"
    assert sentence.isprintable(), f"a sentence that cannot be printed: {sentence!r}"


def _round_numbers(rounds: int) -> Iterable[int]:
    if single := os.environ.get("EMODJ_FUZZ_ROUND"):
        return [int(single)]
    if (seconds := os.environ.get("EMODJ_FUZZ_SECONDS")) is None:
        return range(rounds)
    return _until(time.monotonic() + float(seconds))


def _until(deadline: float) -> Iterable[int]:
    for number in count(random.SystemRandom().randrange(2**40)):
        if time.monotonic() > deadline:
            return
        yield number
