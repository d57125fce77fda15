"""Sentences about faces, feelings and music that studies found to be true, each with its source."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.domain import Expression
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_FACT = 200
"""Maximum number of characters of a fact: a longer one is not read in the few seconds that a screen shows it."""
_ANY = "any"


@dataclass(frozen=True, slots=True)
class Fact:
    """One true sentence or two.

    Attributes:
        text: 1..`LONGEST_FACT` characters.
        source: the study: its authors, its year and where it was published.
        mood: mood that it is about; None if it is about no mood in particular.
    """

    text: str
    source: str
    mood: Expression | None


def read_facts() -> tuple[Fact, ...]:
    """Read the facts that come with emodj, in the order of their file.

    Raises:
        AssetError: the file is missing.
    """
    with resources.shipped_facts().open(encoding="utf-8", newline="") as file:
        return tuple(
            Fact(row["fact"], row["source"], None if row["mood"] == _ANY else Expression(row["mood"]))
            for row in csv.DictReader(file, strict=True)
        )


def draw_fact(facts: Sequence[Fact], mood: Expression | None, seed: int) -> Fact:
    """Draw a fact by lot.

    Args:
        facts: at least one of each mood.
        mood: mood that the fact is about; None for any fact.
        seed: 0 or more; the same seed draws the same fact.
    """
    suitable = [fact for fact in facts if mood is None or fact.mood is mood]
    return random.Random(seed).choice(suitable)  # noqa: S311 - a draw of facts guards no secret
