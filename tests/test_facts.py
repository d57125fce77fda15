"""The facts that come with emodj, and the draw among them."""

from __future__ import annotations

import re

import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.facts import LONGEST_FACT, draw_fact, read_facts

FACTS = read_facts()


def test_every_fact_is_one_short_line_of_plain_sentences() -> None:
    assert len(FACTS) >= 50
    for fact in FACTS:
        assert len(fact.text) <= LONGEST_FACT, fact
        assert fact.text.isprintable()
        assert re.fullmatch(r"[A-Z].*\.", fact.text), fact
        # No jargon of statistics, and no dashes that a reader has to untangle
        assert not re.search(r"[;–—]|\b(?:p|r|tau|CI|significant\w*)\b", fact.text), fact
        assert max(len(sentence.split()) for sentence in re.split(r"[.:] ", fact.text)) <= 28, fact


def test_no_fact_is_there_twice() -> None:
    assert len({fact.text.lower() for fact in FACTS}) == len(FACTS)


def test_every_fact_has_a_source_with_its_year() -> None:
    for fact in FACTS:
        assert re.search(r"\b(?:19[5-9]\d|20[0-2]\d)\b", fact.source), fact
        assert len(fact.source) > 15
        assert fact.source.isprintable()


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_every_mood_has_facts(mood: Expression) -> None:
    assert sum(fact.mood is mood for fact in FACTS) >= 3
    drawn = {draw_fact(FACTS, mood, seed) for seed in range(50)}
    assert {fact.mood for fact in drawn} == {mood}
    assert len(drawn) > 1


def test_without_a_mood_each_fact_can_be_drawn() -> None:
    assert {draw_fact(FACTS, None, seed) for seed in range(2000)} == {*FACTS}


def test_a_seed_repeats_the_fact() -> None:
    assert draw_fact(FACTS, Expression.SAD, 7) == draw_fact(FACTS, Expression.SAD, 7)


def test_studies_that_were_repeated_in_vain_are_told_so() -> None:
    (pen,) = (fact for fact in FACTS if "Wagenmakers" in fact.source)
    assert pen.text.endswith("repeated it, and together found next to nothing.")
